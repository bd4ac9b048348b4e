/* regex_parse.c - groups, repetition, flags and atoms. */
#include <stdio.h>

#include "regex_tree.h"

static struct regex_node *parse_alternation(struct regex_parser *p);

void *regex_fail(struct regex_parser *p, size_t at, const char *fmt, ...)
{
	char text[256];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	(void)err_input(p->err, "pattern, byte %zu: %s", at, text);
	return NULL;
}

uint32_t regex_peek(const struct regex_parser *p, size_t *len)
{
	static const unsigned char mask[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };

	*len = 0;
	if (p->at >= p->text.len)
		return REGEX_INFINITE;
	const char *s = p->text.p + p->at;
	*len = str_utf8_len(s, p->text.len - p->at);
	uint32_t cp = (unsigned char)s[0] & mask[*len];
	for (size_t i = 1; i < *len; i++)
		cp = cp << 6 | ((unsigned char)s[i] & 0x3f);
	return cp;
}

size_t regex_encode(uint32_t cp, char out[4])
{
	size_t n = cp < 0x80 ? 1 : cp < 0x800 ? 2 : cp < 0x10000 ? 3 : 4;
	static const unsigned char lead[] = { 0, 0, 0xc0, 0xe0, 0xf0 };

	for (size_t i = n - 1; i > 0; i--, cp >>= 6)
		out[i] = (char)(0x80 | (cp & 0x3f));
	out[0] = (char)(lead[n] | cp);
	return n;
}

static bool is_space(uint32_t cp)
{
	return (cp >= 9 && cp <= 13) || cp == ' ' || cp == 0x85 || cp == 0xa0 || cp == 0x1680 ||
	       (cp >= 0x2000 && cp <= 0x200a) || cp == 0x2028 || cp == 0x2029 || cp == 0x202f ||
	       cp == 0x205f || cp == 0x3000;
}

void regex_skip_space(struct regex_parser *p)
{
	size_t len;
	uint32_t cp;

	if (!(p->flags & REGEX_VERBOSE))
		return;
	while ((cp = regex_peek(p, &len)) != REGEX_INFINITE) {
		if (cp == '#') {
			while (p->at < p->text.len && p->text.p[p->at] != '\n')
				p->at++;
		} else if (is_space(cp)) {
			p->at += len;
		} else {
			return;
		}
	}
}

bool regex_deeper(struct regex_parser *p)
{
	if (++p->depth > REGEX_MAX_DEPTH)
		return regex_fail(p, p->at, "more than %d groups and classes inside each other",
				  REGEX_MAX_DEPTH) != NULL;
	return true;
}

static bool at_byte(const struct regex_parser *p, char c)
{
	return p->at < p->text.len && p->text.p[p->at] == c;
}

static bool at_text(const struct regex_parser *p, struct str s)
{
	return str_starts(str_from(p->text, p->at), s);
}

static struct regex_node *node_new(struct regex_parser *p, enum regex_kind kind)
{
	if (++p->nodes > REGEX_MAX_NODES)
		return regex_fail(p, p->at, "the pattern has more than %d parts", REGEX_MAX_NODES);
	struct regex_node *node = ARENA_NEW(p->mem, struct regex_node);
	node->kind = kind;
	node->flags = p->flags;
	return node;
}

/* The crate allows it around these numbers even without (?x). */
static void skip_number_space(struct regex_parser *p)
{
	size_t len;

	while (is_space(regex_peek(p, &len)))
		p->at += len;
}

static bool parse_number(struct regex_parser *p, uint32_t *out)
{
	uint64_t n;

	skip_number_space(p);
	size_t start = p->at;
	while (p->at < p->text.len && p->text.p[p->at] >= '0' && p->text.p[p->at] <= '9')
		p->at++;
	struct str digits = str_sub(p->text, start, p->at);
	if (digits.len == 0)
		return regex_fail(p, start, "a number is missing in the repetition (a lone '{' is "
					    "written '\\{')") != NULL;
	if (!str_to_u64(digits, &n) || n > REGEX_MAX_REPEAT)
		return regex_fail(p, start, "repetition of more than %d", REGEX_MAX_REPEAT) != NULL;
	*out = (uint32_t)n;
	skip_number_space(p);
	regex_skip_space(p);
	return true;
}

/* {n} {n,} {n,m}; false with *err set. p->at stands at the brace. */
static bool parse_counts(struct regex_parser *p, uint32_t *min, uint32_t *max)
{
	size_t start = p->at++;

	regex_skip_space(p);
	if (!parse_number(p, min))
		return false;
	*max = *min;
	if (at_byte(p, ',')) {
		p->at++;
		regex_skip_space(p);
		*max = REGEX_INFINITE;
		if (!at_byte(p, '}') && !parse_number(p, max))
			return false;
	}
	if (!at_byte(p, '}'))
		return regex_fail(p, start, "the repetition has no '}' (a lone '{' is written '\\{')") !=
		       NULL;
	p->at++;
	if (*min > *max)
		return regex_fail(p, start, "the repetition's first number is the larger") != NULL;
	return true;
}

/* Any number of repetition operators: each repeats what came before, as the crate has it. */
/* How often, when a repetition stands here: 1 for yes, 0 for none, -1 for a wrong one. */
static int parse_operator(struct regex_parser *p, uint32_t *min, uint32_t *max)
{
	regex_skip_space(p);
	if (at_byte(p, '{'))
		return parse_counts(p, min, max) ? 1 : -1;
	if (!at_byte(p, '*') && !at_byte(p, '+') && !at_byte(p, '?'))
		return 0;
	*min = p->text.p[p->at] == '+';
	*max = p->text.p[p->at] == '?' ? 1 : REGEX_INFINITE;
	p->at++;
	return 1;
}

static struct regex_node *parse_repeats(struct regex_parser *p, struct regex_node *atom)
{
	for (unsigned n = 0; atom; n++) {
		uint32_t min = 0, max = REGEX_INFINITE;
		int found = parse_operator(p, &min, &max);

		if (found <= 0)
			return found < 0 ? NULL : atom;
		bool single = atom->kind == NODE_CHAR || atom->kind == NODE_CLASS ||
			      atom->kind == NODE_DOT;
		bool large = min > PCRE2_MAX_REPEAT ||
			     (max > PCRE2_MAX_REPEAT && max != REGEX_INFINITE);
		if (n >= REGEX_MAX_STACKED)
			return regex_fail(p, p->at, "too many repetitions of one thing");
		if (large && !single)
			return regex_fail(p, p->at, "more than %d of a group", PCRE2_MAX_REPEAT);
		struct regex_node *node = node_new(p, NODE_REPEAT);
		if (!node)
			return NULL;
		node->min = min;
		node->max = max;
		node->greedy = !(p->flags & REGEX_SWAP_GREED);
		if (at_byte(p, '?')) {
			node->greedy = !node->greedy;
			p->at++;
		}
		ARENA_PUSH(p->mem, node, atom);
		atom = node;
	}
	return NULL;
}

static bool is_name_byte(unsigned char c, bool first)
{
	bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';

	return letter || c == '_' || c >= 0x80 ||
	       (!first && ((c >= '0' && c <= '9') || c == '.' || c == '[' || c == ']'));
}

static bool parse_name(struct regex_parser *p)
{
	size_t start = p->at;

	while (p->at < p->text.len &&
	       is_name_byte((unsigned char)p->text.p[p->at], p->at == start))
		p->at++;
	struct str name = str_sub(p->text, start, p->at);
	if (name.len == 0 || !at_byte(p, '>'))
		return regex_fail(p, start, "not a group name") != NULL;
	for (size_t i = 0; i < p->names.n; i++)
		if (str_eq(p->names.items[i], name))
			return regex_fail(p, start, "the group name '%.*s' occurs twice",
					  STR_ARG(name)) != NULL;
	p->at++;
	ARENA_PUSH(p->mem, &p->names, name);
	return true;
}

/* Reads flags up to ':' or ')', which stays. */
static bool parse_flags(struct regex_parser *p, unsigned *flags)
{
	static const char letters[] = "imsUuRx"; /* in the order of the bits */
	unsigned seen = 0;
	bool off = false, any = false;

	for (; p->at < p->text.len && !at_byte(p, ':') && !at_byte(p, ')'); p->at++) {
		char c = p->text.p[p->at];
		const char *letter = c ? strchr(letters, c) : NULL;

		if (c == '-' && !off) {
			off = true;
			any = false;
			continue;
		}
		if (!letter)
			return regex_fail(p, p->at, "not a flag: there are i, m, s, U, u, R and x") !=
			       NULL;
		unsigned bit = 1u << (letter - letters);
		if (seen & bit)
			return regex_fail(p, p->at, "the flag '%c' occurs twice", c) != NULL;
		seen |= bit;
		any = true;
		*flags = off ? *flags & ~bit : *flags | bit;
	}
	if (p->at >= p->text.len)
		return regex_fail(p, p->at, "the flags have no end") != NULL;
	if ((off || at_byte(p, ')')) && !any)
		return regex_fail(p, p->at, "a flag is missing") != NULL;
	return true;
}

static struct regex_node *parse_body(struct regex_parser *p, size_t start, unsigned inside)
{
	unsigned outside = p->flags;

	if (!regex_deeper(p))
		return NULL;
	p->flags = inside;
	struct regex_node *body = parse_alternation(p);
	if (body && !at_byte(p, ')'))
		return regex_fail(p, start, "the group has no ')'");
	p->at++;
	p->flags = outside;
	p->depth--;
	return body;
}

static struct regex_node *parse_capture(struct regex_parser *p, size_t start, bool named)
{
	if (!named)
		ARENA_PUSH(p->mem, &p->names, STR(""));
	else if (!parse_name(p))
		return NULL;
	struct regex_node *group = node_new(p, NODE_GROUP);
	if (!group)
		return NULL;
	struct regex_node *body = parse_body(p, start, p->flags);
	if (!body)
		return NULL;
	ARENA_PUSH(p->mem, group, body);
	return group;
}

/* *only_flags is set for "(?i)", which is no atom. */
static struct regex_node *parse_group(struct regex_parser *p, bool *only_flags)
{
	static const char *const refused[] = { "?=", "?!", "?<=", "?<!" };
	size_t start = p->at++;

	regex_skip_space(p);
	for (size_t i = 0; i < COUNT(refused); i++)
		if (at_text(p, str_of(refused[i])))
			return regex_fail(p, start, "look-around is not supported");
	if (!at_byte(p, '?'))
		return parse_capture(p, start, false);
	p->at++;
	if (at_text(p, STR("P<")) || at_byte(p, '<')) {
		p->at += at_byte(p, 'P') ? 2 : 1;
		return parse_capture(p, start, true);
	}
	if (at_byte(p, '>'))
		return regex_fail(p, start, "atomic groups are not supported");
	unsigned flags = p->flags;
	if (!parse_flags(p, &flags))
		return NULL;
	if (at_byte(p, ')')) {
		p->at++;
		p->flags = flags;
		*only_flags = true;
		return node_new(p, NODE_EMPTY);
	}
	p->at++;
	return parse_body(p, start, flags);
}

static struct regex_node *parse_escape(struct regex_parser *p)
{
	struct regex_escape escape;

	if (!regex_parse_escape(p, &escape))
		return NULL;
	enum regex_kind kind = escape.is_assertion ? NODE_ASSERT :
			       escape.class	   ? NODE_CLASS :
						     NODE_CHAR;
	struct regex_node *node = node_new(p, kind);
	if (!node)
		return NULL;
	node->assertion = escape.assertion;
	node->class = escape.class;
	node->cp = escape.cp;
	return node;
}

static struct regex_node *parse_atom(struct regex_parser *p, bool *only_flags)
{
	size_t len;
	uint32_t cp = regex_peek(p, &len);

	switch (cp) {
	case '(':
		return parse_group(p, only_flags);
	case '\\':
		return parse_escape(p);
	case '*':
	case '+':
	case '?':
	case '{':
		return regex_fail(p, p->at, "nothing stands before '%c' to be repeated (the character "
				  "itself is written '\\%c')", (char)cp, (char)cp);
	default:
		break;
	}
	enum regex_kind kind = cp == '.' ? NODE_DOT :
			       cp == '[' ? NODE_CLASS :
			       cp == '^' || cp == '$' ? NODE_ASSERT : NODE_CHAR;
	struct regex_node *node = node_new(p, kind);
	if (!node)
		return NULL;
	if (cp == '.' && !(p->flags & REGEX_UNICODE))
		return regex_fail(p, p->at, "without Unicode '.' would match half a character");
	if (cp == '[')
		return (node->class = regex_parse_class(p)) ? node : NULL;
	node->cp = cp;
	node->assertion = cp == '^' ? ASSERT_LINE_START : ASSERT_LINE_END;
	p->at += len;
	return node;
}

static struct regex_node *parse_concat(struct regex_parser *p)
{
	struct regex_node *concat = node_new(p, NODE_CONCAT);

	while (concat) {
		bool only_flags = false;

		regex_skip_space(p);
		if (p->at >= p->text.len || at_byte(p, '|') || at_byte(p, ')'))
			break;
		struct regex_node *atom = parse_atom(p, &only_flags);
		if (atom && !only_flags)
			atom = parse_repeats(p, atom);
		if (!atom)
			return NULL;
		if (!only_flags)
			ARENA_PUSH(p->mem, concat, atom);
	}
	return concat && concat->n == 1 ? concat->items[0] : concat;
}

static struct regex_node *parse_alternation(struct regex_parser *p)
{
	struct regex_node *first = parse_concat(p);

	if (!first || !at_byte(p, '|'))
		return first;
	struct regex_node *alt = node_new(p, NODE_ALT);
	if (!alt)
		return NULL;
	ARENA_PUSH(p->mem, alt, first);
	while (at_byte(p, '|')) {
		p->at++;
		struct regex_node *next = parse_concat(p);
		if (!next)
			return NULL;
		ARENA_PUSH(p->mem, alt, next);
	}
	return alt;
}

struct regex_node *regex_parse(struct regex_names *names, struct arena *mem, struct str pattern,
			       struct err *err)
{
	struct regex_parser p = { .mem = mem, .text = pattern, .flags = REGEX_UNICODE, .err = err };

	if (pattern.len > REGEX_MAX_BYTES)
		return regex_fail(&p, 0, "longer than %d bytes", REGEX_MAX_BYTES);
	if (!str_is_utf8(pattern))
		return regex_fail(&p, 0, "not UTF-8");
	struct regex_node *node = parse_alternation(&p);
	if (node && p.at < pattern.len)
		return regex_fail(&p, p.at, "the ')' closes no group");
	if (node)
		*names = p.names;
	return node;
}
