#include "base/scope.h"
#include "template.h"

enum { MAX_WORDS = 256 }; /* of an identifier; more are one word */

static struct str lower_case(struct arena *mem, struct str s, bool upper)
{
	char *out = arena_alloc(mem, s.len + 1);
	char from = upper ? 'a' : 'A', to = upper ? 'z' : 'Z';

	for (size_t i = 0; i < s.len; i++)
		out[i] = s.p[i] >= from && s.p[i] <= to ? (char)(s.p[i] ^ 0x20) : s.p[i];
	return (struct str){ out, s.len };
}

static struct str capitalized(struct arena *mem, struct str s)
{
	char *out = arena_z(mem, s);

	if (s.len && out[0] >= 'a' && out[0] <= 'z')
		out[0] = (char)(out[0] ^ 0x20);
	return (struct str){ out, s.len };
}

static unsigned separator_bit(char c)
{
	static const struct {
		char     c;
		unsigned bit;
	} table[] = { { '-', SEP_DASH }, { '.', SEP_DOT }, { '/', SEP_SLASH },
		      { ' ', SEP_SPACE }, { '_', SEP_UNDERSCORE } };

	for (size_t i = 0; i < COUNT(table); i++)
		if (table[i].c == c)
			return table[i].bit;
	return 0;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}

struct words {
	struct str items[MAX_WORDS];
	size_t     n;
};

static void add_word(struct words *words, struct str s, size_t from, size_t to)
{
	if (from < to && words->n < MAX_WORDS)
		words->items[words->n++] = str_sub(s, from, to);
}

/* user_accountName -> user account Name; XMLHttp -> XML Http */
static void split_words(struct words *words, struct str s, unsigned separators)
{
	enum { LOWER, ONE_UPPER, MANY_UPPER } state = LOWER;
	bool by_case = separators & SEP_CASE;
	size_t from = 0, last = 0; /* where the character before begins */

	words->n = 0;
	for (size_t i = 0, next; i < s.len; last = i, i = next) {
		char c = s.p[i];

		next = i + str_utf8_len(s.p + i, s.len - i);
		if (separator_bit(c) & separators) {
			add_word(words, s, from, i);
			from = i + 1;
			state = LOWER;
		} else if (by_case && state == LOWER && is_upper(c)) {
			add_word(words, s, from, i);
			from = i;
			state = ONE_UPPER;
		} else if (by_case && state == MANY_UPPER && is_lower(c)) {
			add_word(words, s, from, last);
			from = last;
			state = LOWER;
		} else if (by_case) {
			/* letters beyond ASCII count as small ones */
			state = is_lower(c) || c < 0 ? LOWER : state == LOWER ? ONE_UPPER : MANY_UPPER;
		}
	}
	add_word(words, s, from, s.len);
}

static struct str join_words(struct arena *mem, const struct words *words, char separator,
			     bool capitals, bool first_lower)
{
	AUTO_BUF struct buf out = { 0 };

	for (size_t i = 0; i < words->n; i++) {
		if (i && separator)
			buf_add_byte(&out, separator);
		buf_add(&out, capitals && !(first_lower && i == 0)
				      ? capitalized(mem, words->items[i])
				      : lower_case(mem, words->items[i], false));
	}
	return arena_str(mem, buf_str(&out));
}

static struct str convert(struct arena *mem, const struct transform *t, struct str s)
{
	struct words *words = arena_alloc(mem, sizeof *words);

	if (t->to_case == CASE_LOWER || t->to_case == CASE_UPPER)
		return lower_case(mem, s, t->to_case == CASE_UPPER);
	if (t->to_case == CASE_CAPITALIZE)
		return capitalized(mem, s);
	split_words(words, s, t->separators ? t->separators : ~0u);
	if (t->to_case == CASE_SNAKE || t->to_case == CASE_KEBAB)
		return join_words(mem, words, t->to_case == CASE_SNAKE ? '_' : '-', false, false);
	return join_words(mem, words, 0, true, t->to_case == CASE_CAMEL);
}

static size_t resolve_char(bool given, int64_t at, int64_t otherwise, int64_t len)
{
	int64_t c = given ? at : otherwise;

	if (c >= len)
		return (size_t)len;
	if (c >= 0)
		return (size_t)c;
	return len + c < 0 ? 0 : (size_t)(len + c);
}

static size_t char_offset(struct str s, size_t chars)
{
	size_t at = 0;

	for (; chars && at < s.len; chars--)
		at += str_utf8_len(s.p + at, s.len - at);
	return at;
}

static struct str substring(const struct transform *t, struct str s)
{
	int64_t len = (int64_t)str_utf8_count(s);
	size_t start = resolve_char(t->has_start, t->start_char, 0, len);
	size_t end = resolve_char(t->has_end, t->end_char, len, len);

	if (start > end || start >= (size_t)len)
		return (struct str){ "", 0 };
	return str_sub(s, char_offset(s, start), char_offset(s, end));
}

static struct str replace(struct matcher *m, const struct transform *t, struct str s)
{
	AUTO_BUF struct buf out = { 0 };

	if (regex_replace_all(&out, t->replace, s, t->by) == REGEX_LIMIT) {
		m->regex_limit = "a transform";
		return s;
	}
	return arena_str(m->mem, buf_str(&out));
}

struct edit {
	uint32_t   start, end;
	struct str text;
};

struct edits {
	struct edit *items;
	size_t       n, cap;
};

/* The first rewriter that matches the node; its variables begin with those of the rule around it. */
static bool rewrite_node(struct matcher *m, const struct transform *t, uint32_t node,
			 struct edit *out)
{
	struct env *outer = m->env, *enclosing = m->enclosing;
	bool found = false;

	m->enclosing = enclosing ? enclosing : outer;
	for (size_t i = 0; i < t->n_rewriters && !found; i++) {
		const struct rewriter *rewriter = t->rewriters[i];

		m->env = env_clone(m->mem, outer);
		if (rule_match(m, rewriter->rule, node) == NODE_NONE ||
		    !constraints_match(m, &rewriter->constraints))
			continue;
		transforms_apply(&rewriter->transforms, m);
		*out = (struct edit){ m->tree->nodes[node].start, m->tree->nodes[node].end,
				      template_render(&rewriter->fixer.template, m, node) };
		found = true;
	}
	m->enclosing = enclosing;
	m->env = outer;
	return found;
}

static void collect_edits(struct matcher *m, const struct transform *t, uint32_t top,
			  struct edits *edits)
{
	for (uint32_t i = top; i < m->tree->nodes[top].next; i++) {
		struct edit edit;

		if (rewrite_node(m, t, i, &edit))
			ARENA_PUSH(m->mem, edits, edit);
	}
}

/* Outer edits come first; what overlaps them is dropped. */
static struct str join_edits(struct matcher *m, const struct transform *t,
			     const struct edits *edits, struct str old, uint32_t start)
{
	AUTO_BUF struct buf out = { 0 };
	size_t pos = 0;
	bool first = true;

	for (size_t i = 0; i < edits->n; i++) {
		const struct edit *edit = &edits->items[i];
		size_t at = edit->start - start;

		if (pos > at)
			continue;
		if (!t->has_join)
			buf_add(&out, str_sub(old, pos, at));
		else if (!first)
			buf_add(&out, t->join_by);
		buf_add(&out, edit->text);
		pos = edit->end - start;
		first = false;
	}
	if (!t->has_join)
		buf_add(&out, str_from(old, pos));
	return arena_str(m->mem, buf_str(&out));
}

static bool rewrite(struct matcher *m, const struct transform *t, struct str text,
		    struct str *out)
{
	struct edits edits = { 0 };
	struct env *env = m->env;
	uint32_t start, single = env->single[t->source];
	struct node_run run = env->multi[t->source];

	if (m->rewrite_depth > RULE_MAX_DEPTH)
		return false;
	if (t->source_is_multi ? run.n == NODE_NONE || run.n == 0 : single == NODE_NONE)
		return false;
	start = m->tree->nodes[t->source_is_multi ? env->list.items[run.at] : single].start;
	m->rewrite_depth++;
	/* a rewriter within a rewriter sees the variables of the rule, not those of its caller */
	if (m->enclosing)
		m->env = m->enclosing;
	for (uint32_t i = 0; t->source_is_multi && i < run.n; i++)
		collect_edits(m, t, env->list.items[run.at + i], &edits);
	if (!t->source_is_multi)
		collect_edits(m, t, single, &edits);
	m->env = env;
	m->rewrite_depth--;
	*out = join_edits(m, t, &edits, text, start);
	return true;
}

static bool compute(struct matcher *m, const struct transform *t, struct str *out)
{
	struct str text;

	if (!env_text(m, t->source, t->source_is_multi ? t->source : -1, &text))
		return false;
	if (t->op == TRANSFORM_REWRITE)
		return rewrite(m, t, text, out);
	if (t->op == TRANSFORM_REPLACE)
		*out = replace(m, t, text);
	else if (t->op == TRANSFORM_SUBSTRING)
		*out = substring(t, text);
	else
		*out = convert(m->mem, t, text);
	return true;
}

/* Where the source stood tells the indent that its further lines carry. */
static struct str without_indent(struct matcher *m, const struct transform *t, struct str text)
{
	const struct env *env = m->env;
	uint32_t node = env->single[t->source];

	if (t->source_is_multi)
		node = env->multi[t->source].n != NODE_NONE && env->multi[t->source].n
			       ? env->list.items[env->multi[t->source].at]
			       : NODE_NONE;
	if (node == NODE_NONE)
		return text;
	return reindent(m->mem, text, indent_at(m->tree->text, m->tree->nodes[node].start), 0);
}

void transforms_apply(const struct transform_list *list, struct matcher *m)
{
	for (size_t i = 0; i < list->n; i++) {
		const struct transform *t = &list->items[i];
		struct str text = { "", 0 };

		m->env->transformed[t->var] = text;
		compute(m, t, &text);
		text = without_indent(m, t, text);
		m->env->transformed[t->var] = (struct str){ text.p ? text.p : "", text.len };
	}
}
