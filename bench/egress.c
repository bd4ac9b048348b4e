/*
 * egress.c - what the way out and the audit log cost: start and memory of a broker, a refused request, a row.
 * bench_egress [FOLDER for the log]
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "egress/broker.h"
#include "egress/forward.h"
#include "sandbox/audit.h"

enum { ROUNDS = 201, BROKERS = 32 };

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int order(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static double median(double *values, size_t n)
{
	qsort(values, n, sizeof *values, order);
	return values[n / 2];
}

static long resident_kb(void)
{
	AUTO_FILE FILE *file = fopen("/proc/self/statm", "re");
	long all, resident = 0;

	if (!file || fscanf(file, "%ld %ld", &all, &resident) != 2)
		return 0;
	return resident * (sysconf(_SC_PAGESIZE) / 1024);
}

static void must(int result, const struct err *err)
{
	if (result == 0)
		return;
	fprintf(stderr, "bench_egress: %s\n", err->text);
	exit(1);
}

static struct route_table load(struct arena *mem)
{
	struct yaml_docs docs = { 0 };
	struct route_table table;
	struct err err;

	must(yaml_load(
		     &docs, mem, "p",
		     STR("fetch:\n- {host: a.example, methods: [GET]}\n- {host: b.example}\n- {host: '*.c.example'}\n"),
		     &err),
	     &err);
	must(route_read(&table, mem, "p", docs.items[0], &err), &err);
	return table;
}

static struct broker *open_broker(const struct route_table *routes)
{
	struct broker_options options = { .routes = routes };
	struct broker *broker;
	struct err err;

	must(broker_open(&broker, &options, &err), &err);
	must(broker_start(broker, &err), &err);
	return broker;
}

static void bench_start(const struct route_table *routes)
{
	struct broker *many[BROKERS];
	double us[ROUNDS];
	long before;

	for (size_t i = 0; i < ROUNDS; i++) {
		double start = now_us();
		struct broker *broker = open_broker(routes);

		us[i] = now_us() - start;
		broker_close(broker);
	}
	printf("broker, open and start, with a CA of its own: median %.0f us\n",
	       median(us, ROUNDS));
	before = resident_kb();
	for (size_t i = 0; i < BROKERS; i++)
		many[i] = open_broker(routes);
	printf("broker, idle: %ld KiB resident each, of %d\n", (resident_kb() - before) / BROKERS,
	       BROKERS);
	for (size_t i = 0; i < BROKERS; i++)
		broker_close(many[i]);
}

static void ask(int fd)
{
	static const char text[] =
		"CONNECT evil.example:443 HTTP/1.1\r\nHost: evil.example:443\r\n\r\n";
	char answer[4096];

	if (send(fd, text, sizeof text - 1, MSG_NOSIGNAL) < 0)
		return;
	while (recv(fd, answer, sizeof answer, 0) > 0)
		continue;
}

/* A whole connection, its thread, its refusal: over a socket pair as the forwarder would hand it over. */
static void bench_refusal(const struct route_table *routes)
{
	struct broker_options options = { .routes = routes };
	struct broker *broker;
	struct err err;
	double us[ROUNDS];

	must(broker_open(&broker, &options, &err), &err);
	AUTO_FD int channel = dup(broker_job_socket(broker));
	must(broker_start(broker, &err), &err);
	for (size_t i = 0; i < ROUNDS; i++) {
		struct forward forward = { -1, channel, -1 };
		int pair[2];
		double start = now_us();

		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
			exit(1);
		forward.pending = pair[1];
		forward_step(&forward);
		ask(pair[0]);
		us[i] = now_us() - start;
		close(pair[0]);
	}
	printf("a connection and its refusal: median %.0f us\n", median(us, ROUNDS));
	broker_close(broker);
}

static void bench_audit(const char *folder, enum audit_sync sync, const char *name)
{
	char path[4096], victim[4200];
	static const char *const ends[] = { "",         ".head", ".lock",     ".key",
					    ".key.pub", ".next", ".head.next" };
	struct audit_options options = { .path = path, .sync = sync };
	struct audit_row row = { .kind = AUDIT_EXEC,
				 .run = STR("r"),
				 .actor = STR("a"),
				 .path = STR("/usr/bin/cc"),
				 .verdict = STR("allowed") };
	struct audit *audit;
	double us[ROUNDS];
	struct err err;

	snprintf(path, sizeof path, "%s/bench-audit", folder);
	snprintf(victim, sizeof victim, "%s.key", path);
	must(audit_key_make(victim, &err), &err);
	must(audit_open(&audit, &options, &err), &err);
	for (size_t i = 0; i < ROUNDS; i++) {
		double start = now_us();

		must(audit_append(audit, &row, 1, &err), &err);
		us[i] = now_us() - start;
	}
	must(audit_close(audit, &err), &err);
	printf("a row of the audit log, %s: median %.0f us\n", name, median(us, ROUNDS));
	for (size_t i = 0; i < COUNT(ends); i++) {
		snprintf(victim, sizeof victim, "%s%s", path, ends[i]);
		unlink(victim);
	}
}

int main(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct route_table routes;

	arena_init(&mem, 16 << 20);
	routes = load(&mem);
	bench_start(&routes);
	bench_refusal(&routes);
	bench_audit(argc > 1 ? argv[1] : "/tmp", AUDIT_SYNC_END, "synced at the end");
	bench_audit(argc > 1 ? argv[1] : "/tmp", AUDIT_SYNC_EACH, "each on disk and signed");
	return 0;
}
