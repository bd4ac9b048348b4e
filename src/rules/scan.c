/* One text against all rules of its language. */
#include "ruleset_private.h"
#include "suppress.h"

enum {
	NO_RULE = -1,
	MAX_PLACES = 4096, /* of words in a text of lines: with more each line is looked at, as without them */
};

/* The rules that may match this text, by the kind of node that they are about. */
struct index {
	int32_t *first;  /* by kind: into links, or NO_RULE; the last slot is ERROR's */
	struct link {
		const struct rule_entry *entry;
		enum severity            severity;
		int32_t                  next;
	}       *links;
	size_t   n_kinds;
};

struct worker {
	const struct scan    *scan;
	const struct ruleset *set;
	struct index          index;
	struct matcher        m;
	struct suppressions   suppressions;
	struct scan_output    out;
};

static size_t kind_slot(const struct index *index, uint16_t kind)
{
	return kind == KIND_ERROR ? index->n_kinds : kind;
}

static bool globs_allow(const struct rule_entry *entry, struct str path)
{
	if (entry->has_ignores && glob_find(&entry->ignores, path))
		return false;
	return !entry->has_files || glob_find(&entry->files, path);
}

static enum severity severity_for(const struct scan *scan, const struct rule_info *info)
{
	if (scan->everything || !scan->policy)
		return !scan->everything && info->off_by_default ? SEVERITY_OFF : info->severity;
	return scan->policy(scan->policy_payload, info, scan->path);
}

struct candidates {
	const struct rule_entry **entries;
	enum severity            *severities;
	const uint16_t          **needs;
	const struct hit_list   **hits;    /* the list that `needs` speaks of */
	struct hit_list           places[2]; /* of words of the program's rules, of rules from files */
	size_t                    n;
	int32_t                   n_vars;  /* of the rule with most */
	int32_t                   n_memos;
};

static void add_candidate(struct candidates *list, const struct language_rules *rules,
			  const struct rule_slot *slot, const struct rule_entry *entry,
			  enum severity severity)
{
	list->needs[list->n] = slot_needs(rules, slot);
	list->hits[list->n] = &list->places[!slot->builtin];
	list->severities[list->n] = severity;
	list->entries[list->n++] = entry;
	if (entry->n_vars > list->n_vars)
		list->n_vars = entry->n_vars;
	if (entry->memo_end > list->n_memos)
		list->n_memos = entry->memo_end;
}

/* The words of a prefilter that stand in the text; of a language of lines, also where. */
static uint64_t *find_words(const struct prefilter *prefilter, struct arena *mem,
			    const struct language *language, struct str text,
			    struct hit_list *places)
{
	uint64_t *found = ARENA_ARRAY(mem, prefilter_words(prefilter), uint64_t);

	if (language->grammar)
		prefilter_scan(prefilter, text, found);
	else
		prefilter_places(prefilter, text, found, places, MAX_PLACES, mem);
	return found;
}

/* Each rule of the text's language whose words stand in the text; empty when there is none. */
static void find_candidates(struct candidates *out, struct worker *w, struct language_rules *rules,
			    struct str text)
{
	struct arena *mem = w->scan->mem;
	size_t most = rules->slots.n + 1;
	uint64_t *own = find_words(rules->builtin_prefilter, mem, rules->language, text,
				   &out->places[0]);
	uint64_t *found = find_words(rules->prefilter, mem, rules->language, text,
				     &out->places[1]);

	out->entries = ARENA_ARRAY(mem, most, const struct rule_entry *);
	out->severities = ARENA_ARRAY(mem, most, enum severity);
	out->needs = ARENA_ARRAY(mem, most, const uint16_t *);
	out->hits = ARENA_ARRAY(mem, most, const struct hit_list *);
	out->n_vars = 1;
	for (size_t i = 0; i < rules->slots.n; i++) {
		struct rule_slot *slot = &rules->slots.items[i];
		const struct rule_entry *entry;
		enum severity severity;
		struct rule_info info;

		if (!prefilter_may_match(slot_needs(rules, slot), slot->builtin ? own : found))
			continue;
		info = slot_info(rules, slot);
		severity = severity_for(w->scan, &info);
		if (severity == SEVERITY_OFF)
			continue;
		entry = slot_entry(rules, slot);
		if (!entry)
			w->out.trouble = info.id.p;
		else if (w->scan->any_path || globs_allow(entry, w->scan->path))
			add_candidate(out, rules, slot, entry, severity);
	}
}

static void add_link(struct index *index, size_t slot, size_t *used,
		     const struct rule_entry *entry, enum severity severity)
{
	index->links[*used] = (struct link){ entry, severity, index->first[slot] };
	index->first[slot] = (int32_t)(*used)++;
}

static size_t count_kinds(const struct kind_set *set)
{
	size_t n = 0;

	for (size_t w = 0; w < set->n_words; w++)
		n += (size_t)__builtin_popcountll(set->words[w]);
	return n;
}

static void build_index(struct index *index, struct arena *mem, const struct language *language,
			const struct candidates *list)
{
	size_t total = 0, used = 0;

	index->n_kinds = language_kind_count(language);
	index->first = arena_alloc(mem, (index->n_kinds + 1) * sizeof *index->first);
	memset(index->first, 0xff, (index->n_kinds + 1) * sizeof *index->first);
	for (size_t i = 0; i < list->n; i++)
		total += count_kinds(&list->entries[i]->rule->kinds);
	index->links = ARENA_ARRAY(mem, total + 1, struct link);
	for (size_t i = list->n; i-- > 0;) {
		const struct kind_set *kinds = &list->entries[i]->rule->kinds;

		for (size_t word = 0; word < kinds->n_words; word++)
			for (uint64_t bits = kinds->words[word]; bits; bits &= bits - 1) {
				size_t kind = word * 64 + (size_t)__builtin_ctzll(bits);

				add_link(index, kind < index->n_kinds ? kind : index->n_kinds,
					 &used, list->entries[i], list->severities[i]);
			}
	}
}

static void set_fix(struct finding *f, struct worker *w, const struct rule_entry *entry,
		    uint32_t node)
{
	const struct fixer *fixer = &entry->fixers[0];
	const struct node *at = &w->m.tree->nodes[node];
	uint32_t reached;

	f->has_fix = true;
	f->fix.start = at->start;
	f->fix.end = at->end;
	f->fix.title = fixer->title;
	f->fix.safe = entry->fix_is_safe;
	f->fix.text = template_render(&fixer->template, &w->m, node);
	if (fixer->expand_start) {
		reached = rule_reach(&w->m, fixer->expand_start, node);
		if (reached != NODE_NONE)
			f->fix.start = w->m.tree->nodes[reached].start;
	}
	if (fixer->expand_end) {
		reached = rule_reach(&w->m, fixer->expand_end, node);
		if (reached != NODE_NONE)
			f->fix.end = w->m.tree->nodes[reached].end;
	}
}

static struct label label_at(struct worker *w, uint32_t start, uint32_t end, bool primary,
			     struct str message)
{
	return (struct label){ lines_span(matcher_lines(&w->m), start, end), message, primary };
}

/* As the rule says; or the match itself and every node that a relation found. */
static void set_labels(struct finding *f, struct worker *w, const struct rule_entry *entry,
		       uint32_t node)
{
	const struct node *nodes = w->m.tree->nodes;
	const struct env *env = w->m.env;
	struct str none = { 0 };

	f->labels = ARENA_ARRAY(w->scan->mem, entry->n_labels + w->m.labels.n + 1, struct label);
	for (size_t i = 0; i < entry->n_labels; i++) {
		const struct label_rule *rule = &entry->labels[i];
		uint32_t first = env->single[rule->var], last = first;
		struct node_run run = env->multi[rule->var];

		if (first == NODE_NONE && run.n != NODE_NONE && run.n) {
			first = env->list.items[run.at];
			last = env->list.items[run.at + run.n - 1];
		}
		if (first != NODE_NONE)
			f->labels[f->n_labels++] = label_at(w, nodes[first].start, nodes[last].end,
							    rule->primary, rule->message);
	}
	if (entry->has_labels)
		return;
	f->labels[f->n_labels++] = label_at(w, nodes[node].start, nodes[node].end, true, none);
	for (size_t i = 0; i < w->m.labels.n; i++) {
		const struct node *at = &nodes[w->m.labels.items[i]];

		f->labels[f->n_labels++] = label_at(w, at->start, at->end, false, none);
	}
}

static void report(struct worker *w, const struct rule_entry *entry, enum severity severity,
		   uint32_t node)
{
	const struct node *at = &w->m.tree->nodes[node];
	struct finding f = {
		.tool = STR("outrider"), .rule_id = entry->id, .severity = severity,
		.confidence = entry->confidence, .category = entry->category,
		.note = entry->note, .url = entry->url, .cwe = entry->cwe,
		.path = w->scan->path, .text = node_text(w->m.tree, node),
		.language = str_of(w->m.tree->language->name),
	};

	transforms_apply(&entry->transforms, &w->m);
	f.message = template_render(&entry->message, &w->m, node);
	f.span = lines_span(matcher_lines(&w->m), at->start, at->end);
	if (entry->n_fixers)
		set_fix(&f, w, entry, node);
	if (w->scan->labels)
		set_labels(&f, w, entry, node);
	for (size_t i = 0; i < entry->transforms.n; i++)
		w->m.env->transformed[entry->transforms.items[i].var] = (struct str){ 0 };
	if (suppressions_hold(&w->suppressions, &w->m, entry->id, node)) {
		f.suppression = SUPPRESSED_IN_SOURCE;
		ARENA_PUSH(w->scan->mem, &w->out.suppressed, f);
	} else {
		ARENA_PUSH(w->scan->mem, &w->out.findings, f);
	}
}

static bool evaluate(struct worker *w, const struct rule_entry *entry, uint32_t node)
{
	return rule_match(&w->m, entry->rule, node) != NODE_NONE &&
	       constraints_match(&w->m, &entry->constraints);
}

static void try_rule(struct worker *w, const struct link *link, uint32_t node)
{
	bool matched = evaluate(w, link->entry, node);

	/* an answer that a limit cut short may be wrong, behind a `not` even the wrong way round */
	if (matched && !w->m.regex_limit && !w->m.too_deep) {
		if (w->scan->labels && !link->entry->has_labels) {
			/* once more, without shortcuts, to learn which nodes were involved */
			env_undo(w->m.env, 0);
			w->m.labels.n = 0;
			w->m.want_labels = true;
			evaluate(w, link->entry, node);
			w->m.want_labels = false;
		}
		if (!w->m.out_of_time)
			report(w, link->entry, link->severity, node);
	}
	env_undo(w->m.env, 0);
	if (w->m.regex_limit || w->m.too_deep) {
		w->out.trouble = link->entry->id.p;
		w->m.regex_limit = NULL;
		w->m.too_deep = false;
	}
}

static void match_all_nodes(struct worker *w)
{
	const struct tree *tree = w->m.tree;

	for (uint32_t i = 0; i < tree->n && !w->m.out_of_time; i++) {
		int32_t at = w->index.first[kind_slot(&w->index, tree->nodes[i].kind)];

		for (; at != NO_RULE; at = w->index.links[at].next)
			try_rule(w, &w->index.links[at], i);
	}
}

/* The lines on which a candidate has a word that it needs; all where that is not known. One bit for each candidate. */
static uint64_t *plan_lines(const struct candidates *list, const struct tree *tree,
			    struct arena *mem, size_t words)
{
	uint64_t *plan = ARENA_ARRAY(mem, tree->n * words, uint64_t);

	for (size_t c = 0; c < list->n; c++) {
		const struct hit_list *hits = list->hits[c];
		uint64_t bit = (uint64_t)1 << (c % 64);
		bool known = prefilter_has_own(list->needs[c]) && hits->n < MAX_PLACES;
		uint32_t line = 1;

		plan[c / 64] |= bit; /* the document */
		for (uint32_t i = 1; !known && i < tree->n; i++)
			plan[i * words + c / 64] |= bit;
		for (size_t h = 0; known && h < hits->n && line < tree->n; h++) {
			while (line + 1 < tree->n && tree->nodes[line + 1].start <= hits->items[h].at)
				line++;
			if (prefilter_is_own(list->needs[c], hits->items[h].literal))
				plan[line * words + c / 64] |= bit;
		}
	}
	return plan;
}

/* A text without grammar: most lines have no word that a rule needs. */
static void match_lines(struct worker *w, const struct candidates *list)
{
	const struct tree *tree = w->m.tree;
	size_t words = list->n / 64 + 1;
	uint64_t *plan = plan_lines(list, tree, w->scan->mem, words);

	for (uint32_t i = 0; i < tree->n && !w->m.out_of_time; i++)
		for (size_t word = 0; word < words; word++)
			for (uint64_t bits = plan[i * words + word]; bits; bits &= bits - 1) {
				size_t c = word * 64 + (size_t)__builtin_ctzll(bits);
				struct link link = { list->entries[c], list->severities[c], NO_RULE };

				if (kind_set_has(&link.entry->rule->kinds, tree->nodes[i].kind))
					try_rule(w, &link, i);
			}
}

static enum scan_result scan_language(struct worker *w, const struct language *language,
				      struct str text, const struct tree *base,
				      const struct byte_range *ranges, size_t n_ranges,
				      struct tree *tree)
{
	struct candidates list = { 0 };
	enum parse_result parsed;

	tree->n = 0;
	find_candidates(&list, w, ruleset_rules(w->set, language), text);
	if (list.n == 0)
		return SCAN_OK;
	parsed = parser_tree(tree, w->scan->parser, w->scan->mem, language, text, base, ranges,
			     n_ranges);
	if (parsed != PARSE_OK)
		return parsed == PARSE_TIME ? SCAN_TIME : SCAN_MEMORY;
	if (language->grammar)
		build_index(&w->index, w->scan->mem, language, &list);
	matcher_init(&w->m, w->scan->mem, tree, (size_t)list.n_memos);
	w->m.env = env_new(w->scan->mem, list.n_vars);
	w->m.now_ns = w->scan->now_ns;
	w->m.deadline = w->scan->now_ns ? w->scan->now_ns() + w->scan->time_ns : 0;
	w->suppressions.n = 0;
	suppressions_collect(&w->suppressions, &w->m);
	if (language->grammar)
		match_all_nodes(w);
	else
		match_lines(w, &list);
	return w->m.out_of_time ? SCAN_TIME : SCAN_OK;
}

struct injection {
	const struct language *language;
	struct byte_range     *items;
	size_t                 n, cap;
};

/* NULL: data in a script element. ast-grep reads that as JavaScript too. */
static const struct language *script_language(const struct worker *w, const struct tree *tree,
					      uint32_t element)
{
	struct str tag = node_text(tree, element + 1);
	bool is_data = str_has(tag, STR("type=")) && !str_has(tag, STR("javascript")) &&
		       !str_has(tag, STR("module")) && !str_has(tag, STR("ecmascript"));
	bool is_ts = str_has(tag, STR("lang=\"ts\"")) || str_has(tag, STR("lang='ts'"));

	if (str_starts(tag, STR("<style")))
		return language_by_name(STR("css"));
	if (is_data && !w->scan->everything)
		return NULL;
	return language_by_name(is_ts ? STR("ts") : STR("js"));
}

/* HTML holds scripts and styles: their texts are parsed where they stand. */
static enum scan_result scan_embedded(struct worker *w, const struct tree *html)
{
	uint16_t raw = language_kind(html->language, STR("raw_text"));

	for (uint32_t i = 0; i < html->n; i++) {
		struct byte_range range = { html->nodes[i].start, html->nodes[i].end };
		const struct language *language;
		enum scan_result result;
		struct tree tree;

		if (html->nodes[i].kind != raw || html->nodes[i].parent == NODE_NONE)
			continue;
		language = script_language(w, html, html->nodes[i].parent);
		if (!language)
			continue;
		result = scan_language(w, language, html->text, NULL, &range, 1, &tree);
		if (result != SCAN_OK)
			return result;
	}
	return SCAN_OK;
}

enum scan_result ruleset_scan(struct scan_output *out, const struct ruleset *set,
			      const struct scan *scan, const struct language *language,
			      struct str text, const struct tree *base)
{
	struct worker w = { .scan = scan, .set = set };
	enum scan_result result;
	struct tree tree = { 0 };

	result = scan_language(&w, language, text, base, NULL, 0, &tree);
	if (result != SCAN_OK)
		return result;
	w.out.tree = tree;
	w.out.parsed = tree.n > 0;
	if (str_eq(str_of(language->name), STR("Html")) &&
	    (str_has(text, STR("<script")) || str_has(text, STR("<style")))) {
		if (!w.out.parsed && parser_tree(&tree, scan->parser, scan->mem, language, text,
						 base, NULL, 0) != PARSE_OK)
			return SCAN_TIME;
		result = scan_embedded(&w, &tree);
		if (result != SCAN_OK)
			return result;
	}
	*out = w.out;
	return SCAN_OK;
}
