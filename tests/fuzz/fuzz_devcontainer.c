/* fuzz_devcontainer.c - any text as a dev-container file; what it means has a canonical form, and can be shown. */
#include "base/scope.h"
#include "environment/environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf text = { 0 };
	struct environment environment;
	struct err err;
	jmp_buf full;

	arena_init(&mem, 64 << 20);
	mem.full = &full;
	if (setjmp(full))
		return 0;
	if (environment_devcontainer(&environment, &mem, "d", (struct str){ (const char *)data, size }, &err))
		return 0;
	environment_canon(&text, &environment);
	environment_text(&text, &environment);
	return 0;
}
