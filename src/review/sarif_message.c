#include "base/scope.h"
#include "sarif.h"

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "{12}" at `at`: its number, and the offset behind it; false for anything else. */
static bool placeholder(struct str s, size_t at, uint64_t *number, size_t *end)
{
	enum { LONGEST = 12 };
	size_t close = str_find_byte(str_sub(s, at, at + LONGEST), '}');

	if (s.p[at] != '{' || close == SIZE_MAX ||
	    !str_to_u64(str_sub(s, at + 1, at + close), number))
		return false;
	*end = at + close + 1;
	return true;
}

/* With arguments, "{0}" stands for one, and "{{" for a brace. Without, braces are just braces. */
static void add_filled(struct buf *out, struct str s, const json_t *arguments)
{
	for (size_t i = 0; i < s.len && out->len < SARIF_MAX_TEXT;) {
		uint64_t number;
		size_t end;

		if (json_array_size(arguments) && placeholder(s, i, &number, &end)) {
			buf_add(out, str_sub(sarif_text(json_array_get(arguments, (size_t)number)),
					     0, SARIF_MAX_TEXT));
			i = end;
			continue;
		}
		if (json_array_size(arguments) && i + 1 < s.len && s.p[i] == s.p[i + 1] &&
		    (s.p[i] == '{' || s.p[i] == '}'))
			i++;
		buf_add_byte(out, s.p[i++]);
	}
}

/* "[words](3)" at `at`, a link to a related location: the words, and the offset behind it. */
static bool inner_link(struct str s, size_t at, struct str *words, size_t *end)
{
	enum { LONGEST = 1000 };
	struct str near = str_sub(s, at, at + LONGEST);
	size_t close = str_find(near, STR("](")), i;

	if (!near.len || near.p[0] != '[' || close == SIZE_MAX)
		return false;
	for (i = close + 2; i < near.len && is_digit(near.p[i]); i++)
		;
	if (i == close + 2 || i == near.len || near.p[i] != ')')
		return false;
	*words = str_sub(near, 1, close);
	*end = at + i + 1;
	return true;
}

static void add_unlinked(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len;) {
		struct str words;
		size_t end;

		if (s.p[i] == '[' && inner_link(s, i, &words, &end)) {
			buf_add(out, words);
			i = end;
			continue;
		}
		if (s.p[i] == '\\' && i + 1 < s.len && (s.p[i + 1] == '[' || s.p[i + 1] == ']'))
			i++;
		buf_add_byte(out, s.p[i++]);
	}
}

/* The text that message.id names: in the rule, else in the driver. */
static struct str named_text(const struct sarif_run *run, struct str id,
			     const struct sarif_rule *rule)
{
	const json_t *driver = json_object_get(json_object_get(run->json, "tool"), "driver");
	const json_t *strings = rule ? json_object_get(rule->json, "messageStrings") : NULL;
	const json_t *found = json_object_getn(strings, id.p, id.len);

	if (!found)
		found = json_object_getn(json_object_get(driver, "globalMessageStrings"), id.p,
					 id.len);
	return sarif_member(found, "text");
}

static struct str keep(const struct sarif_run *run, struct str text)
{
	size_t max = text.len < SARIF_MAX_TEXT ? text.len : SARIF_MAX_TEXT;

	if (max > *run->text_left)
		max = *run->text_left;
	while (max && max < text.len && ((unsigned char)text.p[max] & 0xc0) == 0x80)
		max--;
	*run->text_left -= max;
	return arena_str(run->mem, str_sub(text, 0, max));
}

struct str sarif_message(const struct sarif_run *run, const json_t *message,
			 const struct sarif_rule *rule)
{
	AUTO_BUF struct buf filled = { 0 };
	AUTO_BUF struct buf plain = { 0 };
	struct str text = sarif_member(message, "text"), id = sarif_member(message, "id");

	if (!text.len && id.len)
		text = named_text(run, id, rule);
	if (!text.len)
		text = sarif_member(message, "markdown");
	add_filled(&filled, text, json_object_get(message, "arguments"));
	add_unlinked(&plain, buf_str(&filled));
	return keep(run, buf_str(&plain));
}
