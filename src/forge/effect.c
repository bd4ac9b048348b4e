#include "forge/effect.h"

#include "payload.h"

const char *effect_kind_name(enum effect_kind kind)
{
	static const char *const names[EFFECT_KINDS] = {
		[EFFECT_REVIEW] = "review",
		[EFFECT_COMMENT] = "comment",
		[EFFECT_REPLY] = "reply",
		[EFFECT_RESOLVE] = "resolve",
		[EFFECT_REACTION] = "reaction",
		[EFFECT_CHECK] = "check",
		[EFFECT_ANNOTATIONS] = "annotations",
	};

	return names[kind];
}

const char *loss_text(enum loss_kind kind)
{
	static const char *const texts[LOSSES] = {
		[LOSS_RANGE] = "range cut to a line",
		[LOSS_SUGGESTION] = "suggestion shown as a diff",
		[LOSS_INLINE] = "inline comment moved to the summary",
		[LOSS_RESOLVE] = "thread that cannot be resolved here",
		[LOSS_CHECK] = "check without text and annotations",
		[LOSS_TEXT] = "text cut at the forge's limit",
		[LOSS_ANNOTATIONS] = "annotation over the forge's limit",
	};

	return texts[kind];
}

static void put(json_t *object, const char *key, struct str value)
{
	json_object_set_new(object, key, payload_text(value));
}

void effect_encode(struct buf *out, const struct effect *effect)
{
	json_t *json = json_object();
	char *text;

	put(json, "kind", str_of(effect_kind_name(effect->kind)));
	put(json, "key", effect->key);
	put(json, "method", effect->method);
	put(json, "path", effect->path);
	put(json, "body", effect->body);
	put(json, "repository", effect->repository);
	put(json, "installation", effect->installation);
	json_object_set_new(json, "number", json_integer((json_int_t)effect->number));
	put(json, "head", str_of(effect->head_oid));
	put(json, "needs", effect->needs);
	put(json, "find", effect->find);
	json_object_set_new(json, "parts", json_integer((json_int_t)effect->parts));
	text = json_dumps(json, JSON_COMPACT);
	json_decref(json);
	buf_add(out, str_of(text));
	free(text);
}

/* Whole: a cut or cleaned text would be another request than the one that was decided. */
static struct str whole(struct arena *mem, const json_t *json, const char *key)
{
	const json_t *value = json_object_get(json, key);

	if (!json_is_string(value))
		return (struct str){ 0 };
	return arena_str(mem, (struct str){ json_string_value(value), json_string_length(value) });
}

static bool is_key(struct str key)
{
	for (size_t i = 0; i < key.len; i++) {
		char c = key.p[i];

		if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') &&
		    (!c || !strchr("-_.:", c)))
			return false;
	}
	return key.len > 0 && key.len <= EFFECT_MAX_KEY;
}

/* Below the base: nothing that climbs, names a host or ends the request line. */
static bool is_path(struct str path)
{
	for (size_t i = 0; i < path.len; i++)
		if (path.p[i] <= ' ' || path.p[i] > '~' || path.p[i] == '\\' || path.p[i] == '#')
			return false;
	return path.len > 0 && path.p[0] != '/' && !str_has(path, STR("//")) &&
	       !str_has(path, STR("..")) && !str_has(str_sub(path, 0, 8), STR(":"));
}

static bool is_method(struct str method)
{
	static const char *const methods[] = { "POST", "PUT", "PATCH", "DELETE" };

	for (size_t i = 0; i < COUNT(methods); i++)
		if (str_eq(method, str_of(methods[i])))
			return true;
	return false;
}

static bool read_kind(struct str word, enum effect_kind *kind)
{
	for (int i = 0; i < EFFECT_KINDS; i++) {
		if (!str_eq(word, str_of(effect_kind_name((enum effect_kind)i))))
			continue;
		*kind = (enum effect_kind)i;
		return true;
	}
	return false;
}

static bool has_shape(const json_t *json)
{
	static const char *const texts[] = { "kind",  "key",        "method",       "path",
					     "body",  "repository", "installation", "head",
					     "needs", "find" };

	for (size_t i = 0; i < COUNT(texts); i++)
		if (!json_is_string(json_object_get(json, texts[i])))
			return false;
	return json_object_size(json) == COUNT(texts) + 2 &&
	       json_is_integer(json_object_get(json, "number")) &&
	       json_is_integer(json_object_get(json, "parts"));
}

int effect_decode(struct effect *out, struct arena *mem, struct str text, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct effect effect = { 0 };
	struct str head;

	if (text.len > EFFECT_MAX_BYTES)
		return err_input(err, "an effect of more than %d bytes", EFFECT_MAX_BYTES);
	if (payload_load(&json, text, err) < 0)
		return err_wrap(err, "effect");
	if (!has_shape(json) || !read_kind(whole(mem, json, "kind"), &effect.kind))
		return err_input(err, "effect: not all members that it must have, or others");
	effect.key = whole(mem, json, "key");
	effect.method = whole(mem, json, "method");
	effect.path = whole(mem, json, "path");
	effect.body = whole(mem, json, "body");
	effect.repository = whole(mem, json, "repository");
	effect.installation = whole(mem, json, "installation");
	effect.needs = whole(mem, json, "needs");
	effect.find = whole(mem, json, "find");
	effect.number = payload_number(json, "number");
	effect.parts = (size_t)payload_number(json, "parts");
	payload_oid(effect.head_oid, json, "head");
	head = whole(mem, json, "head");
	if (!is_key(effect.key) || (effect.needs.len && !is_key(effect.needs)) ||
	    !is_method(effect.method) || !is_path(effect.path) ||
	    (effect.find.len && !is_path(effect.find)) || !str_eq(head, str_of(effect.head_oid)))
		return err_input(err, "effect: a key, method, path or head that none of ours has");
	*out = effect;
	return 0;
}
