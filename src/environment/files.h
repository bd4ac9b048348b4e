/* files.h - whole folders of ours, in which no process is at work: looked through, measured, removed. Private to this folder. */
#pragma once
#include "base/err.h"
#include "sandbox/digest.h"

struct files_size {
	uint64_t bytes; /* on the disk */
	uint64_t entries;
};

/* Everything below, and itself; what is not there is fine. Nothing is followed. */
int files_remove(const char *path, struct err *err);
int files_measure(struct files_size *out, const char *path, struct err *err);
/* The same while somebody writes there: what can be seen now. */
void files_glance(struct files_size *out, const char *path);
/*
 * What no job may have: set-user-id and set-group-id bits are taken off, devices, FIFOs and sockets removed. Folders can be entered by
 * their owner afterwards, or could not be removed.
 */
int files_tidy(const char *path, struct err *err);
/* SHA-256 over names, kinds, modes, contents and targets, in the order of names; times and owners do not count. */
int files_digest(struct digest *out, const char *path, struct err *err);
