/* regex.c - literals by comparison, everything else by PCRE2, compiled to machine code when it is worth it. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "rules/regex.h"

#include <pcre2.h>
#include <stdatomic.h>
#include <stdio.h>

#include "base/scope.h"
#include "regex_tree.h"

enum {
	JIT_AFTER = 250,          /* searches: compiling costs 40 us, an interpreted search 0.2 us */
	HEAP_LIMIT = 16384,       /* KiB of one search by PCRE2's interpreter */
	MAX_OUTPUT = 64 << 20,    /* bytes of a replacement's result */
	SCRATCH_MAX = 256 << 20,
};

#define OPTIONS                                                                                 \
	(PCRE2_UTF | PCRE2_MATCH_INVALID_UTF | PCRE2_DOLLAR_ENDONLY | PCRE2_ALT_CIRCUMFLEX |    \
	 PCRE2_NEVER_BACKSLASH_C)

/* What PCRE2 holds for one pattern; each pointer is set once, by whoever is first. */
struct engine {
	_Atomic(pcre2_code *)       plain;
	_Atomic(pcre2_code *)       fast;  /* a copy of plain, JIT-compiled */
	_Atomic(pcre2_match_data *) spare; /* taken and put back by each search */
	atomic_uint                 uses;
};

struct regex {
	struct regex_literal literal;
	struct regex_node   *node;
	struct regex_names   names;
	struct str           lowered; /* for PCRE2 */
	struct engine       *engine;
};

/* ---- making ---- */

static int lower(struct str *out, const struct regex_node *node, struct arena *mem,
		 struct err *err)
{
	AUTO_BUF struct buf text = { 0 };

	buf_printf(&text, "(*LIMIT_MATCH=%d)(*LIMIT_HEAP=%d)(*LF)", REGEX_MATCH_LIMIT, HEAP_LIMIT);
	regex_lower(node, mem, &text);
	if (text.full || text.len > REGEX_MAX_LOWERED)
		return err_input(err, "pattern, byte 0: too large when its parts are written out");
	*out = arena_str(mem, buf_str(&text));
	return 0;
}

static pcre2_code *compile(struct str lowered, struct err *err)
{
	PCRE2_SIZE at;
	PCRE2_UCHAR text[160] = "";
	int code;
	pcre2_code *re = pcre2_compile((PCRE2_SPTR)lowered.p, lowered.len, OPTIONS, &code, &at,
				       NULL);

	if (!re) {
		pcre2_get_error_message(code, text, sizeof(text));
		(void)err_input(err, "pattern, byte 0: PCRE2 cannot compile it: %s", (char *)text);
	}
	return re;
}

int regex_compile(struct regex **out, struct arena *mem, struct str pattern, struct err *err)
{
	struct regex_names names = { 0 };
	struct str lowered;
	struct regex_node *node = regex_parse(&names, mem, pattern, err);

	if (!node || lower(&lowered, node, mem, err))
		return -1;
	struct regex *regex = ARENA_NEW(mem, struct regex);
	regex->node = node;
	regex->names = names;
	regex->lowered = lowered;
	regex->engine = ARENA_NEW(mem, struct engine);
	regex_literal_find(node, mem, &regex->literal);
	if (regex->literal.form == FORM_ENGINE) {
		pcre2_code *re = compile(lowered, err);
		if (!re)
			return -1;
		atomic_store(&regex->engine->plain, re);
	}
	*out = regex;
	return 0;
}

void regex_release(struct regex *regex)
{
	if (!regex)
		return;
	pcre2_code_free(atomic_exchange(&regex->engine->plain, NULL));
	pcre2_code_free(atomic_exchange(&regex->engine->fast, NULL));
	pcre2_match_data_free(atomic_exchange(&regex->engine->spare, NULL));
}

/* ---- matching ---- */

/* Literal forms come here only to replace, or when a subject is not ASCII. */
static pcre2_code *plain_code(const struct regex *regex)
{
	pcre2_code *mine, *theirs = atomic_load(&regex->engine->plain);

	if (theirs || !(mine = compile(regex->lowered, NULL)))
		return theirs;
	if (atomic_compare_exchange_strong(&regex->engine->plain, &theirs, mine))
		return mine;
	pcre2_code_free(mine);
	return theirs;
}

/* The code of others must not change under their feet: so the machine code belongs to a copy. */
static pcre2_code *code_for(const struct regex *regex)
{
	struct engine *engine = regex->engine;
	pcre2_code *fast = atomic_load_explicit(&engine->fast, memory_order_acquire);

	if (fast)
		return fast;
	pcre2_code *plain = plain_code(regex);
	if (!plain || atomic_fetch_add(&engine->uses, 1) != JIT_AFTER)
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
	pcre2_code *code = code_for(regex);
	PCRE2_SPTR text = (PCRE2_SPTR)(subject.p ? subject.p : "");

	if (!code)
		return REGEX_LIMIT;
	int rc = pcre2_match(code, text, subject.len, from, 0, data, NULL);
	if (rc == PCRE2_ERROR_JIT_STACKLIMIT)
		rc = pcre2_match(code, text, subject.len, from, PCRE2_NO_JIT, data, NULL);
	return rc >= 0 ? REGEX_YES : rc == PCRE2_ERROR_NOMATCH ? REGEX_NO : REGEX_LIMIT;
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

enum regex_result regex_search(const struct regex *regex, struct str subject)
{
	const struct regex_literal *literal = &regex->literal;

	if (literal->form != FORM_ENGINE && (!literal->nocase || is_ascii(subject)))
		return regex_literal_match(literal, subject) ? REGEX_YES : REGEX_NO;
	if (subject.len > REGEX_MAX_SUBJECT)
		return REGEX_LIMIT;
	pcre2_match_data *data = atomic_exchange(&regex->engine->spare, NULL);
	if (!data && !(data = pcre2_match_data_create(1, NULL)))
		return REGEX_LIMIT;
	enum regex_result result = match(regex, subject, 0, data);
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

enum regex_result regex_replace_all(struct buf *out, const struct regex *regex, struct str subject,
				    struct str replacement)
{
	AUTO(auto_match_data) pcre2_match_data *data =
		pcre2_match_data_create((uint32_t)regex->names.n + 1, NULL);
	size_t before = out->len, copied = 0, last_end = SIZE_MAX;
	enum regex_result result = REGEX_NO;

	if (!data || subject.len > REGEX_MAX_SUBJECT)
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

bool regex_required(const struct regex *regex, struct arena *mem, struct literal_set *out)
{
	AUTO_ARENA struct arena scratch;

	arena_init(&scratch, SCRATCH_MAX);
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
