/*
 * tag.h - which manifest a name in a registry stood for when it was asked last: store/tags/<key>, written at once and whole, with
 * the time of its file. Private to this folder.
 */
#pragma once
#include "image_name.h"

/* *found only when it was asked after `since_ms`. */
int tag_read(char out[IMAGE_DIGEST + 1], bool *found, const char *store, const char *key, int64_t since_ms, struct err *err);
int tag_write(const char *store, const char *key, const char *digest, struct err *err);
/* Removes what was asked before `since_ms`. */
int tag_prune(const char *store, int64_t since_ms, struct err *err);
