/* config_reader.h - values of a configuration file, checked; for config*.c alone. */
#pragma once
#include "base/yaml.h"
#include "flow/config.h"

struct reader {
	struct arena  *mem;
	const char    *name;
	struct config *config;
	struct err    *err;
};

/* `to` is what the key's value goes into: the whole config, or one rule, or one instruction. */
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
