#include "cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "cgroup_find.h"

enum { REMOVE_TRIES = 400, REMOVE_WAIT_NS = 5000000 }; /* 2 s for the kernel to bury the dead */

static const char prefix[] = "outrider-";
static struct cgroup_bases bases;
static struct err bases_err;
static bool bases_found;
static pthread_once_t bases_once = PTHREAD_ONCE_INIT;

/* When a process began, in clock ticks since boot: with its id, a name that is not given twice. 0: it is gone. */
static uint64_t start_of(long pid)
{
	char dir[64], text[1024];
	struct str rest, field = { 0 };
	uint64_t ticks = 0;
	char *name_end;

	snprintf(dir, sizeof dir, "/proc/%ld", pid);
	if (!cgroup_get(dir, "stat", text, sizeof text))
		return 0;
	/* the name may hold anything; field 22 is counted from behind it */
	name_end = strrchr(text, ')');
	rest = str_of(name_end ? name_end + 2 : "");
	for (int i = 3; i <= 22; i++)
		if (!str_cut(&rest, ' ', &field))
			return 0;
	return str_to_u64(field, &ticks) ? ticks : 0;
}

static uint64_t pid_space(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) ? 0 : (uint64_t)st.st_ino;
}

static void kill_all(const char *dir)
{
	char procs[65536];
	struct str rest, line;

	if (cgroup_put(dir, "cgroup.kill", "1") ||
	    !cgroup_get(dir, "cgroup.procs", procs, sizeof procs))
		return;
	rest = str_of(procs);
	while (str_cut_line(&rest, &line)) {
		uint64_t pid;

		if (str_to_u64(line, &pid) && pid > 1)
			kill((pid_t)pid, SIGKILL);
	}
}

static void remove_dir(const char *dir)
{
	const struct timespec wait = { 0, REMOVE_WAIT_NS };

	for (int i = 0; i < REMOVE_TRIES && rmdir(dir) && errno == EBUSY; i++) {
		kill_all(dir);
		nanosleep(&wait, NULL);
	}
}

/* Groups whose supervisor is dead, left by kill -9. Those of other process namespaces cannot be told. */
static void sweep(const char *base)
{
	DIR *dir = opendir(base);
	struct dirent *entry;

	while (dir && (entry = readdir(dir))) {
		char path[CGROUP_PATH + 300];
		uint64_t space, start;
		long pid;

		if (sscanf(entry->d_name, "outrider-%" SCNu64 "-%ld-%" SCNu64, &space, &pid, &start) != 3 ||
		    space != pid_space() || start_of(pid) == start)
			continue;
		snprintf(path, sizeof path, "%s/%s", base, entry->d_name);
		kill_all(path);
		remove_dir(path);
	}
	if (dir)
		closedir(dir);
}

static void find_bases(void)
{
	bases_found = cgroup_find(&bases, &bases_err) == 0;
	for (int c = 0; bases_found && c < CGROUP_DIRS; c++)
		if (bases.dirs[c][0])
			sweep(bases.dirs[c]);
}

static bool put_number(int dir, const char *file, uint64_t n)
{
	char text[32];

	snprintf(text, sizeof text, "%" PRIu64, n);
	return cgroup_put_at(dir, file, text);
}

static bool limit_v2(struct cgroup *g, const struct sandbox_limits *l)
{
	const int dir = g->fds[0];
	char text[64];

	/* a job dies as a whole: half a build is worse than none */
	cgroup_put_at(dir, "memory.oom.group", "1");
	snprintf(text, sizeof text, "%" PRIu64 " 100000", l->cpu_percent * 1000);
	g->has[CONTROL_CPU] = cgroup_put_at(dir, "cpu.max", text);
	g->has[CONTROL_MEMORY] = put_number(dir, "memory.max", l->memory);
	/* a kernel without swap has no such file */
	g->has[CONTROL_MEMORY] &= put_number(dir, "memory.swap.max", l->swap) || errno == ENOENT;
	g->has[CONTROL_PIDS] = put_number(dir, "pids.max", l->pids + 2);
	g->has[CONTROL_ACCOUNT] = true;
	return g->has[CONTROL_MEMORY] && g->has[CONTROL_PIDS];
}

static bool limit_v1(struct cgroup *g, const struct sandbox_limits *l)
{
	const int memory = g->fds[CONTROL_MEMORY];

	g->has[CONTROL_MEMORY] = put_number(memory, "memory.limit_in_bytes", l->memory);
	/* a kernel that does not count swap cannot cap it either: then nothing of the job is swapped, if none is allowed */
	if (!put_number(memory, "memory.memsw.limit_in_bytes", l->memory + l->swap) && l->swap == 0)
		g->has[CONTROL_MEMORY] &= cgroup_put_at(memory, "memory.swappiness", "0");
	g->has[CONTROL_PIDS] = put_number(g->fds[CONTROL_PIDS], "pids.max", l->pids + 2);
	g->has[CONTROL_CPU] = g->dirs[CONTROL_CPU][0] &&
			      put_number(g->fds[CONTROL_CPU], "cpu.cfs_quota_us", l->cpu_percent * 1000);
	g->has[CONTROL_ACCOUNT] = g->dirs[CONTROL_ACCOUNT][0];
	return g->has[CONTROL_MEMORY] && g->has[CONTROL_PIDS];
}

/* One directory of a group; controllers that are mounted together share one. */
static bool make_dir(struct cgroup *g, int c)
{
	if (mkdir(g->dirs[c], 0755) && errno != EEXIST)
		return false;
	g->fds[c] = open(g->dirs[c], O_PATH | O_DIRECTORY | O_CLOEXEC);
	return g->fds[c] >= 0;
}

int cgroup_name(struct cgroup *out)
{
	static atomic_uint count;
	struct cgroup g = { .fds = { -1, -1, -1, -1 } };
	char name[100];

	pthread_once(&bases_once, find_bases);
	if (!bases_found)
		return -1;
	g.kind = bases.kind;
	snprintf(name, sizeof name, "%s%" PRIu64 "-%d-%" PRIu64 "-%u", prefix, pid_space(), (int)getpid(), start_of(getpid()),
		 atomic_fetch_add(&count, 1));
	for (int c = 0; c < CGROUP_DIRS; c++)
		if (bases.dirs[c][0])
			snprintf(g.dirs[c], CGROUP_PATH, "%.400s/%s", bases.dirs[c], name);
	*out = g;
	return 0;
}

int cgroup_open(struct cgroup *out, const struct sandbox_limits *limits, struct err *err)
{
	struct cgroup g = *out;
	bool ok = true;

	if (g.kind == CGROUP_NONE && cgroup_name(&g)) {
		if (err)
			*err = bases_err;
		return -1;
	}
	for (int c = 0; ok && c < CGROUP_DIRS; c++)
		ok = !g.dirs[c][0] || make_dir(&g, c);
	ok = ok && (g.kind == CGROUP_V2 ? limit_v2(&g, limits) : limit_v1(&g, limits));
	if (!ok) {
		(void)err_errno(err, "control group %s", g.dirs[0]);
		cgroup_close(&g);
		*out = g;
		return -1;
	}
	*out = g;
	return 0;
}

bool cgroup_at_birth(void)
{
	pthread_once(&bases_once, find_bases);
	return bases_found && bases.kind == CGROUP_V2;
}

int cgroup_fd(const struct cgroup *g)
{
	return g->kind == CGROUP_V2 ? open(g->dirs[0], O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;
}

int cgroup_doors(const struct cgroup *g, int *fds, struct err *err)
{
	int n = 0;

	for (int c = 0; g->kind == CGROUP_V1 && c < CGROUP_DIRS; c++) {
		if (!g->dirs[c][0])
			continue;
		fds[n] = openat(g->fds[c], "tasks", O_WRONLY | O_CLOEXEC);
		if (fds[n] >= 0) {
			n++;
			continue;
		}
		(void)err_errno(err, "control group %s/tasks", g->dirs[c]);
		while (n > 0)
			close(fds[--n]);
		return -1;
	}
	return n;
}

static uint64_t get_number(int dir, const char *file)
{
	char text[64];
	uint64_t n = 0;

	return cgroup_get_at(dir, file, text, sizeof text) && str_to_u64(str_of(text), &n) ? n : 0;
}

/* "key value" lines. */
static uint64_t get_field(int dir, const char *file, struct str key)
{
	char text[4096];
	struct str rest, line, word;
	uint64_t n;

	if (!cgroup_get_at(dir, file, text, sizeof text))
		return 0;
	rest = str_of(text);
	while (str_cut_line(&rest, &line))
		if (str_cut(&line, ' ', &word) && str_eq(word, key) && str_to_u64(line, &n))
			return n;
	return 0;
}

void cgroup_usage(const struct cgroup *g, struct cgroup_usage *out)
{
	const int memory = g->fds[CONTROL_MEMORY], pids = g->fds[g->kind == CGROUP_V2 ? 0 : CONTROL_PIDS];

	*out = (struct cgroup_usage){ 0 };
	if (g->kind == CGROUP_V2) {
		out->cpu_us = get_field(memory, "cpu.stat", STR("usage_usec"));
		out->peak_memory = get_number(memory, "memory.peak");
		out->peak_pids = get_number(memory, "pids.peak");
		out->oom_kills = get_field(memory, "memory.events", STR("oom_kill"));
		out->pids_denied = get_field(memory, "pids.events", STR("max"));
	} else if (g->kind == CGROUP_V1) {
		out->cpu_us = get_number(g->fds[CONTROL_ACCOUNT], "cpuacct.usage") / 1000;
		out->peak_memory = get_number(memory, "memory.max_usage_in_bytes");
		out->peak_pids = get_number(pids, "pids.peak");
		out->oom_kills = get_field(memory, "memory.oom_control", STR("oom_kill"));
		out->pids_denied = get_field(pids, "pids.events", STR("max"));
	}
}

void cgroup_close(struct cgroup *g)
{
	for (int c = 0; c < CGROUP_DIRS; c++)
		if (g->dirs[c][0]) {
			if (g->fds[c] >= 0)
				close(g->fds[c]);
			remove_dir(g->dirs[c]);
		}
	*g = (struct cgroup){ .kind = CGROUP_NONE };
}

void cgroup_describe(const struct cgroup *g, char *out, size_t size)
{
	static const char *const names[] = { "memory", "pids", "cpu" };
	int n = snprintf(out, size, "%s:", g->kind == CGROUP_V2 ? "v2" : "v1");

	for (size_t c = 0; c < COUNT(names); c++)
		if (g->has[c] && n > 0 && (size_t)n < size)
			n += snprintf(out + n, size - (size_t)n, " %s", names[c]);
}
