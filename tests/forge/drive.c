/*
 * drive.c - a forge driven from outside, for tests/forge/check.mjs:
 *
 *     forge_drive REQUEST_FILE
 *
 * The request is one JSON object: type, api, token or app_id + private_key, repository, number, and `do`: facts, post, comment, react,
 * threads, sweep. The answer is one JSON object on standard output; what fails is its member "error".
 */
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/file.h"
#include "base/scope.h"
#include "forge/forge.h"

enum { CAP = 1 << 30, MAX_TEXT = 64 << 20 };

static struct arena mem;
static json_t *request, *answer;
static struct forge *forge;
static struct forge_config config;
static struct forge_place place;
static struct pull pull;

static struct str text(const json_t *json, const char *name)
{
	const json_t *value = json_object_get(json, name);

	return json_is_string(value)
		       ? (struct str){ json_string_value(value), json_string_length(value) }
		       : (struct str){ 0 };
}

static uint32_t number(const json_t *json, const char *name)
{
	return (uint32_t)json_integer_value(json_object_get(json, name));
}

static json_t *string(struct str s)
{
	return json_stringn(s.p ? s.p : "", s.len);
}

static int fail(const struct err *err)
{
	static const char *const kinds[] = { "temp", "perm", "input", "bug" };

	json_object_set_new(answer, "error", json_string(err->text));
	json_object_set_new(answer, "kind", json_string(kinds[err->kind]));
	return -1;
}

/* ---- an outbox in a file: what it holds survives the process ---- */

static json_t *box;

static int box_save(struct err *err)
{
	char *dump = json_dumps(box, 0);
	int result = file_replace(arena_z(&mem, text(request, "outbox")), str_of(dump), err);

	free(dump);
	return result;
}

static int box_state(void *ctx, const struct effect *effect, enum effect_state *state,
		     struct str *id, struct err *err)
{
	json_t *row = json_object_getn(box, effect->key.p, effect->key.len);

	(void)ctx;
	(void)err;
	*state = (enum effect_state)number(row, "state");
	*id = arena_str(&mem, text(row, "id"));
	return 0;
}

static int box_put(const struct effect *effect, enum effect_state state, struct str id,
		   struct str reason, struct err *err)
{
	json_object_setn_new(box, effect->key.p, effect->key.len,
			     json_pack("{s:i, s:o, s:o}", "state", (int)state, "id", string(id),
				       "reason", string(reason)));
	return box_save(err);
}

static int box_sending(void *ctx, const struct effect *effect, struct err *err)
{
	(void)ctx;
	return box_put(effect, EFFECT_SENT, (struct str){ 0 }, (struct str){ 0 }, err);
}

static int box_done(void *ctx, const struct effect *effect, const struct forge_answer *done,
		    struct err *err)
{
	(void)ctx;
	return box_put(effect, EFFECT_DONE, done->id, done->reason, err);
}

static int box_split(void *ctx, const struct effect *effect, const struct effect_list *parts,
		     struct err *err)
{
	(void)ctx;
	(void)parts;
	return box_put(effect, EFFECT_DONE, (struct str){ 0 }, STR("split"), err);
}

static int deliver(const struct forge_plan *plan)
{
	static const struct outbox outbox = { box_state, box_sending, box_done, box_split, NULL };
	struct losses losses = plan->losses;
	json_t *lost = json_object();
	struct err err = { 0 };
	int result;

	box = json_load_file(arena_z(&mem, text(request, "outbox")), 0, NULL);
	if (!box)
		box = json_object();
	/* through the codec, as a store has it */
	for (size_t i = 0; i < plan->effects.n; i++) {
		AUTO_BUF struct buf coded = { 0 };

		effect_encode(&coded, &plan->effects.items[i]);
		if (effect_decode(&plan->effects.items[i], &mem, arena_str(&mem, buf_str(&coded)),
				  &err) < 0)
			return fail(&err);
	}
	result = forge_deliver(forge, &mem, &plan->effects, &outbox, &losses, &err);
	for (int i = 0; i < LOSSES; i++)
		json_object_set_new(lost, loss_text((enum loss_kind)i),
				    json_integer((json_int_t)losses.n[i]));
	json_object_set_new(answer, "losses", lost);
	json_object_set_new(answer, "outbox", box);
	return result < 0 ? fail(&err) : 0;
}

/* ---- acts ---- */

static struct forge_target target_of(unsigned abilities)
{
	return (struct forge_target){ .config = &config,
				      .pull = &pull,
				      .key = text(request, "key"),
				      .summary = text(request, "summary_id"),
				      .check = text(request, "check_id"),
				      .details = STR("http://127.0.0.1/outrider/1"),
				      .abilities = abilities };
}

static struct post_comment read_comment(const json_t *json)
{
	struct post_comment comment = {
		.path = text(json, "path"),
		.old_path = text(json, "old_path"),
		.side = json_is_true(json_object_get(json, "old")) ? SIDE_OLD : SIDE_NEW,
		.start_line = number(json, "start_line"),
		.line = number(json, "line"),
		.old_line = number(json, "old_line"),
		.new_line = number(json, "new_line"),
		.old_start_line = number(json, "old_start_line"),
		.new_start_line = number(json, "new_start_line"),
		.old_next = number(json, "old_next"),
		.old_start_next = number(json, "old_start_next"),
		.body = text(json, "body"),
		.has_suggestion = json_object_get(json, "suggestion") != NULL,
		.suggestion = text(json, "suggestion"),
		.original = text(json, "original"),
		.end_column = number(json, "end_column"),
		.ends = json_is_true(json_object_get(json, "ends")),
		.rule = text(json, "rule"),
		.severity = SEVERITY_WARNING,
	};

	return comment;
}

static struct thread *read_threads(const char *name, size_t *n)
{
	const json_t *list = json_object_get(request, name);
	struct thread *threads = ARENA_ARRAY(&mem, json_array_size(list) + 1, struct thread);

	*n = json_array_size(list);
	for (size_t i = 0; i < *n; i++) {
		const json_t *json = json_array_get(list, i);

		threads[i] = (struct thread){ .id = text(json, "id"),
					      .comment = text(json, "comment"),
					      .path = text(json, "path"),
					      .line = number(json, "line") };
	}
	return threads;
}

static void read_plan(struct post_plan *plan)
{
	const json_t *list = json_object_get(request, "comments");
	size_t n = number(request, "annotations");

	memcpy(plan->head_oid, pull.head_oid, sizeof plan->head_oid);
	memcpy(plan->base_oid, pull.start_oid, sizeof plan->base_oid);
	plan->n_comments = json_array_size(list);
	plan->comments = ARENA_ARRAY(&mem, plan->n_comments + 1, struct post_comment);
	for (size_t i = 0; i < plan->n_comments; i++)
		plan->comments[i] = read_comment(json_array_get(list, i));
	plan->resolve = read_threads("resolve", &plan->n_resolve);
	plan->reopen = read_threads("reopen", &plan->n_reopen);
	plan->summary = text(request, "summary");
	plan->check.conclusion = (enum conclusion)number(request, "conclusion");
	plan->check.fails = json_is_true(json_object_get(request, "fails"));
	plan->check.title = STR("Title of the check");
	plan->check.summary = STR("What was looked at.");
	plan->check.text = text(request, "text");
	plan->check.annotations = ARENA_ARRAY(&mem, n + 1, struct annotation);
	plan->check.n_annotations = n;
	for (size_t i = 0; i < n; i++)
		plan->check.annotations[i] =
			(struct annotation){ .path = STR("a.txt"),
					     .message = STR("A message"),
					     .title = STR("rule"),
					     .severity = (enum severity)(i % 4 + 1),
					     .start_line = 1,
					     .line = (uint32_t)i + 1 };
}

static int act_post(struct err *err)
{
	struct post_plan plan = { 0 };
	struct forge_target target;
	struct forge_plan made;
	unsigned abilities;

	if (forge_pull(forge, &mem, &place, &pull, err) < 0 ||
	    forge_abilities(forge, &abilities, err) < 0)
		return fail(err);
	target = target_of(abilities);
	read_plan(&plan);
	if (json_is_true(json_object_get(request, "started"))
		    ? forge_lower_started(&made, &mem, &target, err) < 0
		    : forge_lower(&made, &mem, &target, &plan, err) < 0)
		return fail(err);
	json_object_set_new(answer, "effects", json_integer((json_int_t)made.effects.n));
	return deliver(&made);
}

static int act_comment(struct err *err)
{
	struct forge_plan made, reaction;
	struct forge_target target;
	unsigned abilities;

	if (forge_pull(forge, &mem, &place, &pull, err) < 0 ||
	    forge_abilities(forge, &abilities, err) < 0)
		return fail(err);
	target = target_of(abilities);
	if (forge_lower_reply(&made, &mem, &target, text(request, "thread"),
			      text(request, "comment"), text(request, "body"), STR("reply"),
			      err) < 0 ||
	    forge_lower_reaction(&reaction, &mem, &target, text(request, "react"), REACTION_SEEN,
				 err) < 0)
		return fail(err);
	for (size_t i = 0; i < reaction.effects.n; i++)
		ARENA_PUSH(&mem, &made.effects, reaction.effects.items[i]);
	return deliver(&made);
}

static int act_threads(struct err *err)
{
	json_t *list = json_array();
	struct thread_list threads;
	struct str summary;

	json_object_set_new(answer, "threads", list);
	if (forge_threads(forge, &mem, &place, &threads, err) < 0 ||
	    forge_summary(forge, &mem, &place, &summary, err) < 0)
		return fail(err);
	for (size_t i = 0; i < threads.n; i++) {
		const struct thread *one = &threads.items[i];

		json_array_append_new(
			list,
			json_pack(
				"{s:o, s:o, s:o, s:o, s:s, s:i, s:i, s:b, s:b, s:b, s:i, s:i, s:b}",
				"id", string(one->id), "comment", string(one->comment), "path",
				string(one->path), "rule", string(one->rule), "fingerprint",
				one->fingerprint, "start_line", (int)one->start_line, "line",
				(int)one->line, "resolved", one->resolved, "by_person",
				one->by_person, "replied", one->replied, "up", (int)one->up, "down",
				(int)one->down, "old", one->side == SIDE_OLD));
	}
	json_object_set_new(answer, "summary", string(summary));
	return 0;
}

static int act_facts(struct err *err)
{
	static const char *const people[] = { "ann", "bob", "eve" };
	enum permission permission;
	struct pull_list pulls;
	struct forge_git git;
	struct actor self;
	json_t *may = json_object(), *list = json_array();

	json_object_set_new(answer, "may", may);
	json_object_set_new(answer, "pulls", list);
	if (forge_whoami(forge, &mem, &self, err) < 0 ||
	    forge_pull(forge, &mem, &place, &pull, err) < 0 ||
	    forge_pulls(forge, &mem, &place, PULLS_OPEN, 100, &pulls, err) < 0 ||
	    forge_git(&git, &mem, &config, &pull, config.token, err) < 0)
		return fail(err);
	for (size_t i = 0; i < COUNT(people); i++) {
		if (forge_permission(forge, &place, str_of(people[i]), &permission, err) < 0)
			return fail(err);
		json_object_set_new(may, people[i], json_integer(permission));
	}
	for (size_t i = 0; i < pulls.n; i++)
		json_array_append_new(list, json_integer((json_int_t)pulls.items[i].number));
	json_object_set_new(answer, "self", string(self.login));
	json_object_set_new(answer, "pull",
			    json_pack("{s:s, s:s, s:s, s:o, s:o, s:b, s:b, s:b, s:o}", "head",
				      pull.head_oid, "base", pull.base_oid, "start", pull.start_oid,
				      "author", string(pull.author.login), "base_ref",
				      string(pull.base_ref), "draft", pull.draft, "closed",
				      pull.closed, "merged", pull.merged, "title",
				      string(pull.title)));
	json_object_set_new(answer, "git",
			    json_pack("{s:o, s:o, s:o, s:o}", "url", string(git.url), "head_ref",
				      string(git.head_ref), "user", string(git.user), "password",
				      string(git.password)));
	return 0;
}

static int act_sweep(struct err *err)
{
	struct forge_missed missed = { .since_ms = number(request, "since_s") * (int64_t)1000 };

	if (forge_sweep(forge, &missed, err) < 0)
		return fail(err);
	json_object_set_new(answer, "asked", json_integer((json_int_t)missed.asked));
	return 0;
}

static bool wait_a_moment(void *ctx, int64_t ms)
{
	(void)ctx;
	usleep((useconds_t)(ms > 5000 ? 5000 : ms) * 1000);
	return true;
}

static const struct {
	const char *name;
	int (*run)(struct err *err);
} acts[] = { { "facts", act_facts },
	     { "post", act_post },
	     { "comment", act_comment },
	     { "threads", act_threads },
	     { "sweep", act_sweep } };

static int run(struct err *err)
{
	const struct forge_env env = { .wait = wait_a_moment, .max_wait_ms = 4000 };

	config = (struct forge_config){ .name = STR("test"),
					.type = forge_type_find(text(request, "type")),
					.api = text(request, "api"),
					.web = text(request, "web"),
					.token = text(request, "token"),
					.login = text(request, "login"),
					.app_id = text(request, "app_id"),
					.private_key = text(request, "private_key") };
	place = (struct forge_place){ .repository = text(request, "repository"),
				      .number = number(request, "number") };
	if (forge_open(&forge, &config, &env, err) < 0)
		return fail(err);
	for (size_t i = 0; i < COUNT(acts); i++)
		if (str_eq(text(request, "do"), str_of(acts[i].name)))
			return acts[i].run(err);
	return -1;
}

int main(int argc, char **argv)
{
	struct err err = { 0 };

	arena_init(&mem, CAP);
	request = argc == 2 ? json_load_file(argv[1], 0, NULL) : NULL;
	if (!request) {
		fputs("usage: forge_drive REQUEST_FILE\n", stderr);
		return 2;
	}
	answer = json_object();
	(void)run(&err);
	json_dumpf(answer, stdout, JSON_COMPACT);
	forge_close(forge);
	json_decref(answer);
	json_decref(request);
	arena_release(&mem);
	return 0;
}
