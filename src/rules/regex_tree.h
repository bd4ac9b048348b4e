/* regex_tree.h - a parsed pattern, for the files regex*.c alone. */
#pragma once
#include "base/arena.h"
#include "base/err.h"
#include "rules/regex.h"

enum {
	REGEX_LAST = 0x10ffff, /* code point */
	REGEX_INFINITE = 0x7fffffff,
	PCRE2_MAX_REPEAT = 65535,
	REGEX_MAX_STACKED = 10,        /* repetition operators behind one thing, and operators in one class */
	REGEX_MAX_LOWERED = 256 << 10, /* bytes of PCRE2's pattern; it refuses about 64 KB of its code */
};

/* The crate's flags, as they stood where a node was written. */
enum regex_flag {
	REGEX_CASELESS = 1,
	REGEX_MULTILINE = 2,
	REGEX_DOTALL = 4,
	REGEX_SWAP_GREED = 8,
	REGEX_UNICODE = 16,
	REGEX_CRLF = 32,
	REGEX_VERBOSE = 64,
};

struct regex_range {
	uint32_t first, last; /* code points, inclusive */
};

struct regex_ranges {
	struct regex_range *items;
	size_t              n, cap;
};

enum regex_class_kind {
	CLASS_RANGE,
	CLASS_PROPERTY, /* a Unicode property that only PCRE2 knows */
	CLASS_UNION,
	CLASS_AND,      /* the last three have two children */
	CLASS_MINUS,
	CLASS_XOR,
};

/* A set of characters as an expression. `negated` comes last, after folding case. */
struct regex_class {
	enum regex_class_kind kind;
	bool                  negated;
	char                  perl;     /* 'd', 's' or 'w' for those classes, else 0 */
	struct regex_range    range;
	struct str            property; /* what goes into PCRE2's \p{} */
	struct regex_class  **items;
	size_t                n, cap;
};

enum regex_kind {
	NODE_EMPTY,
	NODE_CHAR,
	NODE_DOT,
	NODE_CLASS,
	NODE_ASSERT,
	NODE_REPEAT, /* one child */
	NODE_GROUP,  /* captures; one child */
	NODE_CONCAT,
	NODE_ALT,
};

enum regex_assertion {
	ASSERT_LINE_START, /* ^ and $ with their flags */
	ASSERT_LINE_END,
	ASSERT_TEXT_START,
	ASSERT_TEXT_END,
	ASSERT_WORD,
	ASSERT_NOT_WORD,
	ASSERT_WORD_START,
	ASSERT_WORD_END,
	ASSERT_WORD_START_HALF,
	ASSERT_WORD_END_HALF,
};

struct regex_node {
	enum regex_kind      kind;
	unsigned             flags;
	uint32_t             cp;       /* NODE_CHAR */
	struct regex_class  *class;    /* NODE_CLASS */
	enum regex_assertion assertion;
	uint32_t             min, max; /* NODE_REPEAT */
	bool                 greedy;
	struct regex_node  **items;    /* children */
	size_t               n, cap;
};

/* names.items[i] is the name of group i + 1; empty for none. */
struct regex_names {
	struct str *items;
	size_t      n, cap;
};

/* What every part of the parser works on. */
struct regex_parser {
	struct arena      *mem;
	struct str         text;
	size_t             at;
	unsigned           flags;
	unsigned           depth;
	size_t             nodes;
	struct regex_names names;
	struct err        *err;
};

/* regex_parse.c: the whole pattern; NULL with *err set on failure. */
struct regex_node *regex_parse(struct regex_names *names, struct arena *mem, struct str pattern,
			       struct err *err);
/* Sets *err to "pattern, byte N: text", returns NULL. */
void *regex_fail(struct regex_parser *p, size_t at, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* The code point here, REGEX_INFINITE at the end; *len its bytes. */
uint32_t regex_peek(const struct regex_parser *p, size_t *len);
void regex_skip_space(struct regex_parser *p); /* under (?x) */
bool regex_deeper(struct regex_parser *p);     /* counts depth and nodes; false with *err set */

/* regex_escape.c: behind a backslash. One of the three outputs is filled. */
struct regex_escape {
	bool                 is_assertion;
	enum regex_assertion assertion;
	struct regex_class  *class; /* or NULL */
	uint32_t             cp;
};
bool regex_parse_escape(struct regex_parser *p, struct regex_escape *out);
/* regex_property.c: \p and \P, p->at stands behind that letter. */
struct regex_class *regex_parse_property(struct regex_parser *p, bool negated, size_t start);

/* regex_class.c */
struct regex_class *regex_parse_class(struct regex_parser *p);
struct regex_class *regex_class_new(struct regex_parser *p, enum regex_class_kind kind);
struct regex_class *regex_class_of(struct regex_parser *p, const struct regex_range *ranges,
				   size_t n);

/* regex_ranges.c: the class as sorted, disjoint ranges; false when a property is in it. */
bool regex_class_ranges(const struct regex_class *class, struct arena *mem,
			struct regex_ranges *out);

/* regex_lower.c: the same language in PCRE2's syntax; `linear` for its algorithm without backtracking. */
void regex_lower(const struct regex_node *node, struct arena *mem, bool linear, struct buf *out);
/* regex_cost.c: backtracking takes at most about length to this power; 8 stands for more, too. */
unsigned regex_degree(const struct regex_node *node);
/* regex_word.c: whether all that the node matches begins (or ends) with a word character. */
enum regex_edge { EDGE_UNKNOWN, EDGE_WORD, EDGE_OTHER };
enum regex_edge regex_edge(const struct regex_node *node, bool at_end);

/* A set of strings. */
struct regex_strings {
	struct str *items;
	size_t      n, cap;
};

/* regex_strings.c: what a node matches, as far as it can be listed. */
struct regex_listing {
	struct arena *mem;     /* for everything, also in between */
	bool          fold;    /* ASCII letters of caseless nodes in lower case; others make it inexact */
	bool          loose;   /* assertions are taken as true: right for "must contain" alone */
	size_t        most;    /* strings of one set */
	size_t        steps;   /* internal: work done */
};

struct regex_listed {
	bool                 exact; /* the node matches these strings and nothing else */
	struct regex_strings all;
	struct regex_strings best;  /* one of these occurs in all that matches; n == 0: unknown */
};
struct regex_listed regex_list(struct regex_listing *how, const struct regex_node *node);
/* Larger selects more; 0 for a set that selects nothing. */
size_t regex_strings_score(const struct regex_strings *set);

/* regex_literal.c: patterns that need no engine. */
enum regex_form { FORM_ENGINE, FORM_CONTAINS, FORM_PREFIX, FORM_SUFFIX, FORM_EQUALS };

struct regex_literal {
	enum regex_form form;
	bool            nocase;  /* ASCII letters in either case; right for ASCII subjects alone */
	struct str     *items;   /* sorted by str_cmp, lower case when nocase; one, but for FORM_EQUALS */
	size_t          n;
	size_t          shortest, longest; /* bytes */
};
void regex_literal_find(const struct regex_node *node, struct arena *mem,
			struct regex_literal *out);
/* Not for FORM_ENGINE. */
bool regex_literal_match(const struct regex_literal *literal, struct str subject);

/* UTF-8 of a code point; returns its bytes, 1..4. */
size_t regex_encode(uint32_t cp, char out[4]);
