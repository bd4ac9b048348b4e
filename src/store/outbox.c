#include "store/outbox.h"

#include "base/scope.h"
#include "jobs_row.h"

#define COLUMNS                                                                              \
	"id, job, integration, repository, number, kind, marker, request, answer, error, state," \
	" sends, created, changed"

static const char *const states[OUTBOX_STATES] = {
	[OUTBOX_PLANNED] = "planned",
	[OUTBOX_SENT] = "sent",
	[OUTBOX_CONFIRMED] = "confirmed",
	[OUTBOX_FAILED] = "failed",
};

const char *outbox_state_name(enum outbox_state state)
{
	return states[state];
}

static struct outbox_row read_row(const struct sql_rows *rows, size_t row)
{
	struct outbox_row out = {
		.id = row_int(rows, row, 0),
		.job = row_int(rows, row, 1),
		.integration = row_str(rows, row, 2),
		.repository = row_str(rows, row, 3),
		.number = row_u64(rows, row, 4),
		.kind = row_str(rows, row, 5),
		.marker = row_str(rows, row, 6),
		.request = row_str(rows, row, 7),
		.answer = row_str(rows, row, 8),
		.error = row_str(rows, row, 9),
		.sends = row_u32(rows, row, 11),
		.created = row_int(rows, row, 12),
		.changed = row_int(rows, row, 13),
	};

	for (size_t s = 0; s < OUTBOX_STATES; s++)
		if (str_eq(row_str(rows, row, 10), str_of(states[s])))
			out.state = (enum outbox_state)s;
	return out;
}

struct planning {
	int64_t                  job, token, now;
	const struct outbox_row *rows;
	size_t                   n;
	enum lease_answer        answer;
	struct outbox_list       out;
	struct arena            *mem;
};

/* One that was there changes its job only, and is planned anew when it had failed. */
static int plan_one(struct store *store, struct planning *p, const struct job *job,
		    const struct outbox_row *row, struct err *err)
{
	struct sql_rows rows;

	if (SQL(store, p->mem, &rows, err,
		"INSERT INTO outbox (job, integration, repository, number, kind, marker, request,"
		" state, created, changed) VALUES ($1, $2, $3, $4, $5, $6, $7, 'planned', $8, $8)"
		" ON CONFLICT (integration, repository, marker) DO UPDATE SET job = excluded.job,"
		" request = CASE WHEN outbox.state = 'failed' THEN excluded.request"
		" ELSE outbox.request END,"
		" state = CASE WHEN outbox.state = 'failed' THEN 'planned' ELSE outbox.state END"
		" RETURNING " COLUMNS,
		N(job->id), T(job->integration), T(job->repository), N((int64_t)job->number),
		T(row->kind), T(row->marker), T(row->request), N(p->now)) < 0)
		return -1;
	ARENA_PUSH(p->mem, &p->out, read_row(&rows, 0));
	return 0;
}

static int plan(struct store *store, void *payload, struct err *err)
{
	struct planning *p = payload;
	AUTO_ARENA struct arena work;
	struct job job;

	arena_init(&work, 8 << 20);
	p->out = (struct outbox_list){ 0 };
	if (job_hold(store, p->job, p->token, &job, &p->answer, &work, err) < 0)
		return -1;
	/* a lease that has ended plans nothing any more */
	if (p->answer != LEASE_OK) {
		p->answer = LEASE_STALE;
		return 0;
	}
	for (size_t i = 0; i < p->n; i++)
		if (plan_one(store, p, &job, &p->rows[i], err) < 0)
			return -1;
	return 0;
}

int outbox_plan(struct store *store, int64_t job, int64_t token, const struct outbox_row *rows,
		size_t n, int64_t now, enum lease_answer *answer, struct outbox_list *out,
		struct arena *mem, struct err *err)
{
	struct planning p = { job, token, now, rows, n, LEASE_STALE, { 0 }, mem };

	if (n > OUTBOX_MAX_PLAN)
		return err_input(err, "a job plans at most %d effects at once", OUTBOX_MAX_PLAN);
	for (size_t i = 0; i < n; i++) {
		const struct sql_check checks[] = {
			{ rows[i].kind, STORE_MAX_KEY, "the kind of an effect" },
			{ rows[i].marker, STORE_MAX_KEY, "the marker of an effect" },
			{ rows[i].request, STORE_MAX_TEXT, "the request of an effect" },
		};

		if (rows[i].marker.len == 0)
			return err_input(err, "an effect needs a marker");
		if (sql_check_all(checks, COUNT(checks), err) < 0)
			return -1;
	}
	if (sql_transact(store, SQL_DURABLE, plan, &p, err) < 0)
		return -1;
	*answer = p.answer;
	*out = p.out;
	return 0;
}

struct sending {
	int64_t           id, token, now;
	enum lease_answer answer;
};

static int mark_sent(struct store *store, void *payload, struct err *err)
{
	struct sending *s = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;
	struct job job;

	arena_init(&mem, 16 << 20);
	s->answer = LEASE_STALE;
	if (SQL(store, &mem, &rows, err, "SELECT job FROM outbox WHERE id = $1", N(s->id)) < 0)
		return -1;
	if (rows.n == 0)
		return 0;
	if (job_hold(store, row_int(&rows, 0, 0), s->token, &job, &s->answer, &mem, err) < 0)
		return -1;
	if (s->answer != LEASE_OK) {
		s->answer = LEASE_STALE;
		return 0;
	}
	if (SQL(store, &mem, &rows, err,
		"UPDATE outbox SET state = 'sent', sends = sends + 1, changed = $2"
		" WHERE id = $1 AND state <> 'confirmed'", N(s->id), N(s->now)) < 0)
		return -1;
	if (rows.changed == 0)
		s->answer = LEASE_ALREADY;
	return 0;
}

int outbox_sent(struct store *store, int64_t id, int64_t token, int64_t now,
		enum lease_answer *answer, struct err *err)
{
	struct sending s = { id, token, now, LEASE_STALE };

	if (sql_transact(store, SQL_DURABLE, mark_sent, &s, err) < 0)
		return -1;
	*answer = s.answer;
	return 0;
}

int outbox_confirm(struct store *store, int64_t id, struct str answer, int64_t now, struct err *err)
{
	if (sql_check(answer, STORE_MAX_TEXT, "the answer to an effect", err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "UPDATE outbox SET state = 'confirmed', answer = $2, error = '', changed = $3"
			 " WHERE id = $1", N(id), T(answer), N(now));
}

int outbox_fail(struct store *store, int64_t id, struct str error, int64_t now, struct err *err)
{
	AUTO_ARENA struct arena mem;

	arena_init(&mem, 1 << 20);
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "UPDATE outbox SET state = 'failed', error = $2, changed = $3"
			 " WHERE id = $1 AND state <> 'confirmed'",
			 N(id), T(sql_clean(&mem, error, JOB_MAX_ERROR)), N(now));
}

int outbox_of_job(struct store *store, struct view view, int64_t job, struct outbox_list *out,
		  struct arena *mem, struct err *err)
{
	struct outbox_list list = { 0 };
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM outbox WHERE job = $1 AND ($2 = 1 OR EXISTS (SELECT 1"
		      " FROM job WHERE job.id = outbox.job AND job.tenant = $3)) ORDER BY id",
		      N(job), N(view.all), T(view.tenant)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	*out = list;
	return 0;
}
