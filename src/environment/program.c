#include "program.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/child.h"
#include "base/scope.h"
#include "tail.h"

static const char *const inherited[] = { "http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "no_proxy",
					 "NO_PROXY",   "SSL_CERT_FILE", "SSL_CERT_DIR" };
/* they are root's tools: some are only in sbin */
static const char usual_path[] = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

struct listener {
	struct buf *out;
	struct tail tail; /* of both streams */
};

static bool find(char out[PATH_MAX], const char *name)
{
	struct str rest = str_of(usual_path), folder;

	while (str_cut(&rest, ':', &folder)) {
		snprintf(out, PATH_MAX, "%.*s/%s", STR_ARG(folder), name);
		if (access(out, X_OK) == 0)
			return true;
	}
	return false;
}

bool program_is_there(const char *name)
{
	char path[PATH_MAX];

	return find(path, name);
}

static bool hear(void *payload, int fd, struct str bytes)
{
	struct listener *l = payload;

	if (fd == 1 && l->out && l->out->len < PROGRAM_OUTPUT)
		buf_add(l->out, str_sub(bytes, 0, PROGRAM_OUTPUT - l->out->len));
	tail_add(&l->tail, bytes);
	return true;
}

int program_run(struct buf *out, const char *name, const char *package, const char *const *args, uint64_t milliseconds,
		struct err *err)
{
	struct listener listener = { .out = out };
	char path[PATH_MAX], lines[COUNT(inherited) + 2][512];
	char *env[COUNT(inherited) + 3] = { NULL };
	const char *argv[PROGRAM_ARGS] = { name };
	struct child_end end;
	size_t n_env = 0;

	if (!find(path, name))
		return err_set(err, ERR_PERM, "the program %s is not installed (Debian: %s)", name, package);
	for (size_t n = 1; args[n - 1]; n++) {
		if (n + 1 >= COUNT(argv))
			return err_set(err, ERR_BUG, "%s: too many arguments", name);
		argv[n] = args[n - 1];
	}
	snprintf(lines[0], sizeof lines[0], "PATH=%s", usual_path);
	snprintf(lines[1], sizeof lines[1], "LC_ALL=C.UTF-8");
	env[n_env] = lines[n_env];
	n_env++;
	env[n_env] = lines[n_env];
	n_env++;
	for (size_t i = 0; i < COUNT(inherited); i++) {
		if (!getenv(inherited[i]))
			continue;
		snprintf(lines[n_env], sizeof lines[n_env], "%s=%s", inherited[i], getenv(inherited[i]));
		env[n_env] = lines[n_env];
		n_env++;
	}
	const struct child child = { .path = path, .argv = (char *const *)(uintptr_t)argv, .env = env,
				     .milliseconds = (uint32_t)milliseconds, .output = hear, .payload = &listener };

	if (child_run(&end, &child, err))
		return -1;
	if (end.late)
		return err_set(err, ERR_TEMP, "%s took longer than %u s", name, (unsigned)(milliseconds / 1000));
	return end.code == 0 ? 0 : err_set(err, ERR_PERM, "%s failed: %.*s", name, STR_ARG(tail_words(&listener.tail)));
}
