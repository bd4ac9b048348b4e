#include "sandbox/gate_image.h"

#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"

static int open_inside(int root_fd, const char *path, uint64_t flags)
{
	struct open_how how = { .flags = flags | O_CLOEXEC,
				.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS };

	return (int)syscall(SYS_openat2, root_fd, path, &how, sizeof how);
}

static bool mount_of(uint64_t *out, int fd)
{
	struct statx info;

	if (statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &info) < 0 ||
	    !(info.stx_mask & STATX_MNT_ID))
		return false;
	*out = info.stx_mnt_id;
	return true;
}

static bool listed_digest(struct digest *out, const struct exec_rule *rule, int root_fd,
			  struct digest_cache *cache)
{
	char path[GATE_MAX_PATH];
	struct timespec now;
	struct stat st;
	AUTO_FD int fd = -1;

	if (rule->by_digest) {
		memcpy(out->bytes, rule->digest, DIGEST_BYTES);
		return true;
	}
	snprintf(path, sizeof path, "%.*s", STR_ARG(rule->path));
	fd = open_inside(root_fd, path, O_RDONLY | O_NONBLOCK);
	clock_gettime(CLOCK_REALTIME, &now);
	return fd >= 0 && fstat(fd, &st) == 0 &&
	       digest_cached(cache, out, fd, &st, now, NULL, NULL) == 0;
}

static void note_writable(struct gate_rules *rules, const struct sandbox_target *target)
{
	const struct str_list *rw = &target->policy->fs.rw;

	rules->writable[rules->n_writable++] = target->work_mount;
	/* build tools run what they made below the home directory: `go test` */
	if (target->home_mount)
		rules->writable[rules->n_writable++] = target->home_mount;
	for (size_t i = 0; i < rw->n && rules->n_writable < GATE_MAX_MOUNTS; i++) {
		char path[GATE_MAX_PATH];
		AUTO_FD int fd = -1;

		snprintf(path, sizeof path, "%.*s", STR_ARG(rw->items[i]));
		fd = open_inside(target->root_fd, path, O_PATH);
		if (fd >= 0 && mount_of(&rules->writable[rules->n_writable], fd))
			rules->n_writable++;
	}
}

int gate_rules_init(struct gate_rules *out, const struct sandbox_target *target,
		    struct digest_cache *cache, struct err *err)
{
	const struct exec_rules *allow = &target->policy->exec.allow;
	struct gate_rules rules = { .mode = target->policy->exec.mode, .root_fd = target->root_fd };

	rules.allow = calloc(allow->n + 1, sizeof *rules.allow);
	if (!rules.allow)
		return err_set(err, ERR_TEMP, "no memory for %zu exec rules", allow->n);
	for (size_t i = 0; i < allow->n; i++) {
		if (!listed_digest(&rules.allow[rules.n_allow].digest, &allow->items[i],
				   target->root_fd, cache))
			continue;
		rules.allow[rules.n_allow].name = allow->items[i].name;
		rules.allow[rules.n_allow++].class = allow->items[i].class;
	}
	note_writable(&rules, target);
	clock_gettime(CLOCK_REALTIME, &rules.began);
	*out = rules;
	return 0;
}

void gate_rules_release(struct gate_rules *rules)
{
	free(rules->allow);
	rules->allow = NULL;
}

static bool is_later(struct timespec a, struct timespec b)
{
	return a.tv_sec != b.tv_sec ? a.tv_sec > b.tv_sec : a.tv_nsec > b.tv_nsec;
}

/* `id` is its mount. */
static enum gate_origin origin_of(int fd, uint64_t id, const struct stat *st, const struct gate_rules *rules)
{
	struct timespec began = rules->began;
	struct statvfs mount;

	if (!id)
		return GATE_ELSEWHERE;
	/* time stamps lag by up to a tick; what was made just before counts as the job's */
	began.tv_sec -= began.tv_nsec < DIGEST_SETTLE_NS;
	began.tv_nsec = (began.tv_nsec + 1000000000 - DIGEST_SETTLE_NS) % 1000000000;
	for (size_t i = 0; i < rules->n_writable; i++)
		if (rules->writable[i] == id)
			return is_later(st->st_ctim, began) ? GATE_FRESH : GATE_BROUGHT;
	if (fstatvfs(fd, &mount) == 0 && (mount.f_flag & ST_RDONLY))
		return GATE_TOOLCHAIN;
	return GATE_ELSEWHERE;
}

void gate_rules_match(const struct gate_rules *rules, struct gate_image *image)
{
	for (size_t i = 0; i < rules->n_allow; i++)
		if (digest_eq(&rules->allow[i].digest, &image->digest)) {
			image->facts.listed = true;
			image->facts.class = rules->allow[i].class;
			image->name = rules->allow[i].name;
			return;
		}
}

void gate_path_read(char out[GATE_MAX_PATH], const char *link)
{
	static const char dots[] = "...";
	ssize_t n = readlink(link, out, GATE_MAX_PATH);

	if (n >= GATE_MAX_PATH) {
		n = GATE_MAX_PATH - 1;
		memcpy(out + n - (sizeof dots - 1), dots, sizeof dots - 1);
	}
	out[n < 0 ? 0 : n] = 0;
}

static const char *pid_link(char out[64], pid_t pid)
{
	snprintf(out, 64, "/proc/%d/exe", (int)pid);
	return out;
}

void gate_image_path(char out[GATE_MAX_PATH], pid_t pid)
{
	char link[64];

	gate_path_read(out, pid_link(link, pid));
}

void gate_image_fd(struct gate_image *image, int fd, const struct gate_rules *rules,
		   struct digest_cache *shared, struct digest_cache *own)
{
	struct digest_cache *cache;
	struct timespec now;

	if (fd < 0 || fstat(fd, &image->stat) != 0 || !S_ISREG(image->stat.st_mode))
		return;
	image->facts.opened = true;
	image->facts.deleted = image->stat.st_nlink == 0;
	image->facts.privileged = (image->stat.st_mode & (S_ISUID | S_ISGID)) != 0;
	image->facts.loader = gate_is_loader(fd);
	if (!mount_of(&image->mount, fd))
		image->mount = 0;
	image->facts.origin = origin_of(fd, image->mount, &image->stat, rules);
	clock_gettime(CLOCK_REALTIME, &now);
	cache = image->facts.origin == GATE_TOOLCHAIN ? shared : own;
	image->facts.digested = (cache ? digest_cached(cache, &image->digest, fd, &image->stat, now, NULL, NULL)
				       : digest_fd(&image->digest, fd, NULL)) == 0;
	if (image->facts.digested)
		gate_rules_match(rules, image);
}

void gate_image_read(struct gate_image *out, pid_t pid, const struct gate_rules *rules,
		     struct digest_cache *shared, struct digest_cache *own)
{
	struct gate_image image = { 0 };
	char link[64];
	AUTO_FD int fd = -1;

	gate_path_read(image.path, pid_link(link, pid));
	fd = open(link, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	gate_image_fd(&image, fd, rules, shared, own);
	*out = image;
}

/* The address of the name that execve() was given: the kernel leaves it in the auxiliary vector. */
static uint64_t name_address(pid_t pid)
{
	Elf64_auxv_t vector[64];
	char path[64];
	AUTO_FD int fd = -1;
	ssize_t n;

	snprintf(path, sizeof path, "/proc/%d/auxv", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	n = fd < 0 ? -1 : read(fd, vector, sizeof vector);
	for (size_t i = 0; n > 0 && i < (size_t)n / sizeof vector[0]; i++)
		if (vector[i].a_type == AT_EXECFN)
			return vector[i].a_un.a_val;
	return 0;
}

static bool read_name(char out[GATE_MAX_PATH], pid_t pid)
{
	uint64_t at = name_address(pid);
	struct iovec here = { out, GATE_MAX_PATH - 1 }, there = { NULL, GATE_MAX_PATH - 1 };
	ssize_t n;

	if (!at)
		return false;
	/* an address of the other process, never used as a pointer here; a name at the end of the stack is shorter */
	there.iov_base = (void *)(uintptr_t)at;
	n = process_vm_readv(pid, &here, 1, &there, 1, 0);
	for (size_t size = GATE_MAX_PATH / 2; n <= 0 && size > 8; size /= 2) {
		there.iov_len = size;
		n = process_vm_readv(pid, &here, 1, &there, 1, 0);
	}
	out[n < 0 ? 0 : n] = 0;
	return *out != 0;
}

void gate_script_read(char out[GATE_MAX_PATH], pid_t pid, const struct gate_image *image,
		      int root_fd)
{
	char name[GATE_MAX_PATH], path[2 * GATE_MAX_PATH], link[64];
	ssize_t n = 0;
	struct stat st;
	AUTO_FD int fd = -1;

	*out = 0;
	if (!read_name(name, pid) || strcmp(name, image->path) == 0)
		return;
	snprintf(link, sizeof link, "/proc/%d/cwd", (int)pid);
	if (*name != '/')
		n = readlink(link, path, GATE_MAX_PATH - 1);
	n = n < 0 ? 0 : n;
	snprintf(path + n, sizeof path - (size_t)n, "%s%s", n ? "/" : "", name);
	/* another name of the image is no script. The job may change it meanwhile: this is for the log alone */
	fd = open_inside(root_fd, path, O_PATH);
	if (fd >= 0 && fstat(fd, &st) == 0 &&
	    (st.st_ino != image->stat.st_ino || st.st_dev != image->stat.st_dev))
		memcpy(out, name, sizeof name);
}
