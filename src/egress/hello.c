#include "hello.h"

enum {
	RECORD_HEAD = 5,
	RECORD_MAX = 16384, /* of one plain record */
	HANDSHAKE = 22,
	CLIENT_HELLO = 1,
	SERVER_HELLO = 2,
	EXTENSION_NAME = 0,
	EXTENSION_ECH = 0xfe0d,
	EXTENSIONS_MAX = 128, /* of one hello; browsers send 18 */
};

/* Takes big-endian numbers and runs off the front; after the first that is not there, nothing is. */
struct cursor {
	struct str rest;
	bool short_of;
};

static struct str take(struct cursor *c, size_t n)
{
	struct str out = str_sub(c->rest, 0, n);

	if (c->rest.len < n) {
		c->short_of = true;
		c->rest.len = 0;
		return (struct str){ 0 };
	}
	c->rest = str_from(c->rest, n);
	return out;
}

static size_t take_number(struct cursor *c, size_t bytes)
{
	struct str s = take(c, bytes);
	size_t n = 0;

	for (size_t i = 0; i < s.len; i++)
		n = n << 8 | (unsigned char)s.p[i];
	return n;
}

static struct str take_run(struct cursor *c, size_t bytes_of_length)
{
	return take(c, take_number(c, bytes_of_length));
}

static const char *read_name(struct hello *out, struct str body)
{
	struct cursor c = { body, false };
	struct cursor list = { take_run(&c, 2), false };
	size_t kind = take_number(&list, 1);
	struct str name = take_run(&list, 2);

	if (c.short_of || c.rest.len || list.short_of || list.rest.len || kind != 0)
		return "its server name extension does not hold exactly one name";
	if (host_read(&out->name, name, NULL) < 0 || out->name.kind != HOST_NAME)
		return "its server name is no host name";
	out->state = HELLO_NAME;
	return NULL;
}

static const char *read_extensions(struct hello *out, struct str bytes)
{
	struct cursor c = { bytes, false };
	uint16_t seen[EXTENSIONS_MAX];
	size_t n = 0;

	while (c.rest.len) {
		uint16_t kind = (uint16_t)take_number(&c, 2);
		struct str body = take_run(&c, 2);
		const char *wrong = NULL;

		if (c.short_of || n == EXTENSIONS_MAX)
			return "its extensions are cut short, or too many";
		for (size_t i = 0; i < n; i++)
			if (seen[i] == kind)
				return "it has an extension twice";
		seen[n++] = kind;
		if (kind == EXTENSION_ECH)
			return "it uses Encrypted Client Hello, which hides the real name";
		if (kind == EXTENSION_NAME)
			wrong = read_name(out, body);
		if (wrong)
			return wrong;
	}
	return NULL;
}

static const char *read_hello(struct hello *out, struct str body)
{
	struct cursor c = { body, false };
	size_t major = take_number(&c, 1);
	struct str extensions;

	take(&c, 1 + 32); /* minor version, random */
	take_run(&c, 1);  /* session */
	take_run(&c, 2);  /* ciphers */
	take_run(&c, 1);  /* compression */
	out->state = HELLO_BARE;
	if (c.short_of || major != 3)
		return "it is no ClientHello";
	if (!c.rest.len)
		return NULL;
	extensions = take_run(&c, 2);
	if (c.short_of || c.rest.len)
		return "its extensions are cut short, or something follows them";
	return read_extensions(out, extensions);
}

/* Why this is no record of a handshake, or NULL, also when it is not whole yet. */
static const char *wrong_record(struct str bytes)
{
	if (bytes.len >= 1 && bytes.p[0] != HANDSHAKE)
		return "it is no TLS";
	if (bytes.len >= 2 && bytes.p[1] != 3)
		return "it is no TLS of a known version";
	return NULL;
}

/*
 * Gathers the parts of the message from its records. 0: more bytes are needed; else what was used
 * of them.
 */
static size_t gather(char *message, size_t *have, size_t *need, struct str bytes, const char **why)
{
	size_t used = 0;

	*have = 0;
	*need = 4;
	while (*have < *need) {
		struct cursor c = { str_from(bytes, used), false };
		struct str part;

		*why = wrong_record(c.rest);
		if (*why)
			return 0;
		take(&c, 3);
		part = take_run(&c, 2);
		if (c.short_of) {
			/* a length that cannot be is said at once, not waited for */
			if (bytes.len >= HELLO_MAX)
				*why = "its ClientHello is too long";
			return 0;
		}
		if (!part.len || part.len > RECORD_MAX || *have + part.len > HELLO_MAX) {
			*why = "a record of its handshake is empty or too long";
			return 0;
		}
		memcpy(message + *have, part.p, part.len);
		*have += part.len;
		used += RECORD_HEAD + part.len;
		if (*have >= 4) {
			struct cursor head = { { message, 4 }, false };

			if (take_number(&head, 1) != CLIENT_HELLO) {
				*why = "it does not begin with a ClientHello";
				return 0;
			}
			*need = 4 + take_number(&head, 3);
			if (*need > HELLO_MAX) {
				*why = "its ClientHello is too long";
				return 0;
			}
		}
	}
	return used;
}

void hello_read(struct hello *out, struct str bytes)
{
	__attribute__((uninitialized)) char message[HELLO_MAX];
	size_t have, need;

	*out = (struct hello){ .state = HELLO_MORE };
	out->size = gather(message, &have, &need, bytes, &out->why);
	if (out->size && have != need)
		out->why = "something follows the ClientHello in its record";
	if (out->size && !out->why)
		out->why = read_hello(out, (struct str){ message + 4, need - 4 });
	if (out->why)
		out->state = HELLO_WRONG;
}

int hello_is_retry(struct str bytes)
{
	/* SHA-256 of "HelloRetryRequest", where a ServerHello has its random */
	static const unsigned char random[32] = {
		0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c,
		0x02, 0x1e, 0x65, 0xb8, 0x91, 0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb,
		0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
	};
	enum { AT = RECORD_HEAD + 4 + 2 };

	if (bytes.len >= 1 && bytes.p[0] != HANDSHAKE)
		return 0;
	if (bytes.len > RECORD_HEAD && bytes.p[RECORD_HEAD] != SERVER_HELLO)
		return 0;
	if (bytes.len < AT + sizeof random)
		return -1;
	return memcmp(bytes.p + AT, random, sizeof random) == 0;
}
