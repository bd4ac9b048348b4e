/* body.h - what follows a head, part by part, whatever frames it. Private to this folder. */
#pragma once
#include "head.h"
#include "stream.h"

struct body {
	struct stream *from;
	enum framing   framing;
	uint64_t       left;   /* of the content, or of this chunk */
	bool           begun;  /* chunked: a chunk was there, its CRLF is due */
	bool           ended;
	const char    *why;    /* after a failure */
	size_t         lent;   /* bytes of the stream that the last part lies in */
};

void body_init(struct body *body, struct stream *from, const struct head *head);
/*
 * The next part, until the next call: 1; 0 at the end; -1. Chunk extensions and trailers with
 * fields are refused: they
 * are read in more ways than one.
 */
int body_next(struct body *body, struct str *part);
/* Writes a part, or (NULL) the end, in the given framing. */
int body_write(struct stream *to, enum framing framing, const struct str *part);
