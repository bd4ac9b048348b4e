#include "serve/roles.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/scope.h"
#include "serve/broker.h"
#include "serve/gateway.h"
#include "serve/log.h"
#include "serve/supervise.h"
#include "serve/worker.h"
#include "sweep.h"

static const char *const names[ROLE_KINDS] = {
	[ROLE_SUPERVISOR] = "supervisor", [ROLE_GATEWAY] = "gateway", [ROLE_BROKER] = "broker",
	[ROLE_WORKER] = "worker",
};

bool role_kind_parse(struct str word, enum role_kind *out)
{
	for (int i = 0; i < ROLE_KINDS; i++)
		if (str_eq(word, str_of(names[i]))) {
			*out = (enum role_kind)i;
			return true;
		}
	return false;
}

/* ---- what a process may know ---- */

struct name_list {
	struct str *items;
	size_t      n, cap;
};

static void add_secret(struct name_list *list, struct arena *mem, const struct secret_ref *ref)
{
	if (str_starts(ref->at, STR("env:")))
		ARENA_PUSH(mem, list, str_from(ref->at, 4));
}

static void gateway_secrets(struct name_list *list, struct arena *mem, const struct settings *s)
{
	for (size_t i = 0; i < s->integrations.n; i++)
		for (size_t j = 0; j < s->integrations.items[i].hooks.n; j++)
			add_secret(list, mem, &s->integrations.items[i].hooks.items[j]);
	add_secret(list, mem, &s->login.token);
	add_secret(list, mem, &s->login.client_secret);
	add_secret(list, mem, &s->database_password);
}

static void broker_secrets(struct name_list *list, struct arena *mem, const struct settings *s)
{
	for (size_t i = 0; i < s->integrations.n; i++) {
		add_secret(list, mem, &s->integrations.items[i].token);
		add_secret(list, mem, &s->integrations.items[i].app_key);
	}
	add_secret(list, mem, &s->database_password);
}

static void no_secrets(struct name_list *list, struct arena *mem, const struct settings *s)
{
	(void)list, (void)mem, (void)s;
}

static void all_secrets(struct name_list *list, struct arena *mem, const struct settings *s)
{
	gateway_secrets(list, mem, s);
	broker_secrets(list, mem, s);
}

static void (*const secrets_of[ROLE_KINDS])(struct name_list *, struct arena *,
					    const struct settings *) = {
	[ROLE_SUPERVISOR] = all_secrets, [ROLE_GATEWAY] = gateway_secrets,
	[ROLE_BROKER] = broker_secrets,	 [ROLE_WORKER] = no_secrets,
};

static const char *const common[] = { "PATH",	   "HOME",	 "LANG",      "LC_ALL",
				      "TZ",	   "TMPDIR",	 "SSL_CERT_FILE", "SSL_CERT_DIR",
				      "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS" };

char **role_environment(struct arena *mem, enum role_kind role, const struct settings *settings,
			char *const *environment)
{
	struct name_list wanted = { 0 };
	size_t n = 0, all = 0;
	char **out;

	for (size_t i = 0; i < COUNT(common); i++)
		ARENA_PUSH(mem, &wanted, str_of(common[i]));
	secrets_of[role](&wanted, mem, settings);
	while (environment[all])
		all++;
	out = ARENA_ARRAY(mem, all + 1, char *);
	for (size_t i = 0; i < all; i++) {
		struct str rest = str_of(environment[i]), name;

		if (!str_cut(&rest, '=', &name))
			continue;
		for (size_t j = 0; j < wanted.n; j++)
			if (str_eq(name, wanted.items[j])) {
				out[n++] = environment[i];
				break;
			}
	}
	return out;
}

/* ---- the supervisor ---- */

static void say(void *payload, const char *line)
{
	(void)payload;
	log_info("%s", line);
}

static char **arguments(struct arena *mem, const struct role_options *options, enum role_kind role,
			unsigned number)
{
	char **argv = ARENA_ARRAY(mem, 12, char *);
	size_t n = 0;

	argv[n++] = arena_z(mem, str_of(options->program));
	argv[n++] = arena_z(mem, STR("serve"));
	argv[n++] = arena_z(mem, STR("--config"));
	argv[n++] = arena_z(mem, str_of(options->config));
	argv[n++] = arena_z(mem, STR("--role"));
	argv[n++] = arena_z(mem, str_of(names[role]));
	argv[n++] = arena_z(mem, STR("--supervisor"));
	argv[n++] = arena_z(mem, arena_printf(mem, "%d", (int)getpid()));
	if (role == ROLE_WORKER) {
		char host[40] = "";

		gethostname(host, sizeof(host) - 1);
		argv[n++] = arena_z(mem, STR("--name"));
		argv[n++] = arena_z(mem, arena_printf(mem, "%s-%u", host, number));
	}
	return argv;
}

/* A second one would take the broker's socket away from the first. Held until this process ends. */
static int lock_data(const struct settings *settings, struct arena *mem, struct err *err)
{
	const char *path = arena_printf(mem, "%.*s/serve.lock", STR_ARG(settings->data)).p;
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0)
		return err_errno(err, "cannot make '%s'", path);
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		return 0;
	close(fd);
	return err_input(err, "another `outrider serve` runs on the data folder %.*s",
			 STR_ARG(settings->data));
}

/* The broker first and last: workers give back to it what they run, webhooks end before. */
static int run_supervisor(const struct settings *settings, const struct role_options *options,
			  struct err *err)
{
	enum { MEMORY = 4 << 20 };
	AUTO_ARENA struct arena mem = { 0 };
	struct service services[SETTINGS_MAX_WORKERS + 2];
	unsigned n = 0;

	arena_init(&mem, MEMORY);
	if (lock_data(settings, &mem, err))
		return -1;
	services[n++] = (struct service){ "broker", arguments(&mem, options, ROLE_BROKER, 0),
					  role_environment(&mem, ROLE_BROKER, settings, environ), 0 };
	for (unsigned i = 1; i <= settings->workers; i++)
		services[n++] = (struct service){ "worker", arguments(&mem, options, ROLE_WORKER, i),
						  role_environment(&mem, ROLE_WORKER, settings, environ),
						  1 };
	services[n++] = (struct service){ "gateway", arguments(&mem, options, ROLE_GATEWAY, 0),
					  role_environment(&mem, ROLE_GATEWAY, settings, environ), 2 };
	return supervise(services, n, say, NULL, err);
}

/* ---- the roles ---- */

/* libpq takes it from there; only this process and no child of it sees it. */
static int set_password(const struct settings *settings, struct arena *mem, struct err *err)
{
	struct str password;

	if (settings->database_password.at.len == 0)
		return 0;
	if (secret_read(&password, mem, &settings->database_password, err))
		return err_wrap(err, "the database's password");
	if (setenv("PGPASSWORD", arena_z(mem, password), 1))
		return err_errno(err, "cannot keep the database's password");
	return 0;
}

static int run_gateway(const struct settings *settings, const struct role_options *options,
		       struct err *err)
{
	AUTO_ARENA struct arena mem = { 0 };

	(void)options;
	arena_init(&mem, 1 << 20);
	return set_password(settings, &mem, err) || gateway_run(settings, err) ? -1 : 0;
}

/* What is wrong in the settings is said before the first job needs it. Nothing is sent. */
static int check_integrations(const struct settings *settings, struct arena *mem, struct err *err)
{
	for (size_t i = 0; i < settings->integrations.n; i++) {
		struct connection connection = { 0 };
		int status = connection_open(&connection, &settings->integrations.items[i], mem, err);

		connection_close(&connection);
		if (status)
			return -1;
	}
	return 0;
}

static int run_broker(const struct settings *settings, const struct role_options *options,
		      struct err *err)
{
	AUTO_ARENA struct arena mem = { 0 };

	(void)options;
	arena_init(&mem, 16 << 20);
	if (set_password(settings, &mem, err) || check_integrations(settings, &mem, err))
		return -1;
	return broker_run(settings, err);
}

static int run_worker(const struct settings *settings, const struct role_options *options,
		      struct err *err)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct worker_options worker = { .name = options->name, .mirror_gb = settings->mirror_gb };

	arena_init(&mem, 1 << 20);
	worker.endpoint = arena_z(&mem, settings->broker.listen);
	worker.data = arena_z(&mem, settings->data);
	worker.record = arena_z(&mem, settings->selftest);
	if (str_starts(settings->broker.listen, STR("tcp:"))) {
		worker.key_file = arena_z(
			&mem, arena_printf(&mem, "%.*s/worker.key", STR_ARG(settings->broker.keys)));
		worker.broker_key = arena_z(
			&mem, arena_printf(&mem, "%.*s/broker.pub", STR_ARG(settings->broker.keys)));
	}
	return worker_run(&worker, err);
}

static int (*const runs[ROLE_KINDS])(const struct settings *, const struct role_options *,
				     struct err *) = {
	[ROLE_SUPERVISOR] = run_supervisor,
	[ROLE_GATEWAY] = run_gateway,
	[ROLE_BROKER] = run_broker,
	[ROLE_WORKER] = run_worker,
};

static int make_folder(struct str path, struct err *err)
{
	char text[4096];

	snprintf(text, sizeof(text), "%.*s", STR_ARG(path));
	if (mkdir(text, 0700) && errno != EEXIST)
		return err_errno(err, "cannot make the data folder %s", text);
	return 0;
}

int role_run(enum role_kind role, const struct settings *settings, const struct role_options *options,
	     struct err *err)
{
	log_init(names[role], LOG_INFO);
	if ((options->supervisor && supervise_join(options->supervisor, err)) ||
	    make_folder(settings->data, err))
		return -1;
	return runs[role](settings, options, err);
}
