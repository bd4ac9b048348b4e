#include "egress/host.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "address.h"
#include "punycode.h"

enum { SHOWN = 80 }; /* bytes of a wrong text in a message */

static struct str shown(struct str text)
{
	return str_sub(text, 0, SHOWN);
}

static int refuse(struct err *err, struct str text, const char *why)
{
	return err_input(err, "host '%.*s': %s", STR_ARG(shown(text)), why);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_name_byte(char c)
{
	return (c >= 'a' && c <= 'z') || is_digit(c) || c == '-' || c == '_';
}

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 32) : c;
}

static const char *wrong_byte(char c)
{
	if (c == '\0')
		return "it has a NUL";
	if ((unsigned char)c >= 0x80)
		return "it is not ASCII; write it in its xn-- form";
	if (c == ':')
		return "an IPv6 address stands in brackets, and only one port may follow";
	if (c == '@')
		return "user information is not allowed";
	if (c == '%')
		return "%-encoding and zone ids are not allowed";
	return "only letters, digits, '-', '_' and '.' are allowed";
}

static const char *wrong_label(struct str label)
{
	if (!label.len)
		return "it has an empty label, or a final dot";
	if (label.len > HOST_LABEL_MAX)
		return "a label has more than 63 bytes";
	if (label.p[0] == '-' || label.p[label.len - 1] == '-')
		return "a label begins or ends with '-'";
	if (str_starts(label, STR("xn--")) && !punycode_valid(str_from(label, 4)))
		return "an xn-- label is no valid Punycode";
	return NULL;
}

/*
 * As browsers decide it: whose last label is a number, decimal, octal or hex, is meant as an
 * address.
 */
static bool ends_in_number(struct str text)
{
	size_t start = text.len;
	bool digits = true;

	while (start > 0 && text.p[start - 1] != '.')
		start--;
	text = str_from(text, start);
	if (str_starts(text, STR("0x"))) {
		for (size_t i = 2; i < text.len; i++)
			if (!is_digit(text.p[i]) && (text.p[i] < 'a' || text.p[i] > 'f'))
				return false;
		return true;
	}
	for (size_t i = 0; i < text.len; i++)
		digits = digits && is_digit(text.p[i]);
	return digits && text.len > 0;
}

static void map_ip4(struct address *out, const uint8_t ip4[4])
{
	*out = (struct address){ { 0 } };
	out->bytes[10] = out->bytes[11] = 0xff;
	memcpy(out->bytes + 12, ip4, 4);
}

static bool is_mapped(const struct address *address)
{
	static const uint8_t prefix[12] = { [10] = 0xff, [11] = 0xff };

	return memcmp(address->bytes, prefix, sizeof prefix) == 0;
}

void address_text(char out[ADDRESS_TEXT], const struct address *address)
{
	if (is_mapped(address))
		inet_ntop(AF_INET, address->bytes + 12, out, ADDRESS_TEXT);
	else
		inet_ntop(AF_INET6, address->bytes, out, ADDRESS_TEXT);
}

/* Canonical text only: what is printed again must be what was read. */
static int read_address(struct address *out, char canonical[ADDRESS_TEXT], struct str text,
			int family)
{
	struct address address;
	uint8_t ip4[4];
	char z[ADDRESS_TEXT];

	if (text.len >= sizeof z || str_find_byte(text, '\0') != SIZE_MAX)
		return -1;
	for (size_t i = 0; i < text.len; i++)
		z[i] = lower(text.p[i]);
	z[text.len] = '\0';
	if (inet_pton(family, z, family == AF_INET ? (void *)ip4 : (void *)address.bytes) != 1)
		return -1;
	if (family == AF_INET)
		map_ip4(&address, ip4);
	else if (is_mapped(&address))
		return -1;
	address_text(canonical, &address);
	if (strcmp(canonical, z) != 0)
		return -1;
	*out = address;
	return 0;
}

static int read_literal(struct host *out, struct str text, struct str inner, int family,
			struct err *err)
{
	struct host host = { .kind = family == AF_INET ? HOST_IP4 : HOST_IP6 };

	if (read_address(&host.address, host.text, inner, family) < 0)
		return refuse(err, text, "an address must be in its canonical spelling");
	host.len = (uint8_t)strlen(host.text);
	*out = host;
	return 0;
}

static int read_labels(struct host *host, struct str text, struct err *err)
{
	struct str rest = { host->text, host->len };

	for (;;) {
		size_t dot = str_find_byte(rest, '.');
		const char *wrong = wrong_label(str_sub(rest, 0, dot));

		if (wrong)
			return refuse(err, text, wrong);
		if (dot == SIZE_MAX)
			return 0;
		rest = str_from(rest, dot + 1);
	}
}

int host_read(struct host *out, struct str text, struct err *err)
{
	struct host host = { .kind = HOST_NAME };

	if (!text.len)
		return err_input(err, "there is no host");
	if (text.len > HOST_MAX)
		return refuse(err, text, "it has more than 253 bytes");
	if (text.p[0] == '[')
		return text.p[text.len - 1] == ']'
			       ? read_literal(out, text, str_sub(text, 1, text.len - 1), AF_INET6,
					      err)
			       : refuse(err, text, "a bracket is not closed");
	for (size_t i = 0; i < text.len; i++) {
		host.text[i] = lower(text.p[i]);
		if (host.text[i] != '.' && !is_name_byte(host.text[i]))
			return refuse(err, text, wrong_byte(text.p[i]));
	}
	host.len = (uint8_t)text.len;
	if (ends_in_number(host_str(&host)))
		return read_literal(out, text, text, AF_INET, err);
	if (read_labels(&host, text, err) < 0)
		return -1;
	*out = host;
	return 0;
}

/* The ':' before the port: the last one, but none inside brackets. */
static size_t find_port(struct str text)
{
	size_t at = text.len;

	while (at > 0 && text.p[at - 1] != ':' && text.p[at - 1] != ']')
		at--;
	return at > 0 && text.p[at - 1] == ':' ? at - 1 : SIZE_MAX;
}

int host_read_port(struct host *out, uint16_t *port, struct str text, struct err *err)
{
	size_t colon = find_port(text);
	struct str digits;
	uint64_t number;

	if (colon == SIZE_MAX)
		return refuse(err, text, "it has no port");
	digits = str_from(text, colon + 1);
	if (digits.len > 5 || !str_to_u64(digits, &number) || digits.p[0] == '0' || number > 65535)
		return refuse(err, text, "the port is no number from 1 to 65535");
	if (host_read(out, str_sub(text, 0, colon), err) < 0)
		return -1;
	*port = (uint16_t)number;
	return 0;
}

bool host_eq(const struct host *a, const struct host *b)
{
	return a->kind == b->kind && str_eq(host_str(a), host_str(b));
}

int address_read(struct address *out, struct str text)
{
	char canonical[ADDRESS_TEXT];

	return read_address(out, canonical, text,
			    str_find_byte(text, ':') == SIZE_MAX ? AF_INET : AF_INET6);
}
