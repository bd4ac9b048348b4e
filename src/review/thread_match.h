/* thread_match.h - which thread is about which finding. Private to this folder. */
#pragma once
#include "review/thread.h"

/* A thread as the forge shows it, as we remember it, or both. */
struct slot {
	const struct thread       *thread;  /* NULL: the forge does not show it any more */
	const struct thread_state *state;   /* NULL: nothing is remembered */
	char        marker[FINGERPRINT_HEX + 1];
	struct str  path;                   /* where its finding was last */
	uint32_t    line;
	bool        alive;                  /* the defect was there last time */
	size_t      group[2];               /* groups of equal code that it may belong to, or SIZE_MAX */
	size_t      finding;                /* its own now, or SIZE_MAX */
};

/* Findings of equal code, whatever their file: rule, definition and tokens. */
struct group {
	char       stem[FINGERPRINT_HEX + 1]; /* the fingerprint with ordinal 0 */
	const struct finding *first;
	size_t     n;
};

struct match {
	const struct thread_input *input;
	struct arena         *mem;
	const struct finding **findings; /* by rank */
	size_t               *group_of;  /* of each finding */
	size_t               *slot_of;   /* of each finding, or SIZE_MAX */
	size_t                n;
	struct group         *groups;
	size_t                n_groups;
	struct slot          *slots;
	size_t                n_slots;
};

/* Pairs one to one, as thread.h says. */
void match_make(struct match *out, struct arena *mem, const struct thread_input *input);
/* The change whose new side is `path`, or NULL. */
const struct change *match_change(const struct changeset *changes, struct str path);
/* A name for a new thread: of the finding's code, and used by no other thread of this pull request. */
int match_name(char out[FINGERPRINT_HEX + 1], const struct match *match, const struct finding *finding,
	       const char *const *given, size_t n_given, struct err *err);
