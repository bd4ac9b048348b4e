/* test_audit.c - a log that only grows: each way of tampering is found, each crash is survived and told. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "sandbox/audit.h"

struct place {
	char         dir[64], log[96], key[96], head[96];
	struct arena mem;
};

static uint64_t fixed_clock(void)
{
	return UINT64_C(1769860800123);
}

static int setup(void **state)
{
	struct place *place = calloc(1, sizeof *place);
	struct err err;

	snprintf(place->dir, sizeof place->dir, "/tmp/outrider-audit-XXXXXX");
	assert_non_null(mkdtemp(place->dir));
	snprintf(place->log, sizeof place->log, "%s/log", place->dir);
	snprintf(place->key, sizeof place->key, "%s/log.key", place->dir);
	snprintf(place->head, sizeof place->head, "%s/log.head", place->dir);
	arena_init(&place->mem, 256 << 20);
	assert_int_equal(audit_key_make(place->key, &err), 0);
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	static const char *const names[] = { "", ".key", ".key.pub", ".head", ".head.next", ".lock", ".next", ".1", ".2", ".3", ".4", ".5", ".6" };
	struct place *place = *state;

	for (size_t i = 0; i < COUNT(names); i++) {
		char path[128];

		snprintf(path, sizeof path, "%s%s", place->log, names[i]);
		unlink(path);
	}
	assert_int_equal(rmdir(place->dir), 0);
	arena_release(&place->mem);
	free(place);
	return 0;
}

static struct audit *open_log(struct place *place, uint64_t file_bytes)
{
	struct audit_options options = { .path = place->log, .sync = AUDIT_SYNC_END, .file_bytes = file_bytes,
					 .now_ms = fixed_clock };
	struct audit *audit;
	struct err err;

	if (audit_open(&audit, &options, &err) < 0)
		fail_msg("%s", err.text);
	return audit;
}

static void append(struct audit *audit, unsigned n, unsigned from)
{
	struct err err;

	for (unsigned i = 0; i < n; i++) {
		char path[64];
		struct audit_row row = { .kind = AUDIT_EXEC, .run = STR("run-1"), .actor = STR("outrider/fixer"),
					 .on_behalf_of = STR("ann"), .policy = STR("00ff"), .verdict = STR("allowed"),
					 .rule = STR("digest") };

		snprintf(path, sizeof path, "/work/bin/tool-%u", from + i);
		row.path = str_of(path);
		if (audit_append(audit, &row, 1, &err) < 0)
			fail_msg("%s", err.text);
	}
}

static void finish(struct audit *audit)
{
	struct err err;

	if (audit_close(audit, &err) < 0)
		fail_msg("%s", err.text);
}

static void make_log(struct place *place, unsigned rows)
{
	struct audit *audit = open_log(place, 0);

	append(audit, rows, 1);
	finish(audit);
}

static struct audit_report verify(struct place *place)
{
	struct audit_report report;
	struct err err;

	if (audit_verify(&report, &place->mem, place->log, NULL, STR(""), &err) < 0)
		fail_msg("%s", err.text);
	return report;
}

static struct str read_log(struct place *place)
{
	struct str text;
	struct err err;

	if (file_read(&text, &place->mem, place->log, 64 << 20, &err) < 0)
		fail_msg("%s", err.text);
	return text;
}

static void write_log(struct place *place, struct str text)
{
	struct err err;

	if (file_replace(place->log, text, &err) < 0)
		fail_msg("%s", err.text);
}

/* Line n (1-based) of a text, with its end. */
static struct str line_of(struct str text, size_t n)
{
	struct str rest = text, line = { 0 };

	while (n-- > 0)
		assert_true(str_cut_line(&rest, &line));
	return (struct str){ line.p, line.len + 1 };
}

static void test_sound(void **state)
{
	struct audit_report report;

	make_log(*state, 10);
	report = verify(*state);
	assert_true(report.sound);
	assert_int_equal(report.rows, 11);
	assert_int_equal(report.signed_rows, 11);
	assert_int_equal(report.files, 1);
	/* a second session goes on where the first ended */
	finish(open_log(*state, 0));
	make_log(*state, 5);
	report = verify(*state);
	assert_true(report.sound);
	assert_int_equal(report.rows, 16);
	assert_true(str_has(read_log(*state), STR("{\"seq\":2,\"time\":\"2026-01-31T12:00:00.123Z\",\"kind\":\"exec\",\"run\":\"run-1\","
						  "\"actor\":\"outrider/fixer\",\"on_behalf_of\":\"ann\",\"policy\":\"00ff\","
						  "\"path\":\"/work/bin/tool-1\",\"verdict\":\"allowed\",\"rule\":\"digest\",\"hash\":\"")));
}

static void expect_fault(struct place *place, uint64_t line, const char *words)
{
	struct audit_report report = verify(place);

	assert_false(report.sound);
	for (size_t i = 0; i < report.faults.n; i++)
		if (report.faults.items[i].line == line && str_has(report.faults.items[i].text, str_of(words)))
			return;
	fail_msg("no fault at line %" PRIu64 " with '%s', but line %" PRIu64 " with '%.*s'", line, words,
		 report.faults.items[0].line, STR_ARG(report.faults.items[0].text));
}

/* Each byte of each row, but the line ends, is bound. */
static void test_edit(void **state)
{
	struct place *place = *state;
	struct str text;
	char *copy;

	make_log(place, 4);
	text = read_log(place);
	copy = arena_z(&place->mem, text);
	for (size_t i = 0; i < text.len; i++) {
		struct arena old = place->mem;

		if (text.p[i] == '\n')
			continue;
		copy[i] = text.p[i] == '0' ? '1' : '0';
		if (copy[i] == text.p[i])
			continue;
		arena_init(&place->mem, 16 << 20);
		write_log(place, (struct str){ copy, text.len });
		if (verify(place).sound)
			fail_msg("byte %zu was changed from '%c' to '%c', and nobody saw it", i, text.p[i], copy[i]);
		arena_release(&place->mem);
		place->mem = old;
		copy[i] = text.p[i];
	}
	copy[str_find(text, STR("tool-2")) + 5] = '7';
	write_log(place, (struct str){ copy, text.len });
	expect_fault(place, 3, "row 3 was changed");
}

static void splice(struct place *place, const size_t *lines, size_t n)
{
	struct str text = read_log(place);
	struct buf out = { 0 };

	for (size_t i = 0; i < n; i++)
		buf_add(&out, line_of(text, lines[i]));
	write_log(place, buf_str(&out));
	buf_release(&out);
}

static void test_removal(void **state)
{
	make_log(*state, 5);
	splice(*state, (const size_t[]){ 1, 2, 4, 5, 6 }, 5);
	expect_fault(*state, 3, "rows 3 to 3 are missing");
}

static void test_reorder(void **state)
{
	make_log(*state, 5);
	splice(*state, (const size_t[]){ 1, 2, 4, 3, 5, 6 }, 6);
	expect_fault(*state, 4, "row 3 stands where row 5 should");
}

static void test_double(void **state)
{
	make_log(*state, 5);
	splice(*state, (const size_t[]){ 1, 2, 3, 3, 4, 5, 6 }, 7);
	expect_fault(*state, 4, "row 3 stands where row 4 should");
}

static void test_truncation(void **state)
{
	make_log(*state, 5);
	splice(*state, (const size_t[]){ 1, 2, 3, 4 }, 4);
	expect_fault(*state, 0, "rows 5 to 6 are cut off");
}

/* An attacker without the key binds all rows anew: the signed head does not fit. */
static void test_rebound(void **state)
{
	struct place *place = *state;
	char other[128], command[512];
	struct audit *audit;

	make_log(place, 5);
	snprintf(other, sizeof other, "%s.6", place->log);
	assert_int_equal(rename(place->head, other), 0);
	unlink(place->log);
	audit = open_log(place, 0);
	append(audit, 5, 3);
	finish(audit);
	assert_true(verify(place).sound);
	assert_int_equal(rename(other, place->head), 0);
	expect_fault(place, 6, "not the one that was signed");
	/* with a key of his own the signature does not hold */
	snprintf(command, sizeof command, "%s.pub", place->key);
	unlink(command);
	unlink(place->key);
	assert_int_equal(audit_key_make(place->key, NULL), 0);
	expect_fault(place, 0, "not signed with this key");
}

static void test_head_gone(void **state)
{
	struct place *place = *state;

	make_log(place, 2);
	unlink(place->head);
	expect_fault(place, 0, "signed head is missing");
}

/* Log and head put back together, as they once were: only a head kept elsewhere tells. */
static void test_rollback(void **state)
{
	struct place *place = *state;
	struct audit_report report;
	struct str log, head;
	struct err err;
	char newest[65];

	make_log(place, 2);
	log = read_log(place);
	assert_int_equal(file_read(&head, &place->mem, place->head, 4096, &err), 0);
	make_log(place, 2);
	memcpy(newest, verify(place).head, sizeof newest);
	assert_int_equal(audit_verify(&report, &place->mem, place->log, NULL, str_of(newest), &err), 0);
	assert_true(report.sound);
	write_log(place, log);
	assert_int_equal(file_replace(place->head, head, &err), 0);
	assert_true(verify(place).sound);
	assert_int_equal(audit_verify(&report, &place->mem, place->log, NULL, str_of(newest), &err), 0);
	assert_false(report.sound);
}

static void test_torn(void **state)
{
	struct place *place = *state;
	struct str text;
	struct audit_report report;
	struct buf out = { 0 };

	make_log(place, 3);
	text = read_log(place);
	/* as if a fifth row had been cut in its middle by a power failure */
	buf_add(&out, text);
	buf_add(&out, STR("{\"seq\":5,\"time\":\"2026-01-"));
	write_log(place, buf_str(&out));
	report = verify(place);
	assert_true(report.sound);
	assert_int_equal(report.torn_end, 25);
	finish(open_log(place, 0));
	make_log(place, 1);
	report = verify(place);
	assert_true(report.sound);
	assert_int_equal(report.healed, 1);
	assert_int_equal(report.torn_end, 0);
	assert_true(str_has(read_log(place), STR("{\"seq\":5,\"time\":\"2026-01-\n{\"seq\":5,\"time\":\"2026-01-31T12:00:00.123Z\",\"kind\":\"torn\",\"bytes\":25,")));
	/* what stands in a torn line is bound too */
	buf_clear(&out);
	text = read_log(place);
	buf_add(&out, text);
	out.bytes[str_find(text, STR("2026-01-\n"))] = '3';
	write_log(place, buf_str(&out));
	expect_fault(place, 5, "does not tell of a crash");
	buf_release(&out);
}

static void test_rotation(void **state)
{
	struct place *place = *state;
	struct audit *audit = open_log(place, 1500);
	struct audit_report report;
	char old[128];

	append(audit, 20, 1);
	finish(audit);
	report = verify(place);
	assert_true(report.sound);
	assert_true(report.files >= 3);
	assert_int_equal(report.rows, 20 + report.files);
	snprintf(old, sizeof old, "%s.2", place->log);
	assert_int_equal(unlink(old), 0);
	expect_fault(place, 0, "this file of the log is missing");
}

/* Between the two renames of a rotation. */
static void test_crashed_rotation(void **state)
{
	struct place *place = *state;
	struct audit *audit = open_log(place, 1500);
	char old[128], next[128];

	append(audit, 6, 1);
	finish(audit);
	snprintf(next, sizeof next, "%s.next", place->log);
	snprintf(old, sizeof old, "%s.2", place->log);
	assert_int_equal(access(old, F_OK), -1);
	/* the newest file has its first row only when it was begun just now: take one that has */
	audit = open_log(place, 1);
	append(audit, 1, 7);
	finish(audit);
	assert_int_equal(rename(place->log, next), 0);
	audit = open_log(place, 0);
	append(audit, 1, 8);
	finish(audit);
	assert_true(verify(place).sound);
}

static void test_not_continued(void **state)
{
	struct place *place = *state;
	struct audit_options options = { .path = place->log };
	struct audit *audit = NULL;
	struct err err;

	make_log(place, 3);
	splice(place, (const size_t[]){ 1, 2, 3 }, 3);
	assert_int_equal(audit_open(&audit, &options, &err), -1);
	assert_non_null(strstr(err.text, "ends before its signed head"));
	unlink(place->log);
	assert_int_equal(audit_open(&audit, &options, &err), -1);
	assert_non_null(strstr(err.text, "is gone, and its signed head is there"));
	assert_null(audit);
}

static void test_key_mode(void **state)
{
	struct place *place = *state;
	struct audit_options options = { .path = place->log };
	struct audit *audit;
	struct stat st;
	struct err err;

	assert_int_equal(stat(place->key, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(audit_key_make(place->key, &err), -1);
	assert_int_equal(chmod(place->key, 0640), 0);
	assert_int_equal(audit_open(&audit, &options, &err), -1);
	assert_non_null(strstr(err.text, "chmod 600"));
}

/* Four processes write at once, and files are rotated under them. */
static void test_writers(void **state)
{
	enum { WRITERS = 4, ROWS = 60 };
	struct place *place = *state;
	pid_t pids[WRITERS];
	struct audit_report report;

	for (unsigned i = 0; i < WRITERS; i++) {
		pids[i] = fork();
		assert_true(pids[i] >= 0);
		if (pids[i] == 0) {
			struct audit_options options = { .path = place->log, .sync = AUDIT_SYNC_END, .file_bytes = 16000 };
			struct audit_row row = { .kind = AUDIT_NET, .run = STR("r"), .what = STR("GET https://a.example/") };
			struct audit *audit;
			int failed = audit_open(&audit, &options, NULL);

			for (unsigned j = 0; !failed && j < ROWS; j++)
				failed = audit_append(audit, &row, 1, NULL);
			_exit(failed || audit_close(audit, NULL) < 0);
		}
	}
	for (unsigned i = 0; i < WRITERS; i++) {
		int status;

		assert_int_equal(waitpid(pids[i], &status, 0), pids[i]);
		assert_int_equal(status, 0);
	}
	report = verify(place);
	assert_true(report.sound);
	assert_int_equal(report.rows, WRITERS * ROWS + report.files);
	assert_int_equal(report.signed_rows, report.rows);
}

/* Until some rows more are there, by a writer that never ends. */
static void wait_for_growth(struct place *place)
{
	struct stat st;
	off_t start = stat(place->log, &st) < 0 ? 0 : st.st_size;

	for (int i = 0; i < 20000; i++) {
		if (stat(place->log, &st) == 0 && st.st_size > start + 2000)
			return;
		usleep(1000);
	}
	fail_msg("the writer wrote nothing");
}

/* A writer is killed at any moment: what it left is continued, and sound. */
static void test_killed(void **state)
{
	struct place *place = *state;

	for (int round = 0; round < 10; round++) {
		pid_t pid = fork();
		int status;

		assert_true(pid >= 0);
		if (pid == 0) {
			struct audit_options options = { .path = place->log, .sync = AUDIT_SYNC_EACH };
			struct audit_row row = { .kind = AUDIT_RUN, .run = STR("r") };
			struct audit *audit;

			if (audit_open(&audit, &options, NULL) < 0)
				_exit(1);
			for (;;)
				if (audit_append(audit, &row, 1, NULL) < 0)
					_exit(2);
		}
		wait_for_growth(place);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		assert_true(WIFSIGNALED(status));
		finish(open_log(place, 0));
		assert_true(verify(place).sound);
	}
	assert_true(verify(place).rows > 50);
}

static void test_hostile_fields(void **state)
{
	struct place *place = *state;
	struct audit *audit = open_log(place, 0);
	struct buf huge = { 0 };
	struct audit_row row = { .kind = AUDIT_DENY, .run = STR("r\"},{\"seq\":9\n"), .path = { "/a\0b\xff\x01\x7f\\", 8 },
				 .up = 1, .down = UINT64_C(1) << 40 };
	struct err err;

	assert_int_equal(audit_append(audit, &row, 1, &err), 0);
	for (int i = 0; i < 100000; i++)
		buf_add_byte(&huge, '\x02');
	row.run = row.actor = row.on_behalf_of = row.policy = row.what = row.path = row.digest = buf_str(&huge);
	row.writer = row.verdict = row.rule = row.reason = buf_str(&huge);
	assert_int_equal(audit_append(audit, &row, 1, &err), 0);
	finish(audit);
	assert_true(verify(place).sound);
	assert_int_equal(verify(place).rows, 3);
	assert_true(str_has(read_log(place), STR("[cut, it had 100000 bytes]")));
	assert_true(str_has(read_log(place), STR("\"path\":\"/a\\u0000b\\ufffd\\u0001\\u007f\\\\\"")));
	buf_release(&huge);
}

static void count(const struct audit_row *row, struct str time, struct str line, void *payload)
{
	unsigned *n = payload;

	assert_true(str_has(line, row->path));
	assert_int_equal(time.len, 24);
	(*n)++;
}

static unsigned ask(struct place *place, const char *target)
{
	unsigned n = 0;
	struct err err;

	if (audit_who(place->log, str_of(target), count, &n, &err) < 0)
		fail_msg("%s", err.text);
	return n;
}

static void test_who(void **state)
{
	struct place *place = *state;
	struct audit *audit = open_log(place, 1500);

	append(audit, 12, 1);
	finish(audit);
	assert_int_equal(ask(place, "/work/bin/tool-1"), 1);
	assert_int_equal(ask(place, "/work/bin/tool-12"), 1);
	assert_int_equal(ask(place, "/work/bin/"), 12);
	assert_int_equal(ask(place, "/work/bin"), 0);
	assert_int_equal(ask(place, "ann"), 12);
	assert_int_equal(ask(place, "run-1"), 12);
	assert_int_equal(ask(place, "/etc/passwd"), 0);
}

/* From what the broker notes to a row. */
static void test_net(void **state)
{
	struct place *place = *state;
	struct journal journal = { .mem = &place->mem };
	struct broker_record good = { .time_ms = 1, .allowed = true, .rule = "route", .route = STR("fetch: https://a.example:443"),
				      .method = STR("GET"), .host = STR("a.example"), .path = STR("/x"), .tls = true, .port = 443,
				      .status = 200, .up = 10, .down = 20 };
	struct broker_record bad = { .time_ms = 2, .rule = "host", .method = STR("CONNECT"), .host = STR("b.example"), .port = 22,
				     .status = 403, .reason = STR("No.") };
	struct audit_row row;

	journal_note(&good, &journal);
	journal_note(&bad, &journal);
	journal_note(&good, &journal);
	assert_int_equal(journal.n, 2);
	row = audit_net(&place->mem, &journal.items[0]);
	assert_int_equal(row.kind, AUDIT_NET);
	assert_true(str_eq(row.what, STR("GET https://a.example:443/x")));
	assert_true(str_eq(row.verdict, STR("allowed, answered 200, 2 times")));
	assert_true(str_eq(row.rule, good.route));
	assert_int_equal(row.up, 20);
	assert_int_equal(row.down, 40);
	row = audit_net(&place->mem, &journal.items[1]);
	assert_int_equal(row.kind, AUDIT_DENY);
	assert_true(str_eq(row.what, STR("CONNECT b.example:22")));
	assert_true(str_eq(row.verdict, STR("denied, answered 403")));
	assert_true(str_eq(row.rule, STR("net.host")));
	assert_true(str_eq(row.reason, STR("No.")));
	for (unsigned i = 0; i < JOURNAL_MAX + 5; i++) {
		bad.port = (uint16_t)(1000 + i);
		journal_note(&bad, &journal);
	}
	assert_int_equal(journal.n, JOURNAL_MAX);
	assert_int_equal(journal.dropped, 7);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(test_sound), CASE(test_edit), CASE(test_removal), CASE(test_reorder), CASE(test_double),
		CASE(test_truncation), CASE(test_rebound), CASE(test_head_gone), CASE(test_rollback), CASE(test_torn),
		CASE(test_rotation), CASE(test_crashed_rotation), CASE(test_not_continued), CASE(test_key_mode),
		CASE(test_writers), CASE(test_killed), CASE(test_hostile_fields), CASE(test_who), CASE(test_net),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
