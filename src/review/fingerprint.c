#include "review/fingerprint.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/sha256.h"

/* Eight bytes, the largest first: the same on every machine. */
static void add_number(struct sha256 *digest, uint64_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(n >> (56 - 8 * i));
	sha256_add(digest, bytes, sizeof bytes);
}

/* Lengths go first, so that ("ab", "c") and ("a", "bc") differ. */
static void add_field(struct sha256 *digest, struct str s)
{
	add_number(digest, s.len);
	sha256_add_str(digest, s);
}

static bool is_blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool is_word(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       c == '_' || c == '$' || (c & 0x80);
}

/*
 * The text as tokens: white space is dropped, except that one byte stands for it between two words.
 * In a text literal this drops blanks beside punctuation, too: it makes equal what hardly ever
 * differs, and the ordinal keeps such findings apart.
 */
static void add_tokens(struct sha256 *digest, struct str s)
{
	char out[512];
	size_t n = 0;
	bool blank = false, word = false;

	for (size_t i = 0; i < s.len; i++) {
		if (is_blank(s.p[i])) {
			blank = true;
			continue;
		}
		if (blank && word && is_word(s.p[i]))
			out[n++] = ' ';
		blank = false;
		word = is_word(s.p[i]);
		out[n++] = s.p[i];
		if (n + 2 > sizeof out) {
			sha256_add(digest, out, n);
			n = 0;
		}
	}
	sha256_add(digest, out, n);
}

void fingerprint_set(struct finding *finding, unsigned ordinal)
{
	struct sha256 digest;
	unsigned char sum[SHA256_BYTES];

	sha256_begin(&digest);
	add_field(&digest, STR("outrider/v1"));
	add_field(&digest, finding->tool);
	add_field(&digest, finding->rule_id);
	add_field(&digest, finding->symbol);
	add_number(&digest, ordinal);
	add_tokens(&digest, finding->text.len ? finding->text : finding->message);
	sha256_end(&digest, sum);
	for (size_t i = 0; i < FINGERPRINT_HEX / 2; i++)
		snprintf(finding->fingerprint + 2 * i, 3, "%02x", sum[i]);
}

static int place_cmp(const struct span *a, const struct span *b)
{
	const uint32_t x[] = { a->start, a->start_line, a->start_column,
			       a->end,   a->end_line,   a->end_column };
	const uint32_t y[] = { b->start, b->start_line, b->start_column,
			       b->end,   b->end_line,   b->end_column };

	for (size_t i = 0; i < COUNT(x); i++)
		if (x[i] != y[i])
			return x[i] < y[i] ? -1 : 1;
	return 0;
}

static int group_cmp(const struct finding *x, const struct finding *y)
{
	int order = str_cmp(x->path, y->path);

	return order ? order : strcmp(x->fingerprint, y->fingerprint);
}

static int by_group(const void *a, const void *b)
{
	const struct finding *x = *(struct finding *const *)a, *y = *(struct finding *const *)b;
	int order = group_cmp(x, y);

	return order ? order : place_cmp(&x->span, &y->span);
}

void fingerprint_all(struct finding_list *list, struct arena *mem)
{
	struct finding **sorted = ARENA_ARRAY(mem, list->n, struct finding *);
	unsigned *ordinal = ARENA_ARRAY(mem, list->n, unsigned);

	for (size_t i = 0; i < list->n; i++) {
		sorted[i] = &list->items[i];
		fingerprint_set(sorted[i], 0);
	}
	if (list->n)
		qsort(sorted, list->n, sizeof *sorted, by_group);
	for (size_t i = 1; i < list->n; i++) {
		if (group_cmp(sorted[i - 1], sorted[i]) != 0)
			continue;
		ordinal[i] =
			ordinal[i - 1] + (place_cmp(&sorted[i - 1]->span, &sorted[i]->span) != 0);
	}
	for (size_t i = 0; i < list->n; i++)
		if (ordinal[i])
			fingerprint_set(sorted[i], ordinal[i]);
}
