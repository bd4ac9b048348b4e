/* upstream.c - the connection to the server, and what may go over it. */
#include "connection.h"

enum { TRIES = 3 }; /* addresses of one name */

static struct meter *meter_of(struct broker *broker, const struct route *route)
{
	for (size_t i = 0; i < broker->n_meters; i++)
		if (broker->meters[i].route == route)
			return &broker->meters[i];
	return NULL;
}

static bool take(_Atomic uint64_t *used, uint64_t n, uint64_t budget)
{
	if (atomic_fetch_add(used, n) + n <= budget)
		return true;
	atomic_fetch_sub(used, n);
	return false;
}

static bool spend(struct meter *meter, uint64_t up, uint64_t down)
{
	if (!meter || !take(&meter->up, up, meter->route->up))
		return false;
	if (take(&meter->down, down, meter->route->down))
		return true;
	atomic_fetch_sub(&meter->up, up);
	return false;
}

int upstream_spend(struct connection *connection, uint64_t up, uint64_t down)
{
	const struct route_verdict *verdict = &connection->verdict;

	for (size_t i = 0; i < verdict->n_chain; i++) {
		if (spend(meter_of(connection->broker, verdict->chain[i]), up, down))
			continue;
		while (i-- > 0) {
			struct meter *meter = meter_of(connection->broker, verdict->chain[i]);

			atomic_fetch_sub(&meter->up, up);
			atomic_fetch_sub(&meter->down, down);
		}
		return -1;
	}
	connection->record.up += up;
	connection->record.down += down;
	return 0;
}

static bool is_wild(const struct route_verdict *verdict)
{
	for (size_t i = 0; i < verdict->n_chain; i++)
		if (!verdict->chain[i]->wild)
			return false;
	return true;
}

static int find(struct connection *connection, struct address *out, size_t *n)
{
	struct broker *broker = connection->broker;
	struct dial dial = { &broker->options, &broker->ranges, &connection->host,
			     connection->port };
	struct err err;

	if (connection->pinned) {
		out[0] = connection->address;
		*n = 1;
		return 0;
	}
	if (is_wild(&connection->verdict) && !broker_admit_wild(broker, &connection->host)) {
		reply_refuse(
			connection, 403, "caps",
			"This run has asked for %d names under '*.' routes; no more of them will be resolved.",
			BROKER_WILD_NAMES);
		return -1;
	}
	if (dial_find(out, BROKER_ADDRESSES, n, &dial, &connection->patience, &err) == 0)
		return 0;
	if (err.kind == ERR_PERM)
		reply_refuse(connection, 403, "address", "%s.", err.text);
	else
		reply_refuse(connection, 502, "upstream", "Allowed, but it failed: %s.", err.text);
	return -1;
}

static int connect_one(struct connection *connection, const struct address *addresses, size_t n)
{
	struct err err = { 0 };

	for (size_t i = 0; i < n && i < TRIES; i++) {
		int fd = dial_connect(&addresses[i], connection->port, &connection->patience, &err);

		if (fd < 0)
			continue;
		stream_init(&connection->server, fd, &connection->patience);
		connection->address = addresses[i];
		connection->pinned = true;
		return 0;
	}
	reply_refuse(connection, 502, "upstream", "Allowed, but it failed: %s.", err.text);
	return -1;
}

int upstream_open(struct connection *connection, bool inspect)
{
	struct address addresses[BROKER_ADDRESSES];
	struct err err;
	size_t n = 0;

	stream_close(&connection->server);
	if (find(connection, addresses, &n) < 0 || connect_one(connection, addresses, n) < 0)
		return -1;
	address_text(connection->address_text, &connection->address);
	connection->record.address = str_of(connection->address_text);
	if (!inspect || !connection->tls ||
	    tls_connect(connection->broker->tls, &connection->server, &connection->host, &err) == 0)
		return 0;
	reply_refuse(connection, 502, "upstream", "Allowed, but it failed: %s.", err.text);
	return -1;
}
