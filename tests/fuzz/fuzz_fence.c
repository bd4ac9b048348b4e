/* fuzz_fence.c - what decodes must encode to the same bytes. */
#include <stdlib.h>

#include "base/scope.h"
#include "sandbox/fence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf out = { 0 };
	struct str bytes = { (const char *)data, size };
	struct fence_packet packet;
	struct err err;

	if (fence_decode(&packet, bytes, &err) < 0)
		return 0;
	fence_encode(&out, &packet);
	if (!str_eq(buf_str(&out), bytes))
		abort();
	return 0;
}
