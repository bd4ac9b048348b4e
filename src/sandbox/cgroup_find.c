#include "cgroup_find.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <sys/stat.h>

#include "base/scope.h"

enum {
	TABLE_MAX = 1 << 20, /* of /proc/self/mountinfo: containers have a thousand lines */
	MOVE_TRIES = 20,     /* rounds, for what is started meanwhile */
};

static const char *const controllers[CGROUP_DIRS] = { "memory", "pids", "cpu", "cpuacct" };

/* A group that an administrator may give us, where our own cannot be written. */
static const struct str delegated = { "/outrider", 9 };

/* Version 2: where those are who were in a group that now gives controllers to its children. */
static const struct str aside = { "/outrider-supervisor", 20 };

bool cgroup_put_at(int dir, const char *file, const char *text)
{
	AUTO_FD int fd = openat(dir, file, O_WRONLY | O_CLOEXEC);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

bool cgroup_get_at(int dir, const char *file, char *out, size_t size)
{
	AUTO_FD int fd = openat(dir, file, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, out, size - 1);

	if (n < 0)
		return false;
	out[n] = '\0';
	if (n && out[n - 1] == '\n')
		out[n - 1] = '\0';
	return true;
}

bool cgroup_put(const char *dir, const char *file, const char *text)
{
	char path[CGROUP_PATH + 64];

	snprintf(path, sizeof path, "%s/%s", dir, file);
	return cgroup_put_at(AT_FDCWD, path, text);
}

bool cgroup_get(const char *dir, const char *file, char *out, size_t size)
{
	char path[CGROUP_PATH + 64];

	snprintf(path, sizeof path, "%s/%s", dir, file);
	return cgroup_get_at(AT_FDCWD, path, out, size);
}

/* A file of /proc tells no size: read until there is no more. */
static int read_table(struct str *out, struct arena *mem, const char *path, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC);
	char part[16384];
	ssize_t n = fd < 0 ? -1 : 0;

	while (fd >= 0 && text.len <= TABLE_MAX && (n = read(fd, part, sizeof part)) > 0)
		buf_add(&text, (struct str){ part, (size_t)n });
	if (n < 0)
		return err_errno(err, "%s", path);
	if (text.len > TABLE_MAX)
		return err_input(err, "%s: more than %d bytes", path, TABLE_MAX);
	*out = arena_str(mem, buf_str(&text));
	return 0;
}

static bool has_word(struct str list, char separator, struct str word)
{
	struct str part;

	while (str_cut(&list, separator, &part))
		if (str_eq(part, word))
			return true;
	return false;
}

/* Our group in the hierarchy of a controller; "" names the hierarchy of version 2. */
static struct str own_group(struct str table, struct str controller)
{
	struct str line, id, list;

	while (str_cut_line(&table, &line)) {
		str_cut(&line, ':', &id);
		str_cut(&line, ':', &list);
		if (controller.len ? has_word(list, ',', controller) : list.len == 0)
			return line;
	}
	return (struct str){ 0 };
}

struct mounted {
	struct str root, at, type, options;
};

/* A line of mountinfo: id parent major:minor root mountpoint options [optional...] - type source options */
static void read_mount(struct mounted *out, struct str line)
{
	struct str field = { 0 };

	for (int i = 0; str_cut(&line, ' ', &field) && !str_eq(field, STR("-")); i++) {
		if (i == 3)
			out->root = field;
		if (i == 4)
			out->at = field;
	}
	str_cut(&line, ' ', &out->type);
	str_cut(&line, ' ', &field);
	out->options = line;
}

static bool usable(const char *dir)
{
	char procs[CGROUP_PATH + 64];

	snprintf(procs, sizeof procs, "%s/cgroup.procs", dir);
	return access(dir, W_OK | X_OK) == 0 && access(procs, F_OK) == 0;
}

static bool take(char out[CGROUP_PATH], const struct mounted *m, struct str group)
{
	snprintf(out, CGROUP_PATH, "%.*s%.*s", STR_ARG(m->at), STR_ARG(group));
	return usable(out);
}

/* Our group as it is seen below the mount point; "" is all of it. */
static struct str below(const struct mounted *m, struct str group)
{
	if (!str_eq(m->root, STR("/")) && str_starts(group, m->root))
		group = str_from(group, m->root.len);
	if (str_eq(group, STR("/")))
		group.len = 0;
	return group;
}

/* Root: our own group, a user: the one that was delegated; and else the other. */
static bool choose(char out[CGROUP_PATH], const struct mounted *m, struct str group)
{
	const bool root = geteuid() == 0;
	const struct str own = below(m, group);

	if (take(out, m, root ? own : delegated) || take(out, m, root ? delegated : own))
		return true;
	out[0] = '\0';
	return false;
}

/* Version 2 lets a user move nothing in from elsewhere: our own group, or the one above it, from which we were moved aside before. */
static bool choose_v2(char out[CGROUP_PATH], const struct mounted *m, struct str group)
{
	struct str own = below(m, group), up = own;

	if (str_ends(own, aside))
		up.len -= aside.len;
	if (take(out, m, up) || (up.len != own.len && take(out, m, own)) || (geteuid() == 0 && take(out, m, delegated)))
		return true;
	out[0] = '\0';
	return false;
}

static bool has_controllers(const char *dir)
{
	char have[256];

	return cgroup_get(dir, "cgroup.subtree_control", have, sizeof have) && has_word(str_of(have), ' ', STR("memory")) &&
	       has_word(str_of(have), ' ', STR("pids"));
}

/* All that is in it; what is started meanwhile, too, but not for ever. */
static void move_all(const char *from, const char *to)
{
	for (int i = 0; i < MOVE_TRIES; i++) {
		char procs[16384];
		struct str rest, line;

		if (!cgroup_get(from, "cgroup.procs", procs, sizeof procs) || !procs[0])
			return;
		rest = str_of(procs);
		while (str_cut_line(&rest, &line)) {
			char pid[32];

			snprintf(pid, sizeof pid, "%.*s", STR_ARG(line));
			(void)cgroup_put(to, "cgroup.procs", pid);
		}
	}
}

/* Children get controllers only from a group without processes of its own: we, and who else is in it, move aside. */
static bool delegate(const char *dir)
{
	static const char want[] = "+memory +pids +cpu";
	char to[CGROUP_PATH + 32];

	if (cgroup_put(dir, "cgroup.subtree_control", want) || has_controllers(dir))
		return true;
	snprintf(to, sizeof to, "%s%s", dir, aside.p);
	mkdir(to, 0755);
	move_all(dir, to);
	return cgroup_put(dir, "cgroup.subtree_control", want) || has_controllers(dir);
}

static bool find_v2(struct cgroup_bases *out, struct str mounts, struct str groups)
{
	struct str line;
	char have[256];

	while (str_cut_line(&mounts, &line)) {
		struct mounted m = { 0 };

		read_mount(&m, line);
		if (!str_eq(m.type, STR("cgroup2")) ||
		    !choose_v2(out->dirs[0], &m, own_group(groups, (struct str){ 0 })))
			continue;
		if (cgroup_get(out->dirs[0], "cgroup.controllers", have, sizeof have) &&
		    has_word(str_of(have), ' ', STR("memory")) &&
		    has_word(str_of(have), ' ', STR("pids")) && delegate(out->dirs[0])) {
			out->kind = CGROUP_V2;
			return true;
		}
		out->dirs[0][0] = '\0';
	}
	return false;
}

static void find_v1(struct cgroup_bases *out, struct str mounts, struct str groups)
{
	struct str line;

	while (str_cut_line(&mounts, &line)) {
		struct mounted m = { 0 };

		read_mount(&m, line);
		if (!str_eq(m.type, STR("cgroup")))
			continue;
		for (int c = 0; c < CGROUP_DIRS; c++)
			if (!out->dirs[c][0] && has_word(m.options, ',', str_of(controllers[c])))
				(void)choose(out->dirs[c], &m, own_group(groups, str_of(controllers[c])));
	}
	if (out->dirs[CONTROL_MEMORY][0] && out->dirs[CONTROL_PIDS][0])
		out->kind = CGROUP_V1;
}

int cgroup_find(struct cgroup_bases *out, struct err *err)
{
	struct cgroup_bases bases = { .kind = CGROUP_NONE };
	AUTO_ARENA struct arena mem;
	struct str mounts, groups;

	arena_init(&mem, 8 << 20);
	if (read_table(&mounts, &mem, "/proc/self/mountinfo", err) ||
	    read_table(&groups, &mem, "/proc/self/cgroup", err))
		return -1;
	if (!find_v2(&bases, mounts, groups))
		find_v1(&bases, mounts, groups);
	if (bases.kind == CGROUP_NONE)
		return err_set(err, ERR_PERM,
			       "no control group with memory and pids that user %u may write",
			       (unsigned)geteuid());
	*out = bases;
	return 0;
}
