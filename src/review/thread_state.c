#include <jansson.h>
#include <stdlib.h>

#include "base/scope.h"
#include "glyph.h"
#include "review/thread.h"

/* The texts of a state and their keys; one table for both ways. */
static const struct {
	const char *key;
	size_t      at;
} texts[] = {
	{ "posted", offsetof(struct thread_state, posted_path) },
	{ "path", offsetof(struct thread_state, path) },
	{ "symbol", offsetof(struct thread_state, symbol) },
	{ "rule", offsetof(struct thread_state, rule) },
	{ "category", offsetof(struct thread_state, category) },
	{ "tool", offsetof(struct thread_state, tool) },
};
static const struct {
	const char *key;
	size_t      at;
} flags[] = {
	{ "alive", offsetof(struct thread_state, alive) },
	{ "dismissed", offsetof(struct thread_state, dismissed) },
	{ "resolved", offsetof(struct thread_state, resolved) },
};

static void auto_json(json_t **json)
{
	json_decref(*json);
}

static json_t *write_one(struct arena *mem, const struct thread_state *state)
{
	json_t *object = json_object();

	json_object_set_new(object, "marker", json_string(state->marker));
	json_object_set_new(object, "fingerprint", json_string(state->fingerprint));
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct str s;

		memcpy(&s, (const char *)state + texts[i].at, sizeof s);
		s = glyph_utf8(mem, s);
		if (s.len)
			json_object_set_new(object, texts[i].key, json_stringn(s.p, s.len));
	}
	json_object_set_new(object, "line", json_integer(state->line));
	for (size_t i = 0; i < COUNT(flags); i++) {
		bool on;

		memcpy(&on, (const char *)state + flags[i].at, sizeof on);
		if (on)
			json_object_set_new(object, flags[i].key, json_true());
	}
	return object;
}

struct str thread_states_write(struct arena *mem, const struct thread_states *states)
{
	AUTO(auto_json) json_t *root = json_array();
	struct str out;
	char *text;

	for (size_t i = 0; i < states->n && i < THREAD_MAX; i++)
		json_array_append_new(root, write_one(mem, &states->items[i]));
	text = json_dumps(root, JSON_COMPACT | JSON_SORT_KEYS);
	out = arena_str(mem, text ? str_of(text) : STR("[]"));
	free(text);
	return out;
}

static bool read_print(char out[FINGERPRINT_HEX + 1], const json_t *json)
{
	const char *text = json_string_value(json);

	if (!text || (strlen(text) != 0 && (strlen(text) != FINGERPRINT_HEX ||
					     strspn(text, "0123456789abcdef") != FINGERPRINT_HEX)))
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool read_one(struct thread_state *out, struct arena *mem, const json_t *json)
{
	struct thread_state state = { .alive = false };
	json_int_t line = json_integer_value(json_object_get(json, "line"));

	if (!read_print(state.marker, json_object_get(json, "marker")) || !state.marker[0] ||
	    !read_print(state.fingerprint, json_object_get(json, "fingerprint")) || line < 0 ||
	    line > UINT32_MAX)
		return false;
	state.line = (uint32_t)line;
	for (size_t i = 0; i < COUNT(texts); i++) {
		const json_t *value = json_object_get(json, texts[i].key);
		struct str s = { json_string_value(value), json_string_length(value) };

		s = arena_str(mem, s);
		memcpy((char *)&state + texts[i].at, &s, sizeof s);
	}
	for (size_t i = 0; i < COUNT(flags); i++) {
		bool on = json_is_true(json_object_get(json, flags[i].key));

		memcpy((char *)&state + flags[i].at, &on, sizeof on);
	}
	*out = state;
	return true;
}

int thread_states_read(struct thread_states *out, struct arena *mem, struct str text,
		       struct err *err)
{
	AUTO(auto_json) json_t *root = NULL;
	struct thread_states states = { 0 };
	json_error_t why;

	if (text.len > THREAD_STATE_MAX_BYTES)
		return err_input(err, "the states of threads are too long: %zu bytes", text.len);
	if (text.len) {
		root = json_loadb(text.p, text.len, JSON_ALLOW_NUL, &why);
		if (!json_is_array(root) || json_array_size(root) > THREAD_MAX)
			return err_input(err, "the states of threads cannot be read: %s",
					 root ? "no list, or too long a one" : why.text);
	}
	for (size_t i = 0; i < json_array_size(root); i++) {
		struct thread_state state;

		if (!read_one(&state, mem, json_array_get(root, i)))
			return err_input(err, "the states of threads cannot be read: item %zu", i);
		ARENA_PUSH(mem, &states, state);
	}
	*out = states;
	return 0;
}
