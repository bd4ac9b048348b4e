/*
 * lsm.h - the program in the kernel that judges by itself (exec.bpf.c): loads it, and tells it of jobs. Private to this folder.
 *
 * Without clang or libbpf at build time there is lsm_none.c in its place, which always says so.
 */
#pragma once
#include "base/err.h"
#include "verdict.h"
#include "sandbox/digest.h"

extern const bool lsm_built; /* false: lsm_none.c */

/* Opaque. Of the process; children have it too, and the kernel goes on judging while one of them lives. */
struct lsm;

/*
 * Loads and attaches it, and tries it on a child of ours: 0 only when the kernel calls it and hashes as we do. Otherwise *err says what the
 * kernel lacks.
 */
int lsm_open(struct lsm **out, struct err *err);
void lsm_close(struct lsm *lsm);

/* Where the kernel tells of one job. */
struct lsm_ring;

/* What is told: an event, and its text. Valid during the call. False ends the reading. */
typedef bool lsm_told(void *ctx, const struct verdict_event *event, const char *script, const char *path);

/*
 * From here on the programs of process namespace `ns` are judged by `job` and the digests. `*id` of the job is set. Whoever calls keeps the namespace
 * open until lsm_release(), so that its number is not another's.
 */
int lsm_hold(struct lsm *lsm, struct lsm_ring **out, uint32_t ns, struct verdict_job *job, const struct digest *digests,
	     size_t n_digests, struct err *err);
/* When all of the job are dead. */
void lsm_release(struct lsm *lsm, struct lsm_ring *ring, uint32_t ns, const struct verdict_job *job,
		 const struct digest *digests, size_t n_digests);
/* What cannot be told any more does not start. */
void lsm_mute(struct lsm *lsm, uint32_t ns);
/* Readable when something was told. */
int lsm_ring_fd(const struct lsm_ring *ring);
/* All that was told; false when `told` said so, or when it cannot be read. */
bool lsm_ring_read(struct lsm_ring *ring, lsm_told *told, void *ctx);
