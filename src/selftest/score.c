#include "selftest/selftest.h"

/* Tricks that a wall lets work, and why that is right. Everything else must be stopped. */
static const struct {
	const char *id;
	enum selftest_wall wall;
	const char *why;
} baseline[] = {
	{ "E09", WALL_BUILD, "a build runs what it brings; the exec gate writes down its digest" },
	{ "E16", WALL_BUILD,
	  "a library is mapped, not executed: no gate sees it; the other walls hold its code" },
	{ "E17", WALL_BUILD,
	  "runtimes with a JIT need it; a policy can forbid it by the layer mdwe" },
	{ "E35", WALL_BUILD,
	  "a build runs what it brings, under any name; the gate knows it by its digest" },
	{ "E48", WALL_BUILD, "a build runs the toolchain" },
	{ "E49", WALL_BUILD, "a build runs the toolchain" },
	{ "E45", WALL_BUILD,
	  "runtimes with a JIT need it; a policy can forbid it by the layer mdwe" },
	{ "E46", WALL_BUILD, "a build loads libraries that it made" },
};

const char *selftest_baseline(struct str id, enum selftest_wall wall)
{
	for (size_t i = 0; i < COUNT(baseline); i++)
		if (baseline[i].wall == wall && str_eq(id, str_of(baseline[i].id)))
			return baseline[i].why;
	return NULL;
}

static const char *const controls[] = {
	"E01", /* a program's output */
	"F01", /* a secret in the output */
	"F09", /* a change outside the work directory */
	"F11", /* a file in the work directory afterwards */
	"N01", /* bytes at a listener */
	"P12", /* a process that lives on */
	"K31", /* a descriptor that is held */
};

bool selftest_is_control(struct str id)
{
	for (size_t i = 0; i < COUNT(controls); i++)
		if (str_eq(id, str_of(controls[i])))
			return true;
	return false;
}

size_t selftest_controls(void)
{
	return COUNT(controls);
}

/* What was not tried without a sandbox is taken to work there. */
static bool works_bare(const struct selftest_trick *t)
{
	return t->verdict[WALL_BARE] == TRICK_WORKED || t->verdict[WALL_BARE] == TRICK_NOT_RUN;
}

void selftest_score(struct selftest_score *out, const struct selftest *test,
		    enum selftest_wall wall, struct str family)
{
	struct selftest_score score = { 0 };

	for (size_t i = 0; i < test->tricks.n; i++) {
		const struct selftest_trick *t = &test->tricks.items[i];
		enum selftest_verdict verdict = t->verdict[wall];
		bool explained = verdict == TRICK_WORKED && selftest_baseline(t->id, wall);

		if (verdict == TRICK_NOT_RUN || (family.len && !str_eq(family, t->family)))
			continue;
		if ((verdict == TRICK_WORKED && !explained) || verdict == TRICK_BROKEN)
			score.unexpected++;
		if (!works_bare(t))
			continue;
		score.tried++;
		score.stopped += verdict == TRICK_STOPPED;
		score.explained += explained;
	}
	*out = score;
}

bool selftest_holds(const struct selftest *test)
{
	for (int wall = WALL_BUILD; wall < WALLS; wall++) {
		struct selftest_score score;

		if (!test->walls[wall].wanted)
			continue;
		selftest_score(&score, test, (enum selftest_wall)wall, STR(""));
		if (!test->walls[wall].there || score.unexpected > 0)
			return false;
	}
	return true;
}
