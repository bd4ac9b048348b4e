/* Any bytes as an audit log: read to its end, with faults; and what cannot be sound is not. */
#include <stdio.h>
#include <stdlib.h>

#include "audit_check.h"
#include "base/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str rest = { (const char *)data, size }, line;
	struct audit_report report = { .sound = true };
	struct audit_check check = { .mem = &mem, .report = &report };
	struct audit_line row;
	size_t n = 0;

	arena_init(&mem, 64 << 20);
	audit_check_file(&check, STR("log"));
	while (str_cut_line(&rest, &line)) {
		bool whole = line.p + line.len < (const char *)data + size;

		n++;
		if (whole)
			audit_check_line(&check, line);
		else
			audit_check_fragment(&check, line);
		if (audit_line_read(&row, line) == 0) {
			struct audit_row fields;

			audit_line_row(&row, &fields);
			audit_line_release(&row);
		}
	}
	audit_check_end(&check);
	require(report.rows <= n && report.healed <= n, "no more rows than lines");
	require(report.faults.n <= 100, "a cap on faults");
	require(report.sound == (report.faults.n == 0), "sound means no fault");
	return 0;
}
