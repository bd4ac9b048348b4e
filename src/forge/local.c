#include "local.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>

#include "base/file.h"
#include "generic.h"

bool local_is_id(struct str id)
{
	for (size_t i = 0; i < id.len; i++) {
		char c = id.p[i];

		if (!(c >= '0' && c <= '9') && !((c | 32) >= 'a' && (c | 32) <= 'z') &&
		    (!c || !strchr("-_.:", c)))
			return false;
	}
	return id.len > 0 && id.len <= EFFECT_MAX_KEY && id.p[0] != '.';
}

/* All folders above the last component. */
static int make_folders(struct arena *mem, const char *path, struct err *err)
{
	char *copy = arena_z(mem, str_of(path));

	for (char *slash = strchr(copy + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(copy, 0777) < 0 && errno != EEXIST)
			return err_errno(err, "cannot make '%s'", copy);
		*slash = '/';
	}
	return 0;
}

int local_path(const char **out, struct arena *mem, const struct forge *forge,
	       struct str repository, const char *rest, bool make, struct err *err)
{
	const char *path;

	if (!repository_is_valid(repository, true))
		return err_input(err, "'%.*s' is no name of a repository", STR_ARG(repository));
	path = arena_printf(mem, "%.*s/%.*s.forge/%s", STR_ARG(forge->config.folder),
			    STR_ARG(repository), rest)
		       .p;
	if (make && make_folders(mem, path, err) < 0)
		return -1;
	*out = path;
	return 0;
}

int local_read(json_t **out, struct arena *mem, const char *path, struct err *err)
{
	struct str text;

	*out = NULL;
	if (access(path, F_OK) < 0 && errno == ENOENT)
		return 0;
	if (file_read(&text, mem, path, LOCAL_MAX_FILE, err) < 0)
		return -1;
	if (payload_load(out, text, err) < 0)
		return err_wrap(err, "'%s'", path);
	return 0;
}

int local_write(const char *path, json_t *json, struct err *err)
{
	char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
	int result;

	json_decref(json);
	if (!text)
		return err_set(err, ERR_TEMP, "out of memory");
	result = file_replace(path, str_of(text), err);
	free(text);
	return result;
}

int local_lock(struct arena *mem, const struct forge *forge, struct str repository, struct err *err)
{
	const char *path;
	int fd;

	if (local_path(&path, mem, forge, repository, "lock", true, err) < 0)
		return -1;
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0)
		return err_errno(err, "cannot open '%s'", path);
	if (flock(fd, LOCK_EX) < 0) {
		(void)err_errno(err, "cannot lock '%s'", path);
		close(fd);
		return -1;
	}
	return fd;
}

static int check(const struct forge_config *config, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct stat st;

	arena_init(&mem, 1 << 20);
	if (!config->folder.len || config->folder.p[0] != '/')
		return err_input(err, "a local forge needs an absolute folder");
	if (stat(arena_z(&mem, config->folder), &st) < 0)
		return err_errno(err, "folder '%.*s'", STR_ARG(config->folder));
	if (!S_ISDIR(st.st_mode))
		return err_input(err, "'%.*s' is no folder", STR_ARG(config->folder));
	return 0;
}

static int whoami(struct forge *forge, struct arena *mem, struct actor *out, struct err *err)
{
	(void)forge;
	(void)mem;
	(void)err;
	*out = (struct actor){ .login = STR("outrider"), .id = STR("outrider"), .bot = true };
	return 0;
}

static int git(struct forge_git *out, struct arena *mem, const struct forge_config *config,
	       const struct pull *pull, struct str token, struct err *err)
{
	(void)token;
	return git_of(out, mem, pull,
		      arena_printf(mem, "%.*s/%.*s.git", STR_ARG(config->folder),
				   STR_ARG(pull->repository)),
		      (struct str){ 0 }, (struct str){ 0 },
		      arena_printf(mem, "refs/pull/%llu/head", (unsigned long long)pull->number),
		      err);
}

const struct forge_type forge_local = {
	.name = "local",
	.label = "Local folder",
	.abilities = FORGE_RANGES | FORGE_SUGGESTIONS | FORGE_RESOLVE | FORGE_CHECKS |
		     FORGE_REACTIONS | FORGE_REPLIES | FORGE_REDELIVERY | FORGE_SIGNED | FORGE_GIT |
		     FORGE_PULL_REFS,
	.check = check,
	.verify = generic_verify,
	.parse = generic_parse,
	.lower = local_lower,
	.lower_started = local_lower_started,
	.lower_comment = local_lower_comment,
	.lower_reply = local_lower_reply,
	.lower_reaction = local_lower_reaction,
	.git = git,
	.whoami = whoami,
	.pull = local_pull,
	.pulls = local_pulls,
	.threads = local_threads,
	.summary = local_summary,
	.permission = local_permission,
	.send = local_send,
	.sweep = local_sweep,
};
