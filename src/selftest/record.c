/* What becomes of a run: the verdict, its sentence, its JSON. */
#include "selftest/record.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"

static const char *const words[RECORD_VERDICT_COUNT] = {
#define X(id, word) word,
	RECORD_VERDICTS(X)
#undef X
};

const char *record_word(enum record_verdict verdict)
{
	return words[verdict];
}

const char *record_key_differs(const struct record_key *a, const struct record_key *b)
{
	const struct {
		const char *a, *b, *what;
	} all[] = {
		{ a->program, b->program, "of another version of this program" },
		{ a->tricks, b->tricks, "of other tricks" },
		{ a->kernel, b->kernel, "of another kernel" },
		{ a->boot, b->boot, "of an earlier start of this machine" },
	};

	for (size_t i = 0; i < COUNT(all); i++)
		if (strcmp(all[i].a, all[i].b) != 0)
			return all[i].what;
	return a->user == b->user ? NULL : "of another user";
}

/* ---- the verdict ---- */

static bool is_escape(const struct selftest_trick *t, enum selftest_wall wall)
{
	return t->verdict[wall] == TRICK_WORKED && !selftest_baseline(t->id, wall);
}

static void count(struct record_wall *out, const struct selftest *test, enum selftest_wall wall)
{
	out->there = test->walls[wall].wanted && test->walls[wall].there;
	for (size_t i = 0; i < test->tricks.n; i++) {
		const struct selftest_trick *t = &test->tricks.items[i];
		enum selftest_verdict verdict = t->verdict[wall];

		out->tried += verdict != TRICK_NOT_RUN;
		out->stopped += verdict == TRICK_STOPPED;
		out->broken += verdict == TRICK_BROKEN;
		out->escaped += is_escape(t, wall);
		out->allowed += verdict == TRICK_WORKED && !is_escape(t, wall);
	}
}

/* The first trick of a wall for which `is` holds. */
static const struct selftest_trick *first(const struct selftest *test, enum selftest_wall wall,
					  bool (*is)(const struct selftest_trick *, enum selftest_wall))
{
	for (size_t i = 0; i < test->tricks.n; i++)
		if (is(&test->tricks.items[i], wall))
			return &test->tricks.items[i];
	return NULL;
}

static bool is_broken(const struct selftest_trick *t, enum selftest_wall wall)
{
	return t->verdict[wall] == TRICK_BROKEN;
}

static bool is_unseen(const struct selftest_trick *t, enum selftest_wall wall)
{
	return selftest_is_control(t->id) && t->verdict[wall] != TRICK_WORKED;
}

static void tell_escapes(struct record *out, const struct selftest *test)
{
	uint64_t n = 0;
	bool told = false;

	for (int wall = WALL_BUILD; wall < WALLS; wall++)
		n += out->walls[wall].escaped;
	if (n == 0)
		return;
	out->verdict = RECORD_ESCAPED;
	for (int wall = WALL_BUILD; wall < WALLS && !told; wall++) {
		const struct selftest_trick *t = first(test, (enum selftest_wall)wall, is_escape);

		if (!t)
			continue;
		told = true;
		snprintf(out->why, sizeof out->why, "%.*s (%.*s) got out of wall %s: %.*s; %llu in all",
			 STR_ARG(t->id), STR_ARG(t->title),
			 selftest_wall_name((enum selftest_wall)wall), STR_ARG(t->why[wall]),
			 (unsigned long long)n);
	}
}

static void find_missing_wall(struct record *out, const struct selftest *test)
{
	for (int wall = WALL_BUILD; wall < WALLS && out->verdict == RECORD_HELD; wall++) {
		if (out->walls[wall].there)
			continue;
		out->verdict = RECORD_NOT_TRIED;
		snprintf(out->why, sizeof out->why, "%.*s", STR_ARG(test->walls[wall].why));
	}
}

/* What keeps a run without escapes from being a proof. */
static bool find_gap(struct record *out, const struct selftest *test)
{
	const struct selftest_trick *unseen = first(test, WALL_BARE, is_unseen);
	uint64_t controls = 0;

	for (int wall = WALL_BUILD; wall < WALLS; wall++) {
		const struct selftest_trick *broken = first(test, (enum selftest_wall)wall, is_broken);

		if (broken)
			snprintf(out->why, sizeof out->why, "%.*s could not be tried: %.*s",
				 STR_ARG(broken->id), STR_ARG(broken->why[wall]));
		if (*out->why)
			return true;
	}
	for (size_t i = 0; i < test->tricks.n; i++)
		controls += selftest_is_control(test->tricks.items[i].id);
	if (unseen)
		snprintf(out->why, sizeof out->why,
			 "the self-test sees too little here: %.*s (%.*s) did not work without a sandbox",
			 STR_ARG(unseen->id), STR_ARG(unseen->title));
	else if (controls < selftest_controls())
		snprintf(out->why, sizeof out->why, "the list of tricks lacks those that must work");
	return *out->why;
}

/* A reason goes into JSON and logs: as text without line ends. */
static void clean(char *text)
{
	if (!str_is_utf8(str_of(text)))
		for (char *c = text; *c; c++)
			if ((unsigned char)*c >= 0x80)
				*c = '?';
	for (char *c = text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = ' ';
}

void record_judge(struct record *out, const struct selftest *test)
{
	struct record r = { .verdict = RECORD_HELD };

	for (int wall = 0; wall < WALLS; wall++)
		count(&r.walls[wall], test, (enum selftest_wall)wall);
	tell_escapes(&r, test);
	find_missing_wall(&r, test);
	if (r.verdict == RECORD_HELD && find_gap(&r, test))
		r.verdict = RECORD_INCOMPLETE;
	clean(r.why);
	*out = r;
}

bool record_is_fresh(const struct record *r, const struct record_key *key, int64_t now)
{
	return !record_key_differs(&r->key, key) &&
	       (r->verdict == RECORD_HELD || r->verdict == RECORD_NOT_TRIED) &&
	       now - r->made >= -RECORD_SKEW_SECONDS && now - r->made < RECORD_DAY_SECONDS;
}

void record_say(struct buf *out, const struct record *r)
{
	static const char *const starts[RECORD_VERDICT_COUNT] = {
		[RECORD_ESCAPED] = "the sandbox does not hold",
		[RECORD_INCOMPLETE] = "whether the sandbox holds could not be found out",
		[RECORD_NOT_TRIED] = "the sandbox was not tried, this host cannot make it; reviews run in a confinement of their own",
	};
	uint64_t tried = 0, allowed = 0;

	for (int wall = WALL_BUILD; wall < WALLS; wall++) {
		tried += r->walls[wall].tried;
		allowed += r->walls[wall].allowed;
	}
	if (r->verdict == RECORD_HELD)
		buf_printf(out, "the sandbox holds: %llu attempts, none got out but %llu that its baseline allows",
			   (unsigned long long)tried, (unsigned long long)allowed);
	else
		buf_printf(out, "%s: %s", starts[r->verdict], r->why);
}

/* ---- JSON ---- */

static json_t *wall_json(const struct record_wall *w)
{
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "there", w->there, "tried",
			 (json_int_t)w->tried, "stopped", (json_int_t)w->stopped, "allowed",
			 (json_int_t)w->allowed, "escaped", (json_int_t)w->escaped, "broken",
			 (json_int_t)w->broken);
}

int record_encode(struct buf *out, const struct record *r, struct err *err)
{
	json_t *walls = json_object(), *all;
	char *text;

	for (int wall = 0; wall < WALLS; wall++)
		json_object_set_new(walls, selftest_wall_name((enum selftest_wall)wall),
				    wall_json(&r->walls[wall]));
	all = json_pack("{s:i, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:o}", "version", 1, "verdict",
			record_word(r->verdict), "why", r->why, "made", (json_int_t)r->made, "program",
			r->key.program, "tricks", r->key.tricks, "kernel", r->key.kernel, "boot",
			r->key.boot, "user", (json_int_t)r->key.user, "walls", walls);
	text = all ? json_dumps(all, JSON_INDENT(1)) : NULL;
	json_decref(all);
	if (!text)
		return err_set(err, ERR_BUG, "a record is no JSON");
	buf_add(out, str_of(text));
	buf_add_byte(out, '\n');
	free(text);
	return 0;
}

static bool read_wall(struct record_wall *out, json_t *json)
{
	json_int_t n[5];
	int there;

	if (json_unpack(json, "{s:b, s:I, s:I, s:I, s:I, s:I !}", "there", &there, "tried", &n[0],
			"stopped", &n[1], "allowed", &n[2], "escaped", &n[3], "broken", &n[4]) < 0)
		return false;
	for (size_t i = 0; i < COUNT(n); i++)
		if (n[i] < 0 || n[i] > SELFTEST_MAX_TRICKS)
			return false;
	*out = (struct record_wall){ there != 0,         (uint64_t)n[0], (uint64_t)n[1],
				     (uint64_t)n[2], (uint64_t)n[3], (uint64_t)n[4] };
	return true;
}

static bool take_text(char *out, size_t room, const char *text)
{
	size_t n = strlen(text);

	if (n >= room)
		return false;
	memcpy(out, text, n + 1);
	return true;
}

static bool read_verdict(enum record_verdict *out, const char *word)
{
	for (int i = 0; i < RECORD_VERDICT_COUNT; i++)
		if (strcmp(words[i], word) == 0) {
			*out = (enum record_verdict)i;
			return true;
		}
	return false;
}

static bool read_walls(struct record *r, json_t *walls)
{
	for (int i = 0; i < WALLS; i++)
		if (!read_wall(&r->walls[i],
			       json_object_get(walls, selftest_wall_name((enum selftest_wall)i))))
			return false;
	return json_object_size(walls) == WALLS;
}

static bool read_record(struct record *r, json_t *all)
{
	const char *verdict, *why, *program, *tricks, *kernel, *boot;
	json_int_t version, made, user;
	json_t *walls;

	if (json_unpack(all, "{s:I, s:s, s:s, s:I, s:s, s:s, s:s, s:s, s:I, s:o !}", "version",
			&version, "verdict", &verdict, "why", &why, "made", &made, "program",
			&program, "tricks", &tricks, "kernel", &kernel, "boot", &boot, "user", &user,
			"walls", &walls) < 0 ||
	    version != 1 || made < 0 || user < 0)
		return false;
	r->made = made;
	r->key.user = (uint64_t)user;
	return read_verdict(&r->verdict, verdict) && take_text(r->why, sizeof r->why, why) &&
	       take_text(r->key.program, sizeof r->key.program, program) &&
	       take_text(r->key.tricks, sizeof r->key.tricks, tricks) &&
	       take_text(r->key.kernel, sizeof r->key.kernel, kernel) &&
	       take_text(r->key.boot, sizeof r->key.boot, boot) && read_walls(r, walls);
}

/* A verdict must agree with its own figures. */
static bool is_consistent(const struct record *r)
{
	uint64_t escaped = 0;
	bool whole = true;

	for (int wall = WALL_BUILD; wall < WALLS; wall++) {
		const struct record_wall *w = &r->walls[wall];

		if (w->stopped + w->allowed + w->escaped + w->broken != w->tried)
			return false;
		escaped += w->escaped;
		whole &= w->there && w->tried > 0 && w->broken == 0;
	}
	return (r->verdict == RECORD_ESCAPED) == (escaped > 0) &&
	       (r->verdict != RECORD_HELD || whole) && (r->verdict == RECORD_HELD) == !*r->why;
}

int record_decode(struct record *out, struct str text, struct err *err)
{
	struct record r = { 0 };
	json_error_t why;
	json_t *all;
	bool good;

	if (text.len > RECORD_MAX_BYTES)
		return err_input(err, "more than %d bytes", RECORD_MAX_BYTES);
	all = json_loadb(text.p ? text.p : "", text.len, JSON_REJECT_DUPLICATES, &why);
	if (!all)
		return err_input(err, "no JSON: %s", why.text);
	good = read_record(&r, all) && is_consistent(&r);
	json_decref(all);
	if (!good)
		return err_input(err, "no record of a self-test");
	clean(r.why);
	*out = r;
	return 0;
}
