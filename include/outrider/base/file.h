/* file.h - whole files, read and written with care. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

/*
 * Reads a regular file of at most `max` bytes into `mem`; a larger file, a
 * directory, a device or a FIFO is ERR_INPUT. The text has a NUL behind it.
 */
int file_read(struct str *out, struct arena *mem, const char *path, size_t max, struct err *err);
/* The same, and pipes too: for files that the user names, as in `--sarif <(tool)`. Waits for the writer. */
int file_read_any(struct str *out, struct arena *mem, const char *path, size_t max,
		  struct err *err);
/*
 * Writes beside the target, syncs, then renames: the target is old or new, never half. Keeps its mode. A symlink
 * is followed; what is no regular file (a device, a pipe) is written to.
 */
int file_replace(const char *path, struct str text, struct err *err);
/* Writes to an open descriptor until all is out. */
int file_write_fd(int fd, struct str text, struct err *err);
