/* host.h - the name or address that a job asks for, read once: what is matched is what is dialled. */
#pragma once
#include "base/arena.h"
#include "base/err.h"

enum {
	HOST_MAX = 253,      /* bytes of a name in text, RFC 1035 */
	HOST_LABEL_MAX = 63, /* the same */
};

enum host_kind { HOST_NAME, HOST_IP4, HOST_IP6 };

/* 16 bytes, as in IPv6; an IPv4 address stands as ::ffff:a.b.c.d. */
struct address {
	uint8_t bytes[16];
};

/*
 * Lower case, no NUL, no final dot. A name has letters, digits, '-' and '_' in labels of 1..63
 * bytes, and its last
 * label is no number. Two structs are the same host exactly when host_eq says so.
 */
struct host {
	enum host_kind kind;
	uint8_t        len;
	char           text[HOST_MAX + 1]; /* with a NUL; addresses in their one canonical spelling, no brackets */
	struct address address;            /* HOST_IP4, HOST_IP6 */
};

/*
 * ERR_INPUT with one sentence for: an empty or too long name or label, a byte outside the set
 * (NUL, '%', '@', space,
 * UTF-8: "write it in its xn-- form"), an A-label that is no valid Punycode, a final dot, and each
 * spelling of an
 * address but the canonical one (decimal, octal, hex, fewer than four parts, full-width digits,
 * mapped, zone id).
 * IPv6 stands in brackets, as in URLs.
 */
int host_read(struct host *out, struct str text, struct err *err);
/*
 * "host:port"; 1..65535, digits without a sign or leading zero. No user information, path or
 * anything more.
 */
int host_read_port(struct host *out, uint16_t *port, struct str text, struct err *err);
bool host_eq(const struct host *a, const struct host *b);
static inline struct str host_str(const struct host *host)
{
	return (struct str){ host->text, host->len };
}

/* Addresses whose first `bits` bits are the same; an IPv4 range lies in ::ffff:0:0/96. */
struct address_range {
	struct address first;
	uint8_t        bits; /* 0..128 */
};

struct address_ranges {
	struct address_range *items;
	size_t        n, cap;
};

/* "10.0.0.0/8", "fd00::/8", "127.0.0.1": canonical, no bit set behind the prefix. ERR_INPUT. */
int range_read(struct address_range *out, struct str text, struct err *err);
bool range_has(const struct address_range *range, const struct address *address);
/*
 * Why no job may reach this address unless a policy names it, or NULL for a public one: "private",
 * "loopback",
 * "link-local (cloud metadata)", "multicast", "6to4, which embeds an IPv4 address"... The table is
 * IANA's registries
 * of special-purpose addresses, and the cloud metadata services.
 */
const char *address_special(const struct address *address);
/* Text as in struct host; at most 45 bytes and a NUL. */
enum { ADDRESS_TEXT = 46 };
void address_text(char out[ADDRESS_TEXT], const struct address *address);
