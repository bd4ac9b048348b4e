/* Any bytes as a request, with its body, and as the head of an answer: read in one way, or refused. */
#include <stdio.h>
#include <stdlib.h>

#include "body.h"
#include "head.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check(const struct head *head)
{
	require(head->n <= BROKER_HEADERS, "a cap on headers");
	for (size_t i = 0; i < head->n; i++) {
		struct str name = head->fields[i].name, value = head->fields[i].value;

		require(name.len > 0 && str_find_byte(name, ':') == SIZE_MAX && str_find_byte(name, ' ') == SIZE_MAX, "a name");
		require(str_find_byte(value, '\r') == SIZE_MAX && str_find_byte(value, '\n') == SIZE_MAX &&
			str_find_byte(value, '\0') == SIZE_MAX, "a value of one line");
		(void)head_is_hop(head, name);
	}
	require(head_count(head, STR("Content-Length")) + head_count(head, STR("Transfer-Encoding")) <= 1, "one length");
}

/* The body from bytes that are there; behind them, the connection is broken. */
static void read_body(const struct head *head, struct str rest)
{
	static const struct patience none = { .wake = -1 };
	struct stream from;
	struct body body;
	struct str part;
	size_t total = 0;
	int got;

	stream_init(&from, -1, &none);
	from.in = malloc(BROKER_HEADER_BYTES);
	if (!from.in)
		abort();
	from.end = rest.len < BROKER_HEADER_BYTES ? rest.len : BROKER_HEADER_BYTES;
	if (from.end)
		memcpy(from.in, rest.p, from.end);
	body_init(&body, &from, head);
	while ((got = body_next(&body, &part)) > 0)
		total += part.len;
	require(total <= rest.len, "no more than came");
	require(got == 0 || body.why, "a reason");
	require(got < 0 || head->framing != FRAMING_LENGTH || total == head->length, "all of it");
	stream_close(&from);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct head head;
	size_t n = head_size(text);
	struct err err;

	require(n <= size, "a size within the bytes");
	if (head_read_request(&head, str_sub(text, 0, n), &err) == 0) {
		check(&head);
		require(n > 0 && head.framing != FRAMING_CLOSE, "a request has a length");
		require(str_find_byte(head.target, ' ') == SIZE_MAX && head.target.len > 0, "a target");
		read_body(&head, str_from(text, n));
	}
	if (head_read_answer(&head, text, STR("GET"), &err) == 0) {
		check(&head);
		require(n == size && head.status >= 100 && head.status < 600, "a status");
	}
	return 0;
}
