/*
 * fuzz_pattern.c - any text as a pattern: the first byte chooses language, strictness and whether there is a selector; a
 * NUL parts the selector from the pattern. What compiles is matched against a piece of code.
 */
#include <stdlib.h>

#include "base/buf.h"
#include "base/scope.h"
#include "rules/ruleset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct {
	const char *language, *code;
} samples[] = {
	{ "JavaScript",
	  "// a\nfunction f(x, y) { if (x == x) { g(1, 'a', `b${x}`); } return x => [x, ...y] }\nf(1)(2)\n" },
	{ "Python",
	  "@d\ndef f(a, b=1):\n    if a:\n        return eval(a)\n    # c\n    x = [a, *b]\n" },
	{ "C", "#define A 1\nint f(char *p)\n{\n\tif (p)\n\t\tfree(p);\n\treturn g(p, 1)\n}\n" },
	{ "Go",
	  "package a\nfunc f(x int) error { if err := g(x); err != nil { return err }; return nil }\n" },
	{ "Rust",
	  "fn f<'a>(x: &'a str) -> Option<u8> { match x { \"a\" => None, _ => g!(x)?.h() } }\n" },
	{ "Bash", "for f in *.c; do rm -f \"$f\" | cat <<X\n$f\nX\ndone\n" },
	{ "Css", "@media print { a > b { color: red !important } }\n" },
	{ "Yaml", "a: &x [1, 2]\nb:\n  - c: *x\n    d: |\n      e\n" },
	{ "Html", "<p a=\"b\">x</p>\n<script>f(1)</script>\n" },
	{ "Php", "<?php\nfunction f($a) { return $a ?? g($a); }\n" },
};
static const char *const levels[] = { "cst", "smart", "ast", "relaxed", "signature", "template" };

static void ignore(void *payload, const char *text)
{
	(void)payload;
	(void)text;
}

static uint64_t steps;

static uint64_t tick(void)
{
	return steps += 1000;
}

/* As a YAML string in double quotes; bytes that YAML does not allow are left out. */
static void add_quoted(struct buf *out, struct str text)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		unsigned char c = (unsigned char)text.p[i];

		if (c == '\n')
			buf_add(out, STR("\\n"));
		else if (c == '\t')
			buf_add(out, STR("\\t"));
		else if (c == '"' || c == '\\')
			buf_printf(out, "\\%c", c);
		else if (c >= ' ' && c != 0x7f)
			buf_add_byte(out, text.p[i]);
	}
	buf_add_byte(out, '"');
}

static void make_rule(struct buf *out, uint8_t choice, struct str text)
{
	struct str selector = { 0 };
	bool has_selector = choice >= 128;

	if (has_selector)
		has_selector = str_cut(&text, '\0', &selector);
	buf_printf(out, "id: a\nlanguage: %s\nrule:\n  pattern:\n    context: ",
		   samples[choice % COUNT(samples)].language);
	add_quoted(out, text);
	buf_printf(out, "\n    strictness: %s\n", levels[choice / COUNT(samples) % COUNT(levels)]);
	if (has_selector) {
		buf_add(out, STR("    selector: "));
		add_quoted(out, selector);
		buf_add_byte(out, '\n');
	}
	buf_add(out, STR("message: $A $$$B\nfix: g($A, $$$B)\n"));
}

static void scan(const struct ruleset *set, struct str language, struct str code)
{
	const struct parse_limits limits = { 64 << 20, UINT64_MAX / 2, tick };
	AUTO_ARENA struct arena mem;
	struct parser *parser = parser_new(&limits);
	struct scan scan = { .parser = parser,
			     .mem = &mem,
			     .path = STR("a"),
			     .everything = true,
			     .any_path = true,
			     .labels = true,
			     .now_ns = tick,
			     .time_ns = 50000000 };
	struct scan_output out;

	if (!parser)
		abort();
	arena_init(&mem, 64 << 20);
	ruleset_scan(&out, set, &scan, language_by_name(language), code, NULL);
	parser_free(parser);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_BUF struct buf rule = { 0 };
	struct rule_source source = { .name = "r.yml" };
	struct ruleset *set = ruleset_new();

	if (!set)
		abort();
	if (size) {
		make_rule(&rule, data[0], (struct str){ (const char *)data + 1, size - 1 });
		source.text = buf_str(&rule);
		ruleset_add(set, &source, NULL, 0, ignore, NULL);
		ruleset_prepare(set);
		if (ruleset_count(set))
			scan(set, str_of(samples[data[0] % COUNT(samples)].language),
			     str_of(samples[data[0] % COUNT(samples)].code));
	}
	ruleset_free(set);
	return 0;
}
