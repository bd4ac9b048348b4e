/*
 * egress_jail.c - for egress.sh: runs a command in a network namespace that holds nothing but the forwarder, with the
 * broker outside. egress_jail POLICY CA_FILE FOLDER COMMAND...; names below .test are 127.0.0.1, and the
 * credential "tok" is the variable EGRESS_TOKEN. FOLDER gets records, ca.pem and cacerts. 77: no such namespace here.
 */
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "egress/broker.h"
#include "egress/client.h"
#include "egress/forward.h"

static int complain(const struct err *err)
{
	fprintf(stderr, "egress_jail: %s\n", err->text);
	return 1;
}

static int resolve(struct address *out, size_t max, size_t *n, const struct host *host, void *payload, struct err *err)
{
	struct address_range loopback;

	(void)payload;
	if (!max || !str_ends(host_str(host), STR(".test")))
		return err_set(err, ERR_TEMP, "%s is not known", host->text);
	range_read(&loopback, STR("127.0.0.1"), NULL);
	out[0] = loopback.first;
	*n = 1;
	return 0;
}

static void record(const struct broker_record *r, void *payload)
{
	fprintf(payload, "%s %s %.*s https://%.*s:%u%.*s %u up %llu down %llu %.*s\n", r->allowed ? "allowed" : "denied", r->rule,
		STR_ARG(r->method), STR_ARG(r->host), (unsigned)r->port, STR_ARG(r->path), (unsigned)r->status,
		(unsigned long long)r->up, (unsigned long long)r->down, STR_ARG(r->reason));
	fflush(payload);
}

static bool put(const char *path, const char *text)
{
	AUTO_FD int fd = open(path, O_WRONLY);

	return fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
}

static bool enter_namespace(void)
{
	char map[64];
	unsigned uid = getuid(), gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0)
		return false;
	snprintf(map, sizeof map, "%u %u 1", uid, uid);
	if (!put("/proc/self/setgroups", "deny") || !put("/proc/self/uid_map", map))
		return false;
	snprintf(map, sizeof map, "%u %u 1", gid, gid);
	return put("/proc/self/gid_map", map);
}

/* The inside: the forwarder in a process of its own, as PID 1 of a job would run it. */
static int inside(int channel, const struct client_vars *vars, char **command)
{
	struct err err;
	pid_t forwarder, job;
	int status, ready[2];
	char byte;

	if (!enter_namespace())
		return 77;
	if (forward_loopback_up(&err) < 0 || pipe2(ready, O_CLOEXEC) < 0)
		return complain(&err);
	forwarder = fork();
	if (forwarder == 0)
		_exit(forward_serve(channel, ready[1]) < 0);
	close(ready[1]);
	if (read(ready[0], &byte, 1) != 1)
		return 1;
	job = fork();
	if (job == 0) {
		for (size_t i = 0; i < vars->n; i++)
			putenv((char *)(uintptr_t)vars->items[i]);
		execvp(command[0], command);
		_exit(127);
	}
	waitpid(job, &status, 0);
	kill(forwarder, SIGKILL);
	waitpid(forwarder, NULL, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int write_trust(const struct broker *broker, const char *pem, const char *jks, struct err *err)
{
	AUTO_BUF struct buf text = { 0 }, store = { 0 };

	if (broker_trust_pem(broker, &text, err) < 0 || broker_trust_jks(broker, &store, err) < 0)
		return -1;
	return file_replace(pem, buf_str(&text), err) < 0 || file_replace(jks, buf_str(&store), err) < 0 ? -1 : 0;
}

static const char *environment(const char *name)
{
	return getenv(name);
}

static int load(struct route_table *routes, struct secret_list *secrets, struct arena *mem, const char *path, struct err *err)
{
	struct yaml_docs docs = { 0 };
	struct str text;

	if (file_read(&text, mem, path, 1 << 20, err) < 0 || yaml_load(&docs, mem, path, text, err) < 0 ||
	    route_read(routes, mem, path, docs.items[0], err) < 0)
		return -1;
	docs.n = 0;
	if (yaml_load(&docs, mem, "secrets", STR("tok: {env: EGRESS_TOKEN}"), err) < 0)
		return -1;
	return secret_list_read(secrets, mem, "secrets", docs.items[0], environment, err);
}

int main(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct route_table routes;
	struct secret_list secrets;
	struct broker *broker;
	struct err err;
	int status;

	arena_init(&mem, 64 << 20);
	if (argc < 5 || load(&routes, &secrets, &mem, argv[1], &err) < 0)
		return complain(&err);
	const char *pem = arena_printf(&mem, "%s/ca.pem", argv[3]).p, *jks = arena_printf(&mem, "%s/cacerts", argv[3]).p;
	AUTO_FILE FILE *records = fopen(arena_printf(&mem, "%s/records", argv[3]).p, "ae");
	struct broker_options options = { .routes = &routes, .secrets = &secrets, .ca_file = argv[2], .resolve = resolve,
					  .record = record, .record_with = records };
	struct client_view view = { FORWARD_PORT, pem, jks };
	struct client_vars vars = client_env(&mem, &view);

	if (!records || broker_open(&broker, &options, &err) < 0 || write_trust(broker, pem, jks, &err) < 0)
		return complain(&err);
	unsetenv("EGRESS_TOKEN");
	pid_t pid = fork();
	if (pid == 0)
		_exit(inside(broker_job_socket(broker), &vars, argv + 4));
	if (broker_start(broker, &err) < 0)
		return complain(&err);
	waitpid(pid, &status, 0);
	broker_close(broker);
	return WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}
