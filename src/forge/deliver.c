/* deliver.c - effects out: sent once each, found again after a crash, split when refused. */
#include "http/url.h"
#include "type.h"

/* What creates something that people are told of counts more with the forge's limits. */
static bool is_content(enum effect_kind kind)
{
	return kind == EFFECT_REVIEW || kind == EFFECT_COMMENT || kind == EFFECT_REPLY ||
	       kind == EFFECT_CHECK;
}

static struct str fill_in(struct arena *mem, struct str path, struct str id)
{
	size_t at = str_find(path, STR("{id}"));

	if (at == SIZE_MAX)
		return path;
	return arena_printf(mem, "%.*s%.*s%.*s", (int)at, path.p, STR_ARG(url_escaped(mem, id)),
			    STR_ARG(str_from(path, at + 4)));
}

static enum answer_kind kind_of(int status)
{
	if (status == 404 || status == 410)
		return ANSWER_GONE;
	return ANSWER_REFUSED;
}

/* GraphQL says 200 and tells the failure in the body. */
static bool graphql_failed(const struct effect *effect, const json_t *json)
{
	return str_eq(effect->path, STR("graphql")) &&
	       json_array_size(payload_at(json, "errors")) > 0;
}

static enum answer_kind graphql_kind(struct arena *mem, const json_t *json)
{
	const json_t *first = json_array_get(payload_at(json, "errors"), 0);

	return str_eq(payload_name(mem, first, "type"), STR("NOT_FOUND")) ? ANSWER_GONE
									  : ANSWER_REFUSED;
}

static void read_answer(struct forge *forge, struct arena *mem, const struct effect *effect,
			struct http_response *response, struct forge_answer *out)
{
	const char *member = forge->config.type->answer_id;
	AUTO_JSON json_t *json = NULL;

	*out = (struct forge_answer){ .kind = ANSWER_DONE };
	if (str_starts(response->body, STR(")]}'\n")))
		response->body = str_from(response->body, 5);
	(void)payload_load(&json, response->body, NULL);
	if (response->status / 100 != 2 || graphql_failed(effect, json)) {
		out->kind = response->status / 100 == 2 ? graphql_kind(mem, json)
							: kind_of(response->status);
		out->reason = forge_reason(forge, mem, response);
	} else {
		out->id = payload_id(mem, json, member ? member : "id");
	}
}

int forge_send(struct forge *forge, struct arena *mem, const struct effect *effect,
	       struct str needed, struct forge_answer *out, struct err *err)
{
	const struct forge_place place = { effect->repository, effect->installation,
					   effect->number };
	struct call call = { .body = effect->body,
			     .place = &place,
			     .cost = { .writes = true, .content = is_content(effect->kind) } };
	struct http_response response;

	if (forge->config.type->send)
		return forge->config.type->send(forge, mem, effect, needed, out, err);
	if (effect->needs.len && !needed.len)
		return err_set(err, ERR_PERM, "the forge refused '%.*s', which this needs", STR_ARG(effect->needs));
	call.method = arena_z(mem, effect->method);
	call.path = fill_in(mem, effect->path, needed);
	if (forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	/* the credential, not the words: nothing that splitting or waiting mends */
	if (response.status == 401 || response.status == 403 || response.status / 100 == 3)
		return forge_refused(forge, mem, &response, err);
	read_answer(forge, mem, effect, &response, out);
	return 0;
}

int forge_find(struct forge *forge, struct arena *mem, const struct effect *effect, bool *found,
	       struct forge_answer *out, struct err *err)
{
	*found = false;
	if (!effect->find.len || !forge->config.type->find)
		return 0;
	return forge->config.type->find(forge, mem, effect, found, out, err);
}

/*
 * What was refused inline becomes an ordinary comment, in which nobody finds a thread again: so it is said once in a pull request,
 * whichever job comes to it.
 */
static struct str plain_key(struct arena *mem, const struct effect *effect, const json_t *body)
{
	static const char *const paths[] = { "path", "position.new_path", "inline.path", "anchor.path" };
	const json_t *list = payload_at(body, "comments"), *comment = list ? json_array_get(list, 0) : body;
	struct str words = effect->body, path = { 0 };
	size_t at = str_find(words, STR("finding="));

	/* its finding, whatever the line is now and the words beside it */
	if (at != SIZE_MAX)
		words = str_sub(words, at, at + 8 + FINGERPRINT_HEX);
	for (size_t i = 0; i < COUNT(paths) && !path.len; i++)
		path = payload_view(comment, paths[i]);
	return arena_printf(mem, "p%llu:said:%.*s", (unsigned long long)effect->number,
			    STR_ARG(key_hash(mem, path, words)));
}

bool forge_split(struct effect_list *out, struct arena *mem, const struct forge_config *config,
		 const struct effect *effect, struct losses *losses)
{
	size_t half = effect->parts / 2;
	AUTO_JSON json_t *body = NULL;
	struct effect part;
	struct str key;

	if (!config->type->split || !effect->parts || payload_load(&body, effect->body, NULL) < 0)
		return false;
	if (effect->parts == 1) {
		key = plain_key(mem, effect, body);
		if (config->type->split(&part, mem, effect, key, body, 0, 1, true) < 0)
			return false;
		losses->n[LOSS_INLINE]++;
		ARENA_PUSH(mem, out, part);
		return true;
	}
	for (size_t i = 0; i < 2; i++) {
		key = arena_printf(mem, "%.*s.%zu", STR_ARG(effect->key), i);
		if (config->type->split(&part, mem, effect, key, body, i ? half : 0,
					i ? effect->parts - half : half, false) < 0)
			return false;
		ARENA_PUSH(mem, out, part);
	}
	return true;
}

/* ---- the outbox's loop ---- */

struct delivery {
	struct forge *forge;
	struct arena *mem;
	const struct outbox *outbox;
	struct effect_list todo; /* grows while parts replace what was refused */
	struct str *ids;         /* answers, by index of todo */
	size_t n_ids;
	struct losses *losses;
};

static struct str needed_id(const struct delivery *delivery, const struct effect *effect)
{
	for (size_t i = 0; i < delivery->n_ids; i++)
		if (effect->needs.len && str_eq(delivery->todo.items[i].key, effect->needs))
			return delivery->ids[i];
	return (struct str){ 0 };
}

static int send_one(struct delivery *delivery, const struct effect *effect,
		    struct forge_answer *answer, struct err *err)
{
	const struct outbox *outbox = delivery->outbox;
	struct effect_list parts = { 0 };
	struct losses losses = { 0 };

	if (outbox->sending(outbox->ctx, effect, err) < 0 ||
	    forge_send(delivery->forge, delivery->mem, effect, needed_id(delivery, effect), answer,
		       err) < 0)
		return -1;
	if (answer->kind != ANSWER_REFUSED ||
	    !forge_split(&parts, delivery->mem, &delivery->forge->config, effect, &losses))
		return outbox->done(outbox->ctx, effect, answer, err);
	if (outbox->split(outbox->ctx, effect, &parts, err) < 0)
		return -1;
	for (size_t i = 0; i < LOSSES; i++)
		delivery->losses->n[i] += losses.n[i];
	for (size_t i = 0; i < parts.n; i++)
		ARENA_PUSH(delivery->mem, &delivery->todo, parts.items[i]);
	return 0;
}

static int deliver_one(struct delivery *delivery, const struct effect *effect, struct str *id,
		       struct err *err)
{
	const struct outbox *outbox = delivery->outbox;
	enum effect_state state = EFFECT_PLANNED;
	struct forge_answer answer = { 0 };
	bool found = false;

	if (outbox->state(outbox->ctx, effect, &state, id, err) < 0)
		return -1;
	if (state == EFFECT_DONE)
		return 0;
	/* sent by somebody who did not live to see the answer */
	if (state == EFFECT_SENT &&
	    forge_find(delivery->forge, delivery->mem, effect, &found, &answer, err) < 0)
		return -1;
	if (found) {
		if (outbox->done(outbox->ctx, effect, &answer, err) < 0)
			return -1;
	} else if (send_one(delivery, effect, &answer, err) < 0) {
		return -1;
	}
	*id = answer.id;
	return 0;
}

int forge_deliver(struct forge *forge, struct arena *mem, const struct effect_list *effects,
		  const struct outbox *outbox, struct losses *losses, struct err *err)
{
	struct delivery delivery = {
		.forge = forge, .mem = mem, .outbox = outbox, .losses = losses
	};
	size_t cap = 0;

	for (size_t i = 0; i < effects->n; i++)
		ARENA_PUSH(mem, &delivery.todo, effects->items[i]);
	for (size_t i = 0; i < delivery.todo.n; i++) {
		const struct effect effect = delivery.todo.items[i];
		struct str id = { 0 };

		if (deliver_one(&delivery, &effect, &id, err) < 0)
			return err_wrap(err, "%s '%.*s'", effect_kind_name(effect.kind),
					STR_ARG(effect.key));
		if (delivery.n_ids == cap)
			delivery.ids = arena_grow(mem, delivery.ids, delivery.n_ids, &cap,
						  sizeof *delivery.ids);
		delivery.ids[delivery.n_ids++] = id;
	}
	return 0;
}
