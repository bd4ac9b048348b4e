/*
 * checkout.h - a folder with the files of one commit, and a `.git` of its own that holds that commit alone.
 *
 * The repository's text is hostile: git runs as for a mirror (mirror.h), without hooks, filters, submodules, or configuration of the user.
 * Submodules are empty folders; what LFS would fetch are its pointers.
 */
#pragma once
#include "base/err.h"

enum { CHECKOUT_SECONDS = 600 }; /* of the largest public trees, from a local disk */

/*
 * Makes `dir`, which is not there yet, or is empty. `source` is the absolute folder of a repository on this machine that has the commit `oid`
 * (40 hex), in a ref or not. ERR_PERM with git's words; what was made by then stays.
 */
int checkout_make(const char *dir, const char *source, const char *oid, struct err *err);
/* Brings one that checkout_make() made, and in which nobody wrote since, to another commit: only what differs is written. */
int checkout_move(const char *dir, const char *source, const char *oid, struct err *err);
