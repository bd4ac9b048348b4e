/*
 * outrider-canary: the program (and with CANARY_LIBRARY the library) that a job must not get to run. The harness makes
 * copies and puts a fresh token into each, so that the token in a job's output proves that the copy's code ran.
 */
#include <string.h>
#include <unistd.h>

/* volatile: the copy on disk is patched, the compiler must not know the bytes */
static const volatile char token[] = "OUTRIDER-CANARY:0123456789abcdef0123456789abcdef\n";

static void tell(void)
{
	char line[sizeof token];

	for (size_t i = 0; i < sizeof token; i++)
		line[i] = token[i];
	(void)!write(STDOUT_FILENO, line, strlen(line));
}

#ifdef CANARY_LIBRARY
__attribute__((constructor)) static void loaded(void)
{
	tell();
}
#else
int main(void)
{
	tell();
	return 0;
}
#endif
