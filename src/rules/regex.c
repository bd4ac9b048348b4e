/* regex.c - literals by comparison, everything else by PCRE2, compiled to machine code when it is worth it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/regex.h"

#include <pcre2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "regex_tree.h"

enum {
	JIT_AFTER = 250,          /* searches: compiling costs 40 us, an interpreted search of */
	JIT_BYTES = 32,           /* ... so many bytes 0.2 us */
	HEAP_LIMIT = 16384,       /* KiB of one search by PCRE2's interpreter */
	MAX_OUTPUT = 64 << 20,    /* bytes of a replacement's result */
	COST_SEARCH = 4000000,    /* backtracking steps that a search may cost at worst: 50 ms */
	COST_REPLACE = 100000000, /* ... a replacement, for which there is no other way: 1 s */
	LINEAR_WORKSPACE = 600,   /* ints: 100 states at one place, which are compared with each other */
	LINEAR_MAX = 2 << 20,     /* bytes of a subject for it: 1 s or less */
	SCRATCH_MAX = 256 << 20,
	DEFERRED_MAX = 64 << 20,  /* memory of one deferred pattern; REGEX_MAX_NODES need 4 MB */
};

/* No DOLLAR_ENDONLY: the translation writes \z, and pcre2_dfa_match() would apply it to (?m)$, too. */
#define OPTIONS (PCRE2_UTF | PCRE2_ALT_CIRCUMFLEX | PCRE2_NEVER_BACKSLASH_C)

/* What PCRE2 holds for one pattern; each pointer is set once, by whoever is first. */
struct engine {
	_Atomic(pcre2_code *)       plain;
	_Atomic(pcre2_code *)       fast;  /* a copy of plain, JIT-compiled */
	_Atomic(pcre2_code *)       linear; /* for PCRE2's other algorithm, which does not backtrack */
	_Atomic(pcre2_match_data *) spare; /* taken and put back by each search */
	_Atomic(struct deferred *)  deferred; /* the regex itself, for one whose `node` is NULL */
	atomic_uint                 uses;
};

struct regex {
	struct regex_literal literal;
	struct regex_node   *node;
	struct regex_names   names;
	struct str           pattern;
	struct str           lowered; /* for PCRE2 */
	unsigned             degree;  /* see regex_degree() */
	struct engine       *engine;
};

struct deferred {
	struct arena  mem;
	struct regex *regex; /* in mem; NULL when the pattern cannot be compiled */
};

/* ---- making ---- */

/* The pattern in PCRE2's syntax; `linear` begins with "any text". */
static int lower(struct buf *text, const struct regex_node *node, bool linear, struct arena *mem,
		 struct err *err)
{
	buf_printf(text, "(*LIMIT_MATCH=%d)(*LIMIT_HEAP=%d)(*LF)", REGEX_MATCH_LIMIT, HEAP_LIMIT);
	buf_add(text, linear ? STR("\\A(?s:.*?)(?:") : STR(""));
	regex_lower(node, mem, linear, text);
	buf_add(text, linear ? STR(")") : STR(""));
	if (text->full || text->len > REGEX_MAX_LOWERED)
		return err_input(err, "pattern, byte 0: too large when its parts are written out");
	return 0;
}

static pcre2_code *compile(struct str lowered, uint32_t options, struct err *err)
{
	PCRE2_SIZE at;
	PCRE2_UCHAR text[160] = "";
	int code;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)lowered.p, lowered.len, options, &code, &at,
				       NULL);

	if (!re) {
		pcre2_get_error_message(code, text, sizeof(text));
		(void)err_input(err, "pattern, byte 0: PCRE2 cannot compile it: %s", (char *)text);
	}
	return re;
}

int regex_compile(struct regex **out, struct arena *mem, struct str pattern, struct err *err)
{
	struct regex *regex = ARENA_NEW(mem, struct regex);
	AUTO_BUF struct buf text = { 0 };

	regex->node = regex_parse(&regex->names, mem, pattern, err);
	if (!regex->node || lower(&text, regex->node, false, mem, err) < 0)
		return -1;
	regex->lowered = arena_str(mem, buf_str(&text));
	regex->degree = regex_degree(regex->node);
	regex->engine = ARENA_NEW(mem, struct engine);
	regex_literal_find(regex->node, mem, &regex->literal);
	if (regex->literal.form == FORM_ENGINE) {
		pcre2_code *re = compile(regex->lowered, OPTIONS | PCRE2_MATCH_INVALID_UTF, err);
		if (!re)
			return -1;
		atomic_store(&regex->engine->plain, re);
	}
	*out = regex;
	return 0;
}

struct regex *regex_defer(struct arena *mem, struct str pattern)
{
	struct regex *regex = ARENA_NEW(mem, struct regex);

	regex->pattern = pattern;
	regex->engine = ARENA_NEW(mem, struct engine);
	return regex;
}

static void deferred_free(struct deferred *deferred)
{
	if (!deferred)
		return;
	regex_release(deferred->regex);
	arena_release(&deferred->mem);
	free(deferred);
}

/* The regex to work with: itself, or what is made of a deferred one by whoever needs it first. May be NULL. */
static const struct regex *made(const struct regex *regex)
{
	struct deferred *mine, *theirs = NULL;

	if (regex->node)
		return regex;
	theirs = atomic_load_explicit(&regex->engine->deferred, memory_order_acquire);
	if (theirs)
		return theirs->regex;
	mine = calloc(1, sizeof *mine);
	if (!mine)
		return NULL;
	arena_init(&mine->mem, DEFERRED_MAX);
	if (regex_compile(&mine->regex, &mine->mem, regex->pattern, NULL) < 0)
		mine->regex = NULL;
	if (atomic_compare_exchange_strong(&regex->engine->deferred, &theirs, mine))
		return mine->regex;
	deferred_free(mine);
	return theirs->regex;
}

void regex_release(struct regex *regex)
{
	if (!regex)
		return;
	deferred_free(atomic_exchange(&regex->engine->deferred, NULL));
	pcre2_code_free(atomic_exchange(&regex->engine->plain, NULL));
	pcre2_code_free(atomic_exchange(&regex->engine->fast, NULL));
	pcre2_code_free(atomic_exchange(&regex->engine->linear, NULL));
	pcre2_match_data_free(atomic_exchange(&regex->engine->spare, NULL));
}

/* ---- matching ---- */

/* The code in a slot, made by whoever needs it first. NULL when PCRE2 cannot. */
static pcre2_code *code_in(_Atomic(pcre2_code *) *slot, struct str lowered, uint32_t options)
{
	pcre2_code *mine, *theirs = atomic_load(slot);

	if (theirs || !(mine = compile(lowered, options, NULL)))
		return theirs;
	if (atomic_compare_exchange_strong(slot, &theirs, mine))
		return mine;
	pcre2_code_free(mine);
	return theirs;
}

/* The code of others must not change under their feet: so the machine code belongs to a copy. */
static pcre2_code *code_for(const struct regex *regex, size_t bytes)
{
	struct engine *engine = regex->engine;
	pcre2_code *fast = atomic_load_explicit(&engine->fast, memory_order_acquire);
	unsigned more = 1 + (unsigned)(bytes / JIT_BYTES), uses;

	if (fast)
		return fast;
	/* Already there, but for literal forms that are to be replaced or meet text beyond ASCII. */
	pcre2_code *plain = code_in(&engine->plain, regex->lowered,
				    OPTIONS | PCRE2_MATCH_INVALID_UTF);
	if (!plain)
		return NULL;
	/* who crosses the line compiles; the others go on as before */
	uses = atomic_fetch_add(&engine->uses, more);
	if (uses > JIT_AFTER || uses + more <= JIT_AFTER)
		return plain;
	fast = pcre2_code_copy(plain);
	if (!fast || pcre2_jit_compile(fast, PCRE2_JIT_COMPLETE) != 0) {
		pcre2_code_free(fast);
		return plain;
	}
	atomic_store_explicit(&engine->fast, fast, memory_order_release);
	return fast;
}

static enum regex_result match(const struct regex *regex, struct str subject, size_t from,
			       pcre2_match_data *data)
{
	pcre2_code *code = code_for(regex, subject.len - from);
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.p ? subject.p : "");

	if (!code)
		return REGEX_LIMIT;
	int rc = pcre2_match(code, text, subject.len, from, 0, data, NULL);
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(code, text, subject.len, from, PCRE2_NO_JIT, data, NULL);
	return rc >= 0 ? REGEX_YES : rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}

static pcre2_code *linear_code(const struct regex *regex)
{
	AUTO_ARENA struct arena scratch;
	AUTO_BUF struct buf text = { 0 };
	pcre2_code *code = atomic_load(&regex->engine->linear);

	arena_init(&scratch, SCRATCH_MAX);
	if (code)
		return code;
	if (lower(&text, regex->node, true, &scratch, NULL) < 0)
		return NULL;
	return code_in(&regex->engine->linear, buf_str(&text), OPTIONS);
}

/* Follows all possibilities at once: slower on most subjects, but never by more than their length. */
static enum regex_result match_linear(const struct regex *regex, struct str subject,
				      pcre2_match_data *data)
{
	int workspace[LINEAR_WORKSPACE];
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.p ? subject.p : "");
	pcre2_code *code = subject.len > LINEAR_MAX ? NULL : linear_code(regex);

	if (!code)
		return REGEX_LIMIT;
	int rc = pcre2_dfa_match(code, text, subject.len, 0, PCRE2_DFA_SHORTEST, data, NULL,
				 workspace, COUNT(workspace));
	return rc >= 0 ? REGEX_YES : rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
}

/* Whether backtracking could cost more than so many steps. */
static bool is_costly(const struct regex *regex, struct str subject, size_t steps)
{
	size_t cost = 1;

	for (unsigned i = 0; i < regex->degree; i++) {
		if (subject.len > steps / cost)
			return true;
		cost *= subject.len + 1;
	}
	return cost > steps;
}

static bool is_ascii(struct str s)
{
	size_t i = 0;
	uint64_t word;

	for (; i + sizeof(word) <= s.len; i += sizeof(word)) {
		memcpy(&word, s.p + i, sizeof(word));
		if (word & 0x8080808080808080u)
			return false;
	}
	for (; i < s.len; i++)
		if ((unsigned char)s.p[i] >= 0x80)
			return false;
	return true;
}

enum regex_result regex_search(const struct regex *outer, struct str subject)
{
	const struct regex *regex = made(outer);
	const struct regex_literal *literal;

	if (!regex)
		return REGEX_LIMIT;
	literal = &regex->literal;
	if (literal->form != FORM_ENGINE && (!literal->nocase || is_ascii(subject)))
		return regex_literal_match(literal, subject) ? REGEX_YES : REGEX_NO;
	if (subject.len > REGEX_MAX_SUBJECT)
		return REGEX_LIMIT;
	pcre2_match_data *data = atomic_exchange(&regex->engine->spare, NULL);
	if (!data && !(data = pcre2_match_data_create(1, NULL)))
		return REGEX_LIMIT;
	enum regex_result result = REGEX_LIMIT;
	if (!is_costly(regex, subject, COST_SEARCH))
		result = match(regex, subject, 0, data);
	if (result == REGEX_LIMIT)
		result = match_linear(regex, subject, data);
	/* After a limit it holds megabytes of the interpreter's frames. */
	if (result != REGEX_LIMIT)
		data = atomic_exchange(&regex->engine->spare, data);
	pcre2_match_data_free(data);
	return result;
}

/* ---- replacing ---- */

static size_t group_number(const struct regex *regex, struct str name)
{
	uint64_t n;

	if (str_to_u64(name, &n))
		return n > SIZE_MAX ? SIZE_MAX : (size_t)n;
	for (size_t i = 0; name.len && i < regex->names.n; i++)
		if (str_eq(regex->names.items[i], name))
			return i + 1;
	return SIZE_MAX;
}

static bool is_name_byte(char c)
{
	char lower = (char)(c | 0x20);

	return (c >= '0' && c <= '9') || (lower >= 'a' && lower <= 'z') || c == '_';
}

/* The reference at the start of `s`, which begins with '$'; its length, 0 for none. */
static size_t reference(struct str s, struct str *name)
{
	size_t end = 1;

	if (s.len > 1 && s.p[1] == '{') {
		end = str_find_byte(s, '}');
		if (end == SIZE_MAX)
			return 0;
		*name = str_sub(s, 2, end);
		return end + 1;
	}
	while (end < s.len && is_name_byte(s.p[end]))
		end++;
	*name = str_sub(s, 1, end);
	return name->len ? end : 0;
}

static void add_group(struct buf *out, const struct regex *regex, struct str subject,
		      struct str name, pcre2_match_data *data)
{
	const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
	size_t group = group_number(regex, name);

	if (group < pcre2_get_ovector_count(data) && ends[2 * group] != PCRE2_UNSET)
		buf_add(out, str_sub(subject, ends[2 * group], ends[2 * group + 1]));
}

static void expand(struct buf *out, const struct regex *regex, struct str subject,
		   struct str replacement, pcre2_match_data *data)
{
	while (replacement.len) {
		struct str name;
		size_t at = str_find_byte(replacement, '$');

		buf_add(out, str_sub(replacement, 0, at));
		if (at == SIZE_MAX)
			return;
		replacement = str_from(replacement, at);
		if (str_starts(replacement, STR("$$"))) {
			buf_add_byte(out, '$');
			replacement = str_from(replacement, 2);
			continue;
		}
		size_t len = reference(replacement, &name);
		if (len)
			add_group(out, regex, subject, name, data);
		else
			buf_add_byte(out, '$');
		replacement = str_from(replacement, len ? len : 1);
	}
}

static void auto_match_data(pcre2_match_data **data)
{
	pcre2_match_data_free(*data);
}

enum regex_result regex_replace_all(struct buf *out, const struct regex *outer, struct str subject,
				    struct str replacement)
{
	const struct regex *regex = made(outer);
	AUTO(auto_match_data) pcre2_match_data *data =
		regex ? pcre2_match_data_create((uint32_t)regex->names.n + 1, NULL) : NULL;
	size_t before = out->len, copied = 0, last_end = SIZE_MAX;
	enum regex_result result = REGEX_NO;

	if (!regex || !data || subject.len > REGEX_MAX_SUBJECT ||
	    is_costly(regex, subject, COST_REPLACE))
		return REGEX_LIMIT;
	for (size_t from = 0; from <= subject.len;) {
		enum regex_result found = match(regex, subject, from, data);

		if (found == REGEX_NO)
			break;
		if (found == REGEX_LIMIT || out->full || out->len - before > MAX_OUTPUT) {
			out->len = before;
			return REGEX_LIMIT;
		}
		const PCRE2_SIZE *ends = pcre2_get_ovector_pointer(data);
		if (ends[0] == ends[1] && ends[1] == last_end) {
			/* As the crate: no empty match where the last one ended. */
			from = last_end + (last_end < subject.len ?
						   str_utf8_len(subject.p + last_end,
								subject.len - last_end) : 1);
			last_end = SIZE_MAX;
			continue;
		}
		buf_add(out, str_sub(subject, copied, ends[0]));
		expand(out, regex, subject, replacement, data);
		copied = from = last_end = ends[1];
		result = REGEX_YES;
	}
	buf_add(out, str_from(subject, copied));
	return result;
}

/* ---- the prefilter's question ---- */

bool regex_required(const struct regex *outer, struct arena *mem, struct literal_set *out)
{
	const struct regex *regex = made(outer);
	AUTO_ARENA struct arena scratch;

	arena_init(&scratch, SCRATCH_MAX);
	if (!regex)
		return false;
	struct regex_listing how = { .mem = &scratch, .loose = true, .most = REGEX_LITERALS };
	struct regex_listed listed = regex_list(&how, regex->node);
	struct regex_strings best = listed.best;
	if (listed.exact && regex_strings_score(&listed.all) > regex_strings_score(&best))
		best = listed.all;
	if (regex_strings_score(&best) == 0)
		return false;
	out->items = ARENA_ARRAY(mem, best.n, struct str);
	out->n = best.n;
	for (size_t i = 0; i < best.n; i++)
		out->items[i] = arena_str(mem, best.items[i]);
	return true;
}
