/* Results that turn against the one who collects them. The harness takes "result" as any collector would. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "trick.h"

static int result_symlink(void)
{
	return symlink(given("secret"), "result");
}

static int result_relative(void)
{
	return symlink(path_of("../../../../../../../../../../..%s", given("secret")), "result");
}

static int result_hard_link(void)
{
	return link(given("secret"), "result");
}

static int result_below_symlink(void)
{
	static char dir[4200];

	snprintf(dir, sizeof dir, "%s", given("secret"));
	*strrchr(dir, '/') = 0;
	return symlink(dir, "results");
}

static int result_proc(void)
{
	/* for the collector this is its own environment */
	return symlink("/proc/self/environ", "result");
}

static int result_pipe(void)
{
	return mkfifo("result", 0644);
}

static int result_sparse(void)
{
	return write_file("result", "x") < 0 ? 1 : truncate("result", (off_t)1 << 40);
}

static int result_name(void)
{
	return write_file("result\033]0;outrider\007\n-rf", given("token"));
}

const struct trick result_tricks[] = {
	{ "T14", "results", "collected secret", "a symlink as result", result_symlink },
	{ "T31", "results", "collected secret", "a relative symlink as result", result_relative },
	{ "T32", "results", "collected secret", "a hard link as result", result_hard_link },
	{ "T33", "results", "collected secret", "a symlink as the directory of results",
	  result_below_symlink },
	{ "T34", "results", "collected supervisor", "a symlink to /proc/self/environ",
	  result_proc },
	{ "T35", "results", "collector-hangs", "a pipe as result", result_pipe },
	{ "T36", "results", "collector-hangs", "a result of 1 TiB", result_sparse },
	{ "T37", "results", "collected name", "a file name with control characters", result_name },
	{ 0 },
};
