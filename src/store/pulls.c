#include "base/scope.h"
#include "page.h"
#include "sql.h"
#include "store/repositories.h"

#define COLUMNS                                                                              \
	"integration, repository, number, tenant, title, url, author, base_ref, state, paused,"  \
	" head, reviewed, reviewed_base, summary, checks, created, changed, memory"

static const char *const states[PULL_STATES] = {
	[PULL_OPEN] = "open",
	[PULL_CLOSED] = "closed",
	[PULL_MERGED] = "merged",
};

const char *pull_state_name(enum pull_state state)
{
	return states[state];
}

static struct pull_row read_row(const struct sql_rows *rows, size_t row)
{
	struct pull_row out = {
		.integration = row_str(rows, row, 0),
		.repository = row_str(rows, row, 1),
		.number = row_u64(rows, row, 2),
		.tenant = row_str(rows, row, 3),
		.title = row_str(rows, row, 4),
		.url = row_str(rows, row, 5),
		.author = row_str(rows, row, 6),
		.base_ref = row_str(rows, row, 7),
		.paused = row_int(rows, row, 9),
		.summary = row_str(rows, row, 13),
		.check = row_str(rows, row, 14),
		.created = row_int(rows, row, 15),
		.changed = row_int(rows, row, 16),
		.states = row_str(rows, row, 17),
	};

	for (size_t s = 0; s < PULL_STATES; s++)
		if (str_eq(row_str(rows, row, 8), str_of(states[s])))
			out.state = (enum pull_state)s;
	row_z(out.head_oid, sizeof out.head_oid, rows, row, 10);
	row_z(out.reviewed_oid, sizeof out.reviewed_oid, rows, row, 11);
	row_z(out.reviewed_base, sizeof out.reviewed_base, rows, row, 12);
	return out;
}

static int check(const struct pull_row *row, struct err *err)
{
	const struct sql_check checks[] = {
		{ row->integration, STORE_MAX_KEY, "the integration of a pull request" },
		{ row->repository, STORE_MAX_KEY, "the repository of a pull request" },
		{ row->tenant, STORE_MAX_KEY, "the tenant of a pull request" },
		{ row->title, STORE_MAX_KEY, "the title of a pull request" },
		{ row->url, STORE_MAX_KEY, "the address of a pull request" },
		{ row->author, STORE_MAX_KEY, "the author of a pull request" },
		{ row->base_ref, STORE_MAX_KEY, "the base of a pull request" },
		{ row->summary, STORE_MAX_KEY, "the id of a summary" },
		{ row->check, STORE_MAX_KEY, "the id of a check" },
		{ row->states, 2 * STORE_MAX_TEXT, "the states of the threads" },
	};

	if (row->integration.len == 0 || row->repository.len == 0 || row->number == 0)
		return err_input(err, "a pull request needs an integration, a repository and a number");
	return sql_check_all(checks, COUNT(checks), err);
}

int pulls_see(struct store *store, const struct pull_row *row, int64_t now, struct err *err)
{
	if (check(row, err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_LAZY, NULL, NULL, err,
			 "INSERT INTO pull (integration, repository, number, tenant, title, url,"
			 " author, base_ref, state, head, created, changed)"
			 " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $11)"
			 " ON CONFLICT (integration, repository, number) DO UPDATE SET"
			 " tenant = excluded.tenant, state = excluded.state, changed = excluded.changed,"
			 " title = CASE WHEN excluded.title = '' THEN pull.title ELSE excluded.title END,"
			 " url = CASE WHEN excluded.url = '' THEN pull.url ELSE excluded.url END,"
			 " author = CASE WHEN excluded.author = '' THEN pull.author"
			 " ELSE excluded.author END,"
			 " base_ref = CASE WHEN excluded.base_ref = '' THEN pull.base_ref"
			 " ELSE excluded.base_ref END,"
			 " head = CASE WHEN excluded.head = '' THEN pull.head ELSE excluded.head END",
			 T(row->integration), T(row->repository), N((int64_t)row->number),
			 T(row->tenant), T(row->title), T(row->url), T(row->author), T(row->base_ref),
			 Z(states[row->state]), Z(row->head_oid), N(now));
}

int pulls_reviewed(struct store *store, const struct pull_row *row, int64_t now, struct err *err)
{
	if (check(row, err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "INSERT INTO pull (integration, repository, number, tenant, title, url, author,"
			 " base_ref, state, head, reviewed, reviewed_base, summary, checks, created,"
			 " changed, memory) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10, $11, $12,"
			 " $13, $14, $14, $15) ON CONFLICT (integration, repository, number) DO UPDATE SET"
			 " reviewed = excluded.reviewed, reviewed_base = excluded.reviewed_base,"
			 " summary = CASE WHEN excluded.summary = '' THEN pull.summary"
			 " ELSE excluded.summary END,"
			 " checks = CASE WHEN excluded.checks = '' THEN pull.checks"
			 " ELSE excluded.checks END, changed = excluded.changed,"
			 " memory = CASE WHEN excluded.memory = '' THEN pull.memory"
			 " ELSE excluded.memory END",
			 T(row->integration), T(row->repository), N((int64_t)row->number),
			 T(row->tenant), T(row->title), T(row->url), T(row->author), T(row->base_ref),
			 Z(states[row->state]), Z(row->reviewed_oid), Z(row->reviewed_base),
			 T(row->summary), T(row->check), N(now), T(row->states));
}

int pulls_pause(struct store *store, struct str integration, struct str repository, uint64_t number,
		bool paused, int64_t now, struct err *err)
{
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "UPDATE pull SET paused = $4, changed = $5"
			 " WHERE integration = $1 AND repository = $2 AND number = $3",
			 T(integration), T(repository), N((int64_t)number), N(paused), N(now));
}

int pulls_get(struct store *store, struct view view, struct str integration, struct str repository,
	      uint64_t number, struct pull_row *out, bool *found, struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM pull WHERE integration = $1 AND repository = $2"
		      " AND number = $3 AND ($4 = 1 OR tenant = $5)",
		      T(integration), T(repository), N((int64_t)number), N(view.all),
		      T(view.tenant)) < 0)
		return -1;
	*found = rows.n > 0;
	if (rows.n)
		*out = read_row(&rows, 0);
	return 0;
}

int pulls_list(struct store *store, struct view view, struct str integration, struct str repository,
	       bool open_only, struct page *page, struct pull_rows *out, struct arena *mem,
	       struct err *err)
{
	struct pull_rows list = { 0 };
	struct sql_rows rows;
	int64_t before[2];
	size_t shown;
	bool more;

	if (page_numbers(page, before, 2, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS ", seq FROM pull WHERE (changed, seq) < ($1, $2)"
		      " AND ($3 = 1 OR tenant = $4) AND ($5 = '' OR integration = $5)"
		      " AND ($6 = '' OR repository = $6) AND ($7 = 0 OR state = 'open')"
		      " ORDER BY changed DESC, seq DESC LIMIT $8",
		      N(before[0]), N(before[1]), N(view.all), T(view.tenant), T(integration),
		      T(repository), N(open_only), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	page->next = STR("");
	if (more) {
		before[0] = list.items[shown - 1].changed;
		before[1] = row_int(&rows, shown - 1, 18);
		page->next = page_put_numbers(mem, before, 2);
	}
	*out = list;
	return 0;
}
