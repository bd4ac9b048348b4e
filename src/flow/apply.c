#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/scope.h"
#include "stages.h"

static uint64_t no_clock(void)
{
	return 0;
}

static uint32_t count_errors(struct parser *parser, struct arena *mem,
			     const struct language *language, struct str text)
{
	struct tree tree;
	uint32_t n = 0;

	if (parser_tree(&tree, parser, mem, language, text, NULL, NULL, 0) != PARSE_OK)
		return UINT32_MAX;
	for (uint32_t i = 0; i < tree.n; i++)
		n += tree.nodes[i].kind == KIND_ERROR || node_is(&tree, i, NODE_MISSING);
	parser_reset(parser);
	return n;
}

struct picked {
	const struct finding **items;
	size_t                 n, cap;
};

static int by_start(const void *a, const void *b)
{
	const struct finding *const *x = a, *const *y = b;

	return ((*x)->fix.start > (*y)->fix.start) - ((*x)->fix.start < (*y)->fix.start);
}

/* The safe fixes of one file, in order, of two that overlap the first. */
static void pick(struct picked *out, struct run *run, struct str path)
{
	uint32_t end = 0;
	size_t n = 0;

	out->n = 0;
	for (size_t i = 0; i < run->review.findings.n; i++) {
		const struct finding *f = &run->review.findings.items[i];

		if (f->has_fix && f->fix.safe && str_eq(f->path, path))
			ARENA_PUSH(&run->mem, out, f);
	}
	if (out->n)
		qsort(out->items, out->n, sizeof *out->items, by_start);
	for (size_t i = 0; i < out->n; i++) {
		const struct finding *f = out->items[i];

		if (n && f->fix.start < end) {
			review_notice(&run->review, "%.*s:%u: not applied: overlaps another fix",
				      STR_ARG(path), f->span.start_line);
			continue;
		}
		end = f->fix.end;
		out->items[n++] = f;
	}
	out->n = n;
}

static bool still_there(const struct finding *f, struct str text)
{
	return f->span.end <= text.len && f->fix.end <= text.len &&
	       str_eq(f->text, str_sub(text, f->span.start, f->span.end));
}

static int apply_file(struct run *run, struct parser *parser, struct str path, size_t *applied,
		      struct err *err)
{
	struct str full = arena_printf(&run->mem, "%s%.*s", run->repo.root ? run->repo.root : "",
				       STR_ARG(path));
	const struct language *language;
	struct picked picked = { 0 };
	struct str text, fixed;
	struct stat st;

	pick(&picked, run, path);
	if (picked.n == 0)
		return 0;
	if (lstat(full.p, &st) < 0 || !S_ISREG(st.st_mode))
		return err_input(err, "'%s' is no regular file", full.p);
	if (file_read(&text, &run->mem, full.p, SCAN_FILE_MAX, err) < 0)
		return -1;
	for (size_t i = 0; i < picked.n; i++)
		if (!still_there(picked.items[i], text)) {
			review_notice(&run->review, "%.*s: not fixed: it changed meanwhile",
				      STR_ARG(path));
			return 0;
		}
	fixed = fixes_apply(&run->mem, text, picked.items, picked.n);
	language = run_language(run, path, text);
	if (language && count_errors(parser, &run->mem, language, fixed) >
				count_errors(parser, &run->mem, language, text)) {
		review_notice(&run->review, "%.*s: not fixed: the result would not parse",
			      STR_ARG(path));
		return 0;
	}
	if (file_replace(full.p, fixed, err) < 0)
		return -1;
	*applied += picked.n;
	return 0;
}

int run_apply(struct run *run, size_t *applied, struct err *err)
{
	struct parse_limits limits = { FILE_PARSE_MEMORY, 1, no_clock };
	struct parser *parser = parser_new(&limits);
	struct finding_list *list = &run->review.findings;
	int result = parser ? 0 : err_set(err, ERR_TEMP, "out of memory");

	*applied = 0;
	for (size_t i = 0; result == 0 && i < list->n; i++) {
		bool first = true;

		for (size_t k = 0; k < i && first; k++)
			first = !str_eq(list->items[k].path, list->items[i].path);
		if (first)
			result = apply_file(run, parser, list->items[i].path, applied, err);
	}
	parser_free(parser);
	return result;
}
