/* work.h - one file's parse and match, and files side by side. Private to this folder. */
#pragma once
#include "stages.h"

/* One thread's tools. Findings are copied to `out`, which lives as long as the run. */
struct worker {
	struct run    *run;
	struct parser *parser;
	struct arena   work;    /* forgotten after each file */
	struct arena  *out;
	struct finding_list findings, suppressed, gone;
	struct {
		struct skipped *items;
		size_t          n, cap;
	} skipped;
	struct {
		struct notice *items;
		size_t         n, cap;
	} notices;
	size_t         files;   /* analysed */
};

/* Work on item i of a list. */
typedef void work_fn(struct worker *worker, size_t i);

/* Runs fn for 0..n-1 on as many threads as the run wants, then adds what the workers found to the review, in order. */
int work_all(struct run *run, const char *what, size_t n, work_fn *fn, struct finding_list *gone,
	     struct err *err);

/* Findings of one text; what `keep` refuses is left out. False: given up, and named as skipped. */
struct text_job {
	struct str              path;
	struct str              text;
	const struct language  *language; /* NULL: only rules for any text */
	bool                    is_test;
	const struct rule_filter *only;   /* NULL: all rules */
};

/* Ids of the rules that are of interest. */
struct rule_filter {
	struct str *ids;
	size_t      n;
};

struct text_result {
	struct finding_list findings, suppressed; /* in worker->work */
	struct tree         tree;                 /* n 0: not parsed */
};

bool work_text(struct text_result *out, struct worker *worker, const struct text_job *job,
	       const struct tree *base);
/* Names the definitions around each finding; only where that is of use, for it costs a search each. */
void work_symbols(struct worker *worker, struct text_result *result);
/* A copy that outlives the file. */
void work_keep(struct worker *worker, struct finding_list *to, const struct finding *finding);
void work_skip(struct worker *worker, struct str path, enum change_skip reason);
