#include "tag.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "environment/shelf.h"

static int64_t time_of(const struct stat *st)
{
	return (int64_t)st->st_mtim.tv_sec * 1000 + st->st_mtim.tv_nsec / 1000000;
}

int tag_read(char out[IMAGE_DIGEST + 1], bool *found, const char *store, const char *key, int64_t since_ms, struct err *err)
{
	AUTO_ARENA struct arena mem;
	char path[SHELF_MAX_PATH];
	struct stat st;
	struct str text;

	arena_init(&mem, (size_t)1 << 20);
	*found = false;
	snprintf(path, sizeof path, "%s/tags/%s", store, key);
	if (lstat(path, &st))
		return errno == ENOENT ? 0 : err_errno(err, "'%s'", path);
	if (time_of(&st) < since_ms)
		return 0;
	if (file_read(&text, &mem, path, IMAGE_DIGEST, err))
		return -1;
	if (!image_digest_ok(text))
		return err_set(err, ERR_PERM, "'%s' holds no digest: remove it", path);
	snprintf(out, IMAGE_DIGEST + 1, "%.*s", STR_ARG(text));
	*found = true;
	return 0;
}

int tag_write(const char *store, const char *key, const char *digest, struct err *err)
{
	char path[SHELF_MAX_PATH];

	snprintf(path, sizeof path, "%s/tags/%s", store, key);
	return file_replace(path, str_of(digest), err);
}

static void auto_dir(DIR **dir)
{
	if (*dir)
		closedir(*dir);
}

int tag_prune(const char *store, int64_t since_ms, struct err *err)
{
	char path[SHELF_MAX_PATH];
	const struct dirent *file;

	snprintf(path, sizeof path, "%s/tags", store);
	AUTO(auto_dir) DIR *dir = opendir(path);

	if (!dir)
		return err_errno(err, "'%s'", path);
	while ((file = readdir(dir))) {
		struct stat st;

		if (file->d_name[0] == '.' || fstatat(dirfd(dir), file->d_name, &st, AT_SYMLINK_NOFOLLOW) ||
		    time_of(&st) >= since_ms)
			continue;
		if (unlinkat(dirfd(dir), file->d_name, 0) && errno != ENOENT)
			return err_errno(err, "remove '%s/%s'", path, file->d_name);
	}
	return 0;
}
