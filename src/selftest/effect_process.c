/* Effects in what the job's processes are: namespaces, privileges, number, size. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "lab.h"

struct job {
	struct arena mem;
	struct processes all;
	struct process *first; /* the trick itself; NULL when it is gone */
};

static bool is_trick(const struct process *process)
{
	return strcmp(process->name, "outrider-tricks") == 0;
}

static void job_open(struct job *job, const struct trial *t)
{
	*job = (struct job){ 0 };
	arena_init(&job->mem, 64 << 20);
	processes_below(&job->all, &job->mem, t->warden);
	/* generations stand in order */
	for (size_t i = 0; i < job->all.n && !job->first; i++)
		if (is_trick(&job->all.items[i]))
			job->first = &job->all.items[i];
}

static void job_close(struct job *job)
{
	arena_release(&job->mem);
}

#define AUTO_JOB AUTO(job_close)

static uint64_t field(pid_t pid, const char *file, const char *key, int base)
{
	char path[64], text[8192];
	const char *at;

	snprintf(path, sizeof path, "/proc/%d/%s", (int)pid, file);
	read_small(path, text, sizeof text);
	at = strstr(text, key);
	return at ? strtoull(at + strlen(key), NULL, base) : 0;
}

static bool status(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	char path[64], text[8192], key[32], value[40], got[40] = "";
	const char *at;
	bool not_equal;

	(void)l;
	job_open(&job, t);
	if (!job.first || sscanf(argument, "%31s %39s", key, value) != 2)
		return false;
	snprintf(path, sizeof path, "/proc/%d/status", (int)job.first->pid);
	read_small(path, text, sizeof text);
	at = strstr(text, key);
	not_equal = value[0] == '!';
	if (!at || sscanf(at + strlen(key), ":%39s", got) != 1)
		return false;
	return (strcmp(got, value + not_equal) == 0) != not_equal && saw(t, "%s is %s", key, got);
}

static bool personality_set(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	char path[64], text[64];

	(void)l;
	job_open(&job, t);
	if (!job.first)
		return false;
	snprintf(path, sizeof path, "/proc/%d/personality", (int)job.first->pid);
	read_small(path, text, sizeof text);
	return (strtoul(text, NULL, 16) & strtoul(argument, NULL, 16)) != 0 &&
	       saw(t, "its personality is %.8s", text);
}

static bool same_link(pid_t a, pid_t b, const char *name)
{
	char path[96], of_a[64] = "", of_b[64] = "";

	snprintf(path, sizeof path, "/proc/%d/%s", (int)a, name);
	if (readlink(path, of_a, sizeof of_a - 1) < 0)
		return true; /* gone, or not ours to see: nothing was seen */
	snprintf(path, sizeof path, "/proc/%d/%s", (int)b, name);
	if (readlink(path, of_b, sizeof of_b - 1) < 0)
		return true;
	return strcmp(of_a, of_b) == 0;
}

static bool in_namespace(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	char name[64];

	(void)l;
	job_open(&job, t);
	snprintf(name, sizeof name, "ns/%.40s", argument);
	for (size_t i = 0; job.first && i < job.all.n; i++)
		if (is_trick(&job.all.items[i]) &&
		    !same_link(job.first->pid, job.all.items[i].pid, name))
			return saw(t, "a process of it is in another namespace: %s", argument);
	return false;
}

static bool root_changed(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	char path[64];
	struct stat first, other;

	(void)l, (void)argument;
	job_open(&job, t);
	for (size_t i = 0; job.first && i < job.all.n; i++) {
		snprintf(path, sizeof path, "/proc/%d/root", (int)job.first->pid);
		if (!is_trick(&job.all.items[i]) || stat(path, &first) < 0)
			continue;
		snprintf(path, sizeof path, "/proc/%d/root", (int)job.all.items[i].pid);
		if (stat(path, &other) == 0 &&
		    (first.st_ino != other.st_ino || first.st_dev != other.st_dev))
			return saw(t, "a process of it has another root");
	}
	return false;
}

static bool mounted(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	static char text[65536];
	char path[64], wanted[128];

	(void)l;
	job_open(&job, t);
	snprintf(wanted, sizeof wanted, " - %.30s %s", argument, t->stage.token);
	for (size_t i = 0; i < job.all.n; i++) {
		snprintf(path, sizeof path, "/proc/%d/mountinfo", (int)job.all.items[i].pid);
		if (read_small(path, text, sizeof text) && strstr(text, wanted))
			return saw(t, "it mounted %s", argument);
	}
	return false;
}

static bool traced(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;

	(void)l, (void)argument;
	job_open(&job, t);
	for (size_t i = 0; i < job.all.n; i++) {
		pid_t tracer = (pid_t)field(job.all.items[i].pid, "status", "TracerPid:", 10);

		for (size_t k = 0; tracer && k < job.all.n; k++)
			if (job.all.items[k].pid == tracer && is_trick(&job.all.items[k]))
				return saw(t, "it traces a process");
	}
	return false;
}

static bool supervisor_traced(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return field(t->warden, "status", "TracerPid:", 10) != 0 &&
	       saw(t, "it traces the supervisor");
}

static bool processes(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	size_t n = 0;

	(void)l;
	job_open(&job, t);
	for (size_t i = 0; i < job.all.n; i++)
		n += is_trick(&job.all.items[i]);
	return n >= strtoul(argument, NULL, 10) && saw(t, "%zu processes run", n);
}

static bool threads(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	uint64_t n;

	(void)l;
	job_open(&job, t);
	n = job.first ? field(job.first->pid, "status", "Threads:", 10) : 0;
	return n >= strtoul(argument, NULL, 10) &&
	       saw(t, "%llu threads run", (unsigned long long)n);
}

static bool memory(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	uint64_t kb = 0;

	(void)l;
	job_open(&job, t);
	for (size_t i = 0; i < job.all.n; i++)
		if (is_trick(&job.all.items[i]))
			kb += field(job.all.items[i].pid, "status", "VmRSS:", 10);
	return kb >> 10 >= strtoull(argument, NULL, 10) &&
	       saw(t, "%llu MiB are in use", (unsigned long long)(kb >> 10));
}

/* Bytes of the files that it holds, and how many descriptors. */
static void weigh(const struct process *process, uint64_t *bytes, uint64_t *fds)
{
	char path[64], one[96];
	struct stat st;
	DIR *dir;

	snprintf(path, sizeof path, "/proc/%d/fd", (int)process->pid);
	dir = opendir(path);
	for (const struct dirent *e; dir && (e = readdir(dir));) {
		if (e->d_name[0] == '.')
			continue;
		++*fds;
		snprintf(one, sizeof one, "%s/%.8s", path, e->d_name);
		if (strtol(e->d_name, NULL, 10) > 2 && stat(one, &st) == 0 && S_ISREG(st.st_mode))
			*bytes += (uint64_t)st.st_blocks * 512;
	}
	if (dir)
		closedir(dir);
}

static bool held(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	uint64_t bytes = 0, fds = 0;

	(void)l;
	job_open(&job, t);
	if (job.first)
		weigh(job.first, &bytes, &fds);
	return bytes >> 20 >= strtoull(argument, NULL, 10) &&
	       saw(t, "it holds %llu MiB in files", (unsigned long long)(bytes >> 20));
}

static bool descriptors(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_JOB struct job job;
	uint64_t bytes = 0, fds = 0;

	(void)l;
	job_open(&job, t);
	if (job.first)
		weigh(job.first, &bytes, &fds);
	return fds >= strtoull(argument, NULL, 10) &&
	       saw(t, "it holds %llu descriptors", (unsigned long long)fds);
}

/* Code on a page that is no program's, or of a file that a mapped one must not be. */
static bool see_page(struct trial *t, bool file)
{
	AUTO_JOB struct job job;
	static char text[65536];
	char path[64];
	struct str rest, line;

	job_open(&job, t);
	if (!job.first)
		return false;
	snprintf(path, sizeof path, "/proc/%d/maps", (int)job.first->pid);
	rest = (struct str){ text, read_small(path, text, sizeof text) };
	while (str_cut_line(&rest, &line)) {
		size_t space = str_find_byte(line, ' ');
		bool runs = space != SIZE_MAX && space + 4 < line.len && line.p[space + 3] == 'x';

		if (runs && file && str_has(line, STR("/brought")))
			return saw(t, "a data file is mapped executable");
		if (runs && !file && !str_has(line, STR("/")) && !str_has(line, STR("[")))
			return saw(t, "a page without a file is executable");
	}
	return false;
}

static bool page(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return see_page(t, false);
}

static bool mapped(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return see_page(t, true);
}

const struct effect process_effects[] = {
	{ "status", true, status },
	{ "personality", true, personality_set },
	{ "namespace", true, in_namespace },
	{ "root", true, root_changed },
	{ "mounted", true, mounted },
	{ "traced", true, traced },
	{ "supervisor-traced", true, supervisor_traced },
	{ "processes", true, processes },
	{ "threads", true, threads },
	{ "memory", true, memory },
	{ "held", true, held },
	{ "descriptors", true, descriptors },
	{ "page", true, page },
	{ "mapped", true, mapped },
	{ NULL, false, NULL },
};
