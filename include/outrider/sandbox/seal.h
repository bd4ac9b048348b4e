/*
 * seal.h - a process gives up what it will not need, before it reads hostile bytes: the service's analyst.
 *
 * The same Landlock and seccomp code as behind run.h. After it the process can read the given directories,
 * use the descriptors that it kept, and compute. It cannot open a socket, start a program, fork, trace, signal others,
 * or take new privileges; no way back.
 */
#pragma once
#include "base/err.h"
#include "base/str.h"

enum { SEAL_MAX_READ = 16, SEAL_MAX_KEEP = 16 }; /* an analyst has a checkout, a pipe or two and a log */

struct seal_options {
	const char *const *read;   /* directories or files that it may still open for reading; NULL at the end; missing ones are an error */
	const char *const *write;  /* directories below which it may also make, change and remove files; NULL at the end, may be NULL */
	const int         *keep;   /* descriptors that stay open besides 0, 1, 2; -1 at the end; may be NULL: none */
	uint64_t           memory; /* bytes of address space (RLIMIT_AS); 0: no cap. Not under AddressSanitizer: it says so in the report */
	uint64_t           cpu_seconds; /* RLIMIT_CPU; 0: no cap */
	uint64_t           file;   /* bytes of one file that it writes; 0: it can write none */
	uint32_t           fds;    /* RLIMIT_NOFILE; 0: 256 */
	bool               threads; /* it may still start threads of its own; never processes */
};

struct seal_report {
	int  landlock_abi;    /* at least 1 */
	char filter_hash[65]; /* SHA-256 of the seccomp program in force, hex */
	bool memory_capped;
};

/*
 * To be called in a process with one thread. -1 when the kernel cannot do all of it: the caller must then end
 * the process, since part of it may already be in force, and refuse the job. *report may be NULL.
 */
int seal_analyst(const struct seal_options *options, struct seal_report *report, struct err *err);
