#include "review/outcome.h"

#include <math.h>

#include "thread_match.h"

static const char *const names[OUTCOMES] = {
	[OUTCOME_FIXED] = "fixed",	     [OUTCOME_THANKED] = "thanked",
	[OUTCOME_IGNORED] = "ignored",	     [OUTCOME_DISMISSED] = "dismissed",
	[OUTCOME_DISPUTED] = "disputed",     [OUTCOME_DOWN] = "down",
};

/* How much one counts as a comment that was judged. */
static const double weights[OUTCOMES] = {
	[OUTCOME_FIXED] = 1,	 [OUTCOME_THANKED] = 1,	 [OUTCOME_IGNORED] = 1.0 / 3,
	[OUTCOME_DISMISSED] = 1, [OUTCOME_DISPUTED] = 1, [OUTCOME_DOWN] = 1,
};
static const bool useful[OUTCOMES] = { [OUTCOME_FIXED] = true, [OUTCOME_THANKED] = true };

const char *outcome_name(enum outcome_kind kind)
{
	return names[kind];
}

bool outcome_parse(struct str word, enum outcome_kind *out)
{
	for (size_t i = 0; i < OUTCOMES; i++) {
		if (str_eq(word, str_of(names[i]))) {
			*out = (enum outcome_kind)i;
			return true;
		}
	}
	return false;
}

/* What people said is stronger than what the code says, and a vote stronger than a word. */
static enum outcome_kind judge(const struct thread *t, bool there, bool dismissed)
{
	if (t && t->down)
		return OUTCOME_DOWN;
	if (!there)
		return OUTCOME_FIXED;
	if (t && t->up)
		return OUTCOME_THANKED;
	if (dismissed || !t || (t->resolved && t->by_person))
		return OUTCOME_DISMISSED;
	return t->replied ? OUTCOME_DISPUTED : OUTCOME_IGNORED;
}

static void add(struct outcome_list *out, struct arena *mem, enum outcome_kind kind, struct str rule,
		struct str path, const char *marker)
{
	struct outcome outcome = { .kind = kind, .rule = rule, .path = path };

	if (!rule.len)
		return;
	memcpy(outcome.marker, marker, sizeof outcome.marker);
	ARENA_PUSH(mem, out, outcome);
}

/* The entries of threads come first in a plan, each with its state at the same place. */
static int from_merge(struct outcome_list *out, struct arena *mem, const struct thread_input *input,
		      struct err *err)
{
	struct thread_plan plan;

	if (thread_plan_make(&plan, mem, input, err) < 0)
		return -1;
	for (size_t i = 0; i < plan.next.n - plan.count[THREAD_NEW]; i++) {
		const struct thread_entry *e = &plan.items[i];
		const struct thread_state *s = &plan.next.items[i];

		if (e->status != THREAD_UNSEEN)
			add(out, mem, judge(e->thread, e->finding, s->dismissed), s->rule, s->path,
			    s->marker);
	}
	return 0;
}

static void from_memory(struct outcome_list *out, struct arena *mem, const struct thread_input *input)
{
	struct match match;

	match_make(&match, mem, input);
	for (size_t i = 0; i < match.n_slots; i++) {
		const struct slot *slot = &match.slots[i];
		const struct thread_state *s = slot->state;

		add(out, mem, judge(slot->thread, slot->alive, s && s->dismissed),
		    s ? s->rule : slot->thread->rule, slot->path, slot->marker);
	}
}

int outcome_of_merge(struct outcome_list *out, struct arena *mem, const struct thread_list *threads,
		     const struct thread_states *states, const struct review *merged,
		     struct err *err)
{
	struct review nothing = { .mem = mem };
	struct thread_input input = { .review = merged ? merged : &nothing,
				      .threads = threads, .states = states };
	struct outcome_list list = { 0 };

	if (!merged)
		from_memory(&list, mem, &input);
	else if (from_merge(&list, mem, &input, err))
		return -1;
	*out = list;
	return 0;
}

size_t outcome_prefixes(struct str out[OUTCOME_PREFIXES], struct str path)
{
	size_t n = 0;

	out[n++] = (struct str){ path.p, 0 };
	for (size_t i = 0; i < path.len && n < OUTCOME_PREFIXES; i++)
		if (path.p[i] == '/')
			out[n++] = str_sub(path, 0, i + 1);
	return n;
}

static struct outcome_count *count_of(struct outcome_counts *counts, struct arena *mem,
				      struct str rule, struct str prefix)
{
	struct outcome_count fresh = { .rule = rule, .prefix = prefix };

	for (size_t i = 0; i < counts->n; i++)
		if (str_eq(counts->items[i].rule, rule) && str_eq(counts->items[i].prefix, prefix))
			return &counts->items[i];
	ARENA_PUSH(mem, counts, fresh);
	return &counts->items[counts->n - 1];
}

void outcome_add(struct outcome_counts *counts, struct arena *mem, const struct outcome *outcome)
{
	struct str prefixes[OUTCOME_PREFIXES];
	size_t n = outcome_prefixes(prefixes, outcome->path);

	for (size_t i = 0; i < n; i++)
		count_of(counts, mem, outcome->rule, prefixes[i])->n[outcome->kind]++;
}

struct outcome_rate outcome_rate_of(const struct outcome_count *count)
{
	const double z = 1.959964; /* 95 % of a normal distribution lie within */
	struct outcome_rate rate = { .high = 1 };
	double good = 0, n, middle, half;

	for (size_t i = 0; i < OUTCOMES; i++) {
		rate.shown += weights[i] * count->n[i];
		good += useful[i] ? weights[i] * count->n[i] : 0;
	}
	n = rate.shown;
	if (n <= 0)
		return rate;
	rate.useful = good / n;
	middle = (rate.useful + z * z / (2 * n)) / (1 + z * z / n);
	half = z / (1 + z * z / n) *
	       sqrt(rate.useful * (1 - rate.useful) / n + z * z / (4 * n * n));
	rate.low = middle > half ? middle - half : 0;
	rate.high = middle + half < 1 ? middle + half : 1;
	return rate;
}

/*
 * Half: what is of no use more often than not costs people more than it gives. The upper end must be below it, so a rule is
 * muted on evidence and not on bad luck: 0 of 4 judged comments are enough by Wilson, yet 8 are asked for, so that one person in
 * one pull request does not decide.
 */
struct outcome_policy outcome_policy_default(void)
{
	return (struct outcome_policy){ .threshold = 0.5, .least = 8 };
}

static uint32_t count_all(const struct outcome_count *count)
{
	uint32_t n = 0;

	for (size_t i = 0; i < OUTCOMES; i++)
		n += count->n[i];
	return n;
}

static bool is_bad(const struct outcome_count *count, const struct outcome_policy *policy)
{
	return !count->kept && count_all(count) >= policy->least &&
	       outcome_rate_of(count).high < policy->threshold;
}

/* A person's word for a wider path holds for the narrower ones, too, and a wide mute would cover what was kept. */
static bool is_kept(const struct outcome_counts *counts, const struct outcome_count *count)
{
	for (size_t i = 0; i < counts->n; i++)
		if (counts->items[i].kept && str_eq(counts->items[i].rule, count->rule) &&
		    (str_starts(count->prefix, counts->items[i].prefix) ||
		     str_starts(counts->items[i].prefix, count->prefix)))
			return true;
	return false;
}

static bool is_muted(const struct mute_list *mutes, const struct outcome_count *count)
{
	for (size_t i = 0; i < mutes->n; i++)
		if (str_eq(mutes->items[i].rule, count->rule) &&
		    str_starts(count->prefix, mutes->items[i].prefix))
			return true;
	return false;
}

static struct str reason_of(struct arena *mem, const struct outcome_count *count)
{
	uint32_t all = count_all(count), good = 0;

	for (size_t i = 0; i < OUTCOMES; i++)
		good += useful[i] ? count->n[i] : 0;
	return arena_printf(mem, "%u of its last %u comments%s%.*s were of use; at most %.0f %% are with 95 %% certainty",
			    good, all, count->prefix.len ? " in " : "", STR_ARG(count->prefix),
			    outcome_rate_of(count).high * 100);
}

void outcome_mutes(struct mute_list *out, struct arena *mem, const struct outcome_counts *counts,
		   const struct outcome_policy *policy)
{
	/* the widest first: a prefix has at most two slashes here */
	for (size_t depth = 0; depth < OUTCOME_PREFIXES; depth++) {
		for (size_t i = 0; i < counts->n; i++) {
			const struct outcome_count *count = &counts->items[i];
			struct mute mute = { .rule = count->rule, .prefix = count->prefix };
			size_t slashes = 0;

			for (size_t k = 0; k < count->prefix.len; k++)
				slashes += count->prefix.p[k] == '/';
			if (slashes != depth || !is_bad(count, policy) || is_kept(counts, count) ||
			    is_muted(out, count))
				continue;
			mute.reason = reason_of(mem, count);
			ARENA_PUSH(mem, out, mute);
		}
	}
}
