/* regex_escape.c - what a backslash means. */
#include "regex_tree.h"

static const struct {
	char letter;
	char cp;
} controls[] = { { 'a', 7 }, { 't', 9 }, { 'n', 10 }, { 'v', 11 }, { 'f', 12 }, { 'r', 13 } };

static const struct {
	char                 letter;
	enum regex_assertion assertion;
} anchors[] = {
	{ 'A', ASSERT_TEXT_START }, { 'z', ASSERT_TEXT_END },	{ 'b', ASSERT_WORD },
	{ 'B', ASSERT_NOT_WORD },   { '<', ASSERT_WORD_START }, { '>', ASSERT_WORD_END },
};

static const struct {
	const char          *name;
	enum regex_assertion assertion;
} boundaries[] = {
	{ "start", ASSERT_WORD_START },
	{ "end", ASSERT_WORD_END },
	{ "start-half", ASSERT_WORD_START_HALF },
	{ "end-half", ASSERT_WORD_END_HALF },
};

/* Digits of \x, \u and \U without braces. */
static const struct {
	char   letter;
	size_t digits;
} hex_forms[] = { { 'x', 2 }, { 'u', 4 }, { 'U', 8 } };

static const struct regex_range digit_ascii[] = { { '0', '9' } };
static const struct regex_range space_ascii[] = { { 9, 13 }, { ' ', ' ' } };
static const struct regex_range space_unicode[] = {
	{ 9, 13 },	    { ' ', ' ' },	{ 0x85, 0x85 },	    { 0xa0, 0xa0 },
	{ 0x1680, 0x1680 }, { 0x2000, 0x200a }, { 0x2028, 0x2029 }, { 0x202f, 0x202f },
	{ 0x205f, 0x205f }, { 0x3000, 0x3000 },
};
static const struct regex_range word_ascii[] = { { '0', '9' }, { 'A', 'Z' }, { '_', '_' },
						 { 'a', 'z' } };
static const struct regex_range joiners[] = { { 0x200c, 0x200d } };

static void add_property(struct regex_parser *p, struct regex_class *set, struct str name)
{
	struct regex_class *item = regex_class_new(p, CLASS_PROPERTY);

	item->property = name;
	ARENA_PUSH(p->mem, set, item);
}

/* UTS 18 annex C, as the crate has it; PCRE2's own \w lacks marks and connectors. */
static struct regex_class *word_unicode(struct regex_parser *p)
{
	static const char *const properties[] = { "Alphabetic", "M", "Nd", "Pc" };
	struct regex_class *set = regex_class_of(p, word_ascii, COUNT(word_ascii));

	for (size_t i = 0; i < COUNT(properties); i++)
		add_property(p, set, str_of(properties[i]));
	ARENA_PUSH(p->mem, set, regex_class_of(p, joiners, COUNT(joiners)));
	return set;
}

static struct regex_class *perl_class(struct regex_parser *p, char letter)
{
	bool unicode = p->flags & REGEX_UNICODE;
	struct regex_class *set;

	if (letter == 'w')
		set = unicode ? word_unicode(p) : regex_class_of(p, word_ascii, COUNT(word_ascii));
	else if (letter == 's')
		set = unicode ? regex_class_of(p, space_unicode, COUNT(space_unicode)) :
				regex_class_of(p, space_ascii, COUNT(space_ascii));
	else if (unicode)
		add_property(p, set = regex_class_new(p, CLASS_UNION), STR("Nd"));
	else
		set = regex_class_of(p, digit_ascii, COUNT(digit_ascii));
	set->perl = letter;
	return set;
}

static bool parse_hex(struct regex_parser *p, size_t digits, size_t start, uint32_t *out)
{
	uint32_t cp = 0;
	size_t n = 0;

	regex_skip_space(p);
	bool braces = p->at < p->text.len && p->text.p[p->at] == '{';
	for (p->at += braces; p->at < p->text.len && (braces || n < digits); n++) {
		regex_skip_space(p);
		char c = p->at < p->text.len ? p->text.p[p->at] : 0;
		char lower = (char)(c | 0x20);

		if (c >= '0' && c <= '9')
			cp = cp * 16 + (uint32_t)(c - '0');
		else if (lower >= 'a' && lower <= 'f')
			cp = cp * 16 + (uint32_t)(lower - 'a' + 10);
		else
			break;
		if (cp > REGEX_LAST)
			break;
		p->at++;
	}
	bool closed = !braces || (p->at < p->text.len && p->text.p[p->at] == '}');
	p->at += braces && closed;
	if (n == 0 || !closed || (!braces && n < digits) || cp > REGEX_LAST ||
	    (cp >= 0xd800 && cp <= 0xdfff))
		return regex_fail(p, start, "not a character in hexadecimal") != NULL;
	*out = cp;
	return true;
}

static bool is_special_name(char c)
{
	return c == '-' || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z');
}

/* \b{start} and its like; `\b{2}` is a repetition and stays. */
static bool parse_boundary(struct regex_parser *p, size_t start, struct regex_escape *out)
{
	struct regex_parser ahead = *p;

	if (p->at >= p->text.len || p->text.p[p->at] != '{')
		return true;
	ahead.at++;
	regex_skip_space(&ahead);
	size_t from = ahead.at;
	while (ahead.at < p->text.len && is_special_name(p->text.p[ahead.at]))
		ahead.at++;
	struct str name = str_sub(p->text, from, ahead.at);
	if (name.len == 0)
		return true;
	regex_skip_space(&ahead);
	for (size_t i = 0; i < COUNT(boundaries); i++) {
		if (!str_eq(name, str_of(boundaries[i].name)) || ahead.at >= p->text.len ||
		    p->text.p[ahead.at] != '}')
			continue;
		out->assertion = boundaries[i].assertion;
		p->at = ahead.at + 1;
		return true;
	}
	return regex_fail(p, start, "there are \\b{start}, \\b{end}, \\b{start-half} and "
				    "\\b{end-half}") != NULL;
}

static bool refuse(struct regex_parser *p, size_t start, uint32_t cp)
{
	if (cp >= '0' && cp <= '9')
		return regex_fail(p, start, "back-references and octal are not supported") != NULL;
	if (cp == REGEX_INFINITE)
		return regex_fail(p, start, "the pattern ends in a backslash") != NULL;
	if (cp > ' ' && cp < 0x7f)
		return regex_fail(p, start, "unknown escape '\\%c'", (char)cp) != NULL;
	return regex_fail(p, start, "unknown escape") != NULL;
}

static bool parse_letter(struct regex_parser *p, size_t start, char c, struct regex_escape *out)
{
	for (size_t i = 0; i < COUNT(controls); i++)
		if (controls[i].letter == c) {
			out->cp = (uint32_t)controls[i].cp;
			return true;
		}
	for (size_t i = 0; i < COUNT(anchors); i++)
		if (anchors[i].letter == c) {
			out->is_assertion = true;
			out->assertion = anchors[i].assertion;
			return c != 'b' || parse_boundary(p, start, out);
		}
	for (size_t i = 0; i < COUNT(hex_forms); i++)
		if (hex_forms[i].letter == c) {
			if (!parse_hex(p, hex_forms[i].digits, start, &out->cp))
				return false;
			/* \xff is a byte then, \x{ff} a character. */
			bool byte = c == 'x' && p->text.p[p->at - 1] != '}';
			if (byte && !(p->flags & REGEX_UNICODE) && out->cp > 0x7f)
				return regex_fail(p, start, "without Unicode this is half a "
							    "character") != NULL;
			return true;
		}
	return refuse(p, start, (unsigned char)c);
}

bool regex_parse_escape(struct regex_parser *p, struct regex_escape *out)
{
	size_t len, start = p->at++;
	uint32_t cp = regex_peek(p, &len);
	char c = cp < 0x80 ? (char)cp : 0;
	char lower = (char)(c | 0x20);
	bool letter = lower >= 'a' && lower <= 'z';

	*out = (struct regex_escape){ 0 };
	if (cp >= 0x80 || (c >= '0' && c <= '9'))
		return refuse(p, start, cp);
	p->at += len;
	if (lower == 'p' && letter)
		return (out->class = regex_parse_property(p, c == 'P', start)) != NULL;
	if (letter && (lower == 'd' || lower == 's' || lower == 'w')) {
		out->class = perl_class(p, lower);
		out->class->negated = c != lower;
		if (out->class->negated && !(p->flags & REGEX_UNICODE))
			return regex_fail(p, start, "without Unicode this would match half a "
						    "character") != NULL;
		return true;
	}
	if (letter || c == '<' || c == '>')
		return parse_letter(p, start, c, out);
	out->cp = cp;
	return true;
}
