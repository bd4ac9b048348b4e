#include "source.h"

#include "review/redact.h"

enum { SCRATCH_MAX = 1 << 30 }; /* far above the size cap of a source file */

void source_init(struct source *source, const struct review *review,
		 const struct render_options *options)
{
	*source = (struct source){ .review = review, .options = options };
	arena_init(&source->mem, SCRATCH_MAX);
}

void source_release(struct source *source)
{
	arena_release(&source->mem);
}

static const struct change *find_change(const struct changeset *changes, struct str path)
{
	for (size_t i = 0; changes && i < changes->n; i++)
		if (changes->items[i].status != CHANGE_DELETED &&
		    str_eq(changes->items[i].new_path, path))
			return &changes->items[i];
	return NULL;
}

bool source_open(struct source *source, struct str path)
{
	const struct render_options *options = source->options;

	if (source->path.p && str_eq(source->path, path))
		return source->raw.p;
	arena_reset(&source->mem);
	source->path = path;
	source->raw = (struct str){ 0 };
	source->change = find_change(source->review->changes, path);
	if (source->change && source->change->skip == SKIP_NONE)
		source->raw = source->change->new_text;
	if (!source->raw.p && options->source &&
	    !options->source(options->payload, path, &source->raw))
		source->raw = (struct str){ 0 };
	source->text = redact_text(&source->mem, source->raw);
	return source->raw.p;
}

bool source_has(const struct source *source, const struct finding *finding)
{
	const struct span *span = &finding->span;

	return source->raw.p && span->start <= span->end && span->end <= source->raw.len &&
	       str_eq(str_sub(source->raw, span->start, span->end), finding->text);
}

struct line source_line(struct str text, size_t at)
{
	struct line line;

	if (at > text.len)
		at = text.len;
	line.start = at;
	while (line.start && text.p[line.start - 1] != '\n')
		line.start--;
	line.end = at;
	while (line.end < text.len && text.p[line.end] != '\n')
		line.end++;
	if (line.end > line.start && line.end < text.len && text.p[line.end - 1] == '\r')
		line.end--;
	return line;
}

void source_position(struct str text, size_t at, uint32_t *line, uint32_t *column)
{
	uint32_t n = 1;
	size_t start = 0;

	if (at > text.len)
		at = text.len;
	for (size_t i = 0; i < at; i++) {
		if (text.p[i] == '\n') {
			n++;
			start = i + 1;
		}
	}
	*line = n;
	*column = (uint32_t)str_utf8_count(str_sub(text, start, at)) + 1;
}

bool source_line_start(struct str text, uint32_t line, size_t *at)
{
	size_t start = 0;

	for (uint32_t n = 1; n < line; n++) {
		size_t end = str_find_byte(str_from(text, start), '\n');

		if (end == SIZE_MAX)
			return false;
		start += end + 1;
	}
	*at = start;
	return true;
}

struct str source_text(struct source *source, struct arena *mem, const struct finding *finding)
{
	if (finding->text.len && source_open(source, finding->path) && source_has(source, finding))
		return str_sub(source->text, finding->span.start, finding->span.end);
	return redact_text(mem, finding->text);
}

bool source_knows_bytes(const struct finding *finding)
{
	const struct span *span = &finding->span;

	return span->end > span->start || (span->start_line <= 1 && span->start_column <= 1);
}
