#include "store/reviews.h"

#include "base/scope.h"
#include "page.h"
#include "sql.h"

#define COLUMNS                                                                              \
	"id, job, tenant, integration, repository, number, head, base, conclusion, figures, created"

static const char *const conclusions[] = {
	[CONCLUSION_CLEAN] = "clean",
	[CONCLUSION_FINDINGS] = "findings",
	[CONCLUSION_LIMITED] = "limited",
	[CONCLUSION_FAILED] = "failed",
};

const char *conclusion_name(enum conclusion conclusion)
{
	return conclusions[conclusion];
}

static struct review_row read_row(const struct sql_rows *rows, size_t row)
{
	struct review_row out = {
		.id = row_int(rows, row, 0),
		.job = row_int(rows, row, 1),
		.tenant = row_str(rows, row, 2),
		.integration = row_str(rows, row, 3),
		.repository = row_str(rows, row, 4),
		.number = row_u64(rows, row, 5),
		.conclusion = CONCLUSION_FAILED,
		.figures = row_str(rows, row, 9),
		.created = row_int(rows, row, 10),
	};

	row_z(out.head_oid, sizeof out.head_oid, rows, row, 6);
	row_z(out.base_oid, sizeof out.base_oid, rows, row, 7);
	for (size_t c = 0; c < COUNT(conclusions); c++)
		if (str_eq(row_str(rows, row, 8), str_of(conclusions[c])))
			out.conclusion = (enum conclusion)c;
	if (rows->columns > 11)
		out.decisions = row_str(rows, row, 11);
	return out;
}

int reviews_put(struct store *store, const struct review_row *row, int64_t now, int64_t *id,
		struct err *err)
{
	const struct sql_check checks[] = {
		{ row->tenant, STORE_MAX_KEY, "the tenant of a review" },
		{ row->integration, STORE_MAX_KEY, "the integration of a review" },
		{ row->repository, STORE_MAX_KEY, "the repository of a review" },
		{ row->figures, STORE_MAX_TEXT, "the figures of a review" },
		{ row->decisions, STORE_MAX_TEXT, "the decisions of a review" },
	};
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	if (sql_check_all(checks, COUNT(checks), err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_DURABLE, &mem, &rows, err,
		      "INSERT INTO review (job, tenant, integration, repository, number, head, base,"
		      " conclusion, figures, decisions, created)"
		      " VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)"
		      " ON CONFLICT (job) DO UPDATE SET head = excluded.head, base = excluded.base,"
		      " conclusion = excluded.conclusion, figures = excluded.figures,"
		      " decisions = excluded.decisions, created = excluded.created RETURNING id",
		      N(row->job), T(row->tenant), T(row->integration), T(row->repository),
		      N((int64_t)row->number), Z(row->head_oid), Z(row->base_oid),
		      Z(conclusions[row->conclusion]), T(row->figures), T(row->decisions), N(now)) < 0)
		return -1;
	*id = row_int(&rows, 0, 0);
	return 0;
}

int reviews_get(struct store *store, struct view view, int64_t id, struct review_row *out,
		bool *found, struct arena *mem, struct err *err)
{
	struct sql_rows rows;

	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS ", decisions FROM review WHERE id = $1"
		      " AND ($2 = 1 OR tenant = $3)", N(id), N(view.all), T(view.tenant)) < 0)
		return -1;
	*found = rows.n > 0;
	if (rows.n)
		*out = read_row(&rows, 0);
	return 0;
}

int reviews_list(struct store *store, struct view view, struct str integration,
		 struct str repository, uint64_t number, struct page *page, struct review_list *out,
		 struct arena *mem, struct err *err)
{
	struct review_list list = { 0 };
	struct sql_rows rows;
	int64_t before;
	size_t shown;
	bool more;

	if (page_numbers(page, &before, 1, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM review WHERE id < $1 AND ($2 = 1 OR tenant = $3)"
		      " AND ($4 = '' OR integration = $4) AND ($5 = '' OR repository = $5)"
		      " AND ($6 = 0 OR number = $6) ORDER BY id DESC LIMIT $7",
		      N(before), N(view.all), T(view.tenant), T(integration), T(repository),
		      N((int64_t)number), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_row(&rows, i));
	page->next = more ? page_put_numbers(mem, &list.items[shown - 1].id, 1) : STR("");
	*out = list;
	return 0;
}
