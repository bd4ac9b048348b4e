#include "base/late.h"

#include <dlfcn.h>
#include <pthread.h>
#include <string.h>
#include <sys/mman.h>

#include "base/str.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

/* The first slot is filled last. */
static int fill(const struct late *late, void *library, struct err *err)
{
	for (size_t i = late->n; i-- > 0;) {
		void *call = dlsym(library, late->names[i]);

		if (!call)
			return err_set(err, ERR_PERM, "the library %s is too old: it has no %s", late->library, late->names[i]);
		memcpy((char *)late->calls + i * sizeof call, &call, sizeof call);
	}
	if (mprotect(late->calls, late->size, PROT_READ))
		return err_errno(err, "protect the calls of %s", late->library);
	return 0;
}

static bool is_filled(const struct late *late)
{
	void *first;

	memcpy(&first, late->calls, sizeof first);
	return first != NULL;
}

/* A library is never unloaded: threads of its own may run. */
static int load(const struct late *late, struct err *err)
{
	void *library = dlopen(late->library, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return err_set(err, ERR_PERM, "a library that this needs cannot be loaded: %s", dlerror());
	return fill(late, library, err);
}

int late_load(const struct late *late, struct err *err)
{
	int result = 0;

	pthread_mutex_lock(&lock);
	if (!is_filled(late))
		result = load(late, err);
	pthread_mutex_unlock(&lock);
	return result;
}
