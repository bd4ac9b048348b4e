#include "disk_guard.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "files.h"

enum {
	LOOK_MS = 250, /* between two looks at least */
	LOOK_SHARE = 4, /* a look may take the fifth part of one processor */
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static bool is_over(const struct disk_guard *guard)
{
	struct files_size size;

	files_glance(&size, guard->path);
	return size.bytes > guard->max_bytes || size.entries > DISK_GUARD_ENTRIES;
}

static void *watch(void *of)
{
	struct disk_guard *guard = of;
	struct pollfd stop = { guard->stop, POLLIN, 0 };
	int64_t pause = LOOK_MS;

	while (poll(&stop, 1, (int)pause) == 0) {
		const int64_t began = now_ms();

		if (is_over(guard)) {
			guard->over = true;
			eventfd_write(guard->cancel, 1);
			return NULL;
		}
		pause = (now_ms() - began) * LOOK_SHARE;
		pause = pause < LOOK_MS ? LOOK_MS : pause;
	}
	return NULL;
}

static void close_both(struct disk_guard *guard)
{
	if (guard->cancel >= 0)
		close(guard->cancel);
	if (guard->stop >= 0)
		close(guard->stop);
}

int disk_guard_open(struct disk_guard *guard, const char *path, uint64_t max_bytes, struct err *err)
{
	*guard = (struct disk_guard){ .path = path, .max_bytes = max_bytes, .cancel = eventfd(0, EFD_CLOEXEC), .stop = eventfd(0, EFD_CLOEXEC) };
	if (guard->cancel >= 0 && guard->stop >= 0 && pthread_create(&guard->thread, NULL, watch, guard) == 0)
		return 0;
	(void)err_errno(err, "watch the size of '%s'", path);
	close_both(guard);
	return -1;
}

bool disk_guard_close(struct disk_guard *guard)
{
	eventfd_write(guard->stop, 1);
	pthread_join(guard->thread, NULL);
	close_both(guard);
	return guard->over || is_over(guard);
}
