/* kernel_maps.h - what exec.bpf.c remembers. For clang -target bpf alone; private to this folder. */
#pragma once
#include <linux/bpf.h>

#include <bpf/bpf_helpers.h>

#include "verdict.h"

enum {
	STARTS = 4096,               /* tasks that start a program, or failed to; 10 MB. Beyond, none can */
	JOBS = 256,                  /* KEEPER_JOBS */
	DIGESTS = JOBS * 4096,       /* FENCE_MAX_DIGESTS for each; memory is taken as it is used */
};

/* The program of a file, as it was when it last ran. Made anew and never changed, so that no reader sees a half of it. */
struct program {
	__s64 size, ctime_ns;
	__u32 settled; /* its next change will have another ctime */
	__u8  digest[VERDICT_SHA256];
};

struct digest {
	__u8 bytes[VERDICT_SHA256];
};

/* An event and its text: a script's path first, behind it the program's. */
struct report {
	struct verdict_event event;
	char                 text[2 * VERDICT_TEXT];
};

/* A program that could be a loader. */
struct lone {
	__u32         ns; /* of the job that the report is of: another one is not told its paths */
	struct report report;
};

/* Of a task that starts a program. */
struct start {
	__u32         of_script;   /* the next program is the interpreter of text[0..script_size) */
	__u32         interpreted; /* the kernel opened an interpreter for it */
	__u32         may_load;    /* an image that could be a loader */
	struct lone   lone;
};

struct ring {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, JOBS);
	__type(key, __u32);
	__type(value, struct verdict_job);
} jobs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH_OF_MAPS);
	__uint(max_entries, JOBS);
	__type(key, __u32);
	__array(values, struct ring);
} rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__uint(max_entries, DIGESTS);
	__type(key, struct verdict_listed);
	__type(value, __u8);
} listed SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct verdict_setup);
} setup SEC(".maps");

/*
 * By the address of the task. No storage of tasks: Linux 6.1 gives none to a task while another one of this processor was interrupted in asking
 * for its own.
 */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STARTS);
	__type(key, __u64);
	__type(value, struct start);
} starts SEC(".maps");

/* What a start begins with: it is too large for a stack. */
struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct start);
} blank SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct program);
} programs SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct digest);
} writers SEC(".maps");

/* Programs without an interpreter that could be loaders: what is told when they are. */
struct {
	__uint(type, BPF_MAP_TYPE_INODE_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct lone);
} alone SEC(".maps");
