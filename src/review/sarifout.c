#include "sarifout.h"

#include <ctype.h>
#include <stdio.h>

#include "review/redact.h"

const char *sarifout_level(enum severity severity)
{
	static const char *const levels[] = { "none", "note", "note", "warning", "error" };

	return levels[severity];
}

json_t *sarifout_text(struct jsonout *json, struct str text)
{
	json_t *message = jsonout_object(json);

	/* the schema wants a text, viewers want one that is not empty */
	jsonout_put(json, message, "text",
		    jsonout_str(json, text.len ? text : STR("(no message)")));
	return message;
}

/* A path as a relative URI reference: RFC 3986, unreserved characters and '/' stay. */
static json_t *make_uri(struct jsonout *json, struct str path)
{
	char *uri = arena_alloc(&json->mem, path.len * 3 + 1);
	size_t n = 0;

	for (size_t i = 0; i < path.len; i++) {
		unsigned char c = (unsigned char)path.p[i];

		if (c < 0x80 && (isalnum(c) || strchr("-._~/", c)) && c)
			uri[n++] = (char)c;
		else
			n += (size_t)snprintf(uri + n, 4, "%%%02X", c);
	}
	return jsonout_raw(json, (struct str){ uri, n });
}

json_t *sarifout_artifact(struct jsonout *json, struct str path)
{
	json_t *artifact = jsonout_object(json);

	jsonout_put(json, artifact, "uri", make_uri(json, path));
	jsonout_put(json, artifact, "uriBaseId", jsonout_raw(json, str_of(SARIFOUT_ROOT)));
	return artifact;
}

static void put_bytes(struct jsonout *json, json_t *region, uint32_t start, uint32_t end)
{
	jsonout_put(json, region, "byteOffset", jsonout_number(json, start));
	jsonout_put(json, region, "byteLength", jsonout_number(json, end - start));
}

/* Lines and columns below 1 are left out: the schema has no room for "unknown". */
static json_t *make_region(struct jsonout *json, const struct span *span, bool bytes)
{
	const struct {
		const char *key;
		uint32_t n;
	} numbers[] = {
		{ "startLine", span->start_line },
		{ "startColumn", span->start_column },
		{ "endLine", span->end_line },
		{ "endColumn", span->end_column },
	};
	json_t *region = jsonout_object(json);

	for (size_t i = 0; i < COUNT(numbers); i++)
		if (numbers[i].n)
			jsonout_put(json, region, numbers[i].key,
				    jsonout_number(json, numbers[i].n));
	if (bytes && span->end >= span->start)
		put_bytes(json, region, span->start, span->end);
	return region;
}

static json_t *make_location(struct jsonout *json, const struct finding *finding,
			     const struct span *span, struct str snippet)
{
	json_t *location = jsonout_object(json), *physical = jsonout_object(json), *region,
	       *content;

	jsonout_put(json, physical, "artifactLocation", sarifout_artifact(json, finding->path));
	if (span->start_line) {
		region = make_region(json, span, source_knows_bytes(finding));
		if (snippet.len) {
			content = jsonout_object(json);
			jsonout_put(json, content, "text", jsonout_raw(json, snippet));
			jsonout_put(json, region, "snippet", content);
		}
		jsonout_put(json, physical, "region", region);
	}
	jsonout_put(json, location, "physicalLocation", physical);
	return location;
}

static json_t *make_locations(struct jsonout *json, const struct finding *finding)
{
	struct str text = source_text(&json->source, &json->mem, finding);
	json_t *locations = jsonout_array(json);
	json_t *location = make_location(json, finding, &finding->span, text), *logical, *item;

	if (finding->symbol.len) {
		logical = jsonout_array(json);
		item = jsonout_object(json);
		jsonout_put(json, item, "fullyQualifiedName", jsonout_str(json, finding->symbol));
		jsonout_push(json, logical, item);
		jsonout_put(json, location, "logicalLocations", logical);
	}
	jsonout_push(json, locations, location);
	return locations;
}

static json_t *make_related(struct jsonout *json, const struct finding *finding)
{
	json_t *related = jsonout_array(json);

	for (size_t i = 0; i < finding->n_labels; i++) {
		const struct label *label = &finding->labels[i];
		json_t *location = make_location(json, finding, &label->span, STR(""));

		jsonout_put(json, location, "id", jsonout_number(json, i));
		if (label->message.len)
			jsonout_put(json, location, "message", sarifout_text(json, label->message));
		jsonout_push(json, related, location);
	}
	return related;
}

/* Lines and columns of a fix need the text; without it the bytes say where. */
static json_t *make_deleted(struct jsonout *json, const struct finding *finding)
{
	const struct fix *fix = &finding->fix;
	struct span span = { .start = fix->start, .end = fix->end };
	json_t *region;

	if (source_open(&json->source, finding->path) && fix->end <= json->source.raw.len) {
		source_position(json->source.raw, fix->start, &span.start_line, &span.start_column);
		source_position(json->source.raw, fix->end, &span.end_line, &span.end_column);
		return make_region(json, &span, true);
	}
	region = jsonout_object(json);
	put_bytes(json, region, fix->start, fix->end);
	return region;
}

json_t *sarifout_array(struct jsonout *json, json_t *item)
{
	json_t *array = jsonout_array(json);

	jsonout_push(json, array, item);
	return array;
}

static json_t *make_fix(struct jsonout *json, const struct finding *finding)
{
	json_t *content = jsonout_object(json), *replacement = jsonout_object(json);
	json_t *change = jsonout_object(json), *fix = jsonout_object(json);
	struct str title = finding->fix.title;

	jsonout_put(json, content, "text", jsonout_raw(json, finding->fix.text));
	jsonout_put(json, replacement, "deletedRegion", make_deleted(json, finding));
	jsonout_put(json, replacement, "insertedContent", content);
	jsonout_put(json, change, "artifactLocation", sarifout_artifact(json, finding->path));
	jsonout_put(json, change, "replacements", sarifout_array(json, replacement));
	jsonout_put(json, fix, "description",
		    sarifout_text(json, title.len ? title : finding->message));
	jsonout_put(json, fix, "artifactChanges", sarifout_array(json, change));
	return fix;
}

/* All results of a run have the array, or none: the standard wants it so. */
static json_t *make_suppressions(struct jsonout *json, enum suppression suppression)
{
	json_t *list = jsonout_array(json), *item;
	bool source = suppression == SUPPRESSED_IN_SOURCE;

	if (suppression == SUPPRESSED_NOT)
		return list;
	item = jsonout_object(json);
	jsonout_put(json, item, "kind",
		    jsonout_raw(json, source ? STR("inSource") : STR("external")));
	jsonout_put(json, item, "status", jsonout_raw(json, STR("accepted")));
	jsonout_push(json, list, item);
	return list;
}

static json_t *make_properties(struct jsonout *json, const struct finding *finding)
{
	json_t *properties = jsonout_object(json);

	jsonout_put(json, properties, "confidence",
		    jsonout_raw(json, str_of(confidence_name(finding->confidence))));
	if (finding->language.len)
		jsonout_put(json, properties, "language", jsonout_str(json, finding->language));
	return properties;
}

json_t *sarifout_result(struct jsonout *json, const struct finding *finding, size_t rule)
{
	json_t *result = jsonout_object(json), *prints;

	jsonout_put(json, result, "ruleId", jsonout_str(json, finding->rule_id));
	jsonout_put(json, result, "ruleIndex", jsonout_number(json, rule));
	jsonout_put(json, result, "level",
		    jsonout_raw(json, str_of(sarifout_level(finding->severity))));
	jsonout_put(json, result, "message", sarifout_text(json, finding->message));
	jsonout_put(json, result, "locations", make_locations(json, finding));
	if (finding->n_labels)
		jsonout_put(json, result, "relatedLocations", make_related(json, finding));
	if (finding->fingerprint[0]) {
		prints = jsonout_object(json);
		jsonout_put(json, prints, "outrider/v1",
			    jsonout_raw(json, str_of(finding->fingerprint)));
		jsonout_put(json, result, "partialFingerprints", prints);
	}
	if (finding->has_fix && !redact_needed(finding->fix.text))
		jsonout_put(json, result, "fixes", sarifout_array(json, make_fix(json, finding)));
	jsonout_put(json, result, "suppressions", make_suppressions(json, finding->suppression));
	jsonout_put(json, result, "properties", make_properties(json, finding));
	return result;
}
