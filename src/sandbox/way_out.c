#include "sandbox/way_out.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/scope.h"
#include "egress/client.h"
#include "egress/forward.h"

#define NOTES_MAX ((size_t)64 << 20) /* JOURNAL_MAX requests with all their texts take a tenth */

static int add_trust(struct way_out *way, struct arena *mem, struct err *err)
{
	AUTO_BUF struct buf pem = { 0 };
	AUTO_BUF struct buf jks = { 0 };

	if (broker_trust_pem(way->broker, &pem, err) || broker_trust_jks(way->broker, &jks, err))
		return -1;
	way->net.ca = arena_str(mem, buf_str(&pem));
	way->net.java = arena_str(mem, buf_str(&jks));
	return 0;
}

static void add_env(struct way_out *way, struct arena *mem)
{
	const struct client_view view = { FORWARD_PORT, SANDBOX_CA_PATH, SANDBOX_JAVA_PATH };
	struct client_vars vars = client_env(mem, &view);

	ARENA_PUSH(mem, &vars, NULL);
	way->net.env = vars.items;
}

int way_out_open(struct way_out *way, struct arena *mem, const struct route_table *routes, enum route_phase phase,
		 const struct secret_list *secrets, struct err *err)
{
	*way = (struct way_out){ .net = { .fd = -1, .serve = forward_serve } };
	arena_init(&way->notes, NOTES_MAX);
	way->journal.mem = &way->notes;
	way->options = (struct broker_options){ .routes = routes,
						.phase = phase,
						.secrets = secrets,
						.record = journal_note,
						.record_with = &way->journal };
	if (broker_open(&way->broker, &way->options, err)) {
		way->broker = NULL;
		way_out_release(way);
		return -1;
	}
	/* the broker closes its own when it starts */
	way->net.fd = fcntl(broker_job_socket(way->broker), F_DUPFD_CLOEXEC, 3);
	if (way->net.fd < 0)
		(void)err_errno(err, "sandbox: the broker's socket");
	if (way->net.fd < 0 || add_trust(way, mem, err) || broker_start(way->broker, err)) {
		way_out_release(way);
		return -1;
	}
	add_env(way, mem);
	return 0;
}

void way_out_close(struct way_out *way)
{
	if (way->net.fd >= 0)
		close(way->net.fd);
	way->net.fd = -1;
	broker_close(way->broker);
	way->broker = NULL;
}

void way_out_release(struct way_out *way)
{
	way_out_close(way);
	arena_release(&way->notes);
	way->journal = (struct journal){ 0 };
}

void way_out_note(const struct way_out *way, struct receipt *receipt, struct arena *mem)
{
	for (size_t i = 0; i < way->journal.n; i++) {
		const struct journal_entry *e = &way->journal.items[i];

		if (e->allowed) {
			const struct receipt_request row = { arena_str(mem, e->what), arena_str(mem, e->route),
							     e->count, e->up, e->down };

			ARENA_PUSH(mem, &receipt->requests, row);
			if (strcmp(e->rule, "upstream") == 0)
				receipt_notice(receipt, mem, WAY_OUT_TROUBLE "%.*s: %.*s", STR_ARG(e->what), STR_ARG(e->reason));
		} else {
			receipt_deny(receipt, mem, &(struct receipt_denial){
				.layer = LAYER_NETNS,
				.rule = arena_printf(mem, "net.%s", e->rule),
				.what = arena_str(mem, e->what),
				.advice = arena_str(mem, e->reason),
				.count = e->count });
		}
	}
	receipt->requests_dropped = way->journal.dropped;
	if (way->journal.dropped)
		receipt_notice(receipt, mem, "%llu more requests to the network are not listed",
			       (unsigned long long)way->journal.dropped);
}
