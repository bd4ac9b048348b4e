/* A policy from receipts: what is learnt, what is refused, and that the diff is the change. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/scope.h"
#include "egress/route.h"
#include "sandbox/learn.h"

#define DIGEST_A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define DIGEST_B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"

static struct arena mem;
static struct learn_source sources[2];
static struct learned learned;
static struct err err;

static int set_up(void **state)
{
	(void)state;
	arena_init(&mem, 256 << 20);
	memset(sources, 0, sizeof sources);
	for (int i = 0; i < 2; i++) {
		struct receipt *r = &sources[i].receipt;

		sources[i].name = i ? "/tmp/two.json" : "one.json";
		r->end = END_EXIT;
		r->layers[LAYER_GATE].state = STATE_IN_FORCE;
		r->wall_us = 4000000;
		r->peak_memory = 100 << 20;
	}
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	arena_release(&mem);
	return 0;
}

static void ran(int source, const char *digest, const char *path, const char *origin, enum exec_class class)
{
	struct receipt_exec e = { .path = str_of(path), .name = str_of(origin), .class = class, .count = 2 };

	memcpy(e.digest, digest, sizeof e.digest);
	receipt_exec(&sources[source].receipt, &mem, &e);
}

static void asked(int source, const char *what, const char *route, uint64_t down)
{
	const struct receipt_request row = { str_of(what), str_of(route), 1, 10, down };

	ARENA_PUSH(&mem, &sources[source].receipt.requests, row);
}

static int learn(const char *policy, size_t n)
{
	return learn_policy(&learned, &mem, "host.yml", str_of(policy), sources, n, &err);
}

static void must(const char *policy, size_t n)
{
	if (learn(policy, n))
		fail_msg("%s", err.text);
}

static bool has(const char *text)
{
	return str_has(learned.policy, str_of(text));
}

static void test_programs(void **state)
{
	struct sandbox_policy policy;

	(void)state;
	ran(0, DIGEST_A, "/usr/bin/python3.11", "toolchain", CLASS_INTERPRETER);
	ran(0, DIGEST_A, "/usr/bin/python3.11", "toolchain", CLASS_INTERPRETER);
	ran(1, DIGEST_A, "/usr/bin/python3.11", "toolchain", CLASS_INTERPRETER);
	ran(1, DIGEST_B, "/usr/bin/cut", "toolchain", CLASS_TOOL);
	must("# ours\nname: a\nexec: {mode: audit}\n", 2);
	assert_int_equal(policy_load(&policy, &mem, "x", learned.policy, &err), 0);
	assert_int_equal(policy.exec.mode, EXEC_SEALED);
	assert_int_equal(policy.exec.allow.n, 2);
	assert_true(has("# ours\nname: a\n"));
	assert_true(has("- {digest: " DIGEST_A ", name: \"python3.11\", class: interpreter} "
			"# one.json, two.json: /usr/bin/python3.11, 6 times\n"));
	assert_true(has("# two.json: /usr/bin/cut, 2 times\n"));
	/* the same once more changes nothing */
	must(arena_z(&mem, learned.policy), 2);
	assert_int_equal(learned.diff.len, 0);
	assert_int_equal(learned.notes.n, 0);
}

/* Lines that people wrote stay, with their comments; what is listed is not repeated. */
static void test_extended(void **state)
{
	static const char policy[] = "exec:\n  mode: sealed # strict\n  allow:\n  - {digest: " DIGEST_A "} # mine\n"
				     "    # the end\nname: b";

	(void)state;
	ran(0, DIGEST_A, "/usr/bin/sh", "sh", CLASS_TOOL);
	ran(0, DIGEST_B, "/usr/bin/cut", "toolchain", CLASS_TOOL);
	must(policy, 1);
	assert_true(has("  mode: sealed # strict\n"));
	assert_true(has("# mine\n  - {digest: " DIGEST_B ", name: \"cut\", class: tool} # one.json"));
	assert_int_equal(learned.notes.n, 1);
	assert_true(str_starts(learned.notes.items[0], STR("looser: the sealed policy lists 1 program")));
	assert_true(str_has(learned.diff, STR("\n-name: b\n\\ No newline at end of file\n+name: b\n")));
}

static void test_own(void **state)
{
	(void)state;
	ran(0, DIGEST_A, "/work/test", "fresh", CLASS_FRESH);
	ran(0, DIGEST_B, "/usr/bin/cut", "toolchain", CLASS_TOOL);
	must("exec:\n  mode: audit\n", 1);
	assert_true(has("exec:\n  mode: build # one.json\n"));
	assert_false(has("digest"));
	assert_true(str_starts(learned.notes.items[0], STR("not sealed: one.json ran programs of the job's own, as '/work/test'")));
}

static void test_limits(void **state)
{
	(void)state;
	sources[1].receipt.peak_memory = 300 << 20;
	sources[1].receipt.cpu_us = 100000;
	must("limits:\n  # why\n  memory: 200m\n  wall: 9s # quick\n", 2);
	assert_true(has("limits:\n  # why\n  memory: 608m # two.json: 300m\n"));
	/* enough, and tighter than what would be learnt */
	assert_true(has("  wall: 9s # quick\n"));
	assert_true(has("  cpu: 10s # two.json: 100ms\n"));
	assert_int_equal(learned.notes.n, 1);
	assert_true(str_starts(learned.notes.items[0], STR("looser: limits.memory")));
	must("limits: {memory: 4g, fds: 100}\n", 1);
	assert_true(has("  memory: 208m # one.json: 100m\n"));
	assert_true(has("  fds: 100\n"));
}

#define NET                                                                                    \
	"net:\n  addresses: [10.0.0.0/8] # ours\n  fetch:\n    - {host: a.example, methods: [GET, HEAD]}\n" \
	"    - host: '*.b.example'\n      down: 3 MiB\n    - host: c.example\n  build: # none\n"

static void test_net(void **state)
{
	static const char a[] = "fetch: GET,HEAD https://a.example:443";
	struct sandbox_policy policy;
	const struct route *route;

	(void)state;
	asked(0, "CONNECT a.example:443", a, 0);
	asked(0, "GET https://a.example:443/one", a, 5);
	asked(0, "GET https://a.example:443/dir/x", a, 5);
	asked(1, "GET https://a.example:443/dir/y%2Fz", a, 3 << 20);
	asked(1, "CONNECT x.b.example:443", "fetch: https://*.b.example:443", 100);
	must(NET, 2);
	assert_int_equal(policy_load(&policy, &mem, "x", learned.policy, &err), 0);
	assert_true(has("  addresses: [10.0.0.0/8] # ours\n"));
	assert_true(has("  build: # none\n"));
	assert_int_equal(policy.net->phase[ROUTE_FETCH].n, 2);
	route = policy.net->phase[ROUTE_FETCH].items;
	assert_string_equal(route[0].host.text, "a.example");
	assert_int_equal(route[0].methods.n, 1);
	assert_int_equal(route[0].paths.n, 3);
	assert_int_equal(route[0].down, 6 << 20);
	assert_string_equal(route[1].host.text, "x.b.example");
	assert_false(route[1].wild || route[1].inspect);
	assert_int_equal(route[1].down, 1 << 20);
	must(arena_z(&mem, learned.policy), 2);
	assert_int_equal(learned.diff.len, 0);
}

static void test_names(void **state)
{
	static const char evil[] = "/usr/bin/x\"}\nlayers: {gate: off} #\\";
	struct sandbox_policy policy;

	(void)state;
	ran(0, DIGEST_A, evil, "toolchain", CLASS_TOOL);
	ARENA_PUSH(&mem, &sources[0].receipt.env, STR("TOKEN"));
	sources[0].name = "r\n.json";
	must("env: [OTHER, TOKEN]\n", 1);
	assert_int_equal(policy_load(&policy, &mem, "x", learned.policy, &err), 0);
	assert_int_equal(policy.layers[LAYER_GATE], NEED_PREFERRED);
	assert_int_equal(policy.exec.allow.n, 1);
	assert_int_equal(policy.env.n, 1);
	assert_true(has("env: [\"TOKEN\"] # r?.json\n"));
}

static void refused(const char *policy, size_t n, const char *why)
{
	assert_int_equal(learn(policy, n), -1);
	assert_int_equal(err.kind, ERR_INPUT);
	if (!strstr(err.text, why))
		fail_msg("'%s' is not '%s'", err.text, why);
}

static void test_refused(void **state)
{
	(void)state;
	refused("", 0, "1 to 64 receipts");
	refused("nonsense: 1\n", 1, "nonsense");
	refused("{name: a, env: [B]}\n", 1, "a line of its own");
	sources[1].receipt.exit_code = 1;
	refused("", 2, "two.json: the run ended with exit 1: a red run teaches nothing");
	sources[1].receipt.exit_code = 0;
	sources[1].receipt.profile = STR("go");
	refused("", 2, "different profiles");
	sources[0].receipt.execs_dropped = 1;
	refused("", 1, "too many");
	sources[0].receipt.execs_dropped = 0;
	asked(0, "GET https://a.example:443/one", "fetch: https://a.example:443", 5);
	refused("", 1, "not allowed by the policy");
	asked(1, "GET nowhere", "fetch: x", 0);
	sources[0] = sources[1];
	refused(NET, 1, "is no request");
	sources[0].receipt.layers[LAYER_GATE].state = STATE_MISSING;
	refused("", 1, "no exec gate");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(test_programs, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_extended, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_own, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_limits, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_net, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_names, set_up, tear_down),
		cmocka_unit_test_setup_teardown(test_refused, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
