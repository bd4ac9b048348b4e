/* str.h - bytes with a length. Nothing here allocates or needs a final NUL. */
#pragma once
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* A borrowed run of bytes: any byte may occur, p may be NULL when len is 0. */
struct str {
	const char *p;
	size_t      len;
};

/* A string literal as a struct str. */
#define STR(literal) ((struct str){ "" literal, sizeof(literal) - 1 })
/* For printf: printf("%.*s", STR_ARG(s)). Longer than INT_MAX is cut. */
#define STR_ARG(s) ((int)((s).len > 0x7fffffff ? 0x7fffffff : (s).len)), ((s).p ? (s).p : "")

static inline struct str str_of(const char *z)
{
	return (struct str){ z, z ? strlen(z) : 0 };
}

static inline bool str_eq(struct str a, struct str b)
{
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

static inline struct str str_from(struct str s, size_t at)
{
	if (at > s.len)
		at = s.len;
	return (struct str){ s.p ? s.p + at : NULL, s.len - at };
}

static inline struct str str_sub(struct str s, size_t start, size_t end)
{
	if (end > s.len)
		end = s.len;
	if (start > end)
		start = end;
	return (struct str){ s.p ? s.p + start : NULL, end - start };
}

static inline bool str_starts(struct str s, struct str head)
{
	return s.len >= head.len && (head.len == 0 || memcmp(s.p, head.p, head.len) == 0);
}

static inline bool str_ends(struct str s, struct str tail)
{
	return s.len >= tail.len &&
	       (tail.len == 0 || memcmp(s.p + s.len - tail.len, tail.p, tail.len) == 0);
}

/* Order as memcmp does, the shorter first. */
int str_cmp(struct str a, struct str b);
/* ASCII letters compare equal in either case. */
bool str_eq_nocase(struct str a, struct str b);
/* Where needle begins in s, or SIZE_MAX. An empty needle is found at 0. */
size_t str_find(struct str s, struct str needle);
bool str_has(struct str s, struct str needle);
/* Where the byte begins in s, or SIZE_MAX. */
size_t str_find_byte(struct str s, char byte);
/* Without ASCII white space at both ends. */
struct str str_trim(struct str s);
/*
 * Takes the next line off *rest, without its "\n" or "\r\n". False when *rest
 * is empty. The last line may have no line end.
 */
bool str_cut_line(struct str *rest, struct str *line);
/* Takes the part before `byte` off *rest and drops the byte. False when *rest is empty. */
bool str_cut(struct str *rest, char byte, struct str *part);
/* Decimal digits only, no sign; false on anything else or on overflow. */
bool str_to_u64(struct str s, uint64_t *out);
/* FNV-1a, 64 bit: for tables and caches, not for anything an attacker may choose. */
uint64_t str_hash(struct str s);
/* True when s is well-formed UTF-8 (RFC 3629: no surrogates, no overlong forms). */
bool str_is_utf8(struct str s);
/*
 * Length in bytes of the UTF-8 character at p (1..4), given `left` bytes; 1 for
 * a byte that begins no well-formed character, so that a scan always proceeds.
 */
size_t str_utf8_len(const char *p, size_t left);
/* Number of characters (code points); a malformed byte counts as one. */
size_t str_utf8_count(struct str s);
