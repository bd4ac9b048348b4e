/*
 * sys.h - system calls that the C library does not wrap, or wraps with locks: what a child of clone3() may use. Private
 * to this folder.
 */
#pragma once
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdint.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#ifndef OPEN_TREE_CLONE
#define OPEN_TREE_CLONE 1
#endif
#ifndef OPEN_TREE_CLOEXEC
#define OPEN_TREE_CLOEXEC O_CLOEXEC
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000
#endif
#define SYS_MOVE_EMPTY_FROM 0x4 /* MOVE_MOUNT_F_EMPTY_PATH */
#define SYS_MOVE_EMPTY_TO   0x40 /* MOVE_MOUNT_T_EMPTY_PATH */
/* struct mount_attr and its bits, linux/mount.h, which collides with sys/mount.h */
#define SYS_ATTR_RDONLY 0x1
#define SYS_ATTR_NOSUID 0x2
#define SYS_ATTR_NODEV  0x4
#define SYS_ATTR_NOEXEC 0x8
#define SYS_ATTR_IDMAP  0x00100000

struct sys_attr {
	uint64_t set, clear, propagation, userns;
};

static inline int sys_open_tree(int at, const char *path, unsigned flags)
{
	return (int)syscall(SYS_open_tree, at, path, flags);
}

static inline int sys_attr(int fd, unsigned flags, const struct sys_attr *attr)
{
	return (int)syscall(SYS_mount_setattr, fd, "", AT_EMPTY_PATH | flags, attr, sizeof *attr);
}

/* Puts a detached mount in place. */
static inline int sys_attach(int mount, int at, const char *path)
{
	return (int)syscall(SYS_move_mount, mount, "", at, path, SYS_MOVE_EMPTY_FROM);
}

static inline int sys_openat2(int at, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
	const struct open_how how = { flags, mode, resolve };

	return (int)syscall(SYS_openat2, at, path, &how, sizeof how);
}

#define SYS_BENEATH (RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV)

static inline int sys_close_range(unsigned first, unsigned last)
{
	return (int)syscall(SYS_close_range, first, last, 0);
}
