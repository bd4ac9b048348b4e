/* fuzz_page.c - a cursor from a URL: refused, or read; and what we write we read again. */
#include <stdlib.h>

#include "base/scope.h"
#include "page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void texts(struct page *page, struct arena *mem)
{
	struct str keys[PAGE_KEYS], again[PAGE_KEYS];
	struct err err;

	for (size_t n = 1; n <= PAGE_KEYS; n++) {
		if (page_texts(page, keys, n, mem, &err) < 0) {
			if (err.kind != ERR_INPUT)
				abort();
			continue;
		}
		page->after = page_put_texts(mem, keys, n);
		if (page_texts(page, again, n, mem, &err) < 0)
			abort();
		for (size_t i = 0; i < n; i++)
			if (!str_eq(keys[i], again[i]))
				abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct page page = { .after = { (const char *)data, size } };
	int64_t numbers[2];
	struct err err;

	arena_init(&mem, 64 << 20);
	for (size_t n = 1; n <= 2; n++)
		if (page_numbers(&page, numbers, n, INT64_MAX, &err) == 0)
			for (size_t i = 0; i < n; i++)
				if (numbers[i] < 0)
					abort();
	texts(&page, &mem);
	return 0;
}
