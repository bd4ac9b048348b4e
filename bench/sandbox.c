/*
 * bench_sandbox [COUNT [DIR [ROW...]]]: medians of COUNT starts of /bin/true, in turns, so that a busy machine disturbs all alike:
 * bare (vfork and exec), in the sandbox by the library (as a worker does it) and by the command, and in a tight bubblewrap, which
 * has neither a filter, a gate, Landlock, limits nor protected paths. All but `bare` show a small work directory with changes in
 * memory (bubblewrap: read-only), or DIR. `cpu` is the median of the processor time of a start with all its processes. Where bubblewrap is among the
 * rows, the last column is the row's time over bare as a part of bubblewrap's: below 1 is faster.
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "sandbox/run.h"

enum { COUNT_USUAL = 200, WARM_UP = 3 };

static const char *const bare[] = { "/bin/true", NULL };
static const char *work;
static char program[4096];

/* A small repository: what is protected is there, and has to be covered. */
static const char *const tree[] = {
	".git/", ".git/hooks/", ".git/objects/", ".git/objects/info/", ".git/info/", ".git/config", ".git/HEAD",
	".github/", ".github/workflows/", ".github/workflows/ci.yml", ".gitattributes", "src/", "src/main.c",
	"Makefile", "README.md",
};

static double now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

/* Of us and of all that ended. */
static double cpu_ms(void)
{
	double sum = 0;

	for (int who = RUSAGE_CHILDREN; who <= RUSAGE_SELF; who++) {
		struct rusage u;

		getrusage(who, &u);
		sum += (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1e3 +
		       (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e3;
	}
	return sum;
}

static int start(const char *const *argv)
{
	int status = 0;
	pid_t pid = vfork();

	if (pid == 0) {
		/* not its complaint about the missing command */
		if (argv[0] == program && !argv[4])
			close(STDERR_FILENO);
		execvp(argv[0], (char *const *)(uintptr_t)argv);
		_exit(127);
	}
	waitpid(pid, &status, 0);
	return status;
}

static int start_bare(void)
{
	return start(bare);
}

static int start_bubblewrap(void)
{
	const char *const argv[] = {
		"bwrap", "--unshare-user", "--unshare-all", "--die-with-parent", "--new-session", "--clearenv",
		"--cap-drop", "ALL", "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin", "--symlink", "usr/lib",
		"/lib", "--symlink", "usr/lib64", "/lib64", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp",
		"--ro-bind", work, "/work", "--chdir", "/work", "--", "/bin/true", NULL,
	};

	return start(argv);
}

static int start_command(void)
{
	const char *const argv[] = { program, "sandbox", "run", "-q", "-C", work, "--", "/bin/true", NULL };

	return start(argv);
}

/* What of it is the program's own start: wrong input. */
static int start_nothing(void)
{
	const char *const argv[] = { program, "sandbox", "run", "-q", NULL };

	return start(argv) == 125 << 8 ? 0 : -1;
}

static int start_sandbox(enum sandbox_trust trust, enum layer_need gate)
{
	static const struct exec_rule rule = { .path = { "/bin/true", 9 } };
	AUTO_ARENA struct arena mem;
	struct sandbox_policy policy;
	struct receipt receipt;
	struct err err;
	struct sandbox_job job = { .policy = &policy, .argv = bare, .workdir = work, .stdin_fd = -1, .cancel_fd = -1 };

	arena_init(&mem, 64 << 20);
	policy_builtin(&policy, &mem, trust);
	policy.layers[LAYER_GATE] = gate;
	ARENA_PUSH(&mem, &policy.exec.allow, rule);
	if (sandbox_run(&receipt, &mem, &job, &err)) {
		fprintf(stderr, "bench_sandbox: %s\n", err.text);
		exit(1);
	}
	return receipt.end == END_EXIT ? receipt.exit_code : -1;
}

static int start_build(void)
{
	return start_sandbox(TRUST_UNTRUSTED, NEED_REQUIRED);
}

static int start_sealed(void)
{
	return start_sandbox(TRUST_COMMAND, NEED_REQUIRED);
}

static int start_ungated(void)
{
	return start_sandbox(TRUST_UNTRUSTED, NEED_OFF);
}

static const struct {
	const char *name;
	int (*start)(void);
} rows[] = {
	{ "bare", start_bare },		 { "build", start_build },     { "sealed", start_sealed },
	{ "no-gate", start_ungated },	 { "command", start_command }, { "nothing", start_nothing },
	{ "bubblewrap", start_bubblewrap },
};

static int by_number(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static void make_tree(char *dir)
{
	if (!mkdtemp(dir))
		exit(2);
	for (size_t i = 0; i < COUNT(tree); i++) {
		char path[256];
		size_t n = (size_t)snprintf(path, sizeof path, "%s/%s", dir, tree[i]);

		if (path[n - 1] == '/')
			mkdir(path, 0755);
		else
			close(open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0644));
	}
}

static void remove_tree(const char *dir)
{
	char path[256];

	for (size_t i = COUNT(tree); i-- > 0;) {
		snprintf(path, sizeof path, "%s/%s", dir, tree[i]);
		remove(path);
	}
	rmdir(dir);
}

static bool is_wanted(const char *name, int argc, char **argv)
{
	for (int i = 3; i < argc; i++)
		if (strcmp(argv[i], name) == 0)
			return true;
	return argc <= 3;
}

/* What COUNT starts of one row took. */
struct took {
	double *wall, *cpu;
};

static void measure(const struct took *took, size_t r, size_t i)
{
	double began, cpu;

	began = now_ms();
	cpu = cpu_ms();
	if (rows[r].start()) {
		fprintf(stderr, "bench_sandbox: %s: failed\n", rows[r].name);
		exit(1);
	}
	took->wall[i] = now_ms() - began;
	took->cpu[i] = cpu_ms() - cpu;
}

static void print(const struct took *took, const char *name, size_t n, double base, double peer)
{
	const double over = took->wall[n / 2] - base;

	printf("%-12s min %7.3f  median %7.3f  p95 %7.3f  over the first %7.3f  cpu %7.3f ms", name, took->wall[0],
	       took->wall[n / 2], took->wall[n * 95 / 100], over, took->cpu[n / 2]);
	if (peer > 0 && over > 0)
		printf("  of bubblewrap's %5.2f", over / peer);
	putchar('\n');
}

/* Sorted, in the order of the rows: the first that was measured is what the others are told over, the last may be bubblewrap. */
static void print_all(const struct took *took, size_t n, const bool *wanted)
{
	double base = 0, peer = 0;

	for (size_t r = 0; r < COUNT(rows); r++) {
		if (!wanted[r])
			continue;
		qsort(took[r].wall, n, sizeof *took[r].wall, by_number);
		qsort(took[r].cpu, n, sizeof *took[r].cpu, by_number);
		if (base <= 0)
			base = took[r].wall[n / 2];
		if (rows[r].start == start_bubblewrap)
			peer = took[r].wall[n / 2] - base;
	}
	for (size_t r = 0; r < COUNT(rows); r++)
		if (wanted[r])
			print(&took[r], rows[r].name, n, base, peer);
}

static void measure_all(size_t n, int argc, char **argv)
{
	struct took took[COUNT(rows)];
	bool wanted[COUNT(rows)];

	for (size_t r = 0; r < COUNT(rows); r++) {
		wanted[r] = is_wanted(rows[r].name, argc, argv);
		took[r] = (struct took){ calloc(n, sizeof(double)), calloc(n, sizeof(double)) };
		if (!took[r].wall || !took[r].cpu)
			exit(2);
	}
	for (size_t i = 0; i < n + WARM_UP; i++)
		for (size_t r = 0; r < COUNT(rows); r++)
			if (wanted[r])
				measure(&took[r], r, i < n ? i : i - n);
	print_all(took, n, wanted);
	for (size_t r = 0; r < COUNT(rows); r++) {
		free(took[r].wall);
		free(took[r].cpu);
	}
}

int main(int argc, char **argv)
{
	char made[] = "/tmp/bench_sandbox.XXXXXX";
	size_t n = argc > 1 ? strtoul(argv[1], NULL, 10) : COUNT_USUAL;
	ssize_t length = readlink("/proc/self/exe", program, sizeof program - 16);

	if (n < WARM_UP || length < 0)
		return 2;
	program[length] = '\0';
	memcpy(strrchr(program, '/') + 1, "outrider", sizeof "outrider");
	work = argc > 2 ? argv[2] : made;
	if (work == made)
		make_tree(made);
	measure_all(n, argc, argv);
	if (work == made)
		remove_tree(made);
	return 0;
}
