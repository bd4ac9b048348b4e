/* address.c - ranges, and which are no business of a job. */
#include "address.h"

#include <stdio.h>

enum { BITS = 128, IP4_BITS = 96 }; /* of an address; where IPv4 begins in it */

bool range_has(const struct address_range *range, const struct address *address)
{
	size_t whole = range->bits / 8;
	unsigned rest = range->bits % 8;

	if (memcmp(range->first.bytes, address->bytes, whole) != 0)
		return false;
	return !rest || (range->first.bytes[whole] ^ address->bytes[whole]) >> (8 - rest) == 0;
}

/* No bit behind the prefix: 10.0.0.1/8 is a slip, and which one is not ours to guess. */
static bool is_clean(const struct address_range *range)
{
	for (unsigned bit = range->bits; bit < BITS; bit++)
		if (range->first.bytes[bit / 8] >> (7 - bit % 8) & 1)
			return false;
	return true;
}

int range_read(struct address_range *out, struct str text, struct err *err)
{
	size_t slash = str_find_byte(text, '/');
	struct str digits = str_from(text, slash == SIZE_MAX ? text.len : slash + 1);
	struct address_range range;
	uint64_t bits;
	bool ip4 = str_find_byte(text, ':') == SIZE_MAX;

	if (address_read(&range.first, str_sub(text, 0, slash)) < 0)
		return err_input(err, "'%.*s' is no address in its canonical spelling",
				 STR_ARG(str_sub(text, 0, 80)));
	bits = ip4 ? BITS - IP4_BITS : BITS;
	if (slash != SIZE_MAX &&
	    (digits.len > 3 || !str_to_u64(digits, &bits) || bits > (ip4 ? BITS - IP4_BITS : BITS)))
		return err_input(err, "'%.*s': what stands behind '/' is no length of a prefix",
				 STR_ARG(text));
	range.bits = (uint8_t)(ip4 ? bits + IP4_BITS : bits);
	if (!is_clean(&range))
		return err_input(err, "'%.*s' has bits behind its prefix", STR_ARG(text));
	*out = range;
	return 0;
}

struct special {
	const char *range;
	const char *why;
};

/*
 * IANA's IPv4 and IPv6 special-purpose registries; single metadata services that stand outside of
 * them. First match names.
 */
static const struct special specials[] = {
	{ "0.0.0.0/8", "an address of this host" },
	{ "10.0.0.0/8", "private" },
	{ "100.64.0.0/10", "shared by carriers (CGNAT)" },
	{ "127.0.0.0/8", "loopback" },
	{ "168.63.129.16", "a cloud metadata service" },
	{ "169.254.0.0/16", "link-local (cloud metadata)" },
	{ "172.16.0.0/12", "private" },
	{ "192.0.0.0/24", "reserved for protocols" },
	{ "192.0.2.0/24", "for documentation" },
	{ "192.88.99.0/24", "a relay of 6to4" },
	{ "192.168.0.0/16", "private" },
	{ "198.18.0.0/15", "for benchmarks" },
	{ "198.51.100.0/24", "for documentation" },
	{ "203.0.113.0/24", "for documentation" },
	{ "224.0.0.0/4", "multicast" },
	{ "240.0.0.0/4", "reserved or broadcast" },
	{ "::/128", "an address of this host" },
	{ "::1/128", "loopback" },
	{ "::/96", "an embedded IPv4 address" },
	{ "64:ff9b::/96", "NAT64, which embeds an IPv4 address" },
	{ "64:ff9b:1::/48", "NAT64, which embeds an IPv4 address" },
	{ "2001::/32", "Teredo, which embeds an IPv4 address" },
	{ "2001::/23", "reserved for protocols" },
	{ "2001:db8::/32", "for documentation" },
	{ "2002::/16", "6to4, which embeds an IPv4 address" },
	{ "3fff::/20", "for documentation" },
	{ "fc00::/7", "private" },
	{ "fe80::/10", "link-local" },
	{ "fec0::/10", "site-local" },
	{ "ff00::/8", "multicast" },
};

static bool has(const char *text, const struct address *address)
{
	struct address_range range;

	return range_read(&range, str_of(text), NULL) == 0 && range_has(&range, address);
}

const char *address_special(const struct address *address)
{
	/* ISATAP: the last half begins 0000:5efe or 0200:5efe, and ends in an IPv4 address */
	static const uint8_t isatap[3] = { 0x00, 0x5e, 0xfe };
	static const uint8_t mapped[12] = { [10] = 0xff, [11] = 0xff };

	for (size_t i = 0; i < COUNT(specials); i++)
		if (has(specials[i].range, address))
			return specials[i].why;
	if (memcmp(address->bytes, mapped, sizeof mapped) == 0)
		return NULL;
	if ((address->bytes[8] & 0xfd) == 0 &&
	    memcmp(address->bytes + 9, isatap, sizeof isatap) == 0)
		return "ISATAP, which embeds an IPv4 address";
	return has("2000::/3", address) ? NULL : "outside of the public addresses";
}
