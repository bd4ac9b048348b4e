#include "image_name.h"

#include "base/scope.h"
#include "egress/host.h"

static bool is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool image_digest_ok(struct str text)
{
	if (text.len != IMAGE_DIGEST || !str_starts(text, STR("sha256:")))
		return false;
	for (size_t i = strlen("sha256:"); i < text.len; i++)
		if (!memchr("0123456789abcdef", text.p[i], 16))
			return false;
	return true;
}

/* A part of the path: letters and digits, with runs of ". _ -" between them only. */
static bool is_part(struct str part)
{
	for (size_t i = 0; i < part.len; i++)
		if (!is_alnum(part.p[i]) &&
		    (!memchr("._-", part.p[i], 3) || (part.p[i] == '.' && i > 0 && part.p[i - 1] == '.')))
			return false;
	return part.len && is_alnum(part.p[0]) && is_alnum(part.p[part.len - 1]);
}

static bool is_path(struct str path)
{
	struct str part;

	if (!path.len || str_ends(path, STR("/")))
		return false;
	while (str_cut(&path, '/', &part))
		if (!is_part(part))
			return false;
	return true;
}

static bool is_tag(struct str tag)
{
	for (size_t i = 0; i < tag.len; i++) {
		const char c = tag.p[i];

		if (!is_alnum(c) && !(c >= 'A' && c <= 'Z') && c != '_' && (i == 0 || (c != '.' && c != '-')))
			return false;
	}
	return tag.len && tag.len <= IMAGE_TAG_MAX;
}

static bool is_registry(struct str text)
{
	struct host host;
	uint16_t port;
	struct str name;

	if (str_find_byte(text, ':') != SIZE_MAX) {
		if (host_read_port(&host, &port, text, NULL))
			return false;
	} else if (host_read(&host, text, NULL) || (!str_has(text, STR(".")) && !str_eq(text, STR("localhost")))) {
		return false;
	}
	/* the reader of hosts lowers letters: one spelling for one registry. Names of images have no brackets */
	name = str_sub(text, 0, host_str(&host).len);
	return host.kind != HOST_IP6 && str_eq(name, host_str(&host));
}

int image_name_read(struct image_name *out, struct str text, struct err *err)
{
	const size_t slash = str_find_byte(text, '/'), at = str_find_byte(text, '@');
	struct image_name name = { .tag = STR("latest") };
	size_t colon;

	if (text.len > IMAGE_NAME_MAX || slash == SIZE_MAX)
		return err_input(err, "expected REGISTRY/NAME:TAG of at most %d bytes", IMAGE_NAME_MAX);
	name.registry = str_sub(text, 0, slash);
	name.repository = str_sub(text, slash + 1, at);
	colon = str_find_byte(name.repository, ':');
	if (colon != SIZE_MAX) {
		name.tag = str_from(name.repository, colon + 1);
		name.repository = str_sub(name.repository, 0, colon);
	}
	if (!is_registry(name.registry))
		return err_input(err, "'%.*s' is no registry: expected its host in lower case, as registry.example or localhost:5000",
				 STR_ARG(str_sub(name.registry, 0, 100)));
	if (!is_path(name.repository))
		return err_input(err, "'%.*s' is no name of an image: a-z, 0-9, with '.', '_', '-' or '/' between them",
				 STR_ARG(str_sub(name.repository, 0, 200)));
	if (!is_tag(name.tag))
		return err_input(err, "'%.*s' is no tag", STR_ARG(str_sub(name.tag, 0, IMAGE_TAG_MAX)));
	if (at != SIZE_MAX) {
		name.digest = str_from(text, at + 1);
		if (!image_digest_ok(name.digest))
			return err_input(err, "expected '@sha256:' and 64 digits of 0-9, a-f");
	}
	*out = name;
	return 0;
}

bool image_name_match(struct str *rest, struct str pattern, struct str name)
{
	const size_t star = str_find_byte(pattern, '*');
	const struct str head = str_sub(pattern, 0, star), tail = str_from(pattern, star == SIZE_MAX ? pattern.len : star + 1);

	if (star == SIZE_MAX)
		return str_eq(pattern, name);
	if (name.len <= head.len + tail.len || !str_starts(name, head) || !str_ends(name, tail))
		return false;
	*rest = str_sub(name, head.len, name.len - tail.len);
	return true;
}

struct str image_name_fill(struct arena *mem, struct str target, struct str rest)
{
	const size_t star = str_find_byte(target, '*');
	AUTO_BUF struct buf text = { 0 };

	if (star == SIZE_MAX)
		return target;
	buf_add(&text, str_sub(target, 0, star));
	buf_add(&text, rest);
	buf_add(&text, str_from(target, star + 1));
	return arena_str(mem, buf_str(&text));
}
