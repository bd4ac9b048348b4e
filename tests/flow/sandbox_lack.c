/* sandbox_lack.c - "sandbox_lack CALL... -- COMMAND": the command on a kernel that refuses these system calls. */
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <linux/filter.h>
#include <linux/seccomp.h>

enum { CALLS_MAX = 16 };

static const struct {
	const char *name;
	long nr;
	int error;
} calls[] = {
	{ "landlock", SYS_landlock_create_ruleset, ENOSYS }, { "ptrace", SYS_ptrace, EPERM },
	{ "clone3", SYS_clone3, EPERM },		     { "fsopen", SYS_fsopen, EPERM },
	{ "move_mount", SYS_move_mount, EPERM },	     { "pivot_root", SYS_pivot_root, EPERM },
	{ "sethostname", SYS_sethostname, EPERM },	     { "mount_setattr", SYS_mount_setattr, ENOSYS },
};

static int add_call(struct sock_filter *code, const char *name)
{
	for (size_t i = 0; i < sizeof calls / sizeof *calls; i++) {
		if (strcmp(calls[i].name, name) != 0)
			continue;
		code[0] = (struct sock_filter)BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (unsigned)calls[i].nr, 0, 1);
		code[1] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (unsigned)calls[i].error);
		return 2;
	}
	return 0;
}

int main(int argc, char **argv)
{
	struct sock_filter code[2 + 2 * CALLS_MAX] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
	};
	struct sock_fprog program = { 1, code };
	int at = 1;

	for (; at < argc && strcmp(argv[at], "--") != 0 && at <= CALLS_MAX; at++) {
		int n = add_call(code + program.len, argv[at]);

		if (n == 0) {
			fprintf(stderr, "unknown call '%s'\n", argv[at]);
			return 2;
		}
		program.len = (unsigned short)(program.len + n);
	}
	code[program.len++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	if (at + 1 >= argc || (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) && geteuid() != 0) ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0)) {
		perror("sandbox_lack");
		return 2;
	}
	execvp(argv[at + 1], argv + at + 1);
	perror(argv[at + 1]);
	return 2;
}
