#include "filter.h"

#include <linux/seccomp.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <unistd.h>

static int load(enum filter_id id, unsigned flags)
{
	/* the kernel's struct lacks a const, it only reads */
	union {
		const struct sock_filter *from;
		struct sock_filter       *to;
	} code = { filters[id].code };
	const struct sock_fprog program = { filters[id].n, code.to };

	return (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
}

int filter_load(enum filter_id id)
{
	return load(id, 0);
}

int filter_listen(void)
{
	return load(FILTER_GATED, SECCOMP_FILTER_FLAG_NEW_LISTENER);
}
