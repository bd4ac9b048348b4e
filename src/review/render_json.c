#include "base/scope.h"
#include "jsonout.h"
#include "review/redact.h"
#include "tally.h"

enum { LAYOUT = 1 };

static json_t *make_place(struct jsonout *json, uint32_t line, uint32_t column,
			  const uint32_t *byte)
{
	json_t *place = jsonout_object(json);

	jsonout_put(json, place, "line", jsonout_number(json, line));
	jsonout_put(json, place, "column", jsonout_number(json, column));
	jsonout_put(json, place, "byte", byte ? jsonout_number(json, *byte) : json_null());
	return place;
}

static json_t *make_range(struct jsonout *json, const struct span *span, bool bytes)
{
	json_t *range = jsonout_object(json);

	jsonout_put(json, range, "start",
		    make_place(json, span->start_line, span->start_column,
			       bytes ? &span->start : NULL));
	jsonout_put(json, range, "end",
		    make_place(json, span->end_line, span->end_column, bytes ? &span->end : NULL));
	return range;
}

static json_t *make_labels(struct jsonout *json, const struct finding *finding, bool bytes)
{
	json_t *labels = jsonout_array(json);

	for (size_t i = 0; i < finding->n_labels; i++) {
		const struct label *label = &finding->labels[i];
		json_t *item = jsonout_object(json);

		jsonout_put(json, item, "range", make_range(json, &label->span, bytes));
		jsonout_put(json, item, "message", jsonout_str_or_null(json, label->message));
		jsonout_put(json, item, "primary", json_boolean(label->primary));
		jsonout_push(json, labels, item);
	}
	return labels;
}

static json_t *make_fix(struct jsonout *json, const struct finding *finding)
{
	const struct fix *fix = &finding->fix;
	json_t *item;

	if (!finding->has_fix || redact_needed(fix->text))
		return json_null();
	item = jsonout_object(json);
	jsonout_put(json, item, "start", jsonout_number(json, fix->start));
	jsonout_put(json, item, "end", jsonout_number(json, fix->end));
	jsonout_put(json, item, "text", jsonout_raw(json, fix->text));
	jsonout_put(json, item, "title", jsonout_str_or_null(json, fix->title));
	jsonout_put(json, item, "safe", json_boolean(fix->safe));
	return item;
}

static json_t *make_anchor(struct jsonout *json, const struct finding *finding)
{
	json_t *anchor;

	if (!finding->in_diff)
		return json_null();
	anchor = jsonout_object(json);
	jsonout_put(json, anchor, "start_line", jsonout_number(json, finding->anchor_start_line));
	jsonout_put(json, anchor, "line", jsonout_number(json, finding->anchor_line));
	return anchor;
}

static json_t *make_suppressed(struct jsonout *json, enum suppression suppression)
{
	static const char *const words[] = {
		[SUPPRESSED_IN_SOURCE] = "source",
		[SUPPRESSED_BY_CONFIG] = "config",
	};

	return suppression == SUPPRESSED_NOT ? json_null()
					     : jsonout_raw(json, str_of(words[suppression]));
}

static void put_words(struct jsonout *json, json_t *item, const struct finding *finding)
{
	const struct {
		const char *key;
		struct str text;
	} words[] = {
		{ "note", finding->note },     { "url", finding->url },
		{ "cwe", finding->cwe },       { "category", finding->category },
		{ "symbol", finding->symbol }, { "language", finding->language },
	};

	for (size_t i = 0; i < COUNT(words); i++)
		jsonout_put(json, item, words[i].key, jsonout_str_or_null(json, words[i].text));
}

static json_t *make_finding(struct jsonout *json, const struct finding *finding)
{
	json_t *item = jsonout_object(json);
	bool bytes = source_knows_bytes(finding);
	struct str text = source_text(&json->source, &json->mem, finding);

	jsonout_put(json, item, "tool", jsonout_str(json, finding->tool));
	jsonout_put(json, item, "rule", jsonout_str(json, finding->rule_id));
	jsonout_put(json, item, "severity",
		    jsonout_raw(json, str_of(severity_name(finding->severity))));
	jsonout_put(json, item, "confidence",
		    jsonout_raw(json, str_of(confidence_name(finding->confidence))));
	jsonout_put(json, item, "message", jsonout_str(json, finding->message));
	jsonout_put(json, item, "path", jsonout_raw(json, finding->path));
	jsonout_put(json, item, "fingerprint",
		    finding->fingerprint[0] ? jsonout_raw(json, str_of(finding->fingerprint))
					    : json_null());
	jsonout_put(json, item, "range", make_range(json, &finding->span, bytes));
	jsonout_put(json, item, "text", bytes ? jsonout_raw(json, text) : json_null());
	put_words(json, item, finding);
	jsonout_put(json, item, "in_diff", json_boolean(finding->in_diff));
	jsonout_put(json, item, "anchor", make_anchor(json, finding));
	jsonout_put(json, item, "rank", jsonout_number(json, finding->rank));
	jsonout_put(json, item, "labels", make_labels(json, finding, bytes));
	jsonout_put(json, item, "fix", make_fix(json, finding));
	jsonout_put(json, item, "suppressed", make_suppressed(json, finding->suppression));
	return item;
}

static json_t *nth_finding(struct jsonout *json, const void *payload, size_t i)
{
	const struct finding_list *list = payload;

	return make_finding(json, &list->items[i]);
}

static json_t *nth_skipped(struct jsonout *json, const void *payload, size_t i)
{
	const struct review *review = payload;
	const struct skipped *skipped = &review->skipped.items[i];
	json_t *item = jsonout_object(json);

	jsonout_put(json, item, "path", jsonout_raw(json, skipped->path));
	jsonout_put(json, item, "reason",
		    jsonout_raw(json, str_of(change_skip_name(skipped->reason))));
	jsonout_put(json, item, "text",
		    jsonout_raw(json, str_of(change_skip_text(skipped->reason))));
	jsonout_put(json, item, "detail", jsonout_str_or_null(json, skipped->detail));
	return item;
}

static json_t *nth_notice(struct jsonout *json, const void *payload, size_t i)
{
	const struct review *review = payload;

	return jsonout_str(json, review->notices.items[i].text);
}

static void add_findings(struct jsonout *json, struct buf *out, const char *key,
			 const struct finding_list *list)
{
	jsonout_list(json, out, key, list->n, nth_finding, list);
}

static json_t *make_summary(struct jsonout *json, const struct review *review)
{
	struct tally tally = tally_of(review);
	const struct {
		const char *key;
		size_t n;
	} numbers[] = {
		{ "files", review->files },
		{ "changed_files", review->changed_files },
		{ "added_lines", review->added_lines },
		{ "errors", tally.by_severity[SEVERITY_ERROR] },
		{ "warnings", tally.by_severity[SEVERITY_WARNING] },
		{ "infos", tally.by_severity[SEVERITY_INFO] },
		{ "hints", tally.by_severity[SEVERITY_HINT] },
		{ "suppressed", review->suppressed.n },
		{ "held_back", review->held_back.n },
		{ "skipped", review->skipped.n },
		{ "notices", review->notices.n },
	};
	json_t *summary = jsonout_object(json);

	for (size_t i = 0; i < COUNT(numbers); i++)
		jsonout_put(json, summary, numbers[i].key, jsonout_number(json, numbers[i].n));
	return summary;
}

static json_t *make_tool(struct jsonout *json, const struct render_options *options)
{
	json_t *tool = jsonout_object(json);

	jsonout_put(json, tool, "name", jsonout_raw(json, STR("outrider")));
	if (options->version)
		jsonout_put(json, tool, "version", jsonout_raw(json, str_of(options->version)));
	return tool;
}

int render_json(struct buf *out, const struct review *review, const struct render_options *options,
		struct err *err)
{
	AUTO(jsonout_release) struct jsonout json;

	jsonout_init(&json, review, options);
	jsonout_member(&json, out, "version", jsonout_number(&json, LAYOUT));
	jsonout_member(&json, out, "tool", make_tool(&json, options));
	jsonout_member(&json, out, "kind",
		       jsonout_raw(&json, review->is_change ? STR("review") : STR("scan")));
	jsonout_member(&json, out, "base", jsonout_str_or_null(&json, str_of(review->base_oid)));
	jsonout_member(&json, out, "head", jsonout_str_or_null(&json, str_of(review->head_oid)));
	jsonout_member(&json, out, "limited", json_boolean(review->limited));
	add_findings(&json, out, "findings", &review->findings);
	add_findings(&json, out, "suppressed", &review->suppressed);
	add_findings(&json, out, "held_back", &review->held_back);
	jsonout_list(&json, out, "skipped", review->skipped.n, nth_skipped, review);
	jsonout_list(&json, out, "notices", review->notices.n, nth_notice, review);
	jsonout_member(&json, out, "summary", make_summary(&json, review));
	return jsonout_end(&json, out, err);
}
