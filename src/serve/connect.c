#include "serve/connect.h"

static int read_hooks(struct forge_config *out, struct arena *mem, const struct secret_list *hooks,
		      struct err *err)
{
	out->secrets = ARENA_ARRAY(mem, hooks->n, struct str);
	for (size_t i = 0; i < hooks->n; i++)
		if (secret_read(&out->secrets[i], mem, &hooks->items[i], err))
			return -1;
	out->n_secrets = hooks->n;
	return 0;
}

static int read_one(struct str *out, struct arena *mem, const struct secret_ref *ref, struct err *err)
{
	return ref->at.len ? secret_read(out, mem, ref, err) : 0;
}

int connect_config(struct forge_config *out, struct arena *mem, const struct integration *integration,
		   unsigned holds, struct err *err)
{
	struct forge_config config = {
		.name = integration->name,
		.type = forge_type_find(integration->forge),
		.api = integration->url,
		.web = integration->web,
		.login = integration->user,
		.app_id = integration->app_id,
		.folder = integration->path,
		.ca_file = integration->ca_file,
	};

	if ((holds & HOLDS_HOOKS && read_hooks(&config, mem, &integration->hooks, err)) ||
	    (holds & HOLDS_TOKENS && (read_one(&config.token, mem, &integration->token, err) ||
				      read_one(&config.private_key, mem, &integration->app_key, err))))
		return err_wrap(err, "integration '%.*s'", STR_ARG(integration->name));
	*out = config;
	return 0;
}
