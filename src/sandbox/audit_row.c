#include "audit_row.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "base/sha256.h"

static const char *const kind_names[AUDIT_KINDS] = { "run", "exec", "net", "file", "deny", "end" };

#define TAIL ",\"hash\":\""

enum {
	TAIL_SIZE = sizeof TAIL - 1 + AUDIT_HEX + 2, /* ,"hash":"<hex>"} */
	RESERVE = 2048, /* of a row: names of fields, what tells of a cut, numbers and the hash */
};

void audit_hex(char out[AUDIT_HEX + 1], const struct audit_hash *hash)
{
	for (size_t i = 0; i < AUDIT_HASH; i++)
		snprintf(out + 2 * i, 3, "%02x", hash->bytes[i]);
}

static int digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

int audit_hex_read(struct audit_hash *out, struct str text)
{
	struct audit_hash hash;

	if (text.len != AUDIT_HEX)
		return -1;
	for (size_t i = 0; i < AUDIT_HASH; i++) {
		int high = digit(text.p[2 * i]), low = digit(text.p[2 * i + 1]);

		if (high < 0 || low < 0)
			return -1;
		hash.bytes[i] = (unsigned char)(high << 4 | low);
	}
	*out = hash;
	return 0;
}

void audit_digest(struct audit_hash *out, const struct audit_hash *before, struct str text)
{
	struct sha256 hash;

	sha256_begin(&hash);
	if (before)
		sha256_add(&hash, before->bytes, AUDIT_HASH);
	sha256_add_str(&hash, text);
	sha256_end(&hash, out->bytes);
}

void audit_time(char out[AUDIT_TIME], uint64_t ms)
{
	time_t seconds = (time_t)(ms / 1000);
	struct tm when;
	char date[24] = "1970-01-01T00:00:00";

	if (gmtime_r(&seconds, &when) && when.tm_year < 9000)
		strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &when);
	snprintf(out, AUDIT_TIME, "%.19s.%03uZ", date, (unsigned)(ms % 1000));
}

/*
 * What is no UTF-8 becomes U+FFFD: paths of a job may be any bytes. How many bytes of s had room
 * before `end`.
 */
static size_t add_text(struct buf *out, struct str s, size_t end)
{
	size_t i = 0;

	while (i < s.len && out->len < end) {
		unsigned char c = (unsigned char)s.p[i];
		size_t n = str_utf8_len(s.p + i, s.len - i);

		if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c < 0x20 || c == 0x7f)
			buf_printf(out, "\\u%04x", (unsigned)c);
		else if (n == 1 && c >= 0x80)
			buf_add(out, STR("\\ufffd"));
		else
			buf_add(out, (struct str){ s.p + i, n });
		i += n;
	}
	return i;
}

/* `start`: where the row began; all of it has a limit, whatever the escapes make of its fields. */
static void add_field(struct buf *out, size_t start, const char *name, struct str value)
{
	size_t end = start + AUDIT_LINE_MAX - RESERVE;

	if (!value.len)
		return;
	buf_printf(out, ",\"%s\":\"", name);
	if (add_text(out, str_sub(value, 0, AUDIT_FIELD_MAX), end) < value.len)
		buf_printf(out, "[cut, it had %zu bytes]", value.len);
	buf_add_byte(out, '"');
}

static void add_number(struct buf *out, const char *name, uint64_t n)
{
	if (n)
		buf_printf(out, ",\"%s\":%" PRIu64, name, n);
}

static void begin(struct buf *out, struct audit_chain *chain, const char *kind, uint64_t now_ms)
{
	char time[AUDIT_TIME];

	audit_time(time, now_ms);
	buf_printf(out, "{\"seq\":%" PRIu64 ",\"time\":\"%s\",\"kind\":\"%s\"", ++chain->seq, time,
		   kind);
}

static void finish(struct buf *out, struct audit_chain *chain, size_t start)
{
	struct audit_hash before = chain->hash;
	char hex[AUDIT_HEX + 1];

	audit_digest(&chain->hash, &before, str_from(buf_str(out), start));
	audit_hex(hex, &chain->hash);
	buf_printf(out, TAIL "%s\"}\n", hex);
}

struct member {
	const char *name;
	size_t at;
};

#define MEMBER(name)                                    \
	{                                               \
#name, offsetof(struct audit_row, name) \
	}

static const struct member members[] = {
	MEMBER(run),     MEMBER(actor), MEMBER(on_behalf_of), MEMBER(policy),
	MEMBER(what),    MEMBER(path),  MEMBER(digest),       MEMBER(writer),
	MEMBER(verdict), MEMBER(rule),  MEMBER(reason),
};

static struct str *member_of(struct audit_row *row, const struct member *member)
{
	return (struct str *)(void *)((char *)row + member->at);
}

void audit_row_add(struct buf *out, struct audit_chain *chain, const struct audit_row *row,
		   uint64_t now_ms)
{
	struct audit_row copy = *row;
	size_t start = out->len;

	begin(out, chain, kind_names[row->kind], now_ms);
	for (size_t i = 0; i < COUNT(members); i++)
		add_field(out, start, members[i].name, *member_of(&copy, &members[i]));
	add_number(out, "up", row->up);
	add_number(out, "down", row->down);
	finish(out, chain, start);
}

void audit_row_start(struct buf *out, struct audit_chain *chain, uint64_t file, uint64_t now_ms)
{
	size_t start = out->len;
	char hex[AUDIT_HEX + 1];

	audit_hex(hex, &chain->hash);
	begin(out, chain, "start", now_ms);
	buf_printf(out, ",\"file\":%" PRIu64 ",\"prev\":\"%s\"", file, hex);
	finish(out, chain, start);
}

void audit_row_torn(struct buf *out, struct audit_chain *chain, struct str fragment,
		    uint64_t now_ms)
{
	struct audit_hash digest;
	size_t start = out->len;
	char hex[AUDIT_HEX + 1];

	audit_digest(&digest, NULL, fragment);
	audit_hex(hex, &digest);
	begin(out, chain, "torn", now_ms);
	buf_printf(out, ",\"bytes\":%zu,\"digest\":\"%s\"", fragment.len, hex);
	finish(out, chain, start);
}

/* Cuts the hash off the end. */
static int split(struct audit_line *line, struct str text)
{
	struct str tail;

	if (text.len < TAIL_SIZE + 2 || text.len > AUDIT_LINE_MAX)
		return -1;
	line->hashed = str_sub(text, 0, text.len - TAIL_SIZE);
	tail = str_from(text, text.len - TAIL_SIZE);
	if (!str_starts(tail, STR(TAIL)) || !str_ends(tail, STR("\"}")))
		return -1;
	return audit_hex_read(&line->hash, str_sub(tail, sizeof TAIL - 1, tail.len - 2));
}

int audit_line_read(struct audit_line *out, struct str text)
{
	struct audit_line line = { 0 };
	json_t *seq;

	if (split(&line, text) < 0)
		return -1;
	line.object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, NULL);
	seq = json_object_get(line.object, "seq");
	line.kind = json_string_value(json_object_get(line.object, "kind"));
	if (!line.kind || !json_is_integer(seq) || json_integer_value(seq) < 1) {
		json_decref(line.object);
		return -1;
	}
	line.seq = (uint64_t)json_integer_value(seq);
	*out = line;
	return 0;
}

void audit_line_release(struct audit_line *line)
{
	json_decref(line->object);
	line->object = NULL;
}

struct str audit_line_str(const struct audit_line *line, const char *name)
{
	json_t *value = json_object_get(line->object, name);

	return (struct str){ json_string_value(value), json_string_length(value) };
}

uint64_t audit_line_number(const struct audit_line *line, const char *name)
{
	json_int_t n = json_integer_value(json_object_get(line->object, name));

	return n > 0 ? (uint64_t)n : 0;
}

void audit_line_row(const struct audit_line *line, struct audit_row *row)
{
	*row = (struct audit_row){ .kind = AUDIT_KINDS };
	for (enum audit_kind kind = 0; kind < AUDIT_KINDS; kind++)
		if (strcmp(kind_names[kind], line->kind) == 0)
			row->kind = kind;
	for (size_t i = 0; i < COUNT(members); i++)
		*member_of(row, &members[i]) = audit_line_str(line, members[i].name);
	row->up = audit_line_number(line, "up");
	row->down = audit_line_number(line, "down");
}

struct audit_row audit_net(struct arena *mem, const struct journal_entry *entry)
{
	struct str status = entry->status
				    ? arena_printf(mem, ", answered %u", (unsigned)entry->status)
				    : STR("");
	struct str times = entry->count > 1
				   ? arena_printf(mem, ", %u times", (unsigned)entry->count)
				   : STR("");

	return (struct audit_row){ .kind = entry->allowed ? AUDIT_NET : AUDIT_DENY,
				   .what = entry->what,
				   .verdict = arena_printf(mem, "%s%.*s%.*s",
							   entry->allowed ? "allowed" : "denied",
							   STR_ARG(status), STR_ARG(times)),
				   .rule = entry->route.len && entry->allowed
						   ? entry->route
						   : arena_printf(mem, "net.%s", entry->rule),
				   .reason = entry->reason,
				   .up = entry->up,
				   .down = entry->down };
}
