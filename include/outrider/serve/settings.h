/* settings.h - the file of the service, written by whoever runs it: where it listens, which forges it serves. */
#pragma once
#include "base/glob.h"
#include "model/finding.h"

enum {
	SETTINGS_MAX_BYTES = 1 << 20,
	SETTINGS_MAX_WORKERS = 64,    /* processes of one machine */
	SECRET_MAX_BYTES = 64 << 10,  /* a private key is below 4 KB */
};

/*
 * Where a secret stands: "env:NAME" or "file:PATH" (absolute, or relative to the file of settings). Never the secret
 * itself, so that settings can be shown and logged.
 */
struct secret_ref {
	struct str at;   /* "env:..." or "file:..."; empty: none */
	struct str base; /* folder of the file of settings, with its final '/' */
};

struct secret_list {
	struct secret_ref *items;
	size_t             n, cap;
};

/* Which pull requests are looked at. The lists are of names, with `*` and `?`; letters match in either case. */
struct intake_policy {
	bool             drafts;        /* also drafts; default: not before they are ready */
	bool             bots;          /* also pull requests that a bot opened; default: yes */
	struct glob_list repositories;  /* "owner/name"; empty: all that the forge tells us of */
	struct glob_list ignore_authors;
	struct glob_list skip_labels, only_labels;
	struct glob_list branches;      /* base branches; empty: all */
};

/* One forge account. Its events come to /hooks/NAME. */
struct integration {
	struct str          name;
	struct str          forge;      /* a row of forge_types */
	struct str          tenant;     /* who may see it; default: "default" */
	struct str          url;        /* base of the API; for `local` unset */
	struct str          web;        /* base of links for people */
	struct str          clone;      /* base of clone URLs; empty: as the forge says */
	struct str          path;       /* local: folder of the repositories */
	struct str          ca_file;    /* PEM of a private authority */
	struct str          app_id;     /* GitHub App */
	struct str          user;       /* name that goes with the token, where a forge wants one */
	struct secret_ref   app_key, token;
	struct secret_list  hooks;      /* several are valid while one is replaced */
	struct intake_policy intake;
	enum severity       fail_on;    /* the check is red from there on; SEVERITY_OFF: never */
	uint32_t            comments;   /* at most on one pull request */
	bool                check, summary;
};

struct integration_list {
	struct integration *items;
	size_t              n, cap;
};

struct settings {
	struct str listen;       /* "HOST:PORT" or "unix:PATH" */
	struct str url;          /* as people reach it, for links; "" : http://listen */
	struct str data;         /* folder of mirrors, caches and the embedded database */
	struct str database;     /* "sqlite:PATH" or "postgres://..." */
	struct secret_ref database_password; /* for PostgreSQL, so that the URL may be shown */
	struct {
		struct str listen;   /* "ipc://..." (default, below data) or "tcp://HOST:PORT" */
		struct str keys;     /* folder of CURVE keys, for tcp */
	} broker;
	struct str selftest;     /* record of the sandbox's self-test; default: in data */
	uint32_t   workers;      /* processes of this machine; 0: this node has none */
	uint32_t   per_repository, per_tenant; /* jobs at once */
	uint32_t   job_seconds, job_memory_mb; /* of one analyst */
	uint32_t   lease_seconds; /* without a word of its worker a job is given to another */
	uint32_t   mirror_gb;    /* budget of all mirrors */
	uint32_t   keep_days;    /* finished jobs and deliveries */
	struct integration_list integrations;
	struct {
		struct secret_ref token;        /* of the local administrator; none: the dashboard is off */
		struct str        issuer;       /* OpenID Connect; empty: none */
		struct str        client_id;
		struct secret_ref client_secret;
		struct str        role_claim;   /* whose values are matched below */
		struct glob_list  viewers, operators, admins;
		struct str        tenant_claim; /* empty: everyone sees the tenant "default" alone */
	} login;
};

/*
 * Reads a file of settings. Relative paths in it are relative to its folder. ERR_INPUT with "file:line:column: what" for
 * anything that is not understood; an integration that names no forge of ours is one.
 */
int settings_read(struct settings *out, struct arena *mem, const char *path, struct err *err);
/* The same from text; `base` is the folder for relative paths. For settings_read() and tests. */
int settings_parse(struct settings *out, struct arena *mem, const char *name, struct str base,
		   struct str text, struct err *err);
/* NULL when there is none of that name. */
const struct integration *settings_integration(const struct settings *settings, struct str name);
/* Is an integration of this tenant? */
bool settings_tenant(const struct settings *settings, struct str name);

/*
 * The secret that stands there, without a line end at its end. ERR_INPUT when the variable or the file is not there, the
 * file can be read by everybody, or the secret is empty. Its text never holds the secret.
 */
int secret_read(struct str *out, struct arena *mem, const struct secret_ref *ref, struct err *err);
