#include "rename.h"

#include <stdlib.h>

#include "similarity.h"

enum {
	MIN_SCORE = SIMILARITY_MAX / 2,         /* git's default of 50 % */
	MIN_SAME_NAME = SIMILARITY_MAX * 3 / 4, /* ... when only the folder changed */
	MAX_PAIRS = 1000 * 1000,                /* diff.renameLimit */
	MAX_READ = 64 << 20, /* bytes: a reorganised tree must stay a matter of a second */
	MAX_FILES_READ = 4000,
	MAX_STEPS = 200 << 20, /* pieces compared, about half a second */
	BEST = 4,              /* candidates kept for each new file, as git does */
	MAX_EQUAL = 200,       /* files of one content tried for each new file of it */
};

enum known { KNOWN_NOT, KNOWN, KNOWN_UNREADABLE };

/* A byte read gives at most 9 of signature and text: this is never reached. */
static const size_t scratch_cap = (size_t)4 << 30;

struct end {
	struct change *change;
	struct str name; /* last part of the path */
	bool used;
	enum known sized, signed_;
	size_t size;
	struct signature signature;
};

struct pair {
	struct end *from, *to;
	unsigned score;
	bool same_name;
};

struct search {
	const struct loader *loader;
	struct arena mem;  /* signatures and lists */
	struct arena text; /* one file at a time */
	size_t left;       /* bytes that may still be read */
	size_t files;      /* read */
	size_t steps;
	struct end *from, *to;
	size_t n_from, n_to;
	struct change *items;
	bool *gone; /* by index of items */
};

static void join(struct search *search, struct end *from, struct end *to)
{
	struct change *change = to->change;

	change->status = CHANGE_RENAMED;
	change->old_path = from->change->old_path;
	change->old_mode = from->change->old_mode;
	memcpy(change->old_oid, from->change->old_oid, sizeof change->old_oid);
	from->used = to->used = true;
	search->gone[from->change - search->items] = true;
}

static struct side side_of(const struct end *end)
{
	if (end->change->status == CHANGE_DELETED)
		return (struct side){ end->change->old_oid, end->change->old_path };
	return (struct side){ end->change->new_oid, end->change->new_path };
}

static bool know_size(struct search *search, struct end *end)
{
	struct side side = side_of(end);
	struct str why;

	if (end->sized == KNOWN_NOT)
		end->sized = content_size(&end->size, &why, &search->text, search->loader, &side) ==
					     SKIP_NONE
				     ? KNOWN
				     : KNOWN_UNREADABLE;
	return end->sized == KNOWN;
}

static bool know_signature(struct search *search, struct end *end)
{
	struct side side = side_of(end);
	struct str text, why;

	if (end->signed_ == KNOWN_NOT) {
		end->signed_ = KNOWN_UNREADABLE;
		arena_reset(&search->text);
		if (search->files++ < MAX_FILES_READ &&
		    content_load(&text, &why, &search->text, &search->left, search->loader,
				 &side) == SKIP_NONE) {
			signature_make(&end->signature, &search->mem, text);
			end->signed_ = KNOWN;
		}
	}
	return end->signed_ == KNOWN;
}

/* 0 when they are too different or may not be read. */
static unsigned score_of(struct search *search, struct end *from, struct end *to)
{
	size_t small, large;

	if (search->steps > MAX_STEPS || !know_size(search, from) || !know_size(search, to))
		return 0;
	small = from->size < to->size ? from->size : to->size;
	large = from->size < to->size ? to->size : from->size;
	if (small < large / 2 || !know_signature(search, from) || !know_signature(search, to))
		return 0;
	search->steps += from->signature.n + to->signature.n;
	return similarity(&from->signature, &to->signature);
}

static int compare_oids(const void *a, const void *b)
{
	const struct end *one = a, *two = b;
	const char *x = side_of(one).oid, *y = side_of(two).oid;
	int order = strcmp(x, y);

	return order ? order : (one->change > two->change) - (one->change < two->change);
}

static int compare_names(const void *a, const void *b)
{
	return str_cmp(((const struct end *)a)->name, ((const struct end *)b)->name);
}

static void sort(struct end *ends, size_t n, int (*compare)(const void *, const void *))
{
	if (n)
		qsort(ends, n, sizeof *ends, compare);
}

/* Both lists are ordered by id; among equal ones the same name is preferred. */
static void join_identical(struct search *search)
{
	size_t first = 0;

	for (size_t t = 0; t < search->n_to; t++) {
		struct end *to = &search->to[t], *best = NULL;
		const char *oid = to->change->new_oid;

		while (first < search->n_from &&
		       (search->from[first].used ||
			strcmp(search->from[first].change->old_oid, oid) < 0))
			first++;
		if (*oid == '\0')
			continue;
		for (size_t f = first; f < search->n_from; f++) {
			struct end *from = &search->from[f];

			if (strcmp(from->change->old_oid, oid) != 0 || f - first > MAX_EQUAL)
				break;
			if (!from->used && (!best || (!str_eq(best->name, to->name) &&
						      str_eq(from->name, to->name))))
				best = from;
		}
		if (best)
			join(search, best, to);
	}
}

static void drop_used(struct end *ends, size_t *n)
{
	size_t kept = 0;

	for (size_t i = 0; i < *n; i++)
		if (!ends[i].used)
			ends[kept++] = ends[i];
	*n = kept;
}

static bool is_unique(const struct end *ends, size_t n, size_t i)
{
	return (i == 0 || !str_eq(ends[i - 1].name, ends[i].name)) &&
	       (i + 1 == n || !str_eq(ends[i + 1].name, ends[i].name));
}

/* Both lists are ordered by name: a name that occurs once on each side most likely just moved. */
static void join_moved(struct search *search)
{
	for (size_t f = 0, t = 0; f < search->n_from && t < search->n_to;) {
		struct end *from = &search->from[f], *to = &search->to[t];
		int order = str_cmp(from->name, to->name);

		if (order == 0 && is_unique(search->from, search->n_from, f) &&
		    is_unique(search->to, search->n_to, t) &&
		    score_of(search, from, to) >= MIN_SAME_NAME)
			join(search, from, to);
		f += order <= 0;
		t += order >= 0;
	}
}

/* Better first; equal ones as they stand in the change. */
static int compare_pairs(const void *a, const void *b)
{
	const struct pair *one = a, *two = b;

	if (one->score != two->score)
		return one->score < two->score ? 1 : -1;
	if (one->same_name != two->same_name)
		return one->same_name ? -1 : 1;
	if (one->to->change != two->to->change)
		return one->to->change < two->to->change ? -1 : 1;
	return (one->from->change > two->from->change) - (one->from->change < two->from->change);
}

static void keep_best(struct pair best[BEST], const struct pair *pair)
{
	size_t worst = 0;

	for (size_t i = 1; i < BEST; i++)
		if (!best[i].to || (best[worst].to && compare_pairs(&best[i], &best[worst]) > 0))
			worst = i;
	if (!best[worst].to || compare_pairs(pair, &best[worst]) < 0)
		best[worst] = *pair;
}

static void join_similar(struct search *search)
{
	struct pair *pairs;
	size_t n = 0;

	if (search->n_from == 0 || search->n_to > MAX_PAIRS / search->n_from)
		return;
	pairs = ARENA_ARRAY(&search->mem, search->n_to * BEST + 1, struct pair);
	for (size_t t = 0; t < search->n_to; t++) {
		struct pair best[BEST] = { 0 };

		for (size_t f = 0; f < search->n_from; f++) {
			struct pair pair = { &search->from[f], &search->to[t], 0, false };

			pair.score = score_of(search, pair.from, pair.to);
			pair.same_name = str_eq(pair.from->name, pair.to->name);
			if (pair.score >= MIN_SCORE)
				keep_best(best, &pair);
		}
		for (size_t i = 0; i < BEST; i++)
			if (best[i].to)
				pairs[n++] = best[i];
	}
	if (n)
		qsort(pairs, n, sizeof *pairs, compare_pairs);
	for (size_t i = 0; i < n; i++)
		if (!pairs[i].from->used && !pairs[i].to->used)
			join(search, pairs[i].from, pairs[i].to);
}

static bool is_file(uint32_t mode)
{
	return mode == GIT_FILEMODE_BLOB || mode == GIT_FILEMODE_BLOB_EXECUTABLE;
}

static struct str last_part(struct str path)
{
	size_t at = path.len;

	while (at && path.p[at - 1] != '/')
		at--;
	return str_from(path, at);
}

static bool is_from(const struct change *change)
{
	return change->status == CHANGE_DELETED && is_file(change->old_mode);
}

static bool is_to(const struct change *change)
{
	return change->status == CHANGE_ADDED && is_file(change->new_mode);
}

static void collect(struct search *search, struct change *items, size_t n)
{
	size_t n_from = 0, n_to = 0;

	for (size_t i = 0; i < n; i++) {
		n_from += is_from(&items[i]);
		n_to += is_to(&items[i]);
	}
	if (n_from == 0 || n_to == 0)
		return;
	search->items = items;
	search->gone = ARENA_ARRAY(&search->mem, n, bool);
	search->from = ARENA_ARRAY(&search->mem, n_from, struct end);
	search->to = ARENA_ARRAY(&search->mem, n_to, struct end);
	for (size_t i = 0; i < n; i++)
		if (is_from(&items[i]))
			search->from[search->n_from++] =
				(struct end){ .change = &items[i],
					      .name = last_part(items[i].old_path) };
		else if (is_to(&items[i]))
			search->to[search->n_to++] =
				(struct end){ .change = &items[i],
					      .name = last_part(items[i].new_path) };
}

static void find(struct search *search)
{
	sort(search->from, search->n_from, compare_oids);
	sort(search->to, search->n_to, compare_oids);
	join_identical(search);
	drop_used(search->from, &search->n_from);
	drop_used(search->to, &search->n_to);
	sort(search->from, search->n_from, compare_names);
	sort(search->to, search->n_to, compare_names);
	join_moved(search);
	drop_used(search->from, &search->n_from);
	drop_used(search->to, &search->n_to);
	join_similar(search);
}

void rename_find(struct change *items, size_t *n, const struct loader *loader)
{
	struct search search = { .loader = loader, .left = MAX_READ };
	size_t kept = 0;

	arena_init(&search.mem, scratch_cap);
	arena_init(&search.text, scratch_cap);
	collect(&search, items, *n);
	if (search.n_to) {
		find(&search);
		for (size_t i = 0; i < *n; i++)
			if (!search.gone[i])
				items[kept++] = items[i];
		*n = kept;
	}
	arena_release(&search.mem);
	arena_release(&search.text);
}
