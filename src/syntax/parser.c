#include <stdlib.h>
#include <tree_sitter/api.h>

#include "flatten.h"
#include "heap.h"
#include "syntax/tree.h"

enum { CLOCK_CALLS = 16 }; /* the runtime asks every 100 steps, some 10 us; reading the clock was 3 % of a parse */

struct parser {
	struct heap heap;
	uint64_t    time_ns;
	unsigned    calls; /* since the last look at the clock */
	TSParser   *ts;    /* lives in the heap: made again after each reset */
};

struct parser *parser_new(const struct parse_limits *limits)
{
	struct parser *parser = calloc(1, sizeof *parser);

	if (!parser)
		return NULL;
	parser->heap.cap = limits->memory;
	parser->heap.now = limits->now_ns;
	parser->time_ns = limits->time_ns;
	return parser;
}

void parser_set_time(struct parser *parser, uint64_t time_ns)
{
	parser->time_ns = time_ns;
}

void parser_free(struct parser *parser)
{
	if (!parser)
		return;
	heap_release(&parser->heap);
	free(parser);
}

void parser_reset(struct parser *parser)
{
	parser->ts = NULL;
	heap_reset(&parser->heap);
}

uint32_t node_child_by_field(const struct tree *tree, uint32_t i, uint16_t field)
{
	for (uint32_t c = node_first_child(tree, i); c != NODE_NONE; c = node_next_sibling(tree, c))
		if (tree->nodes[c].field == field)
			return c;
	return NODE_NONE;
}

uint32_t node_child_count(const struct tree *tree, uint32_t i)
{
	uint32_t n = 0;

	for (uint32_t c = i + 1; c < tree->nodes[i].next; c = tree->nodes[c].next)
		n++;
	return n;
}

/* The tree of a text without grammar: a document of lines. */
static void lines_tree(struct tree *out, struct arena *mem)
{
	uint32_t n = 1, prev = NODE_NONE, at = 0;
	struct str text = out->text;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	out->nodes = ARENA_ARRAY(mem, (size_t)n + 1, struct node);
	n = 1;
	while (at < text.len) {
		size_t left = str_find_byte(str_from(text, at), '\n');
		uint32_t end = left == SIZE_MAX ? (uint32_t)text.len : at + (uint32_t)left;
		uint32_t stop = end > at && text.p[end - 1] == '\r' ? end - 1 : end;

		out->nodes[n] = (struct node){ at, stop, 0, n + 1, prev, 2, 0,
					       NODE_NAMED | NODE_LEAF | NODE_NAMED_LEAF };
		prev = n++;
		at = end + 1;
	}
	out->nodes[0] = (struct node){ 0, (uint32_t)text.len, NODE_NONE, n, NODE_NONE, 1, 0,
				       NODE_NAMED | (n == 1 ? NODE_LEAF | NODE_NAMED_LEAF : 0) };
	out->n = n;
}

static bool out_of_time(TSParseState *state)
{
	struct parser *parser = state->payload;

	if (++parser->calls < CLOCK_CALLS)
		return false;
	parser->calls = 0;
	return parser->heap.now() > parser->heap.deadline;
}

struct text_input {
	struct str text;
};

static const char *read_text(void *payload, uint32_t at, TSPoint point, uint32_t *len)
{
	const struct text_input *input = payload;

	(void)point;
	*len = at < input->text.len ? (uint32_t)input->text.len - at : 0;
	return *len ? input->text.p + at : "";
}

static TSPoint point_at(struct str text, uint32_t at)
{
	TSPoint point = { 0, 0 };
	const char *line = text.p;

	for (const char *p; (p = memchr(line, '\n', (size_t)(text.p + at - line))); line = p + 1)
		point.row++;
	point.column = (uint32_t)(text.p + at - line);
	return point;
}

/* One edit that covers everything between the common head and the common tail. */
static TSTree *edited_copy(const struct tree *base, struct str text)
{
	TSTree *copy = ts_tree_copy(base->source);
	struct str old = base->text;
	size_t shorter = old.len < text.len ? old.len : text.len;
	uint32_t head = 0, tail = 0;
	TSInputEdit edit;

	while (head < shorter && old.p[head] == text.p[head])
		head++;
	while (tail < shorter - head && old.p[old.len - 1 - tail] == text.p[text.len - 1 - tail])
		tail++;
	edit = (TSInputEdit){ head, (uint32_t)old.len - tail, (uint32_t)text.len - tail,
			      point_at(text, head), point_at(old, (uint32_t)old.len - tail),
			      point_at(text, (uint32_t)text.len - tail) };
	ts_tree_edit(copy, &edit);
	return copy;
}

static void set_ranges(TSParser *ts, struct str text, struct arena *mem,
		       const struct byte_range *ranges, size_t n)
{
	TSRange *list = ARENA_ARRAY(mem, n ? n : 1, TSRange);

	for (size_t i = 0; i < n; i++)
		list[i] = (TSRange){ point_at(text, ranges[i].start), point_at(text, ranges[i].end),
				     ranges[i].start, ranges[i].end };
	ts_parser_set_included_ranges(ts, list, (uint32_t)n);
}

static TSTree *run_parser(struct parser *parser, const struct language *language, struct str text,
			  TSTree *old)
{
	struct text_input input = { text };
	TSInput from = { &input, read_text, TSInputEncodingUTF8, NULL };
	TSParseOptions options = { parser, out_of_time };

	if (!ts_parser_set_language(parser->ts, language->grammar()))
		return NULL;
	return ts_parser_parse_with_options(parser->ts, old, from, options);
}

enum parse_result parser_tree(struct tree *out, struct parser *parser, struct arena *mem,
			      const struct language *language, struct str text,
			      const struct tree *base, const struct byte_range *ranges,
			      size_t n_ranges)
{
	struct tree tree = { .language = language, .text = text };
	int stopped;
	TSTree *ts;

	if (text.len >= NODE_NONE)
		return PARSE_MEMORY;
	if (!language->grammar) {
		lines_tree(&tree, mem);
		*out = tree;
		return PARSE_OK;
	}
	parser->heap.deadline = parser->heap.now() + parser->time_ns;
	heap_enter(&parser->heap);
	stopped = setjmp(parser->heap.give_up);
	if (stopped) {
		heap_enter(NULL);
		parser_reset(parser);
		return (enum parse_result)stopped;
	}
	if (!parser->ts)
		parser->ts = ts_parser_new();
	set_ranges(parser->ts, text, mem, ranges, n_ranges);
	ts = run_parser(parser, language, text,
			base && base->source ? edited_copy(base, text) : NULL);
	if (!ts) {
		heap_enter(NULL);
		parser_reset(parser);
		return PARSE_TIME;
	}
	tree.source = ts;
	flatten(&tree, mem, ts);
	heap_enter(NULL);
	*out = tree;
	return PARSE_OK;
}
