/* The measure is the one that git documents for -M, so that both agree on what is a rename. */
#include "similarity.h"

#include <stdlib.h>

#include "content.h"

enum { PIECE = 64 };

static int compare_pieces(const void *a, const void *b)
{
	const struct piece *one = a, *two = b;

	return (one->hash > two->hash) - (one->hash < two->hash);
}

static size_t cut_pieces(struct piece *into, struct str text)
{
	bool binary = content_is_binary(text);
	uint32_t hash = 2166136261u, bytes = 0;
	size_t n = 0;

	for (size_t i = 0; i < text.len; i++) {
		/* CRLF against LF is no difference here */
		if (!binary && text.p[i] == '\r' && i + 1 < text.len && text.p[i + 1] == '\n')
			continue;
		hash = (hash ^ (unsigned char)text.p[i]) * 16777619u;
		if (++bytes < PIECE && text.p[i] != '\n' && i + 1 < text.len)
			continue;
		into[n++] = (struct piece){ hash, bytes };
		hash = 2166136261u;
		bytes = 0;
	}
	return n;
}

static size_t count_pieces(struct str text)
{
	size_t n = text.len / PIECE + 2;

	for (size_t i = 0; i < text.len; i++)
		n += text.p[i] == '\n';
	return n;
}

void signature_make(struct signature *out, struct arena *mem, struct str text)
{
	struct piece *pieces = ARENA_ARRAY(mem, count_pieces(text), struct piece);
	size_t n = cut_pieces(pieces, text), distinct = 0;

	if (n)
		qsort(pieces, n, sizeof *pieces, compare_pieces);
	for (size_t i = 0; i < n; i++)
		if (distinct && pieces[distinct - 1].hash == pieces[i].hash)
			pieces[distinct - 1].bytes += pieces[i].bytes;
		else
			pieces[distinct++] = pieces[i];
	*out = (struct signature){ pieces, distinct, text.len };
}

unsigned similarity(const struct signature *a, const struct signature *b)
{
	size_t larger = a->size > b->size ? a->size : b->size;
	uint64_t common = 0;

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		const struct piece *one = &a->pieces[i], *two = &b->pieces[j];

		if (one->hash == two->hash)
			common += one->bytes < two->bytes ? one->bytes : two->bytes;
		i += one->hash <= two->hash;
		j += one->hash >= two->hash;
	}
	return larger ? (unsigned)(common * SIMILARITY_MAX / larger) : 0;
}
