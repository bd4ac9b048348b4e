/* Any bytes: a host in its one spelling, which reads back as itself, or an error. */
#include <stdio.h>
#include <stdlib.h>

#include "egress/host.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check(const struct host *host)
{
	char text[HOST_MAX + 8];
	int n = snprintf(text, sizeof text, host->kind == HOST_IP6 ? "[%s]" : "%s", host->text);
	struct host again;

	require(host->len == strlen(host->text) && host->len > 0, "a length without a NUL in it");
	for (size_t i = 0; i < host->len; i++)
		require(host->text[i] > 0x20 && host->text[i] < 0x7f && !(host->text[i] >= 'A' && host->text[i] <= 'Z'),
			"visible, in lower case");
	require(host_read(&again, (struct str){ text, (size_t)n }, NULL) == 0 && host_eq(host, &again), "one spelling");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str text = { (const char *)data, size };
	struct address_range range;
	struct host host;
	uint16_t port = 0;
	struct err err = { 0 };

	if (host_read(&host, text, &err) == 0)
		check(&host);
	else
		require(err.kind == ERR_INPUT && err.text[0], "a clear error");
	if (host_read_port(&host, &port, text, &err) == 0) {
		check(&host);
		require(port > 0, "a port");
	}
	if (range_read(&range, text, &err) == 0)
		require(range_has(&range, &range.first), "a range has its first address");
	return 0;
}
