/* exchange.c - one request to the server, and its answer to the client. */
#include <inttypes.h>

#include "base/scope.h"
#include "body.h"
#include "connection.h"

enum { INTERIM_MAX = 8 }; /* 1xx answers before the real one */

/* What is handed on, and how. */
struct exchange {
	struct connection *connection;
	const struct head *head;     /* of the request */
	const struct secret *secret; /* NULL: the route lends none */
	struct str path, query;      /* canonical; with its '?', or empty */
	struct sift sift;
	bool fresh;          /* the server was dialled for this request */
	bool answered_early; /* before it had the whole request */
};

/* They make a server see another method, path or host than was checked. */
static const char *const masks[] = {
	"X-HTTP-Method-Override",
	"X-HTTP-Method",
	"X-Method-Override",
	"X-Original-URL",
	"X-Rewrite-URL",
	"X-Forwarded-Host",
	"X-Forwarded-For",
	"X-Forwarded-Proto",
	"X-Forwarded-Port",
	"X-Forwarded-Server",
	"X-Forwarded-Prefix",
	"X-Host",
	"Forwarded",
	"Host",
	"Expect",
	"Via",
};
/* With a credential: who asks is ours to say, and the answer must be one that can be searched. */
static const char *const lent[] = { "Authorization", "Cookie", "Accept-Encoding", "Range",
				    "If-Range" };

static bool is_in(const char *const *list, size_t n, struct str name)
{
	for (size_t i = 0; i < n; i++)
		if (str_eq_nocase(name, str_of(list[i])))
			return true;
	return false;
}

static bool is_dropped(const struct exchange *x, struct str name)
{
	const struct route *route = x->connection->verdict.route;

	/* many servers take '_' for '-': a second spelling of any of these */
	if (head_is_hop(x->head, name) || is_in(masks, COUNT(masks), name) ||
	    str_find_byte(name, '_') != SIZE_MAX)
		return true;
	return x->secret &&
	       (is_in(lent, COUNT(lent), name) || str_eq_nocase(name, route->header_name));
}

/* The template was checked when it was read: one {secret}, or one {basic:USER}. */
static void add_credential(struct buf *out, const struct route *route, struct str secret)
{
	struct str rest = route->header_value, before = { 0 }, place = { 0 };

	str_cut(&rest, '{', &before);
	str_cut(&rest, '}', &place);
	buf_printf(out, "%.*s: %.*s", STR_ARG(route->header_name), STR_ARG(before));
	if (str_eq(place, STR("secret"))) {
		buf_add(out, secret);
	} else {
		AUTO_BUF struct buf pair = { 0 };

		buf_printf(&pair, "%.*s:%.*s", STR_ARG(str_from(place, sizeof "basic:" - 1)),
			   STR_ARG(secret));
		buf_add_base64(out, buf_str(&pair));
		explicit_bzero(pair.bytes, pair.len);
	}
	buf_printf(out, "%.*s\r\nAccept-Encoding: identity\r\n", STR_ARG(rest));
}

static void add_framing(struct buf *out, enum framing framing, uint64_t length)
{
	if (framing == FRAMING_CHUNKED)
		buf_add(out, STR("Transfer-Encoding: chunked\r\n"));
	else if (framing == FRAMING_LENGTH)
		buf_printf(out, "Content-Length: %" PRIu64 "\r\n", length);
}

static void add_host(struct buf *out, const struct connection *connection)
{
	bool plain = connection->port == (connection->tls ? 443 : 80);

	buf_printf(out, connection->host.kind == HOST_IP6 ? "Host: [%s]" : "Host: %s",
		   connection->host.text);
	if (!plain)
		buf_printf(out, ":%u", (unsigned)connection->port);
	buf_add(out, STR("\r\n"));
}

static void add_request(struct buf *out, const struct exchange *x)
{
	const struct connection *connection = x->connection;

	buf_printf(out, "%.*s %.*s%.*s HTTP/1.1\r\n", STR_ARG(x->head->method), STR_ARG(x->path),
		   STR_ARG(x->query));
	add_host(out, connection);
	for (size_t i = 0; i < x->head->n; i++)
		if (!is_dropped(x, x->head->fields[i].name))
			buf_printf(out, "%.*s: %.*s\r\n", STR_ARG(x->head->fields[i].name),
				   STR_ARG(x->head->fields[i].value));
	if (x->secret)
		add_credential(out, connection->verdict.route, x->secret->value);
	add_framing(out, x->head->framing, x->head->length);
	buf_add(out, connection->tls ? STR("\r\n") : STR("Connection: close\r\n\r\n"));
}

static void refuse_budget(struct connection *connection)
{
	reply_refuse(
		connection, 403, "budget",
		"The byte budget of this route for this run is used up, and will not be raised (%.*s).",
		STR_ARG(connection->verdict.route->text));
}

/* 1: sent; 0: the server did not take it; -1: refused. */
static int send_head(struct exchange *x)
{
	AUTO_BUF struct buf text = { 0 };
	int sent;

	add_request(&text, x);
	if (upstream_spend(x->connection, text.len, 0) < 0) {
		refuse_budget(x->connection);
		return -1;
	}
	sent = stream_write(&x->connection->server, buf_str(&text));
	if (x->secret)
		explicit_bzero(text.bytes, text.len);
	return sent == 0;
}

static bool lets_client_begin(struct exchange *x)
{
	if (!head_lists(x->head, STR("Expect"), STR("100-continue")) ||
	    x->head->framing == FRAMING_NONE)
		return true;
	return stream_write(&x->connection->client, STR("HTTP/1.1 100 Continue\r\n\r\n")) == 0;
}

/* 0: all of it, or the server answers already; -1: refused or broken. */
static int send_body(struct exchange *x)
{
	struct connection *connection = x->connection;
	struct body body;
	struct str part;
	int got;

	if (!lets_client_begin(x))
		return -1;
	body_init(&body, &connection->client, x->head);
	while ((got = body_next(&body, &part)) > 0) {
		if (stream_ready(&connection->server)) {
			x->answered_early = true;
			return 0;
		}
		if (upstream_spend(connection, part.len, 0) < 0) {
			refuse_budget(connection);
			return -1;
		}
		if (body_write(&connection->server, x->head->framing, &part) < 0) {
			x->answered_early = true;
			return 0;
		}
	}
	if (got < 0) {
		reply_refuse(connection, 400, "syntax", "The body of the request: %s.", body.why);
		return -1;
	}
	if (x->head->framing == FRAMING_CHUNKED)
		(void)body_write(&connection->server, FRAMING_CHUNKED, NULL);
	return 0;
}

/*
 * The head of the real answer, in the request's memory. 1; 0: the server went away without a word;
 * -1: refused.
 */
static int read_answer(struct exchange *x, struct head *answer)
{
	struct connection *connection = x->connection;
	struct stream *server = &connection->server;
	struct err err;

	for (int i = 0; i < INTERIM_MAX; i++) {
		size_t size;
		struct str text;

		while ((size = head_size(stream_has(server))) == 0)
			if (stream_fill(server) <= 0) {
				if (!server->got)
					return 0;
				reply_refuse(connection, 502, "upstream",
					     "Allowed, but it failed: the answer of %s: %s.",
					     connection->host.text,
					     server->why ? server->why : "it was cut short");
				return -1;
			}
		text = arena_str(&connection->mem, str_sub(stream_has(server), 0, size));
		stream_use(server, size);
		if (upstream_spend(connection, 0, size) < 0) {
			refuse_budget(connection);
			return -1;
		}
		if (head_read_answer(answer, text, x->head->method, &err) < 0) {
			reply_refuse(connection, 502, "upstream", "Allowed, but it failed: %s.",
				     err.text);
			return -1;
		}
		if (answer->status == 101) {
			reply_refuse(connection, 502, "upgrade",
				     "The server changes the protocol, which is never allowed.");
			return -1;
		}
		if (answer->status >= 200)
			return 1;
	}
	reply_refuse(connection, 502, "upstream", "Allowed, but it failed: too many 1xx answers.");
	return -1;
}

/* Why an answer to a request with a credential cannot be searched for it, or NULL. */
static const char *unsearchable(const struct exchange *x, const struct head *answer)
{
	struct str coding = head_find(answer, STR("Content-Encoding"));

	if (!x->secret || !coding.len || str_eq_nocase(coding, STR("identity")))
		return NULL;
	return "The server compressed its answer against our wish; it cannot be searched for the credential.";
}

static enum framing framing_to_client(const struct head *answer)
{
	return answer->framing == FRAMING_CLOSE ? FRAMING_CHUNKED : answer->framing;
}

static int send_answer_head(struct exchange *x, const struct head *answer, bool last)
{
	struct connection *connection = x->connection;
	struct str length = head_find(answer, STR("Content-Length"));
	AUTO_BUF struct buf text = { 0 };

	buf_printf(&text, "HTTP/1.1 %u \r\n", (unsigned)answer->status);
	for (size_t i = 0; i < answer->n; i++) {
		const struct field *field = &answer->fields[i];

		if (head_is_hop(answer, field->name) || sift_has(&x->sift, field->name))
			continue;
		if (sift_has(&x->sift, field->value)) {
			reply_broken(
				connection, "reflected",
				"The server sent the credential back in the header %.*s, which was left out.",
				STR_ARG(str_sub(field->name, 0, 80)));
			continue;
		}
		buf_printf(&text, "%.*s: %.*s\r\n", STR_ARG(field->name), STR_ARG(field->value));
	}
	if (str_eq(x->head->method, STR("HEAD")) && length.len)
		buf_printf(&text, "Content-Length: %.*s\r\n", STR_ARG(length));
	add_framing(&text, framing_to_client(answer), answer->length);
	buf_add(&text, last ? STR("Connection: close\r\n\r\n") : STR("\r\n"));
	connection->record.status = answer->status;
	return stream_write(&connection->client, buf_str(&text));
}

/* One part, as far as it may go now. */
static int hand_on(struct exchange *x, enum framing framing, struct str part)
{
	struct connection *connection = x->connection;

	if (upstream_spend(connection, 0, part.len) < 0) {
		reply_broken(
			connection, "budget",
			"The byte budget of this route for this run is used up: the answer was cut.");
		return -1;
	}
	if (x->secret && !sift_part(&x->sift, part, &part)) {
		reply_broken(connection, "reflected",
			     "The server sent the credential back: the answer was cut.");
		return -1;
	}
	if (part.len && body_write(&connection->client, framing, &part) < 0) {
		reply_broken(connection, "upstream", "The client went away.");
		return -1;
	}
	return 0;
}

static int send_answer_body(struct exchange *x, const struct head *answer)
{
	struct connection *connection = x->connection;
	enum framing framing = framing_to_client(answer);
	struct body body;
	struct str part;
	int got;

	body_init(&body, &connection->server, answer);
	while ((got = body_next(&body, &part)) > 0)
		if (hand_on(x, framing, part) < 0)
			return -1;
	if (got < 0) {
		reply_broken(connection, "upstream",
			     "Allowed, but it failed: the answer of %s: %s.", connection->host.text,
			     body.why);
		return -1;
	}
	part = sift_rest(&x->sift);
	if (part.len && body_write(&connection->client, framing, &part) < 0)
		return -1;
	return framing == FRAMING_CHUNKED ? body_write(&connection->client, framing, NULL) : 0;
}

/*
 * Connects if need be and sends the head. A server may close an idle connection just now: then
 * once more, afresh.
 */
static int start(struct exchange *x)
{
	struct connection *connection = x->connection;
	int sent;

	x->fresh = connection->server.fd < 0 || stream_ready(&connection->server);
	if (x->fresh && upstream_open(connection, true) < 0)
		return -1;
	connection->server.got = 0;
	sent = send_head(x);
	if (sent == 0 && !x->fresh) {
		x->fresh = true;
		if (upstream_open(connection, true) < 0)
			return -1;
		sent = send_head(x);
	}
	if (sent == 0)
		reply_refuse(connection, 502, "upstream",
			     "Allowed, but it failed: %s takes no request.", connection->host.text);
	return sent > 0 ? 0 : -1;
}

static int send_request(struct exchange *x, struct head *answer)
{
	int got;

	if (start(x) < 0 || send_body(x) < 0)
		return -1;
	got = read_answer(x, answer);
	if (got == 0 && !x->fresh && x->head->framing == FRAMING_NONE) {
		stream_close(&x->connection->server);
		if (start(x) < 0)
			return -1;
		got = read_answer(x, answer);
	}
	if (got == 0)
		reply_refuse(x->connection, 502, "upstream",
			     "Allowed, but it failed: %s closed the connection.",
			     x->connection->host.text);
	return got > 0 ? 0 : -1;
}

static bool run(struct exchange *x)
{
	struct connection *connection = x->connection;
	struct head answer;
	const char *wrong;
	bool last;

	if (send_request(x, &answer) < 0)
		return false;
	wrong = unsearchable(x, &answer);
	if (wrong) {
		reply_refuse(connection, 502, "reflected", "%s", wrong);
		return false;
	}
	last = !connection->tls || x->answered_early || answer.framing == FRAMING_CLOSE ||
	       answer.minor == 0 || head_lists(x->head, STR("Connection"), STR("close"));
	if (send_answer_head(x, &answer, last) < 0 || send_answer_body(x, &answer) < 0)
		return false;
	if (head_lists(&answer, STR("Connection"), STR("close")))
		stream_close(&connection->server);
	return !last;
}

/* Splits and checks what stands behind the host; -1 after a refusal. */
static int read_path(struct exchange *x, struct str target)
{
	size_t mark = str_find_byte(target, '?');
	struct err err;

	x->query = str_from(target, mark);
	if (route_path_canon(&x->path, &x->connection->mem, str_sub(target, 0, mark), &err) == 0)
		return 0;
	reply_refuse(x->connection, 400, "path", "The %s.", err.text);
	return -1;
}

static bool asks_for_upgrade(const struct head *head)
{
	struct str upgrade = head_find(head, STR("Upgrade"));

	/* h2c is only an offer, which many clients make; the server never hears of it */
	return upgrade.len && !str_eq_nocase(upgrade, STR("h2c"));
}

static int check(struct exchange *x, struct str target)
{
	struct connection *connection = x->connection;
	struct broker *broker = connection->broker;
	struct route_ask ask = { broker->options.phase, &connection->host, connection->port,
				 connection->tls,       x->head->method,   { 0 } };

	if (read_path(x, target) < 0)
		return -1;
	ask.path = x->path;
	connection->verdict = route_match(broker->options.routes, &ask);
	if (!connection->verdict.allowed) {
		reply_denied(connection, &ask);
		return -1;
	}
	if (asks_for_upgrade(x->head)) {
		reply_refuse(
			connection, 403, "upgrade",
			"WebSocket and other protocols inside HTTP are never allowed in this sandbox.");
		return -1;
	}
	x->secret = secret_find(broker->options.secrets, connection->verdict.route->credential);
	if (x->secret)
		sift_init(&x->sift, &connection->mem, x->secret->value);
	return 0;
}

bool exchange_run(struct connection *connection, const struct head *head, struct str path)
{
	struct exchange x = { .connection = connection, .head = head };
	bool again = check(&x, path) == 0 && run(&x);

	sift_release(&x.sift);
	return again;
}
