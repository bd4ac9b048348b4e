/* seal.c - the walls of a job without its namespaces, put around a process by itself. */
#include "sandbox/seal.h"

#include <errno.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/resource.h>

#include "base/scope.h"
#include "filter.h"
#include "landlock.h"
#include "sys.h"

enum { DEFAULT_FDS = 256, LAST_CAPABILITY = 63 };

#if defined(__SANITIZE_ADDRESS__)
#define ADDRESS_SANITIZER 1 /* its shadow is terabytes of address space */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define ADDRESS_SANITIZER 1
#endif
#endif
#ifndef ADDRESS_SANITIZER
#define ADDRESS_SANITIZER 0
#endif

static int limit(int what, uint64_t value, const char *name, struct err *err)
{
	struct rlimit rlimit = { value, value };

	if (setrlimit((__rlimit_resource_t)what, &rlimit))
		return err_errno(err, "cannot cap %s", name);
	return 0;
}

static int set_limits(const struct seal_options *o, struct err *err)
{
	if (limit(RLIMIT_CORE, 0, "core dumps", err) || limit(RLIMIT_FSIZE, o->file, "files", err) ||
	    limit(RLIMIT_NOFILE, o->fds ? o->fds : DEFAULT_FDS, "open files", err))
		return -1;
	if (o->memory && !ADDRESS_SANITIZER && limit(RLIMIT_AS, o->memory, "memory", err))
		return -1;
	return o->cpu_seconds ? limit(RLIMIT_CPU, o->cpu_seconds, "processor time", err) : 0;
}

static bool is_kept(const struct seal_options *o, unsigned fd)
{
	for (const int *keep = o->keep; keep && *keep >= 0; keep++)
		if ((unsigned)*keep == fd)
			return true;
	return false;
}

/* All descriptors above 2 but the kept ones, in the gaps between them. */
static int close_others(const struct seal_options *o, struct err *err)
{
	unsigned from = 3, last = 2;

	for (const int *keep = o->keep; keep && *keep >= 0; keep++)
		if ((unsigned)*keep > last)
			last = (unsigned)*keep;
	for (; from <= last; from++)
		if (!is_kept(o, from) && sys_close_range(from, from))
			return err_errno(err, "cannot close descriptors");
	return sys_close_range(from, ~0U) ? err_errno(err, "cannot close descriptors") : 0;
}

static int allow_all(int ruleset, int abi, const char *const *paths, uint64_t rights, struct err *err)
{
	for (; paths && *paths; paths++)
		if (landlock_allow(ruleset, abi, AT_FDCWD, *paths, rights))
			return err_errno(err, "cannot allow %s", *paths);
	return 0;
}

static int lock_files(const struct seal_options *o, int abi, struct err *err)
{
	int ruleset AUTO_FD = landlock_new(abi, abi >= 4);

	if (ruleset < 0)
		return err_errno(err, "Landlock makes no rules");
	if (allow_all(ruleset, abi, o->read, LL_READ, err) ||
	    allow_all(ruleset, abi, o->write, LL_READ | LL_WRITE, err))
		return -1;
	return landlock_enforce(ruleset) ? err_errno(err, "Landlock does not hold") : 0;
}

static int drop_rights(struct err *err)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct none[2] = { 0 };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
		return err_errno(err, "cannot give up new privileges");
	if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0))
		return err_errno(err, "cannot hide this process's memory");
	/* what is not there any more is EINVAL; who may not drop them has none to use */
	for (int cap = 0; cap <= LAST_CAPABILITY; cap++)
		(void)prctl(PR_CAPBSET_DROP, cap, 0, 0, 0);
	if (syscall(SYS_capset, &header, none))
		return err_errno(err, "cannot give up capabilities");
	return 0;
}

int seal_analyst(const struct seal_options *options, struct seal_report *report, struct err *err)
{
	enum filter_id filter = options->threads ? FILTER_SEAL_THREADS : FILTER_SEAL;
	int abi = landlock_abi();

	if (abi < 1)
		return err_set(err, ERR_PERM,
			       "this kernel has no Landlock: Linux 5.13 or newer with `landlock` in its lsm= list is needed");
	if (close_others(options, err) || set_limits(options, err) || drop_rights(err) ||
	    lock_files(options, abi, err))
		return err_wrap(err, "cannot seal this process");
	if (filter_load(filter)) {
		(void)err_errno(err, "the filter of system calls does not hold (seccomp)");
		return err_wrap(err, "cannot seal this process");
	}
	if (report) {
		*report = (struct seal_report){ .landlock_abi = abi,
						.memory_capped = options->memory && !ADDRESS_SANITIZER };
		filter_hash(report->filter_hash, filter);
	}
	return 0;
}
