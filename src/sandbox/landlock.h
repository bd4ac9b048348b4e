/*
 * landlock.h - Landlock by direct system calls: the C library has none, and the distribution's headers are older than
 * the kernels that we meet. After Documentation/userspace-api/landlock.rst. Private to this folder; system calls only.
 */
#pragma once
#include <stdbool.h>
#include <stdint.h>

/* Rights on files and directories, and the ABI that brought them. */
#define LL_EXECUTE     (UINT64_C(1) << 0)
#define LL_WRITE_FILE  (UINT64_C(1) << 1)
#define LL_READ_FILE   (UINT64_C(1) << 2)
#define LL_READ_DIR    (UINT64_C(1) << 3)
#define LL_REMOVE_DIR  (UINT64_C(1) << 4)
#define LL_REMOVE_FILE (UINT64_C(1) << 5)
#define LL_MAKE_CHAR   (UINT64_C(1) << 6)
#define LL_MAKE_DIR    (UINT64_C(1) << 7)
#define LL_MAKE_REG    (UINT64_C(1) << 8)
#define LL_MAKE_SOCK   (UINT64_C(1) << 9)
#define LL_MAKE_FIFO   (UINT64_C(1) << 10)
#define LL_MAKE_BLOCK  (UINT64_C(1) << 11)
#define LL_MAKE_SYM    (UINT64_C(1) << 12)
#define LL_REFER       (UINT64_C(1) << 13) /* 2: rename and link between directories */
#define LL_TRUNCATE    (UINT64_C(1) << 14) /* 3 */
#define LL_IOCTL_DEV   (UINT64_C(1) << 15) /* 5 */

#define LL_READ  (LL_READ_FILE | LL_READ_DIR)
#define LL_WRITE (LL_WRITE_FILE | LL_REMOVE_DIR | LL_REMOVE_FILE | LL_MAKE_DIR | LL_MAKE_REG | LL_MAKE_SOCK | \
		  LL_MAKE_FIFO | LL_MAKE_SYM | LL_REFER | LL_TRUNCATE)
/* What a rule on a file, not a directory, may say. */
#define LL_FILE (LL_EXECUTE | LL_WRITE_FILE | LL_READ_FILE | LL_TRUNCATE | LL_IOCTL_DEV)

#define LL_SCOPE_ABSTRACT (UINT64_C(1) << 0) /* 6: no abstract sockets of outside */
#define LL_SCOPE_SIGNAL   (UINT64_C(1) << 1) /* 6: no signals to outside */
#define LL_NET_BIND       (UINT64_C(1) << 0) /* 4 */
#define LL_NET_CONNECT    (UINT64_C(1) << 1) /* 4 */

/* 0: none. */
int landlock_abi(void);
/* A new rule set that handles all rights of the ABI, and forbids all TCP if wanted; or -1. */
int landlock_new(int abi, bool no_tcp);
/* Grants rights below a path (to it alone, if a file). 0, or -1 with errno. */
int landlock_allow(int ruleset, int abi, int at, const char *path, uint64_t rights);
/* In force from here on. Needs no_new_privs. */
int landlock_enforce(int ruleset);
