/*
 * record.h - what the self-test found on this host, in a small file that a service reads when it starts.
 *
 * The file counts only for who made it: the same program and tricks (by SHA-256), the same boot of the same kernel, the same user. It is
 * written by `outrider sandbox selftest --record FILE`, mode 0600, and read back strictly: a regular file of our own that
 * nobody else may write, of one name. Whatever else it is, it is as if it were not there, and the reason is said.
 *
 * While a self-test runs it locks FILE.lock, in which its progress stands.
 */
#pragma once
#include "selftest/selftest.h"

/* What a service makes of it. id, word in files, logs and metrics */
#define RECORD_VERDICTS(X)     \
	X(HELD, "held")        \
	X(ESCAPED, "escaped")  \
	X(INCOMPLETE, "incomplete") \
	X(NOT_TRIED, "not tried")

enum record_verdict {
#define X(id, word) RECORD_##id,
	RECORD_VERDICTS(X)
#undef X
	RECORD_VERDICT_COUNT,
};

enum {
	RECORD_MAX_BYTES = 64 << 10, /* ours have below 2 KB */
	RECORD_MAX_WHY = 480,        /* a sentence, and as it stands in a line of a log */
	RECORD_MAX_WORD = 160,       /* the kernel's release and version have below 130 */
	RECORD_HEX = 64,             /* of a SHA-256 */
	RECORD_DAY_SECONDS = 24 * 3600, /* then a service tries again, while jobs go on */
	RECORD_SKEW_SECONDS = 120,   /* a clock that was set back by less is no reason to try again */
};

/* For whom it counts. */
struct record_key {
	char     program[RECORD_HEX + 1], tricks[RECORD_HEX + 1]; /* SHA-256, hex */
	char     kernel[RECORD_MAX_WORD + 1], boot[RECORD_MAX_WORD + 1];
	uint64_t user;
};

struct record_wall {
	bool     there;    /* it could be put up */
	uint64_t tried, stopped, allowed, escaped, broken;
};

struct record {
	struct record_key   key;
	int64_t             made;    /* s since 1970 */
	enum record_verdict verdict;
	char                why[RECORD_MAX_WHY + 1]; /* of a verdict that is not HELD: what got out, or what is missing */
	struct record_wall  walls[WALLS]; /* of bare: tried are the controls, escaped those that worked */
};

const char *record_word(enum record_verdict verdict);

/* This process, with the tricks beside it. Reads both programs: some 100 ms. */
int record_key_here(struct record_key *out, struct err *err);
/* NULL when they are the same; otherwise what differs, as in "of another kernel". */
const char *record_key_differs(const struct record_key *a, const struct record_key *b);

/*
 * The verdict over a run with `controls`. ESCAPED when one trick got out that must not. NOT_TRIED when this host cannot put up a wall at all.
 * HELD when each trick was tried in both walls and the harness saw each control; otherwise INCOMPLETE. Pure; the key and the time
 * are the caller's.
 */
void record_judge(struct record *out, const struct selftest *test);
/*
 * May it still be believed at `now`, by who has this key? Not after a day, nor when it did not hold: then a new one is due. NOT_TRIED
 * is a fact of the host, and counts as long.
 */
bool record_is_fresh(const struct record *record, const struct record_key *key, int64_t now);
/* One sentence for people, the same everywhere: "the walls of the sandbox hold: ..." */
void record_say(struct buf *out, const struct record *record);

/* JSON, with an end of line. */
int record_encode(struct buf *out, const struct record *record, struct err *err);
/* ERR_INPUT for anything but what record_encode() writes: unknown members, too. */
int record_decode(struct record *out, struct str text, struct err *err);

/* Beside the old one, synced, then in its place: never half, and never through a symlink. */
int record_write(const char *path, const struct record *record, struct err *err);
/* ERR_INPUT says what is wrong with it; ERR_PERM that there is none. */
int record_read(struct record *out, const char *path, struct err *err);

/* Ours to write: *lock is to be kept open to the end. ERR_TEMP while another process has it. */
int record_lock(int *lock, const char *path, struct err *err);
void record_progress(int lock, size_t done, size_t all);
/* Does a self-test run that will write it? Then its progress; both 0 before it has begun. */
bool record_is_running(const char *path, uint64_t *done, uint64_t *all);
