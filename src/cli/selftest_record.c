#include "selftest_record.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"

enum { NICE = 19, WAIT_STEPS = 1800, STEP_MS = 200 /* six minutes: a self-test under sanitizers on a busy machine */ };

static const int codes[RECORD_VERDICT_COUNT] = {
	[RECORD_HELD] = EXIT_CLEAN,
	[RECORD_ESCAPED] = EXIT_FINDINGS,
	[RECORD_INCOMPLETE] = EXIT_TROUBLE,
	[RECORD_NOT_TRIED] = EXIT_TROUBLE,
};

/* The service's own work goes first, and its end is ours. */
static int follow(unsigned parent, struct err *err)
{
	setpriority(PRIO_PROCESS, 0, NICE);
	if (prctl(PR_SET_PDEATHSIG, SIGTERM))
		return err_errno(err, "cannot follow process %u", parent);
	/* it may have died just before */
	if ((unsigned)getppid() != parent)
		return err_set(err, ERR_TEMP, "process %u is gone", parent);
	return 0;
}

static int say(const struct record *record, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };

	record_say(&text, record);
	buf_add_byte(&text, '\n');
	return file_write_fd(STDOUT_FILENO, buf_str(&text), err);
}

static void on_progress(void *ctx, size_t done, size_t all)
{
	record_progress(*(const int *)ctx, done, all);
}

static int try_all(struct record *out, struct arena *mem, unsigned parallel, int *lock, struct err *err)
{
	struct selftest_options options = { .walls = { [WALL_BUILD] = true, [WALL_SEALED] = true },
					    .controls = true,
					    .parallel = parallel,
					    .on_progress = on_progress,
					    .ctx = lock };
	struct selftest test;

	if (selftest_run(&test, mem, &options, err) < 0)
		return -1;
	record_judge(out, &test);
	return 0;
}

/* What a busy machine left open does not take back what was seen on a quiet one. */
static bool is_worth_writing(const struct record *fresh, const char *path)
{
	struct record old;

	return fresh->verdict != RECORD_INCOMPLETE || record_read(&old, path, NULL) < 0 ||
	       record_key_differs(&old.key, &fresh->key) ||
	       (old.verdict != RECORD_HELD && old.verdict != RECORD_NOT_TRIED);
}

static int make(struct record *out, const char *path, const struct record_key *key, struct arena *mem,
		unsigned parallel, int *lock, struct err *err)
{
	if (try_all(out, mem, parallel, lock, err) < 0)
		return -1;
	out->key = *key;
	out->made = time(NULL);
	return is_worth_writing(out, path) ? record_write(path, out, err) : 0;
}

/* A person waits for the service's, which may be of a time before theirs; the service's own reads the other's record. */
static int take_lock(int *lock, const struct record_request *request, struct err *err)
{
	for (int i = 0; record_lock(lock, request->path, err) < 0; i++) {
		if (err->kind != ERR_TEMP || request->parent || i == WAIT_STEPS)
			return -1;
		if (i == 0)
			fprintf(stderr, "outrider: %s; waiting for its end\n", err->text);
		poll(NULL, 0, STEP_MS);
	}
	return 0;
}

int record_make(const struct record_request *request, unsigned parallel, struct arena *mem,
		struct err *err)
{
	AUTO_FD int lock = -1;
	struct record record;
	struct record_key key;

	if (!request->path)
		return err_input(err, "--if-needed and --parent are for --record");
	if (request->narrowed)
		return err_input(err, "--record is of all tricks, and as jobs run: only --parallel goes with it");
	if (request->parent && follow(request->parent, err) < 0)
		return -1;
	/* before all else: whoever asks meanwhile sees that one is under way */
	if (take_lock(&lock, request, err) < 0)
		/* workers that start together all ask for it; each reads the one's record */
		return request->parent && err->kind == ERR_TEMP ? EXIT_TROUBLE : -1;
	if (record_key_here(&key, err) < 0)
		return -1;
	if ((!request->if_needed || record_read(&record, request->path, err) < 0 ||
	     !record_is_fresh(&record, &key, time(NULL))) &&
	    make(&record, request->path, &key, mem, parallel, &lock, err) < 0)
		return -1;
	return say(&record, err) < 0 ? -1 : codes[record.verdict];
}
