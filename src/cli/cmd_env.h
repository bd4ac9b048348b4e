/* cmd_env.h - what the commands of `env` share. Private to this folder. */
#pragma once
#include "environment/prepare.h"
#include "option.h"
#include "repo/repo.h"

#define ENV_MEMORY ((size_t)768 << 20) /* receipts with all programs that they may name, logs of services, key files */

struct env_request {
	const char *repo, *base, *rev, *host, *cwd, *receipt, *logs;
	bool input, quiet, help;
	struct text_list rest;
};

/* The repository, what its base describes, and what this host allows. */
struct env_session {
	const struct env_request *request;
	struct arena             *mem;
	struct repo               repo;
	struct environment_host   host;
	struct environment        environment;
	bool                      found; /* false: nothing is described */
	struct environment_source source;
	char                      base[41], rev[41];
};

/* Opens all of it; env_close() in any case. */
int env_open(struct env_session *out, const struct env_request *request, struct arena *mem, struct err *err);
/* Only the host's settings. */
int env_host(struct env_session *out, const struct env_request *request, struct arena *mem, struct err *err);
void env_close(struct env_session *session);
/* Says on standard error how it goes. */
struct environment_teller env_teller(struct env_session *session);

int cmd_env_run(int argc, char **argv);
