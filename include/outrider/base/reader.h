/*
 * reader.h - values of a YAML file of settings, checked: one table of keys, one small reader for each.
 */
#pragma once
#include "base/glob.h"
#include "base/yaml.h"

enum {
	READER_MAX_ITEMS = 2000, /* of a list or mapping that people write */
	READER_MAX_KEYS = 32,    /* of one table of keys */
};

struct reader {
	struct arena *mem;
	const char   *name; /* of the file, for errors */
	struct err   *err;
};

/* `to` is what the key's value goes into: all settings, or one entry of a list. */
struct key {
	const char *name;
	int (*read)(struct reader *r, const struct yaml *value, void *to);
};

struct word {
	const char *name;
	int         value;
};

/* All return -1 with *err set, "file:line:column: what", and leave *out as it was. */
int reader_expect(struct reader *r, const struct yaml *node, enum yaml_kind kind, const char *what);
/* Every key of the mapping has a row in the table, or is an error with a guess. */
int reader_keys(struct reader *r, const struct yaml *map, const struct key *keys, size_t n,
	      void *to);
int reader_word(struct reader *r, const struct yaml *node, const struct word *words, size_t n,
	      int *out);
int reader_bool(struct reader *r, const struct yaml *node, bool *out);
int reader_number(struct reader *r, const struct yaml *node, uint32_t least, uint32_t most,
		uint32_t *out);
int reader_glob(struct reader *r, const struct yaml *node, struct glob **out);
int reader_globs(struct reader *r, const struct yaml *node, struct glob_list *out);
