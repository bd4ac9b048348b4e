#include <stdio.h>
#include <time.h>

#include "http/url.h"
#include "type.h"

enum {
	MAX_REASON = 300,
	MAX_PAGES = 60, /* of one listing: 6,000 items */
	DEFAULT_WAIT_MS = 10000,
};

int64_t forge_now_ms(const struct forge *forge)
{
	struct timespec now;

	if (forge->env.now_ms)
		return forge->env.now_ms(forge->env.ctx);
	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* ---- the limiter ---- */

static int64_t ask(struct forge *forge, struct cost cost)
{
	const struct limits *limits = &forge->config.type->limits;

	if (forge->env.ask)
		return forge->env.ask(forge->env.ctx, str_of(forge->credential), limits, cost);
	return limiter_ask(&forge->limiter, limits, cost, forge_now_ms(forge));
}

static void tell(struct forge *forge, const struct http_response *response)
{
	const struct limits *limits = &forge->config.type->limits;

	if (forge->env.tell)
		forge->env.tell(forge->env.ctx, str_of(forge->credential), limits, response);
	else if (!forge->env.ask)
		limiter_tell(&forge->limiter, limits, response, forge_now_ms(forge));
}

static int wait_for_turn(struct forge *forge, struct cost cost, struct err *err)
{
	int64_t left = forge->env.max_wait_ms ? forge->env.max_wait_ms : DEFAULT_WAIT_MS, wait;

	while ((wait = ask(forge, cost)) > 0) {
		if (wait > left || !forge->env.wait) {
			forge->retry_ms = wait;
			return err_set(err, ERR_TEMP,
				       "%s: the rate limit is reached; again in %lld s",
				       forge->config.type->label, (long long)(wait / 1000 + 1));
		}
		left -= wait;
		if (!forge->env.wait(forge->env.ctx, wait))
			return err_set(err, ERR_TEMP, "cancelled");
	}
	return 0;
}

/* ---- one request ---- */

/* The address of a path, or of a next page that the forge named: it must lie where the first one lay. */
static int address(struct str *out, struct arena *mem, const struct forge *forge, struct str path,
		   struct err *err)
{
	struct str api = forge->config.api;
	struct url base, next;

	while (str_ends(api, STR("/")))
		api.len--;
	if (!str_starts(path, STR("http://")) && !str_starts(path, STR("https://"))) {
		/* an Enterprise Server has its GraphQL beside its REST */
		if (str_eq(path, STR("graphql")) && str_ends(api, STR("/api/v3")))
			api.len -= 3;
		*out = arena_printf(mem, "%.*s/%.*s", STR_ARG(api), STR_ARG(path));
		return 0;
	}
	if (url_parse(&base, mem, api, err) < 0 || url_parse(&next, mem, path, err) < 0)
		return -1;
	if (!url_same_origin(&base, &next))
		return err_set(err, ERR_PERM, "%s names a next page on another host",
			       forge->config.type->label);
	*out = path;
	return 0;
}

static int add_headers(struct forge *forge, struct arena *mem, const struct call *call,
		       struct http_request *request, struct err *err)
{
	if (http_header_add(&request->headers, mem, STR("Accept"),
			    str_of(call->accept ? call->accept : "application/json"), err) < 0)
		return -1;
	if (call->body.len && http_header_add(&request->headers, mem, STR("Content-Type"),
					      STR("application/json"), err) < 0)
		return -1;
	if (call->bearer.len)
		return http_header_add(&request->headers, mem, STR("Authorization"),
				       arena_printf(mem, "Bearer %.*s", STR_ARG(call->bearer)),
				       err);
	if (!forge->config.type->authorize)
		return 0;
	return forge->config.type->authorize(forge, mem, call->place, request, err);
}

static int once(struct forge *forge, struct arena *mem, const struct call *call,
		struct http_response *out, struct err *err)
{
	struct http_request request = { .method = str_of(call->method), .body = call->body };
	struct http_client *client = call->with_token_client ? forge->token_client : forge->client;

	if (address(&request.url, mem, forge, call->path, err) < 0 ||
	    add_headers(forge, mem, call, &request, err) < 0)
		return -1;
	/* whoever makes tokens is not counted: it holds a lock that others wait for, and is limited by the cache */
	if (!call->with_token_client && wait_for_turn(forge, call->cost, err) < 0)
		return -1;
	if (http_send(client, mem, &request, out, err) < 0) {
		if (!call->with_token_client)
			tell(forge, NULL);
		return err_wrap(err, "%s", forge->config.type->label);
	}
	if (!call->with_token_client)
		tell(forge, out);
	return 0;
}

static void set_retry(struct forge *forge, const struct http_response *response)
{
	int64_t after = http_retry_after(http_header_get(&response->headers, STR("Retry-After")),
					 forge_now_ms(forge) / 1000);

	forge->retry_ms = after > 0 ? after * 1000 : LIMITER_FIRST_WAIT_MS;
}

int forge_call(struct forge *forge, struct arena *mem, const struct call *call,
	       struct http_response *out, struct err *err)
{
	struct http_response response;

	if (!call->with_token_client)
		forge->retry_ms = 0;
	if (once(forge, mem, call, &response, err) < 0)
		return -1;
	/* revoked or out of time before we knew: nothing was done, so the same may be asked again */
	if (response.status == 401 && !call->bearer.len && call->place &&
	    forge->config.type->forget && forge->config.type->forget(forge, call->place) &&
	    once(forge, mem, call, &response, err) < 0)
		return -1;
	if (limiter_refused(&response)) {
		if (!call->with_token_client)
			set_retry(forge, &response);
		return err_set(err, ERR_TEMP, "%s asks us to slow down (%d)",
			       forge->config.type->label, response.status);
	}
	if (response.status >= 500 || response.status == 408)
		return err_set(err, ERR_TEMP, "%s answers %d %s", forge->config.type->label,
			       response.status, http_status_text(response.status));
	*out = response;
	return 0;
}

/* ---- what an answer means ---- */

static struct str without_secret(struct arena *mem, struct str text, struct str secret)
{
	size_t at;

	while (secret.len >= 4 && (at = str_find(text, secret)) != SIZE_MAX)
		text = arena_printf(mem, "%.*s***%.*s", (int)at, text.p,
				    STR_ARG(str_from(text, at + secret.len)));
	return text;
}

/* GitHub's `errors` are strings or objects, GitLab's `message` may be an object of lists. */
static struct str words_of(struct arena *mem, const json_t *json)
{
	static const char *const members[] = { "message", "error.message", "error",
					       "error_description" };
	struct str words = { 0 }, detail = { 0 };
	json_t *errors = payload_at(json, "errors");

	for (size_t i = 0; i < COUNT(members) && !words.len; i++) {
		json_t *value = payload_at(json, members[i]);

		words = payload_str(mem, value, "", MAX_REASON);
		if (!words.len && value)
			words = str_sub(payload_dump(mem, json_incref(value)), 0, MAX_REASON);
	}
	if (json_is_array(errors) && json_array_size(errors))
		detail = str_sub(payload_dump(mem, json_incref(errors)), 0, MAX_REASON);
	return arena_printf(mem, "%.*s%s%.*s", STR_ARG(words), detail.len ? " " : "",
			    STR_ARG(detail));
}

struct str forge_reason(const struct forge *forge, struct arena *mem,
			const struct http_response *response)
{
	AUTO_JSON json_t *json = NULL;
	struct str words = { 0 };

	if (payload_load(&json, response->body, NULL) == 0)
		words = words_of(mem, json);
	else
		words = str_sub(response->body, 0, MAX_REASON);
	words = without_secret(mem, words, forge->config.token);
	return str_trim(words);
}

int forge_refused(const struct forge *forge, struct arena *mem,
		  const struct http_response *response, struct err *err)
{
	struct str reason = forge_reason(forge, mem, response);

	return err_set(err, ERR_PERM, "%s answers %d %s%s%.*s", forge->config.type->label,
		       response->status, http_status_text(response->status), reason.len ? ": " : "",
		       STR_ARG(reason));
}

int forge_get(struct forge *forge, const struct forge_place *place, struct str path, bool may_lack,
	      json_t **out, struct err *err)
{
	const struct call call = { .method = "GET", .path = path, .place = place };
	AUTO_ARENA struct arena scratch;
	struct http_response response;

	arena_init(&scratch, FORGE_ANSWER_MEMORY);
	if (forge_call(forge, &scratch, &call, &response, err) < 0)
		return -1;
	if (may_lack && (response.status == 404 || response.status == 410)) {
		*out = NULL;
		return 0;
	}
	if (response.status != 200)
		return forge_refused(forge, &scratch, &response, err);
	/* Gerrit's guard against being read as a script */
	if (str_starts(response.body, STR(")]}'\n")))
		response.body = str_from(response.body, 5);
	if (payload_load(out, response.body, err) < 0)
		return err_wrap(err, "%s", forge->config.type->label);
	return 0;
}

struct str forge_next_link(const struct http_response *response)
{
	struct str rest = http_header_get(&response->headers, STR("Link")), one;

	while (str_cut(&rest, ',', &one)) {
		size_t open = str_find_byte(one, '<'), close = str_find_byte(one, '>');

		if (open != SIZE_MAX && close != SIZE_MAX && open < close &&
		    str_has(str_from(one, close), STR("rel=\"next\"")))
			return str_sub(one, open + 1, close);
	}
	return (struct str){ 0 };
}

int forge_list(struct forge *forge, struct arena *mem, const struct forge_place *place,
	       struct str path, const char *where, size_t page_size, take_fn *take, void *ctx,
	       struct err *err)
{
	bool has_query = str_find_byte(path, '?') != SIZE_MAX;

	for (unsigned page = 1; page <= MAX_PAGES; page++) {
		struct str at = page == 1 ? path
					  : arena_printf(mem, "%.*s%cpage=%u", STR_ARG(path),
							 has_query ? '&' : '?', page);
		AUTO_JSON json_t *json = NULL;
		const json_t *items;
		size_t i;
		json_t *item;
		int end;

		if (forge_get(forge, place, at, false, &json, err) < 0)
			return -1;
		items = payload_at(json, where ? where : "");
		json_array_foreach(items, i, item)
		{
			end = take(ctx, mem, item, err);
			if (end)
				return end < 0 ? -1 : 0;
		}
		if (json_array_size(items) < page_size)
			return 0;
	}
	return 0;
}

/* ---- who we are ---- */

int forge_self(struct forge *forge, struct arena *mem, const struct actor **out, struct err *err)
{
	struct actor self = { 0 };

	if (!forge->self.login.len) {
		if (!forge->config.type->whoami)
			return err_set(err, ERR_PERM, "%s has no accounts",
				       forge->config.type->label);
		if (forge->config.type->whoami(forge, mem, &self, err) < 0)
			return -1;
		if (!self.login.len)
			return err_set(err, ERR_PERM, "%s does not say who we are",
				       forge->config.type->label);
		forge->self = (struct actor){ arena_str(&forge->mem, self.login),
					      arena_str(&forge->mem, self.id), self.bot };
	}
	*out = &forge->self;
	return 0;
}

static struct str bare_login(struct str login)
{
	return str_ends(login, STR("[bot]")) ? str_sub(login, 0, login.len - 5) : login;
}

bool forge_same_login(struct str a, struct str b)
{
	return a.len && str_eq_nocase(bare_login(a), bare_login(b));
}

int forge_whoami_at(struct forge *forge, struct arena *mem, struct str path, const char *login,
		    const char *id, struct actor *out, struct err *err)
{
	AUTO_JSON json_t *json = NULL;

	if (forge_get(forge, NULL, path, false, &json, err) < 0)
		return -1;
	*out = (struct actor){ .login = payload_name(mem, json, login),
			       .id = payload_id(mem, json, id) };
	return 0;
}

int forge_add_token(struct arena *mem, struct http_request *request, const char *scheme,
		    struct str token, struct err *err)
{
	if (!token.len)
		return 0;
	return http_header_add(&request->headers, mem, STR("Authorization"),
			       arena_printf(mem, "%s %.*s", scheme, STR_ARG(token)), err);
}

int forge_add_basic(struct arena *mem, struct http_request *request, struct str login,
		    struct str password, struct err *err)
{
	struct str pair = arena_printf(mem, "%.*s:%.*s", STR_ARG(login), STR_ARG(password));

	return forge_add_token(mem, request, "Basic", base64_text(mem, pair), err);
}

/* ---- was it done? ---- */

struct search {
	const struct effect *effect;
	const char *text;
	bool found;
	struct str id;
};

static int look_at(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct search *search = ctx;

	(void)err;
	if (!text_has_key(payload_view(item, search->text), search->effect->key))
		return 0;
	search->found = true;
	search->id = payload_id(mem, item, "id");
	return 1;
}

int forge_find_in_list(struct forge *forge, struct arena *mem, const struct effect *effect,
		       const char *where, size_t page_size, const char *text, bool *found,
		       struct forge_answer *out, struct err *err)
{
	const struct forge_place place = { effect->repository, effect->installation,
					   effect->number };
	struct search search = { .effect = effect, .text = text };

	if (forge_list(forge, mem, &place, effect->find, where, page_size, look_at, &search, err) <
	    0)
		return -1;
	*found = search.found;
	if (search.found)
		*out = (struct forge_answer){ ANSWER_DONE, search.id, { 0 } };
	return 0;
}
