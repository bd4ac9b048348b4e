/* Any bytes as the head of a request and of an answer: read in one way, or refused. */
#include <stdio.h>
#include <stdlib.h>

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
	}
	if (head_read_answer(&head, text, STR("GET"), &err) == 0) {
		check(&head);
		require(n == size && head.status >= 100 && head.status < 600, "a status");
	}
	return 0;
}
