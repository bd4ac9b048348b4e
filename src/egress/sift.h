/* sift.h - looks for a secret in a stream, over the borders of its parts. Private to this folder. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"

enum { SIFT_NEEDLES = 16 }; /* spellings of one secret */

/*
 * Each needle is a spelling of the secret: as it is, hex in both cases, %-encoded in both, escaped
 * for JSON,
 * and base64 in each alignment of both alphabets, so that it is also found within a longer encoded
 * text.
 * Time: bytes times needles.
 */
struct sift {
	struct str needles[SIFT_NEEDLES];
	size_t     n;
	struct buf text;   /* what came last */
	size_t     gone;   /* how much of it was let go */
};

void sift_init(struct sift *sift, struct arena *mem, struct str secret);
void sift_release(struct sift *sift);
/* Does `text` hold a needle. */
bool sift_has(const struct sift *sift, struct str text);
/*
 * Takes the next part. False: a needle is there, let nothing more go. Otherwise *out may be handed
 * on until the next
 * call; what may be the start of a needle is held until it is known to be none.
 */
bool sift_part(struct sift *sift, struct str part, struct str *out);
/* What is still held when the stream ends. */
struct str sift_rest(const struct sift *sift);
