#include "rules/ruleset.h"

#include <stdlib.h>

#include "load.h"
#include "ruleset_private.h"

enum {
	RULES_MEMORY = 512 << 20,  /* of one set: the largest public catalogue takes 30 MB */
	PATTERN_MEMORY = 64 << 20, /* of the parser for patterns */
};

static uint64_t no_clock(void)
{
	return 0; /* rules come from the base side or the user: no deadline, only caps */
}

struct ruleset *ruleset_new(void)
{
	struct parse_limits limits = { PATTERN_MEMORY, 1, no_clock };
	struct ruleset *set = calloc(1, sizeof *set);

	if (!set)
		return NULL;
	set->lock = lock_new();
	if (!set->lock) {
		free(set);
		return NULL;
	}
	arena_init(&set->mem, RULES_MEMORY);
	set->parser = parser_new(&limits);
	set->languages = ARENA_ARRAY(&set->mem, language_count, struct language_rules);
	for (size_t i = 0; i < language_count; i++) {
		set->languages[i].language = &language_table[i];
		set->languages[i].set = set;
	}
	return set;
}

void ruleset_free(struct ruleset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->regexes.n; i++)
		regex_release(set->regexes.items[i]);
	parser_free(set->parser);
	lock_free(set->lock);
	arena_release(&set->mem);
	free(set);
}

struct language_rules *ruleset_rules(const struct ruleset *set, const struct language *language)
{
	return &set->languages[language - language_table];
}

static bool is_wanted(const struct language *language, const struct language *const *only,
		      size_t n)
{
	for (size_t i = 0; only && i < n; i++)
		if (only[i] == language)
			return true;
	return !only;
}

static const struct language *language_of(const struct yaml *doc, const char *file,
					  struct err *err)
{
	const struct yaml *yaml = yaml_get(doc, "language");
	const struct language *language;

	if (!yaml || yaml->kind != YAML_SCALAR) {
		(void)yaml_error(err, file, yaml ? yaml : doc, "`language` must be a string");
		return NULL;
	}
	language = language_by_name(yaml->text);
	if (!language)
		(void)yaml_error(err, file, yaml, "the language '%.*s' is not supported",
				 STR_ARG(yaml->text));
	return language;
}

/* The same id again: a user's rule takes the place of a builtin one. */
static int place_entry(struct language_rules *rules, struct arena *mem, struct rule_entry *entry,
		       const char *file, const struct yaml *doc, struct err *err)
{
	struct rule_slot new = { entry, NULL };

	for (size_t i = 0; i < rules->slots.n; i++) {
		struct rule_slot *old = &rules->slots.items[i];

		if (!str_eq(slot_id(old), entry->id))
			continue;
		if (!old->builtin)
			return yaml_error(err, file, yaml_get(doc, "id"),
					  "the rule '%.*s' stands already in %.*s",
					  STR_ARG(entry->id), STR_ARG(old->entry->source));
		*old = new;
		return 0;
	}
	ARENA_PUSH(mem, &rules->slots, new);
	return 0;
}

/* Who hears of what is wrong. */
struct listener {
	rule_complaint *complain;
	void           *payload;
};

/* No documents when the file cannot be read as YAML, which is said. */
static struct yaml_docs read_docs(struct ruleset *set, const struct rule_source *source,
				  const struct listener *listener)
{
	struct yaml_docs docs = { 0 };
	struct err err;

	if (yaml_load(&docs, &set->mem, source->name, source->text, &err) < 0)
		listener->complain(listener->payload, err.text);
	return docs;
}

static int add_for(struct ruleset *set, const struct rule_source *source, const struct yaml *doc,
		   const struct language *language, const struct listener *listener,
		   struct err *err)
{
	struct language_rules *rules = ruleset_rules(set, language);
	struct rule_entry *entry = ARENA_NEW(&set->mem, struct rule_entry);
	struct loader loader = {
		.mem = &set->mem, .parser = set->parser, .language = language,
		.file = source->name, .err = err, .complain = listener->complain,
		.payload = listener->payload, .globals = &set->globals,
		.regexes = &set->regexes, .n_slots = &rules->n_memos,
	};

	entry->source = arena_str(&set->mem, str_of(source->name));
	if (load_entry(entry, &loader, doc) < 0)
		return -1;
	if (entry->severity == SEVERITY_OFF)
		return 0;
	rules->is_ready = false;
	return place_entry(rules, &set->mem, entry, source->name, doc, err);
}

static int add_doc(struct ruleset *set, const struct rule_source *source, const struct yaml *doc,
		   const struct language *const *only, size_t n_only,
		   const struct listener *listener, struct err *err)
{
	const struct yaml *also = yaml_get(yaml_get(doc, "metadata"), "also");
	const struct language *language;

	if (doc->kind != YAML_MAP)
		return yaml_error(err, source->name, doc, "a rule is a mapping with id, language and rule");
	language = language_of(doc, source->name, err);
	if (!language)
		return -1;
	if (is_wanted(language, only, n_only) &&
	    add_for(set, source, doc, language, listener, err) < 0)
		return -1;
	for (size_t i = 0; also && also->kind == YAML_SEQ && i < also->n; i++) {
		language = language_by_name(also->child[i]->text);
		if (!language)
			return yaml_error(err, source->name, also->child[i],
					  "the language '%.*s' is not supported",
					  STR_ARG(also->child[i]->text));
		if (is_wanted(language, only, n_only) &&
		    add_for(set, source, doc, language, listener, err) < 0)
			return -1;
	}
	return 0;
}

void ruleset_add(struct ruleset *set, const struct rule_source *source,
		 const struct language *const *only, size_t n_only, rule_complaint *complain,
		 void *payload)
{
	struct listener listener = { complain, payload };
	struct yaml_docs docs = read_docs(set, source, &listener);
	struct err err;

	for (size_t i = 0; i < docs.n; i++)
		if (docs.items[i]->kind != YAML_NULL &&
		    add_doc(set, source, docs.items[i], only, n_only, &listener,
			    &err) < 0)
			complain(payload, err.text);
}

void ruleset_add_table(struct ruleset *set, const struct builtin_table *table)
{
	set->builtin = table;
	set->documents = ARENA_ARRAY(&set->mem, table->n_files, const struct yaml *);
	for (size_t i = 0; i < language_count; i++) {
		struct language_rules *rules = &set->languages[i];

		rules->builtin_prefilter = table->languages[i].prefilter;
		for (size_t k = 0; k < table->languages[i].n; k++) {
			struct rule_slot slot = { NULL, &table->languages[i].rules[k] };

			ARENA_PUSH(&set->mem, &rules->slots, slot);
		}
	}
}

static int add_util(struct ruleset *set, const struct rule_source *source,
		    const struct yaml *doc, struct err *err)
{
	struct global_util util = { .file = arena_z(&set->mem, str_of(source->name)), .doc = doc };
	const struct yaml *id = yaml_get(doc, "id");

	util.language = language_of(doc, source->name, err);
	if (!util.language)
		return -1;
	if (!id || id->kind != YAML_SCALAR || !yaml_get(doc, "rule"))
		return yaml_error(err, source->name, doc, "a utility needs `id`, `language` and `rule`");
	util.id = id->text;
	util.arguments = yaml_get(doc, "arguments");
	if (util.arguments && (util.arguments->kind != YAML_SEQ || util.arguments->n == 0))
		util.arguments = NULL;
	for (size_t i = 0; i < set->globals.n; i++)
		if (str_eq(set->globals.items[i].id, util.id) &&
		    set->globals.items[i].language == util.language)
			return yaml_error(err, source->name, id, "the utility '%.*s' exists already",
					  STR_ARG(util.id));
	ARENA_PUSH(&set->mem, &set->globals, util);
	return 0;
}

void ruleset_add_utils(struct ruleset *set, const struct rule_source *source,
		       rule_complaint *complain, void *payload)
{
	struct listener listener = { complain, payload };
	struct yaml_docs docs = read_docs(set, source, &listener);
	struct err err;

	for (size_t i = 0; i < docs.n; i++)
		if (add_util(set, source, docs.items[i], &err) < 0)
			complain(payload, err.text);
}

size_t ruleset_count(const struct ruleset *set)
{
	size_t n = 0;

	for (size_t k = 0; k < language_count; k++)
		n += set->languages[k].slots.n;
	return n;
}

struct rule_info entry_info(const struct rule_entry *e)
{
	return (struct rule_info){
		.id = e->id,
		.source = e->source,
		.note = e->note,
		.url = e->url,
		.category = e->category,
		.cwe = e->cwe,
		.message = e->message.parts[e->message.n - 1].literal,
		.language = e->language,
		.severity = e->severity,
		.confidence = e->confidence,
		.builtin = e->builtin,
		.off_by_default = e->off_by_default,
		.has_fix = e->n_fixers > 0,
		.fix_is_safe = e->fix_is_safe,
		.skip_tests = e->skip_tests,
	};
}

struct rule_info ruleset_info(const struct ruleset *set, size_t i)
{
	struct language_rules *rules = set->languages;
	const struct rule_entry *entry;

	for (; i >= rules->slots.n; rules++)
		i -= rules->slots.n;
	entry = slot_entry(rules, &rules->slots.items[i]);
	return entry ? entry_info(entry) : slot_info(rules, &rules->slots.items[i]);
}

/* The automaton of the words of a language's rules from files. */
static void prepare(struct language_rules *rules, struct arena *mem)
{
	struct prefilter_input *inputs = ARENA_ARRAY(mem, rules->slots.n, struct prefilter_input);
	size_t n = 0;

	for (size_t i = 0; i < rules->slots.n; i++) {
		struct rule_slot *slot = &rules->slots.items[i];

		if (!slot->builtin)
			inputs[n++] = (struct prefilter_input){ &slot->entry->clauses,
								&slot->entry->needs };
	}
	rules->prefilter = prefilter_new(mem, inputs, n);
	rules->is_ready = true;
}

void ruleset_prepare(struct ruleset *set)
{
	for (size_t i = 0; i < language_count; i++)
		if (!set->languages[i].is_ready && set->languages[i].slots.n)
			prepare(&set->languages[i], &set->mem);
}
