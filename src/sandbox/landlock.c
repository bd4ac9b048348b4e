#include "landlock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

struct ruleset {
	uint64_t fs, net, scope;
};

struct path_rule {
	uint64_t allowed;
	int32_t  fd;
} __attribute__((packed));

enum { VERSION = 1, PATH_BENEATH = 1 };

/* Rights that an ABI knows. */
static uint64_t known(int abi)
{
	static const uint64_t newest[] = { 0,         LL_MAKE_SYM, LL_REFER,
					   LL_TRUNCATE, LL_TRUNCATE, LL_IOCTL_DEV };
	uint64_t top = newest[abi < 5 ? abi : 5];

	return (top << 1) - 1;
}

int landlock_abi(void)
{
	long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION);

	return abi < 0 ? 0 : (int)abi;
}

int landlock_new(int abi, bool no_tcp)
{
	const struct ruleset set = {
		.fs = known(abi),
		.net = no_tcp && abi >= 4 ? LL_NET_BIND | LL_NET_CONNECT : 0,
		.scope = abi >= 6 ? LL_SCOPE_ABSTRACT | LL_SCOPE_SIGNAL : 0,
	};
	/* an older kernel takes the larger struct when what it does not know is zero */
	return (int)syscall(SYS_landlock_create_ruleset, &set, sizeof set, 0);
}

int landlock_allow(int ruleset, int abi, int at, const char *path, uint64_t rights)
{
	int fd = openat(at, path, O_PATH | O_CLOEXEC);
	struct path_rule rule = { rights & known(abi), fd };
	struct stat st;
	long failed;

	if (fd < 0)
		return -1;
	if (fstat(fd, &st) == 0 && !S_ISDIR(st.st_mode))
		rule.allowed &= LL_FILE;
	failed = rule.allowed ? syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &rule, 0) : 0;
	close(fd);
	return failed ? -1 : 0;
}

int landlock_enforce(int ruleset)
{
	return (int)syscall(SYS_landlock_restrict_self, ruleset, 0);
}
