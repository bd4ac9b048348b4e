/* probe.c - what this host can do, found by doing it. */
#include "sandbox/probe.h"

#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <sys/wait.h>

#include "base/scope.h"
#include "cgroup.h"
#include "cgroup_find.h"
#include "filter.h"
#include "landlock.h"
#include "sandbox/fence.h"
#include "supervise.h"
#include "sys.h"

enum { PR_SET_MDWE_ = 65, MDWE_REFUSE = 1 };

/* A trial in a child of its own: 0, or an errno. */
typedef int trial(void);

static int try_in_child(uint64_t flags, trial *try)
{
	struct clone_args args = { .flags = flags, .exit_signal = 0 };
	/* what needs no namespaces is tried where there are none, too */
	pid_t pid = flags ? (pid_t)syscall(SYS_clone3, &args, sizeof args) : fork();
	int status;

	if (pid == 0)
		_exit(try ? try() & 0xff : 0);
	if (pid < 0)
		return errno;
	while (waitpid(pid, &status, __WALL) < 0)
		if (errno != EINTR)
			return errno;
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINTR;
}

/* A root of its own, as view.c makes it. */
static int try_mounts(void)
{
	const struct sys_attr attr = { .set = SYS_ATTR_RDONLY };
	int fs, root;

	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return errno;
	fs = fsopen("tmpfs", FSOPEN_CLOEXEC);
	root = fs < 0 || fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) ? -1 : fsmount(fs, FSMOUNT_CLOEXEC, 0);
	if (root < 0 || sys_attr(root, 0, &attr) || sys_attach(root, AT_FDCWD, "/") || fchdir(root) ||
	    syscall(SYS_pivot_root, ".", "."))
		return errno;
	return 0;
}

static int try_proc(void)
{
	int fs = fsopen("proc", FSOPEN_CLOEXEC);

	if (fs < 0 || fsconfig(fs, FSCONFIG_SET_STRING, "subset", "pid", 0) ||
	    fsconfig(fs, FSCONFIG_CMD_CREATE, NULL, NULL, 0) || fsmount(fs, 0, 0) < 0)
		return errno;
	return 0;
}

static int try_seccomp(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || filter_load(FILTER_JOB) ? errno : 0;
}

static int try_landlock(void)
{
	int rules = landlock_new(landlock_abi(), false);

	if (rules < 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || landlock_enforce(rules))
		return errno;
	return 0;
}

static int try_mdwe(void)
{
	return prctl(PR_SET_MDWE_, MDWE_REFUSE, 0, 0, 0) ? errno : 0;
}

static int try_privileges(void)
{
	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || sys_close_range(3, ~0U) ? errno : 0;
}

/* Root of the host, or of a container that has its ids: one whose ids are a few thousand cannot make others of them. */
static bool probe_root(void)
{
	char text[4096];
	struct str rest, line;

	if (geteuid() != 0 || !cgroup_get("/proc/self", "uid_map", text, sizeof text))
		return false;
	rest = str_of(text);
	while (str_cut_line(&rest, &line)) {
		unsigned inside, outside, count;
		char row[64];

		snprintf(row, sizeof row, "%.*s", STR_ARG(line));
		if (sscanf(row, "%u %u %u", &inside, &outside, &count) == 3 && inside <= JOB_ID_BASE &&
		    JOB_ID_BASE + JOB_IDS - inside <= count)
			return true;
	}
	return false;
}

#define MEND_USERS                                                                                                 \
	"sysctl user.max_user_namespaces=10000 (Debian also kernel.unprivileged_userns_clone=1; Ubuntu 24.04: an " \
	"AppArmor profile with `userns,` for this program); in a container: allow clone3, unshare and mount in its " \
	"seccomp profile"
#define MEND_PROC "a new /proc needs one that is not masked: in a container run with --security-opt systempaths=unconfined"

/* What an administrator can do. */
static const char *const mends[LAYERS] = {
	[LAYER_CGROUP] = "a systemd unit with Delegate=yes; or as root, for each hierarchy: "
			 "mkdir /sys/fs/cgroup/memory/outrider && chown -R USER /sys/fs/cgroup/memory/outrider",
	[LAYER_USERNS] = MEND_USERS,
	[LAYER_MOUNTS] = "a kernel from 5.12, sysctl user.max_mnt_namespaces; in a container: allow clone3, unshare, mount, "
			 "fsopen, move_mount, mount_setattr and pivot_root in its seccomp profile",
	[LAYER_PIDNS] = "sysctl user.max_pid_namespaces",
	[LAYER_NETNS] = "sysctl user.max_net_namespaces",
	[LAYER_IPCNS] = "sysctl user.max_ipc_namespaces",
	[LAYER_UTSNS] = "sysctl user.max_uts_namespaces",
	[LAYER_CGROUPNS] = "sysctl user.max_cgroup_namespaces",
	[LAYER_PRIVILEGES] = "a kernel from 5.9",
	[LAYER_LANDLOCK] = "a kernel from 5.19 with `landlock` in its lsm= list; in a container: allow its system calls",
	[LAYER_SECCOMP] = "a kernel with CONFIG_SECCOMP_FILTER; in a container: allow seccomp",
	[LAYER_MDWE] = "a kernel from 6.3",
	[LAYER_GATE] = "sysctl kernel.yama.ptrace_scope=1; in a container: allow ptrace",
};

const char *layer_mend(enum sandbox_layer layer)
{
	return mends[layer];
}

static void set(struct probe *p, enum sandbox_layer layer, int error, const char *detail)
{
	struct probe_layer *l = &p->layers[layer];
	char why[64];

	l->works = error == 0;
	snprintf(l->detail, sizeof l->detail, "%s", error ? strerror_r(error, why, sizeof why) : detail);
	snprintf(l->mend, sizeof l->mend, "%s", error ? mends[layer] : "");
}

static void probe_spaces(struct probe *p)
{
	static const struct {
		enum sandbox_layer layer;
		uint64_t           flags;
		trial             *try;
		const char        *mend; /* of what is tried inside, where that is another */
	} spaces[] = {
		{ LAYER_MOUNTS, CLONE_NEWNS, try_mounts, NULL },
		{ LAYER_PIDNS, CLONE_NEWNS | CLONE_NEWPID, try_proc, MEND_PROC },
		{ LAYER_NETNS, CLONE_NEWNET, NULL, NULL },
		{ LAYER_IPCNS, CLONE_NEWIPC, NULL, NULL },
		{ LAYER_UTSNS, CLONE_NEWUTS, NULL, NULL },
		{ LAYER_CGROUPNS, CLONE_NEWCGROUP, NULL, NULL },
	};
	const int users = try_in_child(CLONE_NEWUSER, NULL);
	const uint64_t base = users ? 0 : CLONE_NEWUSER;

	set(p, LAYER_USERNS, users, "");
	for (size_t i = 0; i < COUNT(spaces); i++) {
		struct probe_layer *l = &p->layers[spaces[i].layer];
		const uint64_t flags = base | spaces[i].flags;
		/* who has no ids to give away needs one: the job would be who we are */
		const int made = users && !p->root ? users : try_in_child(flags, NULL);

		set(p, spaces[i].layer, made || !spaces[i].try ? made : try_in_child(flags, spaces[i].try), "");
		if (users && !p->root)
			snprintf(l->mend, sizeof l->mend, MEND_USERS);
		else if (!l->works && !made && spaces[i].mend)
			snprintf(l->mend, sizeof l->mend, "%s", spaces[i].mend);
	}
}

static void probe_filters(struct probe *p)
{
	char detail[160];

	set(p, LAYER_PRIVILEGES, try_in_child(0, try_privileges), "");
	set(p, LAYER_SECCOMP, try_in_child(0, try_seccomp), "");
	set(p, LAYER_MDWE, try_in_child(0, try_mdwe), "");
	p->landlock_abi = landlock_abi();
	p->landlock_errata = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 2);
	if (p->landlock_abi < 2) {
		set(p, LAYER_LANDLOCK, p->landlock_abi ? EOPNOTSUPP : ENOSYS, "");
		return;
	}
	snprintf(detail, sizeof detail, "ABI %d", p->landlock_abi);
	set(p, LAYER_LANDLOCK, try_in_child(0, try_landlock), detail);
}

static void probe_cgroup(struct probe *p)
{
	const struct sandbox_limits limits = { .memory = 64 << 20, .pids = 16, .cpu_percent = 100 };
	struct probe_layer *l = &p->layers[LAYER_CGROUP];
	struct cgroup group = { 0 };
	struct err err;

	l->works = cgroup_open(&group, &limits, &err) == 0;
	p->cgroup = group.kind;
	if (l->works)
		cgroup_describe(&group, l->detail, sizeof l->detail);
	else
		snprintf(l->detail, sizeof l->detail, "%.150s", err.text);
	snprintf(l->mend, sizeof l->mend, "%s", l->works ? "" : mends[LAYER_CGROUP]);
	cgroup_close(&group);
}

static void probe_gate(struct probe *p)
{
	struct probe_layer *l = &p->layers[LAYER_GATE];
	struct fence_answer engines;
	struct err err;

	p->ptrace = gate_ptrace_probe(&err) == 0;
	p->helper = gate_fence_probe(FENCE_SOCKET, &engines, NULL) == 0;
	l->works = p->ptrace || p->helper;
	snprintf(l->detail, sizeof l->detail, "%.60s%s%.90s", p->ptrace ? "ptrace" : err.text,
		 p->helper ? ", " : "", p->helper ? engines.text : "");
	snprintf(l->mend, sizeof l->mend, "%s", l->works ? "" : mends[LAYER_GATE]);
}

static bool probe_idmap(void)
{
	struct holder holder = { .pidfd = -1 };
	int tree = -1;

	if (launch_shift(&tree, &holder, "/usr", 0, 0, 1, 1, NULL) == 0)
		close(tree);
	holder_end(&holder);
	return tree >= 0;
}

void probe_assume(struct probe *out)
{
	struct utsname name;

	*out = (struct probe){ .overlay = true, .ptrace = true, .root = probe_root() };
	for (int l = 0; l < LAYERS; l++)
		out->layers[l].works = true;
	out->idmap = out->root;
	out->landlock_abi = landlock_abi();
	snprintf(out->layers[LAYER_LANDLOCK].detail, sizeof out->layers[0].detail, "ABI %d", out->landlock_abi);
	if (out->landlock_abi < 2)
		set(out, LAYER_LANDLOCK, ENOSYS, "");
	uname(&name);
	snprintf(out->kernel, sizeof out->kernel, "%s", name.release);
}

void probe_run(struct probe *out)
{
	struct probe p = { .root = probe_root() };
	struct utsname name;

	uname(&name);
	snprintf(p.kernel, sizeof p.kernel, "%s", name.release);
	probe_spaces(&p);
	probe_filters(&p);
	probe_cgroup(&p);
	probe_gate(&p);
	p.idmap = p.root && probe_idmap();
	p.container = !p.layers[LAYER_PIDNS].works && p.layers[LAYER_MOUNTS].works;
	*out = p;
}

bool probe_bubble(struct probe *p, const char *program, bool always, struct err *err)
{
	static const enum sandbox_layer spaces[] = { LAYER_MOUNTS, LAYER_PIDNS, LAYER_NETNS, LAYER_IPCNS, LAYER_UTSNS, LAYER_CGROUPNS };
	bool is_setuid;

	(void)err_set(err, ERR_PERM, "%s", "");
	if (!always && (p->root || (p->layers[LAYER_MOUNTS].works && p->layers[LAYER_PIDNS].works)))
		return false;
	if (p->root)
		return err_set(err, ERR_PERM, "bubblewrap is a launcher for plain users; root needs none") == 0;
	if (bubble_probe(program, &is_setuid, err))
		return false;
	for (size_t i = 0; i < COUNT(spaces); i++)
		set(p, spaces[i], 0, "by bubblewrap");
	set(p, LAYER_USERNS, is_setuid ? EPERM : 0, "by bubblewrap");
	if (is_setuid)
		snprintf(p->layers[LAYER_USERNS].mend, sizeof p->layers[LAYER_USERNS].mend, "a bubblewrap that is not setuid");
	p->bubble = true;
	return true;
}

void probe_text(struct buf *out, const struct probe *p)
{
	buf_printf(out, "kernel %s, %s, launcher: %s\n", p->kernel, p->root ? "as root" : "without privileges",
		   p->bubble ? "bubblewrap" : "own");
	for (int l = 0; l < LAYERS; l++) {
		const struct probe_layer *layer = &p->layers[l];

		buf_printf(out, "%-10s  %-4s %s%s\n", layer_name((enum sandbox_layer)l), layer->works ? "yes" : "NO",
			   layer->detail, layer->works ? "" : "");
		if (layer->mend[0])
			buf_printf(out, "%17smend: %s\n", "", layer->mend);
	}
}

int probe_json(struct buf *out, const struct probe *p, struct err *err)
{
	json_t *root = json_pack("{s:s, s:s, s:b, s:i, s:b, s:b}", "kernel", p->kernel, "launcher", p->bubble ? "bubblewrap" : "own", "root", p->root,
				 "landlock_abi", p->landlock_abi, "idmap", p->idmap, "container", p->container);
	json_t *layers = json_object();
	char *text;

	for (int l = 0; l < LAYERS; l++)
		json_object_set_new(layers, layer_name((enum sandbox_layer)l),
				    json_pack("{s:b, s:s, s:s}", "works", p->layers[l].works, "detail",
					      p->layers[l].detail, "mend", p->layers[l].mend));
	json_object_set_new(root, "layers", layers);
	text = root ? json_dumps(root, JSON_COMPACT) : NULL;
	json_decref(root);
	if (!text)
		return err_set(err, ERR_TEMP, "probe: out of memory");
	buf_add(out, str_of(text));
	buf_add_byte(out, '\n');
	free(text);
	return 0;
}
