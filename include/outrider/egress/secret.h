/* secret.h - what the host admin lends to routes; it never enters a job. */
#pragma once
#include "base/yaml.h"

enum {
	SECRET_MIN = 8,        /* bytes; a shorter one stands in an answer by chance */
	SECRET_MAX = 8192,     /* bytes; the longest tokens (JWT) have 4000 */
	SECRET_LIST_MAX = 64,
};

struct secret {
	struct str id;
	struct str value;
};

struct secret_list {
	struct secret *items;
	size_t         n, cap;
};

/*
 * Reads the host's `secrets`: a mapping of id to {env: NAME} or {file: PATH}; never the value
 * itself. `env` gives a
 * variable of the supervisor (getenv, or a test's). A file must be a regular one that only its
 * owner may read; one line end at its end
 * is dropped. Values are visible ASCII. ERR_INPUT "name:line:column: what", without the value.
 */
int secret_list_read(struct secret_list *out, struct arena *mem, const char *name,
		const struct yaml *secrets, const char *(*env)(const char *), struct err *err);
/* NULL when there is none. */
const struct secret *secret_find(const struct secret_list *list, struct str id);
/* Overwrites the values. */
void secret_wipe(struct secret_list *list);
