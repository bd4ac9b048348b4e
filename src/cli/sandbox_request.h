/* sandbox_request.h - what `sandbox run` and `sandbox fetch` have in common. Private to this folder. */
#pragma once
#include "option.h"
#include "sandbox/audit.h"
#include "sandbox/fetch.h"
#include "sandbox/way_out.h"

struct sandbox_request {
	const char *policy, *learn, *tighten, *trust, *profile, *workdir, *cwd, *home, *receipt, *actor, *behalf, *phase, *secrets,
		*audit;
	bool keep, input, quiet, help;
	struct text_list env, rest;
	/* of a fetch */
	const char *cache; /* NULL: no fetch */
	struct text_list inputs, words;
};

struct session {
	const struct sandbox_request *request;
	struct sandbox_policy policy;
	struct secret_list secrets;
	struct audit *audit; /* NULL: none is kept */
	struct arena *mem;
	struct fetch *fetch; /* NULL: none; its owner closes it */
};

/* Rows of both option tables; `r` is a struct sandbox_request. */
#define SANDBOX_OPTIONS(r)                                                                                       \
	{ "--policy", 'p', OPTION_TEXT, &(r).policy, "FILE", "the host's policy; it names its trust" },          \
	{ "--trust", 't', OPTION_TEXT, &(r).trust, "TRUST",                                                      \
	  "built-in policy: untrusted (default), command or trusted" },                                          \
	{ "--tighten", 0, OPTION_TEXT, &(r).tighten, "FILE", "a policy that may only tighten the host's" },      \
	{ "--profile", 0, OPTION_TEXT, &(r).profile, "NAME",                                                     \
	  "toolchains: c, cpp, python, node, go, rust, java, shell; several with '+'" },                         \
	{ "--env", 'e', OPTION_LIST, &(r).env, "NAME=VALUE", "a variable that the policy lets in" },             \
	{ "--secrets", 0, OPTION_TEXT, &(r).secrets, "FILE", "what routes may lend: id: {env: NAME} or {file: PATH}" }, \
	{ "--audit", 0, OPTION_TEXT, &(r).audit, "LOG", "append the run to this audit log" },                    \
	{ "--receipt", 0, OPTION_TEXT, &(r).receipt, "FILE", "what ran and what held it, as JSON" },             \
	{ "--actor", 0, OPTION_TEXT, &(r).actor, "NAME", "who runs it, for the receipt; default: cli" },         \
	{ "--on-behalf-of", 0, OPTION_TEXT, &(r).behalf, "NAME", "for whom, for the receipt" },                  \
	{ "--quiet", 'q', OPTION_FLAG, &(r).quiet, NULL, "do not print the receipt" },                           \
	{ "--help", 'h', OPTION_FLAG, &(r).help, NULL, "this text" }, { NULL, 0, OPTION_FLAG, NULL, NULL, NULL }

#define SANDBOX_REQUEST_MEMORY ((size_t)1 << 30) /* a receipt with all programs that it may name, and lists of a checkout and of changes */

/* cmd_sandbox_run.c: the exit code, or -1: nothing ran, or its receipt could not be kept. */
int sandbox_request_run(struct session *s, struct err *err);
