/*
 * harvest.h - results out of a work directory in which hostile code ran.
 *
 * Every name is opened below the directory with openat2(RESOLVE_BENEATH | NO_SYMLINKS | NO_XDEV | NO_MAGICLINKS). No process of the
 * job may be alive any more. Sockets, FIFOs, devices and setuid bits are never taken over.
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "sandbox/policy.h"

enum harvest_kind { HARVEST_FILE, HARVEST_DIR, HARVEST_SYMLINK, HARVEST_REMOVED };

struct harvest_item {
	struct str        path;   /* relative, '/' between, well-formed UTF-8, no control characters, no "." or ".." */
	enum harvest_kind kind;   /* HARVEST_REMOVED: a whiteout of an overlay */
	uint64_t          size;
	bool              executable;
	bool              opaque; /* HARVEST_DIR of an overlay: replaces the old one whole */
	struct str        target; /* HARVEST_SYMLINK: as written; never followed */
};

/* What was not taken, and why, one line each: "a\x01b: control character in the name". */
struct harvest {
	struct {
		struct harvest_item *items;
		size_t               n, cap;
	} items;
	struct str_list refused;
	uint64_t        bytes;
};

struct harvest_options {
	bool             overlay;   /* the directory is an upper layer: whiteouts mean removed */
	uint64_t         max_bytes; /* of all files */
	uint64_t         max_file;
	uint32_t         max_items;
	const struct str_list *protect; /* refused: hooks, configuration; may be NULL */
};

enum {
	HARVEST_MAX_DEPTH = 64,  /* no real tree is deeper */
	HARVEST_MAX_NAME = 255,
	HARVEST_MAX_PATH = 1024,
	HARVEST_MAX_REFUSED = 1000, /* more are one line with their number */
};

/*
 * Lists what is below `dir`, sorted by path. What is over a cap or odd is in `refused`, never silently left out. All memory in `mem`.
 * ERR_INPUT when the directory itself cannot be read.
 */
int harvest_list(struct harvest *out, struct arena *mem, int dir,
		 const struct harvest_options *options, struct err *err);
/* Reads one listed file; refuses when it is no longer the same size, or no file. */
int harvest_read(struct str *out, struct arena *mem, int dir, const struct harvest_item *item,
		 struct err *err);
/*
 * Puts the listed changes in place below `to`, an own directory: files are written anew with mode 0644 or 0755, symlinks only
 * when their target stays below `to`, removed ones removed. Nothing is followed on either side.
 */
int harvest_apply(const struct harvest *harvest, int dir, int to, struct err *err);
/* Removes what is there, whatever it is, with all below it; nothing is followed. Nothing there is fine. -1 with errno. */
int harvest_remove(int dir, const char *name);
