#include "review/command.h"

#include "base/scope.h"
#include "markdown.h"

const struct command_info command_table[] = {
	{ COMMAND_REVIEW, "review", NULL, true, "look again at the head" },
	{ COMMAND_FULL, "full", NULL, true, "look again, and say what was held back too" },
	{ COMMAND_PAUSE, "pause", NULL, true, "say nothing here until `resume`" },
	{ COMMAND_RESUME, "resume", NULL, true, "speak again, and look at the head" },
	{ COMMAND_RESOLVE, "resolve", NULL, true, "resolve all threads of Outrider; they stay so" },
	{ COMMAND_IGNORE, "ignore", "RULE", true, "be silent about a rule in this pull request" },
	{ COMMAND_EXPLAIN, "explain", "[RULE]", false, "say more about a rule, or about this thread" },
	{ COMMAND_HELP, "help", NULL, false, "this list" },
};
const size_t command_table_n = COUNT(command_table);

const struct command_info *command_info_of(enum command_kind kind)
{
	for (size_t i = 0; i < command_table_n; i++)
		if (command_table[i].kind == kind)
			return &command_table[i];
	return NULL;
}

/* Where in the comment's Markdown we are. */
struct place {
	char   fence;      /* '`' or '~' of an open fence, or 0 */
	size_t fence_len;
	size_t ticks;      /* an inline code span that is open since a line before */
	bool   html;       /* in <!-- --> */
};

static size_t run_of(struct str s, size_t at)
{
	size_t n = 0;

	while (at + n < s.len && s.p[at + n] == s.p[at])
		n++;
	return n;
}

/* True when the line opens, closes or lies in a fenced block. */
static bool follow_fence(struct place *place, struct str text)
{
	char mark = text.len && (text.p[0] == '`' || text.p[0] == '~') ? text.p[0] : 0;
	size_t n = mark ? run_of(text, 0) : 0;

	if (place->fence) {
		if (mark == place->fence && n >= place->fence_len && n == str_trim(text).len)
			place->fence = 0;
		return true;
	}
	if (n < 3 || (mark == '`' && str_find_byte(str_from(text, n), '`') != SIZE_MAX))
		return false;
	place->fence = mark;
	place->fence_len = n;
	return true;
}

static void follow_spans(struct place *place, struct str text)
{
	for (size_t i = 0; i < text.len;) {
		size_t n = text.p[i] == '`' ? run_of(text, i) : 0;

		if (n)
			place->ticks = !place->ticks ? n : place->ticks == n ? 0 : place->ticks;
		i += n ? n : 1;
	}
}

/* True when the line begins in an HTML comment, or begins one. */
static bool follow_html(struct place *place, struct str text)
{
	bool inside = place->html || str_starts(text, STR("<!--"));

	for (;;) {
		size_t at = str_find(text, place->html ? STR("-->") : STR("<!--"));

		if (at == SIZE_MAX)
			return inside;
		text = str_from(text, at + (place->html ? 3 : 4));
		place->html = !place->html;
	}
}

/* The text of a line where a command may stand; empty where none can. */
static struct str open_text(struct place *place, struct str line)
{
	struct str text = line, none = { 0 };
	bool span = place->ticks;
	size_t indent = 0;

	while (indent < 4 && indent < text.len && text.p[indent] == ' ')
		indent++;
	text = str_from(text, indent);
	if (text.len && text.p[0] == '\t')
		indent = 4; /* a tab goes to the next multiple of four */
	if (str_trim(text).len == 0) {
		place->ticks = 0; /* a span ends with its paragraph */
		return none;
	}
	if (!place->html && indent < 4 && follow_fence(place, text))
		return none;
	if (follow_html(place, text))
		return none;
	follow_spans(place, text);
	return span || indent == 4 ? none : str_trim(text);
}

static bool cut_word(struct str *rest, struct str *word)
{
	size_t n = 0;

	*rest = str_trim(*rest);
	while (n < rest->len && !strchr(" \t\r\n\v\f", rest->p[n]))
		n++;
	*word = str_sub(*rest, 0, n);
	*rest = str_from(*rest, n);
	return n > 0;
}

/* Rule ids are also pasted as code. */
static bool read_rule(struct str *out, struct str word)
{
	while (word.len >= 2 && word.p[0] == '`' && word.p[word.len - 1] == '`')
		word = str_sub(word, 1, word.len - 1);
	if (word.len == 0 || word.len > COMMAND_MAX_RULE)
		return false;
	for (size_t i = 0; i < word.len; i++) {
		char c = word.p[i];

		if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
		      (c && strchr("-_./:@", c))))
			return false;
	}
	*out = word;
	return true;
}

/* "/outrider is a nice tool" is talk about us; one or two odd words are a slip. */
static bool is_addressed(struct str word, struct str rest)
{
	enum { LONGEST = 40, WORDS = 2 };
	size_t words = 1;
	struct str next;

	while (cut_word(&rest, &next))
		words++;
	return word.len <= LONGEST && words <= WORDS && str_is_utf8(word);
}

static bool read_words(struct command_text *out, struct str rest)
{
	struct str word, all, argument = { 0 };

	*out = (struct command_text){ .kind = COMMAND_HELP };
	if (!cut_word(&rest, &word))
		return true;
	all = rest;
	cut_word(&rest, &argument);
	for (size_t i = 0; i < command_table_n; i++) {
		const struct command_info *info = &command_table[i];

		if (!str_eq_nocase(word, str_of(info->word)))
			continue;
		out->kind = info->kind;
		if (!info->argument || (argument.len == 0 && info->argument[0] == '['))
			return true;
		if (read_rule(&out->rule, argument))
			return true;
	}
	*out = (struct command_text){ .kind = COMMAND_UNKNOWN, .word = word };
	return is_addressed(word, all);
}

static bool read_line(struct command_text *out, struct str text, struct str name)
{
	if (!text.len || text.p[0] != '/' || !str_eq_nocase(str_sub(text, 1, 1 + name.len), name))
		return false;
	text = str_from(text, 1 + name.len);
	if (text.len && !strchr(" \t", text.p[0]))
		return false;
	return read_words(out, text);
}

size_t command_parse(struct command_text out[COMMAND_MAX], struct str body, struct str name)
{
	struct place place = { 0 };
	struct str line;
	size_t n = 0;

	body = str_sub(body, 0, COMMAND_MAX_BYTES);
	while (n < COMMAND_MAX && str_cut_line(&body, &line)) {
		struct str text = open_text(&place, line);

		if (read_line(&out[n], text, name))
			n++;
	}
	return n;
}

struct str command_help(struct arena *mem, struct str name, const struct command_text *unknown)
{
	AUTO_BUF struct buf out = { 0 };

	if (unknown && unknown->word.len) {
		markdown_add_code(&out, unknown->word);
		buf_add(&out, STR(" is no command here. "));
	}
	buf_add(&out, STR("Commands, each at the start of a line:\n\n"));
	for (size_t i = 0; i < command_table_n; i++) {
		const struct command_info *info = &command_table[i];

		buf_printf(&out, "- `/%.*s %s%s%s`: %s\n", STR_ARG(name), info->word,
			   info->argument ? " " : "", info->argument ? info->argument : "",
			   info->about);
	}
	buf_add(&out, STR("\nAll but the last two are for people who may write to this repository."));
	return arena_str(mem, buf_str(&out));
}

struct str command_refused(struct arena *mem, const struct command_text *command)
{
	const struct command_info *info = command_info_of(command->kind);

	return arena_printf(mem, "`%s` is for people who may write to this repository.",
			    info ? info->word : "this");
}

struct str command_done(struct arena *mem, const struct command_text *command)
{
	static const char *const texts[COMMANDS] = {
		[COMMAND_REVIEW] = "Looking at it again.",
		[COMMAND_FULL] = "Looking at it again, with what was held back.",
		[COMMAND_PAUSE] = "Paused: nothing more is said here until `/outrider resume`.",
		[COMMAND_RESUME] = "Resumed: looking at the head.",
		[COMMAND_RESOLVE] = "All threads are being resolved; they will not be opened again.",
	};
	AUTO_BUF struct buf out = { 0 };

	if (command->kind == COMMAND_IGNORE) {
		buf_add(&out, STR("The rule "));
		markdown_add_code(&out, command->rule);
		buf_add(&out, STR(" is silent in this pull request from now on."));
		return arena_str(mem, buf_str(&out));
	}
	return str_of(texts[command->kind] ? texts[command->kind] : "Done.");
}

struct str command_explain(struct arena *mem, const struct rule_about *about, struct str rule)
{
	AUTO_BUF struct buf out = { 0 };

	if (!about) {
		buf_add(&out, STR("There is no rule "));
		markdown_add_code(&out, rule);
		buf_add(&out, STR(" among those of the program; a rule of this repository is explained by its own file."));
		return arena_str(mem, buf_str(&out));
	}
	markdown_add_link(&out, about->rule, about->url);
	buf_add(&out, STR(" ("));
	markdown_add_text(&out, about->severity);
	if (about->category.len) {
		buf_add(&out, STR(", "));
		markdown_add_text(&out, about->category);
	}
	buf_add(&out, STR("): "));
	markdown_add_text(&out, about->message);
	if (about->note.len) {
		buf_add(&out, STR("\n\n"));
		markdown_add_note(&out, about->note);
	}
	buf_printf(&out, "\n\nTo be spared it here: `/outrider ignore %.*s`.", STR_ARG(about->rule));
	return arena_str(mem, buf_str(&out));
}
