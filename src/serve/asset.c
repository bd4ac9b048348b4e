#include "asset.h"

#include "answers.h"

static const char *type_of(struct str name)
{
	static const struct {
		const char *end, *type;
	} types[] = {
		{ ".css", "text/css; charset=utf-8" },
		{ ".js", "text/javascript; charset=utf-8" },
		{ ".json", "application/json" },
	};

	for (size_t i = 0; i < COUNT(types); i++)
		if (str_ends(name, str_of(types[i].end)))
			return types[i].type;
	return "application/octet-stream";
}

void asset_handle(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	(void)ctx;
	for (const struct asset *asset = asset_table; asset->name; asset++)
		if (str_ends(call->path, arena_printf(call->mem, "/%s", asset->name))) {
			http_answer_typed(exchange, 200, type_of(str_of(asset->name)),
					  (struct str){ (const char *)asset->bytes, asset->len });
			return;
		}
	http_answer_typed(exchange, 404, "text/plain", STR("there is no such file\n"));
}
