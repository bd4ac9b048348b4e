#include "thread_match.h"

#include <stdlib.h>

#include "review/fingerprint.h"

enum {
	ORDINALS_MORE = 64, /* tried beyond what must be there: names of threads that were deleted leave gaps */
	ORDINALS_MAX = 512,
	ALIGN_MAX = 64,     /* equal findings of one file that are aligned by distance; more are taken in order */
};

static int by_rank(const void *a, const void *b)
{
	const struct finding *x = *(const struct finding *const *)a;
	const struct finding *y = *(const struct finding *const *)b;

	if (x->rank != y->rank)
		return x->rank > y->rank ? -1 : 1;
	return finding_order(x, y);
}

static void collect_findings(struct match *m)
{
	const struct review *review = m->input->review;
	const struct finding_list *lists[] = { &review->findings, &review->held_back };
	size_t all = review->findings.n + review->held_back.n;

	m->findings = ARENA_ARRAY(m->mem, all + 1, const struct finding *);
	m->group_of = ARENA_ARRAY(m->mem, all + 1, size_t);
	m->slot_of = ARENA_ARRAY(m->mem, all + 1, size_t);
	for (size_t l = 0; l < COUNT(lists); l++)
		for (size_t i = 0; i < lists[l]->n; i++)
			m->findings[m->n++] = &lists[l]->items[i];
	if (m->n)
		qsort(m->findings, m->n, sizeof *m->findings, by_rank);
	for (size_t i = 0; i < m->n; i++)
		m->slot_of[i] = SIZE_MAX;
}

static void name_of(char out[FINGERPRINT_HEX + 1], const struct finding *finding, unsigned ordinal)
{
	struct finding copy = *finding;

	fingerprint_set(&copy, ordinal);
	memcpy(out, copy.fingerprint, FINGERPRINT_HEX + 1);
}

static int group_cmp(const void *a, const void *b)
{
	return strcmp(((const struct group *)a)->stem, ((const struct group *)b)->stem);
}

static size_t find_group(const struct match *m, const char *stem)
{
	struct group key = { .n = 0 };
	const struct group *found;

	memcpy(key.stem, stem, sizeof key.stem);
	if (!m->n_groups)
		return SIZE_MAX;
	found = bsearch(&key, m->groups, m->n_groups, sizeof key, group_cmp);
	return found ? (size_t)(found - m->groups) : SIZE_MAX;
}

static void make_groups(struct match *m)
{
	struct group *all = ARENA_ARRAY(m->mem, m->n + 1, struct group);
	char(*stems)[FINGERPRINT_HEX + 1] = arena_zalloc(m->mem, m->n + 1, sizeof *stems);

	for (size_t i = 0; i < m->n; i++) {
		name_of(stems[i], m->findings[i], 0);
		memcpy(all[i].stem, stems[i], sizeof stems[i]);
		all[i].first = m->findings[i];
	}
	if (m->n)
		qsort(all, m->n, sizeof *all, group_cmp);
	m->groups = all;
	for (size_t i = 0; i < m->n; i++) {
		if (!m->n_groups || strcmp(all[m->n_groups - 1].stem, all[i].stem) != 0)
			all[m->n_groups++] = all[i];
		all[m->n_groups - 1].n++;
	}
	for (size_t i = 0; i < m->n; i++)
		m->group_of[i] = find_group(m, stems[i]);
}

static const struct thread_state *state_of(const struct thread_input *input, const char *marker)
{
	for (size_t i = 0; input->states && i < input->states->n; i++)
		if (strcmp(input->states->items[i].marker, marker) == 0)
			return &input->states->items[i];
	return NULL;
}

static void add_slot(struct match *m, const struct thread *thread, const struct thread_state *state)
{
	struct slot *slot = &m->slots[m->n_slots++];

	*slot = (struct slot){ .thread = thread, .state = state, .finding = SIZE_MAX,
			       .group = { SIZE_MAX, SIZE_MAX } };
	memcpy(slot->marker, state ? state->marker : thread->fingerprint, sizeof slot->marker);
	slot->path = state ? state->path : thread->path;
	slot->line = state ? state->line : thread->line;
	/* without a memory: what a person resolved may be there still, what we resolved was gone */
	slot->alive = state ? state->alive : !thread->resolved || thread->by_person;
}

static void collect_slots(struct match *m)
{
	const struct thread_input *input = m->input;
	size_t n = input->threads->n < THREAD_MAX ? input->threads->n : THREAD_MAX;
	size_t n_states = input->states ? input->states->n : 0;

	m->slots = ARENA_ARRAY(m->mem, n + n_states + 1, struct slot);
	for (size_t i = 0; i < n; i++)
		if (input->threads->items[i].fingerprint[0])
			add_slot(m, &input->threads->items[i],
				 state_of(input, input->threads->items[i].fingerprint));
	n = m->n_slots;
	for (size_t i = 0; i < n_states; i++) {
		bool shown = false;

		for (size_t k = 0; k < n && !shown; k++)
			shown = m->slots[k].state == &input->states->items[i];
		if (!shown)
			add_slot(m, NULL, &input->states->items[i]);
	}
}

static struct str rule_of(const struct slot *slot)
{
	return slot->state ? slot->state->rule : slot->thread->rule;
}

/* A marker without a rule (an odd id is left out) may be of any. */
static bool may_be_of(const struct slot *slot, const struct finding *finding)
{
	struct str rule = rule_of(slot);

	return rule.len == 0 || str_eq(rule, finding->rule_id);
}

static int marker_cmp(const void *a, const void *b)
{
	return strcmp((*(struct slot *const *)a)->marker, (*(struct slot *const *)b)->marker);
}

/* Slots with the name, in a list that is sorted by it: all of them are of the group. */
static void claim(struct slot **sorted, size_t n, const char *name, size_t group)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (strcmp(sorted[middle]->marker, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (; low < n && strcmp(sorted[low]->marker, name) == 0; low++)
		sorted[low]->group[1] = group;
}

/* By what is remembered, and by the marker: one of the names that the group's code has. */
static void find_groups(struct match *m)
{
	struct slot **sorted = ARENA_ARRAY(m->mem, m->n_slots + 1, struct slot *);

	for (size_t i = 0; i < m->n_slots; i++) {
		sorted[i] = &m->slots[i];
		if (m->slots[i].state)
			m->slots[i].group[0] = find_group(m, m->slots[i].state->fingerprint);
	}
	if (m->n_slots)
		qsort(sorted, m->n_slots, sizeof *sorted, marker_cmp);
	for (size_t g = 0; g < m->n_groups; g++) {
		size_t candidates = 0, ordinals;
		char name[FINGERPRINT_HEX + 1];

		for (size_t i = 0; i < m->n_slots; i++)
			candidates += may_be_of(&m->slots[i], m->groups[g].first);
		ordinals = candidates ? m->groups[g].n + candidates + ORDINALS_MORE : 0;
		for (unsigned k = 0; k < ordinals && k < ORDINALS_MAX; k++) {
			name_of(name, m->groups[g].first, k);
			claim(sorted, m->n_slots, name, g);
		}
	}
}

const struct change *match_change(const struct changeset *changes, struct str path)
{
	for (size_t i = 0; changes && i < changes->n; i++)
		if (changes->items[i].status != CHANGE_DELETED &&
		    str_eq(changes->items[i].new_path, path))
			return &changes->items[i];
	return NULL;
}

/* A file that was renamed in the pull request is one file under both names. */
static bool same_path(const struct match *m, struct str was, struct str is)
{
	const struct change *change;

	if (str_eq(was, is))
		return true;
	change = match_change(m->input->review->changes, is);
	return change && change->status == CHANGE_RENAMED && str_eq(change->old_path, was);
}

static bool in_group(const struct slot *slot, size_t group)
{
	return slot->group[0] == group || slot->group[1] == group;
}

static void pair(struct match *m, size_t slot, size_t finding)
{
	m->slots[slot].finding = finding;
	m->slot_of[finding] = slot;
}

/* One file's findings of one group that have no thread, and its threads that have no finding, both by line. */
struct side_by_side {
	size_t *findings, *slots;
	size_t  n_findings, n_slots;
};

static void insert_by_line(size_t *list, size_t n, size_t value, const uint32_t *lines)
{
	size_t at = n;

	for (; at && lines[list[at - 1]] > lines[value]; at--)
		list[at] = list[at - 1];
	list[at] = value;
}

/* The forge says on which line of this head the thread stands. */
static bool is_on(const struct slot *slot, const struct finding *finding)
{
	uint32_t line = slot->thread ? slot->thread->line : 0;

	return line && (line == finding->anchor_line || line == finding->span.start_line);
}

static void pair_on_line(struct match *m, const struct side_by_side *s)
{
	for (size_t i = 0; i < s->n_findings; i++)
		for (size_t k = 0; k < s->n_slots && m->slot_of[s->findings[i]] == SIZE_MAX; k++)
			if (m->slots[s->slots[k]].finding == SIZE_MAX &&
			    is_on(&m->slots[s->slots[k]], m->findings[s->findings[i]]))
				pair(m, s->slots[k], s->findings[i]);
}

static uint64_t distance(const struct match *m, size_t slot, size_t finding)
{
	int64_t d = (int64_t)m->slots[slot].line - m->findings[finding]->span.start_line;

	return (uint64_t)(d < 0 ? -d : d);
}

static void drop_paired(struct match *m, struct side_by_side *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n_findings; i++)
		if (m->slot_of[s->findings[i]] == SIZE_MAX)
			s->findings[n++] = s->findings[i];
	s->n_findings = n;
	n = 0;
	for (size_t i = 0; i < s->n_slots; i++)
		if (m->slots[s->slots[i]].finding == SIZE_MAX)
			s->slots[n++] = s->slots[i];
	s->n_slots = n;
}

/*
 * All of the shorter list find a partner in the longer one, in order, with the least sum of distances: when one of several
 * equal defects was fixed, its thread is the one that is left over. best[i][k]: of the first i and the first k.
 */
static void pair_in_order(struct match *m, const struct side_by_side *s)
{
	bool fewer = s->n_findings <= s->n_slots;
	size_t few = fewer ? s->n_findings : s->n_slots, many = fewer ? s->n_slots : s->n_findings;
	uint64_t(*best)[ALIGN_MAX + 1];

	if (many > ALIGN_MAX || few == many) {
		for (size_t i = 0; i < few; i++)
			pair(m, s->slots[i], s->findings[i]);
		return;
	}
	best = arena_zalloc(m->mem, few + 1, sizeof *best);
	for (size_t i = 1; i <= few; i++)
		for (size_t k = i; k <= many; k++) {
			uint64_t with = best[i - 1][k - 1] +
					distance(m, s->slots[(fewer ? k : i) - 1],
						 s->findings[(fewer ? i : k) - 1]);

			best[i][k] = k > i && best[i][k - 1] <= with ? best[i][k - 1] : with;
		}
	for (size_t i = few, k = many; i; k--) {
		if (k > i && best[i][k] == best[i][k - 1])
			continue;
		pair(m, s->slots[(fewer ? k : i) - 1], s->findings[(fewer ? i : k) - 1]);
		i--;
	}
}

static void pair_here(struct match *m, struct side_by_side *s, const uint32_t *lines, bool alive)
{
	s->n_slots = 0;
	for (size_t i = 0; i < m->n_slots; i++) {
		const struct slot *slot = &m->slots[i];

		if (slot->finding == SIZE_MAX && slot->alive == alive &&
		    in_group(slot, m->group_of[s->findings[0]]) &&
		    same_path(m, slot->path, m->findings[s->findings[0]]->path))
			insert_by_line(s->slots, s->n_slots++, i, lines);
	}
	pair_on_line(m, s);
	drop_paired(m, s);
	if (s->n_findings && s->n_slots)
		pair_in_order(m, s);
	drop_paired(m, s);
}

/* Equal code in the same file. Threads whose defect was there last time come first. */
static void pair_in_files(struct match *m)
{
	uint32_t *finding_lines = ARENA_ARRAY(m->mem, m->n + 1, uint32_t);
	uint32_t *slot_lines = ARENA_ARRAY(m->mem, m->n_slots + 1, uint32_t);
	size_t *findings = ARENA_ARRAY(m->mem, m->n + 1, size_t);
	size_t *slots = ARENA_ARRAY(m->mem, m->n_slots + 1, size_t);
	bool *done = ARENA_ARRAY(m->mem, m->n + 1, bool);

	for (size_t i = 0; i < m->n; i++)
		finding_lines[i] = m->findings[i]->span.start_line;
	for (size_t i = 0; i < m->n_slots; i++)
		slot_lines[i] = m->slots[i].line;
	for (size_t i = 0; m->n_slots && i < m->n; i++) {
		struct side_by_side s = { .findings = findings, .slots = slots };

		for (size_t k = i; !done[i] && k < m->n; k++)
			if (m->group_of[k] == m->group_of[i] &&
			    str_eq(m->findings[k]->path, m->findings[i]->path)) {
				insert_by_line(findings, s.n_findings++, k, finding_lines);
				done[k] = k != i || done[k];
			}
		done[i] = true;
		if (s.n_findings)
			pair_here(m, &s, slot_lines, true);
		if (s.n_findings)
			pair_here(m, &s, slot_lines, false);
	}
}

static int place_cmp(const struct match *m, size_t a, size_t b)
{
	int order = str_cmp(m->slots[a].path, m->slots[b].path);

	return order ? order : (m->slots[a].line > m->slots[b].line) - (m->slots[a].line < m->slots[b].line);
}

/* Code that went to another file. The thread that comes first of those left over, by place. */
static void pair_moved(struct match *m)
{
	for (size_t i = 0; i < m->n; i++) {
		size_t best = SIZE_MAX;

		for (size_t k = 0; m->slot_of[i] == SIZE_MAX && k < m->n_slots; k++) {
			const struct slot *slot = &m->slots[k];

			if (slot->finding == SIZE_MAX && slot->alive && in_group(slot, m->group_of[i]) &&
			    (best == SIZE_MAX || place_cmp(m, k, best) < 0))
				best = k;
		}
		if (best != SIZE_MAX)
			pair(m, best, i);
	}
}

static bool is_edit(const struct match *m, const struct slot *slot, const struct finding *f)
{
	return slot->finding == SIZE_MAX && slot->alive && slot->state &&
	       str_eq(slot->state->rule, f->rule_id) && str_eq(slot->state->tool, f->tool) &&
	       str_eq(slot->state->symbol, f->symbol) && same_path(m, slot->path, f->path);
}

/* Code that was edited and is as wrong as before: only where there is no doubt which it is. */
static void pair_edited(struct match *m)
{
	for (size_t i = 0; i < m->n; i++) {
		const struct finding *f = m->findings[i];
		size_t rivals = 0, slots = 0, slot = 0;

		if (m->slot_of[i] != SIZE_MAX || str_eq(f->category, STR("secret")))
			continue;
		for (size_t k = 0; k < m->n_slots; k++)
			if (is_edit(m, &m->slots[k], f)) {
				slots++;
				slot = k;
			}
		for (size_t k = 0; slots == 1 && k < m->n; k++)
			rivals += m->slot_of[k] == SIZE_MAX && is_edit(m, &m->slots[slot], m->findings[k]);
		if (slots == 1 && rivals == 1)
			pair(m, slot, i);
	}
}

void match_make(struct match *out, struct arena *mem, const struct thread_input *input)
{
	struct match m = { .input = input, .mem = mem };

	collect_findings(&m);
	make_groups(&m);
	collect_slots(&m);
	find_groups(&m);
	pair_in_files(&m);
	pair_moved(&m);
	pair_edited(&m);
	*out = m;
}

static bool is_used(const struct match *m, const char *name, const char *const *given, size_t n_given)
{
	for (size_t i = 0; i < m->n_slots; i++)
		if (strcmp(m->slots[i].marker, name) == 0)
			return true;
	for (size_t i = 0; i < n_given; i++)
		if (strcmp(given[i], name) == 0)
			return true;
	return false;
}

int match_name(char out[FINGERPRINT_HEX + 1], const struct match *m, const struct finding *finding,
	       const char *const *given, size_t n_given, struct err *err)
{
	for (unsigned k = 0; k <= m->n_slots + n_given; k++) {
		char name[FINGERPRINT_HEX + 1];

		name_of(name, finding, k);
		if (!is_used(m, name, given, n_given)) {
			memcpy(out, name, sizeof name);
			return 0;
		}
	}
	return err_set(err, ERR_BUG, "no name is left for a thread");
}
