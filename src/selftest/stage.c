#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ipc.h>
#include <sys/mount.h>
#include <sys/msg.h>
#include <sys/random.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>

#include "base/file.h"
#include "base/scope.h"
#include "lab.h"

enum { CANARY_MAX = 1 << 20, SESSION_KEYRING = -3, KEYCTL_UNLINK = 9 };

void random_hex(char out[TOKEN + 1])
{
	unsigned char bytes[TOKEN / 2];

	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		abort(); /* before 3.17 only */
	for (size_t i = 0; i < sizeof bytes; i++)
		snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* A copy of a canary with a fresh token in it. */
static int make_canary(const char *from, const char *to, const char *token, struct err *err)
{
	static const char mark[] = "OUTRIDER-CANARY:";
	AUTO_ARENA struct arena mem;
	struct str text;
	size_t at;
	AUTO_FD int fd = -1;

	arena_init(&mem, 4 * CANARY_MAX);
	if (file_read(&text, &mem, from, CANARY_MAX, err) < 0)
		return -1;
	at = str_find(text, (struct str){ mark, sizeof mark - 1 });
	if (at == SIZE_MAX)
		return err_set(err, ERR_PERM, "'%s' is no canary", from);
	text = arena_str(&mem, text);
	/* our own copy: arena_str() gives fresh memory */
	memcpy((char *)(uintptr_t)text.p + at + sizeof mark - 1, token, TOKEN);
	fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);
	if (fd < 0)
		return err_errno(err, "create '%s'", to);
	return file_write_fd(fd, text, err);
}

static int write_text(const char *path, struct str text, struct err *err)
{
	AUTO_FD int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd < 0)
		return err_errno(err, "create '%s'", path);
	return file_write_fd(fd, text, err);
}

static int make_host(struct stage *s, const char *tricks, struct err *err)
{
	char path[PATH_MAX], canary[PATH_MAX];
	struct timespec times[2] = { { 0, UTIME_OMIT }, { 0, 0 } };
	unsigned random;

	if (mkdir(s->base, 0755) < 0 || mkdir(s->host, 0755) < 0 || mkdir(s->outside, 0755) < 0 ||
	    mkdir(s->work, 0755) < 0)
		return err_errno(err, "make '%s'", s->base);
	snprintf(path, sizeof path, "%s/mine", s->outside);
	if (write_text(s->secret_path, str_of(s->secret), err) < 0 ||
	    write_text(path, STR("mine\n"), err) < 0)
		return -1;
	/* a time that nobody can guess, for who may look but not read */
	if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random)
		return err_errno(err, "random bytes");
	times[1].tv_sec = 1000000000 + random % 100000000;
	times[1].tv_nsec = random % 1000000000;
	utimensat(AT_FDCWD, s->secret_path, times, 0);
	snprintf(path, sizeof path, "%s/%s", s->host, s->hidden);
	if (write_text(path, STR(""), err) < 0)
		return -1;
	snprintf(canary, sizeof canary, "%.*s/outrider-canary",
		 (int)(strrchr(tricks, '/') - tricks), tricks);
	if (make_canary(canary, s->tool, s->tool_token, err) < 0)
		return -1;
	snprintf(path, sizeof path, "%s/brought", s->work);
	if (make_canary(canary, path, s->brought_token, err) < 0)
		return -1;
	strcat(canary, ".so");
	snprintf(path, sizeof path, "%s/lib.so", s->work);
	return make_canary(canary, path, s->library_token, err);
}

/* A repository as git leaves it, by hand: starting git for each trick takes too long. */
static int make_repository(const struct stage *s, struct str git_index, struct err *err)
{
	static const char *const dirs[] = { ".git", ".git/hooks", ".git/objects", ".git/refs" };
	static const char *const files[][2] = {
		{ ".git/HEAD", "ref: refs/heads/main\n" },
		{ ".git/config", "[core]\n\trepositoryformatversion = 1\n\tbare = false\n"
				 "[extensions]\n\tworktreeConfig = true\n" },
		{ "tracked", "text\n" },
	};
	char path[PATH_MAX];

	for (size_t i = 0; i < COUNT(dirs); i++) {
		snprintf(path, sizeof path, "%s/%s", s->work, dirs[i]);
		if (mkdir(path, 0755) < 0)
			return err_errno(err, "make '%s'", path);
	}
	snprintf(path, sizeof path, "%s/.git/index", s->work);
	if (write_text(path, git_index, err) < 0)
		return -1;
	for (size_t i = 0; i < COUNT(files); i++) {
		snprintf(path, sizeof path, "%s/%s", s->work, files[i][0]);
		if (write_text(path, str_of(files[i][1]), err) < 0)
			return -1;
	}
	return 0;
}

static _Noreturn void become_victim(const struct stage *s, const char *tricks, int ready,
				    int secret)
{
	char environment[TOKEN + 32], *env[] = { environment, NULL };
	char name[TOKEN + 16], *argv[] = { name, (char[]){ "victim" }, NULL };

	snprintf(environment, sizeof environment, "OUTRIDER_SECRET=%s", s->secret);
	snprintf(name, sizeof name, "host-%s", s->victim_name);
	if (chdir(s->host) == 0 && dup2(ready, STDOUT_FILENO) >= 0 &&
	    dup2(secret, s->victim_open) >= 0) {
		/* an answer that is not read must not stop it */
		signal(SIGUSR1, SIG_DFL);
		execve(tricks, argv, env);
	}
	_exit(1);
}

static int start_victim(struct stage *s, const char *tricks, struct err *err)
{
	int ends[2];
	AUTO_FD int secret = open(s->secret_path, O_RDONLY | O_CLOEXEC);
	pid_t parent = getpid();
	ssize_t n;

	s->victim_open = 42;
	if (secret < 0 || pipe2(ends, O_CLOEXEC) < 0)
		return err_errno(err, "prepare a host process");
	s->victim = fork();
	if (s->victim == 0) {
		die_with(parent);
		become_victim(s, tricks, ends[1], secret);
	}
	close(ends[1]);
	n = s->victim < 0 ? -1 : read(ends[0], s->address, sizeof s->address - 1);
	close(ends[0]);
	if (n <= 0)
		return err_set(err, ERR_PERM,
			       "the host process for tricks ('%s victim') did not start", tricks);
	s->address[n] = 0;
	s->address[strcspn(s->address, "\n")] = 0;
	return 0;
}

/* Objects that have no path. What this kernel does not have is left out: its tricks are n/a. */
static void make_objects(struct stage *s)
{
	struct {
		long type;
		char text[64];
	} message = { 1, { 0 } };
	char digits[8];
	void *memory;
	int mq;

	snprintf(digits, sizeof digits, "%.7s", s->marker);
	s->shm_key = (int)strtoul(digits, NULL, 16) | 1;
	s->shm = shmget(s->shm_key, 4096, IPC_CREAT | IPC_EXCL | 0600);
	memory = s->shm < 0 ? (void *)-1 : shmat(s->shm, NULL, 0);
	if (memory != (void *)-1) {
		strcpy(memory, s->secret);
		shmdt(memory);
	}
	s->msg = msgget(s->shm_key, IPC_CREAT | IPC_EXCL | 0600);
	strcpy(message.text, s->secret);
	if (s->msg >= 0)
		msgsnd(s->msg, &message, sizeof message.text, IPC_NOWAIT);
	/* the system call takes the name without its slash */
	snprintf(s->mq, sizeof s->mq, "outrider-%s", s->marker);
	mq = (int)syscall(SYS_mq_open, s->mq, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600, NULL);
	if (mq >= 0) {
		syscall(SYS_mq_timedsend, mq, s->secret, sizeof s->secret, 0, NULL);
		close(mq);
	}
	s->key = syscall(SYS_add_key, "user", s->marker, s->secret, TOKEN, SESSION_KEYRING);
}

static void take_handle(struct stage *s)
{
	struct {
		struct file_handle head;
		unsigned char bytes[MAX_HANDLE_SZ];
	} handle;
	int mount;

	handle.head.handle_bytes = MAX_HANDLE_SZ;
	if (name_to_handle_at(AT_FDCWD, s->secret_path, &handle.head, &mount, 0) < 0)
		return;
	snprintf(s->handle, sizeof s->handle, "%02x", (unsigned)handle.head.handle_type & 0xff);
	for (unsigned i = 0; i < handle.head.handle_bytes; i++)
		snprintf(s->handle + 2 + 2 * (size_t)i, 3, "%02x", handle.bytes[i]);
}

static void open_leaks(struct stage *s, const struct listeners *listeners)
{
	s->dir_fd = open(s->host, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->secret_fd = open(s->secret_path, O_RDONLY | O_CLOEXEC);
	s->outside_fd = open(s->outside, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	s->socket_fd = listeners_connect(listeners);
	s->terminal = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	s->slave = -1;
	if (s->terminal >= 0 && grantpt(s->terminal) == 0 && unlockpt(s->terminal) == 0) {
		char name[64];

		if (ptsname_r(s->terminal, name, sizeof name) == 0)
			s->slave = open(name, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	}
}

int stage_open(struct stage *out, const char *lab, const char *tricks, struct str git_index,
	       const struct listeners *listeners, bool with_objects, struct err *err)
{
	struct stage s = { .shm = -1,
			   .msg = -1,
			   .key = -1,
			   .dir_fd = -1,
			   .secret_fd = -1,
			   .outside_fd = -1,
			   .socket_fd = -1,
			   .terminal = -1,
			   .slave = -1 };
	char *const tokens[] = { s.token,         s.secret, s.tool_token, s.brought_token,
				 s.library_token, s.hidden, s.marker,     s.victim_name };

	for (size_t i = 0; i < COUNT(tokens); i++)
		random_hex(tokens[i]);
	snprintf(s.base, sizeof s.base, "%.40s/%.12s", lab, s.marker);
	snprintf(s.host, sizeof s.host, "%s/host", s.base);
	snprintf(s.work, sizeof s.work, "%s/work", s.base);
	snprintf(s.outside, sizeof s.outside, "%.70s/outside", s.host);
	snprintf(s.tool, sizeof s.tool, "%.70s/tool", s.host);
	snprintf(s.secret_path, sizeof s.secret_path, "%.70s/secret", s.host);
	if (make_host(&s, tricks, err) < 0 || make_repository(&s, git_index, err) < 0 ||
	    start_victim(&s, tricks, err) < 0) {
		stage_close(&s);
		return -1;
	}
	if (with_objects)
		make_objects(&s);
	take_handle(&s);
	open_leaks(&s, listeners);
	stage_describe(&s.before, s.outside);
	*out = s;
	return 0;
}

/* rm copes with trees of any depth. */
void remove_tree(const char *path)
{
	char copy[PATH_MAX],
		*argv[] = { (char[]){ "rm" }, (char[]){ "-rf" }, (char[]){ "--" }, copy, NULL };
	pid_t pid = fork();

	if (pid == 0) {
		snprintf(copy, sizeof copy, "%s", path);
		execv("/bin/rm", argv);
		_exit(1);
	}
	if (pid > 0)
		waitpid(pid, NULL, 0);
}

/* K44, tried bare by root, really mounts. */
static void unmount(const struct stage *s)
{
	char path[PATH_MAX];

	snprintf(path, sizeof path, "%s/mounted", s->work);
	umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
}

void stage_close(struct stage *s)
{
	int *const fds[] = { &s->dir_fd,    &s->secret_fd, &s->outside_fd,
			     &s->socket_fd, &s->terminal,  &s->slave };

	if (s->victim > 0) {
		kill(s->victim, SIGKILL);
		waitpid(s->victim, NULL, 0);
	}
	if (s->shm >= 0)
		shmctl(s->shm, IPC_RMID, NULL);
	if (s->msg >= 0)
		msgctl(s->msg, IPC_RMID, NULL);
	/* a user may have 200 keys */
	if (s->key >= 0)
		syscall(SYS_keyctl, KEYCTL_UNLINK, s->key, SESSION_KEYRING);
	if (*s->mq)
		syscall(SYS_mq_unlink, s->mq);
	for (size_t i = 0; i < COUNT(fds); i++)
		if (*fds[i] >= 0)
			close(*fds[i]);
	unmount(s);
	remove_tree(s->base);
	buf_release(&s->before);
}

char **stage_arguments(const struct stage *s, const struct listeners *l, struct arena *mem)
{
	char **list = ARENA_ARRAY(mem, 32, char *);
	size_t n = 0;
	const struct {
		const char *key, *text;
		long number;
	} all[] = {
		{ "secret", s->secret_path, 0 },
		{ "outside", s->outside, 0 },
		{ "tool", s->tool, 0 },
		{ "token", s->token, 0 },
		{ "pid", NULL, s->victim },
		{ "address", s->address, 0 },
		{ "open", NULL, s->victim_open },
		{ "tcp", NULL, l->tcp_port },
		{ "tcp6", NULL, l->tcp6_port },
		{ "udp", NULL, l->udp_port },
		{ "udp6", NULL, l->udp6_port },
		{ "web", NULL, l->web_port },
		{ "unix", l->unix_path, 0 },
		{ "dgram", l->dgram_path, 0 },
		{ "abstract", l->abstract, 0 },
		{ "abstract-dgram", l->abstract_dgram_name, 0 },
		{ "handle", s->handle, 0 },
		{ "shm", NULL, s->shm_key },
		{ "mq", s->mq, 0 },
		{ "key", s->marker, 0 },
#if defined(__x86_64__)
		{ "loader", "/lib64/ld-linux-x86-64.so.2", 0 },
#else
		{ "loader", "/lib/ld-linux-aarch64.so.1", 0 },
#endif
	};

	for (size_t i = 0; i < COUNT(all); i++) {
		struct str text = all[i].text
					  ? arena_printf(mem, "%s=%s", all[i].key, all[i].text)
					  : arena_printf(mem, "%s=%ld", all[i].key, all[i].number);

		list[n++] = arena_z(mem, text);
	}
	return list;
}
