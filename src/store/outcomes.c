#include "store/outcomes.h"

#include "base/scope.h"
#include "page.h"
#include "sql.h"

enum { FATES_MAX = 2000 }; /* of one call: a pull request has no more threads */

static const char *const fates[FATES] = {
	[FATE_POSTED] = "posted", [FATE_FIXED] = "fixed", [FATE_IGNORED] = "ignored",
	[FATE_UP] = "up",	  [FATE_DOWN] = "down",	  [FATE_DISPUTED] = "disputed",
};

const char *fate_name(enum fate fate)
{
	return fates[fate];
}

struct putting {
	const struct outcome_row *rows;
	size_t                    n;
	int64_t                   now;
};

static int put(struct store *store, void *payload, struct err *err)
{
	const struct putting *p = payload;

	for (size_t i = 0; i < p->n; i++) {
		const struct outcome_row *r = &p->rows[i];

		if (SQL(store, NULL, NULL, err,
			"INSERT INTO fate (integration, repository, number, fingerprint, fate, tenant,"
			" rule, prefix, n, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
			" ON CONFLICT (integration, repository, number, fingerprint, fate) DO UPDATE SET"
			" tenant = excluded.tenant, rule = excluded.rule, prefix = excluded.prefix,"
			" n = excluded.n",
			T(r->integration), T(r->repository), N((int64_t)r->number), Z(r->fingerprint),
			Z(fates[r->fate]), T(r->tenant), T(r->rule), T(r->prefix), N(r->n),
			N(p->now)) < 0)
			return -1;
	}
	return 0;
}

int outcomes_put(struct store *store, const struct outcome_row *rows, size_t n, int64_t now,
		 struct err *err)
{
	struct putting p = { rows, n, now };

	if (n > FATES_MAX)
		return err_input(err, "at most %d outcomes are kept at once", FATES_MAX);
	for (size_t i = 0; i < n; i++) {
		const struct sql_check checks[] = {
			{ rows[i].integration, STORE_MAX_KEY, "the integration of an outcome" },
			{ rows[i].repository, STORE_MAX_KEY, "the repository of an outcome" },
			{ rows[i].tenant, STORE_MAX_KEY, "the tenant of an outcome" },
			{ rows[i].rule, STORE_MAX_KEY, "the rule of an outcome" },
			{ rows[i].prefix, STORE_MAX_KEY, "the path prefix of an outcome" },
		};

		if (sql_check_all(checks, COUNT(checks), err) < 0)
			return -1;
	}
	return sql_transact(store, SQL_DURABLE, put, &p, err);
}

static struct rule_figures read_figures(const struct sql_rows *rows, size_t row)
{
	struct rule_figures out = {
		.integration = row_str(rows, row, 0),
		.repository = row_str(rows, row, 1),
		.rule = row_str(rows, row, 2),
		.prefix = row_str(rows, row, 3),
		.reason = row_str(rows, row, 4 + FATES),
		.muted = row_int(rows, row, 5 + FATES),
	};

	for (size_t f = 0; f < FATES; f++)
		out.n[f] = row_u64(rows, row, 4 + f);
	return out;
}

/* A mute for the whole repository counts for each of its prefixes. */
#define FIGURES                                                                              \
	"SELECT g.*, coalesce((SELECT min(m.reason) FROM mute AS m WHERE"                        \
	" m.integration = g.integration AND m.repository = g.repository AND m.rule = g.rule"     \
	" AND m.number = 0 AND m.lifted = 0 AND m.prefix IN ('', g.prefix)), ''), (SELECT count(*) FROM mute AS m WHERE"           \
	" m.integration = g.integration AND m.repository = g.repository AND m.rule = g.rule"     \
	" AND m.number = 0 AND m.lifted = 0 AND m.prefix IN ('', g.prefix)) FROM (SELECT integration, repository, rule, prefix,"   \
	" CAST(sum(CASE WHEN fate = 'posted' THEN n ELSE 0 END) AS {int}) AS posted,"            \
	" CAST(sum(CASE WHEN fate = 'fixed' THEN n ELSE 0 END) AS {int}) AS fixed,"              \
	" CAST(sum(CASE WHEN fate = 'ignored' THEN n ELSE 0 END) AS {int}) AS ignored,"          \
	" CAST(sum(CASE WHEN fate = 'up' THEN n ELSE 0 END) AS {int}) AS up,"                    \
	" CAST(sum(CASE WHEN fate = 'down' THEN n ELSE 0 END) AS {int}) AS down,"                \
	" CAST(sum(CASE WHEN fate = 'disputed' THEN n ELSE 0 END) AS {int}) AS disputed"         \
	" FROM fate WHERE (integration, repository, rule, prefix) > ($1, $2, $3, $4)"            \
	" AND ($5 = 1 OR tenant = $6) AND ($7 = '' OR integration = $7)"                         \
	" AND ($8 = '' OR repository = $8) AND at >= $9"                                         \
	" GROUP BY integration, repository, rule, prefix"                                        \
	" ORDER BY integration, repository, rule, prefix LIMIT $10) AS g"                        \
	" ORDER BY g.integration, g.repository, g.rule, g.prefix"

int outcomes_figures(struct store *store, struct view view, struct str integration,
		     struct str repository, int64_t since, struct page *page,
		     struct rule_figures_list *out, struct arena *mem, struct err *err)
{
	struct rule_figures_list list = { 0 };
	struct sql_rows rows;
	struct str key[4];
	size_t shown;
	bool more;

	if (page_texts(page, key, 4, mem, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err, FIGURES, T(key[0]), T(key[1]), T(key[2]),
		      T(key[3]), N(view.all), T(view.tenant), T(integration), T(repository), N(since),
		      N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_figures(&rows, i));
	page->next = STR("");
	if (more) {
		const struct rule_figures *last = &list.items[shown - 1];
		const struct str next[] = { last->integration, last->repository, last->rule, last->prefix };

		page->next = page_put_texts(mem, next, 4);
	}
	*out = list;
	return 0;
}

int mutes_put(struct store *store, const struct mute_row *m, int64_t now, struct err *err)
{
	const struct sql_check checks[] = {
		{ m->integration, STORE_MAX_KEY, "the integration of a mute" },
		{ m->repository, STORE_MAX_KEY, "the repository of a mute" },
		{ m->tenant, STORE_MAX_KEY, "the tenant of a mute" },
		{ m->rule, STORE_MAX_KEY, "the rule of a mute" },
		{ m->prefix, STORE_MAX_KEY, "the path prefix of a mute" },
		{ m->reason, STORE_MAX_KEY, "the reason of a mute" },
		{ m->by, STORE_MAX_KEY, "the author of a mute" },
	};

	if (sql_check_all(checks, COUNT(checks), err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "INSERT INTO mute (integration, repository, rule, prefix, tenant, reason,"
			 " author, since, number, lifted) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0)"
			 " ON CONFLICT (integration, repository, number, rule, prefix) DO UPDATE SET"
			 " reason = excluded.reason, author = excluded.author, lifted = 0",
			 T(m->integration), T(m->repository), T(m->rule), T(m->prefix), T(m->tenant),
			 T(m->reason), T(m->by), N(now), N((int64_t)m->number));
}

int mutes_lift(struct store *store, struct view view, const struct mute_row *m, bool *found,
	       struct err *err)
{
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_DURABLE, NULL, &rows, err,
		      "UPDATE mute SET lifted = 1, author = $8, reason = '' WHERE integration = $1"
		      " AND repository = $2 AND rule = $3 AND prefix = $4 AND ($5 = 1 OR tenant = $6)"
		      " AND number = $7 AND lifted = 0",
		      T(m->integration), T(m->repository), T(m->rule), T(m->prefix), N(view.all),
		      T(view.tenant), N((int64_t)m->number), T(m->by)) < 0)
		return -1;
	*found = rows.changed > 0;
	return 0;
}

int mutes_of_pull(struct store *store, struct str integration, struct str repository,
		  uint64_t number, struct mute_rows *out, struct arena *mem, struct err *err)
{
	struct mute_rows list = { 0 };
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT integration, repository, tenant, rule, prefix, reason, author, since,"
		      " number, lifted FROM mute WHERE integration = $1 AND repository = $2 AND number IN (0, $3)"
		      " ORDER BY rule, prefix, number",
		      T(integration), T(repository), N((int64_t)number)) < 0)
		return -1;
	for (size_t i = 0; i < rows.n; i++) {
		struct mute_row m = {
			.integration = row_str(&rows, i, 0),
			.repository = row_str(&rows, i, 1),
			.tenant = row_str(&rows, i, 2),
			.rule = row_str(&rows, i, 3),
			.prefix = row_str(&rows, i, 4),
			.reason = row_str(&rows, i, 5),
			.by = row_str(&rows, i, 6),
			.since = row_int(&rows, i, 7),
			.number = row_u64(&rows, i, 8),
			.lifted = row_int(&rows, i, 9),
		};

		ARENA_PUSH(mem, &list, m);
	}
	*out = list;
	return 0;
}
