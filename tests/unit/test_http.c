/* Client and server against each other and against raw sockets: what a proxy or an attacker may send. */
#include <arpa/inet.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cmocka.h>

#include "base/scope.h"
#include "http/client.h"
#include "http/server.h"

enum { CAP = 64 << 20, MAX_BODY = 1000, HELD = 8 };

struct fixture {
	struct arena mem;
	struct http_server *server;
	struct http_client *client;
	char base[128];
	pthread_mutex_t lock;
	struct http_exchange *held[HELD];
	size_t n_held;
	struct http_stream *stream;
};

static struct fixture fix;

/* ---- handlers ---- */

/* "METHOD path [param] query: body", and one header of ours back. */
static void echo(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	AUTO_BUF struct buf out = { 0 };

	(void)ctx;
	buf_printf(&out, "%.*s %.*s [%.*s] %.*s: ", STR_ARG(call->method), STR_ARG(call->path),
		   STR_ARG(call->params[0]), STR_ARG(call->query));
	buf_add(&out, call->body);
	buf_printf(&out, " auth=%.*s key=%.*s",
		   STR_ARG(http_header_get(&call->headers, STR("authorization"))),
		   STR_ARG(http_header_get(&call->headers, STR("x-key"))));
	http_answer_typed(exchange, 200, "text/plain", buf_str(&out));
}

static void redirect(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	struct http_header header = { STR("Location"), call->query };
	struct http_headers headers = { &header, 1, 1 };
	uint64_t status = 302;

	(void)ctx;
	str_to_u64(call->params[0], &status);
	http_answer(exchange, (int)status, &headers, STR("moved"));
}

static void hold(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	(void)ctx;
	(void)call;
	pthread_mutex_lock(&fix.lock);
	fix.held[fix.n_held++] = exchange;
	pthread_mutex_unlock(&fix.lock);
}

static void stream(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	(void)ctx;
	(void)call;
	pthread_mutex_lock(&fix.lock);
	fix.stream = http_answer_stream(exchange, NULL);
	pthread_mutex_unlock(&fix.lock);
}

static void large(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	size_t size = 3 << 20;
	char *bytes = malloc(size);

	(void)ctx;
	(void)call;
	memset(bytes, 'x', size);
	http_answer_typed(exchange, 200, "text/plain", (struct str){ bytes, size });
	free(bytes);
}

static const struct http_route routes[] = {
	{ "GET", "/echo/{name}", 0, echo },
	{ "POST", "/echo/{name}", MAX_BODY, echo },
	{ "PUT", "/echo/{name}", MAX_BODY, echo },
	{ "GET", "/files/{rest...}", 0, echo },
	{ "GET", "/", 0, echo },
	{ "GET", "/redirect/{status}", 0, redirect },
	{ "POST", "/redirect/{status}", MAX_BODY, redirect },
	{ "GET", "/hold", 0, hold },
	{ "POST", "/hold", MAX_BODY, hold },
	{ "GET", "/stream", 0, stream },
	{ "GET", "/large", 0, large },
};

static struct http_server_options server_options(void)
{
	return (struct http_server_options){ .listen = STR("127.0.0.1:0"),
					     .routes = routes,
					     .n_routes = COUNT(routes),
					     .idle_s = 2,
					     .request_s = 2 };
}

static int make_with(void **state, const struct http_client_options *options)
{
	struct http_server_options server = server_options();
	struct err err = { 0 };

	memset(&fix, 0, sizeof fix);
	pthread_mutex_init(&fix.lock, NULL);
	arena_init(&fix.mem, CAP);
	if (http_server_open(&fix.server, &server, &err) < 0 ||
	    http_client_open(&fix.client, options, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		return -1;
	}
	snprintf(fix.base, sizeof fix.base, "http://%.*s",
		 STR_ARG(http_server_address(fix.server)));
	*state = &fix;
	return 0;
}

static int make(void **state)
{
	return make_with(state, &(struct http_client_options){ 0 });
}

static int end(void **state)
{
	(void)state;
	http_server_close(fix.server, 1000);
	http_client_close(fix.client);
	arena_release(&fix.mem);
	pthread_mutex_destroy(&fix.lock);
	return 0;
}

static struct http_request request(const char *method, const char *path)
{
	return (struct http_request){ .method = str_of(method),
				      .url = arena_printf(&fix.mem, "%s%s", fix.base, path) };
}

static struct http_response sent(const struct http_request *request)
{
	struct http_response response = { 0 };
	struct err err = { 0 };

	if (http_send(fix.client, &fix.mem, request, &response, &err) < 0)
		fail_msg("%s", err.text);
	return response;
}

static struct http_response get(const char *path)
{
	struct http_request r = request("GET", path);

	return sent(&r);
}

/* ---- the ordinary ---- */

static void test_routes(void **state)
{
	struct http_request post = request("POST", "/echo/a%2Fb?x=1");
	struct http_response response = get("/echo/n%20m?q=%41");

	(void)state;
	assert_int_equal(200, response.status);
	assert_string_equal("GET /echo/n m [n m] q=%41:  auth= key=", response.body.p);
	assert_int_equal(16, http_header_get(&response.headers, STR("X-Request-Id")).len);
	post.body = STR("the body");
	assert_string_equal("POST /echo/a/b [a/b] x=1: the body auth= key=", sent(&post).body.p);
	assert_string_equal("GET /files/a/b c [a/b c] :  auth= key=", get("/files/a/b%20c").body.p);
	assert_string_equal("GET / [] :  auth= key=", get("/").body.p);
	assert_int_equal(404, get("/nowhere").status);
	assert_int_equal(404, get("/echo/").status);
	assert_int_equal(404, get("/echo/a/b").status);
	assert_int_equal(404, get("/files/").status);
}

static void test_methods(void **state)
{
	struct http_request bad = request("DELETE", "/echo/a"), head = request("HEAD", "/echo/a");
	struct http_response response = sent(&bad);

	(void)state;
	assert_int_equal(405, response.status);
	assert_true(str_eq(http_header_get(&response.headers, STR("Allow")),
			   STR("GET, HEAD, POST, PUT")));
	response = sent(&head);
	assert_int_equal(200, response.status);
	assert_int_equal(0, response.body.len);
	assert_true(str_eq(http_header_get(&response.headers, STR("Content-Length")), STR("30")));
}

static void test_bodies(void **state)
{
	struct http_request post = request("POST", "/echo/a");
	char body[MAX_BODY + 1];
	struct http_server_counts counts;

	(void)state;
	memset(body, 'b', sizeof body);
	post.body = (struct str){ body, MAX_BODY };
	assert_int_equal(200, sent(&post).status);
	post.body.len++;
	assert_int_equal(413, sent(&post).status);
	(void)http_header_add(&post.headers, &fix.mem, STR("Transfer-Encoding"), STR("chunked"),
			      NULL);
	assert_int_equal(413, sent(&post).status);
	post.body.len--;
	assert_int_equal(200, sent(&post).status);
	http_server_count(fix.server, &counts);
	assert_true(counts.requests >= 4 && counts.refused == 2);
}

/* ---- redirects ---- */

static void add(struct http_request *r, const char *name, const char *value)
{
	assert_int_equal(0,
			 http_header_add(&r->headers, &fix.mem, str_of(name), str_of(value), NULL));
}

static struct http_response redirected(const char *method, const char *path)
{
	struct http_request r = request(method, path);

	add(&r, "Authorization", "token secret");
	add(&r, "X-Key", "secret");
	if (strcmp(method, "GET") != 0)
		r.body = STR("data");
	return sent(&r);
}

static void test_redirects(void **state)
{
	char other[200];

	(void)state;
	assert_string_equal("GET /echo/a [a] :  auth=token secret key=secret",
			    redirected("GET", "/redirect/302?/echo/a").body.p);
	assert_string_equal("GET /echo/a [a] :  auth=token secret key=secret",
			    redirected("POST", "/redirect/302?/echo/a").body.p);
	assert_string_equal("POST /echo/a [a] : data auth=token secret key=secret",
			    redirected("POST", "/redirect/307?/echo/a").body.p);
	/* another name for the same address is another origin: nothing goes along */
	snprintf(other, sizeof other, "/redirect/302?http://localhost%s/echo/a",
		 strrchr(fix.base, ':'));
	assert_string_equal("GET /echo/a [a] :  auth= key=", redirected("GET", other).body.p);
	snprintf(other, sizeof other, "/redirect/308?http://localhost%s/echo/a",
		 strrchr(fix.base, ':'));
	assert_string_equal("POST /echo/a [a] : data auth= key=", redirected("POST", other).body.p);
}

static void test_redirects_refused(void **state)
{
	static const char *const bad[] = { "file:///etc/passwd", "http://u:p@localhost/",
					   "gopher://localhost/" };
	struct http_request r = request("GET", "/redirect/302?/redirect/302");
	struct http_response response;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		r.url = arena_printf(&fix.mem, "%s/redirect/302?%s", fix.base, bad[i]);
		assert_int_equal(-1, http_send(fix.client, &fix.mem, &r, &response, &err));
		assert_null(strstr(err.text, "redirect/"));
	}
}

/* The loop is the server's own: each answer points at the same place. */
static void loop(void *ctx, struct http_exchange *exchange, const struct http_call *call)
{
	struct http_header header = { STR("Location"), call->path };
	struct http_headers headers = { &header, 1, 1 };

	(void)ctx;
	http_answer(exchange, 302, &headers, (struct str){ 0 });
}

static void test_redirect_loop(void **state)
{
	static const struct http_route table[] = { { "GET", "/loop", 0, loop } };
	struct http_server_options options = server_options();
	struct http_request r = { .method = STR("GET") };
	struct http_response response;
	struct http_server *server;
	struct err err;

	(void)state;
	options.routes = table;
	options.n_routes = 1;
	assert_int_equal(0, http_server_open(&server, &options, &err));
	r.url = arena_printf(&fix.mem, "http://%.*s/loop", STR_ARG(http_server_address(server)));
	assert_int_equal(-1, http_send(fix.client, &fix.mem, &r, &response, &err));
	assert_int_equal(ERR_PERM, err.kind);
	assert_non_null(strstr(err.text, "redirects more than 5 times"));
	http_server_close(server, 0);
}

/* ---- failures of the other side ---- */

static int make_strict(void **state)
{
	return make_with(state, &(struct http_client_options){ .timeout_ms = 2000,
							       .stall_ms = 200,
							       .connect_ms = 100,
							       .max_answer = 1 << 20,
							       .max_redirects = -1 });
}

static size_t n_held(void)
{
	size_t n;

	pthread_mutex_lock(&fix.lock);
	n = fix.n_held;
	pthread_mutex_unlock(&fix.lock);
	return n;
}

static void wait_held(size_t n)
{
	for (int i = 0; i < 5000 && n_held() < n; i++)
		usleep(1000);
	assert_int_equal(n, n_held());
}

static void test_limits_of_client(void **state)
{
	struct http_request r = request("GET", "/large");
	struct http_response response;
	struct err err;

	(void)state;
	assert_int_equal(-1, http_send(fix.client, &fix.mem, &r, &response, &err));
	assert_int_equal(ERR_PERM, err.kind);
	assert_non_null(strstr(err.text, "larger than we take"));
	assert_int_equal(302, get("/redirect/302?/x").status);
	r = request("GET", "/hold");
	assert_int_equal(-1, http_send(fix.client, &fix.mem, &r, &response, &err));
	assert_int_equal(ERR_TEMP, err.kind);
	assert_non_null(strstr(err.text, "no byte for too long"));
	wait_held(1);
	http_answer(fix.held[0], 200, NULL, (struct str){ 0 });
	r.url = STR("http://127.0.0.1:1/secret?secret");
	assert_int_equal(-1, http_send(fix.client, &fix.mem, &r, &response, &err));
	assert_int_equal(ERR_TEMP, err.kind);
	assert_null(strstr(err.text, "secret"));
	r.url = STR("https://localhost/");
	r.headers.items = &(struct http_header){ STR("A"), STR("b\r\nC: d") };
	r.headers.n = 1;
	assert_int_equal(-1, http_send(fix.client, &fix.mem, &r, &response, &err));
	assert_int_equal(ERR_BUG, err.kind);
}

/* ---- raw sockets ---- */

static int raw_connect(void)
{
	struct str address = http_server_address(fix.server);
	struct sockaddr_in to = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	to.sin_port = htons((uint16_t)atoi(strrchr(address.p, ':') + 1));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
	return fd;
}

/* Reads until the end, or for ten seconds. */
static size_t raw_read(int fd, char *out, size_t room)
{
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	size_t len = 0;
	ssize_t n;

	while (len + 1 < room && poll(&wait, 1, 10000) == 1) {
		n = read(fd, out + len, room - len - 1);
		if (n <= 0)
			break;
		len += (size_t)n;
	}
	out[len] = '\0';
	return len;
}

/* What comes back for these bytes, when the server ends the connection. */
static void raw(const char *bytes, char *out, size_t room)
{
	AUTO_FD int fd = raw_connect();

	assert_int_equal(strlen(bytes), write(fd, bytes, strlen(bytes)));
	raw_read(fd, out, room);
}

static size_t count(const char *text, const char *needle)
{
	size_t n = 0;

	for (const char *at = text; (at = strstr(at, needle)); at++)
		n++;
	return n;
}

static void test_smuggling(void **state)
{
	/* each hides a second request behind an unclear end of the first: neither is served */
	static const char *const cases[] = {
		"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n"
		"0\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nContent-Length: 40\r\n\r\n"
		"GET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /echo/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n"
		"0\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /echo/a HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n"
		"0\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length: +4\r\n\r\nbodyGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"POST /echo/a HTTP/1.1\r\nHost: h\r\nContent-Length : 4\r\n\r\nbodyGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /echo/a HTTP/1.1\r\nHost: h\r\nHost: i\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /echo/a HTTP/1.1\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET http://h/echo/a HTTP/1.1\r\nHost: h\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
		"GET /echo/a%00b HTTP/1.1\r\nHost: h\r\n\r\nGET /echo/b HTTP/1.1\r\nHost: h\r\n\r\n",
	};
	char out[4096];

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		raw(cases[i], out, sizeof out);
		if (strstr(out, "HTTP/1.1 200") || strstr(out, "/echo/"))
			fail_msg("case %zu: %s", i, out);
	}
}

static void test_large_headers(void **state)
{
	char *bytes = malloc(60000), out[4096];
	size_t len = (size_t)sprintf(bytes, "GET /echo/a HTTP/1.1\r\nHost: h\r\nX: ");

	(void)state;
	memset(bytes + len, 'x', 50000);
	strcpy(bytes + len + 50000, "\r\n\r\n");
	raw(bytes, out, sizeof out);
	assert_non_null(strstr(out, "HTTP/1.1 431"));
	/* many small ones */
	len = (size_t)sprintf(bytes, "GET /echo/a HTTP/1.1\r\nHost: h\r\n");
	for (int i = 0; i < 300; i++)
		len += (size_t)sprintf(bytes + len, "X%d: y\r\n", i);
	strcpy(bytes + len, "Connection: close\r\n\r\n");
	raw(bytes, out, sizeof out);
	assert_non_null(strstr(out, "HTTP/1.1 431"));
	free(bytes);
}

static void test_keep_alive(void **state)
{
	char out[8192];

	(void)state;
	/* two honest requests on one connection: two answers; chunked with an extension and a trailer is taken */
	raw("GET /echo/a HTTP/1.1\r\nHost: h\r\n\r\n"
	    "POST /echo/b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
	    "3;x=y\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
	    out, sizeof out);
	assert_int_equal(2, count(out, "HTTP/1.1 200"));
	assert_non_null(strstr(out, "abcde"));
}

/* A byte now and then keeps no connection beyond idle + request seconds. */
static void test_slow(void **state)
{
	AUTO_FD int fd = raw_connect();
	struct pollfd wait = { .fd = fd, .events = POLLIN };
	char out[1024];
	int sends = 0;

	(void)state;
	assert_true(write(fd, "GET /echo/a HTTP/1.1\r\nX: ", 25) == 25);
	while (sends < 100 && poll(&wait, 1, 200) == 0) {
		if (send(fd, "x", 1, MSG_NOSIGNAL) < 0)
			break;
		sends++;
	}
	/* ended by the server, long before our own end */
	assert_true(sends < 100);
	raw_read(fd, out, sizeof out);
	assert_null(strstr(out, "200"));
}

static void test_half_open(void **state)
{
	struct http_server_counts counts;
	int fds[20];
	char out[64];

	(void)state;
	for (size_t i = 0; i < COUNT(fds); i++)
		fds[i] = raw_connect();
	/* others are served meanwhile */
	assert_int_equal(200, get("/echo/a").status);
	for (size_t i = 0; i < COUNT(fds); i++) {
		assert_int_equal(0, raw_read(fds[i], out, sizeof out));
		close(fds[i]);
	}
	/* they are counted a moment after their ends are seen here */
	for (int i = 0; i < 1000; i++) {
		http_server_count(fix.server, &counts);
		if (counts.connections <= 1)
			break;
		usleep(10000);
	}
	assert_true(counts.connections <= 1);
}

/* ---- kept exchanges and streams ---- */

static void *held_client(void *ctx)
{
	AUTO_HTTP_CLIENT struct http_client *client = NULL;
	AUTO_ARENA struct arena mem;
	struct http_request r = { .method = STR("POST"), .body = STR("x") };
	struct http_response response = { 0 };

	arena_init(&mem, CAP);
	r.url = arena_printf(&mem, "%s/hold", fix.base);
	if (http_client_open(&client, &(struct http_client_options){ 0 }, NULL) == 0 &&
	    http_send(client, &mem, &r, &response, NULL) == 0)
		*(int *)ctx = response.status;
	return NULL;
}

static void test_held(void **state)
{
	pthread_t threads[HELD];
	int status[HELD] = { 0 };

	(void)state;
	for (size_t i = 0; i < HELD; i++)
		pthread_create(&threads[i], NULL, held_client, &status[i]);
	wait_held(HELD);
	/* none has its answer; more than there are server threads are kept, and others are served */
	assert_int_equal(200, get("/echo/a").status);
	for (size_t i = 0; i < HELD; i++)
		http_answer(fix.held[i], 202, NULL, (struct str){ 0 });
	for (size_t i = 0; i < HELD; i++) {
		pthread_join(threads[i], NULL);
		assert_int_equal(202, status[i]);
	}
}

static void test_close_answers(void **state)
{
	struct http_server_options options = server_options();
	pthread_t thread;
	int status = 0;

	(void)state;
	pthread_create(&thread, NULL, held_client, &status);
	wait_held(1);
	http_server_close(fix.server, 10);
	pthread_join(thread, NULL);
	assert_int_equal(503, status);
	assert_int_equal(0, http_server_open(&fix.server, &options, NULL));
}

static struct http_stream *opened_stream(void)
{
	struct http_stream *opened = NULL;

	for (int i = 0; i < 5000 && !opened; i++) {
		usleep(1000);
		pthread_mutex_lock(&fix.lock);
		opened = fix.stream;
		pthread_mutex_unlock(&fix.lock);
	}
	assert_non_null(opened);
	return opened;
}

static void test_stream(void **state)
{
	AUTO_FD int fd = raw_connect();
	static const char ask[] = "GET /stream HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
	struct http_stream *opened;
	char out[4096];

	(void)state;
	assert_true(write(fd, ask, sizeof ask - 1) == sizeof ask - 1);
	opened = opened_stream();
	assert_true(http_stream_send(opened, STR("job"), STR("7"), STR("one\ntwo\r\nthree")));
	usleep(20000);
	assert_true(http_stream_send(opened, STR("a\nb"), (struct str){ 0 }, STR("x")));
	http_stream_end(opened);
	raw_read(fd, out, sizeof out);
	assert_non_null(strstr(out, "text/event-stream"));
	assert_non_null(strstr(out, "event: job\nid: 7\ndata: one\ndata: two\ndata: three\n\n"));
	assert_non_null(strstr(out, "event: ab\ndata: x\n\n"));
}

static void test_stream_client_gone(void **state)
{
	static const char ask[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
	struct http_stream *opened;
	struct str kilobyte;
	char bytes[1024];
	int fd = raw_connect(), sends = 0;

	(void)state;
	memset(bytes, 'x', sizeof bytes);
	kilobyte = (struct str){ bytes, sizeof bytes };
	assert_true(write(fd, ask, sizeof ask - 1) == sizeof ask - 1);
	opened = opened_stream();
	/* one that does not read is cut off when the buffers are full */
	while (sends < 100000 && http_stream_send(opened, STR("e"), (struct str){ 0 }, kilobyte))
		sends++;
	assert_true(sends < 100000);
	close(fd);
	http_stream_end(opened);
}

static void test_close_ends_streams(void **state)
{
	struct http_server_options options = server_options();
	AUTO_FD int fd = raw_connect();
	static const char ask[] = "GET /stream HTTP/1.1\r\nHost: h\r\n\r\n";
	struct http_stream *opened;
	char out[1024];

	(void)state;
	assert_true(write(fd, ask, sizeof ask - 1) == sizeof ask - 1);
	opened = opened_stream();
	http_stream_end(opened);
	http_server_close(fix.server, 1000);
	raw_read(fd, out, sizeof out);
	assert_non_null(strstr(out, "HTTP/1.1 200"));
	assert_int_equal(0, http_server_open(&fix.server, &options, NULL));
}

static void test_listen(void **state)
{
	static const char *const bad[] = { "",          "8080",   "127.0.0.1",   "example.com:80",
					   "0.0.0.0:0", "[::]:0", "127.0.0.1:x", "unix:",
					   "10.1.2.3:0" };
	struct http_server_options options = server_options();
	struct http_server *server;
	struct err err;

	(void)state;
	for (size_t i = 0; i < COUNT(bad); i++) {
		options.listen = str_of(bad[i]);
		assert_int_equal(-1, http_server_open(&server, &options, &err));
		assert_int_equal(ERR_INPUT, err.kind);
	}
}

static void test_unix_socket(void **state)
{
	struct http_server_options options = server_options();
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	AUTO_FD int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	char folder[] = "/tmp/outrider-http-XXXXXX", out[1024];
	struct http_server *server, *second;
	struct err err;

	(void)state;
	assert_non_null(mkdtemp(folder));
	snprintf(to.sun_path, sizeof to.sun_path, "%s/s", folder);
	options.listen = arena_printf(&fix.mem, "unix:%s", to.sun_path);
	assert_int_equal(0, http_server_open(&server, &options, &err));
	assert_int_equal(-1, http_server_open(&second, &options, &err));
	assert_non_null(strstr(err.text, "somebody listens"));
	assert_int_equal(0, connect(fd, (struct sockaddr *)&to, sizeof to));
	assert_true(write(fd, "GET /echo/a HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", 52) ==
		    52);
	raw_read(fd, out, sizeof out);
	assert_non_null(strstr(out, "HTTP/1.1 200"));
	http_server_close(server, 100);
	assert_int_equal(-1, access(to.sun_path, F_OK));
	assert_int_equal(0, rmdir(folder));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(test_routes),
		TEST(test_methods),
		TEST(test_bodies),
		TEST(test_redirects),
		TEST(test_redirects_refused),
		TEST(test_redirect_loop),
		cmocka_unit_test_setup_teardown(test_limits_of_client, make_strict, end),
		TEST(test_smuggling),
		TEST(test_large_headers),
		TEST(test_keep_alive),
		TEST(test_slow),
		TEST(test_half_open),
		TEST(test_held),
		TEST(test_close_answers),
		TEST(test_stream),
		TEST(test_stream_client_gone),
		TEST(test_close_ends_streams),
		TEST(test_listen),
		TEST(test_unix_socket),
	};

	return cmocka_run_group_tests_name("http", tests, NULL, NULL);
}
