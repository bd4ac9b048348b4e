#include "writers.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/fanotify.h>

#include "base/scope.h"
#include "marks.h"

enum { EVENTS_ROOM = 16384 };

struct writers {
	int group; /* owned */
	struct {
		dev_t         dev;
		ino_t         ino; /* 0: none */
		struct digest writer;
	} files[WRITERS_FILES];
	struct {
		pid_t         task; /* 0: none */
		struct digest program;
	} tasks[WRITERS_TASKS];
};

int writers_open(struct writers **out, const struct ward *ward, const struct fence_job *job, struct err *err)
{
	struct writers *w = job->mode == EXEC_SEALED ? NULL : calloc(1, sizeof *w);

	if (!w && job->mode != EXEC_SEALED)
		return err_set(err, ERR_TEMP, "no memory");
	if (w && (w->group = marks_open_writes(ward, job->mounts, job->n_mounts, err)) < 0) {
		free(w);
		return -1;
	}
	*out = w;
	return 0;
}

void writers_close(struct writers *w)
{
	if (w)
		auto_fd(&w->group);
	free(w);
}

int writers_fd(const struct writers *w)
{
	return w ? w->group : -1;
}

void writers_ran(struct writers *w, pid_t task, const struct digest *program)
{
	size_t at = (size_t)task % WRITERS_TASKS;

	if (!w)
		return;
	w->tasks[at].task = task;
	w->tasks[at].program = *program;
}

static size_t slot(const struct stat *file)
{
	return (size_t)(((uint64_t)file->st_ino ^ (uint64_t)file->st_dev << 32) * 0x9e3779b97f4a7c15U >> 40) % WRITERS_FILES;
}

/* What the task runs: as it was judged, or as /proc has it of one that was forked. */
static bool program_of(struct digest *out, const struct writers *w, pid_t task, const struct gate_rules *rules,
		       struct digest_cache *shared, struct digest_cache *own)
{
	const size_t at = (size_t)task % WRITERS_TASKS;
	struct gate_image image = { 0 };
	char path[64];

	if (w->tasks[at].task == task) {
		*out = w->tasks[at].program;
		return true;
	}
	snprintf(path, sizeof path, "/proc/%d/exe", (int)task);
	AUTO_FD int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);

	gate_image_fd(&image, fd, rules, shared, own);
	*out = image.digest;
	return image.facts.digested;
}

static void note(struct writers *w, const struct fanotify_event_metadata *event, const struct gate_rules *rules,
		 struct digest_cache *shared, struct digest_cache *own)
{
	struct digest program;
	struct stat st;
	size_t at;

	/* some were lost: any file may be another than it was */
	if (event->mask & FAN_Q_OVERFLOW)
		digest_cache_empty(own);
	if (event->fd < 0 || fstat(event->fd, &st) || !S_ISREG(st.st_mode))
		return;
	digest_cache_forget(own, &st);
	at = slot(&st);
	/* a writer that is unknown is none that was there before */
	if (!program_of(&program, w, event->pid, rules, shared, own)) {
		if (w->files[at].ino == st.st_ino && w->files[at].dev == st.st_dev)
			w->files[at].ino = 0;
		return;
	}
	w->files[at].dev = st.st_dev;
	w->files[at].ino = st.st_ino;
	w->files[at].writer = program;
}

void writers_read(struct writers *w, const struct gate_rules *rules, struct digest_cache *shared, struct digest_cache *own)
{
	_Alignas(struct fanotify_event_metadata) char room[EVENTS_ROOM] __attribute__((uninitialized));
	ssize_t n;

	while (w && (n = read(w->group, room, sizeof room)) > 0)
		for (struct fanotify_event_metadata *e = (void *)room; FAN_EVENT_OK(e, n); e = FAN_EVENT_NEXT(e, n)) {
			note(w, e, rules, shared, own);
			if (e->fd >= 0)
				close(e->fd);
		}
}

bool writers_find(const struct writers *w, struct digest *out, const struct stat *file)
{
	const size_t at = slot(file);

	if (!w || w->files[at].ino != file->st_ino || w->files[at].dev != file->st_dev)
		return false;
	*out = w->files[at].writer;
	return true;
}
