#include "base/scope.h"
#include "jobs_row.h"

enum { WORK_MAX = 1 << 20 }; /* memory of a transaction that reads no long texts */

int job_hold(struct store *store, int64_t id, int64_t token, struct job *job,
	     enum lease_answer *answer, struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL(store, mem, &rows, err, "SELECT " JOB_SHORT " FROM job WHERE id = $1 {lock}", N(id)) < 0)
		return -1;
	*answer = LEASE_STALE;
	if (rows.n == 0)
		return 0;
	job_read(job, &rows, 0);
	if (job->token == token && token > 0)
		*answer = job->state == JOB_LEASED ? LEASE_OK : LEASE_ALREADY;
	return 0;
}

struct extend {
	int64_t           id, token, deadline;
	struct str        stage, progress;
	enum lease_answer answer;
	enum job_stop     stop;
};

static int extend(struct store *store, void *payload, struct err *err)
{
	struct extend *e = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, WORK_MAX);
	if (SQL(store, &mem, &rows, err,
		"UPDATE job SET deadline = CASE WHEN deadline > $3 THEN deadline ELSE $3 END,"
		" stage = CASE WHEN $4 = '' THEN stage ELSE $4 END,"
		" progress = CASE WHEN $5 = '' THEN progress ELSE $5 END"
		" WHERE id = $1 AND token = $2 AND state = 'leased' RETURNING stop",
		N(e->id), N(e->token), N(e->deadline), T(e->stage), T(e->progress)) < 0)
		return -1;
	e->answer = rows.n ? LEASE_OK : LEASE_STALE;
	e->stop = STOP_NONE;
	if (rows.n)
		job_stop_parse(row_str(&rows, 0, 0), &e->stop);
	return 0;
}

int jobs_extend(struct store *store, int64_t id, int64_t token, int64_t deadline, struct str stage,
		struct str progress, enum lease_answer *answer, enum job_stop *stop,
		struct err *err)
{
	const struct sql_check checks[] = {
		{ stage, JOB_MAX_KEY, "the stage of a job" },
		{ progress, JOB_MAX_PROGRESS, "the progress of a job" },
	};
	struct extend e = { id, token, deadline, stage, progress, LEASE_STALE, STOP_NONE };

	if (sql_check_all(checks, COUNT(checks), err) < 0 ||
	    sql_transact(store, SQL_LAZY, extend, &e, err) < 0)
		return -1;
	*answer = e.answer;
	*stop = e.stop;
	return 0;
}

struct finishing {
	const struct finish *f;
	int64_t              now;
	struct str           error;
	enum lease_answer    answer;
	enum job_state       state;
};

static int settle(struct store *store, const struct job *job, struct job_verdict v,
		  const struct finishing *f, struct err *err)
{
	return SQL(store, NULL, NULL, err,
		   "UPDATE job SET state = $2, attempt = $3, crashes = $4, run_at = $5, error = $6,"
		   " result = $7, ended = $8, deadline = 0, stop = 'none' WHERE id = $1",
		   N(job->id), Z(job_state_name(v.state)), N(v.attempt), N(v.crashes),
		   N(v.state == JOB_QUEUED ? v.run_at : job->run_at), T(f->error), T(f->f->result),
		   N(job_ended(v.state) ? f->now : 0));
}

static int add_next(struct store *store, const struct finish *f, int64_t now, struct arena *mem,
		    struct err *err)
{
	struct job_add adds[FINISH_MAX_NEXT];
	struct sql_rows ids;

	if (f->n_next == 0)
		return 0;
	for (size_t i = 0; i < f->n_next; i++)
		adds[i] = (struct job_add){ &f->next[i], false };
	return job_insert(store, adds, f->n_next, now, &ids, mem, err);
}

static int finish(struct store *store, void *payload, struct err *err)
{
	struct finishing *f = payload;
	AUTO_ARENA struct arena mem;
	struct job_verdict v;
	struct job job;

	arena_init(&mem, (size_t)FINISH_MAX_NEXT * 8 * JOB_MAX_PAYLOAD);
	/* locks come in one order everywhere: adding, then rows */
	if (f->f->n_next && sql_lock(store, LOCK_ADD, err) < 0)
		return -1;
	if (job_hold(store, f->f->id, f->f->token, &job, &f->answer, &mem, err) < 0)
		return -1;
	if (f->answer != LEASE_OK) {
		f->state = f->answer == LEASE_ALREADY ? job.state : JOB_QUEUED;
		return 0;
	}
	v = job_settle(&job, f->f->outcome, f->now, f->f->run_at, f->f->chance);
	f->state = v.state;
	if (settle(store, &job, v, f, err) < 0)
		return -1;
	/* also when it is done: its lane and its place under the caps are free */
	sql_notify(store);
	return add_next(store, f->f, f->now, &mem, err);
}

int jobs_finish(struct store *store, const struct finish *f, int64_t now,
		enum lease_answer *answer, enum job_state *state, struct err *err)
{
	struct finishing work = { f, now, { NULL, 0 }, LEASE_STALE, JOB_QUEUED };
	AUTO_ARENA struct arena mem;

	arena_init(&mem, WORK_MAX);
	if (sql_check(f->result, JOB_MAX_RESULT, "the result of a job", err) < 0)
		return -1;
	if (f->n_next > FINISH_MAX_NEXT)
		return err_input(err, "a job is followed by at most %d others", FINISH_MAX_NEXT);
	for (size_t i = 0; i < f->n_next; i++)
		if (job_check(&f->next[i], err) < 0)
			return -1;
	work.error = sql_clean(&mem, f->error, JOB_MAX_ERROR);
	if (sql_transact(store, SQL_DURABLE, finish, &work, err) < 0)
		return -1;
	*answer = work.answer;
	if (work.answer != LEASE_STALE)
		*state = work.state;
	return 0;
}

struct rescue {
	int64_t  now;
	uint64_t chance;
	uint32_t rescued, dead;
};

/* The token is spent, so that a late result of the lost worker is refused. */
static int rescue_one(struct store *store, struct rescue *r, const struct job *job, struct err *err)
{
	struct job_verdict v = job_settle(job, OUTCOME_CRASHED, r->now, 0, r->chance + (uint64_t)job->id);

	if (v.state == JOB_DEAD)
		r->dead++;
	else
		r->rescued++;
	return SQL(store, NULL, NULL, err,
		   "UPDATE job SET state = $2, crashes = $3, run_at = $4, ended = $5, token = token + 1,"
		   " deadline = 0, stop = 'none', error = 'the worker was lost: its lease ran out'"
		   " WHERE id = $1",
		   N(job->id), Z(job_state_name(v.state)), N(v.crashes),
		   N(v.state == JOB_QUEUED ? v.run_at : job->run_at), N(job_ended(v.state) ? r->now : 0));
}

static int rescue(struct store *store, void *payload, struct err *err)
{
	struct rescue *r = payload;
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, JOBS_MAX_RESCUE * (size_t)JOB_MAX_PROGRESS * 2);
	r->rescued = r->dead = 0;
	if (SQL(store, &mem, &rows, err,
		"SELECT " JOB_SHORT " FROM job WHERE state = 'leased' AND deadline < $1"
		" ORDER BY deadline LIMIT $2 {skip}", N(r->now), N(JOBS_MAX_RESCUE)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		struct job job;

		job_read(&job, &rows, i);
		if (rescue_one(store, r, &job, err) < 0)
			return -1;
	}
	if (rows.n)
		sql_notify(store);
	return 0;
}

int jobs_rescue(struct store *store, int64_t now, uint64_t chance, uint32_t *rescued, uint32_t *dead,
		struct err *err)
{
	struct rescue r = { now, chance, 0, 0 };

	if (sql_transact(store, SQL_DURABLE, rescue, &r, err) < 0)
		return -1;
	if (rescued)
		*rescued = r.rescued;
	if (dead)
		*dead = r.dead;
	return 0;
}
