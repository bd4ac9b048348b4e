/*
 * fence.h - what the sandbox and its root helper (outrider-fence) say to each other: one connection for one job, packets on a
 * unix socket (SOCK_SEQPACKET), numbers in the byte order of the host, which both share.
 *
 *	client                             helper
 *	HELLO                         ->
 *	                              <-   ANSWER   which engines work here: "bpf, fanotify"
 *	JOB, while the command waits  ->
 *	                              <-   ANSWER   the engine that is in force, or why not
 *	                              <-   EXEC     for each program, before it runs
 *	                              <-   END      the job's last process is dead
 *
 * A connection that ends without END means that nobody judges any more: the job must die. The kernel lets programs run that
 * nobody judges; so the helper kills the job before it lets go, and the client kills it too.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "sandbox/gate.h"

#define FENCE_SOCKET "/run/outrider/fence.sock"

enum {
	FENCE_VERSION = 2,
	FENCE_MAX_DIGESTS = 4096, /* a learnt policy of 256 KiB names 2,600 */
	FENCE_MAX_MOUNTS = 64,    /* writable places of a policy: a handful */
	FENCE_MAX_PATH = 1024,    /* bytes of a path in a report */
	FENCE_MAX_TEXT = 400,     /* bytes of a sentence */
	/* the largest packet, a JOB: what the kernel takes in one packet by default is 212,992 */
	FENCE_MAX_PACKET = 64 + 8 * FENCE_MAX_MOUNTS + DIGEST_BYTES * FENCE_MAX_DIGESTS,
};

enum fence_kind { FENCE_HELLO = 1, FENCE_JOB, FENCE_ANSWER, FENCE_EXEC, FENCE_END, FENCE_KINDS };

enum fence_engine { FENCE_ANY, FENCE_FANOTIFY, FENCE_BPF, FENCE_ENGINES };

/* What one job may run, as the helper needs it. */
struct fence_job {
	uint32_t       init;      /* process 1 of the job, as the client sees it: a child of the client */
	enum exec_mode mode;
	enum fence_engine engine; /* that must judge it; FENCE_ANY: the best that works there */
	int64_t        began_s, began_ns; /* the real-time clock: files changed later are the job's */
	uint64_t       mounts[FENCE_MAX_MOUNTS]; /* ids of the mounts that the job may write */
	size_t         n_mounts;
	const struct digest *digests; /* that may run; borrowed from the packet when read */
	size_t         n_digests;
};

struct fence_answer {
	bool ok;
	char text[FENCE_MAX_TEXT + 1]; /* ok: the engine or engines; otherwise why not, with the mend */
};

/* A program that was about to start. */
struct fence_exec {
	uint32_t          pid;    /* of its process, as the helper sees it */
	uint32_t          inside; /* the same inside the job; 0: unknown */
	struct gate_facts facts;  /* `listed` says nothing about the class: the client knows it */
	enum gate_rule    rule;
	bool              denied;
	struct digest     digest;
	bool              written;
	struct digest     writer; /* if written: of the program that last opened the file for writing, of a fresh one */
	char              path[FENCE_MAX_PATH];   /* as the kernel shows it inside */
	char              script[FENCE_MAX_PATH]; /* for which an interpreter is started, or "" */
};

struct fence_packet {
	enum fence_kind kind;
	union {
		struct fence_job    job;
		struct fence_answer answer;
		struct fence_exec   exec;
	};
};

/* Appends the packet. Its lists must be within their caps. */
void fence_encode(struct buf *out, const struct fence_packet *packet);
/* ERR_INPUT for anything but one whole packet of this version, with all values in their bounds. */
int fence_decode(struct fence_packet *out, struct str bytes, struct err *err);
