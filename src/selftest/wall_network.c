#include "wall_network.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/yaml.h"
#include "egress/forward.h"

enum { LOOPBACK_ALLOWED = 1, LOOPBACK_REBOUND = 2 };

/* Every name leads to the host: whoever asks the wrong one gets through, and is seen. */
static int resolve(struct address *out, size_t max, size_t *n, const struct host *host,
		   void *payload, struct err *err)
{
	struct network *network = payload;
	struct address address = { { [10] = 0xff, [11] = 0xff, 127, 0, 0, LOOPBACK_ALLOWED } };
	char line[HOST_MAX + 3];
	int size = snprintf(line, sizeof line, "%c%s\n", WORD_ASKED, host->text);

	(void)err;
	(void)!write(network->report, line, (size_t)size);
	if (str_eq(host_str(host), STR("rebind.test")) && network->rebinds++ > 0)
		address.bytes[15] = LOOPBACK_REBOUND;
	*n = max > 0;
	if (max > 0)
		out[0] = address;
	return 0;
}

static int read_routes(struct network *network, struct arena *mem, int port, struct err *err)
{
	static const char route[] =
		"  - { host: %s, port: %d, tls: false, methods: [GET], paths: ['/public/**'] }\n";
	struct yaml_docs docs;
	char text[512];
	int n = snprintf(text, sizeof text, "addresses: [127.0.0.1]\nbuild:\n");

	n += snprintf(text + n, sizeof text - (size_t)n, route, "allowed.test", port);
	n += snprintf(text + n, sizeof text - (size_t)n, route, "rebind.test", port);
	if (yaml_load(&docs, mem, "routes", (struct str){ text, (size_t)n }, err) < 0)
		return -1;
	return route_read(&network->routes, mem, "routes", docs.items[0], err);
}

/* Inside: nothing but system calls. */
static int serve(int fd, int ready)
{
	struct forward forward;

	if (forward_open(&forward, fd, FORWARD_PORT, NULL) < 0)
		return 1;
	(void)!write(ready, "x", 1);
	close(ready);
	forward_run(&forward);
	return 0;
}

static const char *const no_variables[] = { NULL };

int network_open(struct network *out, struct arena *mem, const struct trial *trial, struct err *err)
{
	*out = (struct network){ .report = trial->report,
				 .net = { .fd = -1, .serve = serve, .env = no_variables } };
	if (read_routes(out, mem, trial->web_port, err) < 0)
		return -1;
	out->options = (struct broker_options){
		.routes = &out->routes,
		.phase = ROUTE_BUILD,
		.resolve = resolve,
		.resolve_with = out,
	};
	if (broker_open(&out->broker, &out->options, err) < 0)
		return -1;
	/* the broker closes its own when it starts */
	out->net.fd = fcntl(broker_job_socket(out->broker), F_DUPFD_CLOEXEC, 3);
	if (out->net.fd < 0 || broker_start(out->broker, err) < 0) {
		network_close(out);
		return -1;
	}
	return 0;
}

void network_close(struct network *network)
{
	if (network->net.fd >= 0)
		close(network->net.fd);
	network->net.fd = -1;
	broker_close(network->broker);
	network->broker = NULL;
}
