#include "http/url.h"
#include "server_private.h"

/* One component: a word, "{name}", or a final "{name...}" for all that is left. */
static bool match_part(struct http_call *call, size_t *n_params, struct str pattern,
		       struct str part)
{
	struct str text;

	if (!pattern.len || pattern.p[0] != '{')
		return url_unescape(&text, call->mem, part, false) && str_eq(text, pattern);
	if (*n_params == COUNT(call->params) || !part.len ||
	    !url_unescape(&text, call->mem, part, false) || memchr(text.p, '\0', text.len))
		return false;
	call->params[(*n_params)++] = text;
	return true;
}

static bool match(struct http_call *call, struct str pattern, struct str path)
{
	struct str part, want;
	size_t n = 0;

	memset(call->params, 0, sizeof call->params);
	pattern = str_from(pattern, 1);
	path = str_from(path, 1);
	for (;;) {
		bool more_pattern = str_cut(&pattern, '/', &want), more_path;

		if (more_pattern && str_ends(want, STR("...}")))
			return match_part(call, &n, want, path);
		more_path = str_cut(&path, '/', &part);
		if (!more_pattern || !more_path)
			return more_pattern == more_path;
		if (!match_part(call, &n, want, part))
			return false;
	}
}

static bool fits(const struct http_route *route, struct str method)
{
	return str_eq(str_of(route->method), method) ||
	       (str_eq(method, STR("HEAD")) && strcmp(route->method, "GET") == 0);
}

const struct http_route *route_find(const struct http_server *server, struct http_call *call,
				    struct str path, struct str *allow)
{
	*allow = (struct str){ 0 };
	for (size_t i = 0; i < server->options.n_routes; i++) {
		const struct http_route *route = &server->options.routes[i];

		if (!match(call, str_of(route->pattern), path))
			continue;
		if (fits(route, call->method))
			return route;
		*allow = allow->len ? arena_printf(call->mem, "%.*s, %s", STR_ARG(*allow),
						   route->method)
				    : arena_str(call->mem, str_of(route->method));
		if (strcmp(route->method, "GET") == 0)
			*allow = arena_printf(call->mem, "%.*s, HEAD", STR_ARG(*allow));
	}
	return NULL;
}
