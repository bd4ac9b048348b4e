#include "reader.h"

#include <inttypes.h>

#include "base/scope.h"

struct suffix {
	const char *text;
	uint64_t    factor;
};

static const struct suffix byte_suffixes[] = {
	{ "k", 1 << 10 }, { "m", 1 << 20 }, { "g", 1 << 30 }, { "", 1 }, { NULL, 0 },
};
/* "ms" before "s": the first that fits counts */
static const struct suffix time_suffixes[] = {
	{ "ms", 1 }, { "s", 1000 }, { "m", 60000 }, { "h", 3600000 }, { NULL, 0 },
};
static const struct suffix no_suffixes[] = { { "", 1 }, { NULL, 0 } };

int reader_expect(struct reader *r, const struct yaml *node, enum yaml_kind kind, const char *what)
{
	if (node->kind != kind)
		return yaml_error(r->err, r->name, node, "expected %s, not %s", what,
				  yaml_kind_name(node));
	if (node->n > POLICY_MAX_ITEMS)
		return yaml_error(r->err, r->name, node, "more than %d entries", POLICY_MAX_ITEMS);
	return 0;
}

static int unknown(struct reader *r, const struct yaml *at, const char *what, struct str known)
{
	return yaml_error(r->err, r->name, at, "unknown %s '%.80s'; known: %.*s", what,
			  arena_z(r->mem, at->text), STR_ARG(known));
}

int reader_keys(struct reader *r, const struct yaml *map, const struct key *keys, size_t n, void *to)
{
	AUTO_BUF struct buf known = { 0 };

	if (reader_expect(r, map, YAML_MAP, "a mapping"))
		return -1;
	for (size_t j = 0; j < n; j++)
		buf_printf(&known, "%s%s", j ? ", " : "", keys[j].name);
	for (size_t i = 0; i < map->n; i++) {
		const struct key *key = NULL;

		for (size_t j = 0; j < n && !key; j++)
			if (str_eq(map->key[i]->text, str_of(keys[j].name)))
				key = &keys[j];
		if (!key)
			return unknown(r, map->key[i], "key", buf_str(&known));
		if (key->read(r, map->child[i], to))
			return -1;
	}
	return 0;
}

int reader_word(struct reader *r, const struct yaml *node, const char *const *words, size_t n, int *out)
{
	AUTO_BUF struct buf known = { 0 };

	if (reader_expect(r, node, YAML_SCALAR, "a word"))
		return -1;
	for (size_t i = 0; i < n; i++) {
		if (str_eq(node->text, str_of(words[i]))) {
			*out = (int)i;
			return 0;
		}
		buf_printf(&known, "%s%s", i ? ", " : "", words[i]);
	}
	return unknown(r, node, "value", buf_str(&known));
}

int reader_text(struct reader *r, const struct yaml *node, struct str *out)
{
	if (reader_expect(r, node, YAML_SCALAR, "a string"))
		return -1;
	if (node->text.len > POLICY_MAX_PATH)
		return yaml_error(r->err, r->name, node, "longer than %d bytes", POLICY_MAX_PATH);
	for (size_t i = 0; i < node->text.len; i++)
		if ((unsigned char)node->text.p[i] < 0x20 || node->text.p[i] == 0x7f)
			return yaml_error(r->err, r->name, node, "a control character");
	*out = node->text;
	return 0;
}

int reader_list(struct reader *r, const struct yaml *node, struct str_list *out)
{
	struct str_list list = { 0 };

	if (reader_expect(r, node, YAML_SEQ, "a list"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct str text;

		if (reader_text(r, node->child[i], &text))
			return -1;
		ARENA_PUSH(r->mem, &list, text);
	}
	*out = list;
	return 0;
}

int reader_amount(struct reader *r, const struct yaml *node, enum unit unit, uint64_t least, uint64_t most,
		  uint64_t *out)
{
	static const struct suffix *const tables[] = { no_suffixes, byte_suffixes, time_suffixes };
	static const char *const forms[] = { "a number", "bytes (512m, 2g)", "a time (500ms, 30s, 10m, 1h)" };
	uint64_t n;

	if (reader_expect(r, node, YAML_SCALAR, forms[unit]))
		return -1;
	for (const struct suffix *s = tables[unit]; s->text; s++) {
		struct str digits = node->text;

		if (!str_ends(digits, str_of(s->text)))
			continue;
		digits.len -= strlen(s->text);
		if (!str_to_u64(digits, &n))
			continue;
		if (n > UINT64_MAX / s->factor || n * s->factor < least || n * s->factor > most)
			return yaml_error(r->err, r->name, node,
					  "out of bounds: %" PRIu64 " to %" PRIu64 "%s", least, most,
					  unit == UNIT_TIME ? " ms" : unit == UNIT_BYTES ? " bytes" : "");
		*out = n * s->factor;
		return 0;
	}
	return yaml_error(r->err, r->name, node, "expected %s", forms[unit]);
}
