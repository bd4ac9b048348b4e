/* Policies: the built-in ones, what is read, what a repository may ask for, and the hash. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/scope.h"
#include "egress/route.h"
#include "sandbox/policy.h"
#include "sandbox/profile.h"

static struct arena mem;

static int set_up(void **state)
{
	(void)state;
	arena_init(&mem, 64 << 20);
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&mem);
	return 0;
}

static void load(struct sandbox_policy *out, const char *text)
{
	struct err err;

	if (policy_load(out, &mem, "p.yml", str_of(text), &err))
		fail_msg("%s", err.text);
}

static void test_builtin(void **state)
{
	(void)state;
	for (enum sandbox_trust t = 0; t < TRUSTS; t++) {
		struct sandbox_policy p;

		policy_builtin(&p, &mem, t);
		assert_int_equal(p.trust, t);
		assert_true(str_eq(p.name, str_of(trust_name(t))));
		assert_null(p.net);
		assert_int_equal(p.layers[LAYER_SECCOMP], NEED_REQUIRED);
		assert_int_equal(p.layers[LAYER_NETNS], NEED_REQUIRED);
		assert_int_equal(p.limits.swap, 0);
		assert_true(p.fs.protect.n > 30);
	}
}

static void test_modes(void **state)
{
	struct sandbox_policy p;

	(void)state;
	policy_builtin(&p, &mem, TRUST_UNTRUSTED);
	assert_int_equal(p.exec.mode, EXEC_BUILD);
	assert_int_equal(p.fs.workdir, WORKDIR_OVERLAY);
	policy_builtin(&p, &mem, TRUST_COMMAND);
	assert_int_equal(p.exec.mode, EXEC_SEALED);
	assert_int_equal(p.layers[LAYER_GATE], NEED_REQUIRED);
	policy_builtin(&p, &mem, TRUST_TRUSTED);
	assert_int_equal(p.fs.workdir, WORKDIR_BIND);
}

static void test_read(void **state)
{
	struct sandbox_policy p, plain;

	(void)state;
	policy_builtin(&plain, &mem, TRUST_UNTRUSTED);
	load(&p, "name: mine\nlimits: { wall: 90s, memory: 1g, pids: 64 }\nfs: { ro: [/opt/a], protect: [deploy/, .github/] }\n"
		 "layers: { mdwe: preferred }\noutput: drop\nenv: [CC]\n"
		 "exec: { mode: sealed, allow: [ { path: /bin/sh, class: interpreter } ] }\n");
	assert_true(str_eq(p.name, STR("mine")));
	assert_int_equal(p.limits.wall_ms, 90000);
	assert_int_equal(p.limits.memory, 1 << 30);
	assert_int_equal(p.limits.pids, 64);
	assert_int_equal(p.limits.fds, plain.limits.fds);
	assert_int_equal(p.layers[LAYER_MDWE], NEED_PREFERRED);
	assert_int_equal(p.fs.ro.n, 1);
	/* added, once */
	assert_int_equal(p.fs.protect.n, plain.fs.protect.n + 1);
	assert_true(p.drop_output);
	assert_int_equal(p.exec.mode, EXEC_SEALED);
	assert_int_equal(p.exec.allow.items[0].class, CLASS_INTERPRETER);
	assert_false(p.exec.allow.items[0].by_digest);
	load(&p, "exec: { engine: fanotify, helper: /run/a.sock }\nlauncher: own\nbubblewrap: /opt/bwrap\n");
	assert_int_equal(p.exec.engine, EXEC_BY_FANOTIFY);
	assert_true(str_eq(p.exec.helper, STR("/run/a.sock")));
	assert_int_equal(p.launcher, LAUNCH_OWN);
	assert_true(str_eq(p.bubblewrap, STR("/opt/bwrap")));
}

static void test_trust_first(void **state)
{
	struct sandbox_policy p;

	(void)state;
	load(&p, "limits: { pids: 7 }\ntrust: command\n");
	assert_int_equal(p.trust, TRUST_COMMAND);
	assert_int_equal(p.exec.mode, EXEC_SEALED);
	assert_int_equal(p.limits.pids, 7);
}

static void test_bad(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "limit: {}", "p.yml:1:1: unknown key 'limit'; did you mean 'limits'?" },
		{ "trust: root", "unknown value 'root'" },
		{ "layers: { seccomp: off }", "'seccomp' is always required" },
		{ "layers: { privileges: preferred }", "always required" },
		{ "layers: { firewall: off }", "unknown value 'firewall'" },
		{ "limits: { wall: 0 }", "expected a time" },
		{ "limits: { wall: 0s }", "out of bounds" },
		{ "limits: { memory: 99999999g }", "out of bounds" },
		{ "limits: { memory: 18446744073709551615g }", "out of bounds" },
		{ "limits: { pids: many }", "expected a number" },
		{ "fs: { ro: [relative] }", "absolute path" },
		{ "fs: { ro: [/a/../b] }", "absolute path" },
		{ "fs: { rw: ['/a//b'] }", "absolute path" },
		{ "fs: { protect: [/etc] }", "below the work directory" },
		{ "fs: { protect: [../x] }", "below the work directory" },
		{ "fs: { ro: [\"/a\\nb\"] }", "control character" },
		{ "exec: { allow: [ { digest: 12 } ] }", "64 digits" },
		{ "exec: { allow: [ { name: x } ] }", "`digest` or `path` is missing" },
		{ "exec: { allow: [ { path: /bin/sh, class: fresh } ] }", "unknown value 'fresh'" },
		{ "env: ['A=b']", "name of an environment variable" },
		{ "output: perhaps", "unknown value" },
		{ "name: a\n---\nname: b\n", "one document" },
		{ "- a\n", "expected a mapping" },
		{ "net: { publish: [] }", "publish" },
		{ "exec: { engine: dtrace }", "unknown value 'dtrace'" },
		{ "exec: { helper: fence.sock }", "absolute path" },
		{ "exec: { helper: /0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/0123456789/01234567 }",
		  "at most 107 bytes" },
		{ "launcher: docker", "unknown value 'docker'" },
		{ "bubblewrap: bwrap", "absolute path" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sandbox_policy p = { .trust = TRUSTS };
		struct err err;

		if (policy_load(&p, &mem, "p.yml", str_of(bad[i].text), &err) == 0)
			fail_msg("taken: %s", bad[i].text);
		if (!strstr(err.text, bad[i].words))
			fail_msg("%s: %s", bad[i].text, err.text);
		assert_int_equal(err.kind, ERR_INPUT);
		assert_int_equal(p.trust, TRUSTS);
	}
}

static const char host_text[] = "limits: { wall: 60s, pids: 100 }\nfs: { ro: [/opt/a, /opt/b] }\nenv: [CC, LANG]\n"
				"layers: { mdwe: preferred }\nexec: { allow: [ { path: /bin/sh, class: interpreter } ] }\n"
				"net: { build: [ { host: a.example, methods: [GET, HEAD] } ] }\n";

static void test_tighten(void **state)
{
	struct sandbox_policy host, p;
	struct err err;

	(void)state;
	load(&host, host_text);
	if (policy_tighten(&p, &mem, &host, "r.yml",
			   STR("limits: { wall: 10s }\nfs: { ro: [/opt/b], protect: [x] }\nenv: []\nlayers: { mdwe: required }\n"
			       "exec: { mode: sealed, allow: [ { path: /bin/sh, name: harmless, class: tool } ] }\n"
			       "net: { build: [ { host: a.example, methods: [GET] } ] }\n"),
			   &err))
		fail_msg("%s", err.text);
	assert_int_equal(p.limits.wall_ms, 10000);
	assert_int_equal(p.limits.pids, 100);
	assert_int_equal(p.fs.ro.n, 1);
	assert_int_equal(p.env.n, 0);
	assert_int_equal(p.layers[LAYER_MDWE], NEED_REQUIRED);
	assert_int_equal(p.exec.mode, EXEC_SEALED);
	/* what a program is stays the host's word */
	assert_int_equal(p.exec.allow.items[0].class, CLASS_INTERPRETER);
	assert_ptr_equal(p.net->within, host.net);
}

static void test_loosen(void **state)
{
	static const struct {
		const char *text, *words;
	} bad[] = {
		{ "trust: trusted", "trust is untrusted" },
		{ "limits: { wall: 61s }", "r.yml:1:17: a repository may only tighten: the host's limits.wall is 60000" },
		{ "limits: { pids: 101 }", "limits.pids is 100" },
		{ "limits: { swap: 1g }", "limits.swap is 0" },
		{ "fs: { ro: [/opt/a, /etc] }", "without '/etc'" },
		{ "fs: { rw: [/opt/a] }", "fs.rw is a list without '/opt/a'" },
		{ "fs: { workdir: bind }", "fs.workdir is overlay" },
		{ "fs: { tmp_size: 100g }", "fs.tmp_size" },
		{ "env: [LD_PRELOAD]", "without 'LD_PRELOAD'" },
		{ "layers: { landlock: off }", "layers.landlock is preferred" },
		{ "layers: { netns: preferred }", "layers.netns is required" },
		{ "exec: { mode: audit }", "exec.mode is build" },
		{ "exec: { allow: [ { path: /bin/bash } ] }", "without '/bin/bash'" },
		{ "exec: { engine: ptrace }", "exec.engine is auto" },
		{ "exec: { helper: /work/my.sock }", "exec.helper is /run/outrider/fence.sock" },
		{ "launcher: bubblewrap", "launcher is auto" },
		{ "bubblewrap: /work/bwrap", "bubblewrap is /usr/bin/bwrap" },
		{ "output: drop", "output is end" },
		{ "profile: java", "profile is the plain one" },
		{ "net: { build: [ { host: b.example } ] }", "may only tighten" },
		{ "net: { build: [ { host: a.example, methods: [POST] } ] }", "may only tighten" },
	};
	struct sandbox_policy host;

	(void)state;
	load(&host, host_text);
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct sandbox_policy p;
		struct err err;

		if (policy_tighten(&p, &mem, &host, "r.yml", str_of(bad[i].text), &err) == 0)
			fail_msg("taken: %s", bad[i].text);
		if (!strstr(err.text, bad[i].words))
			fail_msg("%s: %s", bad[i].text, err.text);
	}
}

static void test_no_network_from_nothing(void **state)
{
	struct sandbox_policy host, p;
	struct err err;

	(void)state;
	policy_builtin(&host, &mem, TRUST_UNTRUSTED);
	assert_int_equal(policy_tighten(&p, &mem, &host, "r", STR("net: { build: [ { host: a.example } ] }"), &err), -1);
	assert_non_null(strstr(err.text, "net is none"));
}

static bool same_hash(const char *a, const char *b)
{
	unsigned char x[POLICY_HASH], y[POLICY_HASH];
	struct sandbox_policy p, q;

	load(&p, a);
	load(&q, b);
	policy_hash(x, &p);
	policy_hash(y, &q);
	return memcmp(x, y, sizeof x) == 0;
}

static void test_hash(void **state)
{
	(void)state;
	assert_true(same_hash("", "trust: untrusted\n"));
	/* a name means nothing, and units are units */
	assert_true(same_hash("name: a\nlimits: { wall: 1m }", "limits: { wall: 60s }\nname: b"));
	assert_false(same_hash("limits: { wall: 60s }", "limits: { wall: 61s }"));
	assert_false(same_hash("trust: command", "trust: untrusted"));
	assert_false(same_hash("env: [A, B]", "env: [AB]"));
	assert_false(same_hash("fs: { ro: [/a, /b] }", "fs: { ro: [/a] }"));
	assert_false(same_hash("", "net: { build: [ { host: a.example } ] }"));
}

static void test_profiles(void **state)
{
	static const char *const vars[] = { "PATH=/usr/local/bin:/nowhere:/usr/bin", "HOME=/nonexistent", NULL };
	struct str_list names;
	const struct profile_use use = { 0 };
	struct profile profile;
	struct err err;

	(void)state;
	profile_names(&names, &mem);
	assert_int_equal(names.n, 8);
	for (size_t i = 0; i < names.n; i++)
		if (profile_resolve(&profile, &mem, names.items[i], &use, vars, &err))
			fail_msg("%s", err.text);
	assert_int_equal(profile_resolve(&profile, &mem, STR("c+python"), &use, vars, &err), 0);
	assert_int_equal(profile_class(&profile, STR("/usr/bin/python3.11")), CLASS_INTERPRETER);
	assert_int_equal(profile_class(&profile, STR("/usr/bin/gcc-12")), CLASS_COMPILER);
	assert_int_equal(profile_class(&profile, STR("/usr/bin/true")), CLASS_TOOL);
	assert_int_equal(profile_resolve(&profile, &mem, STR("cobol"), &use, vars, &err), -1);
	assert_non_null(strstr(err.text, "known: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_builtin, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_modes, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_read, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_trust_first, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_bad, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_tighten, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_loosen, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_no_network_from_nothing, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_hash, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_profiles, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
