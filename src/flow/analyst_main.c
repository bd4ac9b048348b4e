#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "flow/analyst.h"
#include "flow/run.h"
#include "sandbox/seal.h"
#include "stages.h"

enum {
	EXIT_INPUT = 2,
	EXIT_TROUBLE = 3,
	MAX_READ = 16,
	MAX_FDS = 128,
};

static int fail(const struct err *err, int code)
{
	fprintf(stderr, "outrider: %s\n", err->text);
	return code;
}

/* Nothing of the change was read so far: git's own library was started, and that is all. */
static int seal(const struct analyst_request *r, struct err *err)
{
	const char *read[MAX_READ + 1] = { r->repository };
	struct seal_options options = {
		.read = read,
		.memory = r->memory,
		.cpu_seconds = (uint64_t)r->seconds * (r->jobs ? r->jobs : 1),
		.fds = MAX_FDS,
		.threads = r->jobs > 1,
	};

	if (r->n_rule_paths + 1 > MAX_READ)
		return err_input(err, "more than %d rule paths", MAX_READ - 1);
	for (size_t i = 0; i < r->n_rule_paths; i++)
		read[i + 1] = r->rule_paths[i];
	return seal_analyst(&options, NULL, err);
}

static int say(int fd, struct buf *text, struct err *err)
{
	if (text->full)
		return err_set(err, ERR_PERM, "the answer is too long");
	if (file_write_fd(fd, buf_str(text), err) < 0)
		return -1;
	buf_clear(text);
	return 0;
}

/*
 * The configuration is that of the base branch as it is now, not of the commit from which the change began: who writes a
 * change must not choose an old one.
 */
static void use_base_tip(struct run *run, const char *base)
{
	snprintf(run->config_oid, sizeof run->config_oid, "%s", base);
}

/* Git's library said that what must be there is not: the mirror is broken. */
static int code_of(const struct err *err, const struct stage *stage)
{
	bool reads_git = stage->run == stage_checkout || stage->run == stage_diff;

	if (err->kind == ERR_PERM && reads_git)
		return ANALYST_EXIT_BROKEN;
	return err->kind == ERR_INPUT || err->kind == ERR_PERM ? EXIT_INPUT : EXIT_TROUBLE;
}

/* Between two commits only a missing or damaged object is unreadable: the mirror is broken, and half a review helps nobody. */
static int check_whole(const struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->changes.n; i++)
		if (run->changes.items[i].skip == SKIP_UNREADABLE)
			return err_set(err, ERR_PERM, "an object of '%.200s' cannot be read",
				       run->changes.items[i].new_path.p);
	return 0;
}

static int review(struct run *run, const struct analyst_request *r, int fd)
{
	AUTO_BUF struct buf text = { 0 };
	struct err err;

	for (const struct stage *stage = review_stages; stage->name; stage++) {
		if (stage->run(run, &err) < 0)
			return fail(&err, code_of(&err, stage));
		if (stage->run == stage_checkout)
			use_base_tip(run, r->base);
		if (stage->run == stage_diff && check_whole(run, &err) < 0)
			return fail(&err, ANALYST_EXIT_BROKEN);
		/* before a parser of languages sees a byte of the change */
		if (stage->run == stage_diff &&
		    (answer_write_lines(&text, run, &err) < 0 || say(fd, &text, &err) < 0))
			return fail(&err, EXIT_TROUBLE);
	}
	if (answer_write_review(&text, run, &err) < 0 || say(fd, &text, &err) < 0)
		return fail(&err, EXIT_TROUBLE);
	return 0;
}

int analyst_main(const struct analyst_request *request, int fd)
{
	const struct run_options options = {
		.directory = request->repository,
		.kind = DIFF_COMMITS,
		.base = request->base,
		.head = request->head,
		.rule_paths = request->rule_paths,
		.n_rule_paths = request->n_rule_paths,
		.no_builtin = request->no_builtin,
		.no_config = request->no_config,
		.jobs = request->jobs ? request->jobs : 1,
	};
	struct run *run = malloc(sizeof *run);
	struct err err;
	int code;

	if (!run)
		return EXIT_TROUBLE;
	if (repo_isolate(&err) < 0)
		code = fail(&err, EXIT_TROUBLE);
	else if (seal(request, &err) < 0)
		code = fail(&err, ANALYST_EXIT_UNSEALED);
	else {
		run_init(run, &options);
		code = review(run, request, fd);
		run_release(run);
	}
	free(run);
	return code;
}
