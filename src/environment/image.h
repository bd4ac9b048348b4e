/*
 * image.h - images as root file systems: from a layout on this machine, or from a registry by the digest of a manifest. Private.
 *
 * A registry is believed nothing: a name is resolved to a digest once per `refresh`; what is pulled then is that manifest and the
 * blobs that it names, each checked against its SHA-256; no more bytes than it declares; from no other host than the administrator's
 * routes. All of its bytes are read in a sandbox.
 */
#pragma once
#include "environment/prepare.h"
#include "host_files.h"
#include "image_name.h"

/* Where an image comes from, down to its bytes. Points into the arena. */
struct image_source {
	const struct host_image *image;
	struct str           wish;     /* its name in the repository's words */
	struct image_name    name;     /* in a registry */
	struct host_registry registry;
	char                 digest[IMAGE_DIGEST + 1]; /* of the manifest for this host's platform; "" of a layout */
};

/* Asks the registry when nobody did after `since_ms`. */
int image_find(struct image_source *out, struct arena *mem, const struct environment_host *host, const struct host_image *image,
	       struct str wish, int64_t since_ms, const struct environment_teller *teller, struct err *err);
/* Makes `folder`/tree of it, and fills in the variables of *meta. */
int image_unpack(struct shelf_meta *meta, struct arena *mem, const struct environment_host *host, const struct image_source *source,
		 const char *folder, const struct environment_teller *teller, struct err *err);
