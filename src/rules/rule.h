/* rule.h - a compiled rule. Private to this folder. */
#pragma once
#include "base/arena.h"
#include "base/glob.h"
#include "base/yaml.h"
#include "model/finding.h"
#include "rules/regex.h"
#include "syntax/tree.h"

enum {
	RULE_MAX_VARS = 512,     /* metavariables of one rule file entry; the largest public rule has 40 */
	RULE_MAX_DEPTH = 64,     /* nesting of rule objects; the deepest public rule has 17 */
	RULE_MAX_OPS = 20000,    /* rule objects after utilities with arguments were expanded */
	PATTERN_MAX_NODES = 4096,
};

/* A set of node kinds, one bit each; ERROR has the last bit. NULL stands for any kind. */
struct kind_set {
	size_t    n_words;
	uint64_t *words;
};

enum strictness { CST, SMART, AST, RELAXED, SIGNATURE, TEMPLATE };

enum pattern_type { PATTERN_VAR, PATTERN_DROPPED, PATTERN_MULTI, PATTERN_LEAF, PATTERN_INNER };

/* One node of a pattern. The array is in pre-order, as a tree's. */
struct pattern_node {
	enum pattern_type type;
	bool              named;  /* VAR, DROPPED: matches named nodes only; LEAF: is named */
	uint16_t          kind;   /* LEAF, INNER */
	int32_t           var;    /* VAR, MULTI: index, or -1 */
	uint32_t          next;   /* one past the last descendant */
	struct str        text;   /* LEAF */
};

struct pattern {
	struct pattern_node *nodes;
	uint32_t             n;
	uint16_t             root_kind; /* a candidate's kind when `selector` was given, else 0 */
	enum strictness      strictness;
};

enum rule_op {
	RULE_PATTERN,
	RULE_KIND,
	RULE_REGEX,
	RULE_NTH,
	RULE_RANGE,
	RULE_ALL,
	RULE_ANY,
	RULE_NOT,
	RULE_MATCHES, /* a utility */
	RULE_CALL,    /* a utility with arguments: isolated variables, then some are exported */
	RULE_INSIDE,
	RULE_HAS,
	RULE_PRECEDES,
	RULE_FOLLOWS,
};

enum stop_by { STOP_NEIGHBOR, STOP_END, STOP_RULE };

/* step * n + offset, n >= 0; 1-based. */
struct nth {
	int  step, offset;
	bool reverse;
};

struct rule_range {
	uint32_t start_line, end_line; /* 0-based, as in the file */
	int64_t  start_column, end_column; /* -1: any */
};

/* A variable of an isolated call becomes one of the caller. */
struct var_export {
	int32_t from, to;
};

struct rule;

struct constraint {
	int32_t      var;
	struct rule *rule;
};

struct constraint_list {
	struct constraint *items;
	size_t             n, cap;
};

struct rule {
	enum rule_op    op;
	bool            binds;     /* reads or writes variables somewhere below */
	bool            exact;     /* `relaxed` evaluation rejects only what cannot match */
	int32_t         memo;      /* slot for answers by node, or -1 */
	int32_t         inner_memo;
	struct kind_set kinds;     /* words NULL: any */
	uint32_t        line, column;

	struct pattern   pattern;
	uint16_t         kind;
	struct regex    *regex;
	struct str       regex_text;
	struct nth       nth;
	struct rule_range range;

	struct rule    **items;    /* ALL, ANY */
	size_t           n_items;
	struct rule     *inner;    /* NOT, relations, NTH's ofRule, MATCHES and CALL */
	enum stop_by     stop_by;
	struct rule     *stop;
	uint16_t         field;
	struct var_export *exports; /* CALL */
	size_t             n_exports;
	struct constraint_list constraints; /* CALL */
};

struct template_part {
	struct str literal;  /* text in front of the variable */
	int32_t    single;   /* variable index, or -1 */
	int32_t    multi;
	uint32_t   indent;   /* of the line the variable stands in */
};

struct template {
	struct template_part *parts; /* the last has no variable */
	size_t                n;
	bool                  has_vars;
};

enum transform_op { TRANSFORM_REPLACE, TRANSFORM_SUBSTRING, TRANSFORM_CONVERT, TRANSFORM_REWRITE };
enum letter_case { CASE_LOWER, CASE_UPPER, CASE_CAPITALIZE, CASE_CAMEL, CASE_SNAKE, CASE_KEBAB, CASE_PASCAL };
enum separator { SEP_CASE = 1, SEP_DASH = 2, SEP_DOT = 4, SEP_SLASH = 8, SEP_SPACE = 16, SEP_UNDERSCORE = 32 };

struct rewriter;

struct transform {
	enum transform_op op;
	int32_t           var;            /* the one it makes */
	int32_t           source;         /* variable index */
	bool              source_is_multi;
	struct regex     *replace;
	struct str        by;
	int64_t           start_char, end_char;
	bool              has_start, has_end;
	enum letter_case  to_case;
	unsigned          separators;     /* bits; 0: all */
	struct rewriter **rewriters;
	size_t            n_rewriters;
	struct str        join_by;
	bool              has_join;
};

struct transform_list {
	struct transform *items;
	size_t            n, cap;
};

struct fixer {
	struct template template;
	struct str      title;
	struct rule    *expand_start, *expand_end; /* PRECEDES/FOLLOWS-shaped: inner and stop_by */
};

struct rewriter {
	struct str             id;
	struct rule           *rule;
	struct constraint_list constraints;
	struct transform_list  transforms;
	struct fixer           fixer;
};

struct label_rule {
	int32_t    var;
	bool       primary;
	struct str message;
};

/* At least one of the literals stands in every text in which the rule can match. */
struct clause {
	struct str *items;
	size_t      n;
};

struct clause_list {
	struct clause *items;
	size_t         n, cap;
	bool           first_is_own; /* the first one's literal stands in the text of the node that matches */
};

/* One entry of a rule file, compiled for one language. */
struct rule_entry {
	struct str             id;
	struct str             source;    /* file it came from */
	const struct language *language;
	bool                   builtin;
	enum severity          severity;
	enum confidence        confidence;
	struct template        message;
	struct str             note, url, category, cwe;
	bool                   skip_tests, off_by_default, fix_is_safe;
	struct glob_list       files, ignores;
	bool                   has_files, has_ignores;
	struct rule           *rule;
	struct constraint_list constraints;
	struct transform_list  transforms;
	struct fixer          *fixers;
	size_t                 n_fixers;
	struct label_rule     *labels;
	size_t                 n_labels;
	bool                   has_labels;
	struct str            *vars;
	int32_t                n_vars;
	int32_t                memo_end;  /* its memo slots are below it */
	struct clause_list     clauses;
	const uint16_t        *needs;     /* the same by numbers, for the prefilter; NULL: not known */
};

static inline bool kind_set_has(const struct kind_set *set, uint16_t kind)
{
	size_t bit = kind == KIND_ERROR ? set->n_words * 64 - 1 : kind;

	return set->words[bit / 64] >> (bit % 64) & 1;
}
