#include "trial.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "base/scope.h"

static bool wants_objects(const struct selftest_trick *trick)
{
	return str_eq(trick->family, STR("ipc")) || str_eq(trick->family, STR("keyrings"));
}

int trial_start(struct trial *out, struct lab *lab, struct selftest_trick *trick,
		enum selftest_wall wall, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct trial t = { .trick = trick,
			   .wall = wall,
			   .web_port = lab->listeners.web_port,
			   .options = lab->options,
			   .output = -1,
			   .report = -1,
			   .cancel = -1 };

	arena_init(&mem, 1 << 20);
	if (stage_open(&t.stage, lab->dir, lab->tricks, lab->git_index, &lab->listeners,
		       wants_objects(trick), err) < 0)
		return -1;
	if (warden_start(&t, stage_arguments(&t.stage, &lab->listeners, &mem), lab->tricks, err) <
	    0) {
		stage_close(&t.stage);
		return -1;
	}
	*out = t;
	return 0;
}

static void cancel(struct trial *t)
{
	if (t->cancel < 0)
		return;
	(void)!write(t->cancel, "x", 1);
	close(t->cancel);
	t->cancel = -1;
}

static void count(struct trial *t, const char *bytes, size_t n)
{
	t->output_bytes += n;
	for (size_t i = 0; i < n; i++)
		t->output_lines += bytes[i] == '\n';
	if (t->seen.len < MAX_OUTPUT)
		buf_add(&t->seen, (struct str){ bytes, n });
}

static void read_output(struct trial *t)
{
	char bytes[65536];
	ssize_t n;

	if (t->eof)
		return;
	while ((n = read(t->output, bytes, sizeof bytes)) > 0)
		count(t, bytes, (size_t)n);
	t->eof = n == 0;
}

static void obey(struct trial *t, char word, const char *text)
{
	if (word == WORD_ENDED) {
		t->ended = true;
	} else if (word == WORD_SURVIVORS) {
		read_output(t);
		t->survivors = atoi(text);
		t->pipe_held = !t->eof;
	} else if (word == WORD_ASKED) {
		t->asked |= strstr(text, t->stage.token) != NULL;
	} else if (word == WORD_BROKEN) {
		snprintf(t->broken, sizeof t->broken, "%.390s", text);
	}
}

static void read_report(struct trial *t)
{
	char bytes[4096];
	ssize_t n = read(t->report, bytes, sizeof bytes);
	struct str rest = { bytes, n > 0 ? (size_t)n : 0 }, line;

	while (str_cut_line(&rest, &line)) {
		char text[512];

		snprintf(text, sizeof text, "%.*s", (int)(line.len < 500 ? line.len : 500), line.p);
		if (*text)
			obey(t, *text, text + 1);
	}
}

static void watch_warden(struct trial *t)
{
	int status;
	pid_t got = t->gone ? 0 : waitpid(t->warden, &status, WNOHANG | WUNTRACED);

	if (got <= 0)
		return;
	if (WIFSTOPPED(status)) {
		t->warden_hurt = true;
		kill(t->warden, SIGKILL);
		waitpid(t->warden, NULL, 0);
	} else if (WIFSIGNALED(status)) {
		t->warden_hurt = true;
	}
	t->gone = true;
	t->ended = true;
}

static void judge(struct trial *t, struct lab *lab, bool at_hold)
{
	const char *argument;
	const struct effect *effect = effect_find(&argument, t->trick->effect.p);

	if (!t->worked && effect && effect->at_hold == at_hold)
		t->worked = effect->seen(t, &lab->listeners, argument);
}

static bool is_overtime(const struct trial *t)
{
	return str_eq(t->trick->effect, STR("overtime"));
}

bool trial_step(struct trial *t, struct lab *lab)
{
	uint64_t age = now_ms() - t->began_ms;

	read_output(t);
	read_report(t);
	watch_warden(t);
	if (!t->held && output_has(t, "\noutrider:hold\n")) {
		t->held = true;
		judge(t, lab, true);
		cancel(t);
	}
	if (!t->ended && is_overtime(t) && age >= OVERTIME_MS) {
		judge(t, lab, false);
		cancel(t);
	}
	if (age >= SELFTEST_SECONDS * 1000)
		cancel(t);
	if (!t->gone && age >= (SELFTEST_SECONDS + 2) * 1000) {
		kill(t->warden, SIGKILL);
		waitpid(t->warden, NULL, 0);
		t->gone = true;
	}
	if (t->gone)
		read_output(t);
	return t->gone;
}

/* The allowed request shows in our walls that the way out is there, so that what is stopped is stopped by it. */
static void judge_control(struct trial *t)
{
	if (!str_eq(t->trick->effect, STR("control")) || t->wall < WALL_BUILD || *t->broken)
		return;
	if (!t->worked)
		snprintf(t->broken, sizeof t->broken, "what is allowed did not get through");
	t->worked = false;
}

void trial_finish(struct trial *t, struct lab *lab)
{
	struct selftest_trick *trick = t->trick;

	read_report(t);
	judge(t, lab, false);
	judge_control(t);
	if (t->worked) {
		trick->verdict[t->wall] = TRICK_WORKED;
		trick->why[t->wall] = arena_str(lab->mem, str_of(t->why));
	} else if (*t->broken) {
		trick->verdict[t->wall] = TRICK_BROKEN;
		trick->why[t->wall] = arena_str(lab->mem, str_of(t->broken));
	} else {
		trick->verdict[t->wall] = TRICK_STOPPED;
	}
	cancel(t);
	close(t->output);
	close(t->report);
	buf_release(&t->seen);
	stage_close(&t->stage);
}
