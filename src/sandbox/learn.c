/* learn.c - what runs needed: programs, limits, names, and whether sealed is possible. */
#include <stdlib.h>

#include "sandbox/gate.h"
#include "hex.h"
#include "lesson.h"

static int check_source(const struct learn_source *source, const struct learn_source *first, struct err *err)
{
	const struct receipt *r = &source->receipt;

	if (r->end != END_EXIT || r->exit_code != 0)
		return err_input(err, "%s: the run ended with %s %d: a red run teaches nothing", source->name,
				 run_end_name(r->end), r->end == END_SIGNAL ? r->signal : r->exit_code);
	if (r->layers[LAYER_GATE].state != STATE_IN_FORCE)
		return err_input(err, "%s: no exec gate was in force: it names no programs", source->name);
	if (r->execs_dropped || r->requests_dropped)
		return err_input(err, "%s: it does not name all programs and requests: there were too many", source->name);
	if (!str_eq(r->profile, first->receipt.profile))
		return err_input(err, "%s and %s are of different profiles: '%.*s' and '%.*s'", source->name,
				 first->name, STR_ARG(r->profile), STR_ARG(first->receipt.profile));
	return 0;
}

static bool is_listed(const struct sandbox_policy *policy, const char *digest)
{
	for (size_t i = 0; i < policy->exec.allow.n; i++) {
		const struct exec_rule *rule = &policy->exec.allow.items[i];
		char hex[65];

		hex_write(hex, rule->digest, sizeof rule->digest);
		if (rule->by_digest && strcmp(hex, digest) == 0)
			return true;
	}
	return false;
}

static bool is_digest(const char *hex)
{
	return strlen(hex) == 64 && strspn(hex, "0123456789abcdef") == 64;
}

/* Where it came from is its name, unless a rule allowed it. */
static bool is_own(const struct receipt_exec *e)
{
	return e->class == CLASS_FRESH || str_eq(e->name, str_of(gate_origin_name(GATE_FRESH))) ||
	       str_eq(e->name, str_of(gate_origin_name(GATE_BROUGHT))) ||
	       str_eq(e->name, str_of(gate_origin_name(GATE_ELSEWHERE)));
}

static void add_program(struct lesson *l, const struct receipt_exec *e, uint64_t from)
{
	struct lesson_program program = { .path = e->path, .class = e->class, .count = e->count, .from = from };

	memcpy(program.digest, e->digest, sizeof program.digest);
	ARENA_PUSH(l->mem, &l->programs, program);
}

static int add_execs(struct lesson *l, size_t source, struct err *err)
{
	const struct receipt *r = &l->sources[source].receipt;
	const uint64_t from = UINT64_C(1) << source;

	for (size_t i = 0; i < r->execs.n; i++) {
		const struct receipt_exec *e = &r->execs.items[i];

		/* what was refused in a green run can stay so */
		if (e->denied)
			continue;
		if (!is_digest(e->digest))
			return err_input(err, "%s: '%.*s' has no digest", l->sources[source].name,
					 STR_ARG(str_sub(e->path, 0, 200)));
		if (is_own(e)) {
			if (!l->own.len)
				l->own = e->path;
			l->own_from |= from;
		} else if (!is_listed(&l->base, e->digest)) {
			add_program(l, e, from);
		}
	}
	return 0;
}

static int by_digest(const void *a, const void *b)
{
	const struct lesson_program *x = a, *y = b;
	const int order = strcmp(x->digest, y->digest);

	return order ? order : str_cmp(x->path, y->path);
}

static int by_path(const void *a, const void *b)
{
	const struct lesson_program *x = a, *y = b;
	const int order = str_cmp(x->path, y->path);

	return order ? order : strcmp(x->digest, y->digest);
}

/* One line for each digest, however many names and scripts it had. */
static void merge_programs(struct lesson *l)
{
	size_t n = 0;

	if (!l->programs.n)
		return;
	qsort(l->programs.items, l->programs.n, sizeof *l->programs.items, by_digest);
	for (size_t i = 1; i < l->programs.n; i++) {
		struct lesson_program *last = &l->programs.items[n], *next = &l->programs.items[i];

		if (strcmp(last->digest, next->digest) != 0) {
			l->programs.items[++n] = *next;
			continue;
		}
		last->count += next->count;
		last->from |= next->from;
		/* an interpreter is one under every name */
		if (next->class == CLASS_INTERPRETER)
			last->class = next->class;
	}
	l->programs.n = n + 1;
	qsort(l->programs.items, l->programs.n, sizeof *l->programs.items, by_path);
}

static void add_needs(struct lesson *l, size_t source)
{
	const struct receipt *r = &l->sources[source].receipt;
	const uint64_t used[LESSON_LIMITS] = {
		[NEED_wall_ms] = r->wall_us / 1000 + 1,
		[NEED_cpu_ms] = r->cpu_us / 1000,
		[NEED_memory] = r->peak_memory,
		[NEED_pids] = r->peak_pids,
		[NEED_disk] = r->disk_bytes,
		[NEED_inodes] = r->disk_inodes,
		[NEED_output_bytes] = r->output_bytes,
		[NEED_output_lines] = r->output_lines,
	};

	for (size_t i = 0; i < LESSON_LIMITS; i++)
		if (used[i] > l->needs[i].used)
			l->needs[i] = (struct lesson_need){ used[i], UINT64_C(1) << source };
}

static void add_env(struct lesson *l, size_t source)
{
	const struct str_list *names = &l->sources[source].receipt.env;

	for (size_t i = 0; i < names->n; i++) {
		struct lesson_word word = { names->items[i], UINT64_C(1) << source };
		size_t k = 0;

		while (k < l->env.n && !str_eq(l->env.items[k].text, word.text))
			k++;
		if (k < l->env.n)
			l->env.items[k].from |= word.from;
		else
			ARENA_PUSH(l->mem, &l->env, word);
	}
}

static int add_source(struct lesson *l, size_t source, struct err *err)
{
	if (check_source(&l->sources[source], &l->sources[0], err) || add_execs(l, source, err) ||
	    lesson_add_requests(l, source, err))
		return -1;
	add_needs(l, source);
	add_env(l, source);
	return 0;
}

int learn_policy(struct learned *out, struct arena *mem, const char *name, struct str text,
		 const struct learn_source *sources, size_t n, struct err *err)
{
	struct lesson lesson = { .mem = mem, .sources = sources, .n_sources = n };

	if (n == 0 || n > LEARN_MAX_RECEIPTS)
		return err_input(err, "a policy is learnt from 1 to %d receipts", LEARN_MAX_RECEIPTS);
	if (policy_load(&lesson.base, mem, name, text, err))
		return -1;
	for (size_t i = 0; i < n; i++)
		if (add_source(&lesson, i, err))
			return -1;
	merge_programs(&lesson);
	lesson.profile = sources[0].receipt.profile;
	return lesson_write(out, &lesson, name, text, err);
}
