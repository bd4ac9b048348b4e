/* take.h - what hostile set-up wrote, into a folder that is kept. Private to this folder. */
#pragma once
#include "sandbox/policy.h"

struct take_options {
	int         checkout; /* directory: what stands there as a file is not taken; -1: none */
	const char *name;     /* in front of lines for people: "/work" */
	struct str_list *refused; /* lines of what was not taken are added; may be NULL */
	struct arena    *mem;     /* for these */
	size_t           max_refused;
};

/*
 * Copies what is below `from` into the empty directory `to`: files and folders with their modes but setuid, setgid and sticky bits,
 * symbolic links as they are (nothing outside of a sandbox follows them), times. Not: devices, FIFOs, sockets, whiteouts, git's own
 * folder at the top, ~/.services. Nothing is followed on either side. No process of the job may be alive.
 */
int take_tree(int from, int to, const struct take_options *options, struct err *err);
