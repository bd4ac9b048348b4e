/* regex_property.c - \p{..}: names of Unicode properties, from the crate's to PCRE2's. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdio.h>

#include "regex_tree.h"

enum { NAME_MAX_BYTES = 60 }; /* the longest name of Unicode's has 40 */

/* Loose names (lower case, no separators) of general categories. */
static const struct {
	const char *loose, *lower;
} categories[] = {
	{ "casedletter", "L&" },	 { "lc", "L&" },
	{ "closepunctuation", "Pe" },	 { "connectorpunctuation", "Pc" },
	{ "control", "Cc" },		 { "cntrl", "Cc" },
	{ "currencysymbol", "Sc" },	 { "dashpunctuation", "Pd" },
	{ "decimalnumber", "Nd" },	 { "digit", "Nd" },
	{ "enclosingmark", "Me" },	 { "finalpunctuation", "Pf" },
	{ "format", "Cf" },		 { "initialpunctuation", "Pi" },
	{ "letter", "L" },		 { "letternumber", "Nl" },
	{ "lineseparator", "Zl" },	 { "lowercaseletter", "Ll" },
	{ "mark", "M" },		 { "combiningmark", "M" },
	{ "mathsymbol", "Sm" },		 { "modifierletter", "Lm" },
	{ "modifiersymbol", "Sk" },	 { "nonspacingmark", "Mn" },
	{ "number", "N" },		 { "openpunctuation", "Ps" },
	{ "other", "C" },		 { "otherletter", "Lo" },
	{ "othernumber", "No" },	 { "otherpunctuation", "Po" },
	{ "othersymbol", "So" },	 { "paragraphseparator", "Zp" },
	{ "privateuse", "Co" },		 { "punctuation", "P" },
	{ "punct", "P" },		 { "separator", "Z" },
	{ "spaceseparator", "Zs" },	 { "spacingmark", "Mc" },
	{ "symbol", "S" },		 { "titlecaseletter", "Lt" },
	{ "unassigned", "Cn" },		 { "uppercaseletter", "Lu" },
	{ "c", "C" },	{ "cc", "Cc" },	 { "cf", "Cf" }, { "cn", "Cn" }, { "co", "Co" },
	{ "l", "L" },	{ "ll", "Ll" },	 { "lm", "Lm" }, { "lo", "Lo" }, { "lt", "Lt" },
	{ "lu", "Lu" }, { "m", "M" },	 { "mc", "Mc" }, { "me", "Me" }, { "mn", "Mn" },
	{ "n", "N" },	{ "nd", "Nd" },	 { "nl", "Nl" }, { "no", "No" }, { "p", "P" },
	{ "pc", "Pc" }, { "pd", "Pd" },	 { "pe", "Pe" }, { "pf", "Pf" }, { "pi", "Pi" },
	{ "po", "Po" }, { "ps", "Ps" },	 { "s", "S" },	 { "sc", "Sc" }, { "sk", "Sk" },
	{ "sm", "Sm" }, { "so", "So" },	 { "z", "Z" },	 { "zl", "Zl" }, { "zp", "Zp" },
	{ "zs", "Zs" },
};

static const struct {
	const char *loose;
	const char *prefix; /* for PCRE2; "" for categories, NULL for what it lacks */
} keys[] = {
	{ "gc", "" },		       { "generalcategory", "" },
	{ "sc", "sc:" },	       { "script", "sc:" },
	{ "scx", "scx:" },	       { "scriptextensions", "scx:" },
	{ "age", NULL },	       { "gcb", NULL },
	{ "graphemeclusterbreak", NULL }, { "wb", NULL },
	{ "wordbreak", NULL },	       { "sb", NULL },
	{ "sentencebreak", NULL },
};

static struct str loose(struct regex_parser *p, struct str name)
{
	char *out = arena_alloc(p->mem, name.len + 1);
	size_t n = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];
		if (c == ' ' || c == '_' || c == '-')
			continue;
		out[n++] = (char)(c >= 'A' && c <= 'Z' ? c + 32 : c);
	}
	out[n] = '\0';
	struct str s = { out, n };
	/* "isGreek" is Greek, but "isc" is an abbreviation of its own. */
	return n > 3 && str_starts(s, STR("is")) ? str_from(s, 2) : s;
}

static bool is_plain(struct str name)
{
	for (size_t i = 0; i < name.len; i++)
		if ((name.p[i] < '0' || name.p[i] > '9') && (name.p[i] < 'a' || name.p[i] > 'z'))
			return false;
	return name.len > 0;
}

/* The names that only Perl and PCRE2 know. */
static bool is_foreign(struct str name)
{
	static const char *const foreign[] = { "xan", "xps", "xsp", "xwd", "xuc" };

	for (size_t i = 0; i < COUNT(foreign); i++)
		if (str_eq(name, str_of(foreign[i])))
			return true;
	return str_starts(name, STR("bidi")) && !str_eq(name, STR("bidicontrol")) &&
	       !str_eq(name, STR("bidic")) && !str_eq(name, STR("bidimirrored")) &&
	       !str_eq(name, STR("bidim"));
}

static bool known_to_pcre2(struct str property)
{
	char pattern[NAME_MAX_BYTES + 16];
	int code, n = snprintf(pattern, sizeof(pattern), "\\p{%.*s}", STR_ARG(property));
	PCRE2_SIZE at;

	pcre2_code *re = pcre2_compile((PCRE2_SPTR)pattern, (PCRE2_SIZE)n, PCRE2_UTF, &code, &at,
				       NULL);
	pcre2_code_free(re);
	return re != NULL;
}

static struct regex_class *property(struct regex_parser *p, struct str name)
{
	struct regex_class *set = regex_class_new(p, CLASS_PROPERTY);

	set->property = name;
	return set;
}

static struct regex_class *category(struct regex_parser *p, struct str name)
{
	static const struct regex_range any[] = { { 0, REGEX_LAST } }, ascii[] = { { 0, 0x7f } };

	for (size_t i = 0; i < COUNT(categories); i++)
		if (str_eq(name, str_of(categories[i].loose)))
			return property(p, str_of(categories[i].lower));
	if (str_eq(name, STR("any")))
		return regex_class_of(p, any, 1);
	if (str_eq(name, STR("ascii")))
		return regex_class_of(p, ascii, 1);
	if (!str_eq(name, STR("assigned")))
		return NULL;
	struct regex_class *set = property(p, STR("Cn"));
	set->negated = true;
	return set;
}

static struct regex_class *lookup(struct regex_parser *p, struct str name, size_t start)
{
	static const char *const prefixes[] = { "sc:", "" };
	struct regex_class *set = category(p, name);

	for (size_t i = 0; !set && i < COUNT(prefixes) && !is_foreign(name); i++) {
		struct str s = arena_printf(p->mem, "%s%.*s", prefixes[i], STR_ARG(name));
		if (known_to_pcre2(s))
			set = property(p, s);
	}
	return set ? set : regex_fail(p, start, "unknown Unicode property");
}

static struct regex_class *lookup_pair(struct regex_parser *p, struct str key, struct str value,
				       size_t start)
{
	for (size_t i = 0; i < COUNT(keys); i++) {
		if (!str_eq(key, str_of(keys[i].loose)))
			continue;
		if (!keys[i].prefix)
			return regex_fail(p, start, "the Unicode property '%s' is not supported",
					  keys[i].loose);
		struct regex_class *set = NULL;
		struct str s = arena_printf(p->mem, "%s%.*s", keys[i].prefix, STR_ARG(value));
		if (!keys[i].prefix[0])
			set = category(p, value);
		else if (known_to_pcre2(s))
			set = property(p, s);
		return set ? set : regex_fail(p, start, "unknown value of a Unicode property");
	}
	return regex_fail(p, start, "unknown Unicode property");
}

/* name, name=value, name:value, name!=value */
static struct regex_class *parse_braced(struct regex_parser *p, struct str text, bool *negated,
					size_t start)
{
	size_t at = 0;

	while (at < text.len && text.p[at] != '=' && text.p[at] != ':')
		at++;
	bool pair = at < text.len;
	bool unequal = pair && text.p[at] == '=' && at > 0 && text.p[at - 1] == '!';
	struct str name = loose(p, str_sub(text, 0, at - unequal));
	struct str value = loose(p, str_from(text, at + 1));

	if (text.len > NAME_MAX_BYTES || !is_plain(name) || (pair && !is_plain(value)))
		return regex_fail(p, start, "unknown Unicode property");
	*negated ^= unequal;
	return pair ? lookup_pair(p, name, value, start) : lookup(p, name, start);
}

struct regex_class *regex_parse_property(struct regex_parser *p, bool negated, size_t start)
{
	struct regex_class *set;

	if (!(p->flags & REGEX_UNICODE))
		return regex_fail(p, start, "a Unicode property without Unicode");
	regex_skip_space(p);
	struct str rest = str_from(p->text, p->at);
	/* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a str with bytes has a pointer */
	if (rest.len > 0 && rest.p[0] == '{') {
		size_t end = str_find_byte(rest, '}');
		if (end == SIZE_MAX)
			return regex_fail(p, start, "the property has no '}'");
		p->at += end + 1;
		set = parse_braced(p, str_sub(rest, 1, end), &negated, start);
	} else {
		size_t len;
		regex_peek(p, &len);
		p->at += len;
		struct str name = loose(p, str_sub(rest, 0, len));
		if (!is_plain(name))
			return regex_fail(p, start, "unknown Unicode property");
		set = lookup(p, name, start);
	}
	if (!set)
		return NULL;
	set->negated ^= negated;
	return set;
}
