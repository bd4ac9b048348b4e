/* origin.h - was this file written by hand here? Private to src/repo. */
#pragma once
#include "attribute.h"

/*
 * SKIP_NONE, SKIP_GENERATED or SKIP_VENDORED, with the rule that says so in *detail (static
 * memory).
 */
enum change_skip origin_of_path(struct str *detail, const struct attributes *attributes,
				struct str path);
/* SKIP_GENERATED when a comment in the first lines says that a program wrote the text. */
enum change_skip origin_of_text(struct str *detail, struct str text);
