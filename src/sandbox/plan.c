/* plan.c - from a policy and a profile to the plan of one run: all that can be decided before a process exists. */
#include <errno.h>
#include <inttypes.h>
#include <linux/capability.h>
#include <sched.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/file.h"
#include "gate_helper.h"
#include "launch.h"

enum {
	MAX_ENV = 128 << 10, /* the kernel's own cap for one string */
};

struct planner {
	struct plan              *plan;
	struct arena             *mem;
	const struct sandbox_job *job;
	const struct profile     *profile;
	const struct probe       *probe;
	struct err               *err;
};

static const char *text_of(struct planner *b, uint64_t n)
{
	return arena_printf(b->mem, "%" PRIu64, n).p;
}

/* What the policy wants and the host has; a wanted one that is missing and required was refused before. */
static bool has(const struct planner *b, enum sandbox_layer layer)
{
	return b->job->policy->layers[layer] != NEED_OFF && b->probe->layers[layer].works;
}

static bool may_trace_any(void)
{
	struct __user_cap_header_struct head = { _LINUX_CAPABILITY_VERSION_3, 0 };
	struct __user_cap_data_struct own[2] = { { 0 } };

	return syscall(SYS_capget, &head, own) == 0 && (own[0].effective & 1U << CAP_SYS_PTRACE);
}

static void plan_layers(struct planner *b)
{
	static const struct {
		enum sandbox_layer layer;
		uint64_t           flag;
	} spaces[] = {
		{ LAYER_USERNS, CLONE_NEWUSER }, { LAYER_MOUNTS, CLONE_NEWNS },
		{ LAYER_PIDNS, CLONE_NEWPID },   { LAYER_NETNS, CLONE_NEWNET },
		{ LAYER_IPCNS, CLONE_NEWIPC },   { LAYER_UTSNS, CLONE_NEWUTS },
		{ LAYER_CGROUPNS, CLONE_NEWCGROUP },
	};

	for (size_t i = 0; i < COUNT(spaces); i++)
		if (has(b, spaces[i].layer))
			b->plan->flags |= spaces[i].flag;
	for (int l = 0; l < LAYERS; l++)
		b->plan->need[l] = b->job->policy->layers[l] == NEED_REQUIRED;
	b->plan->landlock = has(b, LAYER_LANDLOCK);
	b->plan->seccomp = has(b, LAYER_SECCOMP);
	b->plan->mdwe = has(b, LAYER_MDWE);
	b->plan->helper = gate_asks_helper(b->job->policy);
	b->plan->listen = b->plan->seccomp && has(b, LAYER_GATE) && !b->job->gate && !b->plan->helper;
	b->plan->trace_any = may_trace_any();
	b->plan->exec = b->job->policy->exec.mode;
	b->plan->workdir = b->probe->bubble ? WORKDIR_COPY : b->job->policy->fs.workdir;
}

static int plan_work(struct planner *b)
{
	struct plan *p = b->plan;
	struct stat st;
	char *real;

	if (!b->job->workdir)
		return 0;
	real = realpath(b->job->workdir, NULL);
	if (!real)
		return err_errno(b->err, "sandbox: work directory '%s'", b->job->workdir);
	p->work_host = arena_z(b->mem, str_of(real));
	free(real);
	if (stat(p->work_host, &st) || !S_ISDIR(st.st_mode))
		return err_input(b->err, "sandbox: the work directory '%s' is no directory", p->work_host);
	p->work_uid = st.st_uid;
	p->work_gid = st.st_gid;
	return 0;
}

/*
 * Root's jobs are nobody on the host: a user that owns nothing there. Files of the work directory are shown as its own by a mapped
 * mount; where a file system cannot do that, the job is the owner of the directory, unless that is root.
 */
static int plan_ids(struct planner *b)
{
	struct plan *p = b->plan;
	uint16_t chance = 0;

	p->uid = p->gid = SANDBOX_UID;
	p->outer_uid = geteuid();
	p->outer_gid = getegid();
	p->change_ids = b->probe->root;
	if (p->change_ids) {
		if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
			return err_errno(b->err, "sandbox: getrandom");
		p->outer_uid = p->outer_gid = JOB_ID_BASE + chance % JOB_IDS;
		p->work_shift = p->work_host && b->probe->idmap;
		p->shift = b->probe->idmap;
		if (p->work_host && !p->work_shift) {
			if (p->work_uid == 0)
				return err_set(b->err, ERR_PERM,
					       "sandbox: refused: '%s' belongs to root, and this host cannot show it under "
					       "another owner; mend: give it to another user (chown), or run without root",
					       p->work_host);
			p->outer_uid = p->work_uid;
			/* never root's group: without a user namespace it would be that of the host */
			p->outer_gid = p->work_gid ? p->work_gid : p->outer_gid;
		}
	}
	/* without a user namespace there is nothing to translate */
	if (!(p->flags & CLONE_NEWUSER)) {
		p->uid = p->outer_uid;
		p->gid = p->outer_gid;
	}
	return 0;
}

static void add_place(struct planner *b, const struct plan_mount *mount)
{
	ARENA_PUSH(b->mem, &b->plan->mounts, *mount);
}

static void add_file(struct planner *b, const char *at, struct str text)
{
	const struct plan_file file = { at, text };

	ARENA_PUSH(b->mem, &b->plan->files, file);
}

static void plan_profile(struct planner *b)
{
	for (size_t i = 0; i < b->profile->mounts.n; i++) {
		const struct profile_mount *m = &b->profile->mounts.items[i];
		const char *path = arena_z(b->mem, m->path);
		struct str text;

		if (m->small && !m->exec && file_read(&text, b->mem, path, PROFILE_SMALL, NULL) == 0) {
			add_file(b, path, text);
			continue;
		}
		if (m->target.len) {
			const struct plan_link link = { .at = path, .target = arena_z(b->mem, m->target) };

			ARENA_PUSH(b->mem, &b->plan->links, link);
			continue;
		}
		add_place(b, &(struct plan_mount){ .host = path, .at = path, .exec = m->exec,
						   .file = m->file });
	}
}

/* Places that the job has of its own, or that hide everything. */
static bool is_taken(struct str path)
{
	static const char *const whole[] = { "/tmp", "/var/tmp", "/home", "/var", "/etc" };
	static const char *const below[] = { "/proc", "/dev", SANDBOX_WORK, SANDBOX_HOME };

	for (size_t i = 0; i < COUNT(whole); i++)
		if (str_eq(path, str_of(whole[i])))
			return true;
	for (size_t i = 0; i < COUNT(below); i++) {
		const size_t n = strlen(below[i]);

		if (str_starts(path, str_of(below[i])) && (path.len == n || path.p[n] == '/'))
			return true;
	}
	return false;
}

/* The toolchain: of the host, or of a root file system. */
static int plan_system(struct planner *b)
{
	const struct sandbox_base *base = b->job->base;

	if (base && base->root)
		return plan_root(b->plan, b->mem, base->root, b->err);
	plan_profile(b);
	return 0;
}

/* True when who sees this place sees the root helper's socket, which no job may reach. */
static bool shows_helper(struct planner *b, const char *path)
{
	char *real = realpath(path, NULL), *helper = realpath(arena_z(b->mem, b->job->policy->exec.helper), NULL);
	struct str place = str_of(real), socket = helper ? str_of(helper) : b->job->policy->exec.helper;
	bool shows = str_starts(socket, place) &&
		     (socket.len == place.len || socket.p[place.len] == '/' || str_eq(place, STR("/")));

	free(real);
	free(helper);
	return place.len && shows;
}

static int plan_paths(struct planner *b, const struct str_list *list, bool write)
{
	for (size_t i = 0; i < list->n; i++) {
		const char *path = arena_z(b->mem, list->items[i]);
		struct stat st;

		if (is_taken(list->items[i]))
			return err_input(b->err, "sandbox: policy fs.%s: '%s' is a place that each job has of its own",
					 write ? "rw" : "ro", path);
		if (stat(path, &st))
			return err_errno(b->err, "sandbox: policy fs.%s: '%s'", write ? "rw" : "ro", path);
		if (shows_helper(b, path))
			return err_input(b->err, "sandbox: policy fs.%s: '%s' holds the socket of outrider-fence",
					 write ? "rw" : "ro", path);
		add_place(b, &(struct plan_mount){ .host = path, .at = path, .exec = true, .write = write,
						   .file = !S_ISDIR(st.st_mode) });
	}
	return 0;
}

static void plan_devices(struct planner *b)
{
	static const char *const nodes[] = { "/dev/null", "/dev/zero", "/dev/full", "/dev/random",
					     "/dev/urandom" };
	static const char *const links[][2] = {
		{ "/dev/fd", "/proc/self/fd" },         { "/dev/stdin", "/proc/self/fd/0" },
		{ "/dev/stdout", "/proc/self/fd/1" },   { "/dev/stderr", "/proc/self/fd/2" },
		{ "/dev/ptmx", "pts/ptmx" },            { "/var/tmp", "/tmp" },
		{ "/var/run", "/run" },                 { "/etc/mtab", "/proc/self/mounts" },
	};

	for (size_t i = 0; i < COUNT(nodes); i++)
		add_place(b, &(struct plan_mount){ .host = nodes[i], .at = nodes[i], .device = true,
						   .file = true });
	for (size_t i = 0; i < COUNT(links); i++) {
		const struct plan_link link = { .at = links[i][0], .target = links[i][1] };

		ARENA_PUSH(b->mem, &b->plan->links, link);
	}
}

static void plan_etc(struct planner *b)
{
	const unsigned uid = b->plan->uid, gid = b->plan->gid;

	add_file(b, "/etc/passwd",
		 arena_printf(b->mem,
			      "root:x:0:0:root:/nonexistent:/usr/sbin/nologin\n"
			      "job:x:%u:%u:job:" SANDBOX_HOME ":/bin/sh\n"
			      "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n", uid, gid));
	add_file(b, "/etc/group", arena_printf(b->mem, "root:x:0:\njob:x:%u:\nnogroup:x:65534:\n", gid));
	add_file(b, "/etc/hosts", STR("127.0.0.1 localhost sandbox\n::1 localhost sandbox\n"));
	add_file(b, "/etc/hostname", STR("sandbox\n"));
	/* names that are no file are not asked for anywhere */
	add_file(b, "/etc/nsswitch.conf", STR("passwd: files\ngroup: files\nshadow: files\nhosts: files\n"
					      "services: files\nprotocols: files\n"));
	add_file(b, "/etc/resolv.conf", STR(""));
	add_file(b, "/etc/shells", STR("/bin/sh\n"));
	add_file(b, "/run/.keep", STR(""));
	if (b->job->net && b->job->net->ca.len)
		add_file(b, SANDBOX_CA_PATH, b->job->net->ca);
	if (b->job->net && b->job->net->java.len)
		add_file(b, SANDBOX_JAVA_PATH, b->job->net->java);
}

static void plan_protect(struct planner *b)
{
	const struct str_list *list = &b->job->policy->fs.protect;

	for (size_t i = 0; b->plan->work_host && i < list->n; i++) {
		struct str path = list->items[i];
		struct plan_protect row = { .dir = str_ends(path, STR("/")) };

		path.len -= row.dir;
		row.path = arena_z(b->mem, path);
		ARENA_PUSH(b->mem, &b->plan->protect, row);
	}
}

static void add_limit(struct planner *b, int resource, uint64_t value)
{
	const struct plan_limit limit = { resource, value };

	ARENA_PUSH(b->mem, &b->plan->limits, limit);
}

static void plan_limits(struct planner *b)
{
	const struct sandbox_limits *l = &b->job->policy->limits;

	b->plan->scratch_size = text_of(b, l->disk);
	b->plan->scratch_inodes = text_of(b, l->inodes);
	b->plan->tmp_size = text_of(b, b->job->policy->fs.tmp_size);
	add_limit(b, RLIMIT_CORE, 0);
	add_limit(b, RLIMIT_NOFILE, l->fds);
	add_limit(b, RLIMIT_FSIZE, l->file);
	/* of one process, and a second to spare: the supervisor counts all of them together */
	add_limit(b, RLIMIT_CPU, l->cpu_ms / 1000 + 2);
	add_limit(b, RLIMIT_MEMLOCK, 64 << 10);
	add_limit(b, RLIMIT_MSGQUEUE, 0);
	/* counted in the user namespace; init and the forwarder come on top */
	if (b->plan->flags & CLONE_NEWUSER)
		add_limit(b, RLIMIT_NPROC, l->pids + 2);
}

/* Later entries win: the profile's, then the broker's, then the job's own. */
static void set_env(struct planner *b, struct str_list *env, struct str entry)
{
	struct str name = str_sub(entry, 0, str_find_byte(entry, '=') + 1);

	for (size_t i = 0; i < env->n; i++) {
		if (str_starts(env->items[i], name)) {
			env->items[i] = entry;
			return;
		}
	}
	ARENA_PUSH(b->mem, env, entry);
}

static int check_env(struct planner *b, struct str entry)
{
	const struct str_list *allowed = &b->job->policy->env;
	size_t equals = str_find_byte(entry, '=');
	struct str name = str_sub(entry, 0, equals);

	if (equals == SIZE_MAX || equals == 0 || entry.len > MAX_ENV)
		return err_input(b->err, "sandbox: '%.*s' is no NAME=value", STR_ARG(str_sub(entry, 0, 80)));
	for (size_t i = 0; i < allowed->n; i++)
		if (str_eq(allowed->items[i], name))
			return 0;
	return err_input(b->err, "sandbox: the policy does not let %.*s in: add it to `env`", STR_ARG(name));
}

/* Sealed, nobody may have listed it; in a root of its own it may be missing. */
static bool has_bash(const struct planner *b)
{
	return b->plan->exec != EXEC_SEALED && !(b->job->base && b->job->base->root) && access("/bin/bash", X_OK) == 0;
}

/* The profile's and the broker's words for one tool stand beside each other: both are options of it. */
static void join_env(struct planner *b, struct str_list *env, struct str entry)
{
	struct str name = str_sub(entry, 0, str_find_byte(entry, '='));

	for (size_t i = 0; i < env->n && (str_ends(name, STR("_OPTS")) || str_ends(name, STR("_OPTIONS"))); i++)
		if (str_starts(env->items[i], name) && env->items[i].p[name.len] == '=') {
			env->items[i] = arena_printf(b->mem, "%.*s %.*s", STR_ARG(env->items[i]),
						     STR_ARG(str_from(entry, name.len + 1)));
			return;
		}
	set_env(b, env, entry);
}

static int plan_env(struct planner *b)
{
	struct str_list env = { 0 };
	const char **z;

	set_env(b, &env, STR("HOME=" SANDBOX_HOME));
	set_env(b, &env, STR("USER=job"));
	set_env(b, &env, STR("LOGNAME=job"));
	/* as of a CI job: test runners start programs that they put there (/tmp lets none start), and scripts by the usual shell */
	set_env(b, &env, b->plan->exec == EXEC_SEALED ? STR("TMPDIR=/tmp") : STR("TMPDIR=" SANDBOX_HOME "/tmp"));
	set_env(b, &env, has_bash(b) ? STR("SHELL=/bin/bash") : STR("SHELL=/bin/sh"));
	set_env(b, &env, STR("PWD=" SANDBOX_WORK));
	for (size_t i = 0; i < b->profile->env.n; i++)
		set_env(b, &env, b->profile->env.items[i]);
	for (const char *const *e = b->job->net ? b->job->net->env : NULL; e && *e; e++)
		join_env(b, &env, str_of(*e));
	for (const char *const *e = b->job->env; e && *e; e++) {
		if (check_env(b, str_of(*e)))
			return -1;
		set_env(b, &env, str_of(*e));
	}
	z = ARENA_ARRAY(b->mem, env.n + 1, const char *);
	for (size_t i = 0; i < env.n; i++)
		z[i] = arena_z(b->mem, env.items[i]);
	b->plan->env = z;
	return 0;
}

/* Where execve() looks, in order. */
static int plan_command(struct planner *b)
{
	const char *name = b->job->argv ? b->job->argv[0] : NULL;
	struct str rest = { 0 }, dir;
	struct { const char **items; size_t n, cap; } paths = { 0 };
	const char *cwd = b->job->cwd;

	if (!name || !*name)
		return err_input(b->err, "sandbox: no command");
	for (const char *const *e = b->plan->env; *e; e++)
		if (str_starts(str_of(*e), STR("PATH=")))
			rest = str_of(*e + 5);
	if (strchr(name, '/'))
		ARENA_PUSH(b->mem, &paths, name);
	else
		while (str_cut(&rest, ':', &dir))
			ARENA_PUSH(b->mem, &paths, arena_printf(b->mem, "%.*s/%s", STR_ARG(dir), name).p);
	ARENA_PUSH(b->mem, &paths, NULL);
	b->plan->paths = paths.items;
	b->plan->argv = b->job->argv;
	if (cwd && (cwd[0] == '/' || str_has(str_of(cwd), STR(".."))))
		return err_input(b->err, "sandbox: the directory of the command is below the work directory, not '%s'", cwd);
	b->plan->cwd = arena_printf(b->mem, SANDBOX_WORK "%s%s", cwd ? "/" : "", cwd ? cwd : "").p;
	return 0;
}

int plan_make(struct plan *plan, struct arena *mem, const struct sandbox_job *job,
	      const struct profile *profile, const struct probe *probe, struct err *err)
{
	struct planner b = { plan, mem, job, profile, probe, err };

	*plan = (struct plan){ .in = -1, .out = -1, .err = -1, .control = -1, .net = -1, .work_fd = -1,
			       .below_work.fd = -1, .below_home.fd = -1 };
	plan_layers(&b);
	if (plan_work(&b) || (job->base && plan_below(plan, mem, job->base, err)) || plan_ids(&b) || plan_system(&b))
		return -1;
	plan_devices(&b);
	plan_etc(&b);
	if (plan_paths(&b, &job->policy->fs.ro, false) || plan_paths(&b, &job->policy->fs.rw, true))
		return -1;
	skeleton_plan(plan, mem);
	plan_protect(&b);
	plan_limits(&b);
	if (job->net) {
		plan->net = job->net->fd;
		plan->serve = job->net->serve;
	}
	return plan_env(&b) || plan_command(&b) ? -1 : 0;
}
