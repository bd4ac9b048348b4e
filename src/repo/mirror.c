#include "repo/mirror.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "mirror_files.h"

enum {
	OPEN_TRIES = 100,       /* against an eviction that removes the folder under us */
	LOCK_POLL_MS = 20,
	RENEW_WAIT_MS = 30000,  /* for a fetch that is under way in a mirror that is to be renewed */
	MAX_KEY = 4096,
	MAX_ROOT = 900,         /* of the 1024 bytes of mirror.path */
};

void mirror_file(char out[1100], const struct mirror *mirror, const char *name)
{
	/* path ends in "/git" */
	snprintf(out, 1100, "%.*s%s", (int)(strlen(mirror->path) - 3), mirror->path, name);
}

bool mirror_file_is(const struct mirror *mirror, const char *name)
{
	char path[1100];

	mirror_file(path, mirror, name);
	return access(path, F_OK) == 0;
}

int mirror_file_touch(const struct mirror *mirror, const char *name, struct err *err)
{
	char path[1100];
	int fd;

	mirror_file(path, mirror, name);
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0 || futimens(fd, NULL) < 0) {
		if (fd >= 0)
			close(fd);
		return err_errno(err, "touch %s", path);
	}
	close(fd);
	return 0;
}

void mirror_file_remove(const struct mirror *mirror, const char *name)
{
	char path[1100];

	mirror_file(path, mirror, name);
	unlink(path);
}

static int make_folder(const char *path, struct err *err)
{
	if (mkdir(path, 0700) < 0 && errno != EEXIST)
		return err_errno(err, "make %s", path);
	return 0;
}

static void nap(void)
{
	struct timespec t = { 0, LOCK_POLL_MS * 1000000 };

	nanosleep(&t, NULL);
}

int mirror_lock(const char *path, int how, uint64_t ms, struct err *err)
{
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	if (fd < 0)
		return err ? err_errno(err, "open %s", path) : -1;
	for (uint64_t waited = 0; flock(fd, how | LOCK_NB) < 0; waited += LOCK_POLL_MS) {
		if ((errno != EWOULDBLOCK && errno != EINTR) || waited >= ms) {
			close(fd);
			return err ? err_set(err, ERR_TEMP, "%s is held by another process", path)
				   : -1;
		}
		nap();
	}
	return fd;
}

/* The folder's name: a key may be longer than a file name, and hold anything. */
static int name_of(char out[GIT_OID_HEXSZ + 1], struct str key, struct err *err)
{
	git_oid oid;
	int code;

	if (git_start(err) < 0)
		return -1;
	code = git_odb_hash(&oid, key.p, key.len, GIT_OBJECT_BLOB);
	if (code < 0)
		return lib_fail(err, code, "name a mirror");
	git_oid_tostr(out, GIT_OID_HEXSZ + 1, &oid);
	return 0;
}

static bool is_linked(int fd, const char *path)
{
	struct stat ours, there;

	return fstat(fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
	       ours.st_dev == there.st_dev;
}

/* Packs stay where they are while somebody reads. */
static int hold_packs(struct mirror *mirror, struct err *err)
{
	char lock[1100];
	int fd;

	mirror_file(lock, mirror, "pack.lock");
	fd = mirror_lock(lock, LOCK_SH, MIRROR_REPACK_SECONDS * 1000, err);
	mirror->packs = fd + 1;
	return fd < 0 ? -1 : 0;
}

/* The folder may be removed between our making it and our locking it. */
static int hold(struct mirror *mirror, struct err *err)
{
	char lock[1100], folder[1100];

	mirror_file(folder, mirror, "");
	mirror_file(lock, mirror, "use.lock");
	for (int i = 0; i < OPEN_TRIES; i++) {
		int fd;

		if (make_folder(folder, err) < 0)
			return -1;
		fd = mirror_lock(lock, LOCK_SH, RENEW_WAIT_MS, NULL);
		if (fd >= 0 && is_linked(fd, lock)) {
			mirror->use = fd + 1;
			return 0;
		}
		if (fd >= 0)
			close(fd);
		nap();
	}
	return err_set(err, ERR_TEMP, "the mirror at %s cannot be locked", folder);
}

/* Written once; afterwards a folder of that name with another key is another repository. */
static int check_key(const struct mirror *mirror, struct str key, struct err *err)
{
	AUTO_ARENA struct arena mem;
	char path[1100];
	struct str there;

	arena_init(&mem, 1 << 20);
	mirror_file(path, mirror, "key");
	if (access(path, F_OK) < 0)
		return file_replace(path, key, err);
	if (file_read(&there, &mem, path, MAX_KEY, err) < 0)
		return -1;
	return str_eq(there, key) ? 0 : err_set(err, ERR_BUG, "%s belongs to another key", path);
}

static bool is_whole(const struct mirror *mirror)
{
	return mirror_file_is(mirror, "git/HEAD") && mirror_file_is(mirror, "git/config") &&
	       mirror_file_is(mirror, "git/objects") && mirror_file_is(mirror, "git/refs") &&
	       !mirror_file_is(mirror, "broken");
}

int mirror_renew(struct mirror *mirror, struct err *err)
{
	AUTO(auto_git_repository) git_repository *git = NULL;
	git_repository_init_options options;
	char fresh[1100], old[1100];
	int code;

	mirror_file(fresh, mirror, "new");
	mirror_file(old, mirror, "old");
	mirror_file_remove(mirror, "complete");
	mirror->complete = false;
	if (folder_remove(fresh, err) < 0 || folder_remove(old, err) < 0)
		return -1;
	git_repository_init_options_init(&options, GIT_REPOSITORY_INIT_OPTIONS_VERSION);
	options.flags = GIT_REPOSITORY_INIT_BARE | GIT_REPOSITORY_INIT_MKDIR;
	options.initial_head = "outrider"; /* no branch of theirs is ours */
	code = git_repository_init_ext(&git, fresh, &options);
	if (code < 0)
		return lib_fail(err, code, "make %s", fresh);
	/* readers of the old one keep what they have open; the next look-up finds the new one */
	if (rename(mirror->path, old) < 0 && errno != ENOENT)
		return err_errno(err, "move %s", mirror->path);
	if (rename(fresh, mirror->path) < 0)
		return err_errno(err, "move %s", fresh);
	mirror_file_remove(mirror, "broken");
	return folder_remove(old, err);
}

static int make_whole(struct mirror *mirror, struct err *err)
{
	char path[1100];
	AUTO_FD int lock = -1;

	if (is_whole(mirror))
		return 0;
	mirror_file(path, mirror, "fetch.lock");
	lock = mirror_lock(path, LOCK_EX, RENEW_WAIT_MS, err);
	if (lock < 0)
		return -1;
	return is_whole(mirror) ? 0 : mirror_renew(mirror, err); /* somebody else may have done it */
}

int mirror_open(struct mirror *out, const struct mirror_store *store, struct str key,
		struct err *err)
{
	struct mirror mirror = { .store = store };
	char name[GIT_OID_HEXSZ + 1];

	if (!store->root || store->root[0] != '/' || strlen(store->root) > MAX_ROOT)
		return err_input(err, "the folder of mirrors must be an absolute path of at most %d bytes",
				 MAX_ROOT);
	if (key.len == 0 || key.len > MAX_KEY)
		return err_input(err, "a mirror's key has 1 to %d bytes", MAX_KEY);
	if (name_of(name, key, err) < 0 || make_folder(store->root, err) < 0)
		return -1;
	snprintf(mirror.path, sizeof mirror.path, "%s/%s/git", store->root, name);
	if (hold(&mirror, err) < 0)
		return -1;
	if (hold_packs(&mirror, err) < 0 || check_key(&mirror, key, err) < 0 || make_whole(&mirror, err) < 0 ||
	    mirror_file_touch(&mirror, "used", err) < 0) {
		mirror_close(&mirror);
		return -1;
	}
	mirror.complete = mirror_file_is(&mirror, "complete");
	*out = mirror;
	return 0;
}

void mirror_close(struct mirror *mirror)
{
	if (!mirror || !mirror->use)
		return;
	if (mirror->packs)
		close(mirror->packs - 1);
	close(mirror->use - 1);
	mirror->use = mirror->packs = 0;
}

static git_repository *open_git(const struct mirror *mirror)
{
	git_repository *git = NULL;

	if (git_start(NULL) < 0)
		return NULL;
	if (git_repository_open_bare(&git, mirror->path) < 0) {
		git_error_clear();
		return NULL;
	}
	return git;
}

bool mirror_has(const struct mirror *mirror, const char *oid)
{
	AUTO(auto_git_repository) git_repository *git = open_git(mirror);
	AUTO(auto_git_tree) git_tree *tree = NULL;

	return git && strlen(oid) == OID_HEX && tree_of(&tree, NULL, git, oid, NULL) == 0;
}

int mirror_keep(const struct mirror *mirror, uint64_t number, const char *oid, struct err *err)
{
	AUTO(auto_git_repository) git_repository *git = open_git(mirror);
	AUTO(auto_git_reference) git_reference *ref = NULL;
	char name[120];
	git_oid id;
	int code;

	if (!git)
		return err_set(err, ERR_TEMP, "%s cannot be opened", mirror->path);
	if (oid_parse(&id, oid, err) < 0)
		return -1;
	snprintf(name, sizeof name, "refs/outrider/seen/%llu/%llu-%s", (unsigned long long)number,
		 (unsigned long long)time(NULL), oid);
	code = git_reference_create(&ref, git, name, &id, 1, NULL);
	return code < 0 ? lib_fail(err, code, "keep %s", oid) : 0;
}

/* "refs/outrider/seen/7/1700000000-<oid>": the age stands in the name, for packed refs have no time. */
static bool is_old(const char *name, uint64_t now)
{
	const char *slash = strrchr(name, '/');
	uint64_t when = 0;

	if (!slash)
		return false;
	for (const char *p = slash + 1; *p >= '0' && *p <= '9' && when < UINT64_MAX / 16; p++)
		when = when * 10 + (uint64_t)(*p - '0');
	return when + (uint64_t)MIRROR_SEEN_DAYS * 86400 < now;
}

int mirror_forget(const struct mirror *mirror, uint64_t now, struct err *err)
{
	AUTO(auto_git_repository) git_repository *git = open_git(mirror);
	git_strarray names = { 0 };
	int code;

	if (!git)
		return err_set(err, ERR_TEMP, "%s cannot be opened", mirror->path);
	code = git_reference_list(&names, git);
	if (code < 0)
		return lib_fail(err, code, "list refs of %s", mirror->path);
	for (size_t i = 0; i < names.count && code >= 0; i++)
		if (str_starts(str_of(names.strings[i]), STR("refs/outrider/seen/")) &&
		    is_old(names.strings[i], now))
			code = git_reference_remove(git, names.strings[i]);
	git_strarray_dispose(&names);
	return code < 0 ? lib_fail(err, code, "forget heads in %s", mirror->path) : 0;
}

void mirror_distrust(const struct mirror *mirror)
{
	mirror_file_touch(mirror, "broken", NULL);
}
