/* glob_match.c - runs a glob over a path: all branches at once, one unit after the other. */
#include "glob_program.h"

static uint32_t decode(const char *s, size_t len)
{
	static const unsigned char mask[] = { 0, 0xff, 0x1f, 0x0f, 0x07 };
	uint32_t unit = (unsigned char)s[0] & mask[len];

	for (size_t i = 1; i < len; i++)
		unit = unit << 6 | ((unsigned char)s[i] & 0x3f);
	return unit;
}

uint32_t glob_unit(const char *s, size_t left, bool characters, size_t *len)
{
	*len = characters ? str_utf8_len(s, left) : 1;
	return decode(s, *len);
}

/* The steps to try at one place, each once. */
struct states {
	uint16_t items[GLOB_MAX_STEPS];
	size_t   n;
};

struct run {
	const struct glob *glob;
	struct states      now, next;
	uint64_t           seen[GLOB_MAX_STEPS / 64 + 1];
	uint16_t           pending[2 * GLOB_MAX_STEPS];
	bool               matched;
};

static uint32_t fold(uint32_t unit)
{
	return unit >= 'A' && unit <= 'Z' ? unit + 32 : unit;
}

static bool in_class(const struct glob_class *class, uint32_t unit)
{
	for (size_t i = 0; i < class->n; i++)
		if (unit >= class->items[i].first && unit <= class->items[i].last)
			return true;
	return false;
}

static bool class_has(const struct glob *glob, const struct glob_class *class, uint32_t unit)
{
	bool in = in_class(class, unit);

	if (glob->nocase && !in) {
		uint32_t lower = fold(unit);
		in = in_class(class, lower) ||
		     (lower >= 'a' && lower <= 'z' && in_class(class, lower - 32));
	}
	return in != class->negated && (unit != '/' || glob->dialect == GLOB_RULE);
}

static bool accepts(const struct glob *glob, const struct glob_step *step, uint32_t unit)
{
	switch (step->op) {
	case OP_UNIT:
		return step->unit == unit || (glob->nocase && fold(step->unit) == fold(unit));
	case OP_ANY:
		return true;
	case OP_NOT_SLASH:
		return unit != '/';
	case OP_CLASS:
		return class_has(glob, step->class, unit);
	case OP_SPLIT:
	case OP_JUMP:
	case OP_MATCH:
		break;
	}
	return false;
}

/* Follows splits and jumps. Each step is pushed by two others at most, and only once by each. */
static void add_state(struct run *run, struct states *states, size_t step)
{
	uint16_t *pending = run->pending;
	size_t n = 0;

	pending[n++] = (uint16_t)step;
	while (n) {
		uint16_t at = pending[--n];
		uint64_t bit = UINT64_C(1) << (at % 64);
		const struct glob_step *s = &run->glob->items[at];

		if (run->seen[at / 64] & bit)
			continue;
		run->seen[at / 64] |= bit;
		if (s->op == OP_SPLIT)
			pending[n++] = s->to[1];
		if (s->op == OP_SPLIT || s->op == OP_JUMP)
			pending[n++] = s->to[0];
		else if (s->op == OP_MATCH)
			run->matched = true;
		else
			states->items[states->n++] = at;
	}
}

static void forget(struct run *run)
{
	memset(run->seen, 0, (run->glob->n / 64 + 1) * sizeof(run->seen[0]));
	run->matched = false;
}

static void step_over(struct run *run, uint32_t unit)
{
	run->next.n = 0;
	forget(run);
	for (size_t i = 0; i < run->now.n; i++) {
		uint16_t at = run->now.items[i];

		if (accepts(run->glob, &run->glob->items[at], unit))
			add_state(run, &run->next, at + 1u);
	}
	run->now.n = run->next.n;
	memcpy(run->now.items, run->next.items, run->next.n * sizeof(run->next.items[0]));
}

bool glob_match(const struct glob *glob, struct str path)
{
	bool paths = glob->dialect == GLOB_PATH;
	/* the release flags would clear all 80 KB for each match of some bytes; every part is written before it is read */
	struct run run __attribute__((uninitialized));

	run.matched = false;
	run.glob = glob;
	run.now.n = 0;
	if (paths && str_starts(path, STR("./")))
		path = str_from(path, 2);
	forget(&run);
	add_state(&run, &run.now, 0);
	for (size_t at = 0, len; at < path.len; at += len) {
		uint32_t unit = glob_unit(path.p + at, path.len - at, paths, &len);

		/* What matches a directory matches all below it. */
		if (paths && unit == '/' && run.matched)
			return true;
		if (run.now.n == 0)
			return false;
		step_over(&run, unit);
	}
	return run.matched && !glob->directory;
}

const struct glob *glob_find(const struct glob_list *list, struct str path)
{
	for (size_t i = 0; i < list->n; i++)
		if (glob_match(list->items[i], path))
			return list->items[i];
	return NULL;
}
