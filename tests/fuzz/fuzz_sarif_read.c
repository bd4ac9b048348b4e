/* Any bytes as a SARIF file; what is read is located in a text, made one review of, and rendered in every format. */
#include "base/scope.h"
#include "review/dedupe.h"
#include "review/fingerprint.h"
#include "review/rank.h"
#include "review/render.h"
#include "review/sarif_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool source_of(void *payload, struct str path, struct str *text)
{
	(void)path;
	*text = *(const struct str *)payload;
	return true;
}

static void render_all(struct review *review, struct str *text)
{
	struct render_options options = { .colour = true, .source = source_of, .payload = text };

	for (const struct render_format *format = render_formats; format->name; format++) {
		AUTO_BUF struct buf out = { 0 };

		if (format->render(&out, review, &options, NULL) < 0 || !str_is_utf8(buf_str(&out)))
			__builtin_trap();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	enum { MEMORY = 512 << 20 };
	AUTO_ARENA struct arena mem;
	struct sarif_options options = { .name = "fuzz", .root = STR("/r") };
	struct str json = { (const char *)data, size };
	struct str text = STR("one\n\t\xf0\x9f\x98\x80 two\r\npassword = 'x'\n\xff\n\nend");
	struct sarif_import import;
	struct review review = { .mem = &mem };

	arena_init(&mem, MEMORY);
	if (sarif_read(&import, &mem, json, &options, NULL) < 0)
		return 0;
	for (size_t i = 0; i < import.findings.n; i++) {
		struct finding *finding = &import.findings.items[i];

		finding->in_diff = sarif_locate(finding, &import.places[i], text);
		if (finding->in_diff && finding->span.end > text.len)
			__builtin_trap();
		finding->anchor_start_line = finding->span.start_line;
		finding->anchor_line = finding->span.end_line;
	}
	review.findings = import.findings;
	fingerprint_all(&review.findings, &mem);
	dedupe_findings(&review.findings, &mem);
	rank_review(&review, &(struct caps){ .per_review = 50, .per_file = 20, .per_rule = 10 });
	render_all(&review, &text);
	return 0;
}
