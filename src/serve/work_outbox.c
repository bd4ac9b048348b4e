/* work_outbox.c - effects of a job: written down by the broker, sent by us, each once. */
#include "work.h"

#include <stdlib.h>

#include "serve/log.h"

int work_target(struct forge_target *out, struct work *work, const struct pull *pull, struct err *err)
{
	unsigned abilities;

	if (forge_abilities(work->forge, &abilities, err))
		return -1;
	*out = (struct forge_target){
		.config = &work->config,
		.pull = pull,
		.installation = work->event.installation,
		.key = arena_printf(&work->mem, "j%lld", (long long)work->worker->job.id),
		.turn = arena_printf(&work->mem, "%lld", (long long)work->worker->job.token),
		.summary = work->summary,
		.check = str_eq(work->checked, str_of(pull->head_oid)) ? work->check : STR(""),
		.details = body_str(&work->mem, work->body, "page"),
		.abilities = abilities,
	};
	return 0;
}

static json_t *effect_json(const struct effect *effect)
{
	AUTO_BUF struct buf text = { 0 };
	json_t *one = json_object();

	effect_encode(&text, effect);
	json_object_set_new(one, "kind", json_string(effect_kind_name(effect->kind)));
	body_set(one, "key", effect->key);
	body_set(one, "effect", buf_str(&text));
	return one;
}

/* Tells the broker what is to be sent, and keeps its rows: the state of each effect, perhaps of an earlier try. */
static int plan_effects(struct work *work, const struct effect_list *effects, struct err *err)
{
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	json_t *list = json_array();
	const json_t *rows;

	json_object_set_new(ask, "effects", list);
	for (size_t i = 0; i < effects->n; i++)
		json_array_append_new(list, effect_json(&effects->items[i]));
	if (worker_ask(work->worker, "plan", ask, &reply, err))
		return -1;
	rows = json_object_get(reply, "effects");
	if (json_array_size(rows) != effects->n)
		return err_set(err, ERR_BUG, "the broker planned %zu of %zu effects",
			       json_array_size(rows), effects->n);
	if (!work->reply_rows)
		work->reply_rows = json_object();
	for (size_t i = 0; i < effects->n; i++)
		json_object_set(work->reply_rows, arena_z(&work->mem, effects->items[i].key),
				json_array_get(rows, i));
	return 0;
}

static json_t *row_of(struct work *work, const struct effect *effect)
{
	return json_object_get(work->reply_rows, arena_z(&work->mem, effect->key));
}

/* ---- struct outbox of forge.h ---- */

/* Where our summary and check stand from now on. */
static void remember(struct work *work, const struct effect *effect, struct str id)
{
	if (id.len == 0)
		return;
	if (effect->kind == EFFECT_CHECK) {
		work->check = arena_str(&work->mem, id);
		work->checked = arena_str(&work->mem, str_of(effect->head_oid));
	} else if (effect->kind == EFFECT_COMMENT && str_has(effect->key, STR(":summary")))
		work->summary = arena_str(&work->mem, id);
}

static int outbox_state(void *ctx, const struct effect *effect, enum effect_state *state,
			struct str *id, struct err *err)
{
	struct work *work = ctx;
	const json_t *row = row_of(work, effect);
	struct str word = body_str(&work->mem, row, "state");

	(void)err;
	*state = str_eq(word, STR("confirmed")) ? EFFECT_DONE :
		 str_eq(word, STR("sent"))	? EFFECT_SENT :
						  EFFECT_PLANNED;
	*id = STR("");
	if (*state == EFFECT_DONE) {
		json_t *answer AUTO_JSON = body_read(body_str(&work->mem, row, "answer"), NULL);

		*id = body_str(&work->mem, answer, "id");
		remember(work, effect, *id);
	}
	return 0;
}

static int ask_about(struct work *work, const char *call, const struct effect *effect, const char *name,
		     struct str value, struct err *err)
{
	json_t *ask AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;
	json_t *row = row_of(work, effect);

	if (!row)
		return err_set(err, ERR_BUG, "an effect that was not planned: %.*s",
			       STR_ARG(effect->key));
	json_object_set(ask, "id", json_object_get(row, "id"));
	if (name)
		body_set(ask, name, value);
	return worker_ask(work->worker, call, ask, &reply, err);
}

static int outbox_sending(void *ctx, const struct effect *effect, struct err *err)
{
	return ask_about(ctx, "sent", effect, NULL, (struct str){ 0 }, err);
}

static int outbox_done(void *ctx, const struct effect *effect, const struct forge_answer *answer,
		       struct err *err)
{
	struct work *work = ctx;
	json_t *text AUTO_JSON = json_object();

	if (answer->kind != ANSWER_DONE)
		return ask_about(work, "failed", effect, "error",
				 answer->reason.len ? answer->reason : STR("gone"), err);
	remember(work, effect, answer->id);
	body_set(text, "id", answer->id);
	return ask_about(work, "done", effect, "answer", body_text(&work->mem, text), err);
}

/* The parts are planned before the whole is given up: whoever comes between finds one or the other. */
static int outbox_split(void *ctx, const struct effect *effect, const struct effect_list *parts,
			struct err *err)
{
	struct work *work = ctx;

	if (plan_effects(work, parts, err))
		return -1;
	return ask_about(work, "failed", effect, "error", STR("split into its parts"), err);
}

static void note_losses(struct work *work, const struct losses *losses)
{
	for (int i = 0; i < LOSSES; i++) {
		if (losses->n[i] == 0)
			continue;
		if (!work->losses)
			work->losses = json_object();
		json_object_set_new(work->losses, loss_text((enum loss_kind)i),
				    json_integer((json_int_t)losses->n[i]));
	}
}

int work_deliver(struct work *work, const struct forge_plan *plan, struct err *err)
{
	const struct outbox outbox = { outbox_state, outbox_sending, outbox_done, outbox_split, work };
	struct losses losses = plan->losses;
	int status;

	if (plan->effects.n == 0)
		return 0;
	if (plan_effects(work, &plan->effects, err))
		return -1;
	status = forge_deliver(work->forge, &work->mem, &plan->effects, &outbox, &losses, err);
	note_losses(work, &losses);
	return status;
}
