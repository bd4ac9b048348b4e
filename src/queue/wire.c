#include "queue/wire.h"

enum { CODE = 1, COUNTS = 2, ID = 4, TOKEN = 8, TIME = 16, NAME = 32, BODY = 64 };

/* Which fields a kind has. */
static const struct {
	const char *name;
	unsigned    fields;
} kinds[WIRE_KINDS] = {
	[WIRE_HELLO] = { "HELLO", NAME | BODY },
	[WIRE_WHO] = { "WHO", 0 },
	[WIRE_READY] = { "READY", COUNTS | TIME },
	[WIRE_JOB] = { "JOB", ID | TOKEN | COUNTS | TIME | NAME | BODY },
	[WIRE_PROGRESS] = { "PROGRESS", ID | TOKEN | COUNTS | NAME | BODY },
	[WIRE_RESULT] = { "RESULT", ID | TOKEN | CODE | TIME | BODY },
	[WIRE_GRANT] = { "GRANT", ID | TOKEN | COUNTS | TIME | CODE },
	[WIRE_ACK] = { "ACK", ID | TOKEN },
	[WIRE_NACK] = { "NACK", ID | TOKEN },
	[WIRE_CANCEL] = { "CANCEL", ID | TOKEN | CODE },
	[WIRE_CALL] = { "CALL", ID | TOKEN | COUNTS | NAME | BODY },
	[WIRE_REPLY] = { "REPLY", ID | COUNTS | CODE | BODY },
	[WIRE_DRAIN] = { "DRAIN", 0 },
	[WIRE_PING] = { "PING", 0 },
	[WIRE_PONG] = { "PONG", 0 },
	[WIRE_BYE] = { "BYE", 0 },
};

/* Places in the header. */
enum {
	AT_VERSION = 2,
	AT_KIND = 3,
	AT_CODE = 4,
	AT_NAME = 6,
	AT_COUNT = 8,
	AT_BODY = 12,
	AT_ID = 16,
	AT_TOKEN = 24,
	AT_TIME = 32,
	AT_RESERVED = 40,
};

const char *wire_kind_name(enum wire_kind kind)
{
	return kind > 0 && kind < WIRE_KINDS ? kinds[kind].name : "unknown";
}

static unsigned fields_of(const struct wire *m)
{
	return (m->code ? CODE : 0u) | (m->count ? COUNTS : 0u) | (m->id ? ID : 0u) |
	       (m->token ? TOKEN : 0u) | (m->time ? TIME : 0u) | (m->name.len ? NAME : 0u) |
	       (m->body.len ? BODY : 0u);
}

static bool is_text(struct str s)
{
	return s.len == 0 || (!memchr(s.p, 0, s.len) && str_is_utf8(s));
}

/* The same for both directions: what we send is what we would take. */
static int check(const struct wire *m, struct err *err)
{
	const char *name = wire_kind_name(m->kind);

	if (m->kind <= 0 || m->kind >= WIRE_KINDS)
		return err_input(err, "a message of the unknown kind %d", (int)m->kind);
	if (fields_of(m) & ~kinds[m->kind].fields)
		return err_input(err, "%s has a field that it does not know", name);
	if (m->id < 0 || m->token < 0 || m->time < 0)
		return err_input(err, "%s has a negative number", name);
	if (m->name.len > WIRE_MAX_NAME)
		return err_input(err, "the name in %s is longer than %d bytes", name, WIRE_MAX_NAME);
	if (m->body.len > WIRE_MAX_BODY)
		return err_input(err, "the body of %s is longer than %d bytes", name, WIRE_MAX_BODY);
	if (!is_text(m->name) || !is_text(m->body))
		return err_input(err, "%s has text that is not UTF-8", name);
	return 0;
}

static void put(char *to, uint64_t number, size_t bytes)
{
	for (size_t i = 0; i < bytes; i++)
		to[i] = (char)(number >> (8 * i));
}

static uint64_t get(const char *from, size_t bytes)
{
	uint64_t number = 0;

	for (size_t i = bytes; i-- > 0;)
		number = number << 8 | (unsigned char)from[i];
	return number;
}

int wire_encode(struct buf *out, const struct wire *m, struct err *err)
{
	char header[WIRE_HEADER] = { 'O', 'R', WIRE_VERSION };

	if (check(m, err) < 0)
		return -1;
	put(header + AT_KIND, (uint64_t)m->kind, 1);
	put(header + AT_CODE, m->code, 2);
	put(header + AT_NAME, m->name.len, 2);
	put(header + AT_COUNT, m->count, 4);
	put(header + AT_BODY, m->body.len, 4);
	put(header + AT_ID, (uint64_t)m->id, 8);
	put(header + AT_TOKEN, (uint64_t)m->token, 8);
	put(header + AT_TIME, (uint64_t)m->time, 8);
	buf_add(out, (struct str){ header, sizeof header });
	buf_add(out, m->name);
	buf_add(out, m->body);
	return 0;
}

int wire_decode(struct wire *out, struct str bytes, struct err *err)
{
	struct wire m;
	const char *p = bytes.p;
	size_t name, body;

	if (bytes.len < WIRE_HEADER || p[0] != 'O' || p[1] != 'R')
		return err_input(err, "%zu bytes that are no message of Outrider", bytes.len);
	if (p[AT_VERSION] != WIRE_VERSION)
		return err_input(err, "a message of version %d, this program speaks %d: run the same "
				 "version everywhere", (unsigned char)p[AT_VERSION], WIRE_VERSION);
	name = get(p + AT_NAME, 2);
	body = get(p + AT_BODY, 4);
	if (name + body != bytes.len - WIRE_HEADER || get(p + AT_RESERVED, 4) != 0)
		return err_input(err, "a message whose header does not fit its %zu bytes", bytes.len);
	m = (struct wire){
		.kind = (enum wire_kind)(unsigned char)p[AT_KIND],
		.code = (uint16_t)get(p + AT_CODE, 2),
		.count = (uint32_t)get(p + AT_COUNT, 4),
		.id = (int64_t)get(p + AT_ID, 8),
		.token = (int64_t)get(p + AT_TOKEN, 8),
		.time = (int64_t)get(p + AT_TIME, 8),
		.name = { p + WIRE_HEADER, name },
		.body = { p + WIRE_HEADER + name, body },
	};
	if (check(&m, err) < 0)
		return -1;
	*out = m;
	return 0;
}
