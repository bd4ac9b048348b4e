/* reader.h - values of a YAML file, checked, with errors that say where. Private to this folder. */
#pragma once
#include "sandbox/policy.h"

struct reader {
	struct arena *mem;
	const char   *name;
	struct err   *err;
};

/* `to` is what the key's value goes into. */
struct key {
	const char *name;
	int (*read)(struct reader *r, const struct yaml *value, void *to);
};

enum unit { UNIT_NUMBER, UNIT_BYTES, UNIT_TIME };

/* All return -1 with *err set, "name:line:column: what", and leave *out as it was. */
int reader_expect(struct reader *r, const struct yaml *node, enum yaml_kind kind, const char *what);
/* Every key of the mapping has a row in the table. */
int reader_keys(struct reader *r, const struct yaml *map, const struct key *keys, size_t n, void *to);
/* One of `n` words; *out is its index. */
int reader_word(struct reader *r, const struct yaml *node, const char *const *words, size_t n, int *out);
int reader_text(struct reader *r, const struct yaml *node, struct str *out);
int reader_list(struct reader *r, const struct yaml *node, struct str_list *out);
/* "2g", "10m" (minutes in a time), "500ms", "64k", "12": in bytes or milliseconds. */
int reader_amount(struct reader *r, const struct yaml *node, enum unit unit, uint64_t least, uint64_t most,
		  uint64_t *out);
