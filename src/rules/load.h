/* load.h - from YAML to compiled rules. Private to this folder. */
#pragma once
#include "pattern.h"
#include "rule.h"
#include "rules/ruleset.h"
#include "template.h"

/* A utility by its text; compiled at first use. */
struct util {
	struct str         id;
	const struct yaml *yaml;     /* the rule object */
	struct rule       *rule;     /* NULL until compiled */
	bool               busy;     /* being compiled: a use now would be a cycle */
};

struct util_list {
	struct util *items;
	size_t       n, cap;
};

/* A utility of `utilDirs`: a whole document. */
struct global_util {
	struct str             id;
	const char            *file;     /* for messages */
	const struct language *language;
	const struct yaml     *doc;
	const struct yaml     *arguments; /* NULL: none */
	bool                   busy;
};

struct global_utils {
	struct global_util *items;
	size_t              n, cap;
};

/* What a name stands for in the body of a utility with arguments. */
struct argument {
	struct str         name;
	const struct yaml *yaml;
	struct scope      *scope; /* in which the caller wrote it */
	struct str         prefix; /* of its variables during the call */
};

struct scope {
	struct util_list utils;
	struct argument *args;
	size_t           n_args;
	struct str       prefix; /* in front of variable names: isolates calls */
};

struct loader {
	struct arena           *mem;
	struct parser          *parser;
	const struct language  *language;
	const char             *file;
	struct err             *err;
	rule_complaint         *complain; /* of what is no error */
	void                   *payload;
	struct global_utils    *globals;
	struct scope           *scope;
	bool                    trusted;  /* a rule of the program: its regexes are good, and compiled when used */
	struct regex_list {
		struct regex **items;
		size_t         n, cap;
	}                      *regexes;  /* the rule set ends them */
	struct {
		struct str *items;
		size_t      n, cap;
	} vars;
	int32_t                *n_slots;  /* memo slots of the language's rules */
	size_t                  own_vars; /* of these, the ones that the rule itself binds */
	unsigned                depth, ops, calls;
	bool                    in_relation; /* recursion through a relation is allowed */
};

struct rule_list {
	struct rule **items;
	size_t        n, cap;
};

/* `matches`. */
int load_matches(struct rule **out, struct loader *l, const struct yaml *yaml);
/* A rule object; its position is the YAML node's. */
int load_rule(struct rule **out, struct loader *l, const struct yaml *yaml);
/* `kind`: one name, or an ESQuery selector. */
int load_selector(struct rule **out, struct loader *l, const struct yaml *yaml);
/* "2n+1", "3", "-n + 2". */
bool nth_parse(struct nth *out, struct str text);
/* `constraints`, `transform`, `rewriters`, `fix`, `utils`. Absent ones (NULL) are fine. */
int load_utils(struct loader *l, const struct yaml *yaml);
int load_constraints(struct constraint_list *out, struct loader *l, const struct yaml *yaml);
int load_transforms(struct transform_list *out, struct loader *l, const struct yaml *yaml,
		    struct rewriter **rewriters, size_t n_rewriters);
int load_rewriters(struct rewriter ***out, size_t *n, struct loader *l, const struct yaml *yaml);
int load_fix(struct fixer **out, size_t *n, struct loader *l, const struct yaml *yaml);

/* One entry, whole. */
int load_entry(struct rule_entry *out, struct loader *l, const struct yaml *yaml);

struct rule *rule_new(struct loader *l, enum rule_op op, const struct yaml *at);
/* ALL of the list, or its only one. */
struct rule *rule_all(struct loader *l, struct rule **items, size_t n, const struct yaml *at);
int32_t loader_var(void *loader, struct str name);    /* adds it */
int32_t loader_lookup(void *loader, struct str name); /* -1: not defined */
/* A regular expression, which the rule set ends. *err has no position yet. */
int loader_regex(struct regex **out, struct loader *l, struct str text, struct err *err);
/* A string with something in it; *err names `key` otherwise. */
int load_string(struct str *out, struct loader *l, const struct yaml *yaml, const char *key);
/* Fails on a key that is not in the list, which ends with NULL. */
int check_keys(struct loader *l, const struct yaml *map, const char *const *known,
	       const char *what);

void kind_set_init(struct kind_set *set, struct arena *mem, const struct language *language);
void kind_set_add(struct kind_set *set, uint16_t kind);
/* Fills kinds, binds, exact and memo slots, bottom up. */
void rule_finish(struct loader *l, struct rule *rule);
