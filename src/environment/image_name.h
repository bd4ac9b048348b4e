/* image_name.h - where an image lies in a registry, as "registry.example:5000/team/app:1.2@sha256:...". Private to this folder. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
	IMAGE_NAME_MAX = 512, /* bytes in all; registries take 255 for the path */
	IMAGE_TAG_MAX = 128,
	IMAGE_DIGEST = 71,    /* "sha256:" and 64 hex digits */
};

/* Parts of the text that was read. */
struct image_name {
	struct str registry;   /* "registry.example:5000": in lower case; has a '.', a ':' or is localhost */
	struct str repository; /* "team/app" */
	struct str tag;        /* "latest" when none was said */
	struct str digest;     /* "sha256:..."; empty: none */
};

/* ERR_INPUT with one sentence. Only names that cannot be read in two ways: none with `..`, none that looks like an option. */
int image_name_read(struct image_name *out, struct str text, struct err *err);
/* "sha256:" and 64 hex digits in lower case. */
bool image_digest_ok(struct str text);

/*
 * Does `pattern` stand for `name`: the same, or with one `*` for any run of at least one byte, which is *rest then. False, and *rest
 * untouched, when not.
 */
bool image_name_match(struct str *rest, struct str pattern, struct str name);
/* `target` with `rest` in the place of its `*`, if it has one. */
struct str image_name_fill(struct arena *mem, struct str target, struct str rest);
