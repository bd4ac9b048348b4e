/*
 * The program's own rules, compiled when a file first has the words that they need: a review asks for a tenth of them,
 * and compiling all took longer than the rest of it.
 */
#include <pthread.h>
#include <stdlib.h>

#include "base/scope.h"
#include "ruleset_private.h"

struct lock {
	pthread_mutex_t mutex;
};

struct lock *lock_new(void)
{
	struct lock *lock = calloc(1, sizeof *lock);

	if (lock)
		pthread_mutex_init(&lock->mutex, NULL);
	return lock;
}

void lock_free(struct lock *lock)
{
	if (lock)
		pthread_mutex_destroy(&lock->mutex);
	free(lock);
}

/* The build has compiled it once, so that nothing is left to complain about. */
static void no_complaint(void *payload, const char *text)
{
	(void)payload;
	(void)text;
}

static const struct yaml *document(struct ruleset *set, uint32_t number)
{
	const struct builtin_file *file = &set->builtin->files[number];
	struct yaml_docs docs;
	struct err err;

	if (!set->documents[number] &&
	    yaml_load(&docs, &set->mem, file->name, (struct str){ file->text, file->len }, &err) == 0)
		set->documents[number] = docs.items[0];
	return set->documents[number];
}

static struct rule_entry *compile(struct language_rules *rules, const struct builtin_rule *builtin)
{
	struct ruleset *set = rules->set;
	struct rule_entry *entry = ARENA_NEW(&set->mem, struct rule_entry);
	const struct yaml *yaml = document(set, builtin->file);
	struct global_utils none = { 0 };
	struct err err;
	struct loader loader = {
		.mem = &set->mem, .parser = set->parser, .language = rules->language,
		.file = set->builtin->files[builtin->file].name, .err = &err,
		.complain = no_complaint, .globals = &none, .regexes = &set->regexes,
		.n_slots = &rules->n_memos, .trusted = true,
	};

	entry->source = str_of(loader.file);
	entry->builtin = true;
	return yaml && load_entry(entry, &loader, yaml) == 0 ? entry : NULL;
}

const struct rule_entry *slot_entry(struct language_rules *rules, struct rule_slot *slot)
{
	struct rule_entry *entry = atomic_load_explicit(&slot->entry, memory_order_acquire);

	if (entry)
		return entry;
	pthread_mutex_lock(&rules->set->lock->mutex);
	entry = atomic_load_explicit(&slot->entry, memory_order_relaxed);
	if (!entry) {
		entry = compile(rules, slot->builtin);
		atomic_store_explicit(&slot->entry, entry, memory_order_release);
	}
	pthread_mutex_unlock(&rules->set->lock->mutex);
	return entry;
}

struct str slot_id(const struct rule_slot *slot)
{
	return slot->builtin ? str_of(slot->builtin->id) : slot->entry->id;
}

struct rule_info slot_info(const struct language_rules *rules, const struct rule_slot *slot)
{
	const struct builtin_rule *b = slot->builtin;

	if (!b)
		return entry_info(slot->entry);
	return (struct rule_info){
		.id = str_of(b->id), .category = str_of(b->category), .builtin = true,
		.language = rules->language, .severity = b->severity,
		.confidence = b->confidence, .skip_tests = b->skip_tests,
		.off_by_default = b->off_by_default,
	};
}

const uint16_t *slot_needs(const struct language_rules *rules, const struct rule_slot *slot)
{
	if (!slot->builtin)
		return slot->entry->needs;
	return slot->builtin->needs ? rules->set->builtin->needs + slot->builtin->needs : NULL;
}
