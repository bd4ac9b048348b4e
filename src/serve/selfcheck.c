#include "selfcheck.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "serve/log.h"

static const struct {
	const char *word;
	bool        runs;
} states[SELFCHECK_STATE_COUNT] = {
#define X(id, word, runs) { word, runs },
	SELFCHECK_STATES(X)
#undef X
};

static const enum selfcheck_state state_of[RECORD_VERDICT_COUNT] = {
	[RECORD_HELD] = SELFCHECK_HELD,
	[RECORD_ESCAPED] = SELFCHECK_ESCAPED,
	[RECORD_INCOMPLETE] = SELFCHECK_INCOMPLETE,
	[RECORD_NOT_TRIED] = SELFCHECK_NOT_TRIED,
};

const char *selfcheck_word(enum selfcheck_state state)
{
	return states[state].word;
}

bool selfcheck_read(enum selfcheck_state *out, struct str word)
{
	for (int i = 0; i < SELFCHECK_STATE_COUNT; i++)
		if (str_eq(word, str_of(states[i].word))) {
			*out = (enum selfcheck_state)i;
			return true;
		}
	return false;
}

bool selfcheck_runs(enum selfcheck_state state)
{
	return states[state].runs;
}

void selfcheck_open(struct selfcheck *out, const char *path)
{
	*out = (struct selfcheck){ .path = path, .began = time(NULL), .words = -1 };
	snprintf(out->text, sizeof(out->text), "the self-test of the sandbox has not begun");
}

/* ---- the record ---- */

static bool is_changed(struct selfcheck *s)
{
	struct stat st = { 0 };

	if (lstat(s->path, &st) < 0)
		st = (struct stat){ 0 };
	if (s->seen.dev == st.st_dev && s->seen.ino == st.st_ino && s->seen.size == st.st_size &&
	    s->seen.sec == st.st_ctim.tv_sec && s->seen.nsec == st.st_ctim.tv_nsec)
		return false;
	s->seen.dev = st.st_dev;
	s->seen.ino = st.st_ino;
	s->seen.size = st.st_size;
	s->seen.sec = st.st_ctim.tv_sec;
	s->seen.nsec = st.st_ctim.tv_nsec;
	return true;
}

/* A file that does not count is as none, and takes nothing from what is known; why not is said once. */
static void read_record(struct selfcheck *s)
{
	struct record record;
	struct record_key key;
	const char *differs;
	struct err err;

	s->ignored[0] = '\0';
	if (s->seen.ino == 0)
		return;
	if (record_read(&record, s->path, &err) < 0 || record_key_here(&key, &err) < 0) {
		snprintf(s->ignored, sizeof(s->ignored), "%.240s", err.text);
	} else if ((differs = record_key_differs(&record.key, &key))) {
		snprintf(s->ignored, sizeof(s->ignored), "'%.180s': %s", s->path, differs);
	} else {
		s->record = record;
		s->known = true;
	}
	if (s->ignored[0])
		log_info("the record of the self-test does not count: %s", s->ignored);
}

/* It was made for this run of the service, or holds and is of today. */
static bool is_due(const struct selfcheck *s)
{
	int64_t now = time(NULL);
	bool settled = s->record.verdict == RECORD_ESCAPED && s->record.made >= s->began;

	return !s->known || (!settled && !record_is_fresh(&s->record, &s->record.key, now));
}

/* ---- the child ---- */

/* Nothing that could be a secret: tricks that read an environment find this one. */
static char **plain_environment(char *out[], size_t room)
{
	static const char *const names[] = { "PATH", "HOME", "TMPDIR", "LANG", "LC_ALL",
					     "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS" };
	size_t n = 0;

	for (char **one = environ; *one; one++)
		for (size_t i = 0; i < COUNT(names) && n + 1 < room; i++) {
			size_t len = strlen(names[i]);

			if (strncmp(*one, names[i], len) == 0 && (*one)[len] == '=')
				out[n++] = *one;
		}
	out[n] = NULL;
	return out;
}

static int spawn(pid_t *out, const char *path, int words)
{
	char parent[16], file[4096], *env[16];
	char *argv[] = { (char[]){ "outrider" }, (char[]){ "sandbox" }, (char[]){ "selftest" },
			 (char[]){ "--if-needed" }, (char[]){ "--parent" }, parent, (char[]){ "--record" },
			 file, NULL };
	posix_spawn_file_actions_t files;
	posix_spawnattr_t attributes;
	sigset_t none, all;
	int status;

	snprintf(parent, sizeof(parent), "%d", (int)getpid());
	snprintf(file, sizeof(file), "%s", path);
	sigemptyset(&none);
	sigfillset(&all);
	posix_spawn_file_actions_init(&files);
	posix_spawn_file_actions_addopen(&files, 0, "/dev/null", O_RDWR, 0);
	posix_spawn_file_actions_adddup2(&files, 0, 1);
	posix_spawn_file_actions_adddup2(&files, words, 2);
	posix_spawn_file_actions_addclosefrom_np(&files, 3);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF |
						      POSIX_SPAWN_SETPGROUP);
	/* the running program, even where another one has taken its place */
	status = posix_spawn(out, "/proc/self/exe", &files, &attributes, argv,
			     plain_environment(env, COUNT(env)));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&files);
	return status;
}

static void start(struct selfcheck *s, int64_t now)
{
	int ends[2], status;
	pid_t pid;

	s->next_try = now + SELFCHECK_AGAIN_MS;
	if (pipe2(ends, O_CLOEXEC) < 0) {
		snprintf(s->failure, sizeof(s->failure), "no pipe for the self-test");
		return;
	}
	status = spawn(&pid, s->path, ends[1]);
	close(ends[1]);
	if (status) {
		snprintf(s->failure, sizeof(s->failure), "the self-test cannot be started: %s", strerror(status));
		close(ends[0]);
		return;
	}
	fcntl(ends[0], F_SETFL, O_NONBLOCK);
	s->child = pid;
	s->words = ends[0];
	s->said[0] = '\0';
	log_info("the self-test of the sandbox begins");
}

/* The first that it says is kept; the rest, as of a sanitizer, is only taken. */
static void read_words(struct selfcheck *s)
{
	char bytes[4096];
	ssize_t n;

	while ((n = read(s->words, bytes, sizeof(bytes) - 1)) > 0) {
		bytes[n] = '\0';
		if (!s->said[0])
			snprintf(s->said, sizeof(s->said), "%.*s", (int)strcspn(bytes, "\n"), bytes);
	}
}

static void take_end(struct selfcheck *s, int status)
{
	close(s->words);
	s->words = -1;
	s->child = 0;
	s->failure[0] = '\0';
	if (WIFSIGNALED(status))
		snprintf(s->failure, sizeof(s->failure), "the self-test was ended by signal %d",
			 WTERMSIG(status));
	else if (s->said[0])
		snprintf(s->failure, sizeof(s->failure), "the self-test: %s", s->said);
	if (s->failure[0])
		log_warning("%s", s->failure);
	/* the file is looked at now */
	s->next_look = 0;
}

static void reap(struct selfcheck *s)
{
	int status;
	pid_t ended;

	if (!s->child)
		return;
	ended = waitpid(s->child, &status, WNOHANG);
	read_words(s);
	if (ended == s->child)
		take_end(s, status);
}

/* ---- how it stands ---- */

static void describe(struct selfcheck *s, bool running, uint64_t done, uint64_t all)
{
	AUTO_BUF struct buf text = { 0 };

	s->state = s->known ? state_of[s->record.verdict] : s->failure[0] && !running ? SELFCHECK_INCOMPLETE : SELFCHECK_WAITING;
	if (s->known)
		record_say(&text, &s->record);
	else if (s->state == SELFCHECK_INCOMPLETE)
		buf_add(&text, str_of(s->failure));
	else
		buf_add(&text, STR("jobs wait"));
	if (running && all)
		buf_printf(&text, "; the self-test of the sandbox is running, %llu of %llu",
			   (unsigned long long)done, (unsigned long long)all);
	else if (running || s->state == SELFCHECK_WAITING)
		buf_add(&text, STR("; the self-test of the sandbox begins"));
	snprintf(s->text, sizeof(s->text), "%.*s", STR_ARG(buf_str(&text)));
}

static void tell(const struct selfcheck *s, enum selfcheck_state before)
{
	if (s->state == before)
		return;
	if (s->state == SELFCHECK_HELD || s->state == SELFCHECK_WAITING)
		log_info("%s", s->text);
	else if (s->state == SELFCHECK_NOT_TRIED)
		log_warning("%s", s->text);
	else
		log_error("%s: this worker takes no jobs", s->text);
}

bool selfcheck_turn(struct selfcheck *s, int64_t now)
{
	enum selfcheck_state before = s->state;
	char text[SELFCHECK_MAX_TEXT];
	uint64_t done, all;
	bool running;

	reap(s);
	if (now < s->next_look)
		return false;
	s->next_look = now + SELFCHECK_LOOK_MS;
	memcpy(text, s->text, sizeof(text));
	if (is_changed(s))
		read_record(s);
	running = record_is_running(s->path, &done, &all);
	if (!running && !s->child && now >= s->next_try && is_due(s)) {
		start(s, now);
		running = s->child != 0;
	}
	describe(s, running, done, all);
	tell(s, before);
	return s->state != before || strcmp(text, s->text) != 0;
}

void selfcheck_close(struct selfcheck *s)
{
	int status;

	if (!s->child)
		return;
	kill(s->child, SIGTERM);
	for (int left = SELFCHECK_END_MS; left > 0; left -= 10) {
		if (waitpid(s->child, &status, WNOHANG) == s->child)
			break;
		if (left <= 10) {
			kill(-s->child, SIGKILL);
			waitpid(s->child, &status, 0);
			break;
		}
		poll(NULL, 0, 10);
	}
	close(s->words);
	s->child = 0;
	s->words = -1;
}
