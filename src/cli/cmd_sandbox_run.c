/* cmd_sandbox_run.c - one command behind the walls of a policy, by hand or from a script. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"
#include "run_end.h"
#include "sandbox/harvest.h"
#include "sandbox/learn.h"
#include "sandbox_request.h"

static void usage(const struct option *table)
{
	printf("usage: outrider sandbox run [OPTIONS] -- COMMAND [ARGUMENT...]\n\n"
	       "Runs COMMAND in a copy of the work directory, behind the walls of a policy. Where a wall that the policy\n"
	       "requires cannot be put up, nothing runs.\n\n");
	options_help(table);
	printf("\nexit codes: that of COMMAND; 124 a limit ended it, 125 refused or wrong input (nothing ran), 126 the exec\n"
	       "gate ended it, 128+N signal N did\n");
}

static int read_policy(struct session *s, struct err *err)
{
	const struct sandbox_request *r = s->request;
	enum sandbox_trust trust;
	struct str text;

	if (!trust_read(&trust, str_of(r->trust)))
		return err_input(err, "--trust is untrusted, command or trusted, not '%s'", r->trust);
	policy_builtin(&s->policy, s->mem, trust);
	if (r->policy && (file_read(&text, s->mem, r->policy, POLICY_MAX_BYTES, err) ||
			  policy_load(&s->policy, s->mem, r->policy, text, err)))
		return -1;
	if (r->tighten) {
		struct sandbox_policy host = s->policy;

		if (file_read(&text, s->mem, r->tighten, POLICY_MAX_BYTES, err) ||
		    policy_tighten(&s->policy, s->mem, &host, r->tighten, text, err))
			return -1;
	}
	if (r->profile)
		s->policy.profile = str_of(r->profile);
	if (r->learn && (!r->policy || r->tighten))
		return err_input(err, "--learn changes one policy: it needs --policy, and no --tighten");
	if (r->learn)
		s->policy.exec.mode = EXEC_AUDIT;
	return 0;
}

static const char *environment(const char *name)
{
	return getenv(name);
}

static int read_secrets(struct session *s, struct err *err)
{
	const char *path = s->request->secrets;
	struct yaml_docs docs;
	struct str text;

	if (!path)
		return 0;
	if (file_read(&text, s->mem, path, POLICY_MAX_BYTES, err) || yaml_load(&docs, s->mem, path, text, err))
		return -1;
	if (docs.n != 1)
		return err_input(err, "%s: one document with a secret for each id is expected", path);
	return secret_list_read(&s->secrets, s->mem, path, docs.items[0], environment, err);
}

static int read_phase(enum route_phase *out, const char *word, struct err *err)
{
	for (enum route_phase p = 0; p < ROUTE_PHASES; p++) {
		if (str_eq(str_of(word), str_of(route_phase_name(p)))) {
			*out = p;
			return 0;
		}
	}
	return err_input(err, "--phase is fetch or build, not '%s'", word);
}

static int on_output(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	const struct session *s = ctx;

	/* who reads us is gone: so is the reason to go on. Of a fetch standard output is our own */
	return file_write_fd(stream == STREAM_OUT && !s->fetch ? STDOUT_FILENO : STDERR_FILENO, bytes, NULL);
}

static int on_done(void *ctx, int changes, enum workdir_mode mode, struct err *err)
{
	const struct session *s = ctx;
	const struct harvest_options options = {
		.overlay = mode == WORKDIR_OVERLAY,
		.max_bytes = s->policy.limits.disk,
		.max_file = s->policy.limits.file,
		.max_items = (uint32_t)s->policy.limits.inodes,
		.protect = &s->policy.fs.protect,
	};
	struct harvest harvest;

	if (!s->request->keep || mode == WORKDIR_BIND)
		return 0;
	AUTO_FD int to = open(s->request->workdir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (to < 0)
		return err_errno(err, "open '%s'", s->request->workdir);
	if (harvest_list(&harvest, s->mem, changes, &options, err) < 0 ||
	    harvest_apply(&harvest, changes, to, err) < 0)
		return -1;
	for (size_t i = 0; i < harvest.refused.n; i++)
		fprintf(stderr, "outrider: not taken over: %.*s\n", STR_ARG(harvest.refused.items[i]));
	return 0;
}

/* Only a fetch that went well says what belongs into a cache. */
static int on_home(void *ctx, int home, const struct receipt *receipt, struct err *err)
{
	const struct session *s = ctx;

	if (receipt->end != END_EXIT || receipt->exit_code != 0)
		return 0;
	return fetch_keep(s->fetch, home, err);
}

static int print_receipt(const struct sandbox_request *request, const struct receipt *receipt, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };
	AUTO_BUF struct buf json = { 0 };

	if (!request->quiet) {
		receipt_text(&text, receipt);
		if (file_write_fd(STDERR_FILENO, buf_str(&text), err))
			return -1;
	}
	if (!request->receipt)
		return 0;
	if (receipt_write(&json, receipt, err))
		return -1;
	return file_replace(request->receipt, buf_str(&json), err);
}

/* The policy as this run would have it. */
static int learn(struct session *s, const struct receipt *receipt, struct err *err)
{
	const struct sandbox_request *r = s->request;
	const struct learn_source source = { r->receipt ? r->receipt : receipt->id, *receipt };
	struct learned learned;
	struct str text;

	if (!r->learn)
		return 0;
	if (file_read(&text, s->mem, r->policy, POLICY_MAX_BYTES, err) ||
	    learn_policy(&learned, s->mem, r->policy, text, &source, 1, err))
		return -1;
	for (size_t i = 0; i < learned.notes.n; i++)
		fprintf(stderr, "outrider: %.*s\n", STR_ARG(learned.notes.items[i]));
	return file_replace(r->learn, learned.diff, err);
}

static int keep_receipt(struct session *s, const struct receipt *receipt, const struct journal *journal, struct err *err)
{
	if (s->audit && audit_run(s->audit, s->mem, receipt, journal, err))
		return -1;
	if (print_receipt(s->request, receipt, err))
		return -1;
	/* a red run teaches nothing; its exit code says so */
	return receipt->end == END_EXIT && receipt->exit_code == 0 ? learn(s, receipt, err) : 0;
}

/* With the way out that the policy gives in this phase, if any. */
static int run_job(struct session *s, struct sandbox_job *job, struct err *err)
{
	const struct route_table *routes = s->policy.net;
	struct receipt receipt;
	struct way_out way;
	enum route_phase phase;
	int failed;

	if (read_phase(&phase, s->request->phase, err))
		return -1;
	if (!routes || !route_any(routes, phase)) {
		if (sandbox_run(&receipt, s->mem, job, err) || keep_receipt(s, &receipt, NULL, err))
			return -1;
		return run_end_code(&receipt);
	}
	if (read_secrets(s, err) || way_out_open(&way, s->mem, routes, phase, &s->secrets, err))
		return -1;
	job->net = &way.net;
	failed = sandbox_run(&receipt, s->mem, job, err);
	way_out_close(&way);
	if (!failed) {
		way_out_note(&way, &receipt, s->mem);
		failed = keep_receipt(s, &receipt, &way.journal, err);
	}
	way_out_release(&way);
	secret_wipe(&s->secrets);
	return failed ? -1 : run_end_code(&receipt);
}

static int run_audited(struct session *s, struct sandbox_job *job, struct err *err)
{
	const struct audit_options options = { .path = s->request->audit };
	int code;

	/* before anything runs: what cannot be written down does not happen */
	if (options.path && audit_open(&s->audit, &options, err))
		return -1;
	code = run_job(s, job, err);
	if (s->audit && audit_close(s->audit, code < 0 ? NULL : err))
		return -1;
	return code;
}

static int run_fetch(struct session *s, struct sandbox_job *job, struct err *err)
{
	struct sandbox_request r = *s->request;
	int code;

	ARENA_PUSH(s->mem, &r.inputs, NULL);
	ARENA_PUSH(s->mem, &r.words, NULL);
	const struct fetch_options options = {
		.cache = r.cache,
		.from = r.workdir ? r.workdir : ".",
		.inputs = r.inputs.items,
		.command = job->argv,
		.words = r.words.items,
		.policy = &s->policy,
	};

	if (fetch_open(s->fetch, s->mem, &options, err))
		return -1;
	code = 0;
	if (!s->fetch->known) {
		job->workdir = s->fetch->work;
		job->on_home = on_home;
		code = run_audited(s, job, err);
		if (code == 0 && fetch_publish(s->fetch, err))
			code = -1;
	}
	return code;
}

/* Like the work directory it may be given as it is seen from here. *use keeps it from being pruned. */
static int find_home(struct sandbox_base *base, int *use, struct session *s, struct err *err)
{
	char *real;

	if (!s->request->home)
		return 0;
	real = realpath(s->request->home, NULL);
	if (!real)
		return err_errno(err, "home directory '%s'", s->request->home);
	base->home = arena_z(s->mem, str_of(real));
	free(real);
	*use = fetch_use(base->home, err);
	return *use < 0 ? err_wrap(err, "home directory") : 0;
}

int sandbox_request_run(struct session *s, struct err *err)
{
	struct sandbox_request r = *s->request;
	struct sandbox_base base = { 0 };
	AUTO_FD int home = -1;
	struct sandbox_job job = {
		.policy = &s->policy,
		.workdir = r.workdir,
		.cwd = r.cwd,
		.base = &base,
		.stdin_fd = r.input ? STDIN_FILENO : -1,
		.actor = str_of(r.actor),
		.on_behalf_of = str_of(r.behalf),
		.on_output = on_output,
		.on_done = on_done,
		.ctx = s,
		.cancel_fd = -1,
	};

	if (r.rest.n == 0)
		return err_input(err, "needs a command behind the options; see --help");
	if (r.keep && !r.workdir)
		return err_input(err, "--keep needs a --workdir");
	if (find_home(&base, &home, s, err) || read_policy(s, err))
		return -1;
	ARENA_PUSH(s->mem, &r.rest, NULL);
	ARENA_PUSH(s->mem, &r.env, NULL);
	job.argv = r.rest.items;
	job.env = r.env.items;
	job.cancel_fd = run_end_signals(err);
	if (job.cancel_fd < 0)
		return -1;
	return s->fetch ? run_fetch(s, &job, err) : run_audited(s, &job, err);
}

int cmd_sandbox_run(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct sandbox_request r = { .trust = "untrusted", .actor = "cli", .behalf = "", .phase = "build" };
	struct session session = { .request = &r, .mem = &mem };
	const struct option table[] = {
		{ "--workdir", 'C', OPTION_TEXT, &r.workdir, "DIR",
		  "is /work inside; default: an empty one. Changes are dropped" },
		{ "--keep", 'k', OPTION_FLAG, &r.keep, NULL,
		  "take changes over into DIR afterwards, but for protected paths" },
		{ "--cwd", 0, OPTION_TEXT, &r.cwd, "PATH", "start there, below the work directory" },
		{ "--home", 0, OPTION_TEXT, &r.home, "DIR",
		  "is /home/job inside, as `sandbox fetch` made it. Changes are dropped" },
		{ "--learn", 0, OPTION_TEXT, &r.learn, "FILE",
		  "let all programs run, and write what would make --policy fit this run there, as a diff" },
		{ "--stdin", 0, OPTION_FLAG, &r.input, NULL, "give our standard input to the command" },
		{ "--phase", 0, OPTION_TEXT, &r.phase, "PHASE", "which routes of the policy's `net`: fetch or build (default)" },
		SANDBOX_OPTIONS(r),
	};
	struct err err;
	int code = -1;

	arena_init(&mem, SANDBOX_REQUEST_MEMORY);
	if (options_read(table, argc, argv, &r.rest, &mem, &err) == 0) {
		if (r.help) {
			usage(table);
			return EXIT_CLEAN;
		}
		code = sandbox_request_run(&session, &err);
	}
	if (code < 0)
		(void)report_error(&err);
	return code < 0 ? EXIT_REFUSED : code;
}
