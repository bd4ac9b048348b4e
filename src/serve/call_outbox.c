/* call_outbox.c - effects of a job: planned, sent, confirmed, in the database before and after they happen. */
#include "call.h"
#include "store/outbox.h"

static int rows_read(struct outbox_row **rows, size_t *n, struct call *call, struct err *err)
{
	const json_t *list = json_object_get(call->in, "effects");

	*n = json_array_size(list);
	if (*n > OUTBOX_MAX_PLAN)
		return err_input(err, "a plan of %zu effects, more than %d", *n, OUTBOX_MAX_PLAN);
	*rows = ARENA_ARRAY(call->mem, *n + 1, struct outbox_row);
	for (size_t i = 0; i < *n; i++) {
		const json_t *one = json_array_get(list, i);
		struct outbox_row *row = &(*rows)[i];

		row->kind = body_str(call->mem, one, "kind");
		row->marker = body_str(call->mem, one, "key");
		row->request = body_str(call->mem, one, "effect");
		if (row->kind.len == 0 || row->marker.len == 0)
			return err_input(err, "an effect without kind or key");
	}
	return 0;
}

static json_t *row_json(const struct outbox_row *row)
{
	json_t *one = json_object();

	json_object_set_new(one, "id", json_integer(row->id));
	json_object_set_new(one, "state", json_string(outbox_state_name(row->state)));
	body_set(one, "answer", row->answer);
	body_set(one, "effect", row->request);
	return one;
}

int call_plan(struct call *call, struct err *err)
{
	struct outbox_list planned = { 0 };
	enum lease_answer answer;
	struct outbox_row *rows;
	json_t *list;
	size_t n;

	if (rows_read(&rows, &n, call, err) ||
	    outbox_plan(call->store, call->job->id, call->job->token, rows, n, call->now, &answer,
			&planned, call->mem, err))
		return -1;
	if (answer == LEASE_STALE)
		return err_set(err, ERR_PERM, "the lease is not yours any more");
	list = json_array();
	for (size_t i = 0; i < planned.n; i++)
		json_array_append_new(list, row_json(&planned.items[i]));
	json_object_set_new(call->out, "effects", list);
	return 0;
}

int call_sent(struct call *call, struct err *err)
{
	enum lease_answer answer;

	if (outbox_sent(call->store, body_int(call->in, "id"), call->job->token, call->now, &answer,
			err))
		return -1;
	if (answer == LEASE_STALE)
		return err_set(err, ERR_PERM, "the lease is not yours any more");
	json_object_set_new(call->out, "confirmed", json_boolean(answer == LEASE_ALREADY));
	return 0;
}

int call_done(struct call *call, struct err *err)
{
	return outbox_confirm(call->store, body_int(call->in, "id"),
			      body_str(call->mem, call->in, "answer"), call->now, err);
}

int call_failed(struct call *call, struct err *err)
{
	return outbox_fail(call->store, body_int(call->in, "id"),
			   body_str(call->mem, call->in, "error"), call->now, err);
}
