/*
 * outcomes.h - what became of our comments, per repository, rule and path prefix; and rules muted for it.
 *
 * A fact is kept once per thread, so telling it twice counts once.
 */
#pragma once
#include "model/finding.h"
#include "store/store.h"

enum fate {
	FATE_POSTED,
	FATE_FIXED,     /* gone at merge */
	FATE_IGNORED,   /* still there at merge */
	FATE_UP,        /* reactions of people: `n` is their number now */
	FATE_DOWN,
	FATE_DISPUTED,
	FATES,
};

struct outcome_row {
	struct str        integration, repository, tenant;
	uint64_t          number;
	char              fingerprint[FINGERPRINT_HEX + 1];
	enum fate         fate;
	uint32_t          n;      /* 0 takes the fact back */
	struct str        rule;
	struct str        prefix; /* first folders of the path; may be empty */
};

/* Durable. */
int outcomes_put(struct store *store, const struct outcome_row *rows, size_t n, int64_t now,
		 struct err *err);

struct rule_figures {
	struct str integration, repository, rule, prefix;
	uint64_t   n[FATES];
	bool       muted;
	struct str reason;       /* of the mute; may be empty */
};

struct rule_figures_list {
	struct rule_figures *items;
	size_t               n, cap;
};
/* By integration, repository, rule, prefix; integration and repository may be empty for all. `since`: facts from then on. */
int outcomes_figures(struct store *store, struct view view, struct str integration,
		     struct str repository, int64_t since, struct page *page,
		     struct rule_figures_list *out, struct arena *mem, struct err *err);

struct mute_row {
	struct str integration, repository, tenant, rule;
	uint64_t   number;  /* of the one pull request that it is for; 0: all */
	struct str prefix;  /* empty: everywhere in the repository */
	struct str reason;  /* shown to people: "3 of 20 comments were acted on" */
	struct str by;      /* "outrider", or who did it */
	int64_t    since;
	bool       lifted;  /* a person lets it speak: it is not muted, and shall not be by what is learned */
};

struct mute_rows {
	struct mute_row *items;
	size_t       n, cap;
};
int mutes_put(struct store *store, const struct mute_row *mute, int64_t now, struct err *err);
/* By a person: stays known as lifted until somebody mutes it again. *found is false when it was not muted. */
int mutes_lift(struct store *store, struct view view, const struct mute_row *mute, bool *found,
	       struct err *err);
/* For the repository, and for this pull request alone; lifted ones too. */
int mutes_of_pull(struct store *store, struct str integration, struct str repository,
		  uint64_t number, struct mute_rows *out, struct arena *mem, struct err *err);
const char *fate_name(enum fate fate);
