#include "review/fingerprint.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

static void auto_digest(EVP_MD_CTX **digest)
{
	EVP_MD_CTX_free(*digest);
}

/* Eight bytes, the largest first: the same on every machine. */
static bool add_number(EVP_MD_CTX *digest, uint64_t n)
{
	unsigned char bytes[8];

	for (size_t i = 0; i < sizeof bytes; i++)
		bytes[i] = (unsigned char)(n >> (56 - 8 * i));
	return EVP_DigestUpdate(digest, bytes, sizeof bytes);
}

/* Lengths go first, so that ("ab", "c") and ("a", "bc") differ. */
static bool add_field(EVP_MD_CTX *digest, struct str s)
{
	return add_number(digest, s.len) && EVP_DigestUpdate(digest, s.p, s.len);
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
static bool add_tokens(EVP_MD_CTX *digest, struct str s)
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
			if (!EVP_DigestUpdate(digest, out, n))
				return false;
			n = 0;
		}
	}
	return EVP_DigestUpdate(digest, out, n);
}

static bool add_all(EVP_MD_CTX *digest, const struct finding *finding, unsigned ordinal)
{
	struct str text = finding->text.len ? finding->text : finding->message;

	return EVP_DigestInit_ex(digest, EVP_sha256(), NULL) &&
	       add_field(digest, STR("outrider/v1")) && add_field(digest, finding->tool) &&
	       add_field(digest, finding->rule_id) && add_field(digest, finding->symbol) &&
	       add_number(digest, ordinal) && add_tokens(digest, text);
}

int fingerprint_set(struct finding *finding, unsigned ordinal, struct err *err)
{
	AUTO(auto_digest) EVP_MD_CTX *digest = EVP_MD_CTX_new();
	unsigned char sum[EVP_MAX_MD_SIZE];

	if (!digest || !add_all(digest, finding, ordinal) || !EVP_DigestFinal_ex(digest, sum, NULL))
		return err_set(err, ERR_BUG, "SHA-256 is not available");
	for (size_t i = 0; i < FINGERPRINT_HEX / 2; i++)
		snprintf(finding->fingerprint + 2 * i, 3, "%02x", sum[i]);
	return 0;
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

int fingerprint_all(struct finding_list *list, struct arena *mem, struct err *err)
{
	struct finding **sorted = ARENA_ARRAY(mem, list->n, struct finding *);
	unsigned *ordinal = ARENA_ARRAY(mem, list->n, unsigned);

	for (size_t i = 0; i < list->n; i++) {
		sorted[i] = &list->items[i];
		if (fingerprint_set(sorted[i], 0, err) < 0)
			return -1;
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
		if (ordinal[i] && fingerprint_set(sorted[i], ordinal[i], err) < 0)
			return -1;
	return 0;
}
