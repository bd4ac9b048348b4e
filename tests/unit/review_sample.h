/* review_sample.h - small reviews for the tests of the folder review. */
#pragma once
/* cmocka wants these before it */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/arena.h"
#include "model/review.h"

struct sample {
	struct arena mem;
	struct changeset changes;
	struct review review;
};

static inline void sample_init(struct sample *sample)
{
	*sample = (struct sample){ 0 };
	arena_init(&sample->mem, 512 << 20);
	sample->review.mem = &sample->mem;
	sample->review.is_change = true;
	sample->review.changes = &sample->changes;
	memcpy(sample->review.base_oid, "1111111111111111111111111111111111111111", OID_HEX + 1);
	memcpy(sample->review.head_oid, "2222222222222222222222222222222222222222", OID_HEX + 1);
}

static inline void sample_release(struct sample *sample)
{
	arena_release(&sample->mem);
}

/* A changed file with one hunk: lines first..last of the new side, all of them added. */
static inline void sample_file(struct sample *sample, const char *path, struct str text,
			       uint32_t first, uint32_t last)
{
	struct hunk *hunk = ARENA_NEW(&sample->mem, struct hunk);
	struct change change = { .status = CHANGE_MODIFIED, .hunks = hunk, .n_hunks = 1 };

	hunk->new_start = first;
	hunk->new_lines = last - first + 1;
	hunk->n = hunk->new_lines;
	hunk->lines = ARENA_ARRAY(&sample->mem, hunk->n, struct diff_line);
	for (uint32_t i = 0; i < hunk->n; i++)
		hunk->lines[i] = (struct diff_line){ .new_line = first + i, .kind = '+' };
	change.new_path = change.old_path = str_of(path);
	change.new_text = text;
	ARENA_PUSH(&sample->mem, &sample->changes, change);
	sample->review.files++;
	sample->review.changed_files++;
}

static inline const struct change *sample_change(const struct sample *sample, struct str path)
{
	for (size_t i = 0; i < sample->changes.n; i++)
		if (str_eq(sample->changes.items[i].new_path, path))
			return &sample->changes.items[i];
	return NULL;
}

static inline struct span sample_span(struct str text, size_t start, size_t end)
{
	struct span span = { .start = (uint32_t)start, .end = (uint32_t)end };
	uint32_t line = 1, column = 1;

	for (size_t i = 0; i <= text.len;) {
		if (i == start) {
			span.start_line = line;
			span.start_column = column;
		}
		if (i == end) {
			span.end_line = line;
			span.end_column = column;
		}
		if (i == text.len)
			break;
		size_t n = str_utf8_len(text.p + i, text.len - i);

		column++;
		if (text.p[i] == '\n') {
			line++;
			column = 1;
		}
		i += n;
	}
	return span;
}

/* A finding on the first place of `what` in a file of the sample. */
static inline struct finding sample_finding(const struct sample *sample, const char *path,
					    const char *what)
{
	struct finding finding = {
		.tool = STR("outrider"),
		.rule_id = STR("python-eval-input"),
		.severity = SEVERITY_WARNING,
		.confidence = CONFIDENCE_HIGH,
		.category = STR("security"),
		.message = STR("The text of a user is run as code."),
		.url = STR("https://example.org/rules/python-eval-input"),
		.cwe = STR("CWE-95"),
		.path = str_of(path),
		.symbol = STR("Reader.read"),
		.language = STR("python"),
		.fingerprint = "0123456789abcdef0123456789abcdef",
	};
	const struct change *change = sample_change(sample, finding.path);
	struct anchor anchor;
	uint32_t last;
	size_t at;

	assert_non_null(change);
	at = str_find(change->new_text, str_of(what));
	assert_int_not_equal(at, SIZE_MAX);
	finding.span = sample_span(change->new_text, at, at + strlen(what));
	finding.text = str_sub(change->new_text, at, at + strlen(what));
	/* a range that ends with its line end does not stand on the next line */
	last = finding.span.end_line -
	       (finding.span.end_column == 1 && finding.span.end_line > finding.span.start_line);
	if (change_anchor(change, finding.span.start_line, last, &anchor)) {
		finding.in_diff = true;
		finding.anchor_start_line = anchor.start_line;
		finding.anchor_line = anchor.line;
	}
	return finding;
}

static inline void sample_fix(struct finding *finding, const char *text)
{
	finding->has_fix = true;
	finding->fix =
		(struct fix){ finding->span.start, finding->span.end, str_of(text), STR(""), true };
}

static inline void sample_add(struct sample *sample, struct finding finding)
{
	ARENA_PUSH(&sample->mem, &sample->review.findings, finding);
}
