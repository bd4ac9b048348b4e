/* fuzz_glob.c - first line a glob, the rest a path, in both dialects. */
#include <stdlib.h>

#include "base/glob.h"
#include "base/scope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str text = { (const char *)data, size };
	size_t end = str_find_byte(text, '\n');
	struct str path = str_from(text, end == SIZE_MAX ? size : end + 1);
	struct glob *glob;
	struct err err;

	arena_init(&mem, 64 << 20);
	for (int mode = 0; mode < 4; mode++) {
		enum glob_dialect dialect = mode & 1 ? GLOB_PATH : GLOB_RULE;

		if (glob_compile(&glob, &mem, str_sub(text, 0, end), dialect, mode & 2, &err) == 0)
			glob_match(glob, path);
		else if (err.kind == ERR_BUG)
			abort();
	}
	return 0;
}
