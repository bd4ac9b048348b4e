/* cmd_env_run.c - one command in the environment of a repository. */
#include "cmd_env.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"
#include "environment/pool.h"
#include "environment/run.h"
#include "run_end.h"

static void usage(const struct option *table)
{
	printf("usage: outrider env run [OPTIONS] -- COMMAND [ARGUMENT...]\n\n"
	       "Runs COMMAND in a checkout of a commit, in the environment that the base describes, beside its services, behind\n"
	       "the walls of the host's policy. What it writes is dropped.\n\n");
	options_help(table);
	printf("\nexit codes: that of COMMAND; 124 a limit ended it, 125 refused, wrong input or a service that was not ready\n"
	       "(COMMAND did not run), 126 the exec gate ended it, 128+N signal N did\n");
}

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	(void)ctx;
	return file_write_fd(stream == STREAM_OUT ? STDOUT_FILENO : STDERR_FILENO, bytes, NULL);
}

/* DIR/NAME.log each. */
static int write_logs(const struct env_session *s, const struct environment_result *result, struct err *err)
{
	const char *dir = s->request->logs;

	if (!dir)
		return 0;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return err_errno(err, "make '%s'", dir);
	for (size_t i = 0; i < result->services.n; i++) {
		const struct environment_state *state = &result->services.items[i];
		struct str path = arena_printf(s->mem, "%s/%.*s.log", dir, STR_ARG(state->name));

		if (file_replace(path.p, state->log, err))
			return -1;
	}
	return 0;
}

static int report(const struct env_session *s, const struct environment_result *result, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_BUF struct buf json = { 0 };

	receipt_text(&text, &result->receipt);
	if (!s->request->quiet && file_write_fd(STDERR_FILENO, buf_str(&text), err))
		return -1;
	if (write_logs(s, result, err))
		return -1;
	if (!s->request->receipt)
		return 0;
	return receipt_write(&json, &result->receipt, err) || file_replace(s->request->receipt, buf_str(&json), err) ? -1 : 0;
}

static int run_in(struct env_session *s, const struct environment_ready *ready, const struct workplace *place, struct err *err)
{
	struct environment_result result;
	struct environment_job job = {
		.host = &s->host,
		.environment = &s->environment,
		.ready = ready,
		.workdir = place->tree,
		.cwd = s->request->cwd,
		.argv = s->request->rest.items,
		.stdin_fd = s->request->input ? STDIN_FILENO : -1,
		.actor = STR("cli"),
		.on_output = on_output,
		.cancel_fd = run_end_signals(err),
	};

	if (job.cancel_fd < 0 || environment_run(&result, s->mem, &job, err) || report(s, &result, err))
		return -1;
	return run_end_code(&result.receipt);
}

static int run(struct env_session *s, struct err *err)
{
	const struct environment_teller teller = env_teller(s);
	AUTO(environment_close) struct environment_ready ready = { .built = false };
	AUTO(pool_return) struct workplace place = { .lock = 0 };
	int code;

	if (environment_prepare(&ready, s->mem, &s->host, &s->environment, &s->source, &teller, err) ||
	    pool_take(&place, &s->host, &s->source, s->rev, err))
		return -1;
	code = run_in(s, &ready, &place, err);
	/* for the next one */
	return code >= 0 && pool_fill(NULL, &s->host, &s->source, err) ? -1 : code;
}

int cmd_env_run(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct env_request r = { .repo = "." };
	const struct option table[] = {
		{ "--repo", 'C', OPTION_TEXT, &r.repo, "DIR", "the repository; default: around the current folder" },
		{ "--base", 'b', OPTION_TEXT, &r.base, "REV", "the commit that describes the environment; default: HEAD" },
		{ "--rev", 0, OPTION_TEXT, &r.rev, "REV", "the commit to run in; default: the base" },
		{ "--host", 0, OPTION_TEXT, &r.host, "FILE", "the administrator's settings; default: set-up without network or packages" },
		{ "--cwd", 0, OPTION_TEXT, &r.cwd, "PATH", "start there, below the work directory" },
		{ "--stdin", 0, OPTION_FLAG, &r.input, NULL, "give our standard input to the command" },
		{ "--receipt", 0, OPTION_TEXT, &r.receipt, "FILE", "what ran and what held it, as JSON" },
		{ "--logs", 0, OPTION_TEXT, &r.logs, "DIR", "keep the logs of services there" },
		{ "--quiet", 'q', OPTION_FLAG, &r.quiet, NULL, "tell neither how it goes nor the receipt" },
		{ "--help", 'h', OPTION_FLAG, &r.help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct env_session session = { .found = false };
	struct err err;
	int code = -1;

	arena_init(&mem, ENV_MEMORY);
	if (options_read(table, argc, argv, &r.rest, &mem, &err) == 0) {
		if (r.help) {
			usage(table);
			return EXIT_CLEAN;
		}
		if (r.rest.n == 0)
			(void)err_input(&err, "env run needs a command; see --help");
		else if (env_open(&session, &r, &mem, &err) == 0) {
			ARENA_PUSH(&mem, &r.rest, NULL);
			code = run(&session, &err);
		}
		env_close(&session);
	}
	if (code < 0)
		(void)report_error(&err);
	return code < 0 ? EXIT_REFUSED : code;
}
