/* Is an ELF file the dynamic loader? Read by hand: three headers, from a file that is hostile. */
#include <elf.h>
#include <unistd.h>

#include "sandbox/gate.h"

enum { MAX_HEADERS = 64, MAX_DYNAMIC = GATE_ELF_MAX / 16 };

/* What of a 32- or 64-bit file is needed, in one form. */
struct image {
	bool wide;
	uint64_t headers_at, dynamic_at, dynamic_size;
	unsigned header_size, n_headers;
	bool interpreter, dynamic;
};

static bool read_at(int fd, void *out, size_t size, uint64_t at)
{
	return at < (uint64_t)INT64_MAX - size && pread(fd, out, size, (off_t)at) == (ssize_t)size;
}

static bool read_head(struct image *image, int fd, const unsigned char *ident)
{
	Elf64_Ehdr wide;
	Elf32_Ehdr narrow;

	image->wide = ident[EI_CLASS] == ELFCLASS64;
	if (image->wide && read_at(fd, &wide, sizeof wide, 0)) {
		image->headers_at = wide.e_phoff;
		image->header_size = wide.e_phentsize;
		image->n_headers = wide.e_phnum;
		return wide.e_phentsize == sizeof(Elf64_Phdr);
	}
	if (ident[EI_CLASS] == ELFCLASS32 && read_at(fd, &narrow, sizeof narrow, 0)) {
		image->headers_at = narrow.e_phoff;
		image->header_size = narrow.e_phentsize;
		image->n_headers = narrow.e_phnum;
		return narrow.e_phentsize == sizeof(Elf32_Phdr);
	}
	return false;
}

static bool read_headers(struct image *image, int fd)
{
	if (image->n_headers == 0 || image->n_headers > MAX_HEADERS)
		return false;
	/* an interpreter, as nearly every program has, ends the search */
	for (unsigned i = 0; i < image->n_headers && !image->interpreter; i++) {
		uint64_t at = image->headers_at + (uint64_t)i * image->header_size;
		Elf64_Phdr wide;
		Elf32_Phdr narrow;
		uint32_t type;

		if (image->wide ? !read_at(fd, &wide, sizeof wide, at)
				: !read_at(fd, &narrow, sizeof narrow, at))
			return false;
		type = image->wide ? wide.p_type : narrow.p_type;
		image->interpreter |= type == PT_INTERP;
		if (type == PT_DYNAMIC) {
			image->dynamic = true;
			image->dynamic_at = image->wide ? wide.p_offset : narrow.p_offset;
			image->dynamic_size = image->wide ? wide.p_filesz : narrow.p_filesz;
		}
	}
	return true;
}

/* DF_1_PIE in DT_FLAGS_1: the linker says that it made a program. */
static bool is_marked_program(const struct image *image, int fd)
{
	size_t size = image->wide ? sizeof(Elf64_Dyn) : sizeof(Elf32_Dyn);
	uint64_t n = image->dynamic_size / size;

	for (uint64_t i = 0; i < n && i < MAX_DYNAMIC; i++) {
		Elf64_Dyn wide = { 0 };
		Elf32_Dyn narrow = { 0 };
		uint64_t at = image->dynamic_at + i * size;
		int64_t tag;

		if (image->wide ? !read_at(fd, &wide, sizeof wide, at)
				: !read_at(fd, &narrow, sizeof narrow, at))
			return false;
		tag = image->wide ? wide.d_tag : narrow.d_tag;
		if (tag == DT_NULL)
			return false;
		if (tag == DT_FLAGS_1)
			return ((image->wide ? wide.d_un.d_val : narrow.d_un.d_val) & DF_1_PIE) !=
			       0;
	}
	return false;
}

bool gate_is_loader(int fd)
{
	unsigned char ident[EI_NIDENT + 2];
	struct image image = { 0 };
	uint16_t type;

	if (!read_at(fd, ident, sizeof ident, 0) || memcmp(ident, ELFMAG, SELFMAG) != 0)
		return false;
	/* in both forms e_type stands behind e_ident; the kernel runs files of its own byte order only */
	memcpy(&type, ident + EI_NIDENT, sizeof type);
	if (type != ET_DYN)
		return false;
	if (!read_head(&image, fd, ident) || !read_headers(&image, fd))
		return true;
	return !image.interpreter && !is_marked_program(&image, fd);
}
