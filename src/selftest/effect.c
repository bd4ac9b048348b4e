/* Effects in the output and at the listeners; the table of all. */
#include <arpa/inet.h>
#include <dirent.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/scope.h"
#include "lab.h"

bool saw(struct trial *trial, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(trial->why, sizeof trial->why, fmt, args);
	va_end(args);
	return true;
}

bool output_has(const struct trial *t, const char *text)
{
	return *text && str_has(buf_str(&t->seen), str_of(text));
}

static bool told(struct trial *t, const char *token, const char *what)
{
	return output_has(t, token) && saw(t, "%s", what);
}

static bool secret(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, t->stage.secret, "the secret is in the output");
}

static bool tool(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, t->stage.tool_token, "the denied program ran");
}

static bool brought(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, t->stage.brought_token, "the brought program ran");
}

static bool preload(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, t->stage.library_token, "the brought library ran");
}

static bool name(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, t->stage.hidden, "a hidden name is in the output");
}

static bool victim(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, t->stage.victim_name, "a host process's name is in the output");
}

/* The letters of `tr 0-9a-f g-v`. */
static bool translated(struct trial *t, struct listeners *l, const char *argument)
{
	char text[TOKEN + 1] = "";

	(void)l, (void)argument;
	for (size_t i = 0; i < TOKEN; i++) {
		char c = t->stage.token[i];

		text[i] = (char)('g' + (c <= '9' ? c - '0' : c - 'a' + 10));
	}
	return told(t, text, "the program that no policy lists ran");
}

static bool seen_stat(struct trial *t, struct listeners *l, const char *argument)
{
	struct stat st;
	char text[64];

	(void)l, (void)argument;
	if (stat(t->stage.secret_path, &st) < 0)
		return false;
	snprintf(text, sizeof text, "mtime %lld.%09ld\n", (long long)st.st_mtim.tv_sec,
		 st.st_mtim.tv_nsec);
	return told(t, text, "the secret's time is in the output");
}

static bool host(struct trial *t, struct listeners *l, const char *argument)
{
	char own[256], text[300];

	(void)l, (void)argument;
	if (gethostname(own, sizeof own) < 0)
		return false;
	snprintf(text, sizeof text, "\nhost=%.250s\n", own);
	return told(t, text, "the host's name is in the output");
}

static bool interface(struct trial *t, struct listeners *l, const char *argument)
{
	DIR *dir = opendir("/sys/class/net");
	bool found = false;

	(void)l, (void)argument;
	for (const struct dirent *e; dir && !found && (e = readdir(dir));)
		/* shorter ones are found in anything */
		found = e->d_name[0] != '.' && strlen(e->d_name) > 3 && output_has(t, e->d_name) &&
			saw(t, "the host's device %.16s is in the output", e->d_name);
	if (dir)
		closedir(dir);
	return found;
}

/* The supervisor's environment: as much of it as cannot be chance. */
static bool supervisor_secret(struct trial *t, struct listeners *l, const char *argument)
{
	char text[64];

	(void)l, (void)argument;
	if (read_small("/proc/self/environ", text, sizeof text) < sizeof text - 1)
		return false;
	return told(t, text, "the supervisor's environment is in the output");
}

static bool kernel_log(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return told(t, "\nkernel log:\n<", "the kernel's log is in the output");
}

static bool many_bytes(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l;
	return t->output_bytes >= strtoull(argument, NULL, 10) << 20 &&
	       saw(t, "%llu bytes of output came", (unsigned long long)t->output_bytes);
}

static bool many_lines(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l;
	return t->output_lines >= strtoull(argument, NULL, 10) &&
	       saw(t, "%llu lines came", (unsigned long long)t->output_lines);
}

static bool bytes(struct trial *t, struct listeners *l, const char *argument)
{
	(void)argument;
	return listeners_got(l, t->stage.token) && saw(t, "bytes came to a listener of the host");
}

/* It came to the service that a policy allows, by a path or method that it does not. */
static bool served(struct trial *t, struct listeners *l, const char *argument)
{
	(void)argument;
	return listeners_served(l, t->stage.token) &&
	       saw(t, "a service answered what is not allowed");
}

static bool asked(struct trial *t, struct listeners *l, const char *argument)
{
	(void)argument;
	return (t->asked || listeners_got(l, t->stage.token)) &&
	       saw(t, "a name server was asked for the bytes");
}

static bool reaches(int domain, const void *address, socklen_t size)
{
	AUTO_FD int fd = socket(domain, SOCK_STREAM | SOCK_CLOEXEC, 0);

	return fd >= 0 && connect(fd, address, size) == 0;
}

static bool inbound(struct trial *t, struct listeners *l, const char *argument)
{
	static const char says[] = "\nlistening ";
	size_t at = str_find(buf_str(&t->seen), (struct str){ says, sizeof says - 1 });
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr = { htonl(INADDR_LOOPBACK) } };
	unsigned long port = 0;

	(void)l, (void)argument;
	if (at == SIZE_MAX)
		return false;
	for (at += sizeof says - 1;
	     at < t->seen.len && t->seen.bytes[at] >= '0' && t->seen.bytes[at] <= '9'; at++)
		port = port * 10 + (unsigned long)(t->seen.bytes[at] - '0');
	to.sin_port = htons((uint16_t)port);
	return reaches(AF_INET, &to, sizeof to) && saw(t, "it serves port %lu of the host", port);
}

static bool inbound_abstract(struct trial *t, struct listeners *l, const char *argument)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };

	(void)l, (void)argument;
	memcpy(to.sun_path + 1, t->stage.token, TOKEN);
	return reaches(AF_UNIX, &to,
		       (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + TOKEN)) &&
	       saw(t, "it serves an abstract name of the host");
}

static bool overtime(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return !t->ended && now_ms() - t->began_ms >= OVERTIME_MS &&
	       saw(t, "alive after %d ms", OVERTIME_MS);
}

static bool survivor(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return t->survivors > 0 && saw(t, "%d processes outlived the job", t->survivors);
}

static bool pipe_held(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return t->pipe_held && saw(t, "the output was held open after the end");
}

static bool supervisor(struct trial *t, struct listeners *l, const char *argument)
{
	(void)l, (void)argument;
	return t->warden_hurt && saw(t, "the supervisor was killed or stopped");
}

const struct effect output_effects[] = {
	{ "secret", false, secret },
	{ "tool", false, tool },
	{ "brought", false, brought },
	{ "preload", false, preload },
	{ "translated", false, translated },
	{ "name", false, name },
	{ "victim", false, victim },
	{ "stat", false, seen_stat },
	{ "host", false, host },
	{ "interface", false, interface },
	{ "supervisor-secret", false, supervisor_secret },
	{ "log", false, kernel_log },
	{ "output", false, many_bytes },
	{ "lines", false, many_lines },
	{ "bytes", false, bytes },
	{ "served", false, served },
	{ "asked", false, asked },
	{ "control", false, served },
	{ "inbound", true, inbound },
	{ "inbound-abstract", true, inbound_abstract },
	{ "overtime", false, overtime },
	{ "survivor", false, survivor },
	{ "pipe", false, pipe_held },
	{ "supervisor", false, supervisor },
	{ NULL, false, NULL },
};

const struct effect *effect_find(const char **argument, const char *text)
{
	static const struct effect *const tables[] = { output_effects, after_effects, hold_effects,
						       process_effects, victim_effects };
	size_t n = strcspn(text, " ");

	for (size_t i = 0; i < COUNT(tables); i++)
		for (const struct effect *e = tables[i]; e->name; e++)
			if (strlen(e->name) == n && memcmp(e->name, text, n) == 0) {
				*argument = text + n + (text[n] == ' ');
				return e;
			}
	return NULL;
}
