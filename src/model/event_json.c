/* event_json.c - events as JSON: one table of members, read in both directions. */
#include <jansson.h>
#include <stdlib.h>

#include "model/event.h"

enum member_kind { MEMBER_STR, MEMBER_OID, MEMBER_U64, MEMBER_U32, MEMBER_BOOL };

struct member {
	const char      *name;
	enum member_kind kind;
	size_t           offset;
};

#define MEMBER(name, kind, field) { name, kind, offsetof(struct event, field) }

static const struct member members[] = {
	MEMBER("integration", MEMBER_STR, integration),
	MEMBER("delivery", MEMBER_STR, delivery),
	MEMBER("name", MEMBER_STR, name),
	MEMBER("repository", MEMBER_STR, repository),
	MEMBER("installation", MEMBER_STR, installation),
	MEMBER("sender", MEMBER_STR, sender.login),
	MEMBER("sender_id", MEMBER_STR, sender.id),
	MEMBER("sender_bot", MEMBER_BOOL, sender.bot),
	MEMBER("number", MEMBER_U64, number),
	MEMBER("pull_title", MEMBER_STR, pull.title),
	MEMBER("pull_url", MEMBER_STR, pull.url),
	MEMBER("pull_author", MEMBER_STR, pull.author.login),
	MEMBER("pull_author_id", MEMBER_STR, pull.author.id),
	MEMBER("pull_author_bot", MEMBER_BOOL, pull.author.bot),
	MEMBER("pull_base_ref", MEMBER_STR, pull.base_ref),
	MEMBER("pull_head_ref", MEMBER_STR, pull.head_ref),
	MEMBER("pull_base", MEMBER_OID, pull.base_oid),
	MEMBER("pull_head", MEMBER_OID, pull.head_oid),
	MEMBER("pull_before", MEMBER_OID, pull.before_oid),
	MEMBER("pull_head_repository", MEMBER_STR, pull.head_repository),
	MEMBER("pull_fork", MEMBER_BOOL, pull.fork),
	MEMBER("pull_draft", MEMBER_BOOL, pull.draft),
	MEMBER("pull_closed", MEMBER_BOOL, pull.closed),
	MEMBER("pull_merged", MEMBER_BOOL, pull.merged),
	MEMBER("comment_id", MEMBER_STR, comment.id),
	MEMBER("comment_body", MEMBER_STR, comment.body),
	MEMBER("comment_thread", MEMBER_STR, comment.thread),
	MEMBER("comment_may_write", MEMBER_BOOL, comment.may_write),
	MEMBER("ci_name", MEMBER_STR, ci.name),
	MEMBER("ci_id", MEMBER_STR, ci.id),
	MEMBER("ci_status", MEMBER_STR, ci.status),
	MEMBER("ci_url", MEMBER_STR, ci.url),
	MEMBER("ci_app", MEMBER_STR, ci.app),
	MEMBER("ci_attempt", MEMBER_U32, ci.attempt),
	MEMBER("ci_head", MEMBER_OID, ci.head_oid),
	MEMBER("ci_branch", MEMBER_STR, ci.branch),
	MEMBER("push_ref", MEMBER_STR, push.ref),
	MEMBER("push_before", MEMBER_OID, push.before),
	MEMBER("push_after", MEMBER_OID, push.after),
};

/* NULL for what is empty, 0 or false: it is left out. */
static json_t *member_get(const struct event *event, const struct member *m)
{
	const char *at = (const char *)event + m->offset;
	const struct str *s = (const void *)at;

	switch (m->kind) {
	case MEMBER_STR:
		return s->len ? json_stringn(s->p, s->len) : NULL;
	case MEMBER_OID:
		return *at ? json_string(at) : NULL;
	case MEMBER_U64:
		return *(const uint64_t *)(const void *)at ?
			       json_integer((json_int_t) * (const uint64_t *)(const void *)at) :
			       NULL;
	case MEMBER_U32:
		return *(const uint32_t *)(const void *)at ?
			       json_integer(*(const uint32_t *)(const void *)at) :
			       NULL;
	case MEMBER_BOOL:
		return *(const bool *)(const void *)at ? json_true() : NULL;
	}
	return NULL;
}

static json_t *labels_get(const struct event *event)
{
	json_t *list = json_array();

	for (size_t i = 0; i < event->pull.n_labels; i++)
		json_array_append_new(list, json_stringn(event->pull.labels[i].p,
							 event->pull.labels[i].len));
	return list;
}

void event_encode(struct buf *out, const struct event *event)
{
	json_t *object = json_object();
	char *text;

	json_object_set_new(object, "kind", json_string(event_kind_name(event->kind)));
	json_object_set_new(object, "action", json_string(event_action_name(event->action)));
	for (size_t i = 0; i < COUNT(members); i++) {
		json_t *value = member_get(event, &members[i]);

		if (value)
			json_object_set_new(object, members[i].name, value);
	}
	if (event->pull.n_labels)
		json_object_set_new(object, "pull_labels", labels_get(event));
	text = json_dumps(object, JSON_COMPACT);
	if (text)
		buf_add(out, str_of(text));
	else
		out->full = true; /* no memory: told as any other text that does not fit */
	free(text);
	json_decref(object);
}

static bool oid_set(char *to, const json_t *value)
{
	const char *text = json_string_value(value);

	if (!text || strlen(text) != OID_HEX || strspn(text, "0123456789abcdef") != OID_HEX)
		return false;
	memcpy(to, text, OID_HEX + 1);
	return true;
}

static struct str text_of(struct arena *mem, const json_t *value)
{
	return arena_str(mem, (struct str){ json_string_value(value), json_string_length(value) });
}

/* False when the value is not of the member's kind. */
static bool member_set(struct event *event, struct arena *mem, const struct member *m,
		       const json_t *value)
{
	char *at = (char *)event + m->offset;
	json_int_t n = json_integer_value(value);

	switch (m->kind) {
	case MEMBER_STR:
		if (json_is_string(value))
			*(struct str *)(void *)at = text_of(mem, value);
		return json_is_string(value);
	case MEMBER_OID:
		return oid_set(at, value);
	case MEMBER_U64:
		*(uint64_t *)(void *)at = (uint64_t)n;
		return json_is_integer(value) && n >= 0;
	case MEMBER_U32:
		*(uint32_t *)(void *)at = (uint32_t)n;
		return json_is_integer(value) && n >= 0 && n <= UINT32_MAX;
	case MEMBER_BOOL:
		*(bool *)(void *)at = json_is_true(value);
		return json_is_boolean(value);
	}
	return false;
}

static bool labels_set(struct event *event, struct arena *mem, const json_t *list)
{
	size_t n = json_array_size(list);

	if (!json_is_array(list) || n > EVENT_MAX_LABELS)
		return false;
	event->pull.labels = ARENA_ARRAY(mem, n + 1, struct str);
	event->pull.n_labels = n;
	for (size_t i = 0; i < n; i++) {
		if (!json_is_string(json_array_get(list, i)))
			return false;
		event->pull.labels[i] = text_of(mem, json_array_get(list, i));
	}
	return true;
}

static bool kind_set(struct event *event, const json_t *value)
{
	for (int i = 0; i < EVENT_KINDS; i++)
		if (json_is_string(value) &&
		    strcmp(json_string_value(value), event_kind_name((enum event_kind)i)) == 0) {
			event->kind = (enum event_kind)i;
			return true;
		}
	return false;
}

static bool action_set(struct event *event, const json_t *value)
{
	for (int i = 0; i < ACTIONS; i++)
		if (json_is_string(value) &&
		    strcmp(json_string_value(value), event_action_name((enum event_action)i)) == 0) {
			event->action = (enum event_action)i;
			return true;
		}
	return false;
}

static bool any_set(struct event *event, struct arena *mem, const char *name, const json_t *value)
{
	if (strcmp(name, "kind") == 0)
		return kind_set(event, value);
	if (strcmp(name, "action") == 0)
		return action_set(event, value);
	if (strcmp(name, "pull_labels") == 0)
		return labels_set(event, mem, value);
	for (size_t i = 0; i < COUNT(members); i++)
		if (strcmp(name, members[i].name) == 0)
			return member_set(event, mem, &members[i], value);
	return false;
}

int event_decode(struct event *out, struct arena *mem, struct str text, struct err *err)
{
	struct event event = { .kind = EVENT_KINDS };
	const char *name;
	json_error_t error;
	json_t *object, *value;
	int status = 0;

	object = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, &error);
	if (!json_is_object(object)) {
		json_decref(object);
		return err_input(err, "an event that is no JSON object: %s", error.text);
	}
	json_object_foreach(object, name, value) {
		if (!any_set(&event, mem, name, value)) {
			status = err_input(err, "an event with a wrong member '%.80s'", name);
			break;
		}
	}
	json_decref(object);
	if (status == 0 && event.kind == EVENT_KINDS)
		status = err_input(err, "an event without a kind");
	if (status == 0)
		*out = event;
	return status;
}
