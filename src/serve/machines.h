/* machines.h - how the sandboxes of the workers' machines stand, for pages and figures. Private to this folder. */
#pragma once
#include "selfcheck.h"
#include "store/nodes.h"

enum { MACHINES_RECENT_MS = 30 * 1000 }; /* a worker that was not heard of for so long is not counted */

/* A worker, as it says of itself in its HELLO. */
struct machine {
	struct str           id;
	bool                 tells; /* false: it is of an older version, which knows no self-test */
	enum selfcheck_state state;
	struct str           text;
	int64_t              made;  /* of its record, s since 1970; 0: it has none */
};

struct machine_list {
	struct machine *items;
	size_t          n, cap;
};

int machines_list(struct machine_list *out, struct store *store, int64_t now, struct arena *mem, struct err *err);
/* What a row of the database says. */
struct machine machine_of(const struct worker_row *row, struct arena *mem);

/* Do jobs run: some worker takes them. They wait: none does yet, and none is stopped for good. */
enum machines_word { MACHINES_NONE, MACHINES_RUN, MACHINES_WAIT, MACHINES_STOPPED, MACHINES_WORDS };
enum machines_word machines_sum(const struct machine_list *list);
/* "none", "run", "wait", "stopped" */
const char *machines_word(enum machines_word word);
