#include "review/redact.h"

/* Which bytes the body of a token has. */
enum set {
	UPPER_DIGIT = 1, /* A-Z 0-9 */
	WORD,            /* letters, digits, _ */
	DASHED,          /* WORD and - */
	DOTTED,          /* DASHED and . */
	BASE64,          /* letters, digits, + / = */
};

/* Known shapes. `min` counts bytes behind the head; a body that is shorter is something else. */
static const struct shape {
	const char *head;
	enum set set;
	size_t min, max;
	bool mixed; /* also needs a digit and a letter of either case: the head is an ordinary word */
} shapes[] = {
	{ "AKIA", UPPER_DIGIT, 16, 16, false }, /* AWS access key id */
	{ "ASIA", UPPER_DIGIT, 16, 16, false }, /* AWS, temporary */
	{ "ghp_", WORD, 30, 255, false },       /* GitHub: personal, OAuth, user, server, refresh */
	{ "gho_", WORD, 30, 255, false },
	{ "ghu_", WORD, 30, 255, false },
	{ "ghs_", WORD, 30, 255, false },
	{ "ghr_", WORD, 30, 255, false },
	{ "github_pat_", WORD, 22, 255, false },
	{ "glpat-", DASHED, 20, 255, false }, /* GitLab: personal, deploy, runner, CI job */
	{ "gldt-", DASHED, 20, 255, false },
	{ "glrt-", DASHED, 20, 255, false },
	{ "glcbt-", DASHED, 20, 255, false },
	{ "xoxb-", DASHED, 20, 255, false }, /* Slack */
	{ "xoxp-", DASHED, 20, 255, false },
	{ "xoxa-", DASHED, 20, 255, false },
	{ "xoxr-", DASHED, 20, 255, false },
	{ "xoxs-", DASHED, 20, 255, false },
	{ "xapp-", DASHED, 20, 255, false },
	{ "sk-", DASHED, 20, 255, true },     /* several model vendors */
	{ "sk_live_", WORD, 16, 255, false }, /* Stripe */
	{ "rk_live_", WORD, 16, 255, false },
	{ "AIza", DASHED, 35, 35, false }, /* Google */
	{ "ya29.", DASHED, 20, 1024, false },
	{ "npm_", WORD, 36, 36, false },
	{ "pypi-AgEI", DASHED, 32, 1024, false },
	{ "hf_", WORD, 30, 64, true },             /* Hugging Face */
	{ "dckr_pat_", DASHED, 20, 255, false },   /* Docker */
	{ "SG.", DOTTED, 50, 100, true },          /* SendGrid */
	{ "eyJ", DOTTED, 40, 8192, true },         /* JSON web token */
	{ "AccountKey=", BASE64, 40, 128, false }, /* Azure storage */
	{ "SharedAccessKey=", BASE64, 40, 128, false },
	{ "GOCSPX-", DASHED, 20, 64, false }, /* Google OAuth */
	{ "hooks.slack.com/services/", BASE64, 30, 128, false },
	{ "dop_v1_", WORD, 60, 80, false },   /* DigitalOcean */
	{ "hvs.", DASHED, 24, 255, true },    /* Vault */
	{ "glsa_", WORD, 32, 64, false },     /* Grafana */
	{ "shpat_", WORD, 30, 40, false },    /* Shopify */
	{ "lin_api_", WORD, 30, 64, false },  /* Linear */
	{ "ATATT3xFfGF0", DASHED, 40, 255, false }, /* Atlassian */
	{ "rubygems_", WORD, 40, 64, false },
	{ "AGE-SECRET-KEY-1", UPPER_DIGIT, 40, 80, false },
	{ "gsk_", WORD, 40, 80, true },
};

/* Parts of names whose value is a credential; compared without case. */
static const char *const names[] = {
	"password", "passwd",  "passphrase", "secret",      "token",       "apikey",
	"api_key",  "api-key", "access_key", "access-key",  "accesskey",   "private_key",
	"auth_key", "bearer",  "credential", "account_key", "signing_key", "client_key",
};

enum {
	MAX_NAME = 64, /* a longer word is no name; also keeps the scan linear */
	MAX_VALUE = 1024,
	MIXED_WITHIN = 64, /* a random token shows a digit and a capital this soon */
	QUOTED_MIN = 12,   /* shorter ones cannot be told from ordinary words */
	BARE_MIN = 20,     /* without quotes it may be a name of the program */
	DISTINCT_MIN = 8,  /* different bytes in a random value */
	KEY_LINE_MIN = 16, /* run of base64 that counts as a part of a key */
};

struct masker {
	struct arena *mem; /* NULL: only look */
	struct str text;
	char *copy;
	size_t key_end; /* behind the private key that was seen last */
	bool found;
};

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}
static bool is_lower(char c)
{
	return c >= 'a' && c <= 'z';
}
static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}
static bool is_alnum(char c)
{
	return is_upper(c) || is_lower(c) || is_digit(c);
}
static bool is_word(char c)
{
	return is_alnum(c) || c == '_';
}

static bool in_set(enum set set, char c)
{
	static const char *const more[] = {
		[UPPER_DIGIT] = "", [WORD] = "_",     [DASHED] = "_-",
		[DOTTED] = "_-.",   [BASE64] = "+/=",
	};

	if (is_upper(c) || is_digit(c) || (is_lower(c) && set != UPPER_DIGIT))
		return true;
	return c && strchr(more[set], c);
}

static void mask(struct masker *m, size_t start, size_t end)
{
	if (start >= end)
		return;
	m->found = true;
	if (!m->mem)
		return;
	if (!m->copy)
		m->copy = arena_z(m->mem, m->text);
	memset(m->copy + start, '*', end - start);
}

static bool is_mixed(enum set set, struct str s)
{
	bool digit = false, upper = false, lower = false;
	size_t i;

	for (i = 0; i < s.len && i < MIXED_WITHIN && in_set(set, s.p[i]); i++) {
		digit |= is_digit(s.p[i]);
		upper |= is_upper(s.p[i]);
		lower |= is_lower(s.p[i]);
	}
	return digit && (upper || (lower && i >= 32));
}

/* Length of the known token at the head of s, or 0; *head is what may be shown. */
static size_t token_len(struct str s, size_t *head)
{
	for (size_t i = 0; i < COUNT(shapes); i++) {
		const struct shape *shape = &shapes[i];
		size_t n = strlen(shape->head), end = n;

		if (!str_starts(s, (struct str){ shape->head, n }))
			continue;
		/* looked at first, for it ends soon */
		if (shape->mixed && !is_mixed(shape->set, str_from(s, n)))
			continue;
		while (end < s.len && end - n < shape->max && in_set(shape->set, s.p[end]))
			end++;
		if (end - n < shape->min || (end < s.len && is_word(s.p[end])))
			continue;
		*head = n;
		return end;
	}
	return 0;
}

static bool is_secret_name(struct str word)
{
	for (size_t i = 0; i < COUNT(names); i++) {
		struct str name = str_of(names[i]);

		for (size_t at = 0; at + name.len <= word.len; at++)
			if ((word.p[at] | 32) == name.p[0] &&
			    str_eq_nocase(str_sub(word, at, at + name.len), name))
				return true;
	}
	return false;
}

static int kind_of(char c)
{
	return is_digit(c) ? 1 : is_upper(c) ? 2 : is_lower(c) ? 3 : 0;
}

/*
 * Random text changes between digits, capitals and small letters all the time (in a third of all
 * neighbours and more); words, paths and names hardly ever.
 */
static bool looks_random(struct str s, bool quoted)
{
	bool seen[256] = { false };
	size_t distinct = 0, digits = 0, pairs = 0, changes = 0;

	if (s.len < (quoted ? QUOTED_MIN : BARE_MIN) || str_has(s, STR("://")))
		return false;
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		distinct += !seen[c];
		seen[c] = true;
		digits += is_digit(s.p[i]);
		if (i && kind_of(s.p[i]) && kind_of(s.p[i - 1])) {
			pairs++;
			changes += kind_of(s.p[i]) != kind_of(s.p[i - 1]);
		}
	}
	return distinct >= DISTINCT_MIN && digits >= (quoted ? 2 : 3) && changes * 5 >= pairs;
}

static size_t skip(struct str s, size_t at, const char *set)
{
	while (at < s.len && s.p[at] && strchr(set, s.p[at]))
		at++;
	return at;
}

/* Masks a random value that begins at or a little behind `at`. */
static void mask_value(struct masker *m, size_t at)
{
	struct str s = m->text;
	size_t end;
	char quote = 0;

	if (at + 1 < s.len && strchr("rbufRBUF", s.p[at]) &&
	    (s.p[at + 1] == '"' || s.p[at + 1] == '\''))
		at++;
	if (at < s.len && (s.p[at] == '"' || s.p[at] == '\'' || s.p[at] == '`'))
		quote = s.p[at++];
	for (end = at; end < s.len && end - at < MAX_VALUE; end++) {
		char c = s.p[end];

		if (quote ? c == quote || c <= ' ' || (c & 0x80)
			  : !is_word(c) && !strchr("+/=-", c))
			break;
	}
	if (quote ? end == s.len || s.p[end] != quote
		  : end < s.len && s.p[end] && strchr("([.{<", s.p[end]))
		return;
	if (str_find_byte(str_sub(s, at, end), '{') == SIZE_MAX &&
	    looks_random(str_sub(s, at, end), quote))
		mask(m, at, end);
}

/* name = value, name: value, name, value, name: type = value, "name" => value, Bearer value. */
static void mask_named(struct masker *m, size_t at)
{
	struct str s = m->text;
	size_t end = at, sep, type;

	while (end < s.len && end - at < MAX_NAME && (is_word(s.p[end]) || s.p[end] == '-'))
		end++;
	if (!is_secret_name(str_sub(s, at, end)))
		return;
	sep = skip(s, skip(s, end, "\"'`])"), " \t");
	type = skip(s, skip(s, sep, "=:>,"), " \t");
	mask_value(m, type);
	if (sep == type || s.p[sep] != ':')
		return;
	while (type < s.len && (is_word(s.p[type]) || strchr("[]|&* ", s.p[type])))
		type++;
	if (type < s.len && s.p[type] == '=')
		mask_value(m, skip(s, type + 1, " \t"));
}

/* scheme://user:PASSWORD@host, `at` behind the slashes. */
static void mask_url(struct masker *m, size_t at)
{
	struct str s = m->text;
	size_t colon = 0;

	for (size_t i = at; i < s.len && i - at < MAX_VALUE; i++) {
		if (s.p[i] == ':' && !colon)
			colon = i;
		if (s.p[i] == '@' && colon) {
			mask(m, colon + 1, i);
			return;
		}
		if (s.p[i] <= ' ' || (s.p[i] & 0x80) || strchr("/\"'`{}$<>?#\\", s.p[i]))
			return;
	}
}

/* The base64 runs between the two lines of a private key, also as one literal with "\n" in it. */
static void mask_key(struct masker *m, size_t at)
{
	struct str s = m->text, end = STR("-----END");
	size_t run = at;

	for (; at < s.len && !str_starts(str_from(s, at), end); at++) {
		if (in_set(BASE64, s.p[at]) && (at == run || s.p[at - 1] != '\\'))
			continue;
		if (!in_set(BASE64, s.p[at]) && (!s.p[at] || !strchr(" \t\r\n\\\"'`,:-", s.p[at])))
			break;
		if (at - run >= KEY_LINE_MIN)
			mask(m, run, at);
		run = at + 1;
	}
	if (at > run && at - run >= KEY_LINE_MIN)
		mask(m, run, at);
	m->key_end = at;
}

/* Offset behind the first line of a private key that begins at `at`, or 0. */
static size_t key_begin(struct str s, size_t at)
{
	enum { LONGEST_LINE = 64 };
	struct str line = str_sub(s, at, at + LONGEST_LINE);
	size_t key;

	if (!str_starts(line, STR("-----BEGIN ")))
		return 0;
	key = str_find(line, STR("PRIVATE KEY"));
	return key == SIZE_MAX ? 0 : skip(s, at + key + strlen("PRIVATE KEY"), " BLOCK-");
}

static void scan(struct masker *m)
{
	struct str s = m->text;

	for (size_t i = 0; i < s.len; i++) {
		size_t head = 0, n;

		if (s.p[i] == '-' && i >= m->key_end && (n = key_begin(s, i)))
			mask_key(m, n);
		if (s.p[i] == ':' && str_starts(str_from(s, i), STR("://")))
			mask_url(m, i + 3);
		if (!is_word(s.p[i]) || (i && is_word(s.p[i - 1])))
			continue;
		n = token_len(str_from(s, i), &head);
		if (n) {
			mask(m, i + head, i + n);
			i += n - 1;
		} else {
			mask_named(m, i);
		}
	}
}

struct str redact_text(struct arena *mem, struct str text)
{
	struct masker m = { .mem = mem, .text = text };

	scan(&m);
	return m.copy ? (struct str){ m.copy, text.len } : text;
}

bool redact_needed(struct str text)
{
	struct masker m = { .text = text };

	scan(&m);
	return m.found;
}
