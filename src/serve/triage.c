#include "serve/triage.h"

/* What a comment of ours ends with, whoever posts it: a copy of it by a person is no command either. */
#define OWN_MARKER STR("<!-- outrider:")
#define COMMAND STR("/outrider")

static struct triage ignored(const char *reason)
{
	return (struct triage){ TRIAGE_IGNORED, reason };
}

static bool matches(const struct glob_list *globs, struct str text)
{
	return glob_find(globs, text) != NULL;
}

static bool is_self(const struct actor *actor, const struct identity *self)
{
	if (self->id.len && actor->id.len)
		return str_eq(actor->id, self->id);
	return self->login.len && str_eq_nocase(actor->login, self->login);
}

static bool any_label(const struct event *event, const struct glob_list *globs)
{
	for (size_t i = 0; i < event->pull.n_labels; i++)
		if (matches(globs, event->pull.labels[i]))
			return true;
	return false;
}

/* NULL when the pull request is one that is looked at. */
static const char *left_out(const struct event *event, const struct intake_policy *policy)
{
	if (event->pull.draft && !policy->drafts)
		return "a draft";
	if (event->pull.author.bot && !policy->bots)
		return "opened by a bot";
	if (matches(&policy->ignore_authors, event->pull.author.login))
		return "its author is in ignore_authors";
	if (policy->branches.n && !matches(&policy->branches, event->pull.base_ref))
		return "its base branch is not in branches";
	if (any_label(event, &policy->skip_labels))
		return "it has a label of skip_labels";
	if (policy->only_labels.n && !any_label(event, &policy->only_labels))
		return "it has no label of only_labels";
	return NULL;
}

static struct triage decide_pull(const struct event *event, const struct integration *integration,
				 const struct identity *self)
{
	const char *reason;

	(void)self;
	switch (event->action) {
	case ACTION_MERGED:
	case ACTION_CLOSED:
		return (struct triage){ TRIAGE_OUTCOME, "it ended" };
	case ACTION_OPENED:
	case ACTION_UPDATED:
	case ACTION_EDITED:
		break;
	case ACTION_NONE:
	case ACTION_CREATED:
	case ACTION_DELETED:
	case ACTION_STARTED:
	case ACTION_SUCCEEDED:
	case ACTION_FAILED:
	case ACTION_CANCELLED:
	case ACTIONS:
		return ignored("an action that changes nothing for a review");
	}
	if (event->pull.closed)
		return ignored("it is closed");
	reason = left_out(event, &integration->intake);
	if (reason)
		return ignored(reason);
	/* a label or a title may have made it reviewable: the job sees whether this head was reviewed */
	return (struct triage){ TRIAGE_REVIEW, event->action == ACTION_UPDATED ? "new commits" :
					       event->action == ACTION_OPENED  ? "opened" :
										 "edited" };
}

static struct triage decide_comment(const struct event *event, const struct integration *integration,
				    const struct identity *self)
{
	(void)integration;
	if (event->action != ACTION_CREATED)
		return ignored("only new comments are read");
	if (event->sender.bot || is_self(&event->sender, self) ||
	    str_has(event->comment.body, OWN_MARKER))
		return ignored("written by a bot");
	if (event->number == 0)
		return ignored("not on a pull request");
	if (!str_has(event->comment.body, COMMAND))
		return ignored("no command");
	return (struct triage){ TRIAGE_COMMAND, "a command" };
}

static struct triage decide_ci(const struct event *event, const struct integration *integration,
			       const struct identity *self)
{
	(void)integration;
	if (self->app_id.len && str_eq(event->ci.app, self->app_id))
		return ignored("our own check");
	return (struct triage){ TRIAGE_CI, "a result of CI" };
}

static struct triage decide_queue(const struct event *event, const struct integration *integration,
				  const struct identity *self)
{
	(void)event, (void)integration, (void)self;
	return (struct triage){ TRIAGE_QUEUE, "a merge queue waits for checks" };
}

static struct triage decide_install(const struct event *event, const struct integration *integration,
				    const struct identity *self)
{
	(void)event, (void)integration, (void)self;
	return (struct triage){ TRIAGE_INSTALL, "repositories were added or removed" };
}

static struct triage decide_push(const struct event *event, const struct integration *integration,
				 const struct identity *self)
{
	(void)event, (void)integration, (void)self;
	return ignored("pushes come again as events of their pull requests");
}

static struct triage decide_other(const struct event *event, const struct integration *integration,
				  const struct identity *self)
{
	(void)event, (void)integration, (void)self;
	return ignored("of no use here");
}

struct triage triage_decide(const struct event *event, const struct integration *integration,
			    const struct identity *self)
{
	static struct triage (*const decide[EVENT_KINDS])(const struct event *,
							  const struct integration *,
							  const struct identity *) = {
		[EVENT_PULL] = decide_pull,   [EVENT_COMMENT] = decide_comment,
		[EVENT_PUSH] = decide_push,   [EVENT_CI] = decide_ci,
		[EVENT_QUEUE] = decide_queue, [EVENT_INSTALL] = decide_install,
		[EVENT_OTHER] = decide_other,
	};
	const struct glob_list *repositories = &integration->intake.repositories;

	if (event->repository.len && repositories->n && !matches(repositories, event->repository))
		return ignored("its repository is not in repositories");
	return decide[event->kind](event, integration, self);
}

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[TRIAGE_VERDICTS] = {
		[TRIAGE_IGNORED] = "ignored", [TRIAGE_REVIEW] = "review",
		[TRIAGE_COMMAND] = "command", [TRIAGE_OUTCOME] = "outcome",
		[TRIAGE_CI] = "ci",	      [TRIAGE_QUEUE] = "queue",
		[TRIAGE_INSTALL] = "install",
	};

	return names[verdict];
}
