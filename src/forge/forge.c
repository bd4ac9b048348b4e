#include "forge/forge.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/sha256.h"
#include "http/url.h"
#include "type.h"

static const struct forge_type *const forge_types[] = {
	&forge_github,       &forge_gitlab, &forge_gitea,   &forge_forgejo, &forge_bitbucket,
	&forge_bitbucket_dc, &forge_gerrit, &forge_generic, &forge_local,
};

/* ---- the table ---- */

const struct forge_type *forge_type_find(struct str name)
{
	for (size_t i = 0; i < COUNT(forge_types); i++)
		if (str_eq(name, str_of(forge_types[i]->name)))
			return forge_types[i];
	return NULL;
}

size_t forge_type_count(void)
{
	return COUNT(forge_types);
}

const struct forge_type *forge_type_at(size_t i)
{
	return i < COUNT(forge_types) ? forge_types[i] : NULL;
}

const char *forge_type_name(const struct forge_type *type)
{
	return type->name;
}

const char *forge_type_label(const struct forge_type *type)
{
	return type->label;
}

unsigned forge_type_abilities(const struct forge_type *type)
{
	return type->abilities;
}

/* ---- configuration ---- */

static bool is_name(struct str name)
{
	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') &&
		    (!c || !strchr("-_.", c)))
			return false;
	}
	return name.len > 0 && name.len <= 100;
}

static struct forge_config with_defaults(const struct forge_config *config)
{
	struct forge_config full = *config;

	if (!full.api.len && full.type->public_api)
		full.api = str_of(full.type->public_api);
	while (str_ends(full.api, STR("/")))
		full.api.len--;
	return full;
}

int forge_config_check(const struct forge_config *config, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct forge_config full;
	struct url url;

	arena_init(&mem, 1 << 20);
	if (!config->type)
		return err_input(err, "integration '%.*s': no such type of forge",
				 STR_ARG(config->name));
	if (!is_name(config->name))
		return err_input(
			err,
			"the name of an integration must be letters, digits, '-', '_' and '.'");
	for (size_t i = 0; i < config->n_secrets; i++)
		if (config->secrets[i].len < SIGNATURE_MIN_SECRET)
			return err_input(err, "integration '%.*s': an empty secret",
					 STR_ARG(config->name));
	full = with_defaults(config);
	if (full.api.len && url_parse(&url, &mem, full.api, err) < 0)
		return err_wrap(err, "integration '%.*s': api", STR_ARG(config->name));
	if (full.web.len && url_parse(&url, &mem, full.web, err) < 0)
		return err_wrap(err, "integration '%.*s': web", STR_ARG(config->name));
	if (config->type->check && config->type->check(&full, err) < 0)
		return err_wrap(err, "integration '%.*s'", STR_ARG(config->name));
	return 0;
}

/* ---- deliveries ---- */

int forge_verify(const struct forge_config *config, const struct forge_delivery *delivery,
		 struct err *err)
{
	bool any = false;

	for (size_t i = 0; i < config->n_secrets; i++)
		any = any || config->secrets[i].len >= SIGNATURE_MIN_SECRET;
	if (!any)
		return err_set(err, ERR_PERM,
			       "integration '%.*s' has no secret: nothing can be verified",
			       STR_ARG(config->name));
	return config->type->verify(config, delivery, err);
}

struct str delivery_header(struct arena *mem, const struct forge_delivery *delivery,
			   const char *name)
{
	struct str value = http_header_get(delivery->headers, str_of(name));
	char *copy;

	if (value.len > PAYLOAD_MAX_ID || !str_is_utf8(value))
		return (struct str){ 0 };
	copy = arena_z(mem, value);
	for (size_t i = 0; i < value.len; i++)
		if ((unsigned char)copy[i] < 0x20 || copy[i] == 0x7f)
			copy[i] = ' ';
	return (struct str){ copy, value.len };
}

/* GitHub and Gitea can be set to send "payload=<JSON>" as a form. */
static int json_of(struct str *out, struct arena *mem, const struct forge_delivery *delivery,
		   struct err *err)
{
	struct str type = http_header_get(delivery->headers, STR("Content-Type"));

	*out = delivery->body;
	if (!str_starts(type, STR("application/x-www-form-urlencoded")))
		return 0;
	if (!url_query_get(out, mem, delivery->body, STR("payload")))
		return err_input(err, "a form without 'payload'");
	return 0;
}

/* A forge without delivery ids: the same bytes are the same delivery. */
static struct str hash_id(struct arena *mem, struct str body)
{
	unsigned char hash[SHA256_BYTES];
	char text[2 * 16 + 1];

	sha256_of(hash, body);
	for (size_t i = 0; i < 16; i++)
		snprintf(text + 2 * i, 3, "%02x", hash[i]);
	return arena_printf(mem, "sha256-%s", text);
}

int forge_parse(struct event *out, struct arena *mem, const struct forge_config *config,
		const struct forge_delivery *delivery, struct err *err)
{
	AUTO_JSON json_t *json = NULL;
	struct event event = { .kind = EVENT_OTHER };
	struct str text;

	if (delivery->body.len > EVENT_MAX_BODY)
		return err_input(err, "a delivery of more than %d bytes", EVENT_MAX_BODY);
	if (json_of(&text, mem, delivery, err) < 0 || payload_load(&json, text, err) < 0)
		return err_wrap(err, "%s", config->type->label);
	if (!json_is_object(json))
		return err_input(err, "%s: the delivery is no JSON object", config->type->label);
	event.integration = config->name;
	if (config->type->parse(&event, mem, delivery, json, err) < 0)
		return err_wrap(err, "%s", config->type->label);
	if (!event.delivery.len)
		event.delivery = hash_id(mem, delivery->body);
	/* what names no repository of a usable form is kept, and does nothing */
	if (event.repository.len && !repository_is_valid(event.repository, true)) {
		event.repository = (struct str){ 0 };
		event.kind = EVENT_OTHER;
	}
	*out = event;
	return 0;
}

int forge_git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	      const struct pull *pull, struct str token, struct err *err)
{
	struct forge_config full = with_defaults(config);

	if (!config->type->git)
		return err_set(err, ERR_PERM, "%s has no repositories of its own",
			       config->type->label);
	if (!repository_is_valid(pull->repository, true))
		return err_input(err, "'%.*s' is no name of a repository",
				 STR_ARG(pull->repository));
	return config->type->git(out, mem, &full, pull, token.len ? token : config->token, err);
}

/* ---- an open forge ---- */

/* Names a credential without telling it. */
static void hash_credential(struct forge *forge)
{
	const struct forge_config *config = &forge->config;
	unsigned char hash[SHA256_BYTES];
	struct str secret = config->token.len ? config->token : config->private_key;
	AUTO_BUF struct buf all = { 0 };

	buf_printf(&all, "%s\n%.*s\n%.*s\n%.*s\n", config->type->name, STR_ARG(config->api),
		   STR_ARG(config->app_id), STR_ARG(config->login));
	buf_add(&all, secret);
	sha256_of(hash, buf_str(&all));
	for (size_t i = 0; i < 16; i++)
		snprintf(forge->credential + 2 * i, 3, "%02x", hash[i]);
	explicit_bzero(all.bytes, all.len);
}

static int open_clients(struct forge *forge, struct err *err)
{
	const struct http_client_options options = {
		.proxy = forge->config.proxy,
		.ca_file = forge->config.ca_file,
		.max_answer = FORGE_MAX_ANSWER,
		.record = forge->env.record,
		.cancelled = forge->env.cancelled,
		.ctx = forge->env.ctx,
	};

	if (http_client_open(&forge->client, &options, err) < 0)
		return -1;
	return http_client_open(&forge->token_client, &options, err);
}

int forge_open(struct forge **out, const struct forge_config *config, const struct forge_env *env,
	       struct err *err)
{
	struct forge *forge;

	if (forge_config_check(config, err) < 0)
		return -1;
	forge = calloc(1, sizeof *forge);
	if (!forge)
		return err_set(err, ERR_TEMP, "out of memory");
	forge->config = with_defaults(config);
	if (env)
		forge->env = *env;
	arena_init(&forge->mem, FORGE_ANSWER_MEMORY);
	pthread_mutex_init(&forge->token_lock, NULL);
	hash_credential(forge);
	if (open_clients(forge, err) < 0) {
		forge_close(forge);
		return -1;
	}
	*out = forge;
	return 0;
}

static void free_secret(char *secret)
{
	if (secret)
		explicit_bzero(secret, strlen(secret));
	free(secret);
}

void forge_close(struct forge *forge)
{
	if (!forge)
		return;
	for (size_t i = 0; i < forge->n_minted; i++) {
		free(forge->minted[i].installation);
		free(forge->minted[i].repository);
		free_secret(forge->minted[i].token);
	}
	http_client_close(forge->client);
	http_client_close(forge->token_client);
	pthread_mutex_destroy(&forge->token_lock);
	arena_release(&forge->mem);
	free(forge);
}

int64_t forge_retry_ms(const struct forge *forge)
{
	return forge->retry_ms;
}

int forge_abilities(struct forge *forge, unsigned *out, struct err *err)
{
	const struct forge_type *type = forge->config.type;
	unsigned abilities = type->abilities;
	AUTO_ARENA struct arena mem;

	arena_init(&mem, FORGE_ANSWER_MEMORY);
	if (!forge->probed) {
		if (type->probe && type->probe(forge, &mem, &abilities, err) < 0)
			return -1;
		forge->abilities = abilities;
		forge->probed = true;
	}
	*out = forge->abilities;
	return 0;
}

static int lacks(const struct forge *forge, const char *what, struct err *err)
{
	return err_set(err, ERR_PERM, "%s has no %s", forge->config.type->label, what);
}

int forge_token(struct forge *forge, struct arena *mem, const struct forge_place *place,
		struct str *token, int64_t *expires_ms, struct err *err)
{
	if (forge->config.type->token)
		return forge->config.type->token(forge, mem, place, token, expires_ms, err);
	*token = forge->config.token;
	*expires_ms = INT64_MAX;
	return 0;
}

int forge_whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	const struct actor *self;

	if (forge_self(forge, mem, &self, err) < 0)
		return -1;
	*out = *self;
	return 0;
}

int forge_pull(struct forge *forge, struct arena *mem, const struct forge_place *place,
	       struct pull *out, struct err *err)
{
	struct pull pull = { 0 };

	if (!forge->config.type->pull)
		return lacks(forge, "pull requests to ask for", err);
	if (forge->config.type->pull(forge, mem, place, &pull, err) < 0)
		return -1;
	*out = pull;
	return 0;
}

int forge_pulls(struct forge *forge, struct arena *mem, const struct forge_place *place,
		enum pull_filter state, size_t max, struct pull_list *out, struct err *err)
{
	struct pull_list list = { 0 };

	if (!forge->config.type->pulls)
		return lacks(forge, "list of pull requests", err);
	if (max > FORGE_MAX_PULLS)
		max = FORGE_MAX_PULLS;
	if (forge->config.type->pulls(forge, mem, place, state, max, &list, err) < 0)
		return -1;
	*out = list;
	return 0;
}

int forge_threads(struct forge *forge, struct arena *mem, const struct forge_place *place,
		  struct thread_list *out, struct err *err)
{
	struct thread_list list = { 0 };

	if (forge->config.type->threads &&
	    forge->config.type->threads(forge, mem, place, &list, err) < 0)
		return -1;
	*out = list;
	return 0;
}

int forge_summary(struct forge *forge, struct arena *mem, const struct forge_place *place,
		  struct str *id, struct err *err)
{
	struct str found = { 0 };

	if (forge->config.type->summary &&
	    forge->config.type->summary(forge, mem, place, &found, err) < 0)
		return -1;
	*id = found;
	return 0;
}

int forge_permission(struct forge *forge, const struct forge_place *place, struct str login,
		     enum permission *out, struct err *err)
{
	enum permission permission = PERMISSION_NONE;
	AUTO_ARENA struct arena mem;

	arena_init(&mem, FORGE_ANSWER_MEMORY);
	if (!forge->config.type->permission)
		return lacks(forge, "permissions to ask for", err);
	if (!login.len || login.len > EVENT_MAX_NAME)
		return err_input(err, "no login");
	if (forge->config.type->permission(forge, &mem, place, login, &permission, err) < 0)
		return -1;
	*out = permission;
	return 0;
}

int forge_sweep(struct forge *forge, struct forge_missed *missed, struct err *err)
{
	missed->asked = missed->taken = 0;
	return forge->config.type->sweep ? forge->config.type->sweep(forge, missed, err) : 0;
}
