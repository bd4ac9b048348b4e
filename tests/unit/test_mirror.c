/* Mirrors of real repositories, over real HTTP (git http-backend behind a small server) and from disk. */
#include "repo_fixture.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>
#include <time.h>

#include "repo/mirror.h"

/* A server of the folder of the test, with options; ends with the test. */
struct server {
	pid_t pid;
	int   in;
	FILE *log;
	char  url[64];
};

static void serve(struct server *server, const char *root, const char *option, const char *value)
{
	int in[2], out[2];
	char line[64];

	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	server->pid = fork();
	if (server->pid == 0) {
		dup2(in[0], 0);
		dup2(out[1], 1);
		execlp("node", "node", SOURCE_DIR "/tests/peers/git_http.mjs", root, option, value, NULL);
		_exit(127);
	}
	close(in[0]);
	close(out[1]);
	server->in = in[1];
	server->log = fdopen(out[0], "r");
	assert_non_null(fgets(line, sizeof line, server->log));
	snprintf(server->url, sizeof server->url, "http://127.0.0.1:%d/origin", atoi(line));
}

static void stop(struct server *server)
{
	close(server->in);
	fclose(server->log);
	waitpid(server->pid, NULL, 0);
}

struct place {
	struct mirror_store store;
	struct mirror       mirror;
	char                root[128], origin[128];
};

/* origin: a bare repository with main and one pull request. */
static void begin(struct place *p, struct fixture *f)
{
	*p = (struct place){ .store = { .seconds = 60 } };
	snprintf(p->root, sizeof p->root, "%s/mirrors", f->dir);
	snprintf(p->origin, sizeof p->origin, "%s/origin", f->dir);
	p->store.root = p->root;
	sh("echo a > a; git add a; git commit -qm a; git clone -q --bare . %s", p->origin);
	sh("git remote add origin %s; git checkout -qb topic; echo b > b; git add b; git commit -qm b; "
	   "git push -q origin topic:refs/pull/7/head", p->origin);
}

static const char *const specs[] = { "+refs/heads/main:refs/heads/main",
				     "+refs/pull/7/head:refs/outrider/head/7" };

static int fetch(enum mirror_result *result, struct place *p, const char *url, const char *oid,
		 struct fixture *f)
{
	const char *oids[] = { oid };
	struct mirror_remote remote = { .url = url, .local = url[0] == '/' };
	struct mirror_want want = { .refspecs = specs, .n_refspecs = COUNT(specs), .oids = oids,
				    .n_oids = oid ? 1 : 0 };

	return mirror_fetch(result, &p->mirror, &remote, &want, &f->err);
}

static void open_mirror(struct place *p, struct fixture *f)
{
	if (mirror_open(&p->mirror, &p->store, STR("github/owner/../name"), &f->err) < 0)
		fail_msg("%s", f->err.text);
}

static const char *head(void)
{
	static char oid[64];

	snprintf(oid, sizeof oid, "%s", sh_line("git rev-parse HEAD"));
	return oid;
}

static void test_http(void **state)
{
	struct fixture *f = *state;
	struct server server;
	struct place p;
	enum mirror_result result;

	begin(&p, f);
	serve(&server, f->dir, NULL, NULL);
	open_mirror(&p, f);
	assert_false(p.mirror.complete);
	assert_false(mirror_has(&p.mirror, head()));
	if (fetch(&result, &p, server.url, head(), f) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(result, MIRROR_OK);
	assert_true(p.mirror.complete);
	assert_true(mirror_has(&p.mirror, head()));
	stop(&server);
	/* what is there needs no network */
	assert_int_equal(fetch(&result, &p, server.url, head(), f), 0);
	assert_int_equal(result, MIRROR_OK);
	/* what is not there does */
	assert_int_equal(fetch(&result, &p, server.url, "1111111111111111111111111111111111111111", f), -1);
	assert_int_equal(f->err.kind, ERR_TEMP);
	mirror_close(&p.mirror);
}

static void test_force_push_and_gone(void **state)
{
	struct fixture *f = *state;
	struct server server;
	struct place p;
	enum mirror_result result;
	char first[64], second[64];

	begin(&p, f);
	serve(&server, f->dir, NULL, NULL);
	open_mirror(&p, f);
	snprintf(first, sizeof first, "%s", head());
	assert_int_equal(fetch(&result, &p, server.url, first, f), 0);
	assert_int_equal(mirror_keep(&p.mirror, 7, first, &f->err), 0);
	sh("git commit -q --amend -m other; git push -qf origin topic:refs/pull/7/head");
	snprintf(second, sizeof second, "%s", head());
	assert_int_equal(fetch(&result, &p, server.url, second, f), 0);
	assert_int_equal(result, MIRROR_OK);
	assert_true(mirror_has(&p.mirror, first));
	/* a head that came and went before we looked: git's servers give it by its id */
	sh("git commit -q --amend -m third; git push -qf origin topic:refs/pull/7/head");
	snprintf(first, sizeof first, "%s", head());
	sh("git commit -q --amend -m fourth; git push -qf origin topic:refs/pull/7/head");
	assert_int_equal(fetch(&result, &p, server.url, first, f), 0);
	assert_int_equal(result, MIRROR_OK);
	/* the fork is gone: its ref, too; the base branch comes all the same */
	sh("git push -q origin :refs/pull/7/head; git checkout -q main; git commit -q --allow-empty -m next; "
	   "git push -q origin main; git checkout -q topic; git commit -q --amend -m never");
	assert_int_equal(fetch(&result, &p, server.url, head(), f), 0);
	assert_int_equal(result, MIRROR_MOVED);
	assert_true(mirror_has(&p.mirror, sh_line("git rev-parse main")));
	stop(&server);
	mirror_close(&p.mirror);
}

/* A file on the disk, or a command line, that holds the secret. */
static bool leaks(const char *root, const char *secret)
{
	char line[512];

	snprintf(line, sizeof line, "grep -rqF '%s' %s", secret, root);
	return system(line) == 0;
}

static void test_credential(void **state)
{
	struct fixture *f = *state;
	struct server server;
	struct place p;
	enum mirror_result result;
	struct mirror_remote remote = { .authorization = "Basic c2VjcmV0OnRva2Vu" };
	struct mirror_want want = { .refspecs = specs, .n_refspecs = COUNT(specs) };

	begin(&p, f);
	serve(&server, f->dir, "--auth", "Basic c2VjcmV0OnRva2Vu");
	open_mirror(&p, f);
	remote.url = server.url;
	if (mirror_fetch(&result, &p.mirror, &remote, &want, &f->err) < 0)
		fail_msg("%s", f->err.text);
	assert_false(leaks(p.root, "c2VjcmV0OnRva2Vu"));
	remote.authorization = "Basic d3Jvbmc6b25l";
	assert_int_equal(mirror_fetch(&result, &p.mirror, &remote, &want, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_PERM);
	assert_null(strstr(f->err.text, "d3Jvbmc6b25l"));
	remote.authorization = NULL;
	assert_int_equal(mirror_fetch(&result, &p.mirror, &remote, &want, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_PERM);
	stop(&server);
	mirror_close(&p.mirror);
}

static void test_redirect(void **state)
{
	struct fixture *f = *state;
	struct server honest, other;
	struct place p;
	enum mirror_result result;

	begin(&p, f);
	serve(&honest, f->dir, NULL, NULL);
	honest.url[strlen(honest.url) - strlen("/origin")] = '\0';
	serve(&other, f->dir, "--redirect", honest.url);
	open_mirror(&p, f);
	assert_int_equal(fetch(&result, &p, other.url, NULL, f), -1);
	stop(&other);
	stop(&honest);
	mirror_close(&p.mirror);
}

static bool give_up(void *payload, const char *what, unsigned percent)
{
	unsigned *n = payload;

	(void)what, (void)percent;
	return ++*n < 3;
}

static void test_time_and_stop(void **state)
{
	struct fixture *f = *state;
	struct server server;
	struct place p;
	enum mirror_result result;
	unsigned asked = 0;
	struct mirror_remote remote = { 0 };
	struct mirror_want want = { .refspecs = specs, .n_refspecs = COUNT(specs) };

	begin(&p, f);
	p.store.seconds = 2;
	serve(&server, f->dir, "--stall", NULL);
	open_mirror(&p, f);
	remote.url = server.url;
	assert_int_equal(mirror_fetch(&result, &p.mirror, &remote, &want, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_TEMP);
	ASSERT_HAS(f->err.text, "2 seconds");
	p.store.seconds = 60;
	want.progress = give_up;
	want.payload = &asked;
	assert_int_equal(mirror_fetch(&result, &p.mirror, &remote, &want, &f->err), -1);
	ASSERT_HAS(f->err.text, "stopped");
	stop(&server);
	mirror_close(&p.mirror);
}

static void test_size(void **state)
{
	struct fixture *f = *state;
	struct place p;
	enum mirror_result result;

	begin(&p, f);
	sh("head -c 3000000 /dev/urandom > big; git add big; git commit -qm big; git push -qf origin topic:refs/pull/7/head");
	p.store.fetch_bytes = 1 << 20;
	open_mirror(&p, f);
	assert_int_equal(fetch(&result, &p, p.origin, NULL, f), -1);
	assert_int_equal(f->err.kind, ERR_PERM);
	ASSERT_HAS(f->err.text, "more than 1 MB");
	sh("test -z \"$(ls %s/objects/pack | grep tmp_)\"", p.mirror.path);
	p.store.fetch_bytes = 0;
	assert_int_equal(fetch(&result, &p, p.origin, head(), f), 0);
	assert_int_equal(result, MIRROR_OK);
	mirror_close(&p.mirror);
}

static void test_addresses(void **state)
{
	static const char *const bad[] = { "ssh://h/x", "ext::sh -c id", "--upload-pack=id", "http://u:p@h/x",
					   "git://h/x", "file:///etc", "/etc", "http://h/ x", "" };
	struct fixture *f = *state;
	struct place p;
	enum mirror_result result;
	const char *const odd[] = { "--upload-pack=id" };
	struct mirror_want want = { .refspecs = odd, .n_refspecs = 1 };

	begin(&p, f);
	open_mirror(&p, f);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct mirror_remote remote = { .url = bad[i] };

		assert_int_equal(mirror_fetch(&result, &p.mirror, &remote, &want, &f->err), -1);
		assert_int_equal(f->err.kind, ERR_PERM);
		ASSERT_HAS(f->err.text, "address");
	}
	assert_int_equal(mirror_fetch(&result, &p.mirror,
				      &(struct mirror_remote){ .url = p.origin, .local = true }, &want,
				      &f->err), -1);
	ASSERT_HAS(f->err.text, "no ref");
	mirror_close(&p.mirror);
}

/* Hooks and a file-system monitor that a mirror's folder might hold are never run. */
static void test_hooks(void **state)
{
	struct fixture *f = *state;
	struct place p;
	enum mirror_result result;

	begin(&p, f);
	open_mirror(&p, f);
	sh("mkdir -p %s/hooks; printf '#!/bin/sh\\ntouch %s/ran\\n' > %s/hooks/reference-transaction; "
	   "chmod +x %s/hooks/reference-transaction", p.mirror.path, f->dir, p.mirror.path, p.mirror.path);
	assert_int_equal(fetch(&result, &p, p.origin, head(), f), 0);
	sh("test ! -e %s/ran", f->dir);
	mirror_close(&p.mirror);
}

static void test_broken(void **state)
{
	struct fixture *f = *state;
	struct place p;
	enum mirror_result result;
	char first[64];

	begin(&p, f);
	open_mirror(&p, f);
	snprintf(first, sizeof first, "%s", head());
	assert_int_equal(fetch(&result, &p, p.origin, first, f), 0);
	/* objects gone: the next fetch finds out and begins anew */
	sh("chmod -R u+w %s/objects; rm -f %s/objects/pack/*.pack", p.mirror.path, p.mirror.path);
	if (fetch(&result, &p, p.origin, first, f) < 0)
		fail_msg("%s", f->err.text);
	assert_int_equal(result, MIRROR_OK);
	assert_true(mirror_has(&p.mirror, first));
	/* said by somebody who could not read it */
	mirror_distrust(&p.mirror);
	mirror_close(&p.mirror);
	open_mirror(&p, f);
	assert_false(p.mirror.complete);
	assert_false(mirror_has(&p.mirror, first));
	mirror_close(&p.mirror);
	/* half made */
	sh("rm %s/HEAD", p.mirror.path);
	open_mirror(&p, f);
	assert_int_equal(fetch(&result, &p, p.origin, first, f), 0);
	assert_true(mirror_has(&p.mirror, first));
	mirror_close(&p.mirror);
}

static void test_keep_and_forget(void **state)
{
	struct fixture *f = *state;
	struct place p;
	enum mirror_result result;
	uint64_t now = (uint64_t)time(NULL);
	char line[1200];

	begin(&p, f);
	open_mirror(&p, f);
	assert_int_equal(fetch(&result, &p, p.origin, head(), f), 0);
	assert_int_equal(mirror_keep(&p.mirror, 7, head(), &f->err), 0);
	snprintf(line, sizeof line, "git -C %s for-each-ref refs/outrider/seen/7 | wc -l", p.mirror.path);
	assert_int_equal(mirror_forget(&p.mirror, now, &f->err), 0);
	assert_int_equal(atoi(sh_line(line)), 1);
	assert_int_equal(mirror_forget(&p.mirror, now + (MIRROR_SEEN_DAYS + 1) * 86400, &f->err), 0);
	assert_int_equal(atoi(sh_line(line)), 0);
	mirror_close(&p.mirror);
}

static void test_eviction(void **state)
{
	struct fixture *f = *state;
	struct place p;
	struct mirror other = { 0 };
	enum mirror_result result;
	uint64_t freed;

	begin(&p, f);
	open_mirror(&p, f);
	assert_int_equal(fetch(&result, &p, p.origin, head(), f), 0);
	assert_int_equal(mirror_open(&other, &p.store, STR("another"), &f->err), 0);
	p.store.budget = 1;
	/* both are in use */
	assert_int_equal(mirror_evict(&freed, &p.store, &f->err), 0);
	assert_int_equal(freed, 0);
	mirror_close(&p.mirror);
	assert_int_equal(mirror_evict(&freed, &p.store, &f->err), 0);
	assert_true(freed > 0);
	sh("test ! -e %s && test -e %s", p.mirror.path, other.path);
	mirror_close(&other);
	open_mirror(&p, f);
	assert_false(p.mirror.complete);
	mirror_close(&p.mirror);
}

/* Many processes open, fetch and evict at once; whoever has it open can read what he fetched. */
static void test_together(void **state)
{
	enum { PROCESSES = 6, ROUNDS = 8 };
	struct fixture *f = *state;
	struct place p;
	char oid[64];

	begin(&p, f);
	snprintf(oid, sizeof oid, "%s", head());
	p.store.budget = 1;
	for (int i = 0; i < PROCESSES; i++) {
		if (fork() != 0)
			continue;
		for (int round = 0; round < ROUNDS; round++) {
			enum mirror_result result;
			uint64_t freed;

			if (mirror_open(&p.mirror, &p.store, STR("k"), &f->err) < 0 ||
			    fetch(&result, &p, p.origin, oid, f) < 0 || result != MIRROR_OK ||
			    !mirror_has(&p.mirror, oid)) {
				fprintf(stderr, "%s\n", f->err.text);
				_exit(1);
			}
			mirror_close(&p.mirror);
			if (mirror_evict(&freed, &p.store, &f->err) < 0)
				_exit(2);
		}
		_exit(0);
	}
	for (int i = 0; i < PROCESSES; i++) {
		int status = -1;

		wait(&status);
		assert_int_equal(status, 0);
	}
}

static void test_repack(void **state)
{
	struct fixture *f = *state;
	struct place p;
	enum mirror_result result;
	char line[1200];

	begin(&p, f);
	open_mirror(&p, f);
	for (int i = 0; i < MIRROR_MAX_PACKS + 3; i++) {
		sh("echo %d > c; git add c; git commit -qm %d; git push -qf origin topic:refs/pull/7/head", i, i);
		assert_int_equal(fetch(&result, &p, p.origin, head(), f), 0);
	}
	snprintf(line, sizeof line, "ls %s/objects/pack/*.pack | wc -l", p.mirror.path);
	assert_true(atoi(sh_line(line)) < MIRROR_MAX_PACKS);
	assert_true(mirror_has(&p.mirror, head()));
	mirror_close(&p.mirror);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(test_http),	  FIXTURE_TEST(test_force_push_and_gone),
		FIXTURE_TEST(test_credential),	  FIXTURE_TEST(test_redirect),
		FIXTURE_TEST(test_time_and_stop), FIXTURE_TEST(test_size),
		FIXTURE_TEST(test_addresses),	  FIXTURE_TEST(test_hooks),
		FIXTURE_TEST(test_broken),	  FIXTURE_TEST(test_keep_and_forget),
		FIXTURE_TEST(test_eviction),	  FIXTURE_TEST(test_together),
		FIXTURE_TEST(test_repack),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
