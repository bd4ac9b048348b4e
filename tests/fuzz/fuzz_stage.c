/*
 * fuzz_stage.c - any bytes as the plan of the stage that bubblewrap starts. What decodes is whole: encoded again, it decodes to the same
 * bytes, all texts lie in the input, and what is cut or has something behind it is refused.
 */
#include <stdlib.h>

#include "base/scope.h"

/* The stage is one process for one plan and frees nothing; a fuzzer is not. */
enum { LISTS = 64 };
static void *lists[LISTS];
static size_t n_lists;

static void *list_alloc(size_t n, size_t size)
{
	void *list = calloc(n, size);

	if (!list || n_lists == LISTS)
		abort();
	return lists[n_lists++] = list;
}

static void free_lists(void)
{
	while (n_lists)
		free(lists[--n_lists]);
}

#define calloc list_alloc
#include "stage_read.c"
#undef calloc

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void encode(struct buf *out, struct plan *plan)
{
	/* outside it is a path, inside a descriptor */
	plan->work_host = plan->work_fd >= 0 ? "/" : NULL;
	stage_encode(out, plan);
}

static void must(bool holds)
{
	if (!holds)
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf first = { 0 };
	AUTO_BUF struct buf second = { 0 };
	AUTO_BUF struct buf more = { 0 };
	struct plan plan;

	if (stage_decode(&plan, (struct str){ (const char *)data, size })) {
		encode(&first, &plan);
		must(first.len == size);
		must(stage_decode(&plan, buf_str(&first)));
		encode(&second, &plan);
		must(str_eq(buf_str(&first), buf_str(&second)));
		must(!stage_decode(&plan, str_sub(buf_str(&first), 0, first.len - 1)));
		buf_add(&more, buf_str(&first));
		buf_add_byte(&more, 0);
		must(!stage_decode(&plan, buf_str(&more)));
	}
	free_lists();
	return 0;
}
