/* work_command.c - what a person asked for in a comment: checked against who they are, done, answered. */
#include "serve/log.h"
#include "work.h"

struct ask {
	struct work               *work;
	const struct command_text *command;
	struct pull                pull;
	unsigned                   number; /* of the command in its comment */
	json_t                    *result;
};

static int target_of(struct forge_target *out, struct ask *ask, struct err *err)
{
	return work_target(out, ask->work, &ask->pull, err);
}

/* In the thread where it was asked, else below the pull request. */
static int answer(struct ask *ask, struct str body, struct err *err)
{
	const struct event *event = &ask->work->event;
	struct forge_target target;
	struct forge_plan plan = { 0 };
	struct str part = arena_printf(&ask->work->mem, "answer%u", ask->number);
	int status;

	if (target_of(&target, ask, err))
		return -1;
	if (event->comment.thread.len && target.abilities & FORGE_REPLIES)
		status = forge_lower_reply(&plan, &ask->work->mem, &target, event->comment.thread,
					   event->comment.id, body, part, err);
	else
		status = forge_lower_comment(&plan, &ask->work->mem, &target, body, part, err);
	return status ? -1 : work_deliver(ask->work, &plan, err);
}

static int react(struct ask *ask, enum reaction reaction, struct err *err)
{
	struct forge_target target;
	struct forge_plan plan = { 0 };

	if (target_of(&target, ask, err))
		return -1;
	if (!(target.abilities & FORGE_REACTIONS))
		return 0;
	if (forge_lower_reaction(&plan, &ask->work->mem, &target, ask->work->event.comment.id, reaction,
				 err))
		return -1;
	return work_deliver(ask->work, &plan, err);
}

static int run_review(struct ask *ask, enum review_how how, struct err *err)
{
	const char *skipped = NULL;

	if (ask->work->pull)
		return 0; /* a second command of the same comment: it was just done */
	if (work_review(ask->work, how, &skipped, err))
		return -1;
	if (skipped)
		json_object_set_new(ask->result, "skipped", json_string(skipped));
	return 0;
}

static int do_review(struct ask *ask, struct err *err)
{
	return run_review(ask, REVIEW_USUAL, err);
}

static int do_full(struct ask *ask, struct err *err)
{
	return run_review(ask, REVIEW_FULL, err);
}

static int do_resolve(struct ask *ask, struct err *err)
{
	return run_review(ask, REVIEW_DISMISS, err);
}

static int set_paused(struct ask *ask, bool paused, struct err *err)
{
	json_t *body AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;

	json_object_set_new(body, "paused", json_boolean(paused));
	if (worker_ask(ask->work->worker, "pause", body, &reply, err))
		return -1;
	return answer(ask, command_done(&ask->work->mem, ask->command), err);
}

static int do_pause(struct ask *ask, struct err *err)
{
	return set_paused(ask, true, err);
}

static int do_resume(struct ask *ask, struct err *err)
{
	return set_paused(ask, false, err) ? -1 : run_review(ask, REVIEW_USUAL, err);
}

static int do_ignore(struct ask *ask, struct err *err)
{
	struct work *work = ask->work;
	json_t *body AUTO_JSON = json_object();
	json_t *reply AUTO_JSON = NULL;

	if (ask->command->rule.len == 0)
		return answer(ask, command_help(&work->mem, STR("outrider"), ask->command), err);
	body_set(body, "rule", ask->command->rule);
	body_set(body, "by", work->event.sender.login);
	body_set(body, "reason", arena_printf(&work->mem, "asked for by %.*s",
					      STR_ARG(work->event.sender.login)));
	if (worker_ask(work->worker, "mute", body, &reply, err) ||
	    answer(ask, command_done(&work->mem, ask->command), err))
		return -1;
	return run_review(ask, REVIEW_USUAL, err);
}

/* The rule that the comment's thread is about. */
static struct str rule_of_thread(struct ask *ask, struct err *err)
{
	struct work *work = ask->work;
	struct thread_list threads = { 0 };

	if (work->event.comment.thread.len == 0 ||
	    forge_threads(work->forge, &work->mem, &work->place, &threads, err))
		return STR("");
	for (size_t i = 0; i < threads.n; i++)
		if (str_eq(threads.items[i].id, work->event.comment.thread) ||
		    str_eq(threads.items[i].comment, work->event.comment.thread))
			return threads.items[i].rule;
	return STR("");
}

static int do_explain(struct ask *ask, struct err *err)
{
	struct arena *mem = &ask->work->mem;
	struct str rule = ask->command->rule.len ? ask->command->rule : rule_of_thread(ask, err);
	struct rule_about about;
	bool known = rule.len && rule_explain(&about, mem, rule);

	return answer(ask, command_explain(mem, known ? &about : NULL, rule), err);
}

static int do_help(struct ask *ask, struct err *err)
{
	bool unknown = ask->command->kind == COMMAND_UNKNOWN;

	return answer(ask, command_help(&ask->work->mem, STR("outrider"), unknown ? ask->command : NULL),
		      err);
}

static int (*const actions[COMMANDS])(struct ask *, struct err *) = {
	[COMMAND_REVIEW] = do_review, [COMMAND_FULL] = do_full,	    [COMMAND_PAUSE] = do_pause,
	[COMMAND_RESUME] = do_resume, [COMMAND_RESOLVE] = do_resolve, [COMMAND_EXPLAIN] = do_explain,
	[COMMAND_IGNORE] = do_ignore, [COMMAND_HELP] = do_help,	      [COMMAND_UNKNOWN] = do_help,
};

/* Who may is asked of the forge, not read from the event. */
static int may(struct ask *ask, bool *allowed, struct err *err)
{
	const struct command_info *info = command_info_of(ask->command->kind);
	enum permission permission;

	*allowed = true;
	if (!info || !info->writes)
		return 0;
	if (forge_permission(ask->work->forge, &ask->work->place, ask->work->event.sender.login,
			     &permission, err))
		return -1;
	*allowed = permission >= PERMISSION_WRITE;
	return 0;
}

static int do_command(struct ask *ask, struct err *err)
{
	bool allowed;

	if (may(ask, &allowed, err))
		return -1;
	if (!allowed)
		return react(ask, REACTION_REFUSED, err) ||
				       answer(ask, command_refused(&ask->work->mem, ask->command), err) ?
			       -1 :
			       0;
	return actions[ask->command->kind](ask, err);
}

int work_command(struct work *work, json_t *result, struct err *err)
{
	struct command_text commands[COMMAND_MAX];
	size_t n = command_parse(commands, work->event.comment.body, STR("outrider"));
	struct ask ask = { .work = work, .result = result };

	json_object_set_new(result, "commands", json_integer((json_int_t)n));
	if (n == 0)
		return 0;
	if (forge_pull(work->forge, &work->mem, &work->place, &ask.pull, err) ||
	    react(&ask, REACTION_SEEN, err))
		return -1;
	for (size_t i = 0; i < n; i++) {
		ask.command = &commands[i];
		ask.number = (unsigned)i;
		if (do_command(&ask, err))
			return -1;
	}
	return 0;
}
