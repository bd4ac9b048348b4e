#include "store/ci.h"

#include "base/scope.h"
#include "page.h"
#include "sql.h"

#define COLUMNS                                                                              \
	"id, tenant, integration, repository, number, head, run, attempt, name, app, branch, url," \
	" action, status, created, changed"

int ci_put(struct store *store, const struct ci_row *row, int64_t now, bool *changed_row,
	   struct err *err)
{
	const struct sql_check checks[] = {
		{ row->tenant, STORE_MAX_KEY, "the tenant of a CI run" },
		{ row->integration, STORE_MAX_KEY, "the integration of a CI run" },
		{ row->repository, STORE_MAX_KEY, "the repository of a CI run" },
		{ row->run, STORE_MAX_KEY, "the id of a CI run" },
		{ row->name, STORE_MAX_KEY, "the name of a CI run" },
		{ row->app, STORE_MAX_KEY, "the app of a CI run" },
		{ row->branch, STORE_MAX_KEY, "the branch of a CI run" },
		{ row->url, STORE_MAX_KEY, "the address of a CI run" },
		{ row->status, STORE_MAX_KEY, "the status of a CI run" },
	};
	struct sql_rows rows;

	if (sql_check_all(checks, COUNT(checks), err) < 0)
		return -1;
	/* a result stays when "started" comes late */
	if (SQL_ALONE(store, SQL_LAZY, NULL, &rows, err,
		      "INSERT INTO ci (tenant, integration, repository, number, head, run, attempt,"
		      " name, app, branch, url, action, status, created, changed)"
		      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $14)"
		      " ON CONFLICT (integration, repository, run, attempt) DO UPDATE SET"
		      " number = CASE WHEN excluded.number = 0 THEN ci.number ELSE excluded.number END,"
		      " action = excluded.action, status = excluded.status, changed = excluded.changed"
		      " WHERE (excluded.action <> 'started' OR ci.action = 'started')"
		      " AND (excluded.action <> ci.action OR excluded.status <> ci.status)",
		      T(row->tenant), T(row->integration), T(row->repository),
		      N((int64_t)row->number), Z(row->head_oid), T(row->run), N(row->attempt),
		      T(row->name), T(row->app), T(row->branch), T(row->url),
		      Z(event_action_name(row->action)), T(row->status), N(now)) < 0)
		return -1;
	if (changed_row)
		*changed_row = rows.changed > 0;
	return 0;
}

static struct ci_row read_row(const struct sql_rows *rows, size_t row)
{
	struct ci_row out = {
		.id = row_int(rows, row, 0),
		.tenant = row_str(rows, row, 1),
		.integration = row_str(rows, row, 2),
		.repository = row_str(rows, row, 3),
		.number = row_u64(rows, row, 4),
		.run = row_str(rows, row, 6),
		.attempt = row_u32(rows, row, 7),
		.name = row_str(rows, row, 8),
		.app = row_str(rows, row, 9),
		.branch = row_str(rows, row, 10),
		.url = row_str(rows, row, 11),
		.status = row_str(rows, row, 13),
		.created = row_int(rows, row, 14),
		.changed = row_int(rows, row, 15),
	};

	row_z(out.head_oid, sizeof out.head_oid, rows, row, 5);
	for (size_t a = 0; a < ACTIONS; a++)
		if (str_eq(row_str(rows, row, 12), str_of(event_action_name((enum event_action)a))))
			out.action = (enum event_action)a;
	return out;
}

int ci_list(struct store *store, struct view view, struct str integration, struct str repository,
	    const char *head_oid, struct page *page, struct ci_list *out, struct arena *mem,
	    struct err *err)
{
	struct ci_list list = { 0 };
	struct sql_rows rows;
	int64_t before;
	size_t shown;
	bool more;

	if (page_numbers(page, &before, 1, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM ci WHERE id < $1 AND ($2 = 1 OR tenant = $3)"
		      " AND ($4 = '' OR integration = $4) AND ($5 = '' OR repository = $5)"
		      " AND ($6 = '' OR head = $6) ORDER BY id DESC LIMIT $7",
		      N(before), N(view.all), T(view.tenant), T(integration), T(repository),
		      Z(head_oid), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	page->next = more ? page_put_numbers(mem, &list.items[shown - 1].id, 1) : STR("");
	*out = list;
	return 0;
}
