/* template.h - text with variables: fixes and messages. Private to this folder. */
#pragma once
#include "matcher.h"

/* Gives the index of a variable, or -1 when the rule defines none of that name. */
typedef int32_t var_lookup(void *payload, struct str name);

/* False, and *unknown, when `strict` and a variable is not defined. */
bool template_compile(struct template *out, struct arena *mem, struct str text, bool strict,
		      var_lookup *lookup, void *payload, struct str *unknown);
/*
 * The text for a match at `node`, with captured lines moved to the template's indent and all lines to that of the match.
 */
struct str template_render(const struct template *t, struct matcher *m, uint32_t node);

/* Spaces in front of the line that holds `at`, as ast-grep counts them: tabs are none, 512 bytes back at most. */
uint32_t indent_at(struct str text, size_t at);
/* Moves all lines but the first from one indent to another. */
struct str reindent(struct arena *mem, struct str text, uint32_t from, uint32_t to);

void transforms_apply(const struct transform_list *list, struct matcher *m);
