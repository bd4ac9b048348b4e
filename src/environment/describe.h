/* describe.h - what both ways to describe an environment share. Private to this folder. */
#pragma once
#include "environment/environment.h"

/* A command or a value: any text without NUL and control characters but line ends and tabs. */
int describe_text(struct reader *r, const struct yaml *node, struct str *out);
/* Adds "NAME=value"; the last of a name counts. */
int describe_variable(struct reader *r, const struct yaml *name, const struct yaml *value, struct environment *to);
int describe_setup(struct reader *r, const struct yaml *at, struct str command, struct environment *to);
