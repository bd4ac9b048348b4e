#include <jansson.h>
#include <stdlib.h>

#include "lab.h"

static const char *const verdicts[] = { "-", "stopped", "WORKED", "broken" };

static bool is_there(const struct selftest *test, int wall)
{
	return test->walls[wall].wanted && test->walls[wall].there;
}

/* "stopped", "WORKED", "n/a": what works nowhere says nothing about a wall. */
static const char *word(const struct selftest_trick *t, int wall)
{
	enum selftest_verdict bare = t->verdict[WALL_BARE];

	if (wall == WALL_BARE)
		return bare == TRICK_WORKED ? "works" : bare == TRICK_NOT_RUN ? "-" : "n/a";
	if (t->verdict[wall] == TRICK_STOPPED && bare != TRICK_WORKED && bare != TRICK_NOT_RUN)
		return "n/a";
	if (t->verdict[wall] == TRICK_WORKED && selftest_baseline(t->id, (enum selftest_wall)wall))
		return "allowed";
	return verdicts[t->verdict[wall]];
}

static void text_row(struct buf *out, const struct selftest *test, const struct selftest_trick *t)
{
	buf_printf(out, "%-4.*s %-13.*s", STR_ARG(t->id), STR_ARG(t->family));
	for (int wall = 0; wall < WALLS; wall++)
		if (is_there(test, wall))
			buf_printf(out, " %-10s", word(t, wall));
	buf_printf(out, " %.*s\n", STR_ARG(t->title));
	for (int wall = WALL_BUILD; wall < WALLS; wall++) {
		const char *why = t->verdict[wall] == TRICK_WORKED
					  ? selftest_baseline(t->id, (enum selftest_wall)wall)
					  : NULL;

		if (t->verdict[wall] == TRICK_WORKED || t->verdict[wall] == TRICK_BROKEN)
			buf_printf(out, "     %s: %.*s%s%s\n",
				   selftest_wall_name((enum selftest_wall)wall),
				   STR_ARG(t->why[wall]), why ? "; allowed: " : "", why ? why : "");
	}
}

static void text_score(struct buf *out, const struct selftest *test, int wall)
{
	const struct selftest_wall_result *result = &test->walls[wall];
	struct selftest_score score;

	if (!result->wanted)
		return;
	if (!result->there) {
		buf_printf(out, "%-10s not tried: %.*s\n",
			   selftest_wall_name((enum selftest_wall)wall), STR_ARG(result->why));
		return;
	}
	selftest_score(&score, test, (enum selftest_wall)wall, STR(""));
	if (wall == WALL_BARE)
		buf_printf(out, "%-10s %zu of %zu tricks work without a sandbox (%.1f s)\n", "bare",
			   score.tried, test->tricks.n, (double)result->ms / 1000);
	else
		buf_printf(
			out,
			"%-10s %zu of %zu stopped (%.1f %%), %zu allowed, %zu unexpected (%.1f s)\n",
			selftest_wall_name((enum selftest_wall)wall), score.stopped, score.tried,
			score.tried ? 100.0 * (double)score.stopped / (double)score.tried : 100.0,
			score.explained, score.unexpected, (double)result->ms / 1000);
}

void selftest_text(struct buf *out, const struct selftest *test)
{
	buf_printf(out, "%-4s %-13s", "id", "family");
	for (int wall = 0; wall < WALLS; wall++)
		if (is_there(test, wall))
			buf_printf(out, " %-10s", selftest_wall_name((enum selftest_wall)wall));
	buf_add(out, STR(" trick\n"));
	for (size_t i = 0; i < test->tricks.n; i++)
		text_row(out, test, &test->tricks.items[i]);
	buf_add_byte(out, '\n');
	for (int wall = 0; wall < WALLS; wall++)
		text_score(out, test, wall);
}

static json_t *json_trick(const struct selftest *test, const struct selftest_trick *t)
{
	json_t *walls = json_object();

	for (int wall = 0; wall < WALLS; wall++) {
		const char *allowed = selftest_baseline(t->id, (enum selftest_wall)wall);

		if (!is_there(test, wall))
			continue;
		json_object_set_new(walls, selftest_wall_name((enum selftest_wall)wall),
				    json_pack("{s:s, s:s%, s:s?}", "verdict", word(t, wall), "seen",
					      t->why[wall].len ? t->why[wall].p : "",
					      t->why[wall].len, "allowed",
					      t->verdict[wall] == TRICK_WORKED ? allowed : NULL));
	}
	return json_pack("{s:s%, s:s%, s:s%, s:o}", "id", t->id.p, t->id.len, "family", t->family.p,
			 t->family.len, "title", t->title.p, t->title.len, "walls", walls);
}

static json_t *json_score(const struct selftest *test, int wall)
{
	const struct selftest_wall_result *result = &test->walls[wall];
	struct selftest_score score;

	if (!result->there)
		return json_pack("{s:b, s:s%}", "there", 0, "why", result->why.p, result->why.len);
	selftest_score(&score, test, (enum selftest_wall)wall, STR(""));
	return json_pack("{s:b, s:I, s:I, s:I, s:I, s:I}", "there", 1, "tried",
			 (json_int_t)score.tried, "stopped", (json_int_t)score.stopped, "allowed",
			 (json_int_t)score.explained, "unexpected", (json_int_t)score.unexpected,
			 "ms", (json_int_t)result->ms);
}

int selftest_json(struct buf *out, const struct selftest *test, struct err *err)
{
	json_t *tricks = json_array(), *walls = json_object();
	json_t *all = json_pack("{s:b, s:o, s:o}", "holds", selftest_holds(test), "walls", walls,
				"tricks", tricks);
	char *text;

	for (int wall = 0; wall < WALLS; wall++)
		if (test->walls[wall].wanted)
			json_object_set_new(walls, selftest_wall_name((enum selftest_wall)wall),
					    json_score(test, wall));
	for (size_t i = 0; i < test->tricks.n; i++)
		json_array_append_new(tricks, json_trick(test, &test->tricks.items[i]));
	text = json_dumps(all, JSON_INDENT(1));
	json_decref(all);
	if (!text)
		return err_set(err, ERR_BUG, "the report is no JSON");
	buf_add(out, str_of(text));
	buf_add_byte(out, '\n');
	free(text);
	return 0;
}
