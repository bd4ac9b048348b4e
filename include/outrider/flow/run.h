/*
 * run.h - one job, from its request to a review, as an ordered table of stages.
 *
 * The command line and, later, the workers of the service run the same tables. A stage takes the run, reads what earlier
 * stages left in it and adds its own; the first that fails ends the run.
 */
#pragma once
#include "flow/config.h"
#include "model/review.h"
#include "repo/diff.h"
#include "repo/revision.h"
#include "rules/ruleset.h"

enum {
	RUN_MEMORY = 1 << 30,          /* of a run's own arena: texts of both sides and findings */
	RUN_MAX_JOBS = 64,
	RULE_FILE_MAX = 4 << 20,
	SCAN_FILE_MAX = 16 << 20,      /* `scan` names larger files as skipped; generated ones are that large */
	WORK_MEMORY = 96 << 20,        /* nodes and answers of one file; with the parser's heap below 256 MB */
	FILE_PARSE_MEMORY = 144 << 20,
};

/* What is wanted. Strings are borrowed. Zero is a good default. */
struct run_options {
	const char        *directory;   /* where the repository is; NULL: "." */
	enum diff_kind     kind;
	const char        *base, *head; /* revisions; NULL: chosen */
	const char *const *paths;       /* scan: what to look at; review: only these */
	size_t             n_paths;
	const char        *config_file; /* instead of .outrider.yml of the base side */
	const char        *sgconfig;    /* an ast-grep project file */
	const char *const *rule_paths;  /* files or folders of rules */
	size_t             n_rule_paths;
	const char *const *sarif_files;
	size_t             n_sarif_files;
	bool               no_config, no_builtin;
	bool               raw;         /* everything that rules match, as ast-grep would: no caps, no policy */
	bool               labels;
	unsigned           jobs;        /* threads; 0: one for each processor */
	void             (*progress)(void *payload, const char *what, size_t done, size_t all);
	void              *progress_payload;
};

struct run {
	const struct run_options *options;  /* borrowed */
	struct arena              mem;
	struct repo               repo;     /* closed when scanning outside of one */
	struct revision           head;
	struct revision_base      base;
	char                      config_oid[OID_HEX + 1]; /* commit from which configuration comes; "" : files */
	struct config             config;
	struct changeset          changes;  /* of a review */
	struct scan_file         *files;    /* of a scan */
	size_t                    n_files;
	struct ruleset           *rules;
	struct glob_list         *tests;    /* one for each language: its test files */
	uint64_t                  deadline; /* of the whole run, in nanoseconds of the steady clock; 0: none */
	const struct rule_filter *moved_rules; /* while moved code is looked for */
	struct review             review;
};

/* A file of a scan; its text is read when its turn comes and not kept. */
struct scan_file {
	struct str path;     /* to open */
	struct str name;     /* as rules and findings name it: from the root of the repository when there is one */
	uint64_t   size;
};

typedef int stage_fn(struct run *run, struct err *err);

struct stage {
	const char *name;
	stage_fn   *run;
};

/* Each ends with a NULL name. */
extern const struct stage review_stages[];
extern const struct stage scan_stages[];

void run_init(struct run *run, const struct run_options *options);
/* Runs the stages in order; *err says which one failed. */
int run_stages(struct run *run, const struct stage *stages, struct err *err);
void run_release(struct run *run);

/*
 * Applies the safe fixes of a run to files of the work tree, never two that overlap, and only where the result
 * has no new syntax error. *applied counts fixes; what was not applied is a notice of the review.
 */
int run_apply(struct run *run, size_t *applied, struct err *err);
