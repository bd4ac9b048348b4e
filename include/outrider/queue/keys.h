/*
 * keys.h - CURVE key pairs, who may connect, and their files.
 *
 * A key file NAME.key has mode 0600 and two lines: "public KEY" and "secret KEY"; keys are 40 characters of Z85. An allow-list has one
 * "KEY NAME" a line, '#' begins a comment.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
	KEY_TEXT = 40,
	KEYS_MAX_ALLOWED = 10000, /* workers of a very large fleet */
	KEYS_MAX_NAME = 64,       /* letters, digits, '.', '_', '-' */
};

struct key_pair {
	char public_key[KEY_TEXT + 1];
	char secret_key[KEY_TEXT + 1]; /* "" when only the public one is known */
};

int key_generate(struct key_pair *out, struct err *err);
/* A new file, 0600; an existing one is never overwritten: ERR_PERM. */
int key_write(const char *path, const struct key_pair *pair, struct err *err);
/* Refuses a file with a secret that others than its owner may read. Public-only files may be read by all. */
int key_read(struct key_pair *out, const char *path, struct err *err);
/* Overwrites the secret in memory. */
void key_wipe(struct key_pair *pair);
/* 40 characters of Z85? */
bool key_is_valid(struct str text);

struct allowed {
	char       key[KEY_TEXT + 1];
	struct str name;
};

struct allow_list {
	struct allowed *items;
	size_t          n, cap;
};

/* A missing file is an empty list: nobody may connect. ERR_INPUT names the line. */
int allow_read(struct allow_list *out, struct arena *mem, const char *path, struct err *err);
/* The name that belongs to a key, or NULL. */
const struct allowed *allow_find(const struct allow_list *list, const char *key);
/* Adds or renames; *changed is false when it stood there already. One writer at a time is up to the caller. */
int allow_add(const char *path, struct str key, struct str name, bool *changed, struct err *err);
/* By key or by name. */
int allow_remove(const char *path, struct str key_or_name, bool *found, struct err *err);
