#include "audit_check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

enum { FAULTS_MAX = 100 }; /* that are listed; one breach can make many */

void audit_check_fault(struct audit_check *check, uint64_t line, const char *fmt, ...)
{
	struct audit_report *report = check->report;
	struct audit_fault fault = { check->file, line, { 0 } };
	char text[512];
	va_list args;

	report->sound = false;
	if (report->faults.n == FAULTS_MAX)
		return;
	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	fault.text = arena_str(check->mem, str_of(text));
	ARENA_PUSH(check->mem, &report->faults, fault);
}

void audit_check_file(struct audit_check *check, struct str name)
{
	check->file = name;
	check->line = 0;
	check->files++;
	check->report->files++;
}

/* A line that is no row is one that a crash tore only if the next row tells so. */
static void end_torn(struct audit_check *check, const struct audit_line *row)
{
	struct audit_hash told;

	check->torn = false;
	if (row && strcmp(row->kind, "torn") == 0 &&
	    audit_line_number(row, "bytes") == check->torn_bytes &&
	    audit_hex_read(&told, audit_line_str(row, "digest")) == 0 &&
	    memcmp(&told, &check->torn_digest, sizeof told) == 0) {
		check->report->healed++;
		return;
	}
	audit_check_fault(
		check, check->line - 1,
		"this is no row of an audit log, and the next row does not tell of a crash");
}

static void check_start(struct audit_check *check, const struct audit_line *row)
{
	struct audit_hash before;
	uint64_t file = audit_line_number(row, "file");

	if (check->line != 1)
		audit_check_fault(check, check->line, "a row that begins a file stands within it");
	if (file != check->files && check->files > 0)
		audit_check_fault(check, check->line,
				  "this is file %" PRIu64 ", and should be file %" PRIu64, file,
				  check->files);
	if (!check->lost && (audit_hex_read(&before, audit_line_str(row, "prev")) < 0 ||
			     memcmp(&before, &check->chain.hash, sizeof before) != 0))
		audit_check_fault(check, check->line,
				  "this file is not bound to the end of the one before it");
	if (check->lost && audit_hex_read(&before, audit_line_str(row, "prev")) == 0) {
		check->chain = (struct audit_chain){ row->seq - 1, before };
		check->lost = false;
	}
}

static void check_place(struct audit_check *check, const struct audit_line *row)
{
	uint64_t due = check->chain.seq + 1;

	if (check->lost || row->seq == due)
		return;
	if (row->seq > due)
		audit_check_fault(check, check->line,
				  "rows %" PRIu64 " to %" PRIu64 " are missing before this line",
				  due, row->seq - 1);
	else
		audit_check_fault(check, check->line,
				  "row %" PRIu64 " stands where row %" PRIu64 " should", row->seq,
				  due);
}

static void check_hash(struct audit_check *check, const struct audit_line *row)
{
	struct audit_hash want;

	audit_digest(&want, &check->chain.hash, row->hashed);
	if (check->lost || memcmp(&want, &row->hash, sizeof want) == 0)
		return;
	audit_check_fault(check, check->line,
			  "row %" PRIu64 " was changed, or is not bound to the line before it",
			  row->seq);
}

static void meet(struct audit_check *check, const struct audit_line *row)
{
	if (check->has_known && memcmp(&check->known, &row->hash, sizeof row->hash) == 0)
		check->known_met = true;
	if (row->seq != check->head.seq)
		return;
	check->head_met = memcmp(&check->head.hash, &row->hash, sizeof row->hash) == 0;
	if (!check->head_met)
		audit_check_fault(
			check, check->line,
			"row %" PRIu64
			" is not the one that was signed: rows before it were changed and bound anew",
			row->seq);
}

void audit_check_line(struct audit_check *check, struct str text)
{
	struct audit_line row;

	check->line++;
	if (audit_line_read(&row, text) < 0) {
		if (check->torn)
			end_torn(check, NULL);
		check->torn = true;
		check->torn_bytes = text.len;
		audit_digest(&check->torn_digest, NULL, text);
		return;
	}
	if (check->torn)
		end_torn(check, &row);
	if (check->line == 1 && strcmp(row.kind, "start") != 0)
		audit_check_fault(check, 1, "the first row of this file is missing");
	if (strcmp(row.kind, "start") == 0)
		check_start(check, &row);
	check_place(check, &row);
	check_hash(check, &row);
	check->lost = false;
	check->chain = (struct audit_chain){ row.seq, row.hash };
	meet(check, &row);
	check->report->rows++;
	audit_line_release(&row);
}

void audit_check_fragment(struct audit_check *check, struct str text)
{
	check->line++;
	if (check->torn)
		end_torn(check, NULL);
	check->report->torn_end = text.len;
}

void audit_check_end(struct audit_check *check)
{
	struct audit_report *report = check->report;

	if (check->torn) {
		check->line++;
		end_torn(check, NULL);
	}
	report->signed_rows = check->head.seq;
	audit_hex(report->head, &check->chain.hash);
	if (check->head.seq > check->chain.seq)
		audit_check_fault(check, 0,
				  "rows %" PRIu64 " to %" PRIu64 " are cut off: they were signed",
				  check->chain.seq + 1, check->head.seq);
	else if (check->head.seq && !check->head_met)
		audit_check_fault(check, 0, "row %" PRIu64 ", which was signed, is missing",
				  check->head.seq);
	if (check->has_known && !check->known_met)
		audit_check_fault(
			check, 0,
			"the head that was kept elsewhere does not occur: this is another log, or an older one");
}
