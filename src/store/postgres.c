/* postgres.c - the engine of many machines. Waits on a row are short here: transactions that must not meet take a lock first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "late_pq.h"
#include "sql.h"
#include "statements.h"

enum {
	OLDEST_SERVER = 130000,
	MAX_ARGS = 48,
	OID_INT8 = 20, /* from the server's pg_type, fixed for ever */
	OID_INT4 = 23,
	OID_TEXT = 25,
};

/*
 * A server that went away without a word (a cut cable) must be noticed in seconds. What the URL says wins.
 * The locks are "ORDR" and the number of enum sql_lock.
 */
static const char *const defaults[][2] = {
	{ "connect_timeout", "5" },   { "keepalives_idle", "5" },
	{ "keepalives_interval", "2" }, { "keepalives_count", "3" },
	{ "tcp_user_timeout", "10000" }, { "fallback_application_name", "outrider" },
};
static const char setup[] =
	"SET statement_timeout = '30s'; SET lock_timeout = '20s';"
	"SET idle_in_transaction_session_timeout = '60s';"
	"SET default_transaction_isolation = 'read committed'; SET standard_conforming_strings = on;"
	/* what is acknowledged is on disk, whatever the server's default is */
	"SELECT set_config('synchronous_commit', CASE current_setting('synchronous_commit')"
	" WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, false)";

struct postgres {
	PGconn           *conn;
	struct statements statements;
	char             *password;  /* NULL: none; to keep it out of errors */
	unsigned          made;      /* names of prepared statements */
	bool              listens;   /* only who asks: libpq keeps each note until it is fetched */
	bool              fresh;     /* connected since store_changed() was last called */
};

static void free_result(PGresult *const *result)
{
	PQclear(*result);
}

static void finish_options(PQconninfoOption *const *options)
{
	PQconninfoFree(*options);
}

/* The first line of libpq's text, without the password should it ever stand there. */
static void clean_text(const struct postgres *p, const char *text, char *out, size_t size)
{
	size_t len = strcspn(text, "\n");
	char *at;

	snprintf(out, size, "%.*s", (int)(len < size ? len : size - 1), text);
	while (p->password && (at = strstr(out, p->password)))
		memset(at, '*', strlen(p->password));
}

struct state_class {
	const char   *state; /* the start of an SQLSTATE */
	enum err_kind kind;
	bool          again;
};

static struct state_class class_of(const char *state)
{
	static const struct state_class classes[] = {
		{ "40001", ERR_TEMP, true },  { "40P01", ERR_TEMP, true },  { "40", ERR_TEMP, false },
		{ "08", ERR_TEMP, false },    { "53", ERR_TEMP, false },    { "57", ERR_TEMP, false },
		{ "55", ERR_TEMP, false },    { "58", ERR_TEMP, false },    { "25006", ERR_TEMP, false },
		{ "25P03", ERR_TEMP, false }, { "28", ERR_PERM, false },    { "42501", ERR_PERM, false },
		{ "3D", ERR_PERM, false },    { "XX", ERR_PERM, false },    { "22", ERR_INPUT, false },
		{ "54", ERR_INPUT, false },
	};

	for (size_t i = 0; state && i < COUNT(classes); i++)
		if (str_starts(str_of(state), str_of(classes[i].state)))
			return classes[i];
	return (struct state_class){ "", ERR_BUG, false };
}

static int fail(struct postgres *p, const PGresult *result, struct sql_failure *failure,
		struct err *err)
{
	struct sql_failure ignored;
	struct state_class class = class_of(result ? PQresultErrorField(result, PG_DIAG_SQLSTATE)
						   : NULL);
	char text[512];

	if (!failure)
		failure = &ignored;
	failure->lost = PQstatus(p->conn) != CONNECTION_OK;
	failure->again = class.again && !failure->lost;
	clean_text(p, PQerrorMessage(p->conn), text, sizeof text);
	return err_set(err, failure->lost ? ERR_TEMP : class.kind, "postgres: %s", text);
}

static void ignore_notice(void *payload, const PGresult *result)
{
	(void)payload, (void)result;
}

static int simple(struct postgres *p, const char *text, struct sql_failure *failure, struct err *err)
{
	PGresult *result AUTO(free_result) = PQexec(p->conn, text);
	ExecStatusType status = PQresultStatus(result);

	if (status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK)
		return 0;
	return fail(p, result, failure, err);
}

/* What every new connection needs; also after a lost one. */
static int prepare_session(struct postgres *p, struct err *err)
{
	const char *encoding;

	PQsetNoticeReceiver(p->conn, ignore_notice, NULL);
	if (PQserverVersion(p->conn) < OLDEST_SERVER)
		return err_set(err, ERR_PERM, "postgres: the server is too old, 13 is needed");
	encoding = PQparameterStatus(p->conn, "server_encoding");
	if (!encoding || strcmp(encoding, "UTF8") != 0)
		return err_set(err, ERR_PERM, "postgres: the database's encoding is %s: make one "
			       "with ENCODING 'UTF8'", encoding ? encoding : "unknown");
	p->fresh = true;
	p->listens = false;
	return simple(p, setup, NULL, err);
}

/*
 * libpq quotes parts of a URL that it cannot read, so its own words about it are never shown.
 * Keeps a copy of the password.
 */
static int read_url(struct postgres *p, const char *url, struct err *err)
{
	char *ignored = NULL;
	PQconninfoOption *options AUTO(finish_options) = PQconninfoParse(url, &ignored);

	PQfreemem(ignored);
	if (!options)
		return err_input(err, "the database URL cannot be read: write "
				 "postgres://user@host:port/database, with %%-escapes");
	for (const PQconninfoOption *o = options; o->keyword; o++)
		if (strcmp(o->keyword, "password") == 0 && o->val && *o->val)
			p->password = strdup(o->val);
	return 0;
}

static int connect_postgres(struct postgres *p, const char *url, struct err *err)
{
	const char *keys[COUNT(defaults) + 3], *values[COUNT(defaults) + 3];
	size_t n = 0;

	for (; n < COUNT(defaults); n++) {
		keys[n] = defaults[n][0];
		values[n] = defaults[n][1];
	}
	keys[n] = "dbname";
	values[n++] = url;
	keys[n] = "client_encoding";
	values[n++] = "UTF8";
	keys[n] = NULL;
	values[n] = NULL;
	p->conn = PQconnectdbParams(keys, values, 1);
	if (PQstatus(p->conn) != CONNECTION_OK)
		return fail(p, NULL, NULL, err);
	return prepare_session(p, err);
}

static void close_postgres(void *db)
{
	struct postgres *p = db;

	if (!p)
		return;
	PQfinish(p->conn);
	statements_release(&p->statements, NULL);
	if (p->password)
		explicit_bzero(p->password, strlen(p->password));
	free(p->password);
	free(p);
}

static int open_postgres(void **db, const char *url, struct err *err)
{
	struct postgres *p;

	if (late_pq(err))
		return -1;
	p = calloc(1, sizeof *p);
	if (!p)
		return err_set(err, ERR_TEMP, "out of memory");
	if (read_url(p, url, err) < 0 || connect_postgres(p, url, err) < 0) {
		close_postgres(p);
		return err_wrap(err, "cannot open the database");
	}
	*db = p;
	return 0;
}

/* After a lost connection: a new one, without the old prepared statements. */
static int reconnect(struct postgres *p, struct err *err)
{
	statements_release(&p->statements, NULL);
	PQreset(p->conn);
	if (PQstatus(p->conn) != CONNECTION_OK)
		return fail(p, NULL, NULL, err);
	return prepare_session(p, err);
}

/* Parameters as libpq wants them: numbers in network order, texts with their length. */
struct arguments {
	Oid         types[MAX_ARGS];
	const char *values[MAX_ARGS];
	int         lengths[MAX_ARGS];
	int         binary[MAX_ARGS];
	uint64_t    numbers[MAX_ARGS];
};

static int read_arguments(struct arguments *to, const struct sql_value *args, size_t n, struct err *err)
{
	if (n > MAX_ARGS)
		return err_set(err, ERR_BUG, "postgres: too many parameters");
	for (size_t i = 0; i < n; i++) {
		bool number = args[i].type == SQL_INT;

		to->binary[i] = 1;
		to->types[i] = number ? OID_INT8 : OID_TEXT;
		to->numbers[i] = __builtin_bswap64((uint64_t)args[i].i);
		to->values[i] = number ? (const char *)&to->numbers[i] : args[i].s.p ? args[i].s.p : "";
		to->lengths[i] = number ? (int)sizeof to->numbers[i] : (int)args[i].s.len;
	}
	return 0;
}

static int prepare(struct postgres *p, const char *key, struct str text, const struct arguments *a,
		   size_t n, char *name, size_t size, struct sql_failure *failure, struct err *err)
{
	struct statement *slot = statements_find(&p->statements, key);
	unsigned number;

	if (!slot)
		return err_set(err, ERR_BUG, "postgres: too many statements");
	number = slot->key ? (unsigned)(uintptr_t)slot->handle : ++p->made;
	snprintf(name, size, "s%u", number);
	if (!slot->key) {
		PGresult *result AUTO(free_result) = PQprepare(p->conn, name, text.p, (int)n, a->types);

		if (PQresultStatus(result) != PGRES_COMMAND_OK)
			return fail(p, result, failure, err);
		statements_keep(&p->statements, slot, key, (void *)(uintptr_t)number);
	}
	return 0;
}

static void read_cell(struct sql_value *cell, const PGresult *result, int row, int column,
		      struct arena *mem)
{
	Oid type = PQftype(result, column);
	const char *text = PQgetvalue(result, row, column);

	*cell = (struct sql_value){ .type = SQL_INT };
	if (PQgetisnull(result, row, column))
		return;
	if (type == OID_INT8 || type == OID_INT4) {
		cell->i = strtoll(text, NULL, 10);
	} else {
		cell->type = SQL_TEXT;
		cell->s = arena_str(mem, (struct str){ text, (size_t)PQgetlength(result, row, column) });
	}
}

static void read_rows(struct sql_rows *out, const PGresult *result, struct arena *mem)
{
	*out = (struct sql_rows){ .n = (size_t)PQntuples(result), .columns = (size_t)PQnfields(result) };
	out->changed = strtoll(PQcmdTuples((PGresult *)(uintptr_t)result), NULL, 10);
	if (out->n == 0)
		return;
	out->cells = ARENA_ARRAY(mem, out->n * out->columns, struct sql_value);
	for (size_t r = 0; r < out->n; r++)
		for (size_t c = 0; c < out->columns; c++)
			read_cell(&out->cells[r * out->columns + c], result, (int)r, (int)c, mem);
}

static int run(void *db, const char *key, struct str text, const struct sql_value *args, size_t n,
	       struct arena *mem, struct sql_rows *rows, struct sql_failure *failure, struct err *err)
{
	struct postgres *p = db;
	__attribute__((uninitialized)) struct arguments a;
	char name[24];
	PGresult *result AUTO(free_result) = NULL;
	ExecStatusType status;

	if (read_arguments(&a, args, n, err) < 0)
		return -1;
	if (prepare(p, key, text, &a, n, name, sizeof name, failure, err) < 0)
		return -1;
	result = PQexecPrepared(p->conn, name, (int)n, a.values, a.lengths, a.binary, 0);
	status = PQresultStatus(result);
	if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
		return fail(p, result, failure, err);
	read_rows(rows, result, mem);
	return 0;
}

static int begin(void *db, enum sql_mode mode, struct sql_failure *failure, struct err *err)
{
	static const char *const texts[] = {
		[SQL_READ] = "BEGIN READ ONLY",
		[SQL_LAZY] = "BEGIN; SET LOCAL synchronous_commit = off",
		[SQL_DURABLE] = "BEGIN",
	};
	struct postgres *p = db;

	if (PQstatus(p->conn) != CONNECTION_OK && reconnect(p, err) < 0)
		return -1;
	if (simple(p, texts[mode], failure, err) == 0)
		return 0;
	/* a connection that was lost while it was idle: nothing began, so one more try is harmless */
	if (!failure->lost || reconnect(p, err) < 0)
		return -1;
	return simple(p, texts[mode], failure, err);
}

/* To a transaction that had failed COMMIT is a rollback, and says so in its tag only. */
static int commit(void *db, struct sql_failure *failure, struct err *err)
{
	struct postgres *p = db;
	PGresult *result AUTO(free_result) = PQexec(p->conn, "COMMIT");

	if (PQresultStatus(result) != PGRES_COMMAND_OK)
		return fail(p, result, failure, err);
	if (strcmp(PQcmdStatus(result), "COMMIT") != 0)
		return err_set(err, ERR_BUG, "postgres: the transaction was rolled back");
	return 0;
}

static void rollback(void *db)
{
	struct postgres *p = db;

	if (PQstatus(p->conn) == CONNECTION_OK && PQtransactionStatus(p->conn) != PQTRANS_IDLE)
		simple(p, "ROLLBACK", NULL, NULL);
}

static int lock(void *db, enum sql_lock lock, struct sql_failure *failure, struct err *err)
{
	static const char query[] = "SELECT 1 FROM (SELECT pg_advisory_xact_lock(1331843154, "
				    "CAST($1 AS integer))) AS l";
	const struct sql_value arg = N(lock);
	AUTO_ARENA struct arena mem;
	struct sql_rows rows;

	arena_init(&mem, 1 << 20);
	return run(db, query, str_of(query), &arg, 1, &mem, &rows, failure, err);
}

static int notify(void *db, struct sql_failure *failure, struct err *err)
{
	return simple(db, "NOTIFY outrider_job", failure, err);
}

static int changed(void *db, bool *out, struct err *err)
{
	struct postgres *p = db;
	PGnotify *note;

	if (PQstatus(p->conn) != CONNECTION_OK && reconnect(p, err) < 0)
		return -1;
	if (!p->listens && simple(p, "LISTEN outrider_job", NULL, err) < 0)
		return -1;
	p->listens = true;
	if (!PQconsumeInput(p->conn))
		return fail(p, NULL, NULL, err);
	/* a new connection may have missed some */
	*out = p->fresh;
	p->fresh = false;
	while ((note = PQnotifies(p->conn))) {
		*out = *out || note->be_pid != PQbackendPID(p->conn);
		PQfreemem(note);
	}
	return 0;
}

static int socket_of(const void *db)
{
	return PQsocket(((const struct postgres *)db)->conn);
}

static const struct sql_word words[] = {
	{ "id", "BIGINT GENERATED BY DEFAULT AS IDENTITY PRIMARY KEY" },
	{ "int", "BIGINT" },
	{ "text", "TEXT COLLATE \"C\"" },
	{ "strict", "" },
	{ "lock", "FOR UPDATE" },
	{ "skip", "FOR UPDATE SKIP LOCKED" },
	{ "each", "SELECT json_array_elements_text(CAST(" },
	{ "end", " AS json))" },
	/* an array is looked up in an index, whatever the planner believes of the table */
	{ "among", "= ANY (ARRAY(SELECT json_array_elements_text(CAST(" },
	{ "end_among", " AS json))))" },
	{ "rows", "jsonb_array_elements(CAST(" },
	{ "as", " AS jsonb)) AS r(value) WHERE true" },
	{ NULL, NULL },
};

const struct engine engine_postgres = {
	.name = "postgres",
	.scheme = "postgres",
	.whole = true,
	.words = words,
	.open = open_postgres,
	.close = close_postgres,
	.begin = begin,
	.commit = commit,
	.rollback = rollback,
	.run = run,
	.lock = lock,
	.notify = notify,
	.changed = changed,
	.fd = socket_of,
	.clock = "SELECT CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)",
	.size = "SELECT pg_database_size(current_database())",
};
