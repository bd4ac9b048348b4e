#include "head.h"

enum { METHOD_MAX = 20 }; /* bytes; the longest registered one is UPDATEREDIRECTREF, 17 */

size_t head_size(struct str bytes)
{
	size_t end = str_find(bytes, STR("\r\n\r\n"));

	return end == SIZE_MAX ? 0 : end + 4;
}

static bool is_token_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
	       (c != '\0' && strchr("!#$%&'*+-.^_`|~", c));
}

static bool is_token(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (!is_token_byte(text.p[i]))
			return false;
	return text.len > 0;
}

/* Tab, visible ASCII, and bytes above it, which old servers send. */
static bool is_text(struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		if (((unsigned char)text.p[i] < 0x20 && text.p[i] != '\t') || text.p[i] == 0x7f)
			return false;
	return true;
}

/* A line with exactly CRLF behind it. */
static bool take_line(struct str *rest, struct str *line)
{
	size_t end = str_find(*rest, STR("\r\n"));

	if (end == SIZE_MAX)
		return false;
	*line = str_sub(*rest, 0, end);
	*rest = str_from(*rest, end + 2);
	return true;
}

static struct str trim(struct str s)
{
	while (s.len && (s.p[0] == ' ' || s.p[0] == '\t'))
		s = str_from(s, 1);
	while (s.len && (s.p[s.len - 1] == ' ' || s.p[s.len - 1] == '\t'))
		s.len--;
	return s;
}

static const char *read_field(struct head *head, struct str line)
{
	size_t colon = str_find_byte(line, ':');
	struct field field = { str_sub(line, 0, colon), { 0 } };

	if (line.p[0] == ' ' || line.p[0] == '\t')
		return "a header is folded over two lines";
	if (colon == SIZE_MAX || !is_token(field.name))
		return "a header has no plain name before its colon";
	field.value = trim(str_from(line, colon + 1));
	if (!is_text(field.value))
		return "a header has a control character";
	if (head->n == BROKER_HEADERS)
		return "it has more than 128 headers";
	head->fields[head->n++] = field;
	return NULL;
}

static const char *read_fields(struct head *head, struct str rest)
{
	struct str line;

	for (;;) {
		const char *wrong;

		if (!take_line(&rest, &line))
			return "it does not end in an empty line";
		if (!line.len)
			return rest.len ? "it goes on behind its end" : NULL;
		wrong = read_field(head, line);
		if (wrong)
			return wrong;
	}
}

struct str head_find(const struct head *head, struct str name)
{
	for (size_t i = 0; i < head->n; i++)
		if (str_eq_nocase(head->fields[i].name, name))
			return head->fields[i].value.p ? head->fields[i].value : STR("");
	return (struct str){ 0 };
}

size_t head_count(const struct head *head, struct str name)
{
	size_t n = 0;

	for (size_t i = 0; i < head->n; i++)
		n += str_eq_nocase(head->fields[i].name, name);
	return n;
}

static bool list_has(struct str list, struct str token)
{
	struct str part;

	while (str_cut(&list, ',', &part))
		if (str_eq_nocase(trim(part), token))
			return true;
	return false;
}

bool head_lists(const struct head *head, struct str name, struct str token)
{
	for (size_t i = 0; i < head->n; i++)
		if (str_eq_nocase(head->fields[i].name, name) &&
		    list_has(head->fields[i].value, token))
			return true;
	return false;
}

static const char *const hops[] = {
	"Connection",
	"Keep-Alive",
	"Proxy-Connection",
	"Proxy-Authorization",
	"Proxy-Authenticate",
	"Proxy-Authentication-Info",
	"TE",
	"Trailer",
	"Transfer-Encoding",
	"Upgrade",
	"HTTP2-Settings",
	"Content-Length",
	"Alt-Svc",
};

bool head_is_hop(const struct head *head, struct str name)
{
	for (size_t i = 0; i < COUNT(hops); i++)
		if (str_eq_nocase(name, str_of(hops[i])))
			return true;
	return head_lists(head, STR("Connection"), name);
}

/*
 * How long the body is, as sender and receiver must see it alike: all that two readers could take
 * differently is wrong.
 */
static const char *read_framing(struct head *head)
{
	size_t lengths = head_count(head, STR("Content-Length"));
	size_t codings = head_count(head, STR("Transfer-Encoding"));
	struct str length = head_find(head, STR("Content-Length"));

	head->framing = FRAMING_NONE;
	if (codings) {
		if (codings > 1 || lengths || head->minor == 0)
			return "Transfer-Encoding beside another statement of length, or in HTTP/1.0";
		if (!str_eq_nocase(head_find(head, STR("Transfer-Encoding")), STR("chunked")))
			return "a Transfer-Encoding that is not 'chunked' alone";
		head->framing = FRAMING_CHUNKED;
	} else if (lengths) {
		if (lengths > 1 || length.len > 18 || !str_to_u64(length, &head->length))
			return "Content-Length is no single number";
		head->framing = FRAMING_LENGTH;
	}
	return NULL;
}

static bool read_version(struct head *head, struct str text)
{
	if (!str_starts(text, STR("HTTP/1.")) || text.len != 8 ||
	    (text.p[7] != '0' && text.p[7] != '1'))
		return false;
	head->minor = (uint8_t)(text.p[7] - '0');
	return true;
}

static const char *read_request_line(struct head *head, struct str line)
{
	struct str version;
	size_t space = str_find_byte(line, ' ');

	head->method = str_sub(line, 0, space);
	line = str_from(line, space == SIZE_MAX ? line.len : space + 1);
	space = str_find_byte(line, ' ');
	head->target = str_sub(line, 0, space);
	version = str_from(line, space == SIZE_MAX ? line.len : space + 1);
	for (size_t i = 0; i < head->method.len; i++)
		if (head->method.p[i] < 'A' || head->method.p[i] > 'Z')
			return "the method is no word in upper case";
	if (!head->method.len || head->method.len > METHOD_MAX)
		return "the method is no word in upper case";
	for (size_t i = 0; i < head->target.len; i++)
		if (head->target.p[i] <= 0x20 || head->target.p[i] >= 0x7f ||
		    head->target.p[i] == '#')
			return "the target has a byte that does not belong there";
	if (!head->target.len)
		return "it has no target";
	return read_version(head, version) ? NULL : "it is not HTTP/1.1";
}

static const char *read_status_line(struct head *head, struct str line)
{
	uint64_t status;

	if (line.len < 12 || !read_version(head, str_sub(line, 0, 8)) || line.p[8] != ' ' ||
	    !str_to_u64(str_sub(line, 9, 12), &status) || status < 100 || status > 599 ||
	    (line.len > 12 && line.p[12] != ' ') || !is_text(line))
		return "its first line is no status of HTTP/1.1";
	head->status = (uint16_t)status;
	return NULL;
}

static int head_read(struct head *out, struct str text,
		     const char *(*first)(struct head *, struct str), const char *what,
		     struct err *err)
{
	struct head *head = out;
	struct str line, rest = text;
	const char *wrong = "it is empty";

	head->n = 0;
	if (take_line(&rest, &line)) {
		wrong = first(head, line);
		if (!wrong)
			wrong = read_fields(head, rest);
		if (!wrong)
			wrong = read_framing(head);
	}
	return wrong ? err_input(err, "the %s cannot be read in one way only: %s", what, wrong) : 0;
}

int head_read_request(struct head *out, struct str text, struct err *err)
{
	if (head_read(out, text, read_request_line, "request", err) < 0)
		return -1;
	if (head_count(out, STR("Host")) > 1 || (out->minor == 1 && !head_count(out, STR("Host"))))
		return err_input(err, "the request does not have exactly one Host");
	return 0;
}

int head_read_answer(struct head *out, struct str text, struct str method, struct err *err)
{
	if (head_read(out, text, read_status_line, "answer", err) < 0)
		return -1;
	if (str_eq(method, STR("HEAD")) || out->status < 200 || out->status == 204 ||
	    out->status == 304)
		out->framing = FRAMING_NONE;
	else if (out->framing == FRAMING_NONE)
		out->framing = FRAMING_CLOSE;
	return 0;
}
