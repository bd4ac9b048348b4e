/* fuzz_keys.c - a list of keys that somebody edited. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "queue/keys.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	AUTO_FD int fd = memfd_create("keys", MFD_CLOEXEC);
	struct allow_list list;
	struct key_pair pair;
	char path[64];
	struct err err;

	arena_init(&mem, 64 << 20);
	if (fd < 0 || file_write_fd(fd, (struct str){ (const char *)data, size }, &err) < 0)
		return 0;
	snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	if (allow_read(&list, &mem, path, &err) == 0)
		for (size_t i = 0; i < list.n; i++)
			if (!key_is_valid(str_of(list.items[i].key)) || !allow_find(&list, list.items[i].key))
				abort();
	if (key_read(&pair, path, &err) == 0 && !key_is_valid(str_of(pair.public_key)))
		abort();
	return 0;
}
