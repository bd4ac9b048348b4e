/* Any bytes as the first ones of a TLS client: a name that is a host, or none, or why not; never more is used than came. */
#include <stdio.h>
#include <stdlib.h>

#include "hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct hello hello, less;
	struct host host;

	(void)hello_is_retry(text);
	hello_read(&hello, text);
	require(hello.size <= size, "no more than came");
	require((hello.state == HELLO_WRONG) == (hello.why != NULL), "a reason");
	require(hello.state != HELLO_MORE || size < 2 * HELLO_MAX, "an end");
	if (hello.state == HELLO_NAME)
		require(host_read(&host, host_str(&hello.name), NULL) == 0 && host.kind == HOST_NAME, "a host");
	/* what was decided with fewer bytes is not decided otherwise with more */
	hello_read(&less, str_sub(text, 0, size / 2));
	if (less.state == HELLO_NAME || less.state == HELLO_BARE)
		require(less.state == hello.state && less.size == hello.size, "the same with more bytes");
	return 0;
}
