/*
 * filter.c - a build tool: makes the seccomp programs and writes them as C tables, so that the program itself needs
 * neither libseccomp nor its start-up time.
 *
 *   filter OUT.c
 *
 * `job` is a list of what is denied: a build may run any program, so what is not dangerous must work. `seal` is a list of
 * what is allowed: the analyst runs our code alone.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "filter_tables.h"

/* Numbers from 424 on are the same for every processor; libseccomp may be older than the call. */
enum { SAME_FROM = 424, MAX_PROGRAM = 4096 };

static _Noreturn void die(const char *what, const char *name, int error)
{
	fprintf(stderr, "filter: %s %s: %s\n", what, name, strerror(error));
	exit(1);
}

/*
 * Rules are given in numbers of the processor that we build on; libseccomp translates. False: the other one never had
 * that call, so that it needs no rule.
 */
static bool number(int *out, uint32_t arch, const struct call *call)
{
	int there = seccomp_syscall_resolve_name_arch(arch, call->name);

	*out = seccomp_syscall_resolve_name(call->name);
	if (*out != __NR_SCMP_ERROR)
		return there >= 0;
	if (call->number < SAME_FROM)
		die("unknown system call", call->name, ENOSYS);
	*out = call->number;
	return true;
}

static void add(scmp_filter_ctx ctx, uint32_t arch, uint32_t action, const struct call *call,
		unsigned n, const struct scmp_arg_cmp *args)
{
	int nr, failed;

	if (!number(&nr, arch, call))
		return;
	failed = seccomp_rule_add_exact_array(ctx, action, nr, n, args);
	if (failed)
		die("rule for", call->name, -failed);
}

static void add_table(scmp_filter_ctx ctx, uint32_t arch, uint32_t action, const struct call *calls)
{
	for (; calls->name; calls++)
		add(ctx, arch, action, calls, 0, NULL);
}

/* Denies a call when all bits of `bits` are set in an argument, and all of `also` in another. */
static void deny_bits(scmp_filter_ctx ctx, uint32_t arch, const struct bits_rule *rule)
{
	struct call call = { rule->name, rule->number };
	struct scmp_arg_cmp args[] = {
		SCMP_CMP64(rule->arg, SCMP_CMP_MASKED_EQ, rule->bits, rule->bits),
		SCMP_CMP64(rule->also_arg, SCMP_CMP_MASKED_EQ, rule->also, rule->also),
	};

	add(ctx, arch, SCMP_ACT_ERRNO((unsigned)rule->error), &call, rule->also ? 2 : 1, args);
}

/* socket(): families beside UNIX, INET, INET6 and the routing part of NETLINK; protocols beside TCP, UDP, ICMP. */
static void deny_sockets(scmp_filter_ctx ctx, uint32_t arch)
{
	static const struct call socket_call = { "socket", 0 }, pair_call = { "socketpair", 0 };
	const uint32_t family = SCMP_ACT_ERRNO(EAFNOSUPPORT);
	const uint32_t protocol = SCMP_ACT_ERRNO(EPROTONOSUPPORT);
	const struct scmp_arg_cmp newer = SCMP_CMP64(0, SCMP_CMP_GT, AF_NETLINK);

	for (unsigned f = 0; f <= AF_NETLINK; f++) {
		const struct scmp_arg_cmp eq = SCMP_CMP32(0, SCMP_CMP_EQ, f);

		if (f == AF_UNIX || f == AF_INET || f == AF_INET6 || f == AF_NETLINK)
			continue;
		add(ctx, arch, family, &socket_call, 1, &eq);
		add(ctx, arch, family, &pair_call, 1, &eq);
	}
	add(ctx, arch, family, &socket_call, 1, &newer);
	add(ctx, arch, family, &pair_call, 1, &newer);
	/* interface lists of node, Go and Java come from there; every other protocol is kernel surface for nobody */
	add(ctx, arch, protocol, &socket_call, 2, (const struct scmp_arg_cmp[]){
		SCMP_CMP32(0, SCMP_CMP_EQ, AF_NETLINK), SCMP_CMP32(2, SCMP_CMP_NE, 0) });
	for (size_t i = 0; i < sizeof denied_protocols / sizeof *denied_protocols; i++)
		for (int v6 = 0; v6 < 2; v6++)
			add(ctx, arch, protocol, &socket_call, 2, (const struct scmp_arg_cmp[]){
				SCMP_CMP32(0, SCMP_CMP_EQ, v6 ? AF_INET6 : AF_INET),
				SCMP_CMP32(2, SCMP_CMP_EQ, denied_protocols[i]) });
}

static void fill_job(scmp_filter_ctx ctx, uint32_t arch)
{
	static const struct call ioctl_call = { "ioctl", 0 }, personality_call = { "personality", 0 },
				 memfd_call = { "memfd_create", 0 };

	add_table(ctx, arch, SCMP_ACT_ERRNO(EPERM), denied_calls);
	add_table(ctx, arch, SCMP_ACT_ERRNO(ENOSYS), absent_calls);
	for (const struct bits_rule *rule = denied_bits; rule->name; rule++)
		deny_bits(ctx, arch, rule);
	for (size_t i = 0; i < sizeof denied_ioctls / sizeof *denied_ioctls; i++)
		add(ctx, arch, SCMP_ACT_ERRNO(EPERM), &ioctl_call, 1, (const struct scmp_arg_cmp[]){
			SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, 0xffffffff, denied_ioctls[i]) });
	/* 0xffffffff only asks */
	add(ctx, arch, SCMP_ACT_ERRNO(EPERM), &personality_call, 1, (const struct scmp_arg_cmp[]){
		SCMP_CMP64(0, SCMP_CMP_NE, 0xffffffff) });
	/* MFD_NOEXEC_SEAL: what has it can never be run; ENOSYS because callers know kernels without memfd */
	add(ctx, arch, SCMP_ACT_ERRNO(ENOSYS), &memfd_call, 1, (const struct scmp_arg_cmp[]){
		SCMP_CMP64(1, SCMP_CMP_MASKED_EQ, 8, 0) });
	deny_sockets(ctx, arch);
}

/* Each exec is told to the gate, and waits for its answer. */
static void fill_told(scmp_filter_ctx ctx, uint32_t arch)
{
	static const struct call told[] = { { "execve", 0 }, { "execveat", 0 }, { NULL, 0 } };

	add_table(ctx, arch, SCMP_ACT_NOTIFY, told);
}

static void fill_seal(scmp_filter_ctx ctx, uint32_t arch, bool threads)
{
	static const struct call clone_call = { "clone", 0 }, clone3_call = { "clone3", 435 },
				 prlimit_call = { "prlimit64", 0 }, prctl_call = { "prctl", 0 };

	add_table(ctx, arch, SCMP_ACT_ALLOW, sealed_calls);
	for (size_t i = 0; i < sizeof sealed_prctls / sizeof *sealed_prctls; i++)
		add(ctx, arch, SCMP_ACT_ALLOW, &prctl_call, 1, (const struct scmp_arg_cmp[]){
			SCMP_CMP32(0, SCMP_CMP_EQ, sealed_prctls[i]) });
	/* to read its own limits */
	add(ctx, arch, SCMP_ACT_ALLOW, &prlimit_call, 2, (const struct scmp_arg_cmp[]){
		SCMP_CMP32(0, SCMP_CMP_EQ, 0), SCMP_CMP64(2, SCMP_CMP_EQ, 0) });
	add(ctx, arch, SCMP_ACT_ERRNO(ENOSYS), &clone3_call, 0, NULL);
	if (threads)
		add(ctx, arch, SCMP_ACT_ALLOW, &clone_call, 1, (const struct scmp_arg_cmp[]){
			SCMP_CMP64(0, SCMP_CMP_MASKED_EQ, CLONE_THREAD | 0x7e020000, CLONE_THREAD) });
}

/* In front of what libseccomp makes: a call newer than our list does not exist. x32 numbers go on to be killed. */
static size_t add_head(struct sock_filter *to)
{
	const struct sock_filter head[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
		BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JGT | BPF_K, LAST_KNOWN_CALL, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
	};

	memcpy(to, head, sizeof head);
	return sizeof head / sizeof *head;
}

static void export(FILE *out, scmp_filter_ctx ctx, const char *name, bool deny_list)
{
	static struct sock_filter program[MAX_PROGRAM];
	size_t n = deny_list ? add_head(program) : 0;
	char path[] = "/tmp/filter-XXXXXX";
	int fd = mkstemp(path);
	ssize_t got;

	if (fd < 0 || unlink(path) < 0)
		die("temporary file", path, errno);
	if (seccomp_export_bpf(ctx, fd) < 0 || lseek(fd, 0, SEEK_SET) < 0)
		die("export", name, EINVAL);
	got = read(fd, program + n, sizeof program - n * sizeof *program);
	if (got <= 0 || (size_t)got == sizeof program - n * sizeof *program)
		die("size of", name, E2BIG);
	close(fd);
	n += (size_t)got / sizeof *program;
	fprintf(out, "static const struct sock_filter %s[] = {\n", name);
	for (size_t i = 0; i < n; i++)
		fprintf(out, "\t{ 0x%02x, %u, %u, 0x%08x },\n", program[i].code, program[i].jt,
			program[i].jf, program[i].k);
	fprintf(out, "};\n\n");
}

enum kind { KIND_JOB, KIND_GATED, KIND_SEAL, KIND_SEAL_THREADS };

static void make(FILE *out, uint32_t arch, enum kind kind, const char *name)
{
	const bool job = kind == KIND_JOB || kind == KIND_GATED;
	scmp_filter_ctx ctx = seccomp_init(job ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));

	if (!ctx || (arch != seccomp_arch_native() &&
		     (seccomp_arch_add(ctx, arch) < 0 ||
		      seccomp_arch_remove(ctx, seccomp_arch_native()) < 0)))
		die("context", name, EINVAL);
	/* another ABI is another set of numbers: no call through it is honest */
	if (seccomp_attr_set(ctx, SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS) < 0 ||
	    seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2) < 0)
		die("attributes", name, EINVAL);
	if (job)
		fill_job(ctx, arch);
	if (kind == KIND_GATED)
		fill_told(ctx, arch);
	if (!job)
		fill_seal(ctx, arch, kind == KIND_SEAL_THREADS);
	export(out, ctx, name, job);
	seccomp_release(ctx);
}

int main(int argc, char **argv)
{
	static const struct {
		const char *macro;
		uint32_t    arch;
	} processors[] = {
		{ "__x86_64__", SCMP_ARCH_X86_64 },
		{ "__aarch64__", SCMP_ARCH_AARCH64 },
	};
	FILE *out = argc == 2 ? fopen(argv[1], "w") : NULL;

	if (!out) {
		fprintf(stderr, "usage: filter OUT.c\n");
		return 2;
	}
	fprintf(out, "/* Made by tools/filter.c. */\n#include \"filter.h\"\n\n");
	for (size_t i = 0; i < sizeof processors / sizeof *processors; i++) {
		fprintf(out, "#%s defined(%s)\n", i ? "elif" : "if", processors[i].macro);
		make(out, processors[i].arch, KIND_JOB, "job");
		make(out, processors[i].arch, KIND_GATED, "gated");
		make(out, processors[i].arch, KIND_SEAL, "seal");
		make(out, processors[i].arch, KIND_SEAL_THREADS, "seal_threads");
	}
	fprintf(out, "#else\n#error \"tools/filter.c makes no filter for this processor\"\n#endif\n\n"
		     "#define PROGRAM(array) { sizeof array / sizeof *array, array }\n"
		     "const struct filter filters[FILTERS] = {\n"
		     "\t[FILTER_JOB] = PROGRAM(job),\n\t[FILTER_GATED] = PROGRAM(gated),\n"
		     "\t[FILTER_SEAL] = PROGRAM(seal),\n"
		     "\t[FILTER_SEAL_THREADS] = PROGRAM(seal_threads),\n};\n");
	return fclose(out) ? 1 : 0;
}
