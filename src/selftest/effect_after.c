/* Effects in files, when all is over. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/scope.h"
#include "lab.h"

static bool outside(struct trial *t, struct listeners *l, const char *argument)
{
	AUTO_BUF struct buf now = { 0 };

	(void)l, (void)argument;
	stage_describe(&now, t->stage.outside);
	return !str_eq(buf_str(&now), buf_str(&t->stage.before)) &&
	       saw(t, "something outside the work directory was changed");
}

static bool planted(struct trial *t, struct listeners *l, const char *argument)
{
	char path[PATH_MAX];
	struct stat st;

	(void)l;
	snprintf(path, sizeof path, "%s/%s", t->stage.work, argument);
	return stat(path, &st) == 0 && saw(t, "%s is there afterwards", argument);
}

/* What git on the host does by itself in the work directory, as a shell prompt or an editor would call it. */
static bool git_obeys(struct trial *t, struct listeners *l, const char *argument)
{
	char *argv[] = { (char[]){ "git" }, (char[]){ "-c" }, (char[]){ "safe.directory=*" },
			 (char[]){ "status" }, NULL },
	     *env[] = { (char[]){ "PATH=/usr/local/bin:/usr/bin:/bin" },
			(char[]){ "HOME=/" },
			(char[]){ "GIT_CONFIG_NOSYSTEM=1" },
			(char[]){ "GIT_CONFIG_COUNT=1" },
			(char[]){ "GIT_CONFIG_KEY_0=safe.directory" },
			(char[]){ "GIT_CONFIG_VALUE_0=*" },
			NULL };
	pid_t pid = fork();

	if (pid == 0) {
		int null = open("/dev/null", O_RDWR);

		dup2(null, 0);
		dup2(null, 1);
		dup2(null, 2);
		if (chdir(t->stage.work) == 0)
			execvpe("git", argv, env);
		_exit(127);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
	return outside(t, l, argument) && saw(t, "the host's git ran a program of the job");
}

/* All names below the work directory, to MAX_DEPTH levels by path; deeper ones by stepping down. */
struct tree {
	bool setuid, node, control;
	uint64_t bytes, largest, inodes, depth;
};
enum { WALK_DEPTH = 12, STEP_DEPTH = 4000 };

static bool has_control(const char *name)
{
	for (; *name; name++)
		if ((unsigned char)*name < 0x20 || *name == 0x7f)
			return true;
	return false;
}

static void walk(struct tree *tree, int dir, unsigned depth)
{
	DIR *list = fdopendir(dir);

	if (!list) {
		close(dir);
		return;
	}
	for (const struct dirent *e; (e = readdir(list));) {
		struct stat st;

		if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 ||
		    fstatat(dirfd(list), e->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		tree->inodes++;
		tree->bytes += (uint64_t)st.st_blocks * 512;
		tree->control |= has_control(e->d_name);
		tree->node |= S_ISBLK(st.st_mode) || S_ISCHR(st.st_mode);
		if (S_ISREG(st.st_mode)) {
			tree->setuid |= (st.st_mode & (S_ISUID | S_ISGID)) != 0;
			tree->largest = (uint64_t)st.st_size > tree->largest ? (uint64_t)st.st_size
									     : tree->largest;
		} else if (S_ISDIR(st.st_mode) && depth < WALK_DEPTH) {
			int below = openat(dirfd(list), e->d_name,
					   O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

			if (below >= 0)
				walk(tree, below, depth + 1);
		}
	}
	closedir(list);
}

static struct tree look(const struct trial *t)
{
	struct tree tree = { 0 };
	int dir = open(t->stage.work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (dir >= 0)
		walk(&tree, dir, 0);
	return tree;
}

static bool setuid_left(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return look(t).setuid && saw(t, "a setuid or setgid file is there afterwards");
}

static bool node(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return look(t).node && saw(t, "a device is there afterwards");
}

static bool disk(struct trial *t, struct listeners *l, const char *argument)
{
	uint64_t got = look(t).bytes;

	(void)l;
	return got >= strtoull(argument, NULL, 10) << 20 &&
	       saw(t, "%llu MiB are on disk afterwards", (unsigned long long)(got >> 20));
}

static bool inodes(struct trial *t, struct listeners *l, const char *argument)
{
	uint64_t got = look(t).inodes;

	(void)l;
	return got >= strtoull(argument, NULL, 10) &&
	       saw(t, "%llu files are there afterwards", (unsigned long long)got);
}

static bool size(struct trial *t, struct listeners *l, const char *argument)
{
	uint64_t got = look(t).largest;

	(void)l;
	return got >= strtoull(argument, NULL, 10) << 20 &&
	       saw(t, "a file claims %llu MiB", (unsigned long long)(got >> 20));
}

static bool depth(struct trial *t, struct listeners *l, const char *argument)
{
	int dir = open(t->stage.work, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	unsigned long levels = 0;

	(void)l;
	while (dir >= 0 && levels < STEP_DEPTH) {
		int below = openat(dir, "d", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

		close(dir);
		dir = below;
		levels += below >= 0;
	}
	if (dir >= 0)
		close(dir);
	return levels >= strtoul(argument, NULL, 10) &&
	       saw(t, "%lu levels are there afterwards", levels);
}

static bool core(struct trial *t, struct listeners *l, const char *argument)
{
	DIR *dir = opendir(t->stage.work);
	bool found = false;

	(void)l, (void)argument;
	for (const struct dirent *e; dir && !found && (e = readdir(dir));)
		found = strncmp(e->d_name, "core", 4) == 0;
	if (dir)
		closedir(dir);
	return found && saw(t, "a core dump is there afterwards");
}

/* A collector as anybody writes it: open and read. */
static size_t collect(const struct trial *t, const char *name, char *out, size_t room)
{
	char path[PATH_MAX];
	struct stat st;

	snprintf(path, sizeof path, "%s/%s", t->stage.work, name);
	out[0] = 0;
	return stat(path, &st) == 0 && !S_ISFIFO(st.st_mode) ? read_small(path, out, room) : 0;
}

static bool collected(struct trial *t, struct listeners *l, const char *argument)
{
	char text[4096], own[4096];

	(void)l;
	if (strcmp(argument, "name") == 0)
		return look(t).control &&
		       saw(t, "a name with control characters is there afterwards");
	if (strcmp(argument, "supervisor") == 0)
		return collect(t, "result", text, sizeof text) > 16 &&
		       read_small("/proc/self/environ", own, sizeof own) > 16 &&
		       memcmp(text, own, 16) == 0 &&
		       saw(t, "the result is the collector's environment");
	collect(t, "result", text, sizeof text);
	if (!strstr(text, t->stage.secret))
		collect(t, "results/secret", text, sizeof text);
	return strstr(text, t->stage.secret) && saw(t, "the result is the secret");
}

static bool collector_hangs(struct trial *t, struct listeners *l, const char *argument)
{
	char path[PATH_MAX];
	struct stat st;

	(void)l, (void)argument;
	snprintf(path, sizeof path, "%s/result", t->stage.work);
	if (lstat(path, &st) < 0)
		return false;
	return (S_ISFIFO(st.st_mode) || st.st_size > (off_t)1 << 30) &&
	       saw(t, "who reads the result waits, or runs out of memory");
}

const struct effect after_effects[] = {
	{ "outside", false, outside },
	{ "planted", false, planted },
	{ "git", false, git_obeys },
	{ "setuid", false, setuid_left },
	{ "node", false, node },
	{ "disk", false, disk },
	{ "inodes", false, inodes },
	{ "size", false, size },
	{ "depth", false, depth },
	{ "core", false, core },
	{ "collected", false, collected },
	{ "collector-hangs", false, collector_hangs },
	{ NULL, false, NULL },
};
