#include "sql.h"

#include <stdlib.h>
#include <time.h>

#include "base/scope.h"

static const char *word_text(const struct engine *engine, struct str word)
{
	for (const struct sql_word *w = engine->words; w->word; w++)
		if (str_eq(word, str_of(w->word)))
			return w->text;
	return NULL;
}

static int expand(const struct engine *engine, const char *text, struct buf *out, struct err *err)
{
	struct str rest = str_of(text);

	while (rest.len) {
		size_t open = str_find_byte(rest, '{');
		struct str word;
		const char *with;

		buf_add(out, str_sub(rest, 0, open));
		if (open == SIZE_MAX)
			break;
		rest = str_from(rest, open + 1);
		str_cut(&rest, '}', &word);
		with = word_text(engine, word);
		if (!with)
			return err_set(err, ERR_BUG, "there is no SQL word {%.*s}", STR_ARG(word));
		buf_add(out, str_of(with));
	}
	return 0;
}

/* Neither engine keeps other texts than these, or not both in the same way. */
static int check_text(struct str s, const char *name, struct err *err)
{
	if (s.len && memchr(s.p, 0, s.len))
		return err_input(err, "%s has a NUL byte and cannot be stored", name);
	if (!str_is_utf8(s))
		return err_input(err, "%s is not UTF-8 and cannot be stored", name);
	return 0;
}

static int check_texts(const struct sql_value *args, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (args[i].type == SQL_TEXT && check_text(args[i].s, "a text", err) < 0)
			return -1;
	return 0;
}

int sql_run(struct store *store, struct arena *mem, struct sql_rows *rows, const char *text,
	    const struct sql_value *args, size_t n, struct err *err)
{
	AUTO_BUF struct buf whole = { 0 };
	struct sql_rows ignored;

	if (check_texts(args, n, err) < 0)
		return -1;
	if (expand(store->engine, text, &whole, err) < 0)
		return -1;
	buf_add_byte(&whole, 0); /* for libpq */
	return store->engine->run(store->db, text, str_sub(buf_str(&whole), 0, whole.len - 1), args, n, mem,
				  rows ? rows : &ignored, &store->failure, err);
}

int sql_lock(struct store *store, enum sql_lock lock, struct err *err)
{
	return store->engine->lock(store->db, lock, &store->failure, err);
}

void sql_notify(struct store *store)
{
	store->wakes = true;
}

/* What is to happen with the commit, and the commit. */
static int end(struct store *store, struct err *err)
{
	if (store->wakes && store->engine->notify(store->db, &store->failure, err) < 0)
		return -1;
	return store->engine->commit(store->db, &store->failure, err);
}

static int try_once(struct store *store, enum sql_mode mode,
		    int (*work)(struct store *store, void *payload, struct err *err), void *payload,
		    struct err *err)
{
	store->failure = (struct sql_failure){ 0 };
	store->wakes = false;
	if (store->engine->begin(store->db, mode, &store->failure, err) < 0)
		return -1;
	if (work(store, payload, err) < 0 || end(store, err) < 0) {
		store->engine->rollback(store->db);
		return -1;
	}
	return 0;
}

/* 1, 2, 4, ... ms: whoever we met is through by then. */
static void pause_before(unsigned try)
{
	struct timespec wait = { 0, 1000000L << try };

	nanosleep(&wait, NULL);
}

int sql_transact(struct store *store, enum sql_mode mode,
		 int (*work)(struct store *store, void *payload, struct err *err), void *payload,
		 struct err *err)
{
	for (unsigned try = 0;; try++) {
		if (try_once(store, mode, work, payload, err) == 0)
			return 0;
		if (!store->failure.again || try + 1 == SQL_MAX_TRIES)
			return -1;
		pause_before(try);
	}
}

struct alone {
	struct arena           *mem;
	struct sql_rows        *rows;
	const char             *text;
	const struct sql_value *args;
	size_t                  n;
};

static int run_alone(struct store *store, void *payload, struct err *err)
{
	struct alone *a = payload;

	return sql_run(store, a->mem, a->rows, a->text, a->args, a->n, err);
}

int sql_alone(struct store *store, enum sql_mode mode, struct arena *mem, struct sql_rows *rows,
	      const char *text, const struct sql_value *args, size_t n, struct err *err)
{
	struct alone alone = { mem, rows, text, args, n };

	return sql_transact(store, mode, run_alone, &alone, err);
}

int64_t row_int(const struct sql_rows *rows, size_t row, size_t column)
{
	return rows->cells[row * rows->columns + column].i;
}

uint64_t row_u64(const struct sql_rows *rows, size_t row, size_t column)
{
	return (uint64_t)row_int(rows, row, column);
}

uint32_t row_u32(const struct sql_rows *rows, size_t row, size_t column)
{
	int64_t i = row_int(rows, row, column);

	return i < 0 ? 0 : i > UINT32_MAX ? UINT32_MAX : (uint32_t)i;
}

struct str row_str(const struct sql_rows *rows, size_t row, size_t column)
{
	return rows->cells[row * rows->columns + column].s;
}

void row_z(char *out, size_t size, const struct sql_rows *rows, size_t row, size_t column)
{
	struct str s = str_sub(row_str(rows, row, column), 0, size - 1);

	if (s.len)
		memcpy(out, s.p, s.len);
	out[s.len] = 0;
}

int sql_check(struct str s, size_t max, const char *name, struct err *err)
{
	if (s.len > max)
		return err_input(err, "%s is longer than %zu bytes", name, max);
	return check_text(s, name, err);
}

int sql_check_all(const struct sql_check *checks, size_t n, struct err *err)
{
	for (size_t i = 0; i < n; i++)
		if (sql_check(checks[i].s, checks[i].max, checks[i].name, err) < 0)
			return -1;
	return 0;
}

struct str sql_clean(struct arena *mem, struct str s, size_t max)
{
	/* a wrong byte becomes three */
	size_t room = s.len < max / 3 ? s.len * 3 : max;
	char *out = arena_alloc(mem, room ? room : 1);
	size_t len = 0;

	for (size_t i = 0; i < s.len;) {
		size_t n = str_utf8_len(s.p + i, s.len - i);
		bool good = s.p[i] && str_is_utf8(str_sub(s, i, i + n));
		struct str c = good ? str_sub(s, i, i + n) : STR("\xef\xbf\xbd");

		if (len + c.len > room)
			break;
		memcpy(out + len, c.p, c.len);
		len += c.len;
		i += n;
	}
	return (struct str){ out, len };
}
