#include "base/yaml.h"

#include <stdio.h>
#include <yaml.h>

#include "base/scope.h"

/* Anchors are few; a list is enough and keeps the order of definition. */
struct anchor {
	struct str   name;
	struct yaml *node;
	unsigned     height; /* levels below it: an alias brings them along */
};

struct loader {
	yaml_parser_t parser;
	struct arena *mem;
	const char   *name;
	struct err   *err;
	size_t        nodes;
	struct {
		struct anchor *items;
		size_t         n, cap;
	} anchors;
};

static void close_parser(struct loader *l)
{
	yaml_parser_delete(&l->parser);
}

static void auto_event(yaml_event_t *event)
{
	yaml_event_delete(event);
}

const char *yaml_kind_name(const struct yaml *node)
{
	static const char *const names[] = { "nothing", "a string", "a list", "a mapping" };

	return node ? names[node->kind] : "nothing";
}

int (yaml_error)(struct err *err, const char *name, const struct yaml *at, const char *fmt, ...)
{
	char text[768];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	return err_input(err, "%s:%u:%u: %s", name, at ? at->line : 1, at ? at->column : 1, text);
}

struct yaml *yaml_get(const struct yaml *map, const char *key)
{
	struct str want = str_of(key);

	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (str_eq(map->key[i]->text, want))
			return map->child[i];
	return NULL;
}

static int fail_at(struct loader *l, yaml_mark_t mark, const char *text)
{
	return err_input(l->err, "%s:%zu:%zu: %s", l->name, mark.line + 1, mark.column + 1, text);
}

static int next_event(struct loader *l, yaml_event_t *event)
{
	if (yaml_parser_parse(&l->parser, event))
		return 0;
	memset(event, 0, sizeof *event);
	return fail_at(l, l->parser.problem_mark,
		       l->parser.problem ? l->parser.problem : "cannot be read as YAML");
}

static int new_node(struct loader *l, const yaml_event_t *event, enum yaml_kind kind,
		    struct yaml **out)
{
	struct yaml *node;

	if (++l->nodes > YAML_MAX_NODES)
		return fail_at(l, event->start_mark, "too many values in one file");
	node = ARENA_NEW(l->mem, struct yaml);
	node->kind = kind;
	node->line = (uint32_t)event->start_mark.line + 1;
	node->column = (uint32_t)event->start_mark.column + 1;
	*out = node;
	return 0;
}

static unsigned height_of(const struct yaml *node)
{
	unsigned most = 0;

	for (size_t i = 0; i < node->n; i++) {
		unsigned height = 1 + height_of(node->child[i]);

		most = height > most ? height : most;
	}
	return most;
}

static void keep_anchor(struct loader *l, const yaml_char_t *name, struct yaml *node)
{
	struct anchor anchor = { .node = node };

	if (!name || l->anchors.n >= YAML_MAX_KEYS)
		return; /* an alias of it is then one without anchor */
	anchor.height = height_of(node);
	anchor.name = arena_str(l->mem, str_of((const char *)name));
	ARENA_PUSH(l->mem, &l->anchors, anchor);
}

static int load_node(struct loader *l, yaml_event_t *event, unsigned depth, struct yaml **out);

static size_t count_nodes(const struct yaml *node)
{
	size_t n = 1;

	for (size_t i = 0; i < node->n && n <= YAML_MAX_NODES; i++)
		n += count_nodes(node->child[i]);
	return n;
}

static int load_alias(struct loader *l, const yaml_event_t *event, unsigned depth,
		      struct yaml **out)
{
	struct str name = str_of((const char *)event->data.alias.anchor);

	for (size_t i = l->anchors.n; i-- > 0;) {
		if (!str_eq(l->anchors.items[i].name, name))
			continue;
		if (depth + l->anchors.items[i].height > YAML_MAX_DEPTH)
			return fail_at(l, event->start_mark, "nested too deeply");
		*out = l->anchors.items[i].node;
		l->nodes += count_nodes(*out);
		if (l->nodes > YAML_MAX_NODES)
			return fail_at(l, event->start_mark, "aliases expand to too many values");
		return 0;
	}
	return fail_at(l, event->start_mark, "an alias with no anchor before it");
}

static bool is_null_word(struct str s)
{
	return s.len == 0 || str_eq(s, STR("~")) || str_eq(s, STR("null")) ||
	       str_eq(s, STR("Null")) || str_eq(s, STR("NULL"));
}

static int load_scalar(struct loader *l, const yaml_event_t *event, struct yaml **out)
{
	struct str text = { (const char *)event->data.scalar.value, event->data.scalar.length };
	struct yaml *node;

	if (new_node(l, event, YAML_SCALAR, &node) < 0)
		return -1;
	node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (!node->quoted && is_null_word(text))
		node->kind = YAML_NULL;
	node->text = arena_str(l->mem, text);
	keep_anchor(l, event->data.scalar.anchor, node);
	*out = node;
	return 0;
}

struct node_list {
	struct yaml **items;
	size_t        n, cap;
};

static int load_seq(struct loader *l, const yaml_event_t *start, unsigned depth, struct yaml **out)
{
	struct node_list list = { 0 };
	struct yaml *node;

	if (new_node(l, start, YAML_SEQ, &node) < 0)
		return -1;
	for (;;) {
		AUTO(auto_event) yaml_event_t event = { 0 };
		struct yaml *child;

		if (next_event(l, &event) < 0)
			return -1;
		if (event.type == YAML_SEQUENCE_END_EVENT)
			break;
		if (load_node(l, &event, depth + 1, &child) < 0)
			return -1;
		ARENA_PUSH(l->mem, &list, child);
	}
	node->child = list.items;
	node->n = list.n;
	keep_anchor(l, start->data.sequence_start.anchor, node);
	*out = node;
	return 0;
}

struct map_list {
	struct node_list keys, values;
};

static bool has_key(const struct map_list *map, struct str key)
{
	for (size_t i = 0; i < map->keys.n; i++)
		if (str_eq(map->keys.items[i]->text, key))
			return true;
	return false;
}

static void merge_map(struct loader *l, struct map_list *map, const struct yaml *from)
{
	for (size_t i = 0; from && i < from->n; i++) {
		if (from->kind == YAML_SEQ) {
			merge_map(l, map, from->child[i]);
		} else if (!has_key(map, from->key[i]->text)) {
			ARENA_PUSH(l->mem, &map->keys, from->key[i]);
			ARENA_PUSH(l->mem, &map->values, from->child[i]);
		}
	}
}

static int load_pair(struct loader *l, yaml_event_t *event, unsigned depth, struct map_list *map,
		     struct yaml **merge)
{
	AUTO(auto_event) yaml_event_t value_event = { 0 };
	struct yaml *key, *value;

	if (load_node(l, event, depth + 1, &key) < 0)
		return -1;
	if (key->kind != YAML_SCALAR && key->kind != YAML_NULL)
		return fail_at(l, event->start_mark, "a key must be a plain string");
	if (next_event(l, &value_event) < 0 || load_node(l, &value_event, depth + 1, &value) < 0)
		return -1;
	if (!key->quoted && str_eq(key->text, STR("<<")) &&
	    (value->kind == YAML_MAP || value->kind == YAML_SEQ)) {
		*merge = value;
		return 0;
	}
	if (map->keys.n >= YAML_MAX_KEYS)
		return fail_at(l, event->start_mark, "too many keys in one mapping");
	if (has_key(map, key->text))
		return err_input(l->err, "%s:%u:%u: the key '%.*s' stands twice", l->name,
				 key->line, key->column, STR_ARG(key->text));
	ARENA_PUSH(l->mem, &map->keys, key);
	ARENA_PUSH(l->mem, &map->values, value);
	return 0;
}

static int load_map(struct loader *l, const yaml_event_t *start, unsigned depth, struct yaml **out)
{
	struct map_list map = { 0 };
	struct yaml *merge = NULL;
	struct yaml *node;

	if (new_node(l, start, YAML_MAP, &node) < 0)
		return -1;
	for (;;) {
		AUTO(auto_event) yaml_event_t event = { 0 };

		if (next_event(l, &event) < 0)
			return -1;
		if (event.type == YAML_MAPPING_END_EVENT)
			break;
		if (load_pair(l, &event, depth, &map, &merge) < 0)
			return -1;
	}
	merge_map(l, &map, merge);
	node->key = map.keys.items;
	node->child = map.values.items;
	node->n = map.keys.n;
	keep_anchor(l, start->data.mapping_start.anchor, node);
	*out = node;
	return 0;
}

static int load_node(struct loader *l, yaml_event_t *event, unsigned depth, struct yaml **out)
{
	if (depth > YAML_MAX_DEPTH)
		return fail_at(l, event->start_mark, "nested too deeply");
	if (event->type == YAML_SCALAR_EVENT)
		return load_scalar(l, event, out);
	if (event->type == YAML_SEQUENCE_START_EVENT)
		return load_seq(l, event, depth, out);
	if (event->type == YAML_MAPPING_START_EVENT)
		return load_map(l, event, depth, out);
	if (event->type == YAML_ALIAS_EVENT)
		return load_alias(l, event, depth, out);
	return fail_at(l, event->start_mark, "a value is expected here");
}

static int load_stream(struct loader *l, struct yaml_docs *docs)
{
	for (;;) {
		AUTO(auto_event) yaml_event_t event = { 0 };
		struct yaml *doc;

		if (next_event(l, &event) < 0)
			return -1;
		if (event.type == YAML_STREAM_END_EVENT)
			return 0;
		if (event.type == YAML_STREAM_START_EVENT ||
		    event.type == YAML_DOCUMENT_START_EVENT ||
		    event.type == YAML_DOCUMENT_END_EVENT)
			continue;
		l->anchors.n = 0;
		if (load_node(l, &event, 0, &doc) < 0)
			return -1;
		ARENA_PUSH(l->mem, docs, doc);
	}
}

int yaml_load(struct yaml_docs *out, struct arena *mem, const char *name, struct str text,
	      struct err *err)
{
	AUTO(close_parser) struct loader l = { .mem = mem, .name = name, .err = err };
	struct yaml_docs docs = { 0 };

	if (text.len > YAML_MAX_BYTES)
		return err_input(err, "%s:1:1: larger than %d bytes", name, YAML_MAX_BYTES);
	if (!yaml_parser_initialize(&l.parser))
		return err_set(err, ERR_TEMP, "%s: out of memory", name);
	yaml_parser_set_encoding(&l.parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&l.parser, (const unsigned char *)(text.p ? text.p : ""), text.len);
	if (load_stream(&l, &docs) < 0)
		return -1;
	*out = docs;
	return 0;
}
