/* Programs without a file name, and code that comes in beside the main image. */
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trick.h"

#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

static int in_memory(unsigned flags, const char *from)
{
	int fd = (int)syscall(SYS_memfd_create, "tool", flags);

	return copy_to_fd(from, fd) < 0 ? -1 : fd;
}

static int memory_file(void)
{
	return run_fd(in_memory(MFD_CLOEXEC, "brought"));
}

static int memory_file_by_proc(void)
{
	int fd = in_memory(MFD_EXEC, "brought");

	return fd < 0 ? 1 : run_program(path_of("/proc/self/fd/%d", fd));
}

/* Sealed against execution first, made executable afterwards. */
static int memory_file_chmod(void)
{
	int fd = in_memory(0x8U /* MFD_NOEXEC_SEAL */, "brought");

	if (fd < 0 || fchmod(fd, 0755) < 0)
		return 1;
	return run_fd(fd);
}

static int memory_file_tool(void)
{
	return run_fd(in_memory(MFD_CLOEXEC, given("tool")));
}

static int by_loader(void)
{
	const char *const argv[] = { given("loader"), given("tool"), NULL };

	return run_argv(argv);
}

static int by_loader_brought(void)
{
	const char *const argv[] = { given("loader"), "./brought", NULL };

	return run_argv(argv);
}

static int by_loader_copy(void)
{
	const char *const argv[] = { "./ld", "./brought", NULL };

	return copy_file(given("loader"), "ld") < 0 ? 1 : run_argv(argv);
}

static int by_loader_line(void)
{
	if (write_file("script", path_of("#!%s ./brought\n", given("loader"))) < 0 ||
	    chmod("script", 0755) < 0)
		return 1;
	return run_program("./script");
}

static int by_loader_preload(void)
{
	const char *const argv[] = { given("loader"), "--preload", "./lib.so", "/usr/bin/env",
				     NULL };

	return run_argv(argv);
}

static int preload(void)
{
	static char cwd[4096];
	const char *const argv[] = { "/usr/bin/env", NULL };
	const char *const env[] = {
		path_of("LD_PRELOAD=%s/lib.so", getcwd(cwd, sizeof cwd) ? cwd : "."), NULL
	};

	return run_env(argv, env);
}

static int from_place(const char *path)
{
	int result = copy_file("brought", path) < 0 ? 1 : run_program(path);

	unlink(path);
	return result;
}

static int from_dev_shm(void)
{
	return from_place(path_of("/dev/shm/outrider-%s", given("token")));
}

static int from_tmp(void)
{
	return from_place(path_of("/tmp/outrider-%s", given("token")));
}

static int from_var_tmp(void)
{
	return from_place(path_of("/var/tmp/outrider-%s", given("token")));
}

static int from_run(void)
{
	return from_place(path_of("/run/outrider-%s", given("token")));
}

/* A file that never had a name. It must be opened again for reading only, or the kernel says ETXTBSY. */
static int no_name(void)
{
	int fd = open(".", O_TMPFILE | O_RDWR, 0755), again;

	if (copy_to_fd("brought", fd) < 0)
		return 1;
	again = open(path_of("/proc/self/fd/%d", fd), O_RDONLY);
	close(fd);
	return run_fd(again);
}

static int no_name_any_more(void)
{
	int fd;

	if (copy_file("brought", "gone") < 0)
		return 1;
	fd = open("gone", O_RDONLY);
	unlink("gone");
	return run_fd(fd);
}

/* write(1, token, n) as machine code; the token follows the code. */
static int run_page(int first, int then)
{
#if defined(__x86_64__)
	/* mov eax,1; mov edi,1; lea rsi,[rip+9]; mov edx,32; syscall; ret */
	static const unsigned char code[] = { 0xb8, 1,    0,    0,    0,    0xbf, 1,   0, 0,
					      0,    0x48, 0x8d, 0x35, 8,    0,    0,   0, 0xba,
					      32,   0,    0,    0,    0x0f, 0x05, 0xc3 };
#elif defined(__aarch64__)
	/* mov x8,64; mov x0,1; adr x1,+16; mov x2,32; svc 0; ret */
	static const uint32_t code[] = { 0xd2800808, 0xd2800020, 0x10000081,
					 0xd2800402, 0xd4000001, 0xd65f03c0 };
#else
#error "the machine code of this processor is missing"
#endif
	char *page = mmap(NULL, 4096, first, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	void (*run)(void);

	if (page == MAP_FAILED)
		return 1;
	memcpy(page, code, sizeof code);
	memcpy(page + sizeof code, given("token"), 32);
	if (then && mprotect(page, 4096, then) < 0)
		return 1;
	__builtin___clear_cache(page, page + 4096);
	memcpy(&run, &page, sizeof run);
	run();
	hold();
}

static int page_written_then_run(void)
{
	return run_page(PROT_READ | PROT_WRITE, PROT_READ | PROT_EXEC);
}

static int page_writable_and_run(void)
{
	return run_page(PROT_READ | PROT_WRITE | PROT_EXEC, 0);
}

/* Code from a data file: no exec, no library call. */
static int file_mapped(void)
{
	int fd = open("brought", O_RDONLY);

	if (fd < 0 || mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE, fd, 0) == MAP_FAILED)
		return 1;
	hold();
}

static int bind_and_run(void)
{
	if (write_file("target", "") < 0 || mount(given("tool"), "target", NULL, MS_BIND, NULL) < 0)
		return 1;
	return run_program("./target");
}

static int bound(void)
{
	return in_namespace(CLONE_NEWNS, bind_and_run);
}

static int overlay_and_run(void)
{
	static char dir[4200];

	snprintf(dir, sizeof dir, "%s", given("tool"));
	*strrchr(dir, '/') = 0;
	if (mkdir("lower", 0755) < 0 || mkdir("merged", 0755) < 0)
		return 1;
	if (mount("overlay", "merged", "overlay", 0, path_of("lowerdir=%s:lower", dir)) < 0)
		return 1;
	return run_program("merged/tool");
}

static int overlaid(void)
{
	return in_namespace(CLONE_NEWNS, overlay_and_run);
}

static int tmpfs_and_run(void)
{
	if (mkdir("fresh", 0755) < 0 || mount("none", "fresh", "tmpfs", 0, NULL) < 0)
		return 1;
	return copy_file("brought", "fresh/tool") < 0 ? 1 : run_program("fresh/tool");
}

static int own_tmpfs(void)
{
	return in_namespace(CLONE_NEWNS, tmpfs_and_run);
}

const struct trick image_tricks[] = {
	{ "E10", "image", "brought", "a memory file, execveat()", memory_file },
	{ "E11", "image", "brought", "a memory file made with MFD_EXEC, by /proc/self/fd",
	  memory_file_by_proc },
	{ "E12", "image", "tool", "the dynamic loader with the denied program", by_loader },
	{ "E13", "image", "brought", "the dynamic loader with a brought program",
	  by_loader_brought },
	{ "E14", "image", "brought", "from /dev/shm", from_dev_shm },
	{ "E15", "image", "brought", "an O_TMPFILE file", no_name },
	{ "E16", "image", "preload", "LD_PRELOAD of a brought library", preload },
	{ "E17", "image", "page", "a page that is written, then executable",
	  page_written_then_run },
	{ "E18", "image", "tool", "bind mount of the denied program in an own user namespace",
	  bound },
	{ "E19", "image", "tool", "overlay over its directory in an own user namespace", overlaid },
	{ "E20", "image", "brought", "an own tmpfs in an own user namespace", own_tmpfs },
	{ "E36", "image", "tool", "a memory file with the denied program", memory_file_tool },
	{ "E37", "image", "brought", "a memory file made executable afterwards",
	  memory_file_chmod },
	{ "E38", "image", "brought", "a copy of the dynamic loader", by_loader_copy },
	{ "E39", "image", "brought", "the dynamic loader as the interpreter of a script",
	  by_loader_line },
	{ "E40", "image", "preload", "the dynamic loader with --preload", by_loader_preload },
	{ "E41", "image", "brought", "from /tmp", from_tmp },
	{ "E42", "image", "brought", "from /var/tmp", from_var_tmp },
	{ "E43", "image", "brought", "from /run", from_run },
	{ "E44", "image", "brought", "a file whose name is gone", no_name_any_more },
	{ "E45", "image", "page", "a page writable and executable at once", page_writable_and_run },
	{ "E46", "image", "mapped", "a data file mapped executable", file_mapped },
	{ 0 },
};
