#include "page.h"

#include "base/scope.h"

static int wrong(struct err *err)
{
	return err_input(err, "the cursor of this page is not valid: begin at the first page");
}

int64_t page_rows(const struct page *page)
{
	uint32_t limit = page->limit ? page->limit : PAGE_DEFAULT;

	return (limit > STORE_MAX_PAGE ? STORE_MAX_PAGE : limit) + 1;
}

size_t page_shown(const struct page *page, size_t got, bool *more)
{
	size_t rows = (size_t)page_rows(page);

	*more = got >= rows;
	return *more ? rows - 1 : got;
}

/* Numbers of a cursor are parted by '.', the first of two may be a time. */
int page_numbers(const struct page *page, int64_t *out, size_t n, int64_t first, struct err *err)
{
	int64_t keys[PAGE_KEYS];
	struct str rest = page->after;

	for (size_t i = 0; i < n; i++) {
		struct str part;
		uint64_t number;

		keys[i] = first;
		if (page->after.len == 0)
			continue;
		if (!str_cut(&rest, '.', &part) || !str_to_u64(part, &number) || number > INT64_MAX)
			return wrong(err);
		keys[i] = (int64_t)number;
	}
	if (rest.len)
		return wrong(err);
	memcpy(out, keys, n * sizeof *out);
	return 0;
}

struct str page_put_numbers(struct arena *mem, const int64_t *keys, size_t n)
{
	struct str out = STR("");

	for (size_t i = 0; i < n; i++)
		out = arena_printf(mem, "%.*s%s%lld", STR_ARG(out), i ? "." : "", (long long)keys[i]);
	return out;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool from_hex(struct str hex, struct str *out, struct arena *mem)
{
	char *bytes = arena_alloc(mem, hex.len / 2 + 1);

	if (hex.len % 2)
		return false;
	for (size_t i = 0; i < hex.len; i += 2) {
		int high = hex_digit(hex.p[i]), low = hex_digit(hex.p[i + 1]);

		if (high < 0 || low < 0)
			return false;
		bytes[i / 2] = (char)(high << 4 | low);
	}
	*out = (struct str){ bytes, hex.len / 2 };
	return true;
}

/* Each text in hex with a '.' behind it, so that an empty one is a part as well. */
int page_texts(const struct page *page, struct str *out, size_t n, struct arena *mem,
	       struct err *err)
{
	struct str keys[PAGE_KEYS] = { { NULL, 0 } };
	struct str rest = page->after;

	for (size_t i = 0; i < n && page->after.len; i++) {
		struct str part;

		if (!str_cut(&rest, '.', &part) || part.len > 2 * STORE_MAX_KEY ||
		    !from_hex(part, &keys[i], mem))
			return wrong(err);
	}
	if (rest.len)
		return wrong(err);
	memcpy(out, keys, n * sizeof *out);
	return 0;
}

struct str page_put_texts(struct arena *mem, const struct str *keys, size_t n)
{
	AUTO_BUF struct buf out = { 0 };

	for (size_t i = 0; i < n; i++) {
		for (size_t k = 0; k < keys[i].len; k++)
			buf_printf(&out, "%02x", (unsigned char)keys[i].p[k]);
		buf_add_byte(&out, '.');
	}
	return arena_str(mem, buf_str(&out));
}
