/* reader.c - errors that help, and the plain kinds of values. */
#include "base/reader.h"

#include "base/scope.h"

enum { GUESS_MAX = 32 }; /* bytes of a key for which a guess is made */

/* Letters to change, add or drop to make b of a; large when either is long. */
static size_t distance(struct str a, struct str b)
{
	size_t row[GUESS_MAX + 1];

	if (a.len > GUESS_MAX || b.len > GUESS_MAX)
		return SIZE_MAX;
	for (size_t j = 0; j <= b.len; j++)
		row[j] = j;
	for (size_t i = 1; i <= a.len; i++) {
		size_t corner = row[0];

		row[0] = i;
		for (size_t j = 1; j <= b.len; j++) {
			size_t best = corner + (a.p[i - 1] != b.p[j - 1]);

			corner = row[j];
			best = row[j] + 1 < best ? row[j] + 1 : best;
			row[j] = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
		}
	}
	return row[b.len];
}

/* "unknown key 'x'; did you mean 'y'? known: ..." */
static int unknown(struct reader *r, const struct yaml *at, const char *what,
		   const char *const *known, size_t n)
{
	AUTO_BUF struct buf list = { 0 };
	const char *guess = NULL;
	size_t best = at->text.len / 3 + 2; /* further away is no slip of the finger */

	for (size_t i = 0; i < n; i++) {
		size_t d = distance(at->text, str_of(known[i]));

		if (d < best) {
			best = d;
			guess = known[i];
		}
		buf_printf(&list, "%s%s", i ? ", " : "", known[i]);
	}
	return yaml_error(r->err, r->name, at, "unknown %s '%.80s'%s%s%s known: %.*s", what,
			  arena_z(r->mem, at->text), guess ? "; did you mean '" : ";",
			  guess ? guess : "", guess ? "'?" : "", STR_ARG(buf_str(&list)));
}

int reader_expect(struct reader *r, const struct yaml *node, enum yaml_kind kind, const char *what)
{
	if (node->kind != kind)
		return yaml_error(r->err, r->name, node, "expected %s, not %s", what,
				  yaml_kind_name(node));
	if (node->n > READER_MAX_ITEMS)
		return yaml_error(r->err, r->name, node, "more than %d entries", READER_MAX_ITEMS);
	return 0;
}

/* Every key of the mapping has a row in the table. */
int reader_keys(struct reader *r, const struct yaml *map, const struct key *keys, size_t n,
		     void *to)
{
	const char *names[READER_MAX_KEYS];

	if (reader_expect(r, map, YAML_MAP, "a mapping"))
		return -1;
	for (size_t i = 0; i < map->n; i++) {
		const struct key *key = NULL;

		for (size_t j = 0; j < n && j < COUNT(names); j++) {
			names[j] = keys[j].name;
			if (str_eq(map->key[i]->text, str_of(keys[j].name)))
				key = &keys[j];
		}
		if (!key)
			return unknown(r, map->key[i], "key", names, n);
		if (key->read(r, map->child[i], to))
			return -1;
	}
	return 0;
}

int reader_word(struct reader *r, const struct yaml *node, const struct word *words, size_t n,
		     int *out)
{
	const char *names[16];

	if (reader_expect(r, node, YAML_SCALAR, "a word"))
		return -1;
	for (size_t i = 0; i < n && i < COUNT(names); i++) {
		names[i] = words[i].name;
		if (str_eq(node->text, str_of(words[i].name))) {
			*out = words[i].value;
			return 0;
		}
	}
	return unknown(r, node, "value", names, n);
}

int reader_bool(struct reader *r, const struct yaml *node, bool *out)
{
	static const struct word words[] = { { "true", 1 }, { "false", 0 }, { "yes", 1 },
					     { "no", 0 },   { "on", 1 },    { "off", 0 } };
	int value;

	if (reader_word(r, node, words, COUNT(words), &value))
		return -1;
	*out = value;
	return 0;
}

int reader_number(struct reader *r, const struct yaml *node, uint32_t least, uint32_t most,
		       uint32_t *out)
{
	uint64_t n;

	if (reader_expect(r, node, YAML_SCALAR, "a number"))
		return -1;
	if (!str_to_u64(node->text, &n) || n < least || n > most)
		return yaml_error(r->err, r->name, node, "expected a number from %u to %u", least,
				  most);
	*out = (uint32_t)n;
	return 0;
}

int reader_glob(struct reader *r, const struct yaml *node, struct glob **out)
{
	struct err cause;

	if (reader_expect(r, node, YAML_SCALAR, "a glob"))
		return -1;
	if (glob_compile(out, r->mem, node->text, GLOB_PATH, false, &cause))
		return yaml_error(r->err, r->name, node, "%s", cause.text);
	return 0;
}

int reader_globs(struct reader *r, const struct yaml *node, struct glob_list *out)
{
	struct glob_list list = { 0 };

	if (reader_expect(r, node, YAML_SEQ, "a list of globs"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct glob *glob;

		if (reader_glob(r, node->child[i], &glob))
			return -1;
		ARENA_PUSH(r->mem, &list, glob);
	}
	*out = list;
	return 0;
}
