/*
 * reply.c - what the client is told when it gets no answer from the server, and what is noted of
 * each request.
 */
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/scope.h"
#include "connection.h"

enum { REASON_MAX = 1000, NOTED_MAX = 1024 }; /* bytes of a sentence; of a text in a record */

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Nothing of what a job sends reaches a log or a terminal raw. */
static struct str printable(struct arena *mem, struct str text)
{
	char *copy = arena_z(mem, str_sub(text, 0, NOTED_MAX));
	size_t n = text.len < NOTED_MAX ? text.len : NOTED_MAX;

	for (size_t i = 0; i < n; i++)
		if (copy[i] < 0x20 || copy[i] > 0x7e)
			copy[i] = '?';
	return (struct str){ copy, n };
}

void reply_begin(struct connection *connection, struct str method, struct str path)
{
	struct broker_record *record = &connection->record;

	*record = (struct broker_record){ .time_ms = now_ms(),
					  .connection = record->connection,
					  .rule = "route" };
	record->method = printable(&connection->mem, method);
	record->path = printable(&connection->mem, path);
	record->host = host_str(&connection->host);
	record->port = connection->port;
	record->tls = connection->tls;
	if (connection->pinned)
		record->address = str_of(connection->address_text);
	connection->verdict = (struct route_verdict){ 0 };
	buf_clear(&connection->reason);
}

static void note_route(struct connection *connection)
{
	struct broker_record *record = &connection->record;

	record->allowed = connection->verdict.allowed;
	if (connection->verdict.route)
		record->route = connection->verdict.route->text;
}

void reply_end(struct connection *connection)
{
	if (!connection->record.time_ms)
		return;
	if (!connection->reason.len)
		note_route(connection);
	connection->record.reason = buf_str(&connection->reason);
	broker_tell(connection->broker, &connection->record);
	connection->record.time_ms = 0;
}

void reply_forget(struct connection *connection)
{
	connection->record.time_ms = 0;
}

struct phrase {
	unsigned    status;
	const char *text;
};

/* Some clients show only the first line, others only the body. */
static const struct phrase phrases[] = {
	{ 400, "Bad request, refused by the sandbox" },
	{ 403, "Refused by the sandbox policy, will never be allowed" },
	{ 502, "Allowed by the sandbox policy, but the server failed" },
};

static const char *phrase(unsigned status)
{
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (phrases[i].status == status)
			return phrases[i].text;
	return "Refused by the sandbox";
}

static void send_refusal(struct connection *connection, unsigned status)
{
	struct str reason = buf_str(&connection->reason);
	bool bare = str_eq(connection->record.method, STR("HEAD"));
	char head[512];
	int n = snprintf(
		head, sizeof head,
		"HTTP/1.1 %u %s\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: %zu\r\n"
		"X-Sandbox-Rule: %s\r\nConnection: close\r\n\r\n",
		status, phrase(status), reason.len + 1, connection->record.rule);

	connection->record.status = (uint16_t)status;
	if (stream_write(&connection->client, (struct str){ head, (size_t)n }) == 0 && !bare &&
	    stream_write(&connection->client, reason) == 0)
		(void)stream_write(&connection->client, STR("\n"));
}

static bool is_failure_of_others(const char *rule)
{
	return strcmp(rule, "upstream") == 0;
}

__attribute__((format(printf, 3, 0))) static void set_reason(struct connection *connection,
							     const char *rule, const char *fmt,
							     va_list args)
{
	char text[REASON_MAX];

	vsnprintf(text, sizeof text, fmt, args);
	for (char *c = text; *c; c++)
		if (*c < 0x20 || *c == 0x7f)
			*c = '?';
	note_route(connection);
	connection->record.rule = rule;
	connection->record.allowed = connection->record.allowed && is_failure_of_others(rule);
	buf_clear(&connection->reason);
	buf_add(&connection->reason, str_of(text));
}

void reply_refuse(struct connection *connection, unsigned status, const char *rule, const char *fmt,
		  ...)
{
	va_list args;

	va_start(args, fmt);
	set_reason(connection, rule, fmt, args);
	va_end(args);
	send_refusal(connection, status);
}

void reply_broken(struct connection *connection, const char *rule, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	set_reason(connection, rule, fmt, args);
	va_end(args);
}

void reply_denied(struct connection *connection, const struct route_ask *ask)
{
	AUTO(buf_release) struct buf text = { 0 };

	route_explain(&text, connection->broker->options.routes, ask, &connection->verdict);
	reply_refuse(connection, 403, connection->verdict.rule, "%.*s", STR_ARG(buf_str(&text)));
}
