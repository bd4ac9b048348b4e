/*
 * Random lives of pull requests over real git: pushes that add, move, fix, edit, reformat, rename, rebase and revert, and people who
 * answer, resolve and vote. A model of a forge outdates threads as forges do. Whatever happens: every defect that stands in the head
 * has one open thread, on it; every other thread of ours is resolved; nothing is posted twice; what a person touched stays.
 *
 *     prop_thread [HISTORIES [SEED]]
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "flow/run.h"
#include "review/thread.h"

enum { FILES = 3, FUNCTIONS = 3, ITEMS = 12, PUSHES = 14, THREADS = 400 };

/* A line of a function: clean, or a defect. Equal ones differ in their uid only. */
struct item {
	unsigned uid;
	bool     defect;
	unsigned word, blanks;
};
struct function {
	unsigned    id, n;
	struct item items[ITEMS];
};
struct source {
	unsigned        name, n;
	struct function functions[FUNCTIONS * FILES];
};
struct world {
	unsigned      header; /* lines that the base has gained */
	struct source files[FILES];
};
/* A thread as the forge keeps it. */
struct post {
	struct thread thread;
	char          path[32];
	unsigned      uid;
	bool          person;
};

static uint64_t seed;
static unsigned next_uid, next_name, posts_n, edits, unsure;
static struct post posts[THREADS];
static char dir[] = "/tmp/outrider-threads-XXXXXX";

static unsigned pick(unsigned n)
{
	seed ^= seed << 13;
	seed ^= seed >> 7;
	seed ^= seed << 17;
	return (unsigned)(seed % n);
}

__attribute__((noreturn, format(printf, 1, 2))) static void fail_with(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vfprintf(stderr, fmt, args);
	va_end(args);
	fputc('\n', stderr);
	exit(1);
}

/* ---- text ---- */

static unsigned write_source(FILE *to, const struct world *w, const struct source *s, bool base,
			     unsigned uid)
{
	unsigned line = 1, found = 0;

	for (unsigned i = 0; i < w->header + 2; i++, line++)
		fprintf(to, "HEADER_%u_%u = %u\n", s->name % FILES, i, i);
	for (unsigned f = 0; f < s->n; f++) {
		const struct function *fn = &s->functions[f];

		fprintf(to, "\ndef work_%u():\n    start(%u)\n", fn->id, fn->id);
		line += 3;
		for (unsigned i = 0; !base && i < fn->n; i++, line++) {
			const struct item *item = &fn->items[i];

			if (item->uid == uid)
				found = line;
			if (item->defect)
				fprintf(to, "    eval(%*sword%u)\n", (int)item->blanks, "", item->word);
			else
				fprintf(to, "    clean_%u()\n", item->uid);
		}
		fprintf(to, "    end(%u)\n", fn->id);
		line++;
	}
	return found;
}

static const struct source *source_of(const struct world *w, const char *path)
{
	for (unsigned i = 0; i < FILES; i++) {
		char name[32];

		snprintf(name, sizeof name, "src/f%u.py", w->files[i].name);
		if (strcmp(name, path) == 0)
			return &w->files[i];
	}
	return NULL;
}

static const struct item *item_of(const struct world *w, unsigned uid)
{
	for (unsigned i = 0; i < FILES; i++)
		for (unsigned f = 0; f < w->files[i].n; f++)
			for (unsigned k = 0; k < w->files[i].functions[f].n; k++)
				if (w->files[i].functions[f].items[k].uid == uid)
					return &w->files[i].functions[f].items[k];
	return NULL;
}

/* The line of an item in a file; 0 when it is not there. */
static unsigned line_of(const struct world *w, const char *path, unsigned uid)
{
	const struct source *s = source_of(w, path);
	FILE *null;
	unsigned line;

	if (!s)
		return 0;
	null = fopen("/dev/null", "w");
	line = write_source(null, w, s, false, uid);
	fclose(null);
	return line;
}

static unsigned uid_at(const struct world *w, const char *path, unsigned line)
{
	const struct source *s = source_of(w, path);

	for (unsigned f = 0; s && f < s->n; f++)
		for (unsigned k = 0; k < s->functions[f].n; k++)
			if (line_of(w, path, s->functions[f].items[k].uid) == line)
				return s->functions[f].items[k].uid;
	return 0;
}

/* ---- git ---- */

static void write_commit(FILE *to, const char *branch, const char *from, const struct world *w, bool base)
{
	fprintf(to, "commit refs/heads/%s\ncommitter T <t@localhost> 1700000000 +0000\ndata 1\nx\n", branch);
	if (from)
		fprintf(to, "from %s\n", from);
	fprintf(to, "deleteall\n");
	for (unsigned i = 0; i < FILES; i++) {
		char *text = NULL;
		size_t n = 0;
		FILE *memory = open_memstream(&text, &n);
		/* what the pull request renames has its old name in the base */
		unsigned name = base ? i : w->files[i].name;

		write_source(memory, w, &w->files[i], base, 0);
		fclose(memory);
		fprintf(to, "M 100644 inline src/f%u.py\ndata %zu\n%s\n", name, n, text);
		free(text);
	}
}

static void push(const struct world *base, const struct world *w)
{
	FILE *git = popen("git fast-import --quiet --force", "w");

	if (!git)
		fail_with("git cannot be started");
	fprintf(git, "reset refs/heads/main\n");
	write_commit(git, "main", NULL, base, true);
	fprintf(git, "reset refs/heads/topic\n");
	write_commit(git, "topic", "refs/heads/main", w, false);
	fprintf(git, "done\n");
	if (pclose(git) != 0)
		fail_with("git fast-import failed");
}

/* ---- what happens in a push ---- */

static struct function *any_function(struct world *w, unsigned *file)
{
	for (;;) {
		*file = pick(FILES);
		if (w->files[*file].n)
			return &w->files[*file].functions[pick(w->files[*file].n)];
	}
}

static void op_add(struct world *w)
{
	unsigned file;
	struct function *f = any_function(w, &file);
	unsigned at;

	if (f->n == ITEMS)
		return;
	at = pick(f->n + 1);
	memmove(f->items + at + 1, f->items + at, (f->n - at) * sizeof *f->items);
	f->items[at] = (struct item){ .uid = ++next_uid, .defect = pick(3) > 0, .word = pick(3) };
	f->n++;
}

static void op_remove(struct world *w)
{
	unsigned file;
	struct function *f = any_function(w, &file);
	unsigned at;

	if (!f->n)
		return;
	at = pick(f->n);
	memmove(f->items + at, f->items + at + 1, (f->n - at - 1) * sizeof *f->items);
	f->n--;
}

static void op_reformat(struct world *w)
{
	unsigned file;
	struct function *f = any_function(w, &file);

	if (f->n)
		f->items[pick(f->n)].blanks++;
}

static void op_edit(struct world *w)
{
	unsigned file;
	struct function *f = any_function(w, &file);
	struct item *item = f->n ? &f->items[pick(f->n)] : NULL;

	if (!item || !item->defect)
		return;
	item->word = 10 + edits++;
}

static void op_rename(struct world *w)
{
	w->files[pick(FILES)].name = next_name++;
}

static void op_rebase(struct world *w)
{
	w->header += 1 + pick(3);
}

static void op_move(struct world *w)
{
	unsigned from, to = pick(FILES), at;
	struct function *f = any_function(w, &from), copy = *f;
	struct source *s = &w->files[from];

	if (from == to || w->files[to].n == FUNCTIONS * FILES)
		return;
	at = (unsigned)(f - s->functions);
	memmove(f, f + 1, (s->n - at - 1) * sizeof *f);
	s->n--;
	w->files[to].functions[w->files[to].n++] = copy;
}

/* ---- the forge ---- */

static bool is_changed(const struct world *before, const struct world *after, unsigned uid)
{
	const struct item *a = item_of(before, uid), *b = item_of(after, uid);

	return !a || !b || a->word != b->word || a->blanks != b->blanks;
}

/* As forges do: a thread follows its line until that is changed or its file has another name. */
static void outdate(const struct world *before, const struct world *after)
{
	for (unsigned i = 0; i < posts_n; i++) {
		struct thread *t = &posts[i].thread;

		if (t->line && is_changed(before, after, posts[i].uid))
			t->line = t->start_line = 0;
		if (t->line)
			t->line = t->start_line = line_of(after, posts[i].path, posts[i].uid);
	}
}

static void people(void)
{
	struct post *p = posts_n ? &posts[pick(posts_n)] : NULL;

	if (!p || p->thread.resolved || pick(4))
		return;
	p->person = true;
	if (pick(2))
		p->thread.resolved = p->thread.by_person = true;
	else if (pick(2))
		p->thread.replied = true;
	else
		p->thread.down = 1;
}

static void apply(const struct thread_plan *plan, const struct world *w, struct arena *mem)
{
	for (size_t i = 0; i < plan->n; i++) {
		const struct thread_entry *e = &plan->items[i];
		struct post *p = NULL;

		for (unsigned k = 0; e->thread && k < posts_n; k++)
			if (strcmp(posts[k].thread.fingerprint, e->thread->fingerprint) == 0)
				p = &posts[k];
		if ((e->resolve || e->reopen) && (!p || p->person))
			fail_with("a thread that a person touched was touched by us");
		if (e->resolve)
			p->thread.resolved = true;
		if (e->reopen)
			p->thread.resolved = false;
		/* equal code in the same place again: to people it is the same defect, to the forge the thread has no line */
		unsure += p && e->finding && !e->thread->line;
		if (e->status != THREAD_NEW)
			continue;
		if (posts_n == THREADS)
			fail_with("more threads than any history can have");
		p = &posts[posts_n++];
		*p = (struct post){ .thread = { .line = e->finding->anchor_line } };
		snprintf(p->path, sizeof p->path, "%.*s", STR_ARG(e->finding->path));
		memcpy(p->thread.fingerprint, e->marker, sizeof p->thread.fingerprint);
		for (unsigned k = 0; k + 1 < posts_n; k++)
			if (strcmp(posts[k].thread.fingerprint, e->marker) == 0)
				fail_with("the name %s was given twice", e->marker);
		p->thread.path = str_of(p->path);
		p->thread.rule = STR("no-eval");
		p->thread.id = p->thread.comment = arena_printf(mem, "%u", posts_n);
		p->uid = uid_at(w, p->path, p->thread.line);
		if (!p->uid)
			fail_with("a comment on %s:%u, where nothing is", p->path, p->thread.line);
	}
}

/* ---- one push ---- */

static void review(struct run *run, const struct run_options *options)
{
	struct err err;

	run_init(run, options);
	if (run_stages(run, review_stages, &err) < 0)
		fail_with("the review failed: %s", err.text);
}

/* Open threads on an item; `all`: whatever their state. */
static unsigned threads_on(unsigned uid, bool all)
{
	unsigned n = 0;

	for (unsigned i = 0; i < posts_n; i++)
		n += posts[i].uid == uid && (all || !posts[i].thread.resolved);
	return n;
}

static unsigned count_defects(const struct world *w)
{
	unsigned n = 0;

	for (unsigned uid = 1; uid <= next_uid; uid++)
		n += item_of(w, uid) && item_of(w, uid)->defect;
	return n;
}

/*
 * As many open threads as defects; and, where lines are known (nothing was renamed, moved, reformatted or brought back), each on its
 * own: of several equal defects the thread of the fixed one is resolved.
 */
static void check(const struct world *w, bool exact, bool people_too)
{
	unsigned open = 0, there = count_defects(w);

	for (unsigned i = 0; i < posts_n; i++)
		open += !posts[i].thread.resolved;
	if (!people_too && open != there)
		fail_with("%u open threads on %u defects", open, there);
	for (unsigned uid = 1; exact && uid <= next_uid; uid++) {
		const struct item *item = item_of(w, uid);
		bool defect = item && item->defect;

		if (!people_too && threads_on(uid, false) != defect)
			fail_with("item %u: %u open threads, defect: %d", uid, threads_on(uid, false), defect);
	}
	if (posts_n > next_uid + edits)
		fail_with("%u comments on %u items with %u edits", posts_n, next_uid, edits);
}

/* Lives differ in what happens; who forgets (a lost database) cannot know edited and moved code again. */
struct life {
	bool     people, forgets, exact;
	unsigned ops;
};
static const struct life lives[] = {
	{ .ops = 9 },
	{ .ops = 9, .people = true },
	{ .ops = 6, .forgets = true },
	{ .ops = 5, .exact = true },
};

static void one_push(const struct world *w, struct thread_states *states, struct arena *kept,
		     const struct life *life)
{
	const char *const rules[] = { "rules.yml" };
	struct run_options options = { .directory = ".", .base = "main", .head = "topic", .no_builtin = true,
				       .no_config = true, .rule_paths = rules, .n_rule_paths = 1, .jobs = 1 };
	struct run *run = malloc(sizeof *run);
	struct thread_list threads = { 0 };
	struct thread_plan plan;
	struct thread_input input = { .threads = &threads, .states = states };
	struct err err;

	review(run, &options);
	input.review = &run->review;
	for (unsigned i = 0; i < posts_n; i++)
		ARENA_PUSH(&run->mem, &threads, posts[i].thread);
	if (run->review.findings.n + run->review.held_back.n != count_defects(w))
		fail_with("%zu findings on %u defects", run->review.findings.n + run->review.held_back.n,
			  count_defects(w));
	if (thread_plan_make(&plan, &run->mem, &input, &err) < 0)
		fail_with("%s", err.text);
	apply(&plan, w, kept);
	check(w, life->exact && !unsure, life->people);
	/* as it is stored and read again, or lost */
	*states = (struct thread_states){ 0 };
	if (!(life->forgets && pick(3) == 0) &&
	    thread_states_read(states, kept, arena_str(kept, thread_states_write(&run->mem, &plan.next)), &err) < 0)
		fail_with("%s", err.text);
	/* the same head again says nothing; without a memory, edited code is another */
	input.states = states;
	threads = (struct thread_list){ 0 };
	for (unsigned i = 0; i < posts_n; i++)
		ARENA_PUSH(&run->mem, &threads, posts[i].thread);
	if (thread_plan_make(&plan, &run->mem, &input, &err) < 0)
		fail_with("%s", err.text);
	for (size_t i = 0; !life->forgets && i < plan.n; i++)
		if (plan.items[i].status == THREAD_NEW || plan.items[i].resolve || plan.items[i].reopen)
			fail_with("the same head twice: %s", thread_status_name(plan.items[i].status));
	run_release(run);
	free(run);
}

typedef void op_fn(struct world *w);

static void live(unsigned number)
{
	static op_fn *const ops[] = { op_add, op_add, op_add, op_remove, op_rebase, op_reformat,
				      op_edit, op_rename, op_move };
	static struct world w, before, old;
	const struct life *life = &lives[number % COUNT(lives)];
	struct thread_states states = { 0 };
	struct arena kept;

	arena_init(&kept, 64 << 20);
	memset(&w, 0, sizeof w);
	posts_n = edits = next_uid = unsure = 0;
	next_name = FILES;
	for (unsigned i = 0; i < FILES; i++) {
		w.files[i].name = i;
		w.files[i].n = FUNCTIONS;
		for (unsigned f = 0; f < FUNCTIONS; f++)
			w.files[i].functions[f].id = i * FUNCTIONS + f;
	}
	struct world base = w;

	for (unsigned i = 0; i < PUSHES; i++) {
		before = w;
		for (unsigned n = 1 + pick(4); n; n--)
			ops[pick(life->ops)](&w);
		if (i && !life->exact && pick(6) == 0 && w.header == old.header)
			w = old; /* a revert of the last push */
		old = before;
		base.header = w.header;
		push(&base, &w);
		outdate(&before, &w);
		if (life->people)
			people();
		one_push(&w, &states, &kept, life);
	}
	arena_release(&kept);
}

static void start(void)
{
	FILE *rules;

	if (!mkdtemp(dir) || chdir(dir) < 0 || system("git init -q --bare .") != 0)
		fail_with("no repository in %s", dir);
	rules = fopen("rules.yml", "w");
	fputs("id: no-eval\nlanguage: Python\nseverity: error\nmessage: Text is run as code.\n"
	      "rule: {pattern: eval($X)}\n", rules);
	fclose(rules);
}

static void end(void)
{
	char line[100];

	snprintf(line, sizeof line, "rm -rf %s", dir);
	if (chdir("/") == 0 && system(line) != 0)
		fprintf(stderr, "%s was left behind\n", dir);
}

int main(int argc, char **argv)
{
	unsigned n = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 30;
	uint64_t first = argc > 2 ? strtoull(argv[2], NULL, 10) : 1;
	unsigned pushes = 0;

	start();
	atexit(end);
	for (unsigned i = 0; i < n; i++) {
		seed = (first + i) * 0x9e3779b97f4a7c15u;
		fprintf(stderr, "\rhistory %llu", (unsigned long long)(first + i));
		live((unsigned)(first + i));
		pushes += PUSHES;
	}
	fprintf(stderr, "\r");
	printf("%u histories, %u pushes: each defect said once, each thread as it should be\n", n, pushes);
	printf("%u passed, 0 failed\n", n);
	return 0;
}
