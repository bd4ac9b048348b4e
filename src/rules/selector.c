/* ESQuery-like selectors in `kind`: a > b, a b, a + b, a ~ b, lists, :has() :not() :is() :nth-child(). */
#include "load.h"

enum token_type { T_END, T_NAME, T_COMBINATOR, T_DOT, T_COLON, T_OPEN, T_CLOSE, T_COMMA, T_BAD };

struct token {
	enum token_type type;
	struct str      text;
};

struct input {
	struct loader     *l;
	const struct yaml *at;
	struct str         rest;
	struct token       ahead;
	bool               has_ahead;
	unsigned           depth;
};

static int fail(struct input *in, const char *what)
{
	return yaml_error(in->l->err, in->l->file, in->at, "the selector '%.*s': %s",
			  STR_ARG(in->at->text), what);
}

static bool is_name_char(char c, bool first)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '-' ||
	       (!first && c >= '0' && c <= '9');
}

static struct str skip_spaces(struct str s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t' || s.p[0] == '\n' || s.p[0] == '\r'))
		s = str_from(s, 1);
	return s;
}

static struct token take(struct input *in, enum token_type type, size_t len, bool trim)
{
	struct token token = { type, str_sub(in->rest, 0, len) };

	in->rest = str_from(in->rest, len);
	if (trim)
		in->rest = skip_spaces(in->rest);
	return token;
}

static struct token scan(struct input *in)
{
	static const struct {
		char            c;
		enum token_type type;
		bool            trim;
	} singles[] = { { '+', T_COMBINATOR, true }, { '~', T_COMBINATOR, true },
			{ '>', T_COMBINATOR, true }, { '.', T_DOT, false },
			{ ':', T_COLON, false },     { '(', T_OPEN, true },
			{ ')', T_CLOSE, false },     { ',', T_COMMA, true } };
	size_t len = 0;

	if (in->rest.len && in->rest.p[0] == ' ') {
		struct str after = skip_spaces(in->rest);

		/* a space is a combinator, unless another sign follows */
		if (after.len == 0 || str_find_byte(STR("+~>),"), after.p[0]) == SIZE_MAX)
			return take(in, T_COMBINATOR, 1, true);
		in->rest = after;
	}
	if (in->rest.len == 0)
		return (struct token){ T_END, { 0 } };
	for (size_t i = 0; i < COUNT(singles); i++)
		if (in->rest.p[0] == singles[i].c)
			return take(in, singles[i].type, 1, singles[i].trim);
	while (len < in->rest.len && is_name_char(in->rest.p[len], len == 0))
		len++;
	return len ? take(in, T_NAME, len, false) : take(in, T_BAD, 1, false);
}

static struct token peek(struct input *in)
{
	if (!in->has_ahead) {
		in->ahead = scan(in);
		in->has_ahead = true;
	}
	return in->ahead;
}

static struct token next(struct input *in)
{
	struct token token = peek(in);

	in->has_ahead = false;
	return token;
}

enum {
	NTH_LARGEST = 100000000, /* before one more digit: no node has so many children */
	NTH_MAX_BYTES = 64,      /* of An+B without its spaces */
};

static int take_sign(struct str *rest)
{
	int sign = str_starts(*rest, STR("+")) ? 1 : str_starts(*rest, STR("-")) ? -1 : 0;

	*rest = str_from(*rest, sign != 0);
	return sign;
}

static bool take_number(struct str *rest, int *out)
{
	int n = 0;
	size_t digits = 0;

	for (; digits < rest->len && rest->p[digits] >= '0' && rest->p[digits] <= '9'; digits++) {
		if (n > NTH_LARGEST)
			return false;
		n = n * 10 + (rest->p[digits] - '0');
	}
	*rest = str_from(*rest, digits);
	*out = n;
	return digits > 0;
}

/* "An+B" or "B" without spaces. */
static bool parse_formula(struct nth *out, struct str rest)
{
	int sign = take_sign(&rest), n, offset = 0, offset_sign;
	bool has_number = take_number(&rest, &n);

	if (!str_starts(rest, STR("n")) && !str_starts(rest, STR("N"))) {
		if (!has_number || rest.len)
			return false;
		out->step = 0;
		out->offset = sign < 0 ? -n : n;
		return true;
	}
	rest = str_from(rest, 1);
	offset_sign = take_sign(&rest);
	if (offset_sign ? !take_number(&rest, &offset) || rest.len : rest.len != 0)
		return false;
	out->step = (sign < 0 ? -1 : 1) * (has_number ? n : 1);
	out->offset = offset_sign * offset;
	return true;
}

bool nth_parse(struct nth *out, struct str text)
{
	char bytes[NTH_MAX_BYTES];
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == ' ' || text.p[i] == '\t')
			continue;
		if (n == sizeof bytes)
			return false;
		bytes[n++] = text.p[i];
	}
	return parse_formula(out, (struct str){ bytes, n });
}

static int complex_selector(struct rule **out, struct input *in);
static int selector_list(struct rule **out, struct input *in);

static struct rule *relation(struct input *in, enum rule_op op, enum stop_by stop_by,
			     struct rule *inner)
{
	struct rule *rule = rule_new(in->l, op, in->at);

	rule->inner = inner;
	rule->stop_by = stop_by;
	rule_finish(in->l, rule);
	return rule;
}

static int has_argument(struct rule **out, struct input *in)
{
	enum stop_by stop_by = STOP_END;
	struct rule *inner;
	struct token token = peek(in);

	if (token.type == T_COMBINATOR && token.text.p[0] == '>') {
		next(in);
		stop_by = STOP_NEIGHBOR;
	}
	if (complex_selector(&inner, in) < 0)
		return -1;
	*out = relation(in, RULE_HAS, stop_by, inner);
	return 0;
}

static int not_argument(struct rule **out, struct input *in)
{
	struct rule *rule = rule_new(in->l, RULE_NOT, in->at);

	if (complex_selector(&rule->inner, in) < 0)
		return -1;
	rule_finish(in->l, rule);
	*out = rule;
	return 0;
}

static int nth_argument(struct rule **out, struct input *in, bool reverse)
{
	struct rule *rule = rule_new(in->l, RULE_NTH, in->at);
	size_t len = 0;
	struct token token;

	while (len < in->rest.len && in->rest.p[len] && strchr("0123456789nN+- ", in->rest.p[len]))
		len++;
	if (!nth_parse(&rule->nth, str_sub(in->rest, 0, len)))
		return fail(in, "An+B such as 2n+1 is expected");
	rule->nth.reverse = reverse;
	in->rest = skip_spaces(str_from(in->rest, len));
	token = peek(in);
	if (token.type == T_NAME && str_eq(token.text, STR("of"))) {
		next(in);
		in->rest = skip_spaces(in->rest);
		if (complex_selector(&rule->inner, in) < 0)
			return -1;
	}
	rule_finish(in->l, rule);
	*out = rule;
	return 0;
}

static int pseudo_class(struct rule **out, struct input *in)
{
	struct token name;
	int failed;

	next(in);
	name = next(in);
	if (name.type != T_NAME || next(in).type != T_OPEN)
		return fail(in, "a pseudo-class such as :has(...) is expected");
	if (str_eq(name.text, STR("has")))
		failed = has_argument(out, in);
	else if (str_eq(name.text, STR("not")))
		failed = not_argument(out, in);
	else if (str_eq(name.text, STR("is")))
		failed = selector_list(out, in);
	else if (str_eq(name.text, STR("nth-child")))
		failed = nth_argument(out, in, false);
	else if (str_eq(name.text, STR("nth-last-child")))
		failed = nth_argument(out, in, true);
	else
		return fail(in, "unknown pseudo-class; there are :has :not :is :nth-child :nth-last-child");
	if (failed)
		return -1;
	return next(in).type == T_CLOSE ? 0 : fail(in, "')' is missing");
}

static int kind_name(struct rule **out, struct input *in)
{
	struct rule *rule = rule_new(in->l, RULE_KIND, in->at);
	struct token token = next(in);

	rule->kind = language_kind(in->l->language, token.text);
	if (!rule->kind)
		return yaml_error(in->l->err, in->l->file, in->at, "%s has no node kind '%.*s'",
				  in->l->language->name, STR_ARG(token.text));
	rule_finish(in->l, rule);
	*out = rule;
	return 0;
}

static int compound_selector(struct rule **out, struct input *in)
{
	struct {
		struct rule **items;
		size_t        n, cap;
	} rules = { 0 };
	struct rule *rule = NULL;

	if (peek(in).type == T_NAME) {
		if (kind_name(&rule, in) < 0)
			return -1;
		ARENA_PUSH(in->l->mem, &rules, rule);
	}
	while (peek(in).type == T_COLON) {
		if (pseudo_class(&rule, in) < 0)
			return -1;
		ARENA_PUSH(in->l->mem, &rules, rule);
	}
	if (peek(in).type == T_DOT)
		return fail(in, "class selectors are not supported");
	if (rules.n == 0)
		return fail(in, "a node kind is expected");
	*out = rule_all(in->l, rules.items, rules.n, in->at);
	return 0;
}

static int complex_selector(struct rule **out, struct input *in)
{
	struct rule *left;

	if (++in->depth > RULE_MAX_DEPTH)
		return fail(in, "nested too deeply");
	if (compound_selector(&left, in) < 0)
		return -1;
	while (peek(in).type == T_COMBINATOR) {
		char sign = next(in).text.p[0];
		enum rule_op op = sign == '>' || sign == ' ' ? RULE_INSIDE : RULE_FOLLOWS;
		struct rule **pair = ARENA_ARRAY(in->l->mem, 2, struct rule *);

		if (compound_selector(&pair[0], in) < 0)
			return -1;
		pair[1] = relation(in, op, sign == '>' || sign == '+' ? STOP_NEIGHBOR : STOP_END,
				   left);
		left = rule_all(in->l, pair, 2, in->at);
	}
	in->depth--;
	*out = left;
	return 0;
}

static int selector_list(struct rule **out, struct input *in)
{
	struct rule *any = rule_new(in->l, RULE_ANY, in->at), *rule;
	struct {
		struct rule **items;
		size_t        n, cap;
	} rules = { 0 };

	do {
		if (complex_selector(&rule, in) < 0)
			return -1;
		ARENA_PUSH(in->l->mem, &rules, rule);
	} while (peek(in).type == T_COMMA && (next(in), true));
	if (rules.n == 1) {
		*out = rules.items[0];
		return 0;
	}
	any->items = rules.items;
	any->n_items = rules.n;
	rule_finish(in->l, any);
	*out = any;
	return 0;
}

int load_selector(struct rule **out, struct loader *l, const struct yaml *yaml)
{
	struct input in = { .l = l, .at = yaml };

	if (load_string(&in.rest, l, yaml, "kind") < 0)
		return -1;
	in.rest = str_trim(in.rest);
	if (selector_list(out, &in) < 0)
		return -1;
	return peek(&in).type == T_END ? 0 : fail(&in, "something unexpected at its end");
}
