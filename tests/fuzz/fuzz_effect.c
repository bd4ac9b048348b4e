/* A row of the outbox. What is taken is written back as it was read. */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "forge/effect.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf first = { 0 }, second = { 0 };
	AUTO_ARENA struct arena mem;
	struct effect effect, again;
	struct err err = { 0 };

	arena_init(&mem, 256 << 20);
	if (effect_decode(&effect, &mem, (struct str){ (const char *)data, size }, &err) < 0)
		return 0;
	effect_encode(&first, &effect);
	if (effect_decode(&again, &mem, buf_str(&first), &err) < 0) {
		fprintf(stderr, "not taken again: %s\n", err.text);
		abort();
	}
	effect_encode(&second, &again);
	if (!str_eq(buf_str(&first), buf_str(&second)))
		abort();
	return 0;
}
