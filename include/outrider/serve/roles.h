/*
 * roles.h - one machine's whole service: which processes, and what each may know.
 *
 * A process gets only the environment variables that hold its own secrets (DESIGN.md, 3): the gateway the webhook secrets and the
 * login's, the broker the tokens, a worker none.
 */
#pragma once
#include <sys/types.h>

#include "serve/settings.h"

enum role_kind { ROLE_SUPERVISOR, ROLE_GATEWAY, ROLE_BROKER, ROLE_WORKER, ROLE_KINDS };

/* "gateway", ...; false for an unknown word. */
bool role_kind_parse(struct str word, enum role_kind *out);

struct role_options {
	const char    *program;      /* absolute path of this program */
	const char    *config;       /* the file of settings */
	pid_t          supervisor;   /* for a role below one; 0: none */
	const char    *name;         /* of a worker; may be NULL */
};

/* Makes the data folder (0700) where it is missing, then runs the role until SIGTERM. */
int role_run(enum role_kind role, const struct settings *settings, const struct role_options *options,
	     struct err *err);

/*
 * The environment of a role: what every program needs (PATH, HOME, LANG, TZ, proxies, certificates) and the `env:` secrets of that
 * role. Ends with NULL; lives in `mem`. `environment` is that of this process.
 */
char **role_environment(struct arena *mem, enum role_kind role, const struct settings *settings,
			char *const *environment);
