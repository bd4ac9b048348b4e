/* doctor.c - one check after the other, in a table; each says what it found. */
#include "serve/doctor.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "base/scope.h"
#include "flow/analyst.h"
#include "http/client.h"
#include "queue/keys.h"
#include "selftest/record.h"
#include "serve/connect.h"
#include "store/store.h"
#include "sweep.h"

enum {
	DOCTOR_MEMORY = 32 << 20,
	LEAST_FREE_MB = 1024,  /* one larger repository's mirror */
};

struct doctor {
	const struct settings *settings;
	struct arena           mem;
	doctor_say            *say;
	void                  *payload;
	bool                   failed;
};

static void __attribute__((format(printf, 5, 6)))
tell(struct doctor *d, enum doctor_grade grade, const char *what, const char *mend, const char *fmt, ...)
{
	char text[1200];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	d->failed |= grade == DOCTOR_FAIL;
	d->say(d->payload, grade, what, text, grade == DOCTOR_OK ? "" : mend);
}

static void check_data(struct doctor *d)
{
	const char *path = arena_z(&d->mem, d->settings->data);
	struct statvfs fs;
	struct stat st;
	uint64_t free_mb;

	if (stat(path, &st) || statvfs(path, &fs)) {
		tell(d, DOCTOR_NOTE, "data", "`outrider serve` makes it; its parent folder must be ours",
		     "the folder %s is not there", path);
		return;
	}
	free_mb = (uint64_t)fs.f_bavail * fs.f_frsize >> 20;
	if (access(path, R_OK | W_OK | X_OK))
		tell(d, DOCTOR_FAIL, "data", "run as the user that owns it, or chown it", "%s is not writable",
		     path);
	else if (st.st_mode & 077)
		tell(d, DOCTOR_FAIL, "data", "chmod 700 it: it holds source code and the database",
		     "%s can be read by others", path);
	else if (free_mb < LEAST_FREE_MB)
		tell(d, DOCTOR_NOTE, "data", "make room, or set `limits: mirror_gb`", "%s has %llu MB left", path,
		     (unsigned long long)free_mb);
	else
		tell(d, DOCTOR_OK, "data", "", "%s, %llu MB free", path, (unsigned long long)free_mb);
}

static void check_database(struct doctor *d)
{
	struct store *store AUTO(auto_store) = NULL;
	struct str password;
	struct err err;
	uint64_t bytes = 0;

	if (d->settings->database_password.at.len) {
		if (secret_read(&password, &d->mem, &d->settings->database_password, &err)) {
			tell(d, DOCTOR_FAIL, "database", "set it, or remove `database_password`", "%s", err.text);
			return;
		}
		setenv("PGPASSWORD", arena_z(&d->mem, password), 1);
	}
	if (store_open(&store, arena_z(&d->mem, d->settings->database), &err) || store_ping(store, &err) ||
	    store_size(store, &bytes, &err))
		tell(d, DOCTOR_FAIL, "database", "see `database` in the settings", "%s", err.text);
	else
		tell(d, DOCTOR_OK, "database", "", "%s, %llu KB", store_engine(store),
		     (unsigned long long)bytes / 1024);
}

static void check_git(struct doctor *d)
{
	FILE *pipe = popen("git --version 2>/dev/null", "re");
	char line[128] = "";

	if (!pipe || !fgets(line, sizeof(line), pipe))
		tell(d, DOCTOR_FAIL, "git", "install git: it fetches the repositories",
		     "the git program does not run");
	else
		tell(d, DOCTOR_OK, "git", "", "%.*s", (int)strcspn(line, "\n"), line);
	if (pipe)
		pclose(pipe);
}

static void check_seal(struct doctor *d)
{
	struct err err;

	if (d->settings->workers == 0)
		return;
	if (analyst_probe(&d->mem, &err))
		tell(d, DOCTOR_FAIL, "reviews",
		     "a kernel of 5.13 or later with Landlock; in a container, let it use Landlock and seccomp",
		     "%s", err.text);
	else
		tell(d, DOCTOR_OK, "reviews", "", "they can be confined");
}

static const enum doctor_grade grades[RECORD_VERDICT_COUNT] = {
	[RECORD_HELD] = DOCTOR_OK,
	[RECORD_ESCAPED] = DOCTOR_FAIL,
	[RECORD_INCOMPLETE] = DOCTOR_FAIL,
	[RECORD_NOT_TRIED] = DOCTOR_NOTE,
};

/* What the workers go by. Nothing is tried here. */
static void check_selftest(struct doctor *d)
{
	const char *path = arena_z(&d->mem, d->settings->selftest), *differs = NULL;
	AUTO_BUF struct buf text = { 0 };
	struct record_key key;
	struct record record;
	uint64_t done, all;
	struct err err;

	if (d->settings->workers == 0)
		return;
	if (record_is_running(path, &done, &all))
		tell(d, DOCTOR_NOTE, "sandbox", "wait: jobs do", "the self-test is running, %llu of %llu",
		     (unsigned long long)done, (unsigned long long)all);
	else if (record_key_here(&key, &err))
		tell(d, DOCTOR_FAIL, "sandbox", "`make install` puts both where they belong: no jobs run without", "%s",
		     err.text);
	else if (record_read(&record, path, &err) || (differs = record_key_differs(&record.key, &key)))
		tell(d, DOCTOR_NOTE, "sandbox", "`outrider serve` makes one when it starts; jobs wait for it",
		     "the record of the self-test does not count: %s", differs ? differs : err.text);
	else {
		record_say(&text, &record);
		tell(d, grades[record.verdict], "sandbox",
		     record.verdict == RECORD_NOT_TRIED
			     ? "`outrider sandbox probe` tells what this host lacks"
			     : arena_printf(&d->mem, "`outrider sandbox selftest` shows all; no jobs run before `outrider "
						     "sandbox selftest --record %s` holds", path).p,
		     "%.*s", STR_ARG(buf_str(&text)));
	}
}

static void check_keys(struct doctor *d)
{
	struct key_pair keys;
	struct err err;
	const char *path;

	if (!str_starts(d->settings->broker.listen, STR("tcp:")))
		return;
	path = arena_z(&d->mem, arena_printf(&d->mem, "%.*s/broker.key", STR_ARG(d->settings->broker.keys)));
	if (key_read(&keys, path, &err))
		tell(d, DOCTOR_FAIL, "keys", "`outrider keys new` makes one", "%s", err.text);
	else
		tell(d, DOCTOR_OK, "keys", "", "the broker's public key is %s", keys.public_key);
	key_wipe(&keys);
}

static void check_login(struct doctor *d)
{
	struct str token;
	struct err err;

	if (d->settings->login.token.at.len == 0 && d->settings->login.issuer.len == 0)
		tell(d, DOCTOR_NOTE, "login", "set `login: token` or `login: issuer`",
		     "nobody can log in to the pages");
	else if (d->settings->login.token.at.len &&
		 secret_read(&token, &d->mem, &d->settings->login.token, &err))
		tell(d, DOCTOR_FAIL, "login", "set it", "%s", err.text);
	else
		tell(d, DOCTOR_OK, "login", "", "%s", d->settings->login.issuer.len ? "OpenID Connect" : "token");
}

static void check_integration(struct doctor *d, const struct integration *one)
{
	char what[80];
	struct connection connection = { 0 };
	struct forge_config hooks;
	unsigned abilities;
	struct err err;

	snprintf(what, sizeof(what), "integration %.*s", STR_ARG(one->name));
	if (connect_config(&hooks, &d->mem, one, HOLDS_HOOKS, &err) ||
	    connection_open(&connection, one, &d->mem, &err))
		tell(d, DOCTOR_FAIL, what, "see the settings of this integration", "%s", err.text);
	else if (connection_self(&connection, &d->mem, &err) ||
		 forge_abilities(connection.forge, &abilities, &err))
		tell(d, DOCTOR_FAIL, what, "is the token right, and may this machine reach it?", "%s", err.text);
	else
		tell(d, DOCTOR_OK, what, "", "we are %.*s on %s%s", STR_ARG(connection.self.login),
		     forge_type_label(connection.config.type),
		     abilities & FORGE_CHECKS ? "" : "; no checks there, a commit status instead");
	connection_close(&connection);
}

static void check_integrations(struct doctor *d)
{
	if (d->settings->integrations.n == 0)
		tell(d, DOCTOR_FAIL, "integrations", "add one", "no forge is configured");
	for (size_t i = 0; i < d->settings->integrations.n; i++)
		check_integration(d, &d->settings->integrations.items[i]);
}

/* The running service, on its own address. */
static void check_service(struct doctor *d)
{
	struct http_client *client AUTO_HTTP_CLIENT = NULL;
	struct http_client_options options = { .timeout_ms = 5000, .connect_ms = 3000 };
	struct http_request request = { .method = STR("GET") };
	struct http_response response;
	struct err err;

	if (str_starts(d->settings->listen, STR("unix:"))) {
		tell(d, DOCTOR_NOTE, "service", "ask through the proxy in front of it",
		     "it listens on a socket file: not asked");
		return;
	}
	if (str_ends(d->settings->listen, STR(":0"))) {
		tell(d, DOCTOR_NOTE, "service", "its log tells the port", "any free port: not asked");
		return;
	}
	request.url = arena_printf(&d->mem, "http://%.*s/readyz", STR_ARG(d->settings->listen));
	if (http_client_open(&client, &options, &err) || http_send(client, &d->mem, &request, &response, &err))
		tell(d, DOCTOR_FAIL, "service", "is `outrider serve` running? See its log", "%s", err.text);
	else if (response.status != 200)
		tell(d, DOCTOR_FAIL, "service", "see its log", "%.*s answers %d", STR_ARG(request.url),
		     response.status);
	else
		tell(d, DOCTOR_OK, "service", "", "%.*s answers", STR_ARG(request.url));
}

static const struct {
	void (*run)(struct doctor *);
	bool   quick;
} checks[] = {
	{ check_data, false },	{ check_database, false },     { check_git, false },
	{ check_seal, false },	{ check_selftest, false },
	{ check_keys, false },	{ check_login, false },	       { check_integrations, false },
	{ check_service, true },
};

bool doctor_run(const struct settings *settings, bool quick, doctor_say *say, void *payload)
{
	struct doctor d = { .settings = settings, .say = say, .payload = payload };

	arena_init(&d.mem, DOCTOR_MEMORY);
	for (size_t i = 0; i < COUNT(checks); i++)
		if (!quick || checks[i].quick)
			checks[i].run(&d);
	arena_release(&d.mem);
	return !d.failed;
}
