/* metrics.c - for machines that watch: /healthz, /readyz, and /metrics in Prometheus' text format. */
#include "answers.h"
#include "machines.h"
#include "pages_private.h"
#include "store/jobs.h"
#include "store/nodes.h"

/* The process lives; nothing else is asked, so that a slow database does not get us restarted. */
int health_answer(struct request *r, struct err *err)
{
	(void)err;
	buf_add(&r->out, STR("{\"status\":\"ok\"}\n"));
	return 0;
}

/*
 * Webhooks can be kept: the database takes a write. Who asks more often gets the last answer: it is open to all. Jobs that wait for the
 * self-test of a sandbox, or are stopped by it, are no reason to turn webhooks away: that is said beside it, without the why.
 */
int ready_answer(struct request *r, struct err *err)
{
	enum { TRY_EVERY_MS = 1000 };
	_Atomic int64_t *wrote = &r->pages->wrote;
	struct machine_list machines = { 0 };

	if (r->now - *wrote >= TRY_EVERY_MS || r->now < *wrote) {
		if (store_try_write(r->store, err) ||
		    machines_list(&machines, r->store, r->now, r->mem, err))
			return -1;
		r->pages->jobs = (int)machines_sum(&machines);
		*wrote = r->now;
	} else if (store_ping(r->store, err)) {
		return -1;
	}
	buf_printf(&r->out, "{\"status\":\"ready\",\"jobs\":\"%s\"}\n",
		   machines_word((enum machines_word)r->pages->jobs));
	return 0;
}

static void metric(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help, uint64_t value)
{
	metric(out, name, type, help);
	buf_printf(out, "%s %llu\n", name, (unsigned long long)value);
}

static void add_gateway(struct buf *out, struct gateway *g)
{
	struct http_server_counts http;

	metric(out, "outrider_deliveries_total", "counter", "Webhooks by what became of them, since the start.");
	buf_printf(out, "outrider_deliveries_total{result=\"taken\"} %llu\n", (unsigned long long)g->taken);
	buf_printf(out, "outrider_deliveries_total{result=\"duplicate\"} %llu\n",
		   (unsigned long long)g->duplicates);
	buf_printf(out, "outrider_deliveries_total{result=\"refused\"} %llu\n", (unsigned long long)g->refused);
	buf_printf(out, "outrider_deliveries_total{result=\"failed\"} %llu\n", (unsigned long long)g->failed);
	http_server_count(g->server, &http);
	one(out, "outrider_http_requests_total", "counter", "Requests of all kinds.", http.requests);
	one(out, "outrider_http_refused_total", "counter", "Requests that no handler saw.", http.refused);
	one(out, "outrider_http_connections", "gauge", "Open connections.", http.connections);
}

/* A worker's name as the value of a label. */
static void add_label(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add_byte(out, '\\');
		buf_add_byte(out, (unsigned char)text.p[i] < 0x20 ? '?' : text.p[i]);
	}
}

static int add_machines(struct request *r, struct err *err)
{
	struct machine_list list = { 0 };
	struct buf *out = &r->out;

	if (machines_list(&list, r->store, r->now, r->mem, err))
		return -1;
	metric(out, "outrider_sandbox_selftest", "gauge",
	       "How the sandbox of each worker's machine stands: 1 for held, not tried, waiting, escaped or incomplete.");
	for (size_t i = 0; i < list.n; i++) {
		if (!list.items[i].tells)
			continue;
		buf_add(out, STR("outrider_sandbox_selftest{worker=\""));
		add_label(out, list.items[i].id);
		buf_printf(out, "\",state=\"%s\"} 1\n", selfcheck_word(list.items[i].state));
	}
	metric(out, "outrider_sandbox_selftest_time_seconds", "gauge", "When that self-test was made, since 1970.");
	for (size_t i = 0; i < list.n; i++) {
		if (!list.items[i].made)
			continue;
		buf_add(out, STR("outrider_sandbox_selftest_time_seconds{worker=\""));
		add_label(out, list.items[i].id);
		buf_printf(out, "\"} %lld\n", (long long)list.items[i].made);
	}
	return 0;
}

static int add_store(struct request *r, struct err *err)
{
	enum { RECENT = 30 * 1000 };
	struct view all = { .all = true };
	struct job_counts counts = { 0 };
	struct worker_list workers = { 0 };
	struct buf *out = &r->out;
	uint64_t bytes;

	if (jobs_count(r->store, all, r->now, &counts, err) ||
	    workers_list(r->store, r->now - RECENT, r->now, &workers, r->mem, err) ||
	    store_size(r->store, &bytes, err))
		return -1;
	metric(out, "outrider_jobs", "gauge", "Jobs by state.");
	for (int i = 0; i < JOB_STATES; i++)
		buf_printf(out, "outrider_jobs{state=\"%s\"} %llu\n", job_state_name((enum job_state)i),
			   (unsigned long long)counts.by_state[i]);
	one(out, "outrider_jobs_due", "gauge", "Jobs that could run now.", counts.due);
	one(out, "outrider_queue_wait_seconds", "gauge", "How long the oldest of them has waited.",
	    counts.oldest_due ? (uint64_t)(r->now - counts.oldest_due) / 1000 : 0);
	one(out, "outrider_workers", "gauge", "Workers that were heard of in the last 30 s.", workers.n);
	one(out, "outrider_store_bytes", "gauge", "Size of the database.", bytes);
	return 0;
}

/* Figures of all tenants: for a scraper on this side of the proxy, or for whoever has logged in. */
static bool came_through_proxy(const struct request *r)
{
	return http_header_count(&r->call->headers, STR("X-Forwarded-For")) ||
	       http_header_count(&r->call->headers, STR("Forwarded"));
}

int metrics_answer(struct request *r, struct err *err)
{
	if (came_through_proxy(r) && !(r->visitor.known && r->visitor.view.all)) {
		r->status = 401;
		return err_set(err, ERR_PERM, "Metrics are not for the outside: ask from this machine, or log in.");
	}
	if (add_store(r, err) || add_machines(r, err))
		return -1;
	add_gateway(&r->out, r->pages->gateway);
	request_header(r, "Content-Type", STR("text/plain; version=0.0.4; charset=utf-8"));
	return 0;
}
