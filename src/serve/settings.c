/* settings.c - the service's YAML file to struct settings: one table of keys, one small reader for each. */
#include "serve/settings.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/reader.h"
#include "base/scope.h"
#include "forge/forge.h"
#include "queue/lease.h"

struct settings_reader {
	struct reader r; /* first: readers of base take it, ours cast it back */
	struct str    base;
};

static struct str base_of(struct reader *r)
{
	return ((struct settings_reader *)r)->base;
}

static int read_text(struct reader *r, const struct yaml *node, struct str *out)
{
	if (reader_expect(r, node, YAML_SCALAR, "a text"))
		return -1;
	if (node->text.len == 0)
		return yaml_error(r->err, r->name, node, "expected a text, not an empty one");
	*out = node->text;
	return 0;
}

static int read_path(struct reader *r, const struct yaml *node, struct str *out)
{
	struct str path;

	if (read_text(r, node, &path))
		return -1;
	*out = path.p[0] == '/' ? path
				: arena_printf(r->mem, "%.*s%.*s", STR_ARG(base_of(r)), STR_ARG(path));
	return 0;
}

static int read_secret(struct reader *r, const struct yaml *node, struct secret_ref *out)
{
	struct str at;

	if (read_text(r, node, &at))
		return -1;
	if (!str_starts(at, STR("env:")) && !str_starts(at, STR("file:")))
		return yaml_error(r->err, r->name, node,
				  "expected env:NAME or file:PATH, which tell where the secret stands, "
				  "not the secret");
	*out = (struct secret_ref){ at, base_of(r) };
	return 0;
}

static int read_url(struct reader *r, const struct yaml *node, struct str *out)
{
	if (read_text(r, node, out))
		return -1;
	if (!str_starts(*out, STR("https://")) && !str_starts(*out, STR("http://")))
		return yaml_error(r->err, r->name, node, "expected a URL with https:// or http://");
	while (str_ends(*out, STR("/")))
		out->len--;
	*out = arena_str(r->mem, *out);
	return 0;
}

/* Names of accounts, labels, branches: `*` and `?` only, for "[bot]" is part of a name. Letters match in either case. */
static int read_name(struct reader *r, const struct yaml *node, struct glob **out)
{
	struct str name;
	struct err cause;
	AUTO_BUF struct buf pattern = { 0 };

	if (read_text(r, node, &name))
		return -1;
	for (size_t i = 0; i < name.len; i++) {
		if (strchr("[]{}\\", name.p[i]))
			buf_add_byte(&pattern, '\\');
		buf_add_byte(&pattern, name.p[i]);
	}
	if (glob_compile(out, r->mem, buf_str(&pattern), GLOB_RULE, true, &cause))
		return yaml_error(r->err, r->name, node, "%s", cause.text);
	return 0;
}

static int read_names(struct reader *r, const struct yaml *node, struct glob_list *out)
{
	struct glob_list list = { 0 };

	if (reader_expect(r, node, YAML_SEQ, "a list of names"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct glob *glob;

		if (read_name(r, node->child[i], &glob))
			return -1;
		ARENA_PUSH(r->mem, &list, glob);
	}
	*out = list;
	return 0;
}

/* FIELD_READER(name, kind, type, field): a reader of one field of a struct. */
#define FIELD_READER(name, kind, type, field)                                             \
	static int name(struct reader *r, const struct yaml *node, void *to)               \
	{                                                                                  \
		return read_##kind(r, node, &((type *)to)->field);                         \
	}
#define NUMBER_READER(name, type, field, least, most)                                     \
	static int name(struct reader *r, const struct yaml *node, void *to)               \
	{                                                                                  \
		return reader_number(r, node, least, most, &((type *)to)->field);          \
	}
#define read_bool reader_bool

/* ---- which pull requests ---- */

FIELD_READER(intake_drafts, bool, struct intake_policy, drafts)
FIELD_READER(intake_bots, bool, struct intake_policy, bots)
FIELD_READER(intake_repositories, names, struct intake_policy, repositories)
FIELD_READER(intake_authors, names, struct intake_policy, ignore_authors)
FIELD_READER(intake_skip, names, struct intake_policy, skip_labels)
FIELD_READER(intake_only, names, struct intake_policy, only_labels)
FIELD_READER(intake_branches, names, struct intake_policy, branches)

static const struct key intake_keys[] = {
	{ "drafts", intake_drafts },	       { "bots", intake_bots },
	{ "repositories", intake_repositories }, { "ignore_authors", intake_authors },
	{ "skip_labels", intake_skip },	       { "only_labels", intake_only },
	{ "branches", intake_branches },
};

/* ---- integrations ---- */

FIELD_READER(one_name, text, struct integration, name)
FIELD_READER(one_forge, text, struct integration, forge)
FIELD_READER(one_tenant, text, struct integration, tenant)
FIELD_READER(one_url, url, struct integration, url)
FIELD_READER(one_web, url, struct integration, web)
FIELD_READER(one_clone, text, struct integration, clone)
FIELD_READER(one_path, path, struct integration, path)
FIELD_READER(one_ca, path, struct integration, ca_file)
FIELD_READER(one_app, text, struct integration, app_id)
FIELD_READER(one_user, text, struct integration, user)
FIELD_READER(one_key, secret, struct integration, app_key)
FIELD_READER(one_token, secret, struct integration, token)
FIELD_READER(one_check, bool, struct integration, check)
FIELD_READER(one_summary, bool, struct integration, summary)
NUMBER_READER(one_comments, struct integration, comments, 1, 100)

static int one_hooks(struct reader *r, const struct yaml *node, void *to)
{
	struct integration *one = to;
	struct secret_ref ref;

	if (node->kind == YAML_SCALAR) {
		if (read_secret(r, node, &ref))
			return -1;
		ARENA_PUSH(r->mem, &one->hooks, ref);
		return 0;
	}
	if (reader_expect(r, node, YAML_SEQ, "a list of secrets"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		if (read_secret(r, node->child[i], &ref))
			return -1;
		ARENA_PUSH(r->mem, &one->hooks, ref);
	}
	return 0;
}

static int one_fail_on(struct reader *r, const struct yaml *node, void *to)
{
	static const struct word words[] = {
		{ "never", SEVERITY_OFF },	 { "hint", SEVERITY_HINT },	  { "info", SEVERITY_INFO },
		{ "warning", SEVERITY_WARNING }, { "error", SEVERITY_ERROR },
	};
	int value;

	if (reader_word(r, node, words, COUNT(words), &value))
		return -1;
	((struct integration *)to)->fail_on = (enum severity)value;
	return 0;
}

static int one_intake(struct reader *r, const struct yaml *node, void *to)
{
	return reader_keys(r, node, intake_keys, COUNT(intake_keys),
			   &((struct integration *)to)->intake);
}

static const struct key integration_keys[] = {
	{ "name", one_name },	  { "forge", one_forge },     { "tenant", one_tenant },
	{ "url", one_url },	  { "web", one_web },	      { "clone", one_clone },
	{ "path", one_path },	  { "ca_file", one_ca },      { "app_id", one_app },
	{ "user", one_user },	  { "app_key", one_key },     { "token", one_token },
	{ "secrets", one_hooks }, { "fail_on", one_fail_on }, { "comments", one_comments },
	{ "check", one_check },	  { "summary", one_summary }, { "intake", one_intake },
};

static bool is_plain_name(struct str name)
{
	if (name.len == 0 || name.len > 64)
		return false;
	for (size_t i = 0; i < name.len; i++)
		if (!strchr("abcdefghijklmnopqrstuvwxyz0123456789-_", name.p[i]))
			return false;
	return true;
}

static struct str forge_list(struct arena *mem)
{
	struct str list = { 0 };

	for (size_t i = 0; i < forge_type_count(); i++)
		list = arena_printf(mem, "%.*s%s%s", STR_ARG(list), i ? ", " : "",
				    forge_type_name(forge_type_at(i)));
	return list;
}

static int check_integration(struct reader *r, const struct yaml *node, const struct integration *one,
			     const struct settings *settings)
{
	if (!is_plain_name(one->name))
		return yaml_error(r->err, r->name, node,
				  "an integration needs a name of a-z, 0-9, - and _, for its address "
				  "/hooks/NAME");
	if (settings_integration(settings, one->name))
		return yaml_error(r->err, r->name, node, "a second integration '%.*s'",
				  STR_ARG(one->name));
	if (!forge_type_find(one->forge))
		return yaml_error(r->err, r->name, node, "integration '%.*s' needs `forge`: one of %.*s",
				  STR_ARG(one->name), STR_ARG(forge_list(r->mem)));
	/* a folder has a spool: its webhook then takes nothing */
	if (one->hooks.n == 0 && !str_eq(one->forge, STR("local")))
		return yaml_error(r->err, r->name, node,
				  "integration '%.*s' needs `secrets`: events that nobody signed are "
				  "not taken", STR_ARG(one->name));
	return 0;
}

static int settings_integrations(struct reader *r, const struct yaml *node, void *to)
{
	struct settings *settings = to;

	if (reader_expect(r, node, YAML_SEQ, "a list of integrations"))
		return -1;
	for (size_t i = 0; i < node->n; i++) {
		struct integration one = { .tenant = STR("default"), .fail_on = SEVERITY_ERROR,
					   .comments = 10, .check = true, .summary = true,
					   .intake = { .bots = true } };

		if (reader_keys(r, node->child[i], integration_keys, COUNT(integration_keys), &one) ||
		    check_integration(r, node->child[i], &one, settings))
			return -1;
		ARENA_PUSH(r->mem, &settings->integrations, one);
	}
	return 0;
}

/* ---- login ---- */

FIELD_READER(login_token, secret, struct settings, login.token)
FIELD_READER(login_issuer, url, struct settings, login.issuer)
FIELD_READER(login_client, text, struct settings, login.client_id)
FIELD_READER(login_secret, secret, struct settings, login.client_secret)
FIELD_READER(login_claim, text, struct settings, login.role_claim)
FIELD_READER(login_tenant, text, struct settings, login.tenant_claim)
FIELD_READER(login_viewers, names, struct settings, login.viewers)
FIELD_READER(login_operators, names, struct settings, login.operators)
FIELD_READER(login_admins, names, struct settings, login.admins)

static const struct key login_keys[] = {
	{ "token", login_token },	  { "issuer", login_issuer },
	{ "client_id", login_client },	  { "client_secret", login_secret },
	{ "role_claim", login_claim },	  { "tenant_claim", login_tenant },
	{ "viewers", login_viewers },	  { "operators", login_operators },
	{ "admins", login_admins },
};

static int settings_login(struct reader *r, const struct yaml *node, void *to)
{
	struct settings *settings = to;

	if (reader_keys(r, node, login_keys, COUNT(login_keys), settings))
		return -1;
	if (settings->login.issuer.len &&
	    (settings->login.client_id.len == 0 || settings->login.client_secret.at.len == 0))
		return yaml_error(r->err, r->name, node,
				  "`issuer` needs `client_id` and `client_secret` too");
	return 0;
}

/* ---- the whole ---- */

FIELD_READER(settings_listen, text, struct settings, listen)
FIELD_READER(settings_url, url, struct settings, url)
FIELD_READER(settings_data, path, struct settings, data)
FIELD_READER(settings_database, text, struct settings, database)
FIELD_READER(settings_selftest, path, struct settings, selftest)
FIELD_READER(settings_password, secret, struct settings, database_password)
FIELD_READER(broker_listen, text, struct settings, broker.listen)
FIELD_READER(broker_keys, path, struct settings, broker.keys)
NUMBER_READER(settings_workers, struct settings, workers, 0, SETTINGS_MAX_WORKERS)
NUMBER_READER(limit_repository, struct settings, per_repository, 1, 1000)
NUMBER_READER(limit_tenant, struct settings, per_tenant, 1, 10000)
NUMBER_READER(limit_seconds, struct settings, job_seconds, 5, 3600)
NUMBER_READER(limit_lease, struct settings, lease_seconds, 5, 3600)
NUMBER_READER(limit_memory, struct settings, job_memory_mb, 128, 65536)
NUMBER_READER(limit_mirror, struct settings, mirror_gb, 1, 100000)
NUMBER_READER(limit_days, struct settings, keep_days, 1, 3650)

static const struct key broker_keys_table[] = {
	{ "listen", broker_listen },
	{ "keys", broker_keys },
};

static int settings_broker(struct reader *r, const struct yaml *node, void *to)
{
	return reader_keys(r, node, broker_keys_table, COUNT(broker_keys_table), to);
}

static const struct key limit_keys[] = {
	{ "per_repository", limit_repository }, { "per_tenant", limit_tenant },
	{ "job_seconds", limit_seconds },	{ "job_memory_mb", limit_memory },
	{ "lease_seconds", limit_lease },
	{ "mirror_gb", limit_mirror },		{ "keep_days", limit_days },
};

static int settings_limits(struct reader *r, const struct yaml *node, void *to)
{
	return reader_keys(r, node, limit_keys, COUNT(limit_keys), to);
}

static int settings_version(struct reader *r, const struct yaml *node, void *to)
{
	uint32_t version;

	(void)to;
	return reader_number(r, node, 1, 1, &version);
}

static const struct key settings_keys[] = {
	{ "version", settings_version },   { "listen", settings_listen },
	{ "url", settings_url },	   { "data", settings_data },
	{ "database", settings_database }, { "database_password", settings_password },
	{ "broker", settings_broker },	   { "workers", settings_workers },
	{ "limits", settings_limits },	   { "integrations", settings_integrations },
	{ "login", settings_login },	   { "selftest", settings_selftest },
};

/* What is not said: one machine, everything below the data folder. */
static void add_defaults(struct settings *s, struct arena *mem, struct str base)
{
	if (s->listen.len == 0)
		s->listen = STR("127.0.0.1:8080");
	if (s->data.len == 0)
		s->data = arena_printf(mem, "%.*sdata", STR_ARG(base));
	if (s->database.len == 0)
		s->database = arena_printf(mem, "sqlite:%.*s/outrider.db", STR_ARG(s->data));
	if (s->selftest.len == 0)
		s->selftest = arena_printf(mem, "%.*s/selftest.json", STR_ARG(s->data));
	if (s->broker.listen.len == 0)
		s->broker.listen = arena_printf(mem, "ipc://%.*s/broker.sock", STR_ARG(s->data));
	if (s->broker.keys.len == 0)
		s->broker.keys = arena_printf(mem, "%.*s/keys", STR_ARG(s->data));
	if (s->url.len == 0 && !str_starts(s->listen, STR("unix:")))
		s->url = arena_printf(mem, "http://%.*s", STR_ARG(s->listen));
}

int settings_parse(struct settings *out, struct arena *mem, const char *name, struct str base,
		   struct str text, struct err *err)
{
	struct settings settings = { .workers = 2, .per_repository = 4, .per_tenant = 64,
				     .job_seconds = 300, .job_memory_mb = 1024, .mirror_gb = 50,
				     .lease_seconds = LEASE_MS / 1000,
				     .keep_days = 30 };
	struct settings_reader reader = { { mem, name, err }, arena_str(mem, base) };
	struct yaml_docs docs = { 0 };

	if (yaml_load(&docs, mem, name, text, err))
		return -1;
	if (docs.n != 1)
		return err_input(err, "%s: expected one YAML document, not %zu", name, docs.n);
	if (reader_keys(&reader.r, docs.items[0], settings_keys, COUNT(settings_keys), &settings))
		return -1;
	add_defaults(&settings, mem, reader.base);
	*out = settings;
	return 0;
}

int settings_read(struct settings *out, struct arena *mem, const char *path, struct err *err)
{
	char *real = realpath(path, NULL);
	struct str text, folder;
	int status;

	if (!real)
		return err_errno(err, "cannot read %s", path);
	folder = str_of(real);
	while (folder.len && folder.p[folder.len - 1] != '/')
		folder.len--;
	status = file_read(&text, mem, path, SETTINGS_MAX_BYTES, err);
	if (status == 0)
		status = settings_parse(out, mem, path, folder, text, err);
	free(real);
	return status;
}

const struct integration *settings_integration(const struct settings *settings, struct str name)
{
	for (size_t i = 0; i < settings->integrations.n; i++)
		if (str_eq(settings->integrations.items[i].name, name))
			return &settings->integrations.items[i];
	return NULL;
}

bool settings_tenant(const struct settings *settings, struct str name)
{
	for (size_t i = 0; i < settings->integrations.n; i++)
		if (str_eq(settings->integrations.items[i].tenant, name))
			return true;
	return false;
}

static int secret_file(struct str *out, struct arena *mem, const char *path, struct err *err)
{
	struct stat st;

	if (stat(path, &st))
		return err_errno(err, "cannot read the secret %s", path);
	if (S_ISREG(st.st_mode) && (st.st_mode & S_IROTH))
		return err_input(err, "the secret %s can be read by everybody: chmod o= it", path);
	return file_read(out, mem, path, SECRET_MAX_BYTES, err);
}

int secret_read(struct str *out, struct arena *mem, const struct secret_ref *ref, struct err *err)
{
	struct str value;

	if (str_starts(ref->at, STR("env:"))) {
		const char *text = getenv(arena_z(mem, str_from(ref->at, 4)));

		if (!text)
			return err_input(err, "the secret %.*s is not in the environment",
					 STR_ARG(ref->at));
		value = arena_str(mem, str_of(text));
	} else {
		struct str path = str_from(ref->at, 5);
		struct str whole = path.len && path.p[0] == '/' ?
					   path :
					   arena_printf(mem, "%.*s%.*s", STR_ARG(ref->base), STR_ARG(path));

		if (secret_file(&value, mem, arena_z(mem, whole), err))
			return -1;
	}
	while (value.len && (value.p[value.len - 1] == '\n' || value.p[value.len - 1] == '\r'))
		value.len--;
	if (value.len == 0)
		return err_input(err, "the secret %.*s is empty", STR_ARG(ref->at));
	*out = value;
	return 0;
}
