/*
 * ruleset.h - rule files in ast-grep's format, compiled, and run over trees.
 *
 * The format, the pattern language and what they match are ast-grep's (0.51.1 is the yardstick; docs: rule object, rule
 * config, pattern, fix, transform, rewriter references). Differences, all on purpose:
 *   - `convert` changes the case of ASCII letters only;
 *   - a regex that hits its match limit, and a rule nested too deeply, are reported, not "no match";
 *   - a suppression may also say `outrider-ignore`;
 *   - `metadata` has words of ours: category, confidence, cwe, tests: skip, default: off, fix: safe, also: [languages].
 */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "model/finding.h"
#include "syntax/tree.h"

struct ruleset;

/* Told about a rule that cannot be used: "file:line:column: what". The other rules go on. */
typedef void rule_complaint(void *payload, const char *text);

struct ruleset *ruleset_new(void);
/* All trees and findings made with it are over by then. */
void ruleset_free(struct ruleset *set);

struct rule_source {
	const char *name;    /* of the file, for messages */
	struct str  text;
};

/* A file of `utilDirs`; before the rules that use it. */
void ruleset_add_utils(struct ruleset *set, const struct rule_source *source,
		       rule_complaint *complain, void *payload);
/*
 * Adds the rules of a file, for the languages of `only` (NULL: all). A file may hold several documents. An id that
 * stands already for the same language replaces a builtin rule; otherwise it is complained about.
 */
void ruleset_add(struct ruleset *set, const struct rule_source *source,
		 const struct language *const *only, size_t n_only, rule_complaint *complain,
		 void *payload);
/* The program's own rules, before those of files. Each is compiled when a text first has the words that it needs. */
void ruleset_add_builtin(struct ruleset *set);

/* After the last rule was added and before the first scan; scans may then run in any number of threads. */
void ruleset_prepare(struct ruleset *set);

/* What a list of the rules shows. */
struct rule_info {
	struct str       id, source, note, url, category, cwe, message;
	const struct language *language;
	enum severity    severity;
	enum confidence  confidence;
	bool             builtin, off_by_default, has_fix, fix_is_safe, skip_tests;
};
size_t ruleset_count(const struct ruleset *set);
/* i is below ruleset_count(). */
struct rule_info ruleset_info(const struct ruleset *set, size_t i);

/*
 * Says how severe a rule is for a path, SEVERITY_OFF to leave it out; NULL to take the rule's own word. Told of a rule are id,
 * language, category, severity, confidence and the flags of `metadata`.
 */
typedef enum severity rule_policy(void *payload, const struct rule_info *rule, struct str path);

struct scan {
	struct parser   *parser;    /* of this thread */
	struct arena    *mem;       /* of the findings; also for work: reset it after the file */
	struct str       path;      /* for `files` and `ignores`, and for the findings */
	rule_policy     *policy;
	void            *policy_payload;
	bool             everything; /* raw, as ast-grep: rules off by default too, no policy words of `metadata` */
	bool             any_path;   /* `files` and `ignores` do not count */
	bool             labels;     /* collect related places (slower for the rules that matched) */
	uint64_t (*now_ns)(void);
	uint64_t         time_ns;    /* of matching; parsing has its own limit */
};

enum scan_result {
	SCAN_OK,
	SCAN_TIME,   /* the file was given up: parsing or matching took too long */
	SCAN_MEMORY,
};

struct scan_output {
	struct finding_list findings;   /* in the order of the text; texts live in scan.mem, rule texts in the set */
	struct finding_list suppressed; /* by a comment */
	const char         *trouble;    /* a rule whose answer is unsure here, or NULL */
	struct tree         tree;       /* parsed, when n > 0; its `source` serves as `base` for another version */
	bool                parsed;
};

/*
 * Runs all rules of the language that may match the text. Parses only when one may. `base`: see parser_tree().
 * On anything but SCAN_OK *out is untouched.
 */
enum scan_result ruleset_scan(struct scan_output *out, const struct ruleset *set,
			      const struct scan *scan, const struct language *language,
			      struct str text, const struct tree *base);

/* Path of the definitions around a byte, "Class.method"; empty at the top. Needs a tree. */
struct str tree_symbol(const struct tree *tree, struct arena *mem, uint32_t offset);
/* Applies fixes to a text; they must not overlap and be in order. */
struct str fixes_apply(struct arena *mem, struct str text, const struct finding *const *findings,
		       size_t n);
