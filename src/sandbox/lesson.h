/* lesson.h - what runs needed, all together: between learn.c, lesson_net.c and learn_text.c. Private to this folder. */
#pragma once
#include "egress/route.h"
#include "sandbox/learn.h"

/* `from` is a set of receipts everywhere: bit i is source i. */
struct lesson_program {
	char            digest[65];
	struct str      path;
	enum exec_class class;
	uint64_t        count;
	uint64_t    from;
};

/* The most that one run used. 0: unknown, or nothing. */
struct lesson_need {
	uint64_t     used;
	uint64_t from;
};

/* In the order of SANDBOX_LIMITS. */
enum lesson_limit {
#define X(id, key, normal, least, most, unit) NEED_##id,
	SANDBOX_LIMITS(X)
#undef X
	LESSON_LIMITS,
};

/* One route of the policy as it was used with one host. */
struct lesson_route {
	const struct route *base; /* borrowed */
	struct str          host;
	struct route_words  methods; /* sorted; none for a tunnel */
	struct route_words  paths;   /* as they were asked for, sorted */
	uint64_t            up, down; /* the most of one run */
	uint64_t            run_up, run_down; /* of the run that is being read */
	uint64_t            count;
	uint64_t        from;
};

struct lesson_routes {
	struct lesson_route *items;
	size_t               n, cap;
};

struct lesson_word {
	struct str   text;
	uint64_t from;
};

struct lesson {
	struct arena              *mem;
	const struct learn_source *sources;
	size_t                     n_sources;
	struct sandbox_policy      base;
	struct { struct lesson_program *items; size_t n, cap; } programs; /* in no rule of the base; sorted by path */
	struct str                 own;      /* the first program that the job built or brought; empty: sealed is possible */
	uint64_t               own_from;
	struct lesson_need         needs[LESSON_LIMITS];
	struct lesson_routes       routes[ROUTE_PHASES];
	bool                       used[ROUTE_PHASES]; /* routes of the phase are learnt */
	struct { struct lesson_word *items; size_t n, cap; } env;
	struct str                 profile;
};

/* Adds the requests of one source. ERR_INPUT for one that no route of the base allows. */
int lesson_add_requests(struct lesson *lesson, size_t source, struct err *err);
/* The lines of `net`, all of it; `addresses` and phases that were not used as they are. */
void lesson_write_net(struct buf *out, const struct lesson *lesson);
/* The lines of one phase in it. */
void lesson_write_phase(struct buf *out, const struct lesson *lesson, enum route_phase phase);
/* "a.json, b.json" */
void lesson_write_sources(struct buf *out, const struct lesson *lesson, uint64_t from);
/* In double quotes; a control character becomes '?'. */
void lesson_write_scalar(struct buf *out, struct str text);
/* For comments: without control characters. */
void lesson_write_plain(struct buf *out, struct str text);
/* The new text from the lesson and the old one. */
int lesson_write(struct learned *out, const struct lesson *lesson, const char *name, struct str text, struct err *err);
/* Twice, rounded up to what people write; 0 when nothing is known. */
uint64_t lesson_room(enum lesson_limit limit, uint64_t used);
