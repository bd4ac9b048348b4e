#include "answer_value.h"
#include "base/scope.h"

enum {
	MAX_HUNKS = 200000,  /* of one answer */
	MAX_LINES = 4000000, /* of all hunks, 12 bytes each: twice what a diff may have */
	MAX_LINE = 1 << 30,
};

static void auto_json(json_t **json)
{
	json_decref(*json);
}
#define AUTO_JSON AUTO(auto_json)

/* What is left of the caps, and where reading is, for messages. */
struct reader {
	struct arena *mem;
	struct answer *answer;
	size_t        hunks, lines;
	struct err   *err;
};

static int wrong(struct reader *r, const char *what)
{
	return err_input(r->err, "the analyst's answer is wrong: %s", what);
}

/* Copied; one over the cap is wrong, since who writes keeps it. */
static bool get_text(struct str *out, struct reader *r, const json_t *json, size_t max)
{
	struct str s = { json_string_value(json), json_string_length(json) };

	if (!json_is_string(json) || s.len > max)
		return false;
	*out = arena_str(r->mem, s);
	return true;
}

/* ---- the table of lines ---- */

static size_t count_runs(struct str runs)
{
	size_t all = 0, n = 0;

	for (size_t i = 0; i < runs.len; i++) {
		char c = runs.p[i];

		if (c >= '0' && c <= '9') {
			n = n * 10 + (size_t)(c - '0');
			if (n > MAX_LINES)
				return SIZE_MAX;
			continue;
		}
		if (n == 0 || (c != ' ' && c != '+' && c != '-'))
			return SIZE_MAX;
		all += n;
		n = 0;
		if (all > MAX_LINES)
			return SIZE_MAX;
	}
	return n ? SIZE_MAX : all;
}

static void add_lines(struct hunk *hunk, char kind, size_t n)
{
	while (n--) {
		struct diff_line *line = &hunk->lines[hunk->n++];

		line->kind = kind;
		line->old_line = kind == '+' ? 0 : hunk->old_start + hunk->old_lines++;
		line->new_line = kind == '-' ? 0 : hunk->new_start + hunk->new_lines++;
	}
}

static bool read_hunk(struct hunk *out, struct reader *r, const json_t *json)
{
	struct hunk hunk = { 0 };
	struct str runs;
	size_t all, n = 0;

	if (json_array_size(json) != 3 ||
	    !get_u32(&hunk.old_start, json_array_get(json, 0), MAX_LINE) ||
	    !get_u32(&hunk.new_start, json_array_get(json, 1), MAX_LINE) ||
	    !json_is_string(json_array_get(json, 2)))
		return false;
	runs = (struct str){ json_string_value(json_array_get(json, 2)),
			     json_string_length(json_array_get(json, 2)) };
	all = count_runs(runs);
	if (all > r->lines)
		return false;
	r->lines -= all;
	hunk.lines = ARENA_ARRAY(r->mem, all + 1, struct diff_line);
	for (size_t i = 0; i < runs.len; i++) {
		if (runs.p[i] >= '0' && runs.p[i] <= '9') {
			n = n * 10 + (size_t)(runs.p[i] - '0');
		} else {
			add_lines(&hunk, runs.p[i], n);
			n = 0;
		}
	}
	*out = hunk;
	return true;
}

static bool read_hunks(struct change *change, struct reader *r, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > r->hunks)
		return false;
	r->hunks -= n;
	change->hunks = ARENA_ARRAY(r->mem, n + 1, struct hunk);
	change->n_hunks = n;
	for (size_t i = 0; i < n; i++) {
		const struct hunk *before = i ? &change->hunks[i - 1] : NULL;

		if (!read_hunk(&change->hunks[i], r, json_array_get(list, i)))
			return false;
		if (before && change->hunks[i].new_start < before->new_start + before->new_lines)
			return false; /* in order, and apart */
	}
	return true;
}

static bool read_file(struct change *out, struct reader *r, const json_t *json)
{
	struct change change = { .skip = SKIP_NONE };
	uint64_t status, skip;

	if (!get_number(&status, json_object_get(json, "status"), CHANGE_MODE) ||
	    !get_number(&skip, json_object_get(json, "skip"), SKIP_COUNT - 1) ||
	    !get_text(&change.old_path, r, json_object_get(json, "old"), ANSWER_MAX_NAME) ||
	    !get_text(&change.new_path, r, json_object_get(json, "new"), ANSWER_MAX_NAME) ||
	    !get_u32(&change.added, json_object_get(json, "added"), MAX_LINE) ||
	    !get_u32(&change.removed, json_object_get(json, "removed"), MAX_LINE) ||
	    !read_hunks(&change, r, json_object_get(json, "hunks")))
		return false;
	change.status = (enum change_status)status;
	change.skip = (enum change_skip)skip;
	*out = change;
	return true;
}

static int read_lines(struct reader *r, struct str text)
{
	struct changeset *changes = &r->answer->changes;
	AUTO_JSON json_t *root = NULL;
	const json_t *files;

	if (parse(&root, text, r->err) < 0)
		return -1;
	files = json_object_get(root, "files");
	if (!get_oid(changes->base_oid, json_object_get(root, "base")) ||
	    !get_oid(changes->head_oid, json_object_get(root, "head")) || !json_is_array(files) ||
	    json_array_size(files) > ANSWER_MAX_FILES)
		return wrong(r, "its table of lines");
	for (size_t i = 0; i < json_array_size(files); i++) {
		struct change change;

		if (!read_file(&change, r, json_array_get(files, i)))
			return wrong(r, "a file of its table of lines");
		ARENA_PUSH(r->mem, changes, change);
	}
	return 0;
}

/* ---- the review ---- */

static const struct {
	const char *key;
	size_t      at, max;
} texts[] = {
	{ "tool", offsetof(struct finding, tool), ANSWER_MAX_NAME },
	{ "rule", offsetof(struct finding, rule_id), ANSWER_MAX_NAME },
	{ "category", offsetof(struct finding, category), ANSWER_MAX_NAME },
	{ "message", offsetof(struct finding, message), ANSWER_MAX_TEXT },
	{ "note", offsetof(struct finding, note), ANSWER_MAX_TEXT },
	{ "url", offsetof(struct finding, url), ANSWER_MAX_NAME },
	{ "cwe", offsetof(struct finding, cwe), ANSWER_MAX_NAME },
	{ "path", offsetof(struct finding, path), ANSWER_MAX_NAME },
	{ "text", offsetof(struct finding, text), ANSWER_MAX_TEXT },
	{ "symbol", offsetof(struct finding, symbol), ANSWER_MAX_NAME },
	{ "language", offsetof(struct finding, language), ANSWER_MAX_NAME },
};

static bool read_texts(struct finding *f, struct reader *r, const json_t *json)
{
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct str s;

		if (!get_text(&s, r, json_object_get(json, texts[i].key), texts[i].max))
			return false;
		memcpy((char *)f + texts[i].at, &s, sizeof s);
	}
	return f->path.len && f->rule_id.len;
}

static bool read_words(struct finding *f, const json_t *json)
{
	struct str severity = str_of(json_string_value(json_object_get(json, "severity")));
	struct str confidence = str_of(json_string_value(json_object_get(json, "confidence")));
	struct str print = str_of(json_string_value(json_object_get(json, "fingerprint")));

	if (!severity_parse(severity, &f->severity) || f->severity == SEVERITY_OFF ||
	    print.len != FINGERPRINT_HEX || strspn(print.p, "0123456789abcdef") != FINGERPRINT_HEX)
		return false;
	memcpy(f->fingerprint, print.p, FINGERPRINT_HEX + 1);
	for (int i = CONFIDENCE_LOW; i <= CONFIDENCE_HIGH; i++) {
		f->confidence = (enum confidence)i;
		if (str_eq(confidence, str_of(confidence_name(f->confidence))))
			return true;
	}
	return false;
}

static bool read_numbers(struct finding *f, const json_t *json)
{
	const json_t *span = json_object_get(json, "span"), *anchor = json_object_get(json, "anchor");
	struct span *s = &f->span;
	uint32_t *const numbers[] = { &s->start,    &s->end,	&s->start_line, &s->start_column,
				      &s->end_line, &s->end_column };

	if (json_array_size(span) != COUNT(numbers) || json_array_size(anchor) != 2)
		return false;
	for (size_t i = 0; i < COUNT(numbers); i++)
		if (!get_u32(numbers[i], json_array_get(span, i), MAX_LINE))
			return false;
	return s->start <= s->end && s->start_line && s->start_line <= s->end_line &&
	       get_u32(&f->anchor_start_line, json_array_get(anchor, 0), MAX_LINE) &&
	       get_u32(&f->anchor_line, json_array_get(anchor, 1), MAX_LINE) &&
	       get_number(&f->rank, json_object_get(json, "rank"), UINT32_MAX) &&
	       get_bool(&f->in_diff, json_object_get(json, "in_diff"));
}

static const struct change *change_of(const struct changeset *changes, struct str path)
{
	for (size_t i = 0; i < changes->n; i++)
		if (changes->items[i].skip == SKIP_NONE && str_eq(changes->items[i].new_path, path))
			return &changes->items[i];
	return NULL;
}

/* A finding of another file, or on lines that no reader of the change sees, is none. */
static bool is_real(const struct finding *f, const struct changeset *changes)
{
	const struct change *change = change_of(changes, f->path);
	struct anchor anchor;

	if (!change)
		return false;
	return !f->in_diff ||
	       (f->anchor_start_line && f->anchor_start_line <= f->anchor_line &&
		change_anchor(change, f->anchor_start_line, f->anchor_line, &anchor) && anchor.exact);
}

static bool read_fix(struct comment_fix *out, struct reader *r, const json_t *json)
{
	struct comment_fix fix = { 0 };

	if (!get_bool(&fix.clickable, json_object_get(json, "click")) ||
	    !get_bool(&fix.too_long, json_object_get(json, "long")) ||
	    !get_u32(&fix.line, json_object_get(json, "line"), MAX_LINE) ||
	    !get_u32(&fix.last, json_object_get(json, "last"), MAX_LINE) ||
	    !get_text(&fix.before, r, json_object_get(json, "before"), ANSWER_MAX_TEXT) ||
	    !get_text(&fix.after, r, json_object_get(json, "after"), ANSWER_MAX_TEXT) ||
	    !get_text(&fix.title, r, json_object_get(json, "title"), ANSWER_MAX_NAME))
		return false;
	*out = fix;
	return true;
}

static bool read_excerpt_line(struct excerpt_line *out, struct reader *r, const json_t *json)
{
	const char *kind = json_string_value(json_array_get(json, 0));

	if (json_array_size(json) != 4 || !kind || strlen(kind) != 1 || !strchr(" +-", kind[0]) ||
	    !get_u32(&out->at.old_line, json_array_get(json, 1), MAX_LINE) ||
	    !get_u32(&out->at.new_line, json_array_get(json, 2), MAX_LINE) ||
	    !get_text(&out->text, r, json_array_get(json, 3), EXCERPT_MAX_LINE))
		return false;
	out->at.kind = kind[0];
	return true;
}

static bool read_excerpt(struct excerpt *out, struct reader *r, const json_t *json)
{
	if (json_array_size(json) > EXCERPT_LINES)
		return false;
	for (size_t i = 0; i < json_array_size(json); i++) {
		struct excerpt_line line;

		if (!read_excerpt_line(&line, r, json_array_get(json, i)))
			return false;
		ARENA_PUSH(r->mem, out, line);
	}
	return true;
}

/* Three passes, so that fixes stand in the order of the lists. */
static int read_list(struct reader *r, const json_t *all, uint64_t want, struct finding_list *to,
		     size_t *n_fixes)
{
	for (size_t i = 0; i < json_array_size(all); i++) {
		const json_t *json = json_array_get(all, i), *fix = json_object_get(json, "fix");
		struct finding f = { .suppression = want == 2 ? SUPPRESSED_IN_SOURCE : SUPPRESSED_NOT };
		struct answer *a = r->answer;
		uint64_t list;

		if (!get_number(&list, json_object_get(json, "list"), 2))
			return wrong(r, "a finding");
		if (list != want)
			continue;
		if (!read_texts(&f, r, json) || !read_words(&f, json) || !read_numbers(&f, json))
			return wrong(r, "a finding");
		if (!is_real(&f, &a->changes)) {
			a->dropped++;
			continue;
		}
		if (want < 2 && fix) {
			if (!read_fix(&a->fixes[*n_fixes], r, fix))
				return wrong(r, "a fix");
			a->has_fix[*n_fixes] = true;
		}
		if (want < 2 && !read_excerpt(&a->excerpts[*n_fixes], r, json_object_get(json, "excerpt")))
			return wrong(r, "an excerpt");
		*n_fixes += want < 2;
		ARENA_PUSH(r->mem, to, f);
	}
	return 0;
}

static int read_findings(struct reader *r, const json_t *all)
{
	struct review *review = &r->answer->review;
	struct finding_list *const lists[] = { &review->findings, &review->held_back,
					       &review->suppressed };
	size_t n = json_array_size(all), n_fixes = 0;

	if (!json_is_array(all) || n > ANSWER_MAX_FINDINGS)
		return wrong(r, "its findings");
	r->answer->fixes = ARENA_ARRAY(r->mem, n + 1, struct comment_fix);
	r->answer->has_fix = ARENA_ARRAY(r->mem, n + 1, bool);
	r->answer->excerpts = ARENA_ARRAY(r->mem, n + 1, struct excerpt);
	for (size_t i = 0; i < COUNT(lists); i++)
		if (read_list(r, all, i, lists[i], &n_fixes) < 0)
			return -1;
	return 0;
}

static int read_skipped(struct reader *r, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *json = json_array_get(list, i);
		struct str path, detail;
		uint64_t reason;

		if (json_array_size(json) != 3 ||
		    !get_text(&path, r, json_array_get(json, 0), ANSWER_MAX_NAME) ||
		    !get_number(&reason, json_array_get(json, 1), SKIP_COUNT - 1) ||
		    !get_text(&detail, r, json_array_get(json, 2), ANSWER_MAX_NAME))
			return wrong(r, "a skipped file");
		review_skip(&r->answer->review, path, (enum change_skip)reason, detail);
	}
	return json_is_array(list) ? 0 : wrong(r, "its skipped files");
}

static int read_notices(struct reader *r, const json_t *list)
{
	for (size_t i = 0; i < json_array_size(list); i++) {
		struct str text;

		if (!get_text(&text, r, json_array_get(list, i), ANSWER_MAX_NAME))
			return wrong(r, "a notice");
		review_notice(&r->answer->review, "%.*s", STR_ARG(text));
	}
	return json_is_array(list) ? 0 : wrong(r, "its notices");
}

static int read_head(struct reader *r, const json_t *root)
{
	struct review *review = &r->answer->review;
	const json_t *caps = json_object_get(root, "caps");
	uint64_t files, changed, comments, per_file, per_rule;
	struct str fail_on;

	if (!get_number(&files, json_object_get(root, "files"), MAX_LINE) ||
	    !get_number(&changed, json_object_get(root, "changed"), MAX_LINE) ||
	    !get_u32(&review->added_lines, json_object_get(root, "added"), UINT32_MAX) ||
	    !get_bool(&review->limited, json_object_get(root, "limited")) ||
	    !get_text(&review->compared, r, json_object_get(root, "compared"), ANSWER_MAX_NAME) ||
	    json_array_size(caps) != 3 || !get_number(&comments, json_array_get(caps, 0), 1000) ||
	    !get_number(&per_file, json_array_get(caps, 1), 1000) ||
	    !get_number(&per_rule, json_array_get(caps, 2), 1000) ||
	    !get_text(&fail_on, r, json_object_get(root, "fail_on"), 20) ||
	    !severity_parse(fail_on, &r->answer->fail_on))
		return wrong(r, "its head");
	review->files = files;
	review->changed_files = changed;
	r->answer->caps = (struct caps){ comments, per_file, per_rule };
	return 0;
}

static int read_review(struct reader *r, struct str text)
{
	struct answer *a = r->answer;
	AUTO_JSON json_t *root = NULL;

	if (parse(&root, text, r->err) < 0)
		return -1;
	a->review.mem = r->mem;
	a->review.is_change = true;
	memcpy(a->review.base_oid, a->changes.base_oid, sizeof a->review.base_oid);
	memcpy(a->review.head_oid, a->changes.head_oid, sizeof a->review.head_oid);
	if (read_head(r, root) < 0 || read_findings(r, json_object_get(root, "findings")) < 0 ||
	    read_skipped(r, json_object_get(root, "skipped")) < 0 ||
	    read_notices(r, json_object_get(root, "notices")) < 0)
		return -1;
	/* findings that were none: somebody lies, or we are wrong; in both cases the review is not whole */
	if (a->dropped) {
		a->review.limited = true;
		review_notice(&a->review, "%zu findings did not lie in this change and were dropped",
			      a->dropped);
	}
	return 0;
}

int answer_read(struct answer *out, struct arena *mem, struct str text, struct err *err)
{
	struct answer *answer = ARENA_NEW(mem, struct answer);
	struct reader r = { .mem = mem, .answer = answer, .hunks = MAX_HUNKS, .lines = MAX_LINES,
			    .err = err };
	struct str rest = text, lines, review;

	if (text.len > ANSWER_MAX_BYTES)
		return err_input(err, "the analyst's answer is longer than %d bytes", ANSWER_MAX_BYTES);
	if (!text.len || text.p[text.len - 1] != '\n' || !str_cut(&rest, '\n', &lines) ||
	    !str_cut(&rest, '\n', &review) || rest.len)
		return err_input(err, "the analyst's answer is not two lines");
	if (read_lines(&r, lines) < 0 || read_review(&r, review) < 0)
		return -1;
	answer->review.changes = &answer->changes;
	*out = *answer;
	return 0;
}
