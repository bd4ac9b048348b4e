/* github_sweep.c - GitHub keeps deliveries that did not arrive, for three days, and sends them again only when asked. */
#include "github.h"
#include "http/url.h"

enum { MAX_PAGES = 30, MAX_ASKED = 500 /* of one sweep: the next hour's takes the rest */ };

struct missing {
	struct str id, guid;
	int64_t at_ms;
};

struct sweep {
	struct {
		struct str *items; /* guids that arrived by some attempt */
		size_t n, cap;
	} arrived;
	struct {
		struct missing *items;
		size_t n, cap;
	} missing;
};

static bool has(const struct str *items, size_t n, struct str guid)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq(items[i], guid))
			return true;
	return false;
}

static void note(struct sweep *sweep, struct arena *mem, const json_t *item)
{
	uint64_t status = payload_number(item, "status_code");
	struct missing missing = { payload_id(mem, item, "id"), payload_id(mem, item, "guid"),
				   payload_time(item, "delivered_at") * 1000 };

	if (status >= 200 && status < 300)
		ARENA_PUSH(mem, &sweep->arrived, missing.guid);
	else if (missing.id.len && missing.guid.len)
		ARENA_PUSH(mem, &sweep->missing, missing);
}

/* The newest come first: it ends at those that are older than what was swept before. */
static int read_page(struct forge *forge, struct arena *mem, struct str *path, int64_t since_ms,
		     struct sweep *sweep, struct err *err)
{
	struct call call = { .method = "GET",
			     .path = *path,
			     .accept = "application/vnd.github+json" };
	struct http_response response;
	AUTO_JSON json_t *json = NULL;
	size_t i;
	json_t *item;

	if (github_jwt(&call.bearer, mem, &forge->config, forge_now_ms(forge) / 1000, err) < 0 ||
	    forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	if (response.status != 200)
		return forge_refused(forge, mem, &response, err);
	if (payload_load(&json, response.body, err) < 0)
		return -1;
	*path = forge_next_link(&response);
	json_array_foreach(json, i, item)
	{
		if (payload_time(item, "delivered_at") * 1000 < since_ms)
			*path = (struct str){ 0 };
		else
			note(sweep, mem, item);
	}
	return 0;
}

static int ask_again(struct forge *forge, struct arena *mem, struct str id, struct err *err)
{
	struct call call = { .method = "POST",
			     .accept = "application/vnd.github+json",
			     .cost = { .writes = true } };
	struct http_response response;

	call.path = path_printf(mem, "app/hook/deliveries/%.*s/attempts",
				STR_ARG(url_escaped(mem, id)));
	if (github_jwt(&call.bearer, mem, &forge->config, forge_now_ms(forge) / 1000, err) < 0 ||
	    forge_call(forge, mem, &call, &response, err) < 0)
		return -1;
	/* too old or gone: nothing to be done */
	if (response.status == 404 || response.status == 422)
		return 0;
	return response.status / 100 == 2 ? 0 : forge_refused(forge, mem, &response, err);
}

/* The oldest first, each event once however many attempts of it failed. */
static int ask_for_all(struct forge *forge, struct arena *mem, struct sweep *sweep,
		       struct forge_missed *missed, struct err *err)
{
	for (size_t i = sweep->missing.n; i-- > 0 && missed->asked < MAX_ASKED;) {
		struct missing *one = &sweep->missing.items[i];

		if (has(sweep->arrived.items, sweep->arrived.n, one->guid))
			continue;
		if (ask_again(forge, mem, one->id, err) < 0)
			return -1;
		ARENA_PUSH(mem, &sweep->arrived, one->guid);
		missed->asked++;
	}
	return 0;
}

int github_sweep(struct forge *forge, struct forge_missed *missed, struct err *err)
{
	int64_t start_ms = forge_now_ms(forge);
	struct str path = STR("app/hook/deliveries?per_page=100");
	struct sweep sweep = { 0 };
	AUTO_ARENA struct arena mem;

	arena_init(&mem, (size_t)MAX_PAGES * FORGE_MAX_ANSWER);
	/* deliveries are the App's: a plain token cannot see them */
	if (!forge->config.private_key.len)
		return 0;
	for (unsigned page = 0; path.len && page < MAX_PAGES; page++)
		if (read_page(forge, &mem, &path, missed->since_ms, &sweep, err) < 0)
			return -1;
	if (ask_for_all(forge, &mem, &sweep, missed, err) < 0)
		return -1;
	if (missed->asked < MAX_ASKED)
		missed->since_ms = start_ms;
	return 0;
}
