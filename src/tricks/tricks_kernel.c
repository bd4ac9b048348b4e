/* Kernel interfaces with a long list of bugs, or that go past a filter of system calls. */
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/filter.h>
#include <linux/io_uring.h>
#include <linux/perf_event.h>
#include <linux/seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/klog.h>
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "trick.h"

static int ring(void)
{
	struct io_uring_params params = { 0 };

	return hold_fd((int)syscall(SYS_io_uring_setup, 4, &params));
}

/* Memory of a ring, as io_uring_setup() describes it. */
static void *ring_memory(int fd, size_t size, uint64_t offset)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, (off_t)offset);

	return memory == MAP_FAILED ? NULL : memory;
}

static uint32_t *member(void *ring_start, uint32_t offset)
{
	return (uint32_t *)(void *)((char *)ring_start + offset);
}

/* One request: open a file outside for writing. No open() is seen by a filter. */
static int ring_open(void)
{
	static const char *path;
	struct io_uring_params params = { 0 };
	int fd = (int)syscall(SYS_io_uring_setup, 4, &params);
	struct io_uring_sqe *requests;
	char *submit;

	if (fd < 0)
		return 1;
	submit = ring_memory(fd, params.sq_off.array + params.sq_entries * sizeof(uint32_t),
			     IORING_OFF_SQ_RING);
	requests = ring_memory(fd, params.sq_entries * sizeof *requests, IORING_OFF_SQES);
	if (!submit || !requests)
		return 1;
	path = path_of("%s/by-ring", given("outside"));
	memset(requests, 0, sizeof *requests);
	requests[0].opcode = IORING_OP_OPENAT;
	requests[0].fd = AT_FDCWD;
	requests[0].addr = (uintptr_t)path;
	requests[0].len = 0644;
	requests[0].open_flags = O_WRONLY | O_CREAT;
	*member(submit, params.sq_off.array) = 0;
	__atomic_store_n(member(submit, params.sq_off.tail), 1, __ATOMIC_RELEASE);
	return syscall(SYS_io_uring_enter, fd, 1, 1, IORING_ENTER_GETEVENTS, NULL, 0) != 1;
}

static int bpf_map(void)
{
	union bpf_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.map_type = BPF_MAP_TYPE_ARRAY;
	attr.key_size = 4;
	attr.value_size = 8;
	attr.max_entries = 1;
	return hold_fd((int)syscall(SYS_bpf, BPF_MAP_CREATE, &attr, sizeof attr));
}

static int performance(void)
{
	struct perf_event_attr attr;

	memset(&attr, 0, sizeof attr);
	attr.type = PERF_TYPE_SOFTWARE;
	attr.size = sizeof attr;
	attr.config = PERF_COUNT_SW_CPU_CLOCK;
	attr.exclude_kernel = 1;
	return hold_fd((int)syscall(SYS_perf_event_open, &attr, 0, -1, -1, 0));
}

static int page_faults(void)
{
	int fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);

	if (fd < 0)
		fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC | 1 /* UFFD_USER_MODE_ONLY */);
	return hold_fd(fd);
}

static int notifications(void)
{
	/* 0x200: FAN_REPORT_FID, which asks for no privilege */
	return hold_fd((int)syscall(SYS_fanotify_init, 0x200, O_RDONLY));
}

static int kernel_log(void)
{
	static char bytes[65536];
	int n = klogctl(3 /* SYSLOG_ACTION_READ_ALL */, bytes, sizeof bytes);

	if (n <= 0)
		return 1;
	say("\nkernel log:\n");
	say_bytes(bytes, (size_t)n);
	return 0;
}

static int no_randomization(void)
{
	return personality(ADDR_NO_RANDOMIZE) < 0 ? 1 : hold_fd(0);
}

/* Memory that is readable becomes executable: old programs' personality. */
static int read_implies_exec(void)
{
	return personality(READ_IMPLIES_EXEC) < 0 ? 1 : hold_fd(0);
}

static int secret_memory(void)
{
	return hold_fd((int)syscall(447 /* memfd_secret */, 0));
}

static int executable_memory_file(void)
{
	return hold_fd((int)syscall(SYS_memfd_create, "outrider", 0));
}

static int filter_of_ours(void)
{
	struct sock_filter allow = BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	struct sock_fprog program = { 1, &allow };

	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	return hold_fd((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER,
				    SECCOMP_FILTER_FLAG_NEW_LISTENER, &program));
}

static int new_filesystem(void)
{
	return hold_fd((int)syscall(SYS_fsopen, "tmpfs", 0));
}

static int detached_tree(void)
{
	return hold_fd(
		(int)syscall(SYS_open_tree, AT_FDCWD, ".", 1 /* OPEN_TREE_CLONE */ | O_CLOEXEC));
}

static int watch_host(void)
{
	int fd = (int)syscall(SYS_inotify_init1, 0);

	if (fd < 0 || syscall(SYS_inotify_add_watch, fd, given("outside"), 2) < 0)
		return 1;
	return hold_fd(fd);
}

static int process_handle(void)
{
	return hold_fd((int)syscall(SYS_pidfd_open, given_number("pid"), 0));
}

#if defined(__x86_64__)
/* The kernel's 32-bit door: other numbers, so a filter by number means other calls. */
static int old_door(void)
{
	char *low = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
			 MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
	uint32_t address = (uint32_t)(uintptr_t)low;
	long result;

	if (low == MAP_FAILED)
		return 1;
	strcpy(low, "by-int80");
	/* 39 is mkdir there */
	__asm__ volatile("int $0x80"
			 : "=a"(result)
			 : "a"(39L), "b"((long)address), "c"(0755L)
			 : "memory", "r8", "r9", "r10", "r11");
	return result < 0;
}

static int long_pointers(void)
{
	return syscall(0x40000000 + SYS_mkdir, "by-x32", 0755) < 0;
}
#else
static int old_door(void)
{
	return 1;
}

static int long_pointers(void)
{
	return 1;
}
#endif

const struct trick kernel_tricks[] = {
	{ "K03", "io_uring", "descriptor anon_inode:[io_uring]", "io_uring_setup()", ring },
	{ "K08", "kernel", "descriptor anon_inode:bpf-map", "bpf()", bpf_map },
	{ "K09", "kernel", "descriptor anon_inode:[perf_event]", "perf_event_open()", performance },
	{ "K10", "kernel", "descriptor anon_inode:[userfaultfd]", "userfaultfd()", page_faults },
	{ "K11", "kernel", "planted by-int80", "system calls through int 0x80", old_door },
	{ "K12", "kernel", "planted by-x32", "system calls of the x32 ABI", long_pointers },
	{ "K13", "kernel", "personality 40000", "personality(): addresses are not random",
	  no_randomization },
	{ "K14", "kernel", "log", "read the kernel's log", kernel_log },
	{ "K15", "kernel", "descriptor anon_inode:[fanotify]", "fanotify_init()", notifications },
	{ "K25", "kernel", "personality 400000", "personality(): all memory is executable",
	  read_implies_exec },
	{ "K26", "kernel", "descriptor *secretmem*", "memfd_secret()", secret_memory },
	{ "K27", "kernel", "exec-memory", "an executable memory file", executable_memory_file },
	{ "K28", "kernel", "descriptor anon_inode:seccomp notify",
	  "a supervisor of our own for system calls", filter_of_ours },
	{ "K29", "kernel", "descriptor anon_inode:[fscontext]", "fsopen()", new_filesystem },
	{ "K30", "kernel", "descriptor anon_inode:inotify", "watch a directory of the host",
	  watch_host },
	{ "K31", "kernel", "descriptor anon_inode:[pidfd]", "a handle on a host process",
	  process_handle },
	{ "K32", "io_uring", "outside", "create a file by io_uring", ring_open },
	{ "K34", "kernel", "detached", "open_tree(): a mount without a place", detached_tree },
	{ 0 },
};
