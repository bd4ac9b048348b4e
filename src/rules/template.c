#include "template.h"

enum { LOOK_BACK = 512 };

static bool is_name_char(char c)
{
	return (c >= 'A' && c <= 'Z') || c == '_' || (c >= '0' && c <= '9');
}

uint32_t indent_at(struct str text, size_t at)
{
	size_t from = at > LOOK_BACK ? at - LOOK_BACK : 0;
	uint32_t indent = 0;

	for (size_t i = at; i-- > from;) {
		if (text.p[i] == '\n')
			return indent;
		indent = text.p[i] == ' ' ? indent + 1 : 0;
	}
	return from == 0 ? indent : 0;
}

static size_t count_lines(struct str text)
{
	size_t n = 1;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

static bool all_spaces(struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		if (s.p[i] != ' ')
			return false;
	return true;
}

struct str reindent(struct arena *mem, struct str text, uint32_t from, uint32_t to)
{
	size_t lines = count_lines(text), n = 0;
	uint32_t more = to > from ? to - from : 0, less = from > to ? from - to : 0;
	char *out;

	if (from == to || lines == 1)
		return text;
	out = arena_alloc(mem, text.len + lines * more + 1);
	for (size_t i = 0, line = 0; line < lines; line++) {
		struct str rest = str_from(text, i);
		size_t end = str_find_byte(rest, '\n');
		struct str body = str_sub(rest, 0, end);

		i += body.len + 1;
		if (line && less && body.len >= less && all_spaces(str_sub(body, 0, less)))
			body = str_from(body, less);
		if (line) {
			out[n++] = '\n';
			memset(out + n, ' ', more);
			n += more;
		}
		if (body.len)
			memcpy(out + n, body.p, body.len);
		n += body.len;
	}
	return (struct str){ out, n };
}

/* A variable at text[at] == '$'; gives its length in bytes, or 0. */
static size_t var_at(struct str text, size_t at, struct str *name, bool *multi)
{
	size_t sigils = 0, len = 0;

	while (sigils < 3 && at + sigils < text.len && text.p[at + sigils] == '$')
		sigils++;
	while (at + sigils + len < text.len && is_name_char(text.p[at + sigils + len]))
		len++;
	*name = str_sub(text, at + sigils, at + sigils + len);
	*multi = sigils == 3;
	return len ? sigils + len : 0;
}

bool template_compile(struct template *out, struct arena *mem, struct str text, bool strict,
		      var_lookup *lookup, void *payload, struct str *unknown)
{
	struct {
		struct template_part *items;
		size_t                n, cap;
	} parts = { 0 };
	size_t begin = 0, at = 0;
	bool multi, has_vars = false;
	struct str name;

	while (at < text.len) {
		size_t len = text.p[at] == '$' ? var_at(text, at, &name, &multi) : 0;
		struct template_part part = { .single = -1, .multi = -1 };
		int32_t var;

		if (len == 0) {
			at++;
			continue;
		}
		var = lookup(payload, name);
		if (var < 0 && strict) {
			*unknown = name;
			return false;
		}
		part.literal = arena_str(mem, str_sub(text, begin, at));
		part.indent = indent_at(text, at);
		*(multi ? &part.multi : &part.single) = var;
		ARENA_PUSH(mem, &parts, part);
		has_vars = true;
		at += len;
		begin = at;
	}
	struct template_part last = { arena_str(mem, str_from(text, begin)), -1, -1, 0 };
	ARENA_PUSH(mem, &parts, last);
	*out = (struct template){ parts.items, parts.n, has_vars };
	return true;
}

static struct str part_value(const struct template_part *part, struct matcher *m)
{
	const struct env *env = m->env;
	uint32_t at = NODE_NONE;
	struct str text;

	if ((part->single < 0 && part->multi < 0) || !env_text(m, part->single, part->multi, &text))
		return (struct str){ 0 };
	if (part->multi >= 0)
		at = m->tree->nodes[env->list.items[env->multi[part->multi].at]].start;
	else if (env->single[part->single] != NODE_NONE)
		at = m->tree->nodes[env->single[part->single]].start;
	return reindent(m->mem, text, at == NODE_NONE ? 0 : indent_at(m->tree->text, at),
			part->indent);
}

struct str template_render(const struct template *t, struct matcher *m, uint32_t node)
{
	uint32_t indent = indent_at(m->tree->text, m->tree->nodes[node].start);
	struct str *values = ARENA_ARRAY(m->mem, t->n, struct str);
	size_t len = 0, n = 0;
	char *out;

	for (size_t i = 0; i < t->n; i++) {
		values[i] = part_value(&t->parts[i], m);
		len += t->parts[i].literal.len + values[i].len;
	}
	out = arena_alloc(m->mem, len + 1);
	for (size_t i = 0; i < t->n; i++) {
		struct str pieces[] = { t->parts[i].literal, values[i] };

		for (size_t k = 0; k < COUNT(pieces); k++) {
			if (pieces[k].len)
				memcpy(out + n, pieces[k].p, pieces[k].len);
			n += pieces[k].len;
		}
	}
	return reindent(m->mem, (struct str){ out, n }, 0, indent);
}
