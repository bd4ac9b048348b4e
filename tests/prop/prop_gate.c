/*
 * No denied program runs, however it is swapped with an allowed one while it is started.
 *
 *   prop_gate CANARY COUNT    COUNT starts in each of four races, by both ways of the engine; COUNT 12500 makes 100,000 together
 *
 * Two copies of the canary differ in the token that they print. One is in the policy. The racer, itself a listed program,
 * starts "racing" again and again while a thread makes it now the one and now the other. The denied one must never
 * be heard; both must have been tried, or the race was none.
 */
#include <pthread.h>
#include <stdatomic.h>

#include "../unit/gate_fixture.h"
#include "base/file.h"

enum { RENAME_SWAP = 2, EXIT_SKIP = 77, TOKEN = 32 };

static atomic_bool over;

static void *exchange(void *unused)
{
	(void)unused;
	while (!atomic_load(&over))
		syscall(SYS_renameat2, AT_FDCWD, "racing", AT_FDCWD, "other", RENAME_SWAP);
	return NULL;
}

static void *relink(void *unused)
{
	(void)unused;
	for (int i = 0; !atomic_load(&over); i++) {
		unlink("new");
		(void)!symlink(i % 2 ? "allowed" : "denied", "new");
		rename("new", "racing");
	}
	return NULL;
}

static void copy_over(const char *from, const char *to)
{
	char bytes[65536];
	int in = open(from, O_RDONLY), out = open(to, O_WRONLY);
	ssize_t n = in < 0 ? -1 : read(in, bytes, sizeof bytes);

	/* ETXTBSY while it runs */
	if (n > 0 && out >= 0)
		(void)!pwrite(out, bytes, (size_t)n, 0);
	if (out >= 0) {
		/* the same size, and the same mtime: a digest that is remembered by these is wrong */
		const struct timespec times[2] = { { 1, 0 }, { 1, 0 } };

		futimens(out, times);
		close(out);
	}
	if (in >= 0)
		close(in);
}

static void *rewrite(void *unused)
{
	(void)unused;
	for (int i = 0; !atomic_load(&over); i++) {
		copy_over(i % 2 ? "allowed" : "denied", "racing");
		/* longer than a start takes, or it is open for writing all the time and nothing starts */
		usleep(300);
	}
	return NULL;
}

static void *(*const swaps[])(void *) = { exchange, relink, rewrite, exchange };

static const char *const racing[] = { "racing", NULL };

static void *exec_in_thread(void *unused)
{
	(void)unused;
	execv("./racing", (char *const *)(uintptr_t)racing);
	_exit(125);
}

/* The last race: a thread that is not the first starts the program. */
static void start(int race)
{
	pid_t pid = race == 3 ? fork() : vfork();
	int status;

	if (pid == 0) {
		pthread_t thread;

		if (race == 3 && pthread_create(&thread, NULL, exec_in_thread, NULL) == 0)
			pthread_join(thread, NULL);
		execv("./racing", (char *const *)(uintptr_t)racing);
		_exit(125);
	}
	while (pid > 0 && waitpid(pid, &status, 0) < 0)
		;
}

static int race(int which, long count)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, swaps[which], NULL))
		return 1;
	for (long i = 0; i < count; i++)
		start(which);
	atomic_store(&over, true);
	pthread_join(thread, NULL);
	return 0;
}

static void make_canary(const char *from, const char *to, char token, struct digest *digest)
{
	static const char mark[] = "OUTRIDER-CANARY:";
	struct arena mem;
	struct str text;
	struct err err;
	size_t at;
	int fd;

	arena_init(&mem, 4 << 20);
	fixture_check(file_read(&text, &mem, from, 1 << 20, &err) == 0, "the canary");
	at = str_find(text, (struct str){ mark, sizeof mark - 1 });
	fixture_check(at != SIZE_MAX, "the canary's mark");
	text = arena_str(&mem, text);
	memset((char *)(uintptr_t)text.p + at + sizeof mark - 1, token, TOKEN);
	fd = open(to, O_RDWR | O_CREAT | O_TRUNC, 0755);
	fixture_check(fd >= 0 && file_write_fd(fd, text, &err) == 0, to);
	fixture_check(digest_fd(digest, fd, &err) == 0, to);
	close(fd);
	arena_release(&mem);
}

static size_t count_of(const struct gated *run, char token)
{
	char text[TOKEN + 1];
	size_t n = 0;

	memset(text, token, TOKEN);
	text[TOKEN] = 0;
	for (const char *at = run->output; (at = strstr(at, text)); at += TOKEN)
		n++;
	return n;
}

static void list(struct exec_rules *rules, const struct digest *digest, struct arena *mem)
{
	struct exec_rule rule = { .by_digest = true, .name = STR("listed") };

	memcpy(rule.digest, digest->bytes, sizeof rule.digest);
	ARENA_PUSH(mem, rules, rule);
}

static size_t denials(const struct receipt *receipt)
{
	size_t n = 0;

	for (size_t i = 0; i < receipt->denials.n; i++)
		n += receipt->denials.items[i].count;
	return n;
}

/* Gives the number of denied programs that ran. */
static size_t try_race(int which, const char *count, const char *dir, const char *canary,
		       const char *self)
{
	const char number[2] = { (char)('0' + which), 0 };
	const char *const argv[] = { self, "race", number, count, NULL };
	const struct gate_options options = { .no_filter = true };
	struct sandbox_policy policy = { .exec.mode = EXEC_SEALED };
	struct digest allowed, denied, own;
	struct arena mem;
	struct gated run;
	struct err err;
	size_t bad, good, refused;
	int fd = open(self, O_RDONLY | O_CLOEXEC);

	arena_init(&mem, 64 << 20);
	fixture_check(fd >= 0 && digest_fd(&own, fd, &err) == 0, self);
	close(fd);
	fixture_check(chdir(dir) == 0, dir);
	unlink("racing");
	unlink("other");
	make_canary(canary, "allowed", 'a', &allowed);
	make_canary(canary, "denied", 'd', &denied);
	make_canary(canary, "racing", 'a', &allowed);
	make_canary(canary, "other", 'd', &denied);
	list(&policy.exec.allow, &own, &mem);
	list(&policy.exec.allow, &allowed, &mem);
	run_gated(&run, &mem, &policy, &options, dir, argv);
	bad = count_of(&run, 'd');
	good = count_of(&run, 'a');
	refused = denials(&run.receipt);
	printf("race %d: %s starts, %zu allowed ran, %zu denied were killed, %zu denied ran\n",
	       which, count, good, refused, bad);
	free(run.output);
	arena_release(&mem);
	fixture_check(bad > 0 || (!run.killed && run.status == 0 && good > 0 && refused > 0),
		      "the race was none");
	return bad;
}

int main(int argc, char **argv)
{
	char dir[] = "/var/tmp/outrider-gate-XXXXXX", self[4096], canary[4096];
	const char *const files[] = { "allowed", "denied", "racing", "other", "new" };
	struct err err;
	size_t bad = 0, passed = 0, tried = 0;

	if (argc == 4 && strcmp(argv[1], "race") == 0)
		return race(atoi(argv[2]), atol(argv[3]));
	if (argc != 3)
		return 2;
	if (gate_ptrace_probe(&err) < 0) {
		printf("skipped: %s\n", err.text);
		return EXIT_SKIP;
	}
	/* in the racer they would be asked for by a traced process, which LeakSanitizer cannot be */
	setenv("ASAN_OPTIONS", "detect_leaks=0", 1);
	fixture_check(mkdtemp(dir) && realpath("/proc/self/exe", self) && realpath(argv[1], canary),
		      "prepare");
	for (int way = fixture_can_listen() ? 0 : 1; way < 2; way++) {
		fixture_listens = way == 0;
		printf("%s\n", fixture_listens ? "by the filter's word:" : "by a trace of all:");
		for (int which = 0; which < (int)COUNT(swaps); which++) {
			size_t ran = try_race(which, argv[2], dir, canary, self);

			bad += ran;
			passed += ran == 0;
			tried++;
		}
	}
	for (size_t i = 0; i < COUNT(files); i++)
		unlink(files[i]);
	rmdir(dir);
	printf("%zu passed, %zu failed\n", passed, tried - passed);
	return bad > 0;
}
