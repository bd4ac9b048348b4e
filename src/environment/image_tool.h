/*
 * image_tool.h - skopeo and umoci at work on what strangers made: behind the walls of the host's policy as jobs are, with no network
 * but the routes that are given, and with nothing of the host but one folder. Private to this folder.
 */
#pragma once
#include "environment/host.h"

enum { IMAGE_TOOL_OUTPUT = 4 << 20 }; /* bytes of standard output: a manifest, the configuration of an image */

struct image_tool {
	const struct environment_host *host;
	struct arena                  *mem;
	const char                    *folder; /* absolute: seen as /work, written through; NULL: an empty one in memory */
	const struct route_table      *routes; /* NULL: no network */
	bool                           plain;  /* the registry has no TLS: a try of it is no news */
	/*
	 * It gives files the modes that layers name, setuid among them, which no filter of ours lets pass: the other walls hold it. The bits
	 * are worth nothing where nobody but us may look, and are taken off after it.
	 */
	bool                           unfiltered;
	uint64_t                       wall_ms;
	struct str                     behalf; /* for the audit log: the image */
};

/*
 * Runs it to its end; argv[0] is found in PATH. *out (may be NULL) takes its standard output. ERR_PERM with why: what it wanted from the
 * network and did not get, the size of the folder (`max_image` of the host), a limit, or its own last words.
 */
int image_tool_run(struct buf *out, const struct image_tool *tool, const char *const *argv, struct err *err);
/* Says that it takes more than `max_image` of the host. Returns -1. */
int image_too_large(const struct environment_host *host, struct err *err);
