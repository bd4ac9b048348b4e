#include <jansson.h>
#include <stdlib.h>

#include "base/scope.h"
#include "excerpt.h"
#include "flow/answer.h"
#include "flow/run.h"

enum {
	MAX_SKIPPED = 5000,
	MAX_NOTICES = 200,
	ENOUGH = ANSWER_MAX_BYTES / 4 * 3, /* no more findings from here on: the rest of the text needs room */
};

/* Bytes that are no UTF-8 cannot be in JSON: nothing can be said on such a path, but it can be named. */
static json_t *text(struct arena *mem, struct str s, size_t max)
{
	char *copy;

	if (s.len > max) {
		s.len = max;
		while (s.len && ((unsigned char)s.p[s.len] & 0xc0) == 0x80)
			s.len--;
	}
	if (str_is_utf8(s))
		return json_stringn(s.len ? s.p : "", s.len);
	copy = arena_z(mem, s);
	for (size_t i = 0; i < s.len;) {
		size_t n = str_utf8_len(copy + i, s.len - i);

		if (n == 1 && ((unsigned char)copy[i] & 0x80))
			copy[i] = '?';
		i += n;
	}
	return json_stringn(copy, s.len);
}

/* One document as a line. Takes `root` over. */
static int write_line(struct buf *out, json_t *root, struct err *err)
{
	char *line = json_dumps(root, JSON_COMPACT);

	json_decref(root);
	if (!line)
		return err_set(err, ERR_TEMP, "out of memory");
	buf_add(out, str_of(line));
	buf_add_byte(out, '\n');
	free(line);
	return 0;
}

/* "3 2-4+1 ": runs of kinds; the numbers follow from where the hunk begins. */
static json_t *write_hunk(const struct hunk *hunk)
{
	AUTO_BUF struct buf runs = { 0 };

	for (size_t i = 0; i < hunk->n;) {
		size_t n = 1;

		while (i + n < hunk->n && hunk->lines[i + n].kind == hunk->lines[i].kind)
			n++;
		buf_printf(&runs, "%zu%c", n, hunk->lines[i].kind);
		i += n;
	}
	return json_pack("[I,I,s%]", (json_int_t)hunk->old_start, (json_int_t)hunk->new_start,
			 runs.bytes ? runs.bytes : "", runs.len);
}

static json_t *write_file(struct arena *mem, const struct change *change)
{
	json_t *hunks = json_array();

	for (size_t i = 0; change->skip == SKIP_NONE && i < change->n_hunks; i++)
		json_array_append_new(hunks, write_hunk(&change->hunks[i]));
	return json_pack("{s:i,s:i,s:o,s:o,s:I,s:I,s:o}", "status", change->status, "skip",
			 change->skip, "old", text(mem, change->old_path, ANSWER_MAX_NAME), "new",
			 text(mem, change->new_path, ANSWER_MAX_NAME), "added",
			 (json_int_t)change->added, "removed", (json_int_t)change->removed, "hunks",
			 hunks);
}

int answer_write_lines(struct buf *out, const struct run *run, struct err *err)
{
	AUTO_ARENA struct arena mem;
	json_t *files = json_array();
	const struct changeset *changes = &run->changes;

	arena_init(&mem, RUN_MEMORY);
	for (int other = 0; other < 2; other++)
		for (size_t i = 0; i < changes->n && json_array_size(files) < ANSWER_MAX_FILES; i++)
			if ((changes->items[i].skip != SKIP_NONE) == other)
				json_array_append_new(files, write_file(&mem, &changes->items[i]));
	return write_line(out,
			  json_pack("{s:i,s:s,s:s,s:o}", "version", 1, "base", run->base.oid, "head",
				    run->head.oid, "files", files),
			  err);
}

static json_t *write_fix(struct arena *mem, const struct comment_fix *fix)
{
	return json_pack("{s:b,s:b,s:I,s:I,s:o,s:o,s:o}", "click", fix->clickable, "long",
			 fix->too_long, "line", (json_int_t)fix->line, "last",
			 (json_int_t)fix->last, "before", text(mem, fix->before, ANSWER_MAX_TEXT),
			 "after", text(mem, fix->after, ANSWER_MAX_TEXT), "title",
			 text(mem, fix->title, ANSWER_MAX_NAME));
}

/* [["+", old, new, "text"], ...] */
static json_t *write_excerpt(struct arena *mem, const struct excerpt *excerpt)
{
	json_t *list = json_array();

	for (size_t i = 0; i < excerpt->n; i++) {
		const struct excerpt_line *line = &excerpt->items[i];

		json_array_append_new(list, json_pack("[s%,I,I,o]", &line->at.kind, (size_t)1,
						      (json_int_t)line->at.old_line, (json_int_t)line->at.new_line,
						      text(mem, line->text, EXCERPT_MAX_LINE)));
	}
	return list;
}

static const struct change *change_of(const struct run *run, struct str path)
{
	for (size_t i = 0; i < run->changes.n; i++)
		if (run->changes.items[i].skip == SKIP_NONE &&
		    str_eq(run->changes.items[i].new_path, path))
			return &run->changes.items[i];
	return NULL;
}

static json_t *write_finding(struct arena *mem, const struct run *run, const struct finding *f,
			     int list)
{
	const struct change *change = change_of(run, f->path);
	const struct span *s = &f->span;
	struct comment_fix fix;
	json_t *json;

	json = json_pack("{s:i,s:s,s:s,s:s,s:b,s:I,s:[I,I,I,I,I,I],s:[I,I]}", "list", list, "severity",
			 severity_name(f->severity), "confidence", confidence_name(f->confidence),
			 "fingerprint", f->fingerprint, "in_diff", f->in_diff, "rank",
			 (json_int_t)f->rank, "span", (json_int_t)s->start, (json_int_t)s->end,
			 (json_int_t)s->start_line, (json_int_t)s->start_column,
			 (json_int_t)s->end_line, (json_int_t)s->end_column, "anchor",
			 (json_int_t)f->anchor_start_line, (json_int_t)f->anchor_line);
	json_object_set_new(json, "tool", text(mem, f->tool, ANSWER_MAX_NAME));
	json_object_set_new(json, "rule", text(mem, f->rule_id, ANSWER_MAX_NAME));
	json_object_set_new(json, "category", text(mem, f->category, ANSWER_MAX_NAME));
	json_object_set_new(json, "message", text(mem, f->message, ANSWER_MAX_TEXT));
	json_object_set_new(json, "note", text(mem, f->note, ANSWER_MAX_TEXT));
	json_object_set_new(json, "url", text(mem, f->url, ANSWER_MAX_NAME));
	json_object_set_new(json, "cwe", text(mem, f->cwe, ANSWER_MAX_NAME));
	json_object_set_new(json, "path", text(mem, f->path, ANSWER_MAX_NAME));
	json_object_set_new(json, "text", text(mem, f->text, ANSWER_MAX_TEXT));
	json_object_set_new(json, "symbol", text(mem, f->symbol, ANSWER_MAX_NAME));
	json_object_set_new(json, "language", text(mem, f->language, ANSWER_MAX_NAME));
	if (list < 2 && change && comment_fix_make(&fix, mem, f, change, change->new_text))
		json_object_set_new(json, "fix", write_fix(mem, &fix));
	return json;
}

/* Findings beyond a cap: their files count as not looked at, so that nobody takes them for fixed. */
struct lists {
	struct run   *run;
	struct masked masked;
	json_t       *findings;
	size_t        bytes, left, excerpts;
};

static void add_excerpt(struct lists *lists, struct arena *mem, json_t *json, const struct finding *f)
{
	struct excerpt excerpt;

	if (lists->excerpts++ >= EXCERPT_FINDINGS)
		return;
	excerpt_make(&excerpt, mem, &lists->masked, f);
	if (excerpt.n)
		json_object_set_new(json, "excerpt", write_excerpt(mem, &excerpt));
	lists->bytes += excerpt.n * (EXCERPT_MAX_LINE + 40);
}

static void add_list(struct lists *lists, const struct finding_list *from, int list)
{
	for (size_t i = 0; i < from->n; i++) {
		AUTO_ARENA struct arena mem;
		const struct finding *f = &from->items[i];

		arena_init(&mem, RUN_MEMORY);
		if (json_array_size(lists->findings) < ANSWER_MAX_FINDINGS && lists->bytes < ENOUGH) {
			json_t *one = write_finding(&mem, lists->run, f, list);

			if (list < 2)
				add_excerpt(lists, &mem, one, f);
			json_array_append_new(lists->findings, one);
			/* escapes make a text up to six times as long */
			lists->bytes += 1000 + f->text.len + f->message.len + f->note.len + 2 * f->fix.text.len;
			continue;
		}
		lists->left++;
		if (list < 2)
			review_skip(&lists->run->review, f->path, SKIP_LIMIT, STR("too many findings"));
	}
}

static json_t *write_findings(struct arena *mem, struct run *run)
{
	struct lists lists = { .run = run, .findings = json_array() };
	struct review *review = &run->review;

	masked_init(&lists.masked, mem, &run->changes);
	add_list(&lists, &review->findings, 0);
	add_list(&lists, &review->held_back, 1);
	add_list(&lists, &review->suppressed, 2);
	if (lists.left) {
		review->limited = true;
		review_notice(review, "%zu more findings than an answer can hold are left out", lists.left);
	}
	return lists.findings;
}

static json_t *write_skipped(struct arena *mem, struct review *review)
{
	json_t *list = json_array();

	for (size_t i = 0; i < review->skipped.n && i < MAX_SKIPPED; i++) {
		const struct skipped *s = &review->skipped.items[i];

		json_array_append_new(list, json_pack("[o,i,o]", text(mem, s->path, ANSWER_MAX_NAME),
						      s->reason,
						      text(mem, s->detail, ANSWER_MAX_NAME)));
	}
	if (review->skipped.n > MAX_SKIPPED)
		review_notice(review, "%zu more files were skipped", review->skipped.n - MAX_SKIPPED);
	return list;
}

int answer_write_review(struct buf *out, struct run *run, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct review *review = &run->review;
	const struct config_caps *caps = &run->config.caps;
	json_t *findings, *skipped, *notices = json_array();

	arena_init(&mem, RUN_MEMORY);
	findings = write_findings(&mem, run);
	skipped = write_skipped(&mem, review);
	for (size_t i = 0; i < review->notices.n && i < MAX_NOTICES; i++)
		json_array_append_new(notices, text(&mem, review->notices.items[i].text, ANSWER_MAX_NAME));
	return write_line(out,
			  json_pack("{s:i,s:I,s:I,s:I,s:b,s:o,s:[I,I,I],s:s,s:o,s:o,s:o}", "version", 1,
				    "files", (json_int_t)review->files, "changed",
				    (json_int_t)review->changed_files, "added",
				    (json_int_t)review->added_lines, "limited", review->limited,
				    "compared", text(&mem, review->compared, ANSWER_MAX_NAME), "caps",
				    (json_int_t)caps->comments, (json_int_t)caps->per_file,
				    (json_int_t)caps->per_rule, "fail_on",
				    severity_name(run->config.fail_on), "findings", findings, "skipped",
				    skipped, "notices", notices),
			  err);
}
