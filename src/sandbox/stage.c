/*
 * outrider-stage: what bubblewrap starts as process 1 of a job. It finds namespaces and a view of files, and puts up what bubblewrap
 * cannot: descriptors, limits, Landlock, the filter of system calls, the wait for the gate; then it is the init of the job.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "stage_wire.h"
#include "sys.h"

static bool read_plan(struct plan *out)
{
	struct stat st;
	char *bytes;

	if (fstat(STAGE_PLAN, &st) || st.st_size > STAGE_MAX_PLAN)
		return false;
	bytes = malloc((size_t)st.st_size + 1);
	return bytes && pread(STAGE_PLAN, bytes, (size_t)st.st_size, 0) == st.st_size &&
	       stage_decode(out, (struct str){ bytes, (size_t)st.st_size });
}

/* The work directory as a copy in memory, by a descriptor from outside: the host's own is nowhere in the view. */
static void copy_work(struct plan *p)
{
	int to = open(SANDBOX_WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	umask(022);
	if (to < 0 || (p->work_fd >= 0 && copy_tree(p->work_fd, to, false)))
		inside_fail(p, STEP_COPY, NULL);
	close(to);
	if (p->work_fd >= 0)
		close(p->work_fd);
	if (mkdir(SANDBOX_HOME "/.cache", 0755) || mkdir(SANDBOX_HOME "/tmp", 0755))
		inside_fail(p, STEP_MEMORY, SANDBOX_HOME);
}

static void send_places(struct plan *p)
{
	const struct message message = { .kind = MESSAGE_PLACES, .value = WORKDIR_COPY };
	const int fds[4] = {
		open("/", O_PATH | O_CLOEXEC),
		open(SANDBOX_WORK, O_PATH | O_CLOEXEC),
		open(SANDBOX_WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC),
		open(SANDBOX_HOME, O_PATH | O_CLOEXEC),
	};

	inside_send(p, &message, fds, COUNT(fds));
}

int main(int argc, char **argv)
{
	struct plan plan;

	/* bubblewrap could start it: that is all who probes wants to know */
	if (argc == 2 && strcmp(argv[1], "probe") == 0)
		return 0;
	if (argc != 2 || strcmp(argv[1], "job") != 0 || !read_plan(&plan)) {
		fprintf(stderr, "outrider-stage is started by outrider, never by hand\n");
		return 2;
	}
	copy_work(&plan);
	send_places(&plan);
	inside_stage(&plan);
}
