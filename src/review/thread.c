#include "review/thread.h"

#include "parts.h"
#include "thread_match.h"

const char *thread_status_name(enum thread_status status)
{
	static const char *const names[THREAD_STATUSES] = {
		[THREAD_NEW] = "new",		    [THREAD_PERSISTS] = "persists",
		[THREAD_MOVED] = "moved",	    [THREAD_BACK] = "back",
		[THREAD_FIXED] = "fixed",	    [THREAD_DISPUTED] = "disputed",
		[THREAD_DISMISSED] = "dismissed", [THREAD_MUTED] = "muted",
		[THREAD_HELD] = "held",	    [THREAD_UNSEEN] = "unseen",
		[THREAD_OUTSIDE] = "outside",
	};

	return names[status];
}

struct planner {
	const struct thread_input *input;
	struct thread_plan        *plan;
	struct match               match;
	struct arena              *mem;
	size_t                     open;   /* threads that stay open */
	size_t                     ever;   /* all that there ever were */
	const char               **given;  /* names of new ones */
	size_t                     n_given;
};

static const struct mute *mute_of(const struct thread_input *input, const struct finding *f)
{
	for (size_t i = 0; input->mutes && i < input->mutes->n; i++) {
		const struct mute *mute = &input->mutes->items[i];

		if (str_eq(mute->rule, f->rule_id) && str_starts(f->path, mute->prefix))
			return mute;
	}
	return NULL;
}

static bool is_dismissed(const struct slot *slot)
{
	if (slot->state && slot->state->dismissed)
		return true;
	return !slot->thread || (slot->thread->resolved && slot->thread->by_person);
}

static bool has_words(const struct thread *thread)
{
	return thread->replied || thread->down > 0;
}

static bool is_moved(const struct slot *slot, const struct finding *f)
{
	return !str_eq(slot->path, f->path) || slot->line != f->span.start_line;
}

/* A thread whose defect is there. */
static struct thread_entry stay(const struct planner *p, const struct slot *slot,
				const struct finding *f)
{
	const struct mute *mute = mute_of(p->input, f);
	const struct thread *t = slot->thread;
	struct thread_entry e = { .finding = f, .thread = t, .status = THREAD_PERSISTS };

	memcpy(e.marker, slot->marker, sizeof e.marker);
	if (is_dismissed(slot)) {
		e.status = THREAD_DISMISSED;
	} else if (p->input->dismiss) {
		e.status = THREAD_DISMISSED;
		e.resolve = !t->resolved;
	} else if (has_words(t)) {
		e.status = THREAD_DISPUTED;
	} else if (mute && mute->asked) {
		e.status = THREAD_MUTED;
		e.reason = mute->reason;
		e.resolve = !t->resolved;
	} else if (t->resolved) {
		e.status = THREAD_BACK;
		e.reopen = true;
	} else if (is_moved(slot, f)) {
		e.status = THREAD_MOVED;
	}
	return e;
}

/* Reasons for which nobody looked at what still stands there; the others say that it is no text of ours any more. */
static bool is_unseen(enum change_skip skip)
{
	static const bool unseen[SKIP_COUNT] = {
		[SKIP_TOO_LARGE] = true, [SKIP_ENCODING] = true,  [SKIP_UNREADABLE] = true,
		[SKIP_TIME] = true,	 [SKIP_MEMORY] = true,	  [SKIP_LIMIT] = true,
		[SKIP_FILTERED] = true,	 [SKIP_GENERATED] = true, [SKIP_VENDORED] = true,
	};

	return unseen[skip];
}

/* What a file is called now, if the pull request renames it. */
static struct str name_now(const struct planner *p, struct str path)
{
	const struct changeset *changes = p->input->review->changes;

	for (size_t i = 0; changes && i < changes->n; i++)
		if (changes->items[i].status == CHANGE_RENAMED &&
		    str_eq(changes->items[i].old_path, path))
			return changes->items[i].new_path;
	return path;
}

static bool was_looked_at(const struct planner *p, const struct slot *slot)
{
	const struct review *review = p->input->review;
	struct str now = name_now(p, slot->path);

	for (size_t i = 0; i < review->skipped.n; i++)
		if (is_unseen(review->skipped.items[i].reason) &&
		    (str_eq(review->skipped.items[i].path, slot->path) ||
		     str_eq(review->skipped.items[i].path, now)))
			return false;
	return true;
}

/* A thread whose defect is not there. */
static struct thread_entry go(const struct planner *p, const struct slot *slot)
{
	const struct thread *t = slot->thread;
	struct thread_entry e = { .thread = t, .status = THREAD_FIXED };

	memcpy(e.marker, slot->marker, sizeof e.marker);
	if (!was_looked_at(p, slot)) {
		e.status = THREAD_UNSEEN;
		e.resolve = t && p->input->dismiss && !t->resolved;
	} else {
		e.resolve = t && !t->resolved && (p->input->dismiss || !has_words(t));
	}
	return e;
}

static void remember(struct planner *p, const struct slot *slot, const struct thread_entry *e)
{
	struct thread_state state = { .resolved = false };
	const struct finding *f = e->finding;
	bool by_us = e->thread && e->thread->resolved && !e->thread->by_person;

	if (slot->state)
		state = *slot->state;
	memcpy(state.marker, slot->marker, sizeof state.marker);
	if (!slot->state) {
		state.posted_path = state.path = slot->path;
		state.rule = slot->thread->rule;
		state.line = slot->line;
	}
	if (f) {
		memcpy(state.fingerprint, p->match.groups[p->match.group_of[slot->finding]].stem,
		       sizeof state.fingerprint);
		state.path = f->path;
		state.symbol = f->symbol;
		state.rule = f->rule_id;
		state.tool = f->tool;
		state.category = f->category;
		state.line = f->span.start_line;
	}
	state.alive = f || (e->status == THREAD_UNSEEN && slot->alive);
	state.dismissed = is_dismissed(slot) || e->status == THREAD_DISMISSED ||
			  (p->input->dismiss && e->resolve);
	state.resolved = (by_us || e->resolve) && !e->reopen;
	ARENA_PUSH(p->mem, &p->plan->next, state);
}

static void add(struct planner *p, const struct thread_entry *entry)
{
	ARENA_PUSH(p->mem, p->plan, *entry);
	p->plan->count[entry->status]++;
}

static bool is_open(const struct thread_entry *e)
{
	return e->status == THREAD_PERSISTS || e->status == THREAD_MOVED ||
	       e->status == THREAD_BACK || e->status == THREAD_NEW ||
	       (e->status == THREAD_DISPUTED && e->thread && !e->thread->resolved);
}

/* Open ones of the same file or rule; a handful, so counting is cheap. */
static bool is_full(const struct planner *p, const struct finding *f)
{
	const struct caps *caps = &p->input->caps;
	size_t file = 0, rule = 0;

	if (caps->per_review && (p->open >= caps->per_review ||
				 p->ever >= caps->per_review * THREAD_LIFE_FACTOR))
		return true;
	for (size_t i = 0; i < p->plan->n; i++) {
		const struct thread_entry *e = &p->plan->items[i];

		if (!is_open(e))
			continue;
		file += str_eq(e->finding->path, f->path);
		rule += str_eq(e->finding->rule_id, f->rule_id) && str_eq(e->finding->tool, f->tool);
	}
	return (caps->per_file && file >= caps->per_file) ||
	       (caps->per_rule && rule >= caps->per_rule);
}

static int begin(struct planner *p, struct thread_entry *e, size_t finding, struct err *err)
{
	const struct finding *f = e->finding;
	struct slot slot = { .path = f->path, .finding = finding };
	struct thread_state none = { .posted_path = f->path };

	if (match_name(e->marker, &p->match, f, p->given, p->n_given, err) < 0)
		return -1;
	p->given[p->n_given++] = arena_z(p->mem, str_of(e->marker));
	p->open++;
	p->ever++;
	memcpy(slot.marker, e->marker, sizeof slot.marker);
	memcpy(none.marker, e->marker, sizeof none.marker);
	slot.state = &none;
	slot.thread = NULL;
	remember(p, &slot, e);
	p->plan->next.items[p->plan->next.n - 1].dismissed = false;
	return 0;
}

/* A finding without a thread. */
static int meet(struct planner *p, size_t finding, struct err *err)
{
	const struct finding *f = p->match.findings[finding];
	const struct mute *mute = mute_of(p->input, f);
	struct thread_entry e = { .finding = f, .status = THREAD_NEW };

	if (mute) {
		e.status = THREAD_MUTED;
		e.reason = mute->reason;
	} else if (!part_is_inline(f)) {
		e.status = THREAD_OUTSIDE;
	} else if (p->input->dismiss) {
		e.status = THREAD_HELD; /* asked to end what was said, not to begin anew */
	} else if (is_full(p, f)) {
		e.status = THREAD_HELD;
	} else if (begin(p, &e, finding, err) < 0) {
		return -1;
	}
	add(p, &e);
	return 0;
}

static void plan_threads(struct planner *p)
{
	for (size_t i = 0; i < p->match.n; i++) {
		size_t slot = p->match.slot_of[i];
		struct thread_entry e;

		if (slot == SIZE_MAX)
			continue;
		e = stay(p, &p->match.slots[slot], p->match.findings[i]);
		p->open += is_open(&e);
		add(p, &e);
		remember(p, &p->match.slots[slot], &e);
	}
	for (size_t i = 0; i < p->match.n_slots; i++) {
		const struct slot *slot = &p->match.slots[i];
		struct thread_entry e;

		if (slot->finding != SIZE_MAX)
			continue;
		e = go(p, slot);
		p->open += e.status == THREAD_UNSEEN && e.thread && !e.thread->resolved;
		add(p, &e);
		remember(p, slot, &e);
	}
}

int thread_plan_make(struct thread_plan *out, struct arena *mem, const struct thread_input *input,
		     struct err *err)
{
	struct thread_plan plan = { 0 };
	struct planner p = { .input = input, .plan = &plan, .mem = mem };

	match_make(&p.match, mem, input);
	p.ever = p.match.n_slots;
	p.given = ARENA_ARRAY(mem, p.match.n + 1, const char *);
	plan_threads(&p);
	for (size_t i = 0; i < p.match.n; i++)
		if (p.match.slot_of[i] == SIZE_MAX && meet(&p, i, err) < 0)
			return -1;
	*out = plan;
	return 0;
}
