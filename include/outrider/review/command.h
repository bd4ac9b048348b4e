/*
 * command.h - what people write to us in comments: "/outrider review" at the start of a line. Pure; who may is the caller's
 * affair. Not inside of code (fenced, indented or a span), quotes or HTML comments. Text of others, so capped.
 */
#pragma once
#include "base/arena.h"

enum command_kind {
	COMMAND_REVIEW,  /* look again at the head */
	COMMAND_FULL,    /* ... and say what the caps hold back too */
	COMMAND_PAUSE,
	COMMAND_RESUME,
	COMMAND_RESOLVE, /* resolve all our threads; none comes back */
	COMMAND_EXPLAIN, /* [RULE]: of the thread when it is left out */
	COMMAND_IGNORE,  /* RULE: silent in this pull request */
	COMMAND_HELP,
	COMMAND_UNKNOWN, /* clearly to us, not understood: answered by the help */
	COMMANDS,
};

enum {
	COMMAND_MAX_BYTES = 65536, /* of a comment that is read; the rest is not */
	COMMAND_MAX = 5,           /* in one comment; more is a mistake or an attack */
	COMMAND_MAX_RULE = 200,
};

struct command_text {
	enum command_kind kind;
	struct str        rule; /* borrowed from the body; letters, digits, and "-_./:@" only; may be empty */
	struct str        word; /* UNKNOWN: what was written, at most 40 bytes */
};

/* Number of commands found in `body`, at most COMMAND_MAX. `name` is how we are called: "outrider". */
size_t command_parse(struct command_text out[COMMAND_MAX], struct str body, struct str name);

struct command_info {
	enum command_kind kind;
	const char       *word;
	const char       *argument; /* "RULE", "[RULE]" or NULL */
	bool              writes;   /* only for people who may write to the repository */
	const char       *about;    /* for the help */
};
/* One row per kind but UNKNOWN, in the order of the help. */
extern const struct command_info command_table[];
extern const size_t command_table_n;
const struct command_info *command_info_of(enum command_kind kind);

/* Bodies of answers, Markdown. */
struct str command_help(struct arena *mem, struct str name, const struct command_text *unknown);
struct str command_refused(struct arena *mem, const struct command_text *command);
struct str command_done(struct arena *mem, const struct command_text *command);
struct rule_about {
	struct str rule, message, note, url, severity, category;
};
struct str command_explain(struct arena *mem, const struct rule_about *about, struct str rule);
