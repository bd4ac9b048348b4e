/* values.c - the kinds of values that policies and profiles have, beside those of base/reader.h. */
#include "sandbox/values.h"

#include <inttypes.h>

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

int value_word(struct reader *r, const struct yaml *node, const char *const *names, size_t n, int *out)
{
	struct word words[VALUE_WORDS];

	for (size_t i = 0; i < n && i < VALUE_WORDS; i++)
		words[i] = (struct word){ names[i], (int)i };
	return reader_word(r, node, words, n, out);
}

int value_text(struct reader *r, const struct yaml *node, struct str *out)
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

int value_list(struct reader *r, const struct yaml *node, struct str_list *out)
{
	struct str_list list = { 0 };

	if (reader_expect(r, node, YAML_SEQ, "a list"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct str text;

		if (value_text(r, node->child[i], &text))
			return -1;
		ARENA_PUSH(r->mem, &list, text);
	}
	*out = list;
	return 0;
}

int value_amount(struct reader *r, const struct yaml *node, enum unit unit, uint64_t least, uint64_t most,
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
