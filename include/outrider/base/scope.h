/*
 * scope.h - handles that end with their scope (gcc and clang).
 * Declare and set in one statement; never mix with goto in one function.
 */
#pragma once
#include <stdio.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/buf.h"

#define AUTO(end) __attribute__((cleanup(end)))

static inline void auto_fd(const int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

static inline void auto_file(FILE **file)
{
	if (*file)
		fclose(*file);
}

#define AUTO_FD AUTO(auto_fd)
#define AUTO_FILE AUTO(auto_file)
#define AUTO_ARENA AUTO(arena_release)
#define AUTO_BUF AUTO(buf_release)
