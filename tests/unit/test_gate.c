/* The exec gate: its decision, and real programs under it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "gate_fixture.h"
#include "gate_task.h"

#define FACTS(...) ((struct gate_facts){ .opened = true, .digested = true, __VA_ARGS__ })

static void decides(void **state)
{
	const struct {
		struct gate_facts facts;
		enum gate_rule sealed, build;
	} cases[] = {
		{ FACTS(.origin = GATE_TOOLCHAIN), GATE_DIGEST, GATE_OK },
		{ FACTS(.origin = GATE_FRESH), GATE_DIGEST, GATE_OK },
		{ FACTS(.origin = GATE_BROUGHT), GATE_DIGEST, GATE_OK },
		{ FACTS(.origin = GATE_ELSEWHERE), GATE_DIGEST, GATE_PLACE },
		{ FACTS(.origin = GATE_TOOLCHAIN, .listed = true), GATE_OK, GATE_OK },
		{ FACTS(.origin = GATE_ELSEWHERE, .listed = true), GATE_OK, GATE_OK },
		/* what holds in all modes, listed or not */
		{ FACTS(.listed = true, .loader = true), GATE_LOADER, GATE_LOADER },
		{ FACTS(.listed = true, .deleted = true), GATE_DELETED, GATE_DELETED },
		{ FACTS(.listed = true, .privileged = true), GATE_PRIVILEGED, GATE_PRIVILEGED },
		{ { .opened = false, .listed = true }, GATE_NO_IMAGE, GATE_NO_IMAGE },
		{ { .opened = true, .digested = false, .listed = true },
		  GATE_NO_IMAGE,
		  GATE_NO_IMAGE },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		assert_int_equal(gate_decide(&cases[i].facts, EXEC_SEALED), cases[i].sealed);
		assert_int_equal(gate_decide(&cases[i].facts, EXEC_BUILD), cases[i].build);
		assert_int_equal(gate_decide(&cases[i].facts, EXEC_AUDIT), cases[i].build);
	}
}

static void rules_have_words(void **state)
{
	(void)state;
	assert_string_equal(gate_rule_id(GATE_OK), "");
	for (int rule = GATE_OK + 1; rule < GATE_RULES; rule++) {
		assert_memory_equal(gate_rule_id((enum gate_rule)rule), "gate.", 5);
		assert_true(strlen(gate_rule_advice((enum gate_rule)rule)) > 20);
	}
}

static bool loader_at(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	bool is = gate_is_loader(fd);

	assert_true(fd >= 0);
	close(fd);
	return is;
}

static void knows_the_loader(void **state)
{
	static const char *const loaders[] = { "/lib64/ld-linux-x86-64.so.2",
					       "/lib/ld-linux-aarch64.so.1" };
	size_t found = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(loaders); i++)
		if (access(loaders[i], R_OK) == 0) {
			assert_true(loader_at(loaders[i]));
			found++;
		}
	assert_true(found > 0);
	assert_false(loader_at("/bin/sh"));
	assert_false(loader_at("/proc/self/exe"));
	assert_false(loader_at("/etc/passwd"));
}

/* A shared object whose headers lie: not told apart, so refused. */
static void doubts_broken_headers(void **state)
{
	unsigned char elf[128] = { 0x7f, 'E', 'L', 'F', 2, 1, 1 };
	char path[] = "/tmp/outrider-elf-XXXXXX";
	int fd = mkstemp(path);

	(void)state;
	unlink(path);
	assert_false(gate_is_loader(fd));
	elf[16] = 3; /* ET_DYN */
	assert_int_equal(pwrite(fd, elf, sizeof elf, 0), sizeof elf);
	assert_true(gate_is_loader(fd));
	elf[54] = 56;   /* e_phentsize */
	elf[56] = 0xff; /* e_phnum */
	assert_int_equal(pwrite(fd, elf, sizeof elf, 0), sizeof elf);
	assert_true(gate_is_loader(fd));
	elf[56] = 1;
	memset(elf + 32, 0xff, 8); /* e_phoff */
	assert_int_equal(pwrite(fd, elf, sizeof elf, 0), sizeof elf);
	assert_true(gate_is_loader(fd));
	elf[16] = 2; /* ET_EXEC: a program, whatever else */
	assert_int_equal(pwrite(fd, elf, sizeof elf, 0), sizeof elf);
	assert_false(gate_is_loader(fd));
	close(fd);
}

static void tells_who_was_alive(void **state)
{
	struct task_table table = { 0 };

	(void)state;
	/* make (0) from 100, cc (1) from 200 to 300, ld (2) from 250 to 280 */
	task_runs(&table, task_add(&table, 10), 0, 100);
	task_runs(&table, task_add(&table, 11), 1, 200);
	task_runs(&table, task_add(&table, 12), 2, 250);
	task_remove(&table, 12, 280);
	task_remove(&table, 11, 300);
	assert_int_equal(task_alive(&table, 260, 0, 99), 2);
	assert_int_equal(task_alive(&table, 290, 0, 99), 1);
	assert_int_equal(task_alive(&table, 400, 0, 99), 0);
	assert_int_equal(task_alive(&table, 400, 0, 10), TASK_NO_PROGRAM);
	assert_int_equal(task_alive(&table, 50, 0, 99), TASK_NO_PROGRAM);
	/* time stamps lag */
	assert_int_equal(task_alive(&table, 285, 10, 99), 2);
	task_table_release(&table);
}

static void keeps_many_tasks(void **state)
{
	struct task_table table = { 0 };

	(void)state;
	for (pid_t pid = 1; pid <= 5000; pid++)
		task_runs(&table, task_add(&table, pid), pid, pid);
	for (pid_t pid = 1; pid <= 5000; pid += 2)
		task_remove(&table, pid, 6000);
	assert_int_equal(table.n, 2500);
	for (pid_t pid = 1; pid <= 5000; pid++) {
		const struct task *task = task_find(&table, pid);

		assert_true((task != NULL) == (pid % 2 == 0));
		assert_true(!task || task->program == pid);
	}
	task_table_release(&table);
}

struct place {
	struct arena mem;
	struct sandbox_policy policy;
	char dir[64];
};

static int make_place(void **state)
{
	static struct place place;

	memset(&place, 0, sizeof place);
	arena_init(&place.mem, 64 << 20);
	strcpy(place.dir, "/var/tmp/outrider-gate-XXXXXX");
	*state = &place;
	return mkdtemp(place.dir) ? 0 : -1;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	char command[128];

	snprintf(command, sizeof command, "rm -rf %s", place->dir);
	arena_release(&place->mem);
	return system(command);
}

static struct gated run_shell(struct place *place, enum exec_mode mode, const char *script)
{
	const char *const argv[] = { "/bin/sh", "-c", script, NULL };
	const struct gate_options options = { .no_filter = true };
	struct gated run;

	place->policy.exec.mode = mode;
	run_gated(&run, &place->mem, &place->policy, &options, place->dir, argv);
	return run;
}

/* All places are on one mount here, so everything counts as the work directory's. */
static void runs_and_writes_down(void **state)
{
	struct gated run =
		run_shell(*state, EXEC_BUILD,
			  "/bin/echo one; /bin/echo two; cp /bin/echo ./own; ./own three");
	const struct receipt_exec *echo = find_exec(&run.receipt, "/bin/echo"),
				  *own = find_exec(&run.receipt, "/own"),
				  *cp = find_exec(&run.receipt, "/cp");

	assert_int_equal(run.status, 0);
	assert_string_equal(run.output, "one\ntwo\nthree\n");
	assert_non_null(echo);
	assert_non_null(own);
	assert_non_null(cp);
	assert_int_equal(echo->count, 2);
	assert_string_equal(echo->digest, own->digest);
	assert_true(str_eq(echo->name, STR("brought")));
	assert_true(str_eq(own->name, STR("fresh")));
	assert_int_equal(own->class, CLASS_FRESH);
	assert_true(str_eq(own->writer, str_of(cp->digest)));
	assert_true(own->pid > 0);
	assert_int_equal(run.receipt.denials.n, 0);
	free(run.output);
}

static void refuses_the_loader(void **state)
{
	struct gated run = run_shell(
		*state, EXEC_BUILD,
		"for l in /lib64/ld-linux-x86-64.so.2 /lib/ld-linux-aarch64.so.1; do"
		" [ ! -e $l ] || $l /bin/echo loaded; done; cp $l ./other 2>/dev/null; echo end");

	assert_null(strstr(run.output, "loaded"));
	assert_non_null(strstr(run.output, "end"));
	assert_false(run.killed);
	assert_int_equal(run.receipt.denials.n, 1);
	assert_true(str_eq(run.receipt.denials.items[0].rule, STR("gate.loader")));
	free(run.output);
}

static void refuses_setuid(void **state)
{
	struct gated run =
		run_shell(*state, EXEC_BUILD,
			  "cp /bin/echo ./own; chmod 4755 own; ./own privileged; echo $?");

	assert_string_equal(run.output, "137\n");
	assert_true(str_eq(run.receipt.denials.items[0].rule, STR("gate.setuid")));
	free(run.output);
}

static void refuses_what_is_not_listed(void **state)
{
	struct place *place = *state;
	struct exec_rule rule = { .path = STR("/bin/sh"),
				  .name = STR("shell"),
				  .class = CLASS_INTERPRETER };
	const char *const argv[] = { "/bin/echo", "never", NULL };
	const struct gate_options options = { .no_filter = true };
	struct gated run;

	ARENA_PUSH(&place->mem, &place->policy.exec.allow, rule);
	run = run_shell(place, EXEC_SEALED,
			"echo in; /bin/echo out; cp /bin/sh ./sh; exec /bin/sh -c 'echo again'");
	assert_string_equal(run.output, "in\nagain\n");
	assert_int_equal(run.receipt.denials.n, 2); /* echo and cp */
	assert_true(str_eq(run.receipt.denials.items[0].rule, STR("gate.digest")));
	assert_true(str_eq(run.receipt.execs.items[0].name, STR("shell")));
	free(run.output);
	/* the command itself */
	run_gated(&run, &place->mem, &place->policy, &options, place->dir, argv);
	assert_true(run.killed);
	assert_int_equal(run.output_len, 0);
	assert_true(WIFSIGNALED(run.status));
	free(run.output);
}

static void only_logs_in_audit_mode(void **state)
{
	struct gated run = run_shell(*state, EXEC_AUDIT,
				     "cp /bin/echo ./own; chmod 4755 own; ./own privileged");

	assert_string_equal(run.output, "privileged\n");
	assert_int_equal(run.receipt.denials.n, 0);
	assert_non_null(find_exec(&run.receipt, "/own"));
	free(run.output);
}

/* Signals, stops by job control and a shell that waits for them work as without a tracer. */
static void is_not_noticed(void **state)
{
	struct gated run = run_shell(
		*state, EXEC_BUILD,
		"trap 'echo usr1' USR1; kill -USR1 $$;"
		/* a traced process that is stopped shows a small t */
		"sleep 30 & p=$!; is() { until grep -q \"^State:.$1\" /proc/$p/status; do :; done; echo $1; };"
		"is S; kill -STOP $p; is '[tT]'; kill -CONT $p; is S; kill $p; wait $p; echo $?;"
		"sh -c 'kill -KILL $$'; echo $?; sh -c 'exit 7'; echo $?; (sh -c 'kill -SEGV $$') 2>/dev/null; echo $?");

	assert_string_equal(run.output, "usr1\nS\n[tT]\nS\n143\n137\n7\n139\n");
	free(run.output);
}

static void follows_many(void **state)
{
	struct gated run = run_shell(
		*state, EXEC_BUILD,
		"i=0; while [ $i -lt 300 ]; do (sh -c '/bin/true & setsid /bin/true; wait') & i=$((i+1)); done; wait; echo done");
	const struct receipt_exec *true_program = find_exec(&run.receipt, "/true");

	assert_string_equal(run.output, "done\n");
	assert_non_null(true_program);
	assert_int_equal(true_program->count, 600);
	free(run.output);
}

static void wants_the_filter(void **state)
{
	const struct gate_options options = { 0 };
	struct sandbox_gate *gate = gate_ptrace_new(&options);
	struct sandbox_policy policy = { .exec.mode = EXEC_BUILD };
	struct sandbox_target target = { .pid = getpid(), .listener = -1, .policy = &policy };
	struct err err;

	(void)state;
	assert_int_equal(gate->attach(gate, &target, &err), -1);
	assert_non_null(strstr(err.text, "seccomp"));
	gate_ptrace_free(gate);
}

static void names_the_digest_of_its_file(void **state)
{
	struct gated run =
		run_shell(*state, EXEC_BUILD, "exec sha256sum /bin/echo $(command -v sha256sum)");
	const struct receipt_exec *sum = find_exec(&run.receipt, "/sha256sum");
	char wanted[66];

	assert_non_null(sum);
	snprintf(wanted, sizeof wanted, "\n%s", sum->digest);
	assert_non_null(strstr(run.output, wanted));
	free(run.output);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(decides),
		cmocka_unit_test(rules_have_words),
		cmocka_unit_test(knows_the_loader),
		cmocka_unit_test(doubts_broken_headers),
		cmocka_unit_test(tells_who_was_alive),
		cmocka_unit_test(keeps_many_tasks),
		cmocka_unit_test(wants_the_filter),
		cmocka_unit_test_setup_teardown(runs_and_writes_down, make_place, remove_place),
		cmocka_unit_test_setup_teardown(refuses_the_loader, make_place, remove_place),
		cmocka_unit_test_setup_teardown(refuses_setuid, make_place, remove_place),
		cmocka_unit_test_setup_teardown(refuses_what_is_not_listed, make_place,
						remove_place),
		cmocka_unit_test_setup_teardown(only_logs_in_audit_mode, make_place, remove_place),
		cmocka_unit_test_setup_teardown(is_not_noticed, make_place, remove_place),
		cmocka_unit_test_setup_teardown(follows_many, make_place, remove_place),
		cmocka_unit_test_setup_teardown(names_the_digest_of_its_file, make_place,
						remove_place),
	};
	struct err err;

	if (gate_ptrace_probe(&err) < 0) {
		printf("skipped: %s\n", err.text);
		return 77;
	}
	if (fixture_can_listen()) {
		fixture_listens = true;
		if (cmocka_run_group_tests_name("by the filter's word", tests, NULL, NULL))
			return 1;
		fixture_listens = false;
	}
	return cmocka_run_group_tests_name("by a trace of all", tests, NULL, NULL);
}
