/* regex.h - the regular expressions of rule files: the dialect of Rust's regex crate, on PCRE2. */
#pragma once
#include "base/arena.h"
#include "base/buf.h"
#include "base/err.h"

enum {
	REGEX_MAX_BYTES = 16384,      /* of a pattern: the longest public one has 1.5 KB */
	REGEX_MAX_DEPTH = 100,        /* nesting of groups and classes: the crate allows 250 */
	REGEX_MAX_NODES = 20000,      /* of the parsed pattern */
	REGEX_MAX_REPEAT = 200000,  /* in {n,m}: the crate stops at about this, by its size limit */
	REGEX_MATCH_LIMIT = 100000,   /* backtracking steps of one start: 0.4 ms */
	REGEX_LITERALS = 32,          /* of regex_required(): more select nothing */
	REGEX_MAX_SUBJECT = 16 << 20, /* bytes; more is REGEX_LIMIT */
};

/*
 * The pattern is parsed here, so that it means what it means to the crate (the default options of
 * Regex::new: Unicode on, `.` is all but \n, `$` is the very end, leftmost-first), then either
 * compared as literals or handed to PCRE2 in a translation. What the crate refuses is refused:
 * look-around, back-references, possessive and atomic forms, \Q..\E, \h \R \X \K \Z, a lone `{`.
 *
 * Known differences, all rare:
 * - \p{..}: PCRE2's Unicode version counts (14 in 10.42); the properties Age, Grapheme_Cluster_Break,
 *   Word_Break and Sentence_Break are refused; under (?i), \p{Lu}, \p{Ll} and \p{Lt} all mean the
 *   letters that have case, and other properties are not closed over case;
 * - repetition above REGEX_MAX_REPEAT and patterns too large for PCRE2 are refused, where the crate
 *   has its own limit on the compiled size;
 * - without Unicode, (?-u), a negated class is refused even where set operations make it ASCII again;
 * - of set operations there may be 10 in one class.
 *
 * Time: a search whose backtracking could take long is done by PCRE2's other algorithm, which is linear in the
 * subject. REGEX_LIMIT, never a wrong REGEX_NO, is the answer where that gives up too: more than 2 MB of subject,
 * or more than 100 possibilities open at one place.
 */
struct regex;

enum regex_result { REGEX_NO, REGEX_YES, REGEX_LIMIT };

/*
 * The object lives in `mem`, but holds memory of PCRE2: end it with regex_release() before the arena
 * goes. ERR_INPUT on failure: "pattern, byte 7: what".
 */
int regex_compile(struct regex **out, struct arena *mem, struct str pattern, struct err *err);
/*
 * A pattern that is known to be good, compiled when it is first used: most rules of the program never come to ask
 * theirs. `pattern` is borrowed. A pattern that cannot be compiled after all answers REGEX_LIMIT.
 */
struct regex *regex_defer(struct arena *mem, struct str pattern);
/* Accepts NULL. The memory of the object itself stays with the arena. */
void regex_release(struct regex *regex);

/*
 * True (REGEX_YES) when the pattern matches anywhere in the subject. Any number of threads may search
 * at once. Bytes that are no UTF-8 match nothing.
 */
enum regex_result regex_search(const struct regex *regex, struct str subject);

/*
 * Appends the subject to *out with every match replaced, as Regex::replace_all does. In the
 * replacement $1, $name, ${1} and ${name} are groups and $$ is a dollar; a name is as long as
 * possible ($1a is the group named "1a"); an unknown group is empty. REGEX_NO when nothing matched
 * (the subject was appended); on REGEX_LIMIT *out is as it was. Thread-safe.
 */
enum regex_result regex_replace_all(struct buf *out, const struct regex *regex, struct str subject,
				    struct str replacement);

/* A subject without any of these literals cannot match. */
struct literal_set {
	struct str *items;
	size_t      n;
};

/*
 * Literals of which at least one stands, byte for byte, in every subject that matches; of several such
 * sets the one that selects most. False, *out untouched, when there is none (all are of >= 2 bytes).
 */
bool regex_required(const struct regex *regex, struct arena *mem, struct literal_set *out);
