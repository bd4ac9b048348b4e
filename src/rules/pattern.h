/* pattern.h - code with holes, as a small tree. Private to this folder. */
#pragma once
#include "rule.h"

/* Gives the index of a variable by its name, adding it when it is new; -1 when there are too many. */
typedef int32_t var_index(void *payload, struct str name);

struct pattern_source {
	const struct language *language;
	struct str             code;
	struct str             selector; /* empty for none */
	enum strictness        strictness;
};

/*
 * Parses the code with `parser` and keeps what matching needs in `mem`. ERR_INPUT tells why a pattern cannot be used;
 * no position in it.
 */
int pattern_compile(struct pattern *out, struct arena *mem, struct parser *parser,
		    const struct pattern_source *source, var_index *index, void *payload,
		    struct err *err);

/* What a metavariable's text is: "$A", "$$A", "$_", "$$$", "$$$A" with `sigil` for '$'. */
struct meta_var {
	enum pattern_type type; /* VAR, DROPPED, MULTI; LEAF when it is no variable */
	bool              named;
	struct str        name;
};
struct meta_var meta_var_of(struct str text, struct str sigil);
