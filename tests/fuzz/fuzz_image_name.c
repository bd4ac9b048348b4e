/*
 * fuzz_image_name.c - a line as the name of an image, the next one as an administrator's pattern. What is taken, skopeo is given: no
 * part of it may look like an option, a path upwards or another registry.
 */
#include <stdlib.h>

#include "image_name.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

static void check(const struct image_name *name)
{
	must(name->registry.len && name->repository.len && name->tag.len);
	must(name->registry.p[0] != '-' && name->repository.p[0] != '-' && name->tag.p[0] != '-');
	must(!str_has(name->repository, STR("..")) && !str_has(name->repository, STR("//")));
	must(str_find_byte(name->registry, '/') == SIZE_MAX && str_find_byte(name->registry, '@') == SIZE_MAX);
	must(!name->digest.len || image_digest_ok(name->digest));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, line, star;
	struct image_name name;
	struct arena mem;
	struct err err;

	if (!str_cut(&rest, '\n', &line))
		return 0;
	if (image_name_read(&name, line, &err) == 0)
		check(&name);
	arena_init(&mem, 1 << 20);
	/* what fills a pattern again is the name */
	if (rest.len < 1000 && line.len < 1000 && image_name_match(&star, rest, line) && str_find_byte(rest, '*') != SIZE_MAX)
		must(str_eq(image_name_fill(&mem, rest, star), line));
	arena_release(&mem);
	return 0;
}
