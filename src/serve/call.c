#include "call.h"

const struct call_type call_types[] = {
	{ "recall", call_recall },     { "conclude", call_conclude }, { "mutes", call_mutes },
	{ "outcomes", call_outcomes }, { "pause", call_pause },	      { "mute", call_mute },
	{ "plan", call_plan },	       { "sent", call_sent },	      { "done", call_done },
	{ "failed", call_failed },     { "rate", call_rate },	      { "blocked", call_blocked },
	{ NULL, NULL },
};

int call_job(struct job *out, struct store *store, int64_t job, int64_t token, struct arena *mem,
	     struct err *err)
{
	bool found;

	if (jobs_get(store, (struct view){ .all = true }, job, out, &found, mem, err))
		return -1;
	if (!found || out->state != JOB_LEASED || out->token != token)
		return err_set(err, ERR_PERM, "the lease of job %lld is not yours any more",
			       (long long)job);
	return 0;
}

static const struct call_type *find(struct str name)
{
	for (const struct call_type *type = call_types; type->name; type++)
		if (str_eq(name, str_of(type->name)))
			return type;
	return NULL;
}

int call_answer(struct str *reply, struct store *store, const struct settings *settings, int64_t job,
		int64_t token, struct str name, struct str body, int64_t now, struct arena *mem,
		struct err *err)
{
	const struct call_type *type = find(name);
	json_t *in AUTO_JSON = NULL;
	json_t *out AUTO_JSON = json_object();
	struct job row = { 0 };
	struct call call = { store, settings, &row, { 0 }, mem, now, NULL, out };

	if (!type)
		return err_input(err, "there is no call '%.*s'", STR_ARG(str_sub(name, 0, 40)));
	if (call_job(&row, store, job, token, mem, err))
		return -1;
	in = body_read(body, err);
	if (!in)
		return -1;
	call.in = in;
	call.view = (struct view){ .tenant = row.tenant };
	if (type->answer(&call, err))
		return -1;
	*reply = body_text(mem, out);
	return 0;
}
