/* fuzz_environment.c - any text as `environment:`; what it means, shown, reads as the same again. */
#include <stdlib.h>

#include "base/scope.h"
#include "environment/environment.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int load(struct environment *out, struct arena *mem, struct str text)
{
	struct err err;
	struct reader r = { mem, "e", &err };
	struct yaml_docs docs = { 0 };

	return yaml_load(&docs, mem, "e", text, &err) || docs.n != 1 || environment_read(out, &r, docs.items[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct environment first, second;
	struct buf text = { 0 }, one = { 0 }, two = { 0 };
	jmp_buf full;

	arena_init(&mem, 64 << 20);
	mem.full = &full;
	if (setjmp(full) == 0 && load(&first, &mem, (struct str){ (const char *)data, size }) == 0) {
		environment_text(&text, &first);
		if (load(&second, &mem, buf_str(&text)))
			abort();
		environment_canon(&one, &first);
		environment_canon(&two, &second);
		if (!str_eq(buf_str(&one), buf_str(&two)))
			abort();
	}
	buf_release(&text);
	buf_release(&one);
	buf_release(&two);
	return 0;
}
