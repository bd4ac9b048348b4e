/* fuzz_regex.c - first line a pattern, the rest a subject: no crash, and the prefilter is never wrong. */
#include <stdlib.h>

#include "base/scope.h"
#include "rules/regex.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_required(const struct regex *regex, struct arena *mem, struct str subject)
{
	struct literal_set set;

	if (regex_search(regex, subject) != REGEX_YES || !regex_required(regex, mem, &set))
		return;
	for (size_t i = 0; i < set.n; i++)
		if (str_has(subject, set.items[i]))
			return;
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	AUTO_BUF struct buf out = { 0 };
	struct str text = { (const char *)data, size };
	struct regex *regex;
	struct err err;
	size_t end = str_find_byte(text, '\n');
	struct str subject = str_from(text, end == SIZE_MAX ? size : end + 1);

	arena_init(&mem, 64 << 20);
	if (regex_compile(&regex, &mem, str_sub(text, 0, end), &err))
		return 0;
	check_required(regex, &mem, subject);
	regex_replace_all(&out, regex, subject, STR("<$0$1>"));
	regex_release(regex);
	return 0;
}
