#include "gate_known.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>
#include <time.h>

void gate_known_release(struct gate_known *known)
{
	for (size_t i = 0; i < GATE_KNOWN; i++) {
		free(known->images[i]);
		known->images[i] = NULL;
	}
}

static size_t place(uint64_t ino)
{
	return (size_t)((ino * 0x9e3779b97f4a7c15U) >> 32) % GATE_KNOWN;
}

static bool same_time(const struct statx_timestamp *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == (uint32_t)b->tv_nsec;
}

const struct gate_image *gate_known_find(const struct gate_known *known, pid_t pid)
{
	const struct gate_image *image;
	struct statx now;
	char link[64];

	snprintf(link, sizeof link, "/proc/%d/exe", (int)pid);
	if (statx(AT_FDCWD, link, 0, STATX_BASIC_STATS | STATX_MNT_ID, &now) || !(now.stx_mask & STATX_MNT_ID))
		return NULL;
	image = known->images[place(now.stx_ino)];
	if (!image || image->stat.st_ino != now.stx_ino ||
	    image->stat.st_dev != makedev(now.stx_dev_major, now.stx_dev_minor) || image->mount != now.stx_mnt_id ||
	    (uint64_t)image->stat.st_size != now.stx_size || image->stat.st_mode != now.stx_mode ||
	    image->stat.st_nlink != now.stx_nlink || !same_time(&now.stx_mtime, &image->stat.st_mtim) ||
	    !same_time(&now.stx_ctime, &image->stat.st_ctim))
		return NULL;
	/* a file with several names is several programs to people */
	if (now.stx_nlink > 1) {
		char path[GATE_MAX_PATH] __attribute__((uninitialized));

		gate_image_path(path, pid);
		if (strcmp(path, image->path) != 0)
			return NULL;
	}
	return image;
}

void gate_known_keep(struct gate_known *known, const struct gate_image *image)
{
	struct gate_image **to = &known->images[place(image->stat.st_ino)];
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	if (!image->facts.digested || image->facts.origin != GATE_TOOLCHAIN ||
	    !digest_settled(&image->stat, now))
		return;
	if (!*to)
		*to = malloc(sizeof **to);
	/* without memory it is read again */
	if (*to)
		**to = *image;
}
