/* yaml.h - YAML text as a tree that knows where each thing stood. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum yaml_kind { YAML_NULL, YAML_SCALAR, YAML_SEQ, YAML_MAP };

enum {
	YAML_MAX_BYTES = 4 << 20, /* the largest rule catalogues in one file are below 1 MB */
	YAML_MAX_DEPTH = 128,     /* deeper is an attack: the deepest public rule has 17 levels */
	YAML_MAX_KEYS = 4000,     /* of one mapping, and anchors: both are searched one by one */
	YAML_MAX_NODES = 400000,  /* aliases are expanded, so this also stops alias bombs */
};

/*
 * A value with its position (1-based line and column of its first character).
 * A mapping is a list of pairs: child[i] is the value of key[i]. Keys are
 * scalars, and unique: anything else is refused when loading. A plain `~`, `null` or nothing
 * is YAML_NULL. `quoted` tells '1' from 1. Merge keys (<<) are applied, the map's own keys win.
 */
struct yaml {
	enum yaml_kind kind;
	bool           quoted;
	uint32_t       line, column;
	struct str     text;         /* YAML_SCALAR */
	size_t         n;            /* YAML_SEQ, YAML_MAP */
	struct yaml  **child;
	struct yaml  **key;          /* YAML_MAP: scalar nodes */
};

struct yaml_docs {
	struct yaml **items;
	size_t        n, cap;
};

/*
 * Loads all documents of `text` into `mem`, all strings copied there. `name` goes in front of
 * error texts: "name:line:column: what". Pure but for memory; ERR_INPUT on failure.
 */
int yaml_load(struct yaml_docs *out, struct arena *mem, const char *name, struct str text,
	      struct err *err);

/* The value of a key, or NULL; also NULL when `map` is NULL or no mapping. */
struct yaml *yaml_get(const struct yaml *map, const char *key);
/* A one-line word for messages: "a string", "a list", "a mapping", "nothing". */
const char *yaml_kind_name(const struct yaml *node);
/* Sets *err to "name:line:column: text". Returns -1. */
int yaml_error(struct err *err, const char *name, const struct yaml *at, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
#define yaml_error(...) ((yaml_error)(__VA_ARGS__), -1)
