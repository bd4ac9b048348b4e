#include "lab.h"

static bool is_there(const struct selftest *test, int wall)
{
	return test->walls[wall].wanted && test->walls[wall].there;
}

static void family_row(struct buf *out, const struct selftest *test, struct str family,
		       const char *title)
{
	struct selftest_score bare;
	size_t all = 0;

	for (size_t i = 0; i < test->tricks.n; i++)
		all += family.len == 0 || str_eq(family, test->tricks.items[i].family);
	selftest_score(&bare, test, WALL_BARE, family);
	buf_printf(out, "| %s | %zu | %zu |", title, all, bare.tried);
	for (int wall = WALL_BUBBLEWRAP; wall < WALLS; wall++) {
		struct selftest_score score;

		if (!is_there(test, wall))
			continue;
		selftest_score(&score, test, (enum selftest_wall)wall, family);
		buf_printf(out, " %zu |", score.stopped);
	}
	buf_add_byte(out, '\n');
}

static bool seen_before(const struct selftest *test, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (str_eq(test->tricks.items[k].family, test->tricks.items[i].family))
			return true;
	return false;
}

static void families(struct buf *out, const struct selftest *test)
{
	buf_add(out, STR("| family | tricks | work bare |"));
	for (int wall = WALL_BUBBLEWRAP; wall < WALLS; wall++)
		if (is_there(test, wall))
			buf_printf(out, " stopped by %s |",
				   selftest_wall_name((enum selftest_wall)wall));
	buf_add(out, STR("\n|---|---|---|"));
	for (int wall = WALL_BUBBLEWRAP; wall < WALLS; wall++)
		if (is_there(test, wall))
			buf_add(out, STR("---|"));
	buf_add_byte(out, '\n');
	for (size_t i = 0; i < test->tricks.n; i++) {
		char title[32];
		struct str family = test->tricks.items[i].family;
		size_t n = family.len < sizeof title ? family.len : sizeof title - 1;

		if (seen_before(test, i))
			continue;
		memcpy(title, family.p, n);
		title[n] = 0;
		family_row(out, test, family, title);
	}
	family_row(out, test, STR(""), "**all**");
}

static void survivors(struct buf *out, const struct selftest *test, int wall)
{
	buf_printf(out, "\n## What works in mode %s\n\n",
		   selftest_wall_name((enum selftest_wall)wall));
	for (size_t i = 0, n = 0; i <= test->tricks.n; i++) {
		const struct selftest_trick *t = &test->tricks.items[i < test->tricks.n ? i : 0];
		const char *why = selftest_baseline(t->id, (enum selftest_wall)wall);

		if (i == test->tricks.n && n == 0)
			buf_add(out, STR("Nothing.\n"));
		if (i == test->tricks.n || t->verdict[wall] != TRICK_WORKED)
			continue;
		n++;
		buf_printf(out, "- **%.*s**, %.*s: %s.\n", STR_ARG(t->id), STR_ARG(t->title),
			   why ? why : "not expected");
	}
}

static const char *cell(const struct selftest_trick *t, int wall)
{
	if (t->verdict[WALL_BARE] != TRICK_WORKED && t->verdict[wall] == TRICK_STOPPED)
		return "n/a";
	return t->verdict[wall] == TRICK_STOPPED  ? "·"
	       : t->verdict[wall] == TRICK_WORKED ? "**E**"
						  : "?";
}

void selftest_markdown(struct buf *out, const struct selftest *test)
{
	buf_add(out,
		STR("# The escape corpus\n\n"
		    "Made by `outrider sandbox selftest --compare --format markdown`. Each trick is tried without a "
		    "sandbox first, and counts only when it works there. The verdict is what is seen from outside. "
		    "bubblewrap has all flags that it offers, and neither an exec gate, a filter of system calls nor limits, "
		    "which it leaves to its caller.\n\n"));
	families(out, test);
	for (int wall = WALL_BUILD; wall < WALLS; wall++)
		if (is_there(test, wall))
			survivors(out, test, wall);
	buf_add(out,
		STR("\n## Every trick\n\nE: it worked; ·: stopped; n/a: it does not work on that host without a sandbox.\n\n"
		    "| id | trick | bare |"));
	for (int wall = WALL_BUBBLEWRAP; wall < WALLS; wall++)
		if (is_there(test, wall))
			buf_printf(out, " %s |", selftest_wall_name((enum selftest_wall)wall));
	buf_add(out, STR("\n|---|---|---|"));
	for (int wall = WALL_BUBBLEWRAP; wall < WALLS; wall++)
		if (is_there(test, wall))
			buf_add(out, STR("---|"));
	buf_add_byte(out, '\n');
	for (size_t i = 0; i < test->tricks.n; i++) {
		const struct selftest_trick *t = &test->tricks.items[i];

		buf_printf(out, "| %.*s | %.*s | %s |", STR_ARG(t->id), STR_ARG(t->title),
			   t->verdict[WALL_BARE] == TRICK_WORKED ? "E" : "n/a");
		for (int wall = WALL_BUBBLEWRAP; wall < WALLS; wall++)
			if (is_there(test, wall))
				buf_printf(out, " %s |", cell(t, wall));
		buf_add_byte(out, '\n');
	}
}
