/*
 * glob.c - a pattern becomes tokens, the tokens a small program whose branches are all followed at once,
 * so that no pattern takes more than path bytes times pattern bytes.
 */
#include "glob_program.h"

enum token_kind {
	TOKEN_UNIT,
	TOKEN_ANY,      /* ? */
	TOKEN_STAR,     /* * */
	TOKEN_CLASS,
	TOKEN_ALTERNATIVES,
	TOKEN_PREFIX,   /* a leading "**" with the slash behind it */
	TOKEN_SUFFIX,   /* a final "**" with the slash before it */
	TOKEN_BETWEEN,  /* "**" with both slashes */
};

struct branches;

struct token {
	enum token_kind  kind;
	uint32_t         unit;
	struct glob_class     class;
	struct branches *branches; /* TOKEN_ALTERNATIVES */
};

struct tokens {
	struct token *items;
	size_t        n, cap;
};

struct branches {
	struct tokens *items;
	size_t         n, cap;
};

struct parser {
	struct arena *mem;
	struct str    text;  /* without what the dialect takes off */
	struct str    whole;
	size_t        at;
	unsigned      depth;
	int           prev;  /* the byte before the last one taken, -1 at the start */
	bool          path;  /* GLOB_PATH */
	struct err   *err;
};

/* ---- parsing ---- */

static bool fail(struct parser *p, const char *what)
{
	(void)err_input(p->err, "glob '%.*s': %s", STR_ARG(p->whole), what);
	return false;
}

static int peek(const struct parser *p)
{
	return p->at < p->text.len ? (unsigned char)p->text.p[p->at] : -1;
}

static uint32_t next_unit(struct parser *p)
{
	size_t len;
	uint32_t unit = glob_unit(p->text.p + p->at, p->text.len - p->at, p->path, &len);

	p->at += len;
	return unit;
}

static void add_token(struct parser *p, struct tokens *tokens, enum token_kind kind)
{
	struct token token = { .kind = kind };

	ARENA_PUSH(p->mem, tokens, token);
}

static void add_unit(struct parser *p, struct tokens *tokens)
{
	struct token token = { .kind = TOKEN_UNIT, .unit = next_unit(p) };

	ARENA_PUSH(p->mem, tokens, token);
}

/* One character of a class: alone, or as the end of the range that its last character began. */
static bool extend_class(struct parser *p, struct glob_class *class, uint32_t unit, bool in_range)
{
	struct glob_range single = { unit, unit };

	if (!in_range) {
		ARENA_PUSH(p->mem, class, single);
		return true;
	}
	if (unit < class->items[class->n - 1].first)
		return fail(p, "a range in [] goes backwards");
	class->items[class->n - 1].last = unit;
	return true;
}

static bool parse_class_items(struct parser *p, struct glob_class *class)
{
	bool in_range = false;

	for (bool first = true;; first = false) {
		int c = peek(p);

		if (c < 0)
			return fail(p, "the '[' has no ']'");
		bool escaped = c == '\\' && p->path && p->at + 1 < p->text.len;
		p->at += escaped;
		if (c == ']' && !first)
			break;
		if (c == '-' && !first && !in_range) {
			in_range = true;
			p->at++;
			continue;
		}
		if (!extend_class(p, class, next_unit(p), in_range))
			return false;
		in_range = false;
	}
	p->at++;
	return !in_range || extend_class(p, class, '-', false);
}

static bool parse_class(struct parser *p, struct tokens *tokens)
{
	struct token token = { .kind = TOKEN_CLASS };

	p->at++;
	if (peek(p) == '!' || peek(p) == '^') {
		token.class.negated = true;
		p->at++;
	}
	if (!parse_class_items(p, &token.class))
		return false;
	ARENA_PUSH(p->mem, tokens, token);
	return true;
}

/* "**" is a component of its own only between slashes; else it is "*" twice. */
static void parse_star(struct parser *p, struct tokens *tokens)
{
	int before = p->prev;

	p->at++;
	if (peek(p) != '*') {
		add_token(p, tokens, TOKEN_STAR);
		return;
	}
	p->at++;
	int after = peek(p);
	bool ends = after < 0 || (p->depth > 0 && (after == ',' || after == '}'));
	if (tokens->n == 0 && (after < 0 || after == '/')) {
		p->at += after == '/';
		add_token(p, tokens, TOKEN_PREFIX);
		return;
	}
	if (tokens->n == 0 || before != '/' || (!ends && after != '/')) {
		add_token(p, tokens, TOKEN_STAR);
		add_token(p, tokens, TOKEN_STAR);
		return;
	}
	p->at += after == '/';
	/* The slash before belongs to it; of several in a row one is left. */
	struct token *last = &tokens->items[tokens->n - 1];
	if (last->kind != TOKEN_PREFIX && last->kind != TOKEN_SUFFIX)
		*last = (struct token){ .kind = ends ? TOKEN_SUFFIX : TOKEN_BETWEEN };
}

static bool parse_tokens(struct parser *p, struct tokens *tokens);

/* Nothing, or only { } with nothing in them. */
static bool is_void(const struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->n; i++)
		if (tokens->items[i].kind != TOKEN_ALTERNATIVES || tokens->items[i].branches->n)
			return false;
	return true;
}

static bool parse_alternatives(struct parser *p, struct tokens *tokens)
{
	struct token token = { .kind = TOKEN_ALTERNATIVES };

	if (++p->depth > GLOB_MAX_DEPTH)
		return fail(p, "too many { inside each other");
	token.branches = ARENA_NEW(p->mem, struct branches);
	do {
		struct tokens branch = { 0 };

		p->prev = peek(p);
		p->at++;
		if (!parse_tokens(p, &branch))
			return false;
		if (p->path || !is_void(&branch)) /* globset drops empty ones */
			ARENA_PUSH(p->mem, token.branches, branch);
	} while (peek(p) == ',');
	if (peek(p) != '}')
		return fail(p, "the '{' has no '}'");
	p->at++;
	p->depth--;
	ARENA_PUSH(p->mem, tokens, token);
	return true;
}

static bool parse_one(struct parser *p, struct tokens *tokens)
{
	switch (peek(p)) {
	case '?':
		p->at++;
		add_token(p, tokens, TOKEN_ANY);
		return true;
	case '*':
		parse_star(p, tokens);
		return true;
	case '[':
		return parse_class(p, tokens);
	case '{':
		return parse_alternatives(p, tokens);
	case '}':
		return fail(p, "the '}' has no '{'");
	case '\\':
		p->at++;
		if (peek(p) < 0)
			return fail(p, "nothing stands behind the last '\\'");
		break;
	default:
		break;
	}
	add_unit(p, tokens);
	return true;
}

static bool parse_tokens(struct parser *p, struct tokens *tokens)
{
	while (p->at < p->text.len) {
		int c = peek(p);

		if (p->depth > 0 && (c == ',' || c == '}'))
			return true;
		if (!parse_one(p, tokens))
			return false;
		p->prev = (unsigned char)p->text.p[p->at - 1];
	}
	return true;
}

/* ---- the program ---- */

static size_t emit(struct arena *mem, struct glob *glob, enum glob_op op, uint32_t unit)
{
	struct glob_step step = { .op = op, .unit = unit };

	ARENA_PUSH(mem, glob, step);
	return glob->n - 1;
}

static void aim(struct glob *glob, size_t step, size_t first, size_t second)
{
	glob->items[step].to[0] = (uint16_t)first;
	glob->items[step].to[1] = (uint16_t)second;
}

/* Any number of `op`. */
static void emit_run(struct arena *mem, struct glob *glob, enum glob_op op)
{
	size_t split = emit(mem, glob, OP_SPLIT, 0);

	emit(mem, glob, op, 0);
	size_t back = emit(mem, glob, OP_JUMP, 0);
	aim(glob, back, split, split);
	aim(glob, split, split + 1, glob->n);
}

/* (.*\/)? */
static void emit_directories(struct arena *mem, struct glob *glob)
{
	size_t split = emit(mem, glob, OP_SPLIT, 0);

	emit_run(mem, glob, OP_ANY);
	emit(mem, glob, OP_UNIT, '/');
	aim(glob, split, split + 1, glob->n);
}

static void emit_tokens(struct arena *mem, struct glob *glob, const struct tokens *tokens);

static void emit_branches(struct arena *mem, struct glob *glob, const struct branches *branches)
{
	size_t *jumps = ARENA_ARRAY(mem, branches->n, size_t);

	for (size_t i = 0; i < branches->n; i++) {
		size_t split = emit(mem, glob, OP_SPLIT, 0);

		emit_tokens(mem, glob, &branches->items[i]);
		jumps[i] = emit(mem, glob, OP_JUMP, 0);
		size_t next = i + 1 < branches->n ? glob->n : split + 1;
		aim(glob, split, split + 1, next);
	}
	for (size_t i = 0; i < branches->n; i++)
		aim(glob, jumps[i], glob->n, glob->n);
}

static void emit_token(struct arena *mem, struct glob *glob, const struct token *token)
{
	enum glob_op any = glob->dialect == GLOB_PATH ? OP_NOT_SLASH : OP_ANY;

	switch (token->kind) {
	case TOKEN_UNIT:
		emit(mem, glob, OP_UNIT, token->unit);
		break;
	case TOKEN_ANY:
		emit(mem, glob, any, 0);
		break;
	case TOKEN_STAR:
		emit_run(mem, glob, any);
		break;
	case TOKEN_CLASS:
		emit(mem, glob, OP_CLASS, 0);
		glob->items[glob->n - 1].class = &token->class;
		break;
	case TOKEN_ALTERNATIVES:
		emit_branches(mem, glob, token->branches);
		break;
	case TOKEN_PREFIX:
		emit_directories(mem, glob);
		break;
	case TOKEN_SUFFIX:
		emit(mem, glob, OP_UNIT, '/');
		emit_run(mem, glob, OP_ANY);
		break;
	case TOKEN_BETWEEN:
		emit(mem, glob, OP_UNIT, '/');
		emit_directories(mem, glob);
		break;
	}
}

static void emit_tokens(struct arena *mem, struct glob *glob, const struct tokens *tokens)
{
	for (size_t i = 0; i < tokens->n; i++)
		emit_token(mem, glob, &tokens->items[i]);
}

/* ---- making ---- */

/* Takes the slashes at the ends off; what has no other begins with any number of directories. */
static bool trim_path(struct parser *p, struct glob *glob, struct tokens *tokens)
{
	struct str *text = &p->text;

	if (str_starts(*text, STR("!")))
		return fail(p, "negation with '!' is not supported (write '\\!' for the character)");
	if (str_ends(*text, STR("/")) && !str_ends(*text, STR("\\/"))) {
		glob->directory = true;
		text->len--;
	}
	if (str_starts(*text, STR("./")))
		*text = str_from(*text, 2);
	else if (str_starts(*text, STR("/")))
		*text = str_from(*text, 1);
	else if (str_find_byte(*text, '/') == SIZE_MAX)
		add_token(p, tokens, TOKEN_PREFIX);
	return text->len > 0 || fail(p, "empty");
}

int glob_compile(struct glob **out, struct arena *mem, struct str pattern,
		 enum glob_dialect dialect, bool nocase, struct err *err)
{
	struct str text = arena_str(mem, pattern);
	struct parser p = { .mem = mem, .text = text, .whole = text, .prev = -1,
			    .path = dialect == GLOB_PATH, .err = err };
	struct glob *glob = ARENA_NEW(mem, struct glob);
	struct tokens *tokens = ARENA_NEW(mem, struct tokens);

	*glob = (struct glob){ .text = text, .dialect = dialect, .nocase = nocase };
	if (pattern.len > GLOB_MAX_BYTES)
		return err_input(err, "glob '%.40s...': longer than %d bytes", text.p,
				 GLOB_MAX_BYTES);
	if (dialect == GLOB_PATH && !trim_path(&p, glob, tokens))
		return -1;
	if (!parse_tokens(&p, tokens))
		return -1;
	if (tokens->n == 1 && tokens->items[0].kind == TOKEN_PREFIX)
		tokens->items[0].kind = TOKEN_STAR; /* "**" is everything */
	emit_tokens(mem, glob, tokens);
	emit(mem, glob, OP_MATCH, 0);
	if (glob->n > GLOB_MAX_STEPS)
		return err_set(err, ERR_BUG, "glob '%.*s': %zu steps", STR_ARG(text), glob->n);
	*out = glob;
	return 0;
}

struct str glob_text(const struct glob *glob)
{
	return glob->text;
}
