/*
 * gerrit_split.c - a review that Gerrit refused for one of its comments, in parts. It shows fewer files of a merge than differ from the first
 * parent, and takes no comment on the others.
 */
#include "gerrit.h"

enum { MAX_TEXT = 16000 }; /* as in gerrit_lower.c */

struct part {
	size_t      from, n;
	bool        plain;
	json_t     *comments; /* those that stay in their lines */
	struct buf *words;    /* of those that do not */
};

static void take(struct part *part, const char *path, json_t *comment)
{
	if (!part->plain) {
		if (!json_object_get(part->comments, path))
			json_object_set_new(part->comments, path, json_array());
		json_array_append(json_object_get(part->comments, path), comment);
		return;
	}
	buf_printf(part->words, "`%s:%llu`\n\n", path,
		   (unsigned long long)payload_number(comment, "line"));
	buf_add(part->words, payload_view(comment, "message"));
	buf_add(part->words, STR("\n\n"));
}

static void take_all(struct part *part, const json_t *body)
{
	json_t *comments = payload_at(body, "comments"), *list, *comment;
	size_t at = 0, i;
	const char *path;

	json_object_foreach(comments, path, list)
		json_array_foreach(list, i, comment)
			if (at++ >= part->from && at <= part->from + part->n)
				take(part, path, comment);
}

/* The first part has the words of the whole, as far as there is room. */
static json_t *message_of(const struct part *part, const json_t *body, struct str key)
{
	struct str whole = payload_view(body, "message");
	AUTO_BUF struct buf out = { 0 };

	if (part->from == 0 && whole.len + part->words->len <= MAX_TEXT) {
		buf_add(&out, whole);
		buf_add(&out, STR("\n\n"));
	}
	buf_add(&out, buf_str(part->words));
	buf_printf(&out, "<!-- outrider:v1 key=%.*s -->", STR_ARG(key));
	return payload_text(buf_str(&out));
}

int gerrit_split(struct effect *out, struct arena *mem, const struct effect *effect, struct str key,
		 const json_t *body, size_t from, size_t n, bool plain)
{
	AUTO_BUF struct buf words = { 0 };
	struct part part = { from, n, plain, json_object(), &words };
	json_t *json = json_copy((json_t *)(uintptr_t)body);

	*out = *effect;
	out->key = key;
	out->parts = plain ? 0 : n;
	take_all(&part, body);
	json_object_set_new(json, "message", message_of(&part, body, key));
	json_object_set_new(json, "comments", part.comments);
	out->body = payload_dump(mem, json);
	return out->body.len ? 0 : -1;
}
