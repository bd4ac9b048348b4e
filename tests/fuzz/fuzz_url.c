/* Two lines: an address and a reference. What is taken is written so that it is taken again, as the same. */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "http/url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CAP = 64 << 20 };

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check(const struct url *url, struct arena *mem)
{
	struct str text = url_text(url, mem);
	struct url again;

	require(url->host.len > 0 && url->path.len > 0 && url->path.p[0] == '/',
		"a host and a path");
	if (text.len > URL_MAX)
		return;
	require(url_parse(&again, mem, text, NULL) == 0, "its own text is taken");
	require(str_eq(url_text(&again, mem), text), "round trip");
	require(url_same_origin(url, &again), "the same origin");
	require(str_find_byte(text, '@') == SIZE_MAX ||
			str_find_byte(text, '@') >= 7 + url->host.len,
		"no user");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, first = { 0 };
	AUTO_ARENA struct arena mem;
	struct url url, next;
	struct str out;

	arena_init(&mem, CAP);
	str_cut_line(&rest, &first);
	(void)url_query_get(&out, &mem, rest, STR("key"));
	if (url_parse(&url, &mem, first, NULL) < 0)
		return 0;
	check(&url, &mem);
	if (url_resolve(&next, &mem, &url, rest, NULL) == 0)
		check(&next, &mem);
	return 0;
}
