#include "machines.h"

#include "body.h"

static const char *const words[MACHINES_WORDS] = {
	[MACHINES_NONE] = "none", [MACHINES_RUN] = "run", [MACHINES_WAIT] = "wait", [MACHINES_STOPPED] = "stopped",
};

const char *machines_word(enum machines_word word)
{
	return words[word];
}

struct machine machine_of(const struct worker_row *row, struct arena *mem)
{
	json_t *detail AUTO_JSON = body_read(row->detail, NULL);
	struct machine one = { .id = row->id };

	if (!detail)
		return one;
	one.tells = selfcheck_read(&one.state, body_str(mem, detail, "selftest"));
	one.text = body_str(mem, detail, "selftest_text");
	one.made = body_int(detail, "selftest_made");
	return one;
}

int machines_list(struct machine_list *out, struct store *store, int64_t now, struct arena *mem, struct err *err)
{
	struct worker_list rows = { 0 };
	struct machine_list list = { 0 };

	if (workers_list(store, now - MACHINES_RECENT_MS, now, &rows, mem, err))
		return -1;
	for (size_t i = 0; i < rows.n; i++)
		ARENA_PUSH(mem, &list, machine_of(&rows.items[i], mem));
	*out = list;
	return 0;
}

enum machines_word machines_sum(const struct machine_list *list)
{
	bool stopped = false;

	for (size_t i = 0; i < list->n; i++) {
		if (!list->items[i].tells || selfcheck_runs(list->items[i].state))
			return MACHINES_RUN;
		stopped |= list->items[i].state != SELFCHECK_WAITING;
	}
	return list->n == 0 ? MACHINES_NONE : stopped ? MACHINES_STOPPED : MACHINES_WAIT;
}
