#include "content.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/stat.h>

static enum change_skip unreadable(struct str *detail, struct arena *mem, const char *why)
{
	*detail = arena_str(mem, str_of(why));
	return SKIP_UNREADABLE;
}

static enum change_skip os_failed(struct str *detail, struct arena *mem, int code)
{
	char text[128];

	/* O_NOFOLLOW on the way: what git saw as a file or folder is a symlink by now */
	if (code == ELOOP)
		return unreadable(detail, mem, "a symbolic link is in the way");
	return unreadable(detail, mem, strerror_r(code, text, sizeof text));
}

static enum change_skip git_failed(struct str *detail, struct arena *mem, int code)
{
	const git_error *last = git_error_last();

	if (code == GIT_ENOTFOUND)
		unreadable(detail, mem, "the object is not in this clone");
	else
		unreadable(detail, mem,
			   last && last->message ? last->message : "git gave no reason");
	git_error_clear();
	return SKIP_UNREADABLE;
}

/* Opens one name after the other, so that no folder on the way may be a symlink. -1 with errno. */
static int open_beneath(int root, const char *path)
{
	char name[NAME_MAX + 1];
	int at = -1;

	for (;;) {
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';
		int flags = last ? O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
				 : O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
		int next = -1, saved = ENAMETOOLONG;

		if (len < sizeof name) {
			memcpy(name, path, len);
			name[len] = '\0';
			next = openat(at < 0 ? root : at, name, flags);
			saved = errno;
		}
		if (at >= 0)
			close(at);
		errno = saved;
		if (next < 0 || last)
			return next;
		at = next;
		path += len + 1;
	}
}

static enum change_skip open_file(int *out, size_t *size, struct str *detail, struct arena *mem,
				  const struct loader *loader, const struct side *side)
{
	int fd = open_beneath(loader->root, side->path.p);
	struct stat st;

	if (fd < 0)
		return os_failed(detail, mem, errno);
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
		*out = fd;
		*size = (size_t)st.st_size;
		return SKIP_NONE;
	}
	close(fd);
	return unreadable(detail, mem, "not a regular file");
}

static enum change_skip object_size(size_t *out, git_oid *oid, struct str *detail,
				    struct arena *mem, const struct loader *loader, const char *hex)
{
	git_object_t type;
	int code = git_oid_fromstr(oid, hex);

	if (code == 0)
		code = git_odb_read_header(out, &type, loader->odb, oid);
	return code < 0 ? git_failed(detail, mem, code) : SKIP_NONE;
}

enum change_skip content_size(size_t *out, struct str *detail, struct arena *mem,
			      const struct loader *loader, const struct side *side)
{
	git_oid oid;
	int fd;
	enum change_skip skip;

	if (*side->oid)
		return object_size(out, &oid, detail, mem, loader, side->oid);
	skip = open_file(&fd, out, detail, mem, loader, side);
	if (skip == SKIP_NONE)
		close(fd);
	return skip;
}

static enum change_skip check_size(size_t size, size_t *left, struct str *detail, struct arena *mem,
				   const struct loader *loader)
{
	if (size > loader->max_file) {
		*detail = arena_printf(mem, "%zu bytes, the limit is %zu", size, loader->max_file);
		return SKIP_TOO_LARGE;
	}
	if (size > *left) {
		*detail = STR("all texts together are over the limit");
		return SKIP_LIMIT;
	}
	*left -= size;
	return SKIP_NONE;
}

static enum change_skip load_object(struct str *out, struct str *detail, struct arena *mem,
				    size_t *left, const struct loader *loader, const char *hex)
{
	AUTO(auto_git_odb_object) git_odb_object *object = NULL;
	git_oid oid = { 0 };
	size_t size = 0;
	int code;
	enum change_skip skip = object_size(&size, &oid, detail, mem, loader, hex);

	if (skip == SKIP_NONE)
		skip = check_size(size, left, detail, mem, loader);
	if (skip != SKIP_NONE)
		return skip;
	code = git_odb_read(&object, loader->odb, &oid);
	if (code < 0)
		return git_failed(detail, mem, code);
	*out = arena_str(mem,
			 (struct str){ git_odb_object_data(object), git_odb_object_size(object) });
	return SKIP_NONE;
}

/* Line ends as git would store them; without such settings there is no filter and no copy. */
static enum change_skip convert(struct str *text, struct str *detail, struct arena *mem,
				const struct loader *loader, const char *path)
{
	AUTO(auto_git_filters) git_filter_list *filters = NULL;
	git_buf stored = GIT_BUF_INIT;
	int code = git_filter_list_load(&filters, loader->git, NULL, path, GIT_FILTER_TO_ODB,
					GIT_FILTER_ALLOW_UNSAFE);

	if (code == 0 && filters) {
		code = git_filter_list_apply_to_buffer(&stored, filters, text->p, text->len);
		if (code == 0 && stored.size <= loader->max_file)
			*text = arena_str(mem, (struct str){ stored.ptr, stored.size });
		git_buf_dispose(&stored);
	}
	return code < 0 ? git_failed(detail, mem, code) : SKIP_NONE;
}

static enum change_skip load_file(struct str *out, struct str *detail, struct arena *mem,
				  size_t *left, const struct loader *loader,
				  const struct side *side)
{
	int opened = -1;
	size_t size, got = 0;
	enum change_skip skip = open_file(&opened, &size, detail, mem, loader, side);
	AUTO_FD int fd = opened;
	char *text;

	if (skip == SKIP_NONE)
		skip = check_size(size, left, detail, mem, loader);
	if (skip != SKIP_NONE)
		return skip;
	text = arena_alloc(mem, size + 1);
	while (got < size) {
		ssize_t n = read(fd, text + got, size - got);

		if (n < 0 && errno != EINTR)
			return os_failed(detail, mem, errno);
		if (n == 0)
			break; /* it shrank */
		got += n > 0 ? (size_t)n : 0;
	}
	text[got] = '\0';
	*out = (struct str){ text, got };
	return convert(out, detail, mem, loader, side->path.p);
}

enum change_skip content_load(struct str *out, struct str *detail, struct arena *mem, size_t *left,
			      const struct loader *loader, const struct side *side)
{
	if (*side->oid)
		return load_object(out, detail, mem, left, loader, side->oid);
	return load_file(out, detail, mem, left, loader, side);
}

bool content_is_binary(struct str text)
{
	size_t looked_at = text.len < 8000 ? text.len : 8000;

	return looked_at && memchr(text.p, '\0', looked_at);
}
