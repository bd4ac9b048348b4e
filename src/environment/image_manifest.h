/*
 * image_manifest.h - what a registry says that an image consists of: a manifest, or an index of one for each platform (OCI image spec 1.1,
 * Docker's version 2 schema 2). Pure; the text is a stranger's. Private to this folder.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "image_name.h"

enum {
	MANIFEST_MAX = 4 << 20,    /* bytes: what registries take */
	MANIFEST_MAX_LAYERS = 256, /* what Docker makes has 127 at most */
	MANIFEST_MAX_PLATFORMS = 256, /* of an index, attestations among them */
};

struct image_platform {
	const char *os, *arch; /* in Go's words: "linux", "amd64" */
};

struct image_manifest {
	bool     is_index;
	char     child[IMAGE_DIGEST + 1]; /* index: the digest of the manifest for the platform */
	size_t   layers;
	uint64_t bytes; /* of all layers and the configuration, as they are stored */
};

/* ERR_INPUT: malformed, of another kind, too many layers, more bytes than `max_bytes`, or not for the platform. */
int image_manifest_read(struct image_manifest *out, struct str text, const struct image_platform *platform, uint64_t max_bytes,
			struct err *err);
/* Of a manifest's bytes: "sha256:..." */
void image_digest(char out[IMAGE_DIGEST + 1], struct str bytes);
