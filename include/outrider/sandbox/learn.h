/*
 * learn.h - from green runs to a policy, as a change that a person reads.
 *
 * A run under a policy with exec.mode audit (or build) writes down every program and every request. What one or several such
 * runs needed, and no more, becomes lines of the policy's own text: programs by digest, routes by host, method and path,
 * limits with head room, names of variables. Each line names the receipts that it comes from. Pure: no file is read
 * or written.
 *
 * - A run that did not end with exit code 0 teaches nothing, and is refused.
 * - exec.mode becomes sealed, when every program is of the toolchain. A job that runs what it built or brought stays in mode
 *   build: sealed would not let it; the notes say so.
 * - Routes of a phase that was used are narrowed to what was asked for; routes that nobody used go.
 * - Limits become twice what was needed, rounded up, where that is less than the policy's.
 * - Whatever makes the policy looser (a digest more in a sealed one, a limit that was too small) is a note, too.
 */
#pragma once
#include "sandbox/receipt.h"

enum {
	LEARN_MAX_RECEIPTS = 64, /* the sources of a line are bits of a word */
	LEARN_HEAD_ROOM = 2,     /* times what was needed: machines and loads differ */
};

struct learn_source {
	const char    *name; /* of the file, for comments */
	struct receipt receipt;
};

struct learned {
	struct str      policy; /* the whole new text */
	struct str      diff;   /* unified; empty when the policy already fits */
	struct str_list notes;  /* one line each: what became looser, what could not be learnt */
};

/*
 * `name` and `text` are the policy's file. ERR_INPUT for a policy or a receipt that is wrong, a red run, receipts that do not fit
 * each other. All memory in `mem`.
 */
int learn_policy(struct learned *out, struct arena *mem, const char *name, struct str text,
		 const struct learn_source *sources, size_t n, struct err *err);
