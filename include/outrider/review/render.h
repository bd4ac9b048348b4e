/*
 * render.h - a review as text for people, machines and forges.
 *
 * What is rendered is hostile: paths, source lines and messages come from a pull request or from
 * another tool's file. Every format masks credentials (redact.h) and replaces malformed UTF-8; text
 * shows control and bidirectional characters as escapes; github neutralises mentions, HTML and
 * images.
 */
#pragma once
#include "base/buf.h"
#include "base/err.h"
#include "model/review.h"

struct render_options {
	bool        colour;     /* text: terminal colours */
	unsigned    width;      /* text: columns of the terminal; 0 for 100 */
	const char *version;    /* of this program; NULL leaves it out */
	const char *url;        /* sarif: home page of this program; NULL leaves it out */
	const char *repository; /* sarif: absolute URI of the repository; NULL leaves provenance out */
	/*
	 * For a scan: the text of a file of the review, borrowed until the render ends. False
	 * when it is not at hand; snippets then show finding.text only. May be NULL. A review of a
	 * change does not need it: the texts stand in review->changes.
	 */
	bool (*source)(void *payload, struct str path, struct str *text);
	void *payload;
};

/*
 * Appends to `out`. Fails with ERR_TEMP when memory runs out and with ERR_PERM when the output
 * would exceed BUF_MAX; `out` may then hold a part.
 */
typedef int render_fn(struct buf *out, const struct review *review,
		      const struct render_options *options, struct err *err);

struct render_format {
	const char *name;
	render_fn  *render;
	const char *about; /* one line of help */
};

/* "text", "json", "sarif", "github"; ends with a NULL name. */
extern const struct render_format render_formats[];
/* NULL for an unknown name. */
const struct render_format *render_format_find(struct str name);

/*
 * text: per finding
 *
 *   path:line:column: severity: message [rule-id]
 *     12 |     x = eval(y)
 *        |         ^~~~~~~
 *        note: ...
 *        suggestion: ...
 *        -    x = eval(y)
 *        +    x = literal_eval(y)
 *
 * then notices and one summary line. A clean review is that one line.
 */
render_fn render_text;

/*
 * json: one object. Fields are added over time, never renamed; readers ignore unknown ones.
 *
 *   version     1: the version of this layout
 *   tool        {name: "outrider", version?}
 *   kind        "review" or "scan"
 *   base, head  commit ids, or null
 *   limited     true when something was not looked at that should have been
 *   findings    what is shown, in order; each:
 *     tool, rule, message, path    strings, always there
 *     severity     "error", "warning", "info" or "hint"
 *     confidence   "low", "medium" or "high"
 *     fingerprint  32 hex digits; null when none
 *     range        {start, end}, each {line, column, byte}: line and column 1-based, column in
 *                  characters, byte 0-based; end is the first character behind the range; byte is
 *                  null when not known
 *     text         the source of the range; null when not known
 *     note, url, cwe, category, symbol, language    null when empty
 *     in_diff      true when a comment can stand on it
 *     anchor       {start_line, line} of the new side; null when not in_diff
 *     rank         number, larger first
 *     labels       [{range, message or null, primary}]
 *     fix          null or {start, end (bytes), text, title or null, safe}; null, too, when its
 *                  text holds a credential: it would have to be masked, and a masked fix is wrong
 *     suppressed   null, "source" or "config"
 *   suppressed  the same, for findings that were suppressed
 *   held_back   the same, for findings over a cap
 *   skipped     [{path, reason (a word of change_skip_name), text, detail or null}]
 *   notices     [text]
 *   summary     numbers: files, changed_files, added_lines, errors, warnings, infos, hints,
 *               suppressed, held_back, skipped, notices
 */
render_fn render_json;

/*
 * sarif: SARIF 2.1.0 as the OASIS schema wants it. One run per tool name, ours first and always
 * there; columns count code points. Suppressed findings are results with suppressions; findings
 * over a cap, skipped files and notices are toolExecutionNotifications of our run.
 * partialFingerprints: "outrider/v1".
 */
render_fn render_sarif;

/*
 * github: the body of one POST /repos/{owner}/{repo}/pulls/{number}/reviews. Findings in_diff are
 * comments, others are listed in the body. The last line of each comment is its marker
 * (model/marker.h).
 * A review without findings has no comments and a body of one sentence.
 */
render_fn render_github;
