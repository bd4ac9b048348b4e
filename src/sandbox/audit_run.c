/* audit_run.c - a whole run as rows of the audit log. */
#include "sandbox/audit.h"

struct rows {
	struct audit_row *items;
	size_t            n, cap;
};

struct writer {
	struct arena         *mem;
	const struct receipt *receipt;
	struct rows           rows;
};

static void add(struct writer *w, struct audit_row row)
{
	row.run = str_of(w->receipt->id);
	row.actor = w->receipt->actor;
	row.on_behalf_of = w->receipt->on_behalf_of;
	row.policy = str_of(w->receipt->policy_hash);
	ARENA_PUSH(w->mem, &w->rows, row);
}

static struct str command_of(struct writer *w)
{
	struct buf text = { 0 };
	struct str line;

	for (size_t i = 0; i < w->receipt->command.n && text.len < AUDIT_FIELD_MAX; i++)
		buf_printf(&text, "%s%.*s", i ? " " : "", STR_ARG(w->receipt->command.items[i]));
	line = arena_str(w->mem, buf_str(&text));
	buf_release(&text);
	return line;
}

static void add_execs(struct writer *w)
{
	for (size_t i = 0; i < w->receipt->execs.n; i++) {
		const struct receipt_exec *e = &w->receipt->execs.items[i];

		add(w, (struct audit_row){ .kind = e->denied ? AUDIT_DENY : AUDIT_EXEC,
					   .path = e->path,
					   .what = e->script,
					   .digest = str_of(e->digest),
					   .writer = e->writer,
					   .verdict = e->denied ? STR("denied") : STR("allowed"),
					   .rule = e->name });
	}
}

static void add_denials(struct writer *w)
{
	for (size_t i = 0; i < w->receipt->denials.n; i++) {
		const struct receipt_denial *d = &w->receipt->denials.items[i];

		/* those of the network stand in the journal */
		if (d->layer != LAYER_NETNS)
			add(w, (struct audit_row){ .kind = AUDIT_DENY, .what = d->what, .rule = d->rule,
						   .verdict = STR("denied"), .reason = d->advice });
	}
}

static struct str verdict_of(struct writer *w)
{
	const struct receipt *r = w->receipt;

	if (r->end == END_EXIT)
		return arena_printf(w->mem, "exit %d", r->exit_code);
	if (r->end == END_SIGNAL)
		return arena_printf(w->mem, "signal %d", r->signal);
	if (r->end == END_LIMIT)
		return arena_printf(w->mem, "limit of %s", run_limit_name(r->limit));
	return str_of(run_end_name(r->end));
}

int audit_run(struct audit *audit, struct arena *mem, const struct receipt *receipt, const struct journal *journal,
	      struct err *err)
{
	struct writer w = { mem, receipt, { 0 } };

	add(&w, (struct audit_row){ .kind = AUDIT_RUN, .what = command_of(&w) });
	add_execs(&w);
	for (size_t i = 0; journal && i < journal->n; i++)
		add(&w, audit_net(mem, &journal->items[i]));
	add_denials(&w);
	add(&w, (struct audit_row){ .kind = AUDIT_END, .verdict = verdict_of(&w) });
	return audit_append(audit, w.rows.items, w.rows.n, err);
}
