#include "repo/checkout.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "mirror_files.h"

/* A checkout is thrown away after a crash: waiting for the disk is for nothing. */
#define NO_SYNC "-c", "core.fsync=none"

/* The program git in the folder's own `.git`. `source`: may be read from; NULL: no protocol at all. */
static int git_in(const char *dir, const char *source, const char *const *args, struct err *err)
{
	struct mirror place = { .complete = false };
	const struct mirror_remote remote = { .url = source, .local = true };
	const struct git_run run = { .mirror = &place, .remote = source ? &remote : NULL,
				     .milliseconds = CHECKOUT_SECONDS * 1000u };
	struct git_said said;

	if ((size_t)snprintf(place.path, sizeof place.path, "%s/.git", dir) >= sizeof place.path)
		return err_input(err, "the path '%.200s' is too long", dir);
	if (git_program(&said, &run, args, err))
		return -1;
	if (said.code == 0)
		return 0;
	if (said.late)
		return err_set(err, ERR_TEMP, "git took longer than %d s for '%s'", CHECKOUT_SECONDS, dir);
	return err_set(err, ERR_PERM, "git could not check out '%s': %s", dir,
		       said.text[0] ? said.text : "it failed without a word");
}

static int check(const char *dir, const char *source, const char *oid, struct err *err)
{
	if (dir[0] != '/' || source[0] != '/' || strlen(oid) != OID_HEX || strspn(oid, "0123456789abcdef") != OID_HEX)
		return err_set(err, ERR_BUG, "a checkout needs absolute folders and a commit id");
	return 0;
}

int checkout_move(const char *dir, const char *source, const char *oid, struct err *err)
{
	/* a commit that no ref has any more is there all the same; whose repository it is was looked at by who opened it */
	static const char upload[] = "--upload-pack=git -c 'safe.directory=*' -c uploadpack.allowAnySHA1InWant=true upload-pack";
	const char *const fetch[] = { NO_SYNC, "fetch",  "--quiet", "--depth=1", "--no-tags", "--no-write-fetch-head",
				      upload, "--",      source,      oid,         NULL };
	char tree[1100];
	const char *const move[] = { NO_SYNC, tree, "checkout", "--quiet", "--force", "--detach", oid, NULL };

	if (check(dir, source, oid, err))
		return -1;
	snprintf(tree, sizeof tree, "--work-tree=%s", dir);
	return git_in(dir, source, fetch, err) || git_in(dir, NULL, move, err) ? -1 : 0;
}

int checkout_make(const char *dir, const char *source, const char *oid, struct err *err)
{
	static const char *const init[] = { NO_SYNC, "init", "--quiet", "--template=", "--initial-branch=none", NULL };

	if (check(dir, source, oid, err))
		return -1;
	if (mkdir(dir, 0755) && errno != EEXIST)
		return err_errno(err, "make the folder '%s'", dir);
	return git_in(dir, NULL, init, err) || checkout_move(dir, source, oid, err) ? -1 : 0;
}
