#include "gate_judge.h"

#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "gate_proc.h"

void judge_init(struct judge *j, const struct gate_options *options)
{
	if (!(j->log = malloc(sizeof *j->log)))
		abort();
	j->options = *options;
	j->own = options->cache ? NULL : digest_cache_new();
	j->shared = options->cache ? options->cache : j->own;
	gate_log_init(j->log);
	pthread_mutex_init(&j->lock, NULL);
}

void judge_release(struct judge *j)
{
	gate_rules_release(&j->rules);
	gate_known_release(&j->known);
	gate_log_release(j->log);
	free(j->log);
	task_table_release(&j->tasks);
	digest_cache_free(j->own);
	pthread_mutex_destroy(&j->lock);
}

int64_t judge_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

/* What is only worth its time for a program that was not seen before. */
static void note_details(struct judge *j, pid_t pid, const struct gate_image *image, int32_t index)
{
	struct gate_program *program = &j->log->programs.items[index];
	int64_t changed = (int64_t)image->stat.st_ctim.tv_sec * 1000000000 + image->stat.st_ctim.tv_nsec;

	program->pid = gate_proc_number(pid);
	if (image->facts.opened && image->facts.origin == GATE_FRESH)
		program->writer = task_alive(&j->tasks, changed, DIGEST_SETTLE_NS, pid);
}

/* The image that the process is about to run. A file is read and hashed without the lock: others are not held up by it. */
static void look(struct judge *j, struct gate_image *out, pid_t pid)
{
	const struct gate_image *known;

	pthread_mutex_lock(&j->lock);
	known = gate_known_find(&j->known, pid);
	if (known)
		*out = *known;
	pthread_mutex_unlock(&j->lock);
	if (known)
		return;
	gate_image_read(out, pid, &j->rules, j->shared, NULL);
	gate_log_classify(out, j->options.profile);
	pthread_mutex_lock(&j->lock);
	gate_known_keep(&j->known, out);
	pthread_mutex_unlock(&j->lock);
}

static int32_t note(struct judge *j, pid_t pid, const struct gate_image *image, enum gate_rule rule, bool denied)
{
	char script[GATE_MAX_PATH] __attribute__((uninitialized));
	bool fresh;
	int32_t index;

	*script = '\0';
	if (image->facts.class == CLASS_INTERPRETER)
		gate_script_read(script, pid, image, j->rules.root_fd);
	pthread_mutex_lock(&j->lock);
	index = gate_log_add(j->log, image, script, rule, denied, &fresh);
	if (index >= 0 && fresh)
		note_details(j, pid, image, index);
	pthread_mutex_unlock(&j->lock);
	return index;
}

bool judge_exec(struct judge *j, pid_t pid, int32_t *program)
{
	struct gate_image image __attribute__((uninitialized));
	enum gate_rule rule;
	bool denied;

	look(j, &image, pid);
	rule = gate_decide(&image.facts, j->rules.mode);
	denied = rule != GATE_OK && j->rules.mode != EXEC_AUDIT;
	if (denied)
		kill(pid, SIGKILL); /* stopped and ours, so its number cannot have become another's */
	*program = note(j, pid, &image, rule, denied);
	if (denied && pid == j->command)
		atomic_store(&j->command_killed, true);
	return !denied;
}

void judge_started(struct judge *j, pid_t pid, int32_t program)
{
	pthread_mutex_lock(&j->lock);
	task_started(&j->tasks, pid, program, judge_now());
	pthread_mutex_unlock(&j->lock);
}

void judge_unseen(struct judge *j, pid_t pid)
{
	struct gate_image image = { .path = "(not seen)" };

	(void)note(j, pid, &image, GATE_NO_IMAGE, true);
}
