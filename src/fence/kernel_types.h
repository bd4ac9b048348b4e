/*
 * kernel_types.h - of the kernel's types the members that exec.bpf.c uses, under the names that the kernel has for them: libbpf finds where they
 * are in the running kernel. So the build needs no description of the kernel that it runs on. For clang -target bpf alone; private to this folder.
 */
#pragma once
#include <linux/types.h>

#define KERNEL __attribute__((preserve_access_index))

struct timespec64 {
	__s64 tv_sec;
	long  tv_nsec;
} KERNEL;

struct super_block {
	unsigned long s_flags, s_magic;
} KERNEL;

struct inode {
	unsigned short      i_mode;
	unsigned int        i_nlink;
	__s64               i_size;
	struct super_block *i_sb;
	struct timespec64   i_ctime;
} KERNEL;

/* Linux 6.6 and 6.11 named it anew. */
struct inode___6_6 {
	struct timespec64 __i_ctime;
} KERNEL;

struct inode___6_11 {
	__s64 i_ctime_sec;
	__u32 i_ctime_nsec;
} KERNEL;

struct vfsmount {
	int mnt_flags;
} KERNEL;

struct mount {
	struct vfsmount mnt;
	int             mnt_id;
} KERNEL;

struct path {
	struct vfsmount *mnt;
} KERNEL;

struct file {
	struct path   f_path;
	struct inode *f_inode;
	unsigned int  f_flags, f_mode;
} KERNEL;

struct linux_binprm {
	struct file *file;
	const char  *filename, *interp;
	char         buf[256];
} KERNEL;

struct vm_area_struct {
	struct file *vm_file;
} KERNEL;

struct mm_struct {
	struct file *exe_file;
} KERNEL;

struct ns_common {
	unsigned int inum;
} KERNEL;

struct pid_namespace {
	struct ns_common      ns;
	struct pid_namespace *parent;
	unsigned int          level;
} KERNEL;

struct upid {
	int                   nr;
	struct pid_namespace *ns;
} KERNEL;

struct pid {
	unsigned int level;
	struct upid  numbers[1];
} KERNEL;

struct task_struct {
	struct task_struct *group_leader;
	struct pid         *thread_pid;
	struct mm_struct   *mm;
} KERNEL;
