/* key.h - SHA-256 over parts of which none can run into the next. Private to this folder. */
#pragma once
#include "base/sha256.h"

struct key_hash {
	struct sha256 hash;
};

void key_begin(struct key_hash *out, const char *what, uint64_t format);
void key_text(struct key_hash *hash, struct str text);
void key_number(struct key_hash *hash, uint64_t n);
/* 64 hex digits and a NUL. */
void key_end(struct key_hash *hash, char out[65]);
