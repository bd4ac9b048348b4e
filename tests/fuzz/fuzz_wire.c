/* fuzz_wire.c - what decodes must encode to the same bytes. */
#include <stdlib.h>

#include "base/scope.h"
#include "queue/wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf out = { 0 };
	struct str bytes = { (const char *)data, size };
	struct wire message;
	struct err err;

	if (wire_decode(&message, bytes, &err) < 0)
		return 0;
	if (wire_encode(&out, &message, &err) < 0 || !str_eq(buf_str(&out), bytes))
		abort();
	return 0;
}
