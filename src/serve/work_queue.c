/* work_queue.c - a merge queue waits for our check on its own commit: what is in it was reviewed in its pull requests. */
#include "work.h"

int work_queue(struct work *work, json_t *result, struct err *err)
{
	const struct event *event = &work->event;
	struct pull pull = { .repository = work->repository, .number = work->number };
	struct post_plan post = { 0 };
	struct forge_target target;
	struct forge_plan plan = { 0 };

	memcpy(pull.head_oid, event->pull.head_oid, sizeof(pull.head_oid));
	memcpy(post.head_oid, event->pull.head_oid, sizeof(post.head_oid));
	if (pull.head_oid[0] == '\0')
		return err_set(err, ERR_PERM, "a merge queue's event without a head");
	if (work->silent || !body_bool(work->body, "check")) {
		json_object_set_new(result, "skipped", json_string("checks are off here"));
		return 0;
	}
	post.check.conclusion = CONCLUSION_CLEAN;
	post.check.title = STR("Reviewed in its pull request");
	post.check.summary = STR("The merge queue combines pull requests that were reviewed one by one.");
	if (work_target(&target, work, &pull, err) ||
	    forge_lower(&plan, &work->mem, &target, &post, err))
		return -1;
	return work_deliver(work, &plan, err);
}
