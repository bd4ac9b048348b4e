/* glob_program.h - what glob.c makes of a pattern and glob_match.c runs. */
#pragma once
#include "base/glob.h"

/* One unit of a path is a byte in GLOB_RULE (as in globset), a character in GLOB_PATH. */
struct glob_range {
	uint32_t first, last;
};

struct glob_class {
	bool          negated;
	struct glob_range *items;
	size_t        n, cap;
};

enum glob_op { OP_UNIT, OP_ANY, OP_NOT_SLASH, OP_CLASS, OP_SPLIT, OP_JUMP, OP_MATCH };

struct glob_step {
	enum glob_op             op;
	uint32_t            unit;
	const struct glob_class *class;
	uint16_t            to[2]; /* OP_SPLIT, OP_JUMP */
};

/* No token takes more steps than 8 per byte of its text ("**" alone takes 7). */
enum { GLOB_MAX_STEPS = GLOB_MAX_BYTES * 8 + 16 };

struct glob {
	struct str        text;
	enum glob_dialect dialect;
	bool              nocase;
	bool              directory; /* GLOB_PATH: ended in '/' */
	struct glob_step      *items;
	size_t            n, cap;
};

/* The next unit of a text; *len its bytes. glob_match.c */
uint32_t glob_unit(const char *s, size_t left, bool characters, size_t *len);
