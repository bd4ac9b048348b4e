/* cmd_env.c - environments of repositories: shown, built, listed, thrown away. */
#include "cmd_env.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"
#include "environment/pool.h"
#include "flow/environment.h"
#include "repo/revision.h"

/* Folders of the user's own caches, one by one. */
static int own_store(const char **out, struct arena *mem, struct err *err)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	struct str path;

	if (cache && cache[0] == '/')
		path = str_of(cache);
	else if (home && home[0] == '/')
		path = arena_printf(mem, "%s/.cache", home);
	else
		return err_input(err, "where are environments kept? Neither HOME nor `store` of a --host file says");
	mkdir(arena_z(mem, path), 0700);
	path = arena_printf(mem, "%.*s/outrider", STR_ARG(path));
	mkdir(path.p, 0700);
	*out = arena_printf(mem, "%.*s/environments", STR_ARG(path)).p;
	return 0;
}

int env_host(struct env_session *out, const struct env_request *request, struct arena *mem, struct err *err)
{
	const char *store = NULL;

	out->request = request;
	out->mem = mem;
	if (request->host) {
		environment_host_init(&out->host, mem, NULL);
		if (environment_host_load(&out->host, mem, request->host, err))
			return -1;
	}
	if (!request->host || !out->host.store) {
		if (own_store(&store, mem, err))
			return -1;
		if (!request->host)
			environment_host_init(&out->host, mem, store);
		out->host.store = store;
	}
	return shelf_open(out->host.store, err);
}

int env_open(struct env_session *out, const struct env_request *request, struct arena *mem, struct err *err)
{
	struct revision base, rev;
	const char *folder;

	if (env_host(out, request, mem, err) || repo_open(&out->repo, request->repo, err) ||
	    revision_find(&base, mem, &out->repo, request->base ? request->base : "HEAD", err) ||
	    revision_find(&rev, mem, &out->repo, request->rev ? request->rev : base.oid, err) ||
	    repo_folder(&folder, mem, &out->repo, err))
		return -1;
	memcpy(out->base, base.oid, sizeof out->base);
	memcpy(out->rev, rev.oid, sizeof out->rev);
	out->source = (struct environment_source){ .repository = folder, .base = out->base,
						   .identity = arena_printf(mem, "local:%s", folder) };
	return environment_find(&out->environment, &out->found, mem, &out->repo, out->base, err);
}

void env_close(struct env_session *session)
{
	repo_close(&session->repo);
	secret_wipe(&session->host.secrets);
}

static void tell(void *ctx, struct str line)
{
	(void)ctx;
	fprintf(stderr, "outrider: %.*s\n", STR_ARG(line));
}

static int hand_on(void *ctx, enum sandbox_stream stream, struct str bytes)
{
	(void)ctx;
	(void)stream;
	return file_write_fd(STDERR_FILENO, bytes, NULL);
}

struct environment_teller env_teller(struct env_session *session)
{
	return session->request->quiet ? (struct environment_teller){ .tell = NULL }
				       : (struct environment_teller){ .tell = tell, .output = hand_on, .ctx = session };
}

/* ---- the commands ---- */

static int show(struct env_session *s, struct err *err)
{
	AUTO_BUF struct buf text = { 0 };

	if (!s->found)
		return err_input(err, "no environment is described at %.10s: neither `environment` in .outrider.yml nor "
				 ".devcontainer/devcontainer.json nor .devcontainer.json", s->base);
	environment_text(&text, &s->environment);
	printf("%.*s", STR_ARG(buf_str(&text)));
	return environment_permit(&s->host, &s->environment, err) ? -1 : EXIT_CLEAN;
}

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int throw_away(struct env_session *s, struct err *err)
{
	const int64_t since = now_ms() - (int64_t)s->host.max_age_ms;
	struct shelf_pruned pruned;
	size_t places;

	if (shelf_prune(&pruned, s->host.store, since, s->host.max_bytes, err) ||
	    pool_prune(&places, s->host.store, since, err))
		return -1;
	printf("store     %zu removed (%.1f MB), %zu kept; %zu checkouts removed\n", pruned.removed,
	       (double)pruned.bytes / 1e6, pruned.kept, places);
	return 0;
}

/* For timers: what has half its time behind it is made anew here, so that no job has to wait for it. */
static int build(struct env_session *s, struct err *err)
{
	const struct environment_teller teller = env_teller(s);
	AUTO(environment_close) struct environment_ready ready = { .built = false };
	size_t made = 0;

	s->environment.refresh_ms /= 2;
	s->host.root_refresh_ms /= 2;
	for (size_t i = 0; i < s->environment.ignored.n; i++)
		fprintf(stderr, "outrider: %.*s: ignored: %.*s\n", STR_ARG(s->environment.where),
			STR_ARG(s->environment.ignored.items[i]));
	if (environment_prepare(&ready, s->mem, &s->host, &s->environment, &s->source, &teller, err) ||
	    pool_fill(&made, &s->host, &s->source, err))
		return -1;
	printf("root      %s\n", ready.root.use ? ready.root_digest : "of this host");
	printf("set-up    %s%s\n", ready.setup.use ? ready.setup.key : "none", ready.built ? " (made now)" : "");
	printf("services  %zu\n", s->environment.services.n);
	printf("pool      %u ready, %zu of them made now\n", s->host.pool, made);
	return throw_away(s, err) ? -1 : EXIT_CLEAN;
}

static void print_time(int64_t ms)
{
	const time_t seconds = (time_t)(ms / 1000);
	struct tm tm;
	char text[32];

	gmtime_r(&seconds, &tm);
	strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", &tm);
	printf("%s  ", text);
}

static int list(struct env_session *s, struct err *err)
{
	static const char *const kinds[SHELF_KINDS] = { [SHELF_ROOT] = "root", [SHELF_SNAPSHOT] = "set-up" };
	struct shelf_entries entries;

	if (shelf_list(&entries, s->mem, s->host.store, err))
		return -1;
	for (size_t i = 0; i < entries.n; i++) {
		struct shelf_meta meta = { .bytes = 0 };

		/* removed meanwhile: no row */
		if (shelf_read(&meta, s->mem, &entries.items[i], NULL))
			continue;
		printf("%-6s  %.12s  ", kinds[entries.items[i].kind], entries.items[i].key);
		print_time(entries.items[i].made_ms);
		print_time(entries.items[i].used_ms);
		printf("%8.1f MB  %.*s\n", (double)meta.bytes / 1e6, STR_ARG(meta.about));
	}
	return EXIT_CLEAN;
}

static int prune(struct env_session *s, struct err *err)
{
	return throw_away(s, err) ? -1 : EXIT_CLEAN;
}

static const struct {
	const char *name, *about;
	bool        repository;
	int       (*run)(struct env_session *s, struct err *err);
} actions[] = {
	{ "show", "what the base describes, as it is understood, and whether this host allows it", true, show },
	{ "build", "make it ready now: root, set-up, checkouts of the pool; and prune. For timers", true, build },
	{ "list", "what is kept: kind, key, when made, when last used, size, whose", false, list },
	{ "prune", "remove what is replaced, too old, over the size, or half made", false, prune },
};

static void usage(FILE *to, const struct option *table)
{
	fprintf(to, "usage: outrider env COMMAND [OPTIONS]\n\n  run        a command in it: see `outrider env run --help`\n");
	for (size_t i = 0; i < COUNT(actions); i++)
		fprintf(to, "  %-10s %s\n", actions[i].name, actions[i].about);
	fprintf(to, "\n");
	if (to == stdout)
		options_help(table);
}

int cmd_env(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct env_request r = { .repo = "." };
	const struct option table[] = {
		{ "--repo", 'C', OPTION_TEXT, &r.repo, "DIR", "the repository; default: around the current folder" },
		{ "--base", 'b', OPTION_TEXT, &r.base, "REV", "the commit that describes it; default: HEAD" },
		{ "--host", 0, OPTION_TEXT, &r.host, "FILE", "the administrator's settings; default: set-up without network or packages" },
		{ "--quiet", 'q', OPTION_FLAG, &r.quiet, NULL, "do not tell how it goes" },
		{ "--help", 'h', OPTION_FLAG, &r.help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct env_session session = { .found = false };
	struct err err;
	int code = -1;

	arena_init(&mem, ENV_MEMORY);
	if (argc > 1 && strcmp(argv[1], "run") == 0)
		return cmd_env_run(argc - 1, argv + 1);
	if (options_read(table, argc, argv, &r.rest, &mem, &err))
		return report_error(&err);
	if (r.help) {
		usage(stdout, table);
		return EXIT_CLEAN;
	}
	for (size_t i = 0; i < COUNT(actions) && r.rest.n == 1; i++) {
		if (strcmp(r.rest.items[0], actions[i].name) != 0)
			continue;
		if ((actions[i].repository ? env_open : env_host)(&session, &r, &mem, &err) == 0)
			code = actions[i].run(&session, &err);
		env_close(&session);
		return code < 0 ? report_error(&err) : code;
	}
	usage(stderr, table);
	return EXIT_USAGE;
}
