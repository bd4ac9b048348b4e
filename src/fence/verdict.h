/*
 * verdict.h - what the helper and its program in the kernel (exec.bpf.c) say to each other. Both are built from this file, and
 * both are of one machine. Private to this folder.
 *
 * The program finds out facts at each start of a program, and looks up in the job's table which rule they meet. The table is made by
 * gate_decide() (sandbox/gate.h): so there is one law for all engines.
 */
#pragma once
#include <linux/types.h>

enum {
	VERDICT_SHA256 = 32,
	VERDICT_TEXT = 1024,     /* bytes of a path with its end, as FENCE_MAX_PATH */
	VERDICT_MOUNTS = 64,     /* writable places of a policy, as FENCE_MAX_MOUNTS */
	VERDICT_NAME = 16,       /* of a task, with its end */
	VERDICT_SETTLE_NS = 20000000, /* DIGEST_SETTLE_NS */

	/* facts: bits of an index into the table */
	VERDICT_DIGESTED = 1,
	VERDICT_DELETED = 2,
	VERDICT_PRIVILEGED = 4,
	VERDICT_LISTED = 8,
	VERDICT_LOADER = 16,
	VERDICT_FACTS = 32,

	/* origins, in the order of enum gate_origin without the first */
	VERDICT_TOOLCHAIN = 0,
	VERDICT_FRESH,
	VERDICT_BROUGHT,
	VERDICT_ELSEWHERE,
	VERDICT_ORIGINS,
};

/* One job, found by the number of its process namespace. */
struct verdict_job {
	__u64 began_ns;      /* files changed later are the job's; the real-time clock */
	__u32 id;            /* in the list of digests: never used again */
	__u32 depth;         /* process namespaces between the helper's and the job's, and the job's own: mostly 1 */
	__u32 enforced;      /* 0: what is refused is only told */
	__u32 n_mounts;
	__u32 mounts[VERDICT_MOUNTS];
	__u8  rule[VERDICT_ORIGINS * VERDICT_FACTS]; /* enum gate_rule; 0 runs */
};

/* A program that a job may run wherever it lies. */
struct verdict_listed {
	__u32 id;
	__u8  digest[VERDICT_SHA256];
};

/* Told before the program runs; behind it, script_size bytes of the script's path and path_size of the program's, each with its end. */
struct verdict_event {
	__u32 pid;    /* of the process, as the helper sees it */
	__u32 inside; /* the same inside the job */
	__u32 facts, origin, rule, denied;
	__u32 script_size, path_size; /* 0: none, or longer than VERDICT_TEXT */
	__u8  written; /* `writer` is known */
	__u8  digest[VERDICT_SHA256];
	__u8  writer[VERDICT_SHA256]; /* of the program that last opened the file for writing */
};

/* What the program is told once, and tells of itself. */
struct verdict_setup {
	__s64 leap_ns;    /* the real-time clock less CLOCK_TAI */
	__u32 probe_ns;   /* process namespace and number of a child of the helper, whose program is hashed as a trial; 0: none */
	__u32 probe_pid;
	__s32 probe_algo; /* what the kernel hashed it with; below 0: it did not */
	__u8  probe_digest[VERDICT_SHA256];
};
