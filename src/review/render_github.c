#include "base/scope.h"
#include "jsonout.h"
#include "parts.h"
#include "review/comment.h"

static json_t *make_comment(struct jsonout *json, const struct finding *finding)
{
	struct source *source = &json->source;
	struct comment_fix fix;
	struct post_comment comment;
	json_t *object = jsonout_object(json);
	bool has_fix = source_open(source, finding->path) &&
		       comment_fix_make(&fix, &json->mem, finding, source->change, source->raw);

	comment_make(&comment, &json->mem, finding, finding->fingerprint, source->change,
		     has_fix ? &fix : NULL);
	jsonout_put(json, object, "path", jsonout_raw(json, comment.path));
	jsonout_put(json, object, "line", jsonout_number(json, comment.line));
	jsonout_put(json, object, "side", jsonout_raw(json, STR("RIGHT")));
	if (comment.start_line < comment.line) {
		jsonout_put(json, object, "start_line", jsonout_number(json, comment.start_line));
		jsonout_put(json, object, "start_side", jsonout_raw(json, STR("RIGHT")));
	}
	jsonout_put(json, object, "body",
		    jsonout_raw(json, comment_body(&json->mem, &comment, "suggestion")));
	return object;
}

static json_t *make_comments(struct jsonout *json, const struct review *review)
{
	json_t *comments = jsonout_array(json);

	for (size_t i = 0; i < review->findings.n; i++)
		if (part_is_inline(&review->findings.items[i]))
			jsonout_push(json, comments,
				     make_comment(json, &review->findings.items[i]));
	return comments;
}

static void add_outside(struct jsonout *json, struct buf *out, const struct review *review)
{
	const struct finding **list =
		ARENA_ARRAY(&json->mem, review->findings.n + 1, const struct finding *);
	size_t n = 0;

	for (size_t i = 0; i < review->findings.n; i++)
		if (!part_is_inline(&review->findings.items[i]))
			list[n++] = &review->findings.items[i];
	part_add_list(out, &json->mem, "Outside the diff", list, n);
}

static json_t *make_summary(struct jsonout *json, const struct review *review)
{
	AUTO_BUF struct buf body = { 0 };
	struct tally tally = tally_of(review);

	if (review->findings.n) {
		buf_add(&body, STR("Outrider found "));
		tally_add_findings(&body, &tally);
		buf_add(&body, STR(" in "));
	} else {
		buf_add(&body, STR("Outrider found nothing to remark in "));
	}
	tally_add_count(&body, review->files, "changed file");
	buf_add_byte(&body, '.');
	add_outside(json, &body, review);
	part_add_limits(&body, review, &tally, review->held_back.n);
	part_add_notices(&body, &json->mem, review);
	while (body.len && body.bytes[body.len - 1] == '\n')
		body.len--;
	return jsonout_raw(json, buf_str(&body));
}

int render_github(struct buf *out, const struct review *review,
		  const struct render_options *options, struct err *err)
{
	AUTO(jsonout_release) struct jsonout json;
	json_t *root;

	jsonout_init(&json, review, options);
	root = jsonout_object(&json);
	if (review->head_oid[0])
		jsonout_put(&json, root, "commit_id", jsonout_raw(&json, str_of(review->head_oid)));
	jsonout_put(&json, root, "body", make_summary(&json, review));
	jsonout_put(&json, root, "event", jsonout_raw(&json, STR("COMMENT")));
	jsonout_put(&json, root, "comments", make_comments(&json, review));
	return jsonout_write(&json, out, root, JSON_INDENT(2), err);
}
