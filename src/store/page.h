/* page.h - cursors of listings: what stood in the last row of a page, as text that may be shown in a URL. */
#pragma once
#include "store/store.h"

enum { PAGE_DEFAULT = 50, PAGE_KEYS = 4 };

/* How many rows to ask for: one more than is shown, so that we know whether there is a next page. */
int64_t page_rows(const struct page *page);
/* Rows that are shown of `got`; *more says whether one was left over. */
size_t page_shown(const struct page *page, size_t got, bool *more);

/* n numbers; `first` for the first page. ERR_INPUT for a cursor that is none of ours. */
int page_numbers(const struct page *page, int64_t *out, size_t n, int64_t first, struct err *err);
struct str page_put_numbers(struct arena *mem, const int64_t *keys, size_t n);
/* n texts, empty for the first page. */
int page_texts(const struct page *page, struct str *out, size_t n, struct arena *mem,
	       struct err *err);
struct str page_put_texts(struct arena *mem, const struct str *keys, size_t n);
