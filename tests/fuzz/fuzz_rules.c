/* fuzz_rules.c - any text as a rule file; what loads runs over a piece of code of each language. */
#include <stdlib.h>

#include "base/scope.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *language, *code;
} samples[] = {
	{ "JavaScript",
	  "// a\nfunction f(x, $y) { if (x == x) { g(1, 'a', x); } else { h([x, 2]) } return x }\n/* ast-grep-ignore */\nf(1)\n" },
	{ "Python",
	  "@d\ndef f(a, b=1):\n    if a:\n        return eval(a)\n    # c\n    x = [a, b]\n" },
	{ "C", "int f(char *p)\n{\n\tif (p)\n\t\tfree(p);\n\treturn g(p, 1);\n}\n" },
	{ "Html", "<p a=\"b\">x</p>\n<script>f(1)</script>\n" },
	{ "Text", "one\ntwo\r\n\nfour" },
};

static void ignore(void *payload, const char *text)
{
	size_t *n = payload;

	*n += text[0] != '\0';
}

static uint64_t steps; /* a clock that goes on with every look */

static uint64_t tick(void)
{
	return steps += 1000;
}

static void scan(const struct ruleset *set, struct parser *parser, struct str language,
		 struct str code)
{
	AUTO_ARENA struct arena mem;
	jmp_buf full;
	struct scan scan = { .parser = parser,
			     .mem = &mem,
			     .path = STR("src/a.x"),
			     .everything = true,
			     .any_path = true,
			     .labels = true,
			     .now_ns = tick,
			     .time_ns = 50000000 };
	struct scan_output out;

	arena_init(&mem, 64 << 20);
	mem.full = &full;
	if (setjmp(full) == 0)
		ruleset_scan(&out, set, &scan, language_by_name(language), code, NULL);
	parser_reset(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct parse_limits limits = { 64 << 20, UINT64_MAX / 2, tick };
	struct rule_source source = { "r.yml", { (const char *)data, size } };
	const struct language *only[COUNT(samples)];
	struct ruleset *set = ruleset_new();
	struct parser *parser = parser_new(&limits);
	size_t complaints = 0;

	for (size_t i = 0; i < COUNT(samples); i++)
		only[i] = language_by_name(str_of(samples[i].language));
	if (!set || !parser)
		abort();
	ruleset_add_utils(set, &source, ignore, &complaints);
	ruleset_add(set, &source, only, COUNT(only), ignore, &complaints);
	ruleset_prepare(set);
	for (size_t i = 0; i < ruleset_count(set); i++)
		ruleset_info(set, i);
	for (size_t i = 0; ruleset_count(set) && i < COUNT(samples); i++)
		scan(set, parser, str_of(samples[i].language), str_of(samples[i].code));
	parser_free(parser);
	ruleset_free(set);
	return 0;
}
