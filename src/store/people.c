#include "store/people.h"

#include "base/scope.h"
#include "page.h"
#include "sql.h"

enum { NOTE_USE = 60 * 1000 }; /* ms: a page with ten requests is one use, and a read stays a read */

#define COLUMNS "seq, hash, token, subject, tenant, everything, role, label, created, expires, used"

static const char *const roles[ROLES] = {
	[ROLE_VIEWER] = "viewer",
	[ROLE_OPERATOR] = "operator",
	[ROLE_ADMIN] = "admin",
};

const char *role_name(enum role role)
{
	return roles[role];
}

bool role_parse(struct str word, enum role *out)
{
	for (size_t r = 0; r < ROLES; r++) {
		if (str_eq(word, str_of(roles[r]))) {
			*out = (enum role)r;
			return true;
		}
	}
	return false;
}

/* What is no hash could be the secret itself, which must not come into the database. */
static int check_hash(const char *hash, struct err *err)
{
	if (strspn(hash, "0123456789abcdef") != SECRET_HASH_HEX || strlen(hash) != SECRET_HASH_HEX)
		return err_set(err, ERR_BUG, "a session is kept by the SHA-256 of its secret");
	return 0;
}

int sessions_put(struct store *store, const struct session *s, int64_t now, struct err *err)
{
	const struct sql_check checks[] = {
		{ s->subject, STORE_MAX_KEY, "the subject of a session" },
		{ s->tenant, STORE_MAX_KEY, "the tenant of a session" },
		{ s->label, STORE_MAX_KEY, "the label of a token" },
	};

	if (check_hash(s->hash, err) < 0 || sql_check_all(checks, COUNT(checks), err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "INSERT INTO session (hash, token, subject, tenant, everything, role, label,"
			 " created, expires, used) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $8)"
			 " ON CONFLICT (hash) DO UPDATE SET subject = excluded.subject,"
			 " tenant = excluded.tenant, everything = excluded.everything,"
			 " role = excluded.role, label = excluded.label, expires = excluded.expires",
			 Z(s->hash), N(s->token), T(s->subject), T(s->tenant), N(s->all),
			 Z(roles[s->role]), T(s->label), N(now), N(s->expires));
}

static struct session read_session(const struct sql_rows *rows, size_t row)
{
	struct session out = {
		.token = row_int(rows, row, 2),
		.subject = row_str(rows, row, 3),
		.tenant = row_str(rows, row, 4),
		.all = row_int(rows, row, 5),
		.role = ROLE_VIEWER,
		.label = row_str(rows, row, 7),
		.created = row_int(rows, row, 8),
		.expires = row_int(rows, row, 9),
		.used = row_int(rows, row, 10),
	};

	row_z(out.hash, sizeof out.hash, rows, row, 1);
	role_parse(row_str(rows, row, 6), &out.role);
	return out;
}

int sessions_get(struct store *store, const char *hash, int64_t now, struct session *out,
		 bool *found, struct arena *mem, struct err *err)
{
	struct sql_rows rows;
	struct session s;

	if (check_hash(hash, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM session WHERE hash = $1"
		      " AND (expires = 0 OR expires > $2)", Z(hash), N(now)) < 0)
		return -1;
	if (rows.n) {
		s = read_session(&rows, 0);
		if (now - s.used >= NOTE_USE &&
		    SQL_ALONE(store, SQL_LAZY, NULL, NULL, err,
			      "UPDATE session SET used = $2 WHERE hash = $1", Z(hash), N(now)) < 0)
			return -1;
		*out = s;
	}
	*found = rows.n > 0;
	return 0;
}

int sessions_delete(struct store *store, struct view view, const char *hash, bool *found,
		    struct err *err)
{
	struct sql_rows rows;

	if (check_hash(hash, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_DURABLE, NULL, &rows, err,
		      "DELETE FROM session WHERE hash = $1 AND ($2 = 1 OR tenant = $3)", Z(hash),
		      N(view.all), T(view.tenant)) < 0)
		return -1;
	*found = rows.changed > 0;
	return 0;
}

int sessions_list(struct store *store, struct view view, bool tokens, int64_t now,
		  struct page *page, struct session_list *out, struct arena *mem, struct err *err)
{
	struct session_list list = { 0 };
	struct sql_rows rows;
	int64_t before;
	size_t shown;
	bool more;

	if (page_numbers(page, &before, 1, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT " COLUMNS " FROM session WHERE seq < $1 AND ($2 = 1 OR tenant = $3)"
		      " AND token = $4 AND (expires = 0 OR expires > $5) ORDER BY seq DESC LIMIT $6",
		      N(before), N(view.all), T(view.tenant), N(tokens), N(now),
		      N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++)
		ARENA_PUSH(mem, &list, read_session(&rows, i));
	before = shown ? row_int(&rows, shown - 1, 0) : 0;
	page->next = more ? page_put_numbers(mem, &before, 1) : STR("");
	*out = list;
	return 0;
}

int audit_add(struct store *store, const struct audit_row *row, int64_t now, struct err *err)
{
	const struct sql_check checks[] = {
		{ row->tenant, STORE_MAX_KEY, "the tenant of an action" },
		{ row->actor, STORE_MAX_KEY, "the actor of an action" },
		{ row->action, STORE_MAX_KEY, "the name of an action" },
		{ row->subject, STORE_MAX_KEY, "the subject of an action" },
		{ row->detail, STORE_MAX_TEXT, "the detail of an action" },
	};

	if (sql_check_all(checks, COUNT(checks), err) < 0)
		return -1;
	return SQL_ALONE(store, SQL_DURABLE, NULL, NULL, err,
			 "INSERT INTO audit (at, tenant, actor, action, subject, detail)"
			 " VALUES ($1, $2, $3, $4, $5, $6)", N(now), T(row->tenant), T(row->actor),
			 T(row->action), T(row->subject), T(row->detail));
}

int audit_list(struct store *store, struct view view, struct page *page, struct audit_list *out,
	       struct arena *mem, struct err *err)
{
	struct audit_list list = { 0 };
	struct sql_rows rows;
	int64_t before;
	size_t shown;
	bool more;

	if (page_numbers(page, &before, 1, INT64_MAX, err) < 0)
		return -1;
	if (SQL_ALONE(store, SQL_READ, mem, &rows, err,
		      "SELECT id, at, tenant, actor, action, subject, detail FROM audit WHERE id < $1"
		      " AND ($2 = 1 OR tenant = $3) ORDER BY id DESC LIMIT $4",
		      N(before), N(view.all), T(view.tenant), N(page_rows(page))) < 0)
		return -1;
	shown = page_shown(page, rows.n, &more);
	for (size_t i = 0; i < shown; i++) {
		struct audit_row row = {
			.id = row_int(&rows, i, 0),
			.at = row_int(&rows, i, 1),
			.tenant = row_str(&rows, i, 2),
			.actor = row_str(&rows, i, 3),
			.action = row_str(&rows, i, 4),
			.subject = row_str(&rows, i, 5),
			.detail = row_str(&rows, i, 6),
		};

		ARENA_PUSH(mem, &list, row);
	}
	page->next = more ? page_put_numbers(mem, &list.items[shown - 1].id, 1) : STR("");
	*out = list;
	return 0;
}
