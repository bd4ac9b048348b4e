#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/child.h"
#include "mirror_files.h"

/*
 * What a repository that a person works in would take from the user, set to what a mirror of hostile text needs. The fsck ids
 * are faults that well-known public repositories have in their history; none of them confuses a reader of trees.
 */
static const char *const settings[][2] = {
	{ "core.hooksPath", "/dev/null" },
	{ "core.fsmonitor", "false" },
	{ "core.logAllRefUpdates", "false" },
	{ "credential.helper", "" },
	{ "gc.auto", "0" },
	{ "maintenance.auto", "false" },
	{ "submodule.recurse", "false" },
	{ "fetch.recurseSubmodules", "false" },
	{ "fetch.unpackLimit", "1" }, /* packs, not files: one object, one write */
	{ "fetch.fsckObjects", "true" },
	{ "fetch.fsck.zeroPaddedFilemode", "ignore" },
	{ "fetch.fsck.missingSpaceBeforeDate", "ignore" },
	{ "fetch.fsck.missingSpaceBeforeEmail", "ignore" },
	{ "fetch.fsck.missingEmail", "ignore" },
	{ "fetch.fsck.missingNameBeforeEmail", "ignore" },
	{ "fetch.fsck.badEmail", "ignore" },
	{ "fetch.fsck.badName", "ignore" },
	{ "fetch.fsck.badTimezone", "ignore" },
	{ "fetch.fsck.badDate", "ignore" },
	{ "fetch.fsck.badDateOverflow", "ignore" },
	{ "fetch.fsck.zeroPaddedDate", "ignore" },
	{ "fetch.fsck.multipleAuthors", "ignore" },
	{ "fetch.fsck.nulInCommit", "ignore" },
	{ "http.followRedirects", "false" }, /* a credential goes where it was meant to */
	{ "http.lowSpeedLimit", "1000" },
	{ "http.lowSpeedTime", "60" },
	{ "http.userAgent", "outrider" },
	{ "protocol.version", "2" },
	{ "transfer.credentialsInUrl", "die" },
};

/* What of our own environment git shall see: how to reach the network. */
static const char *const inherited[] = {
	"PATH",	       "http_proxy", "https_proxy", "HTTPS_PROXY",   "all_proxy",
	"ALL_PROXY", "no_proxy",	"NO_PROXY",    "SSL_CERT_FILE", "SSL_CERT_DIR",
};

enum {
	MAX_ENV = COUNT(settings) * 2 + COUNT(inherited) + 32,
	MAX_ARGS = 32 + MIRROR_MAX_REFS,
};

struct env {
	char  *items[MAX_ENV];
	size_t n, settings;
};

__attribute__((format(printf, 2, 3))) static void set(struct env *env, const char *fmt, ...)
{
	char *line;
	va_list args;

	if (env->n + 1 >= COUNT(env->items))
		return;
	va_start(args, fmt);
	if (vasprintf(&line, fmt, args) < 0)
		abort();
	va_end(args);
	env->items[env->n++] = line;
}

static void configure(struct env *env, const char *key, const char *value)
{
	set(env, "GIT_CONFIG_KEY_%zu=%s", env->settings, key);
	set(env, "GIT_CONFIG_VALUE_%zu=%s", env->settings, value);
	env->settings++;
}

static void env_release(struct env *env)
{
	for (size_t i = 0; i < env->n; i++) {
		explicit_bzero(env->items[i], strlen(env->items[i])); /* one holds a credential */
		free(env->items[i]);
	}
}

static void env_init(struct env *env, const struct git_run *run)
{
	const struct mirror_remote *remote = run->remote;

	*env = (struct env){ .n = 0 };
	for (size_t i = 0; i < COUNT(inherited); i++)
		if (getenv(inherited[i]))
			set(env, "%s=%s", inherited[i], getenv(inherited[i]));
	set(env, "LC_ALL=C");
	set(env, "HOME=/nonexistent");
	set(env, "GIT_DIR=%s", run->mirror->path);
	set(env, "GIT_CONFIG_NOSYSTEM=1");
	set(env, "GIT_CONFIG_GLOBAL=/dev/null");
	set(env, "GIT_ATTR_NOSYSTEM=1");
	set(env, "GIT_TERMINAL_PROMPT=0");
	set(env, "GIT_NO_REPLACE_OBJECTS=1");
	set(env, "GIT_OPTIONAL_LOCKS=0");
	set(env, "GIT_PROTOCOL_FROM_USER=0");
	set(env, "GIT_ALLOW_PROTOCOL=%s", !remote ? "none" : remote->local ? "file" : "http:https");
	for (size_t i = 0; i < COUNT(settings); i++)
		configure(env, settings[i][0], settings[i][1]);
	if (remote && remote->ca_file)
		configure(env, "http.sslCAInfo", remote->ca_file);
	if (remote && remote->authorization) {
		set(env, "GIT_CONFIG_KEY_%zu=http.%s.extraHeader", env->settings, remote->url);
		set(env, "GIT_CONFIG_VALUE_%zu=Authorization: %s", env->settings,
		    remote->authorization);
		env->settings++;
	}
	set(env, "GIT_CONFIG_COUNT=%zu", env->settings);
}

/* Phrases of git (in English: LC_ALL=C) that tell what went wrong. */
static const struct {
	const char *phrase;
	size_t      flag;
} phrases[] = {
	{ "couldn't find remote ref", offsetof(struct git_said, no_ref) },
	{ "not our ref", offsetof(struct git_said, no_ref) },
	{ "does not allow request for unadvertised object", offsetof(struct git_said, no_ref) },
	{ "Server does not allow request", offsetof(struct git_said, no_ref) },
	{ "fsck error", offsetof(struct git_said, bad_objects) },
	{ "Authentication failed", offsetof(struct git_said, refused) },
	{ "could not read Username", offsetof(struct git_said, refused) },
	{ "requested URL returned error: 401", offsetof(struct git_said, refused) },
	{ "requested URL returned error: 403", offsetof(struct git_said, refused) },
	{ "requested URL returned error: 404", offsetof(struct git_said, refused) },
	{ "' not found", offsetof(struct git_said, refused) },
	{ "does not appear to be a git repository", offsetof(struct git_said, refused) },
	{ "bad object", offsetof(struct git_said, corrupt) },
	{ "is corrupt", offsetof(struct git_said, corrupt) },
	{ "object corrupt", offsetof(struct git_said, corrupt) },
	{ "object file ", offsetof(struct git_said, corrupt) },
	{ "cannot be accessed", offsetof(struct git_said, corrupt) },
	{ "missing blob", offsetof(struct git_said, corrupt) },
	{ "missing tree", offsetof(struct git_said, corrupt) },
	{ "missing commit", offsetof(struct git_said, corrupt) },
	{ "did not send all necessary objects", offsetof(struct git_said, corrupt) },
	{ "unresolved deltas", offsetof(struct git_said, corrupt) },
	{ "index file corrupt", offsetof(struct git_said, corrupt) },
	{ "bad signature", offsetof(struct git_said, corrupt) },
	{ "inflate: ", offsetof(struct git_said, corrupt) },
	{ "not a git repository", offsetof(struct git_said, corrupt) },
};

struct listener {
	const struct git_run *run;
	struct git_said      *said;
	char                  line[600];
	size_t                n;
};

/* The first complaint is the cause; what follows is "fetch-pack: invalid index-pack output". */
static void keep_words(struct git_said *said, struct str line)
{
	static const struct str marks[] = { { "fatal: ", 7 }, { "error: ", 7 }, { "remote: ", 8 } };
	size_t n = strlen(said->text);
	bool wanted = false;

	for (size_t i = 0; i < COUNT(marks); i++)
		wanted |= str_starts(line, marks[i]);
	if (!wanted || n + line.len + 3 > sizeof said->text ||
	    (str_starts(line, STR("remote: ")) && str_has(line, STR("objects: "))))
		return;
	if (n)
		n += (size_t)snprintf(said->text + n, sizeof said->text - n, "; ");
	for (size_t i = 0; i < line.len; i++)
		said->text[n++] = line.p[i] < ' ' || line.p[i] == 0x7f ? '?' : line.p[i];
	said->text[n] = '\0';
}

/* "Receiving objects:  42% (421/1000), 1.2 MiB | ..." */
static bool report(const struct listener *l, struct str line)
{
	const struct mirror_want *want = l->run->want;
	size_t colon = str_find_byte(line, ':'), percent = str_find_byte(line, '%');
	char what[64];
	uint64_t n;

	if (!want || !want->progress || colon == SIZE_MAX || percent == SIZE_MAX || percent < colon ||
	    colon >= sizeof what || str_starts(line, STR("remote:")) ||
	    !str_to_u64(str_trim(str_sub(line, colon + 1, percent)), &n) || n > 100)
		return true;
	memcpy(what, line.p, colon);
	what[colon] = '\0';
	return want->progress(want->payload, what, (unsigned)n);
}

static bool hear_line(struct listener *l)
{
	struct str line = { l->line, l->n };

	l->n = 0;
	for (size_t i = 0; i < COUNT(phrases); i++)
		if (str_has(line, str_of(phrases[i].phrase)))
			*(bool *)((char *)l->said + phrases[i].flag) = true;
	if (str_starts(line, STR("remote: ")))
		l->said->corrupt = false; /* the other side cannot talk us into throwing ours away */
	keep_words(l->said, line);
	return report(l, line);
}

static bool hear(void *payload, int fd, struct str bytes)
{
	struct listener *l = payload;

	for (size_t i = 0; fd == 2 && i < bytes.len; i++) {
		if (bytes.p[i] == '\n' || bytes.p[i] == '\r') {
			if (l->n && !hear_line(l))
				return false;
		} else if (l->n < sizeof l->line) {
			l->line[l->n++] = bytes.p[i]; /* the rest of a longer line says no more */
		}
	}
	return true;
}

static bool tick(void *payload)
{
	const struct listener *l = payload;
	const struct mirror_want *want = l->run->want;

	/* 101: nothing new, but may we go on? */
	return !want || !want->progress || want->progress(want->payload, "", 101);
}

/* git by the search path; execve() itself does not search. */
static int find_git(char out[PATH_MAX], struct err *err)
{
	const char *path = getenv("PATH");
	struct str rest = str_of(path && *path ? path : "/usr/local/bin:/usr/bin:/bin"), folder;

	while (str_cut(&rest, ':', &folder)) {
		if (folder.len == 0 || folder.p[0] != '/' || folder.len > PATH_MAX - 8)
			continue;
		snprintf(out, PATH_MAX, "%.*s/git", STR_ARG(folder));
		if (access(out, X_OK) == 0)
			return 0;
	}
	return err_set(err, ERR_PERM, "the program git is not installed (no git in PATH)");
}

int git_program(struct git_said *out, const struct git_run *run, const char *const *args,
		struct err *err)
{
	struct git_said said = { .code = -1 };
	struct listener listener = { .run = run, .said = &said };
	AUTO(env_release) struct env env;
	const char *argv[MAX_ARGS] = { "git" };
	char program[PATH_MAX];
	struct child_end end;
	size_t n = 1;

	for (; args[n - 1] && n + 1 < COUNT(argv); n++)
		argv[n] = args[n - 1];
	if (find_git(program, err) < 0)
		return -1;
	env_init(&env, run);
	struct child child = {
		.path = program, .argv = (char *const *)(uintptr_t)argv, .env = env.items,
		.milliseconds = run->milliseconds, .file = run->bytes,
		.output = hear, .tick = tick, .payload = &listener,
	};

	if (child_run(&end, &child, err) < 0)
		return -1;
	if (listener.n)
		hear_line(&listener);
	said.code = end.code;
	said.signal = end.signal;
	said.late = end.late;
	said.stopped = end.stopped;
	*out = said;
	return 0;
}
