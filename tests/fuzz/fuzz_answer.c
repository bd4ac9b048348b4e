/* Any bytes as the answer of an analyst that was taken over; what is read is planned and said. */
#include <stdlib.h>

#include "base/scope.h"
#include "flow/answer.h"
#include "review/say.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void need(bool holds)
{
	if (!holds)
		__builtin_trap();
}

/* Whatever it said: each comment stands on lines of one hunk of its file. */
static void check_comment(const struct post_comment *c, const struct changeset *changes)
{
	struct marker marker;
	bool found = false;

	for (size_t i = 0; i < changes->n && !found; i++) {
		struct anchor anchor;

		found = str_eq(changes->items[i].new_path, c->path) &&
			change_anchor(&changes->items[i], c->start_line, c->line, &anchor) && anchor.exact;
	}
	need(found && c->start_line && c->start_line <= c->line);
	need(str_is_utf8(c->body) && c->body.len <= COMMENT_MAX_BODY);
	need(marker_read(&marker, c->body) && strcmp(marker.fingerprint, c->fingerprint) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct thread_list threads = { 0 };
	struct thread_states states = { 0 };
	struct thread_plan plan;
	struct post_plan post;
	struct answer answer;

	arena_init(&mem, 1 << 30);
	if (answer_read(&answer, &mem, (struct str){ (const char *)data, size }, NULL) < 0)
		return 0;
	need(thread_plan_make(&plan, &mem,
			      &(struct thread_input){ .review = &answer.review, .threads = &threads,
						      .states = &states, .caps = answer.caps },
			      NULL) == 0);
	say_plan(&post, &mem,
		 &(struct say_input){ .review = &answer.review, .plan = &plan, .fixes = answer.fixes,
				      .has_fix = answer.has_fix, .fail_on = answer.fail_on });
	for (size_t i = 0; i < post.n_comments; i++)
		check_comment(&post.comments[i], &answer.changes);
	need(str_is_utf8(post.summary) && str_is_utf8(post.check.text));
	need(thread_states_read(&states, &mem, thread_states_write(&mem, &plan.next), NULL) == 0);
	need(states.n == plan.next.n);
	return 0;
}
