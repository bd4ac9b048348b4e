/* config.h - .outrider.yml: what a repository wants of its reviews. */
#pragma once
#include "base/glob.h"
#include "model/change.h"
#include "model/finding.h"

enum {
	CONFIG_MAX_BYTES = 256 << 10, /* a configuration is written by hand */
	CONFIG_MAX_TEXT = 20000,      /* bytes of one instruction: it goes into a prompt */
};

struct environment; /* environment/environment.h */

/* What `rules:` says of one rule or glob of rules; a severity word of `categories:` is one too. */
struct config_rule {
	struct str       id;           /* as written */
	struct glob     *glob;         /* NULL when id is one plain rule id */
	bool             has_enabled, enabled;
	bool             has_severity;
	enum severity    severity;     /* never SEVERITY_OFF: that is enabled == false */
	struct glob_list paths;        /* reported only there; empty: everywhere */
	struct glob_list ignore;       /* not reported there */
};

struct config_rules {
	struct config_rule *items;
	size_t              n, cap;
};

struct config_language {
	struct glob *glob;
	struct str   language; /* as written: whether it exists is for the caller to say */
	uint32_t     line, column;
};

struct config_languages {
	struct config_language *items;
	size_t                  n, cap;
};

struct config_instruction {
	struct glob_list paths; /* empty: everywhere */
	struct str       text;
};

struct config_instructions {
	struct config_instruction *items;
	size_t                     n, cap;
};

struct config_dirs {
	struct str *items; /* relative to the repository, no "..", no '/' at either end */
	size_t      n, cap;
};

/* key, default, least, most. The reasons: */
#define CONFIG_CAPS(X)                                                                          \
	X(comments, 20, 0, 1000)              /* shown of one review: people stop reading */    \
	X(per_file, 8, 1, 1000)               /* shown of one file */                           \
	X(per_rule, 5, 1, 1000)               /* shown of one rule: it is a pattern by then */  \
	X(files, 500, 1, 100000)              /* changed files looked at */                     \
	X(file_bytes, 1 << 20, 1024, 16 << 20) /* a larger file is hardly written by hand */    \
	X(seconds, 120, 1, 3600)              /* for the whole review */

struct config_caps {
#define X(name, normal, least, most) uint32_t name;
	CONFIG_CAPS(X)
#undef X
};

/*
 * What config_init() sets is the default: built-in rules on, no rule or path excluded, no extra rule
 * directory, no instruction, caps as above, fail_on error, min_confidence low. All memory is the arena's
 * that was given to config_load(). Globs are of GLOB_PATH.
 */
struct config {
	bool                       builtin_rules;
	enum severity              fail_on;        /* this or worse fails the run; SEVERITY_OFF: never */
	enum confidence            min_confidence; /* less is not shown */
	struct config_caps         caps;
	struct config_rules        rules;          /* in the order of the file */
	struct config_rules        categories;     /* id is the category */
	struct glob_list           include;        /* empty: everything */
	struct glob_list           exclude;
	struct glob_list           generated;      /* beside what is detected */
	struct glob_list           vendored;
	struct glob_list           tests;
	struct config_languages    languages;
	struct config_dirs         rule_dirs;
	struct config_instructions instructions;
	const struct environment  *environment;    /* in the arena; NULL: none is described. Reviews do not need it */
};

void config_init(struct config *config);
/*
 * Reads one YAML document; `name` goes in front of errors, "name:line:column: what". An empty text gives the
 * defaults. ERR_INPUT on failure; unknown keys are errors. The text may come from anyone.
 */
int config_load(struct config *out, struct arena *mem, const char *name, struct str text,
		struct err *err);

/*
 * The severity of a rule at a path, or SEVERITY_OFF. Of the entries of `rules:` that concern the rule, the plain
 * id is stronger than a glob, and a later glob stronger than an earlier one; each of severity, enabled, paths and
 * ignore is taken from the strongest entry that gives it. `categories:` counts where no entry gives
 * severity or enabled. `normal` is the severity of the rule file; where it is SEVERITY_OFF, `on` makes it
 * SEVERITY_WARNING. An empty path asks for the whole repository: paths and ignore are not looked at.
 */
enum severity config_severity(const struct config *config, struct str rule_id, struct str category,
			      struct str path, enum severity normal);
/*
 * Why a path is not analysed: SKIP_FILTERED, SKIP_GENERATED, SKIP_VENDORED, or SKIP_NONE. *detail (may be NULL)
 * is the glob that decided, or "not in paths.include"; untouched for SKIP_NONE.
 */
enum change_skip config_path_skip(const struct config *config, struct str path,
				  struct str *detail);
bool config_is_test(const struct config *config, struct str path);
/* The language that the last matching line of `languages:` gives; empty for none. */
struct str config_language(const struct config *config, struct str path);
