#include <jansson.h>
#include <stdlib.h>

#include "flow/shadow.h"

struct figures {
	size_t pulls, failed, limited, silent, comments, early, fixed, most;
};

static struct figures figures_of(const struct shadow *shadow)
{
	struct figures f = { .pulls = shadow->n };

	for (size_t i = 0; i < shadow->n; i++) {
		const struct shadow_pull *pull = &shadow->items[i];

		f.failed += pull->failed;
		f.limited += pull->limited;
		f.silent += !pull->failed && !pull->comments.n;
		f.comments += pull->comments.n;
		f.most = pull->comments.n > f.most ? pull->comments.n : f.most;
		/* only where there was a later state could anybody have acted on it */
		for (size_t k = 0; pull->states > 1 && k < pull->comments.n; k++) {
			f.early += !pull->comments.items[k].late;
			f.fixed += pull->comments.items[k].fixed;
		}
	}
	return f;
}

/* Bytes that a terminal would act on come out of the repository, too. */
static void add_safe(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++)
		buf_add_byte(out, (unsigned char)s.p[i] < ' ' || s.p[i] == 0x7f ? '?' : s.p[i]);
}

static void add_name(struct buf *out, const struct shadow_pull *pull)
{
	if (pull->number)
		buf_printf(out, "#%llu ", (unsigned long long)pull->number);
	else
		buf_printf(out, "%.10s ", pull->oid);
	add_safe(out, str_sub(pull->subject, 0, 100));
	buf_add_byte(out, '\n');
}

static void add_comment(struct buf *out, const struct shadow_pull *pull, const struct shadow_comment *c)
{
	buf_add(out, STR("  "));
	add_safe(out, c->path);
	buf_printf(out, ":%u: %s: ", c->line, severity_name(c->severity));
	add_safe(out, c->message);
	buf_add(out, STR(" ["));
	add_safe(out, c->rule);
	buf_printf(out, "]%s\n", pull->states < 2 ? "" : c->fixed ? " (fixed before the merge)" : "");
}

void shadow_text(struct buf *out, const struct shadow *shadow)
{
	struct figures f = figures_of(shadow);

	for (size_t i = 0; i < shadow->n; i++) {
		const struct shadow_pull *pull = &shadow->items[i];

		if (!pull->comments.n && !pull->failed)
			continue;
		add_name(out, pull);
		if (pull->failed) {
			buf_add(out, STR("  not reviewed: "));
			add_safe(out, pull->why);
			buf_add_byte(out, '\n');
		}
		for (size_t k = 0; k < pull->comments.n; k++)
			add_comment(out, pull, &pull->comments.items[k]);
	}
	buf_printf(out, "\n%zu pull request%s: %zu comment%s (%.2f each, at most %zu), nothing said on %zu",
		   f.pulls, f.pulls == 1 ? "" : "s", f.comments, f.comments == 1 ? "" : "s",
		   f.pulls ? (double)f.comments / (double)f.pulls : 0.0, f.most, f.silent);
	buf_printf(out, ", %zu limited, %zu not reviewed\n", f.limited, f.failed);
	if (f.early)
		buf_printf(out, "said before the last commit: %zu, of these fixed before the merge: %zu\n",
			   f.early, f.fixed);
}

static json_t *text(struct str s)
{
	json_t *json = json_stringn(s.len ? s.p : "", s.len);

	return json ? json : json_string("?"); /* no UTF-8 */
}

static json_t *json_of(const struct shadow_pull *pull)
{
	json_t *comments = json_array();

	for (size_t i = 0; i < pull->comments.n; i++) {
		const struct shadow_comment *c = &pull->comments.items[i];

		json_array_append_new(comments,
				      json_pack("{s:o,s:I,s:o,s:s,s:o,s:b,s:b}", "path", text(c->path), "line",
						(json_int_t)c->line, "rule", text(c->rule), "severity",
						severity_name(c->severity), "message", text(c->message),
						"fixed", c->fixed, "late", c->late));
	}
	return json_pack("{s:I,s:o,s:s,s:I,s:b,s:b,s:o,s:o}", "number", (json_int_t)pull->number, "subject",
			 text(pull->subject), "commit", pull->oid, "states", (json_int_t)pull->states,
			 "failed", pull->failed, "limited", pull->limited, "why", text(pull->why),
			 "comments", comments);
}

int shadow_json(struct buf *out, const struct shadow *shadow, struct err *err)
{
	struct figures f = figures_of(shadow);
	json_t *pulls = json_array(), *root;
	char *line;

	for (size_t i = 0; i < shadow->n; i++)
		json_array_append_new(pulls, json_of(&shadow->items[i]));
	root = json_pack("{s:o,s:{s:I,s:I,s:I,s:I,s:I,s:I,s:I}}", "pulls", pulls, "summary", "pulls",
			 (json_int_t)f.pulls, "comments", (json_int_t)f.comments, "silent",
			 (json_int_t)f.silent, "limited", (json_int_t)f.limited, "failed",
			 (json_int_t)f.failed, "early", (json_int_t)f.early, "fixed", (json_int_t)f.fixed);
	line = root ? json_dumps(root, JSON_INDENT(2)) : NULL;
	json_decref(root);
	if (!line)
		return err_set(err, ERR_TEMP, "out of memory");
	buf_add(out, str_of(line));
	buf_add_byte(out, '\n');
	free(line);
	return 0;
}
