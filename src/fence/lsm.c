#include "lsm.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "embedded.h"

enum {
	PROGRAMS = 8,         /* there are five */
	RING_BYTES = 1 << 20, /* of a job: some 5,000 starts that the helper has not read yet; beyond, none begins */
	NOT_CALLED = -9999,   /* no error number */
	SHA256 = 4,           /* HASH_ALGO_SHA256 of the kernel */
	COMPLAINT = 200,      /* bytes of libbpf's words in an error */
};

#define TYPES "/sys/kernel/btf/vmlinux"
#define MODULES "/sys/kernel/security/lsm"
#define NOT_AMONG "the kernel does not call BPF LSM: `bpf` is not among its security modules (CONFIG_LSM, or lsm=...,bpf on its command line)"

const bool lsm_built = true;

struct lsm {
	struct bpf_object *object;           /* owned */
	struct bpf_link   *links[PROGRAMS];  /* owned */
	size_t             n_links;
	int                jobs, rings, listed, setup; /* borrowed: of the object */
	atomic_uint        next_id;
};

struct lsm_ring {
	struct ring_buffer *buffer; /* owned */
	int                 map;    /* owned */
	lsm_told           *told;
	void               *ctx;
};

/* libbpf's first complaint since it was emptied. One thread at a time loads. */
static char complaint[COMPLAINT];

__attribute__((format(printf, 2, 0))) static int listen_to(enum libbpf_print_level level, const char *format, va_list args)
{
	if (level == LIBBPF_WARN && !complaint[0])
		vsnprintf(complaint, sizeof complaint, format, args);
	complaint[strcspn(complaint, "\n")] = 0;
	return 0;
}

/* Where that can be read: securityfs is not mounted everywhere. */
static bool is_known_absent(void)
{
	char text[512];
	AUTO_FD int fd = open(MODULES, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof text);
	struct str rest = { text, n < 0 ? 0 : (size_t)n }, word;

	while (str_cut(&rest, ',', &word))
		if (str_eq(word, STR("bpf")) || str_eq(word, STR("bpf\n")))
			return false;
	return n > 0;
}

static int refuse(struct err *err, const char *what)
{
	const int error = errno;

	if (is_known_absent())
		return err_set(err, ERR_PERM, NOT_AMONG);
	errno = error;
	if (errno == EPERM)
		return err_set(err, ERR_PERM, "the kernel refuses programs of BPF LSM (lockdown, or no CAP_SYS_ADMIN)");
	return err_set(err, ERR_PERM, "%s (it needs Linux 6.1, CONFIG_BPF_LSM, and `bpf` among the security modules): %s: %s", what, strerror(errno), complaint);
}

static int load(struct lsm *lsm, struct err *err)
{
	const struct bpf_object_open_opts options = { .sz = sizeof options, .object_name = "outrider_fence" };

	if (access(TYPES, R_OK))
		return err_errno(err, "the kernel does not tell its types (CONFIG_DEBUG_INFO_BTF): " TYPES);
	libbpf_set_strict_mode(LIBBPF_STRICT_ALL);
	libbpf_set_print(listen_to);
	complaint[0] = 0;
	lsm->object = bpf_object__open_mem(fence_kernel[0].text, fence_kernel[0].len, &options);
	if (!lsm->object || bpf_object__load(lsm->object))
		return refuse(err, "BPF LSM cannot be loaded");
	lsm->jobs = bpf_object__find_map_fd_by_name(lsm->object, "jobs");
	lsm->rings = bpf_object__find_map_fd_by_name(lsm->object, "rings");
	lsm->listed = bpf_object__find_map_fd_by_name(lsm->object, "listed");
	lsm->setup = bpf_object__find_map_fd_by_name(lsm->object, "setup");
	return 0;
}

static int attach(struct lsm *lsm, struct err *err)
{
	struct bpf_program *program;

	bpf_object__for_each_program(program, lsm->object)
	{
		struct bpf_link *link = lsm->n_links < PROGRAMS ? bpf_program__attach(program) : NULL;

		if (!link)
			return refuse(err, "BPF LSM cannot be attached");
		lsm->links[lsm->n_links++] = link;
	}
	return 0;
}

static int64_t leap_ns(void)
{
	struct timespec real, tai;

	clock_gettime(CLOCK_TAI, &tai);
	clock_gettime(CLOCK_REALTIME, &real);
	/* whole seconds: what passed between the two looks is none */
	return (int64_t)(real.tv_sec - tai.tv_sec + (real.tv_nsec < tai.tv_nsec ? -1 : 0)) * 1000000000;
}

static int put(int map, const void *key, const void *value, struct err *err)
{
	return bpf_map_update_elem(map, key, value, BPF_ANY) ? err_errno(err, "tell the program in the kernel") : 0;
}

/* A child that waits for a byte, and then starts our own program again. */
static pid_t probe_child(int wait)
{
	pid_t pid = fork();
	char byte;

	if (pid)
		return pid;
	AUTO_FD int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	dup2(nothing, 1);
	if (read(wait, &byte, 1) == 1)
		execl("/proc/self/exe", "outrider-fence", "--help", (char *)NULL);
	_exit(127);
}

/* What the kernel made of the child's program. */
static int run_probe(struct lsm *lsm, struct verdict_setup *setup, struct err *err)
{
	const uint32_t first = 0;
	struct stat ns;
	int gate[2];
	pid_t pid;
	bool told;

	if (stat("/proc/self/ns/pid", &ns) || pipe2(gate, O_CLOEXEC))
		return err_errno(err, "try BPF LSM");
	pid = probe_child(gate[0]);
	setup->probe_ns = (uint32_t)ns.st_ino;
	setup->probe_pid = (uint32_t)pid;
	told = pid > 0 && put(lsm->setup, &first, setup, err) == 0 && write(gate[1], "", 1) == 1;
	close(gate[0]);
	close(gate[1]);
	while (pid > 0 && waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
	if (!told || bpf_map_lookup_elem(lsm->setup, &first, setup))
		return err_errno(err, "try BPF LSM");
	return 0;
}

static int judge_probe(const struct verdict_setup *setup, struct err *err)
{
	AUTO_FD int self = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
	struct digest ours;

	if (setup->probe_algo == NOT_CALLED)
		return err_set(err, ERR_PERM, NOT_AMONG);
	if (setup->probe_algo < 0)
		return err_set(err, ERR_PERM, "the kernel does not hash programs (CONFIG_IMA): %s", strerror(-setup->probe_algo));
	if (setup->probe_algo != SHA256)
		return err_set(err, ERR_PERM, "the kernel hashes programs by its algorithm %d, not by SHA-256 (ima_hash=sha256 on "
					      "its command line)", setup->probe_algo);
	if (self < 0 || digest_fd(&ours, self, err))
		return err_errno(err, "our own program");
	if (memcmp(ours.bytes, setup->probe_digest, sizeof ours.bytes) != 0)
		return err_set(err, ERR_BUG, "the kernel hashes programs differently than we do");
	return 0;
}

static int try_out(struct lsm *lsm, struct err *err)
{
	struct verdict_setup setup = { .leap_ns = leap_ns(), .probe_algo = NOT_CALLED }, after;
	const uint32_t first = 0;

	after = setup;
	if (run_probe(lsm, &after, err))
		return -1;
	return put(lsm->setup, &first, &setup, err) || judge_probe(&after, err) ? -1 : 0;
}

int lsm_open(struct lsm **out, struct err *err)
{
	struct lsm *lsm = calloc(1, sizeof *lsm);

	if (!lsm)
		return err_set(err, ERR_TEMP, "no memory");
	if (load(lsm, err) == 0 && attach(lsm, err) == 0 && try_out(lsm, err) == 0) {
		*out = lsm;
		return 0;
	}
	lsm_close(lsm);
	return -1;
}

void lsm_close(struct lsm *lsm)
{
	if (!lsm)
		return;
	for (size_t i = 0; i < lsm->n_links; i++)
		bpf_link__destroy(lsm->links[i]);
	bpf_object__close(lsm->object);
	free(lsm);
}

/* A record, as the kernel wrote it. */
static int on_record(void *ctx, void *bytes, size_t size)
{
	static const char cut[] = "...";
	struct lsm_ring *ring = ctx;
	const struct verdict_event *event = bytes;
	const char *script = (const char *)bytes + sizeof *event, *path = script;

	if (size < sizeof *event || size - sizeof *event < (size_t)event->script_size + event->path_size)
		return -1;
	path += event->script_size;
	return ring->told(ring->ctx, event, event->script_size ? script : "", event->path_size ? path : cut) ? 0 : -1;
}

static void ring_close(struct lsm_ring *ring)
{
	ring_buffer__free(ring->buffer);
	if (ring->map >= 0)
		close(ring->map);
	free(ring);
}

static struct lsm_ring *ring_open(struct err *err)
{
	struct lsm_ring *ring = calloc(1, sizeof *ring);

	if (!ring) {
		(void)err_set(err, ERR_TEMP, "no memory");
		return NULL;
	}
	ring->map = bpf_map_create(BPF_MAP_TYPE_RINGBUF, "fence_ring", 0, 0, RING_BYTES, NULL);
	ring->buffer = ring->map < 0 ? NULL : ring_buffer__new(ring->map, on_record, ring, NULL);
	if (ring->buffer)
		return ring;
	(void)err_errno(err, "a ring of %d bytes", RING_BYTES);
	ring_close(ring);
	return NULL;
}

static struct verdict_listed entry_of(uint32_t id, const struct digest *digest)
{
	struct verdict_listed entry = { .id = id };

	memcpy(entry.digest, digest->bytes, sizeof entry.digest);
	return entry;
}

int lsm_hold(struct lsm *lsm, struct lsm_ring **out, uint32_t ns, struct verdict_job *job, const struct digest *digests,
	     size_t n_digests, struct err *err)
{
	struct lsm_ring *ring = ring_open(err);
	const uint8_t yes = 1;
	bool failed = !ring;

	job->id = atomic_fetch_add(&lsm->next_id, 1);
	for (size_t i = 0; i < n_digests && !failed; i++) {
		const struct verdict_listed entry = entry_of(job->id, &digests[i]);

		failed = put(lsm->listed, &entry, &yes, err);
	}
	/* the job last: it is judged when all that it is judged by is there */
	if (!failed && put(lsm->rings, &ns, &ring->map, err) == 0 && put(lsm->jobs, &ns, job, err) == 0) {
		*out = ring;
		return 0;
	}
	if (ring)
		lsm_release(lsm, ring, ns, job, digests, n_digests);
	return -1;
}

void lsm_release(struct lsm *lsm, struct lsm_ring *ring, uint32_t ns, const struct verdict_job *job,
		 const struct digest *digests, size_t n_digests)
{
	bpf_map_delete_elem(lsm->jobs, &ns);
	bpf_map_delete_elem(lsm->rings, &ns);
	for (size_t i = 0; i < n_digests; i++) {
		const struct verdict_listed entry = entry_of(job->id, &digests[i]);

		bpf_map_delete_elem(lsm->listed, &entry);
	}
	ring_close(ring);
}

void lsm_mute(struct lsm *lsm, uint32_t ns)
{
	bpf_map_delete_elem(lsm->rings, &ns);
}

int lsm_ring_fd(const struct lsm_ring *ring)
{
	return ring_buffer__epoll_fd(ring->buffer);
}

bool lsm_ring_read(struct lsm_ring *ring, lsm_told *told, void *ctx)
{
	ring->told = told;
	ring->ctx = ctx;
	return ring_buffer__consume(ring->buffer) >= 0;
}
