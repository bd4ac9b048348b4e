/* regex_class.c - [..]: ranges, nested classes and the operators && -- ~~. */
#include "regex_tree.h"

struct posix {
	const char        *name;
	size_t             n;
	struct regex_range ranges[4];
};

static const struct posix posix[] = {
	{ "alnum", 3, { { '0', '9' }, { 'A', 'Z' }, { 'a', 'z' } } },
	{ "alpha", 2, { { 'A', 'Z' }, { 'a', 'z' } } },
	{ "ascii", 1, { { 0, 127 } } },
	{ "blank", 2, { { '\t', '\t' }, { ' ', ' ' } } },
	{ "cntrl", 2, { { 0, 31 }, { 127, 127 } } },
	{ "digit", 1, { { '0', '9' } } },
	{ "graph", 1, { { '!', '~' } } },
	{ "lower", 1, { { 'a', 'z' } } },
	{ "print", 1, { { ' ', '~' } } },
	{ "punct", 4, { { '!', '/' }, { ':', '@' }, { '[', '`' }, { '{', '~' } } },
	{ "space", 2, { { 9, 13 }, { ' ', ' ' } } },
	{ "upper", 1, { { 'A', 'Z' } } },
	{ "word", 4, { { '0', '9' }, { 'A', 'Z' }, { '_', '_' }, { 'a', 'z' } } },
	{ "xdigit", 3, { { '0', '9' }, { 'A', 'F' }, { 'a', 'f' } } },
};

struct regex_class *regex_class_new(struct regex_parser *p, enum regex_class_kind kind)
{
	struct regex_class *set = ARENA_NEW(p->mem, struct regex_class);

	set->kind = kind;
	return set;
}

static void add_range(struct regex_parser *p, struct regex_class *set, uint32_t first,
		      uint32_t last)
{
	struct regex_class *item = regex_class_new(p, CLASS_RANGE);

	item->range = (struct regex_range){ first, last };
	ARENA_PUSH(p->mem, set, item);
}

struct regex_class *regex_class_of(struct regex_parser *p, const struct regex_range *ranges,
				   size_t n)
{
	struct regex_class *set = regex_class_new(p, CLASS_UNION);

	for (size_t i = 0; i < n; i++)
		add_range(p, set, ranges[i].first, ranges[i].last);
	return set;
}

static bool at_text(const struct regex_parser *p, const char *text)
{
	return str_starts(str_from(p->text, p->at), str_of(text));
}

/* [:alpha:] inside a class; NULL, nothing read, when it is no such name. */
static struct regex_class *parse_posix(struct regex_parser *p)
{
	struct str rest = str_from(p->text, p->at);

	if (!str_starts(rest, STR("[:")))
		return NULL;
	bool negated = rest.len > 2 && rest.p[2] == '^';
	struct str name = str_from(rest, negated ? 3 : 2);
	for (size_t i = 0; i < COUNT(posix); i++) {
		struct str known = str_of(posix[i].name);

		if (!str_starts(name, known) || !str_starts(str_from(name, known.len), STR(":]")))
			continue;
		struct regex_class *set = regex_class_of(p, posix[i].ranges, posix[i].n);
		set->negated = negated;
		p->at = p->text.len - name.len + known.len + 2;
		return set;
	}
	return NULL;
}

/* One character or escape. A class comes in *set, which is else NULL. */
static bool parse_item(struct regex_parser *p, struct regex_class **set, uint32_t *cp)
{
	size_t len, start = p->at;
	struct regex_escape escape;

	*set = NULL;
	*cp = regex_peek(p, &len);
	p->at += *cp == '\\' ? 0 : len;
	if (*cp == '\\') {
		if (!regex_parse_escape(p, &escape))
			return false;
		if (escape.is_assertion)
			return regex_fail(p, start, "no character, so not allowed in a class") !=
			       NULL;
		*set = escape.class;
		*cp = escape.cp;
	}
	if (!*set && *cp > 0x7f && !(p->flags & REGEX_UNICODE))
		return regex_fail(p, start, "a character that is not ASCII in a class without "
					    "Unicode") != NULL;
	return true;
}

/* Whether what follows makes a range: a '-' that is neither the last nor the operator "--". */
static bool at_range(struct regex_parser *p)
{
	if (!at_text(p, "-"))
		return false;
	struct regex_parser ahead = *p;
	ahead.at++;
	regex_skip_space(&ahead);
	return ahead.at < p->text.len && !at_text(&ahead, "]") && !at_text(&ahead, "-");
}

static bool parse_range(struct regex_parser *p, struct regex_class *set)
{
	struct regex_class *first_set, *last_set;
	uint32_t first, last;
	size_t start = p->at;

	if (!parse_item(p, &first_set, &first))
		return false;
	regex_skip_space(p);
	if (!at_range(p)) {
		if (first_set)
			ARENA_PUSH(p->mem, set, first_set);
		else
			add_range(p, set, first, first);
		return true;
	}
	p->at++;
	regex_skip_space(p);
	if (!parse_item(p, &last_set, &last))
		return false;
	if (first_set || last_set)
		return regex_fail(p, start, "a range begins and ends with a character") != NULL;
	if (first > last)
		return regex_fail(p, start, "the range goes backwards") != NULL;
	add_range(p, set, first, last);
	return true;
}

static struct regex_class *apply(struct regex_parser *p, enum regex_class_kind op,
				 struct regex_class *left, struct regex_class *right)
{
	if (!left)
		return right;
	struct regex_class *set = regex_class_new(p, op);
	ARENA_PUSH(p->mem, set, left);
	ARENA_PUSH(p->mem, set, right);
	return set;
}

/* All operators bind alike, to the left. CLASS_UNION when none stands here. */
static enum regex_class_kind parse_operator(struct regex_parser *p)
{
	static const struct {
		const char           *text;
		enum regex_class_kind op;
	} ops[] = { { "&&", CLASS_AND }, { "--", CLASS_MINUS }, { "~~", CLASS_XOR } };

	for (size_t i = 0; i < COUNT(ops); i++)
		if (at_text(p, ops[i].text)) {
			p->at += 2;
			return ops[i].op;
		}
	return CLASS_UNION;
}

static bool parse_member(struct regex_parser *p, struct regex_class *set)
{
	struct regex_class *nested = parse_posix(p);

	if (!nested && at_text(p, "[") && !(nested = regex_parse_class(p)))
		return false;
	if (!nested)
		return parse_range(p, set);
	if (nested->negated && !(p->flags & REGEX_UNICODE))
		return regex_fail(p, p->at, "without Unicode a negated class would match half a "
					    "character") != NULL;
	ARENA_PUSH(p->mem, set, nested);
	return true;
}

/* Leading '-' and ']' are themselves. */
static void parse_leading(struct regex_parser *p, struct regex_class *set)
{
	while (at_text(p, "-")) {
		add_range(p, set, '-', '-');
		p->at++;
		regex_skip_space(p);
	}
	if (set->n == 0 && at_text(p, "]")) {
		add_range(p, set, ']', ']');
		p->at++;
		regex_skip_space(p);
	}
}

struct regex_class *regex_parse_class(struct regex_parser *p)
{
	struct regex_class *left = NULL, *set = regex_class_new(p, CLASS_UNION);
	enum regex_class_kind op = CLASS_UNION;
	size_t start = p->at++;
	unsigned operators = 0;

	if (!regex_deeper(p))
		return NULL;
	regex_skip_space(p);
	bool negated = at_text(p, "^");
	if (negated && !(p->flags & REGEX_UNICODE))
		return regex_fail(p, start, "without Unicode a negated class would match half a "
					    "character");
	p->at += negated;
	regex_skip_space(p);
	for (parse_leading(p, set);; regex_skip_space(p)) {
		if (p->at >= p->text.len)
			return regex_fail(p, start, "the class has no ']'");
		if (at_text(p, "]"))
			break;
		enum regex_class_kind next = parse_operator(p);
		if (next == CLASS_UNION) {
			if (!parse_member(p, set))
				return NULL;
			continue;
		}
		if (++operators > REGEX_MAX_STACKED)
			return regex_fail(p, p->at, "more than %d operators in a class",
					  REGEX_MAX_STACKED);
		left = apply(p, op, left, set);
		set = regex_class_new(p, CLASS_UNION);
		op = next;
	}
	p->at++;
	p->depth--;
	struct regex_class *whole = apply(p, op, left, set);
	whole->negated = negated;
	return whole;
}
