/*
 * outrider-tricks: the escape corpus as one program.
 *
 *   outrider-tricks --list         id, family, effect and title of each trick, with tabs between
 *   outrider-tricks ID KEY=VALUE...  tries one (trick.h)
 *   outrider-tricks victim          a host process for tricks to attack
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "trick.h"

static const struct trick *const families[] = {
	exec_tricks,      image_tricks,  race_tricks,   file_tricks,  plant_tricks,  device_tricks,
	process_tricks,   signal_tricks, ipc_tricks,    net_tricks,   socket_tricks, kernel_tricks,
	namespace_tricks, flood_tricks,  result_tricks, proxy_tricks,
};

static char **arguments;

const char *given(const char *key)
{
	size_t n = strlen(key);

	for (char **a = arguments; *a; a++)
		if (strncmp(*a, key, n) == 0 && (*a)[n] == '=')
			return *a + n + 1;
	return "";
}

long given_number(const char *key)
{
	const char *text = given(key);

	return *text ? strtol(text, NULL, 10) : -1;
}

static int list(void)
{
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		for (const struct trick *t = families[i]; t->id; t++)
			printf("%s\t%s\t%s\t%s\n", t->id, t->family, t->effect, t->title);
	return fflush(stdout) == 0 ? 0 : 1;
}

/* Says where its secret stands, and waits to be attacked. */
static _Noreturn void victim(void)
{
	const char *secret = getenv("OUTRIDER_SECRET");

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	printf("%p\n", (const void *)secret);
	fflush(stdout);
	for (;;)
		pause();
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: outrider-tricks --list | ID KEY=VALUE...\n");
		return 2;
	}
	arguments = argv + 2;
	if (strcmp(argv[1], "--list") == 0)
		return list();
	if (strcmp(argv[1], "victim") == 0)
		victim();
	for (size_t i = 0; i < sizeof families / sizeof families[0]; i++)
		for (const struct trick *t = families[i]; t->id; t++)
			if (strcmp(t->id, argv[1]) == 0)
				return t->run();
	fprintf(stderr, "outrider-tricks: there is no trick '%s'\n", argv[1]);
	return 2;
}
