/* Namespaces inside the sandbox: a kernel with many more doors. */
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trick.h"

static int stay(void)
{
	hold();
}

static int user(void)
{
	return in_namespace(0, stay);
}

static int with_clone(unsigned long flags)
{
	long pid = syscall(SYS_clone, flags | SIGCHLD, NULL, NULL, NULL, 0);

	if (pid == 0)
		for (;;)
			pause();
	return pid < 0 ? 1 : hold_fd(0);
}

static int user_by_clone(void)
{
	return with_clone(CLONE_NEWUSER);
}

static int user_by_clone3(void)
{
	struct clone_args args = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
	long pid = syscall(SYS_clone3, &args, sizeof args);

	if (pid == 0)
		for (;;)
			pause();
	return pid < 0 ? 1 : hold_fd(0);
}

static int net(void)
{
	return in_namespace(CLONE_NEWNET, stay);
}

/* The children need a moment. */
static int wait_and_hold(void)
{
	usleep(100000);
	hold();
}

static int mounts_alone(void)
{
	if (fork() == 0)
		return unshare(CLONE_NEWNS) < 0 ? 1 : hold_fd(0);
	return wait_and_hold();
}

static int pids(void)
{
	if (fork() == 0) {
		if (unshare(CLONE_NEWUSER | CLONE_NEWPID) < 0)
			return 1;
		if (fork() == 0)
			for (;;)
				pause();
	}
	return wait_and_hold();
}

static int time_namespace(void)
{
	if (fork() == 0)
		return unshare(CLONE_NEWUSER | 0x80 /* CLONE_NEWTIME */) < 0 ? 1 : hold_fd(0);
	return wait_and_hold();
}

static int mount_one(const char *type)
{
	if (mkdir("mounted", 0755) < 0 || mount(given("token"), "mounted", type, 0, NULL) < 0)
		return 1;
	hold();
}

static int tmpfs(void)
{
	return mount_one("tmpfs");
}

static int proc(void)
{
	return mount_one("proc");
}

static int sys(void)
{
	return mount_one("sysfs");
}

static int formats(void)
{
	return mount_one("binfmt_misc");
}

static int groups(void)
{
	return mount_one("cgroup2");
}

static int mount_tmpfs(void)
{
	return in_namespace(CLONE_NEWNS, tmpfs);
}

/* It needs a process of the new process namespace, not only one that made it. */
static int full_proc(void)
{
	return in_child(proc);
}

static int mount_proc(void)
{
	return in_namespace(CLONE_NEWNS | CLONE_NEWPID, full_proc) &
	       in_namespace(CLONE_NEWNS, full_proc);
}

static int mount_sys(void)
{
	return in_namespace(CLONE_NEWNS | CLONE_NEWNET, sys);
}

static int mount_formats(void)
{
	return in_namespace(CLONE_NEWNS, formats);
}

static int mount_groups(void)
{
	return in_namespace(CLONE_NEWNS | CLONE_NEWCGROUP, groups);
}

static int mount_plainly(void)
{
	return in_child(tmpfs);
}

static int bind_over(void)
{
	if (mount(".", ".git", NULL, MS_BIND, NULL) < 0)
		return 1;
	hold();
}

static int bind_over_git(void)
{
	return in_namespace(CLONE_NEWNS, bind_over);
}

static int other_root(void)
{
	if (chroot(".") < 0)
		return 1;
	hold();
}

static int change_root(void)
{
	return in_namespace(0, other_root);
}

/* The classic: a directory kept open outside of the new root. */
static int climb(void)
{
	mkdir("cell", 0755);
	if (chroot("cell") < 0)
		return 1;
	for (int i = 0; i < 64; i++)
		(void)!chdir("..");
	return chroot(".") < 0 ? 1 : leak(given("secret"));
}

static int climb_out(void)
{
	return in_namespace(0, climb) & in_child(climb);
}

const struct trick namespace_tricks[] = {
	{ "K04", "namespaces", "namespace user", "unshare() a user namespace", user },
	{ "K05", "namespaces", "namespace user", "clone3() with a user namespace", user_by_clone3 },
	{ "K06", "namespaces", "mounted tmpfs", "mount in an own user namespace", mount_tmpfs },
	{ "K35", "namespaces", "namespace user", "clone() with a user namespace", user_by_clone },
	{ "K36", "namespaces", "namespace net", "an own network namespace", net },
	{ "K37", "namespaces", "namespace mnt", "unshare() mounts without a user namespace",
	  mounts_alone },
	{ "K38", "namespaces", "namespace pid", "an own process namespace", pids },
	{ "K39", "namespaces", "namespace time_for_children", "an own time namespace",
	  time_namespace },
	{ "K40", "namespaces", "mounted proc", "mount a full /proc", mount_proc },
	{ "K41", "namespaces", "mounted sysfs", "mount /sys", mount_sys },
	{ "K42", "namespaces", "mounted binfmt_misc", "mount binfmt_misc", mount_formats },
	{ "K43", "namespaces", "mounted cgroup2", "mount the control groups", mount_groups },
	{ "K44", "namespaces", "mounted tmpfs", "mount() as we are", mount_plainly },
	{ "K45", "namespaces", "namespace mnt", "bind mount over .git", bind_over_git },
	{ "K46", "namespaces", "root", "chroot() in an own user namespace", change_root },
	{ "K47", "namespaces", "secret", "climb out by chroot()", climb_out },
	{ 0 },
};
