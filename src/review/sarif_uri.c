#include "sarif.h"

enum {
	MAX_PATH = 4096, /* what Linux takes */
	MAX_PARTS = 256,
	MAX_BASES = 8, /* uriBaseIds that refer to each other */
	MAX_INDEX = 1 << 20,
};

/*
 * Names that tools use for the root of the repository; what URI they had on the tool's machine
 * does not matter.
 */
static const char *const root_names[] = { "%SRCROOT%", "SRCROOT",  "PROJECTROOT", "%PROJECTROOT%",
					  "REPOROOT",  "ROOTPATH", "REPO_ROOT" };

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c = (char)(c | 32);
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_drive(struct str s)
{
	return s.len >= 2 && is_letter(s.p[0]) && s.p[1] == ':' &&
	       (s.len == 2 || s.p[2] == '/' || s.p[2] == '\\');
}

/* Length of "scheme" in "scheme:...", or 0. A drive letter is none. */
static size_t scheme_len(struct str s)
{
	size_t n = 0;

	while (n < s.len && (is_letter(s.p[n]) || (n && ((s.p[n] >= '0' && s.p[n] <= '9') ||
							 (s.p[n] && strchr("+-.", s.p[n]))))))
		n++;
	return n > 1 && n < s.len && s.p[n] == ':' ? n : 0;
}

/* Percent-decoded, without query and fragment. False for a NUL or an over-long path. */
static bool decode(struct str *out, struct arena *mem, struct str uri)
{
	char *text;
	size_t n = 0;

	if (uri.len > (size_t)MAX_PATH * 3)
		return false;
	text = arena_alloc(mem, uri.len + 1);
	for (size_t i = 0; uri.p && i < uri.len && uri.p[i] != '?' && uri.p[i] != '#'; i++) {
		int high = -1, low = -1;

		if (uri.p[i] == '%' && i + 2 < uri.len) {
			high = hex(uri.p[i + 1]);
			low = hex(uri.p[i + 2]);
		}
		if (high >= 0 && low >= 0) {
			text[n++] = (char)(high << 4 | low);
			i += 2;
		} else {
			text[n++] = uri.p[i];
		}
		if (text[n - 1] == '\0')
			return false;
	}
	*out = (struct str){ text, n };
	return n <= MAX_PATH;
}

/* A decoded path, and whether it starts at the root of a file system. */
struct path {
	struct str text;
	bool absolute;
};

static bool to_path(struct path *out, struct arena *mem, struct str uri)
{
	size_t scheme = scheme_len(uri);
	struct str text;

	if (scheme) {
		if (!str_eq_nocase(str_sub(uri, 0, scheme), STR("file")))
			return false;
		uri = str_from(uri, scheme + 1);
		if (str_starts(uri, STR("//"))) {
			size_t slash = str_find_byte(str_from(uri, 2), '/');

			uri = slash == SIZE_MAX ? STR("/") : str_from(uri, 2 + slash);
		}
	}
	if (!decode(&text, mem, uri))
		return false;
	if (text.len > 1 && text.p[0] == '/' && is_drive(str_from(text, 1)))
		text = str_from(text, 1);
	if (is_drive(text)) {
		char *slashes = arena_z(mem, text);

		for (size_t i = 0; i < text.len; i++)
			slashes[i] = slashes[i] == '\\' ? '/' : slashes[i];
		text.p = slashes;
	}
	*out = (struct path){ text, scheme || is_drive(text) || (text.len && text.p[0] == '/') };
	return true;
}

/* Segments of a path, "." and ".." resolved. */
struct parts {
	struct str items[MAX_PARTS];
	size_t n;
};

/* False when ".." leaves the start of a relative path, or there are too many segments. */
static bool add_parts(struct parts *parts, struct str text, bool absolute)
{
	struct str part;

	while (str_cut(&text, '/', &part)) {
		if (part.len == 0 || str_eq(part, STR(".")))
			continue;
		if (str_eq(part, STR(".."))) {
			if (parts->n == 0 && !absolute)
				return false;
			parts->n -= parts->n > 0;
			continue;
		}
		if (parts->n == MAX_PARTS)
			return false;
		parts->items[parts->n++] = part;
	}
	return true;
}

static bool strip_root(struct parts *parts, struct str root)
{
	struct parts top = { .n = 0 };

	if (!add_parts(&top, root, true) || root.len == 0 || top.n > parts->n)
		return false;
	for (size_t i = 0; i < top.n; i++)
		if (!str_eq(top.items[i], parts->items[i]))
			return false;
	memmove(parts->items, parts->items + top.n, (parts->n - top.n) * sizeof *parts->items);
	parts->n -= top.n;
	return true;
}

static struct str join(struct arena *mem, const struct parts *parts)
{
	size_t len = 0;
	char *text;

	for (size_t i = 0; i < parts->n; i++)
		len += parts->items[i].len + 1;
	text = arena_alloc(mem, len + 1);
	len = 0;
	for (size_t i = 0; i < parts->n; i++) {
		if (i)
			text[len++] = '/';
		memcpy(text + len, parts->items[i].p, parts->items[i].len);
		len += parts->items[i].len;
	}
	text[len] = '\0';
	return (struct str){ text, len };
}

static bool is_root_name(struct str id)
{
	for (size_t i = 0; i < COUNT(root_names); i++)
		if (str_eq(id, str_of(root_names[i])))
			return true;
	return false;
}

/*
 * A uriBaseId down to where it stands: an absolute path, or the root of the repository (absolute
 * false).
 */
static enum sarif_where resolve_base(struct parts *parts, bool *absolute,
				     const struct sarif_run *run, struct str id, unsigned depth)
{
	const json_t *bases = json_object_get(run->json, "originalUriBaseIds");
	const json_t *base;
	struct str uri, outer;
	struct path path;

	*absolute = false;
	if (id.len == 0 || is_root_name(id))
		return SARIF_INSIDE;
	base = json_object_getn(bases, id.p, id.len);
	uri = sarif_member(base, "uri");
	outer = sarif_member(base, "uriBaseId");
	if (!to_path(&path, run->mem, uri) || depth == MAX_BASES)
		return SARIF_NO_PLACE;
	if (!path.absolute && outer.len) {
		enum sarif_where where = resolve_base(parts, absolute, run, outer, depth + 1);

		if (where != SARIF_INSIDE)
			return where;
	} else {
		*absolute = path.absolute;
	}
	return add_parts(parts, path.text, *absolute) ? SARIF_INSIDE : SARIF_OUTSIDE;
}

enum sarif_where sarif_path(struct str *out, const struct sarif_run *run, const json_t *artifact)
{
	const json_t *known =
		json_array_get(json_object_get(run->json, "artifacts"),
			       (size_t)sarif_integer(artifact, "index", MAX_INDEX, MAX_INDEX));
	struct parts parts;
	struct path path;
	bool absolute = false;
	enum sarif_where where = SARIF_INSIDE;

	parts.n = 0;
	if (!json_object_get(artifact, "uri") && known)
		artifact = json_object_get(known, "location");
	if (!sarif_member(artifact, "uri").len ||
	    !to_path(&path, run->mem, sarif_member(artifact, "uri")))
		return SARIF_NO_PLACE;
	if (path.absolute)
		absolute = true;
	else
		where = resolve_base(&parts, &absolute, run, sarif_member(artifact, "uriBaseId"),
				     0);
	if (where != SARIF_INSIDE)
		return where;
	if (!add_parts(&parts, path.text, absolute))
		return SARIF_OUTSIDE;
	if (absolute && !strip_root(&parts, run->options->root))
		return SARIF_OUTSIDE;
	if (parts.n == 0)
		return SARIF_NO_PLACE;
	*out = join(run->mem, &parts);
	return SARIF_INSIDE;
}
