#include "base/scope.h"
#include "page.h"
#include "sql.h"
#include "store/repositories.h"

#define COLUMNS                                                                              \
	"integration, name, tenant, installation, settings, paused, muted, gone, seen, created"

static struct repository_row read_row(const struct sql_rows *rows, size_t row)
{
	return (struct repository_row){
		.integration = row_str(rows, row, 0),
		.name = row_str(rows, row, 1),
		.tenant = row_str(rows, row, 2),
		.installation = row_str(rows, row, 3),
		.settings = row_str(rows, row, 4),
		.paused = row_int(rows, row, 5),
		.muted = row_int(rows, row, 6),
		.gone = row_int(rows, row, 7),
		.seen = row_int(rows, row, 8),
		.created = row_int(rows, row, 9),
	};
}

static int check(const struct repository_row *row, struct err *err)
{
	const struct sql_check checks[] = {
		{ row->integration, STORE_MAX_KEY, "the integration of a repository" },
		{ row->name, STORE_MAX_KEY, "the name of a repository" },
		{ row->tenant, STORE_MAX_KEY, "the tenant of a repository" },
		{ row->installation, STORE_MAX_KEY, "the installation of a repository" },
		{ row->settings, STORE_MAX_TEXT, "the settings of a repository" },
	};

	if (row->integration.len == 0 || row->name.len == 0)
		return err_input(err, "a repository needs an integration and a name");
	return sql_check_all(checks, COUNT(checks), err);
}

int repositories_see(struct store *store, const struct repository_row *row, int64_t now,
		     struct err *err)
{
	if (check(row, err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_LAZY, NULL, NULL, err,
			 "INSERT INTO repository (" COLUMNS ") VALUES ($1, $2, $3, $4, $5, $6, $7, 0,"
			 " $8, $8) ON CONFLICT (integration, name) DO UPDATE SET"
			 " tenant = excluded.tenant, seen = excluded.seen, gone = 0,"
			 " installation = CASE WHEN excluded.installation = '' THEN"
			 " repository.installation ELSE excluded.installation END",
			 T(row->integration), T(row->name), T(row->tenant), T(row->installation),
			 T(row->settings), N(row->paused), N(row->muted), N(now));
}

int repositories_gone(struct store *store, struct str integration, struct str name, int64_t now,
		      struct err *err)
{
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "UPDATE repository SET gone = 1, seen = $3 WHERE integration = $1 AND name = $2",
			 T(integration), T(name), N(now));
}

int repositories_set(struct store *store, struct view view, const struct repository_row *row,
		     bool *found, struct err *err)
{
	struct sql_rows rows;

	if (check(row, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_DURABLE, NULL, &rows, err,
		      "UPDATE repository SET settings = $3, paused = $4, muted = $5"
		      " WHERE integration = $1 AND name = $2 AND ($6 = 1 OR tenant = $7)",
		      T(row->integration), T(row->name), T(row->settings), N(row->paused),
		      N(row->muted), N(view.all), T(view.tenant)) < 0)
		return -1;
	*found = rows.changed > 0;
	return 0;
}

int repositories_get(struct store *store, struct view view, struct str integration, struct str name,
		     struct repository_row *out, bool *found, struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM repository WHERE integration = $1 AND name = $2"
		      " AND ($3 = 1 OR tenant = $4)",
		      T(integration), T(name), N(view.all), T(view.tenant)) < 0)
		return -1;
	*found = rows.n > 0;
	if (rows.n)
		*out = read_row(&rows, 0);
	return 0;
}

int repositories_list(struct store *store, struct view view, struct page *page,
		      struct repository_list *out, struct arena *mem, struct err *err)
{
	struct repository_list list = { 0 };
	struct sql_rows rows;
	struct str after[2];
	size_t shown;
	bool more;

	if (page_texts(page, after, 2, mem, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM repository WHERE (integration, name) > ($1, $2)"
		      " AND ($3 = 1 OR tenant = $4) ORDER BY integration, name LIMIT $5",
		      T(after[0]), T(after[1]), N(view.all), T(view.tenant), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	page->next = STR("");
	if (more) {
		after[0] = list.items[shown - 1].integration;
		after[1] = list.items[shown - 1].name;
		page->next = page_put_texts(mem, after, 2);
	}
	*out = list;
	return 0;
}
