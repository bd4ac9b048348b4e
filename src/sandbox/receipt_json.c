/* receipt_json.c - a receipt as JSON. */
#include <jansson.h>
#include <stdlib.h>

#include "policy_read.h"
#include "receipt_words.h"

/* Malformed bytes become U+FFFD: names from inside are anything. */
static json_t *text(struct str s)
{
	struct buf fixed = { 0 };
	json_t *json;

	for (size_t i = 0; i < s.len;) {
		size_t n = str_utf8_len(s.p + i, s.len - i);

		if (str_is_utf8((struct str){ s.p + i, n }))
			buf_add(&fixed, (struct str){ s.p + i, n });
		else
			buf_add(&fixed, STR("\xef\xbf\xbd"));
		i += n;
	}
	json = json_stringn(fixed.bytes ? fixed.bytes : "", fixed.len);
	buf_release(&fixed);
	return json;
}

static void put(json_t *object, const char *key, json_t *value)
{
	/* a NULL here is a failed allocation: the object then lacks the key, which receipt_write() sees in its size */
	json_object_set_new(object, key, value);
}

static json_t *number(uint64_t n)
{
	return json_integer((json_int_t)(n > INT64_MAX ? INT64_MAX : n));
}

static json_t *list_of(const struct str_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->n; i++)
		json_array_append_new(array, text(list->items[i]));
	return array;
}

static json_t *layers_of(const struct receipt *r)
{
	json_t *object = json_object();

	for (int l = 0; l < LAYERS; l++)
		put(object, layer_words[l], json_pack("{s:s, s:o}", "state", state_words[r->layers[l].state],
						      "detail", text(r->layers[l].detail)));
	return object;
}

static json_t *execs_of(const struct receipt *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->execs.n; i++) {
		const struct receipt_exec *e = &r->execs.items[i];
		json_t *o = json_object();

		put(o, "pid", number(e->pid));
		put(o, "digest", json_string(e->digest));
		put(o, "path", text(e->path));
		put(o, "script", text(e->script));
		put(o, "class", json_string(exec_class_words[e->class]));
		put(o, "name", text(e->name));
		put(o, "writer", text(e->writer));
		put(o, "denied", json_boolean(e->denied));
		put(o, "count", number(e->count));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *denials_of(const struct receipt *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->denials.n; i++) {
		const struct receipt_denial *d = &r->denials.items[i];
		json_t *o = json_object();

		put(o, "layer", json_string(layer_words[d->layer]));
		put(o, "rule", text(d->rule));
		put(o, "what", text(d->what));
		put(o, "advice", text(d->advice));
		put(o, "count", number(d->count));
		json_array_append_new(array, o);
	}
	return array;
}

static json_t *requests_of(const struct receipt *r)
{
	json_t *array = json_array();

	for (size_t i = 0; i < r->requests.n; i++) {
		const struct receipt_request *q = &r->requests.items[i];
		json_t *o = json_object();

		put(o, "what", text(q->what));
		put(o, "route", text(q->route));
		put(o, "count", number(q->count));
		put(o, "up", number(q->up));
		put(o, "down", number(q->down));
		json_array_append_new(array, o);
	}
	return array;
}

/* Whole numbers of the receipt: one table for both directions. */
#define RECEIPT_NUMBERS(X)                                                                           \
	X(wall_us) X(setup_us) X(cpu_us) X(peak_memory) X(peak_pids) X(disk_bytes) X(disk_inodes)    \
	X(output_bytes) X(output_lines) X(output_dropped) X(execs_dropped) X(denials_dropped)

static json_t *receipt_object(const struct receipt *r)
{
	json_t *o = json_object();

	put(o, "version", json_integer(1));
	put(o, "id", json_string(r->id));
	put(o, "actor", text(r->actor));
	put(o, "on_behalf_of", text(r->on_behalf_of));
	put(o, "command", list_of(&r->command));
	put(o, "profile", text(r->profile));
	put(o, "home", text(r->home));
	put(o, "trust", json_string(trust_words[r->trust]));
	put(o, "exec_mode", json_string(exec_mode_words[r->exec_mode]));
	put(o, "workdir", json_string(workdir_words[r->workdir]));
	put(o, "started_ms", json_integer(r->started_ms));
	put(o, "end", json_string(end_words[r->end]));
	put(o, "limit", json_string(limit_words[r->limit]));
	put(o, "exit_code", json_integer(r->exit_code));
	put(o, "signal", json_integer(r->signal));
#define X(field) put(o, #field, number(r->field));
	RECEIPT_NUMBERS(X)
#undef X
	put(o, "layers", layers_of(r));
	put(o, "weak", json_boolean(r->weak));
	put(o, "filter_hash", json_string(r->filter_hash));
	put(o, "policy_hash", json_string(r->policy_hash));
	put(o, "execs", execs_of(r));
	put(o, "denials", denials_of(r));
	put(o, "requests", requests_of(r));
	put(o, "requests_dropped", number(r->requests_dropped));
	put(o, "env", list_of(&r->env));
	put(o, "notices", list_of(&r->notices));
	return o;
}

int receipt_write(struct buf *out, const struct receipt *receipt, struct err *err)
{
	json_t *root = receipt_object(receipt);
	char *line = root ? json_dumps(root, JSON_COMPACT) : NULL;

	json_decref(root);
	if (!line)
		return err_set(err, ERR_TEMP, "receipt: out of memory");
	buf_add(out, str_of(line));
	buf_add_byte(out, '\n');
	free(line);
	return 0;
}

struct json_reader {
	const json_t *root;
	struct arena *mem;
	struct err   *err;
	bool          failed;
};

static const json_t *get(struct json_reader *j, const json_t *from, const char *key, json_type type)
{
	const json_t *value = json_object_get(from, key);

	if (value && json_typeof(value) == type)
		return value;
	if (type == JSON_TRUE && json_is_false(value))
		return value;
	if (!j->failed)
		(void)err_input(j->err, "receipt: '%s' is missing or of the wrong kind", key);
	j->failed = true;
	return NULL;
}

static struct str get_text(struct json_reader *j, const json_t *from, const char *key)
{
	const json_t *value = get(j, from, key, JSON_STRING);

	if (!value)
		return (struct str){ 0 };
	return arena_str(j->mem, (struct str){ json_string_value(value), json_string_length(value) });
}

static uint64_t get_number(struct json_reader *j, const json_t *from, const char *key)
{
	const json_t *value = get(j, from, key, JSON_INTEGER);

	return value && json_integer_value(value) >= 0 ? (uint64_t)json_integer_value(value) : 0;
}

static int get_word(struct json_reader *j, const json_t *from, const char *key, const char *const *words,
		    int n)
{
	struct str word = get_text(j, from, key);

	for (int i = 0; i < n; i++)
		if (str_eq(word, str_of(words[i])))
			return i;
	if (!j->failed)
		(void)err_input(j->err, "receipt: '%s' has an unknown value", key);
	j->failed = true;
	return 0;
}

static void get_hash(struct json_reader *j, const json_t *from, const char *key, char *out, size_t size)
{
	struct str hash = get_text(j, from, key);

	if (hash.len < size)
		memcpy(out, hash.p ? hash.p : "", hash.len + 1);
	else if (!j->failed)
		j->failed = err_input(j->err, "receipt: '%s' is too long", key) < 0;
}

static void get_list(struct json_reader *j, const char *key, struct str_list *out)
{
	const json_t *array = get(j, j->root, key, JSON_ARRAY);

	for (size_t i = 0; i < json_array_size(array); i++) {
		const json_t *item = json_array_get(array, i);

		ARENA_PUSH(j->mem, out,
			   arena_str(j->mem, (struct str){ json_is_string(item) ? json_string_value(item) : "",
							   json_string_length(item) }));
	}
}

static void get_lists(struct json_reader *j, struct receipt *r)
{
	const json_t *execs = get(j, j->root, "execs", JSON_ARRAY);
	const json_t *denials = get(j, j->root, "denials", JSON_ARRAY);

	for (size_t i = 0; i < json_array_size(execs) && !j->failed; i++) {
		const json_t *o = json_array_get(execs, i);
		struct receipt_exec e = {
			.pid = (uint32_t)get_number(j, o, "pid"),
			.path = get_text(j, o, "path"),
			.script = get_text(j, o, "script"),
			.class = (enum exec_class)get_word(j, o, "class", exec_class_words, CLASSES),
			.name = get_text(j, o, "name"),
			.writer = get_text(j, o, "writer"),
			.denied = json_is_true(get(j, o, "denied", JSON_TRUE)),
			.count = (uint32_t)get_number(j, o, "count"),
		};

		get_hash(j, o, "digest", e.digest, sizeof e.digest);
		receipt_exec(r, j->mem, &e);
	}
	for (size_t i = 0; i < json_array_size(denials) && !j->failed; i++) {
		const json_t *o = json_array_get(denials, i);

		receipt_deny(r, j->mem, &(struct receipt_denial){
			.layer = (enum sandbox_layer)get_word(j, o, "layer", layer_words, LAYERS),
			.rule = get_text(j, o, "rule"),
			.what = get_text(j, o, "what"),
			.advice = get_text(j, o, "advice"),
			.count = (uint32_t)get_number(j, o, "count"),
		});
	}
}

static void get_requests(struct json_reader *j, struct receipt *r)
{
	const json_t *requests = get(j, j->root, "requests", JSON_ARRAY);

	for (size_t i = 0; i < json_array_size(requests) && !j->failed; i++) {
		const json_t *o = json_array_get(requests, i);
		const struct receipt_request row = {
			.what = get_text(j, o, "what"),
			.route = get_text(j, o, "route"),
			.count = (uint32_t)get_number(j, o, "count"),
			.up = get_number(j, o, "up"),
			.down = get_number(j, o, "down"),
		};

		ARENA_PUSH(j->mem, &r->requests, row);
	}
	r->requests_dropped = get_number(j, j->root, "requests_dropped");
	r->home = get_text(j, j->root, "home");
	get_list(j, "env", &r->env);
}

static void get_all(struct json_reader *j, struct receipt *r)
{
	const json_t *layers = get(j, j->root, "layers", JSON_OBJECT);

	get_hash(j, j->root, "id", r->id, sizeof r->id);
	get_hash(j, j->root, "filter_hash", r->filter_hash, sizeof r->filter_hash);
	get_hash(j, j->root, "policy_hash", r->policy_hash, sizeof r->policy_hash);
	r->actor = get_text(j, j->root, "actor");
	r->on_behalf_of = get_text(j, j->root, "on_behalf_of");
	get_list(j, "command", &r->command);
	get_list(j, "notices", &r->notices);
	r->profile = get_text(j, j->root, "profile");
	r->trust = (enum sandbox_trust)get_word(j, j->root, "trust", trust_words, TRUSTS);
	r->exec_mode = (enum exec_mode)get_word(j, j->root, "exec_mode", exec_mode_words, EXEC_MODES);
	r->workdir = (enum workdir_mode)get_word(j, j->root, "workdir", workdir_words, WORKDIR_MODES);
	r->started_ms = (int64_t)get_number(j, j->root, "started_ms");
	r->end = (enum run_end)get_word(j, j->root, "end", end_words, ENDS);
	r->limit = (enum run_limit)get_word(j, j->root, "limit", limit_words, RUN_LIMITS);
	r->exit_code = (int)json_integer_value(get(j, j->root, "exit_code", JSON_INTEGER));
	r->signal = (int)get_number(j, j->root, "signal");
#define X(field) r->field = get_number(j, j->root, #field);
	RECEIPT_NUMBERS(X)
#undef X
	for (int l = 0; layers && l < LAYERS && !j->failed; l++) {
		const json_t *row = json_object_get(layers, layer_words[l]);

		/* a receipt of an older program knows fewer layers */
		if (!row)
			continue;
		r->layers[l].state = (enum layer_state)get_word(j, row, "state", state_words, STATES);
		r->layers[l].detail = get_text(j, row, "detail");
	}
	r->weak = json_is_true(get(j, j->root, "weak", JSON_TRUE));
	get_lists(j, r);
	/* a receipt of an older program has none */
	if (json_object_get(j->root, "requests"))
		get_requests(j, r);
}

int receipt_read(struct receipt *out, struct arena *mem, struct str json, struct err *err)
{
	struct receipt receipt = { .exit_code = -1 };
	struct json_reader j = { .mem = mem, .err = err };
	json_error_t why;
	json_t *root = json_loadb(json.p ? json.p : "", json.len, JSON_REJECT_DUPLICATES, &why);

	if (!root)
		return err_input(err, "receipt:%d:%d: %s", why.line, why.column, why.text);
	j.root = root;
	if (json_integer_value(json_object_get(root, "version")) != 1)
		j.failed = err_input(err, "receipt: version 1 is expected") < 0;
	else
		get_all(&j, &receipt);
	json_decref(root);
	if (j.failed)
		return -1;
	*out = receipt;
	return 0;
}
