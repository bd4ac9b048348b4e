/* Any bytes as a program: told to be a loader or not, the same twice, and never for what does not begin as ELF. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "sandbox/gate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("elf", MFD_CLOEXEC);
	bool first;

	require(fd >= 0 && write(fd, data, size) == (ssize_t)size, "a memory file");
	first = gate_is_loader(fd);
	require(first == gate_is_loader(fd), "the same answer");
	require(!first || (size >= 18 && memcmp(data, "\177ELF", 4) == 0),
		"only ELF files are loaders");
	close(fd);
	return 0;
}
