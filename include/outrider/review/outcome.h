/*
 * outcome.h - what became of comments, learned from the forge and from git, and which rules that speaks against. Pure.
 *
 * A comment was of use when its defect was gone in what was merged, or a person thanked for it; of none when a person voted it
 * down, disputed or dismissed it, or it stood there still at the merge.
 */
#pragma once
#include "review/thread.h"

enum outcome_kind {
	OUTCOME_FIXED,     /* gone before or in the merge */
	OUTCOME_THANKED,   /* thumbs up, and not down */
	OUTCOME_IGNORED,   /* merged as it was, without a word */
	OUTCOME_DISMISSED, /* resolved or deleted by a person, defect still there */
	OUTCOME_DISPUTED,  /* a person answered, defect still there at the merge */
	OUTCOME_DOWN,      /* thumbs down */
	OUTCOMES,
};
const char *outcome_name(enum outcome_kind kind);
bool outcome_parse(struct str word, enum outcome_kind *out);

struct outcome {
	enum outcome_kind kind;
	struct str        rule, path;
	char              marker[FINGERPRINT_HEX + 1];
};
struct outcome_list {
	struct outcome *items;
	size_t          n, cap;
};

/*
 * At the merge: `merged` is the review of what was merged (its first parent against it), or NULL when it could not be made: then
 * the last plan's word counts. One outcome for each thread; threads whose file was not looked at give none.
 */
int outcome_of_merge(struct outcome_list *out, struct arena *mem, const struct thread_list *threads,
		     const struct thread_states *states, const struct review *merged, struct err *err);

/* How often which outcome, for one rule below one path. Stored by the caller: add one row per outcome and prefix. */
struct outcome_count {
	struct str rule, prefix;   /* prefix as in struct mute */
	uint32_t   n[OUTCOMES];
	bool       kept;           /* a person said that it shall speak: never muted */
};
struct outcome_counts {
	struct outcome_count *items;
	size_t                n, cap;
};
/* The prefixes that an outcome counts for: "", and its first folders ("src/", "src/parser/"). At most OUTCOME_PREFIXES. */
enum { OUTCOME_PREFIXES = 3 };
size_t outcome_prefixes(struct str out[OUTCOME_PREFIXES], struct str path);
/* Adds one outcome to the counts (linear; for tests and shadow: a store has its own table). */
void outcome_add(struct outcome_counts *counts, struct arena *mem, const struct outcome *outcome);

/*
 * The lower and upper end of where the true share of useful comments lies with 95 % (Wilson's score interval, E. B. Wilson 1927).
 * Ignored counts a third: silence at a merge is weak evidence.
 */
struct outcome_rate {
	double shown;        /* comments, weighted */
	double useful;       /* share, 0..1 */
	double low, high;
};
struct outcome_rate outcome_rate_of(const struct outcome_count *count);

/* When to mute. outcome_policy_default() has the reasons. */
struct outcome_policy {
	double   threshold;  /* muted when even the upper end is below this share */
	uint32_t least;      /* comments, unweighted, before anything is decided */
};
struct outcome_policy outcome_policy_default(void);
/* Narrower prefixes only where the wider one is not muted. Reasons are sentences with the numbers. */
void outcome_mutes(struct mute_list *out, struct arena *mem, const struct outcome_counts *counts,
		   const struct outcome_policy *policy);
