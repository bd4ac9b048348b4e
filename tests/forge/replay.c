/*
 * replay.c - pull requests reviewed and lowered for every forge, and nothing sent:
 *
 *     forge_replay OUTRIDER REPOSITORY RULES
 *
 * Each line of standard input is "NUMBER BASE START HEAD" (commits; START is their merge base). For each, one line of JSON: "findings" and
 * "places" (how many comments were planned of each: see places.h), and by forge its requests as [{method, path, body}]. What cannot be
 * reviewed is {"error": "..."}.
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "flow/pull_job.h"
#include "forge/forge.h"
#include "places.h"

enum { COMMENTS = 20, PLACES = 30 }; /* of one pull request */

static const struct {
	const char *type, *api;
	const char *name;    /* NULL: the type's */
	unsigned    without; /* abilities that this one lacks */
} forges[] = {
	{ "github", "https://github.invalid", NULL, 0 },
	{ "gitlab", "https://gitlab.invalid/api/v4", NULL, 0 },
	{ "gitea", "https://gitea.invalid/api/v1", NULL, 0 },
	{ "gerrit", "https://gerrit.invalid", NULL, FORGE_FIXES },
	{ "gerrit", "https://gerrit.invalid", "gerrit-fixes", 0 },
	{ "bitbucket", "https://bitbucket.invalid/2.0", NULL, 0 },
	{ "bitbucket-dc", "https://bitbucket-dc.invalid", NULL, 0 },
	{ "local", "", NULL, 0 },
};

struct replay {
	struct pull pull;
	const char *repository;
	json_t     *answer;
};

static int get(void *payload, struct pull *out, struct arena *mem, struct err *err)
{
	(void)mem, (void)err;
	*out = ((struct replay *)payload)->pull;
	return 0;
}

static int no_threads(void *payload, struct thread_list *out, bool *summary, struct arena *mem, struct err *err)
{
	(void)payload, (void)mem, (void)err;
	*out = (struct thread_list){ 0 };
	*summary = false;
	return 0;
}

static json_t *requests_of(const struct forge_plan *plan)
{
	json_t *list = json_array();

	for (size_t i = 0; i < plan->effects.n; i++) {
		const struct effect *effect = &plan->effects.items[i];
		json_t *body = json_loadb(effect->body.p ? effect->body.p : "", effect->body.len, JSON_DECODE_ANY, NULL);

		json_array_append_new(list, json_pack("{s:s%, s:s%, s:o*}", "method", effect->method.p, effect->method.len,
						      "path", effect->path.p, effect->path.len, "body", body));
	}
	return list;
}

/* What was found and what is put anywhere, as one review. */
static int plan_all(struct post_plan *out, struct arena *mem, const struct replay *replay, const struct post_plan *found, struct err *err)
{
	struct places all = { 0 };

	for (size_t i = 0; i < found->n_comments; i++)
		ARENA_PUSH(mem, &all, found->comments[i]);
	if (places_make(&all, mem, replay->repository, &replay->pull, all.n + PLACES, err) < 0)
		return -1;
	json_object_set_new(replay->answer, "findings", json_integer((json_int_t)found->n_comments));
	json_object_set_new(replay->answer, "places", json_integer((json_int_t)(all.n - found->n_comments)));
	*out = *found;
	out->comments = all.items;
	out->n_comments = all.n;
	return 0;
}

static int lower_all(void *payload, const struct pull_job *job, struct err *err)
{
	struct replay *replay = payload;
	AUTO_ARENA struct arena mem;
	struct post_plan post;

	arena_init(&mem, 1 << 30);
	if (plan_all(&post, &mem, replay, &job->post, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(forges); i++) {
		const struct forge_config config = { .name = STR("replay"), .api = str_of(forges[i].api),
						     .type = forge_type_find(str_of(forges[i].type)) };
		struct forge_target target = { .config = &config, .pull = &replay->pull, .key = STR("replay"),
					       .abilities = forge_type_abilities(config.type) & ~forges[i].without };
		struct forge_plan plan;

		if (forge_lower(&plan, &mem, &target, &post, err) < 0)
			return -1;
		json_object_set_new(replay->answer, forges[i].name ? forges[i].name : forges[i].type, requests_of(&plan));
	}
	return 0;
}

static void replay_one(struct replay *replay, const char *program, const char *repository, const char *rules)
{
	static const struct pull_calls calls = { .get = get, .threads = no_threads, .post = lower_all };
	const char *const paths[] = { rules };
	const struct pull_options options = {
		.repository = repository, .comments = COMMENTS,
		.analyst = { .program = program, .rule_paths = paths, .n_rule_paths = 1, .no_builtin = true, .no_config = true },
	};
	struct pull_job job;
	struct err err;

	replay->answer = json_object();
	pull_job_init(&job, &options, &calls, replay);
	if (pull_job_run(&job, &err) < 0)
		json_object_set_new(replay->answer, "error", json_string(err.text));
	pull_job_release(&job);
	json_dumpf(replay->answer, stdout, JSON_COMPACT);
	putchar('\n');
	fflush(stdout);
	json_decref(replay->answer);
}

int main(int argc, char **argv)
{
	char line[200];

	if (argc != 4) {
		fputs("usage: forge_replay OUTRIDER REPOSITORY RULES <PULLS\n", stderr);
		return 2;
	}
	while (fgets(line, sizeof line, stdin)) {
		struct replay replay = { .pull = { .repository = STR("team/app"), .base_ref = STR("main"), .head_ref = STR("work") },
					 .repository = argv[2] };
		unsigned long number;

		if (sscanf(line, "%lu %40s %40s %40s", &number, replay.pull.base_oid, replay.pull.start_oid,
			   replay.pull.head_oid) != 4)
			continue;
		replay.pull.number = number;
		replay_one(&replay, argv[1], argv[2], argv[3]);
	}
	return 0;
}
