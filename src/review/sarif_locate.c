#include "sarif.h"
#include "source.h"

/* How much of the unit a character of n UTF-8 bytes takes: beyond U+FFFF, UTF-16 needs two. */
static uint32_t units_of(size_t bytes, enum sarif_unit unit)
{
	return unit == SARIF_UTF16 && bytes == 4 ? 2 : 1;
}

/* The byte `units` behind `at`, but not behind `end`. */
static size_t advance(struct str text, size_t at, size_t end, int64_t units, enum sarif_unit unit)
{
	while (at < end && units > 0) {
		size_t n = str_utf8_len(text.p + at, end - at);

		units -= units_of(n, unit);
		at += n;
	}
	return at;
}

/*
 * The byte of a line and column, given where an earlier line begins. One line behind the last is
 * the end of the text: tools that name a range up to and with a line end write it so.
 */
static bool byte_of(struct str text, size_t from, uint32_t lines, uint32_t column,
		    enum sarif_unit unit, size_t *out)
{
	size_t start;

	if (!source_line_start(str_from(text, from), lines + 1, &start))
		return false;
	start += from;
	*out = advance(text, start, source_line(text, start).end, (int64_t)column - 1, unit);
	return true;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

/* A region without columns is the line; its indentation says nothing. */
static void trim(struct str text, size_t *start, size_t *end)
{
	while (*start < *end && is_blank(text.p[*start]))
		++*start;
	while (*end > *start && is_blank(text.p[*end - 1]))
		--*end;
}

static bool lines_to_bytes(struct str text, const struct sarif_region *region, enum sarif_unit unit,
			   size_t *start, size_t *end)
{
	uint32_t last =
		region->end_line > region->start_line ? region->end_line : region->start_line;
	size_t line;

	if (!source_line_start(text, region->start_line, &line) ||
	    !byte_of(text, line, 0, region->start_column ? region->start_column : 1, unit, start))
		return false;
	if (!byte_of(text, line, last - region->start_line,
		     region->end_column ? region->end_column : UINT32_MAX, unit, end))
		return false;
	if (!region->start_column && !region->end_column)
		trim(text, start, end);
	if (*end < *start)
		*end = *start;
	return true;
}

static bool offsets_to_bytes(struct str text, const struct sarif_region *region,
			     enum sarif_unit unit, size_t *start, size_t *end)
{
	if (region->char_offset >= 0) {
		*start = advance(text, 0, text.len, region->char_offset, unit);
		*end = advance(text, *start, text.len, region->char_length, unit);
		return *start < text.len || text.len == 0;
	}
	if ((uint64_t)region->byte_offset > text.len)
		return false;
	*start = (size_t)region->byte_offset;
	*end = text.len - *start;
	if (region->byte_length < 0)
		*end = 0;
	else if ((uint64_t)region->byte_length < *end)
		*end = (size_t)region->byte_length;
	*end += *start;
	return true;
}

static bool region_to_bytes(struct str text, const struct sarif_region *region,
			    enum sarif_unit unit, size_t *start, size_t *end)
{
	struct line first = source_line(text, 0);

	if (region->start_line)
		return lines_to_bytes(text, region, unit, start, end);
	if (region->char_offset >= 0 || region->byte_offset >= 0)
		return offsets_to_bytes(text, region, unit, start, end);
	*start = 0;
	*end = first.end;
	trim(text, start, end);
	return true;
}

static bool region_to_span(struct span *out, struct str text, const struct sarif_region *region,
			   enum sarif_unit unit)
{
	struct span span = { 0 };
	size_t start, end, line;
	uint32_t lines, column;

	if (text.len > UINT32_MAX || !region_to_bytes(text, region, unit, &start, &end))
		return false;
	span.start = (uint32_t)start;
	span.end = (uint32_t)end;
	if (region->start_line)
		span.start_line = region->start_line;
	else
		source_position(text, start, &span.start_line, &column);
	line = source_line(text, start).start;
	span.start_column = (uint32_t)str_utf8_count(str_sub(text, line, start)) + 1;
	source_position(str_from(text, line), end - line, &lines, &span.end_column);
	span.end_line = span.start_line + lines - 1;
	*out = span;
	return true;
}

static void locate_labels(struct finding *finding, const struct sarif_place *place, struct str text)
{
	size_t kept = 0;

	for (size_t i = 0; i < finding->n_labels; i++) {
		struct label label = finding->labels[i];

		if (region_to_span(&label.span, text, &place->labels[i], place->unit))
			finding->labels[kept++] = label;
	}
	finding->n_labels = kept;
}

bool sarif_locate(struct finding *finding, const struct sarif_place *place, struct str text)
{
	struct span span, fix;

	if (!region_to_span(&span, text, &place->region, place->unit))
		return false;
	finding->span = span;
	finding->text = str_sub(text, span.start, span.end);
	locate_labels(finding, place, text);
	if (finding->has_fix && region_to_span(&fix, text, &place->fix_region, place->unit)) {
		finding->fix.start = fix.start;
		finding->fix.end = fix.end;
	} else {
		finding->has_fix = false;
	}
	return true;
}
