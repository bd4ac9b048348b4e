#include "http/client.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "base/scope.h"
#include "http/url.h"
#include "late_curl.h"

struct http_client {
	CURL *curl;    /* owned: its pool of connections lives as long; NULL before the first request */
	char *proxy;   /* owned, NULL for none */
	char *ca_file; /* owned, NULL for the system's */
	char *user_agent;
	struct http_client_options options; /* its strings are not used after open */
};

/* One hop under way. */
struct transfer {
	const struct http_client *client;
	struct arena *mem;
	struct buf body;
	struct http_headers headers;
	size_t header_bytes;
	curl_off_t seen;  /* bytes in both directions, when last looked at */
	int64_t moved_ms; /* when that number changed */
	const char *why;  /* why we ended it ourselves, NULL otherwise */
};

static int64_t monotonic_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static char *copy_or_null(struct str s)
{
	return s.len ? strndup(s.p, s.len) : NULL;
}

static void set_defaults(struct http_client_options *options)
{
	if (!options->timeout_ms)
		options->timeout_ms = HTTP_TIMEOUT_MS;
	if (!options->stall_ms)
		options->stall_ms = HTTP_STALL_MS;
	if (!options->connect_ms)
		options->connect_ms = HTTP_CONNECT_MS;
	if (!options->max_answer)
		options->max_answer = HTTP_MAX_ANSWER;
	if (!options->max_redirects)
		options->max_redirects = HTTP_MAX_REDIRECTS;
	if (!options->user_agent.len)
		options->user_agent = STR("outrider");
}

static void start_curl(void)
{
	curl_global_init(CURL_GLOBAL_DEFAULT);
}

int http_client_open(struct http_client **out, const struct http_client_options *options,
		     struct err *err)
{
	struct http_client *client = calloc(1, sizeof *client);

	if (!client)
		return err_set(err, ERR_TEMP, "out of memory");
	client->options = *options;
	set_defaults(&client->options);
	client->proxy = copy_or_null(options->proxy);
	client->ca_file = copy_or_null(options->ca_file);
	client->user_agent = copy_or_null(client->options.user_agent);
	if (!client->user_agent) {
		http_client_close(client);
		return err_set(err, ERR_TEMP, "out of memory");
	}
	*out = client;
	return 0;
}

void http_client_close(struct http_client *client)
{
	if (!client)
		return;
	if (client->curl)
		curl_easy_cleanup(client->curl);
	free(client->proxy);
	free(client->ca_file);
	free(client->user_agent);
	free(client);
}

static size_t take_body(char *bytes, size_t size, size_t n, void *ctx)
{
	struct transfer *transfer = ctx;

	if (size * n > transfer->client->options.max_answer - transfer->body.len) {
		transfer->why = "the answer is larger than we take";
		return 0;
	}
	buf_add(&transfer->body, (struct str){ bytes, size * n });
	return size * n;
}

/* Interim answers (100, 103) and a proxy's own come first: each status line begins anew. */
static size_t take_header(char *bytes, size_t size, size_t n, void *ctx)
{
	struct transfer *transfer = ctx;
	struct str line = { bytes, size * n };
	size_t colon = str_find_byte(line, ':');

	transfer->header_bytes += line.len;
	if (transfer->header_bytes > HTTP_MAX_HEADERS) {
		transfer->why = "the headers of the answer are larger than we take";
		return 0;
	}
	if (str_starts(line, STR("HTTP/"))) {
		transfer->headers.n = 0;
	} else if (colon != SIZE_MAX) {
		struct str name = arena_str(transfer->mem, str_sub(line, 0, colon));
		struct str value = arena_str(transfer->mem, str_trim(str_from(line, colon + 1)));

		/* what is no header is left out */
		(void)http_header_add(&transfer->headers, transfer->mem, name, value, NULL);
	}
	return size * n;
}

/* curl's own low-speed test averages; a slow but steady log is welcome, a silent peer is not. */
static int look(void *ctx, curl_off_t down_total, curl_off_t down, curl_off_t up_total,
		curl_off_t up)
{
	struct transfer *transfer = ctx;
	const struct http_client_options *options = &transfer->client->options;
	int64_t now = monotonic_ms();

	(void)down_total;
	(void)up_total;
	if (options->cancelled && options->cancelled(options->ctx))
		transfer->why = "cancelled";
	if (down + up != transfer->seen) {
		transfer->seen = down + up;
		transfer->moved_ms = now;
	}
	/* the connection has a limit of its own, which may be longer */
	if (now - transfer->moved_ms > options->stall_ms + options->connect_ms ||
	    (transfer->seen && now - transfer->moved_ms > options->stall_ms))
		transfer->why = "no byte for too long";
	return transfer->why != NULL;
}

/* Which failures of curl will not go away by themselves. */
static enum err_kind kind_of(CURLcode code, const struct transfer *transfer)
{
	static const CURLcode lasting[] = { CURLE_PEER_FAILED_VERIFICATION,
					    CURLE_SSL_CACERT_BADFILE,
					    CURLE_UNSUPPORTED_PROTOCOL,
					    CURLE_URL_MALFORMAT,
					    CURLE_SSL_CIPHER,
					    CURLE_TOO_MANY_REDIRECTS };

	if (code == CURLE_WRITE_ERROR && transfer->why)
		return ERR_PERM;
	for (size_t i = 0; i < COUNT(lasting); i++)
		if (code == lasting[i])
			return ERR_PERM;
	return ERR_TEMP;
}

static void set_limits(CURL *curl, const struct http_client *client, int64_t left_ms)
{
	curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
	curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)left_ms);
	curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, (long)client->options.connect_ms);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 1L);
	curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 2L);
	curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
	curl_easy_setopt(curl, CURLOPT_USERAGENT, client->user_agent);
	/* "" keeps curl from looking into the environment */
	curl_easy_setopt(curl, CURLOPT_PROXY, client->proxy ? client->proxy : "");
	if (client->proxy)
		curl_easy_setopt(curl, CURLOPT_NOPROXY, "");
	if (client->ca_file)
		curl_easy_setopt(curl, CURLOPT_CAINFO, client->ca_file);
}

static void set_hooks(CURL *curl, struct transfer *transfer)
{
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, transfer);
	curl_easy_setopt(curl, CURLOPT_SUPPRESS_CONNECT_HEADERS, 1L);
	curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, look);
	curl_easy_setopt(curl, CURLOPT_XFERINFODATA, transfer);
	curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
}

static bool has_body(const struct http_request *request)
{
	return request->body.len || str_eq(request->method, STR("POST")) ||
	       str_eq(request->method, STR("PUT")) || str_eq(request->method, STR("PATCH"));
}

static size_t give_body(char *out, size_t size, size_t n, void *ctx)
{
	struct str *left = ctx;
	size_t bytes = size * n < left->len ? size * n : left->len;

	if (bytes)
		memcpy(out, left->p, bytes);
	*left = str_from(*left, bytes);
	return bytes;
}

/*
 * When a kept connection turns out to be dead, curl sends the request again by itself, although the first one may have been heard. A
 * body that it cannot rewind keeps it from that; a POST without one gets a connection of its own.
 */
static void set_request(CURL *curl, struct arena *mem, const struct http_request *request,
			struct str *left)
{
	bool reads = str_eq(request->method, STR("GET")) || str_eq(request->method, STR("HEAD"));

	if (has_body(request)) {
		curl_easy_setopt(curl, CURLOPT_POST, 1L);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)request->body.len);
		curl_easy_setopt(curl, CURLOPT_READFUNCTION, give_body);
		curl_easy_setopt(curl, CURLOPT_READDATA, left);
	}
	curl_easy_setopt(curl, CURLOPT_FRESH_CONNECT, !reads && !request->body.len ? 1L : 0L);
	if (str_eq(request->method, STR("HEAD")))
		curl_easy_setopt(curl, CURLOPT_NOBODY, 1L);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, arena_z(mem, request->method));
}

static void free_list(struct curl_slist **list)
{
	if (*list)
		curl_slist_free_all(*list);
}

/* Expect: 100-continue costs a second with servers that do not know it. */
static struct curl_slist *make_headers(struct arena *mem, const struct http_request *request)
{
	struct curl_slist *list = curl_slist_append(NULL, "Expect:"), *longer;

	for (size_t i = 0; list && i < request->headers.n; i++) {
		const struct http_header *header = &request->headers.items[i];
		/* curl drops "Name:" but sends "Name;" as an empty one */
		struct str line = arena_printf(mem, header->value.len ? "%.*s: %.*s" : "%.*s;%.*s",
					       STR_ARG(header->name), STR_ARG(header->value));

		longer = curl_slist_append(list, line.p);
		if (!longer) {
			curl_slist_free_all(list);
			return NULL;
		}
		list = longer;
	}
	return list;
}

static int fail(struct err *err, CURLcode code, const struct transfer *transfer,
		const struct http_request *request, const struct url *url)
{
	return err_set(err, kind_of(code, transfer), "%.*s %.*s: %s", STR_ARG(request->method),
		       STR_ARG(url->host),
		       transfer->why ? transfer->why : curl_easy_strerror(code));
}

/* curl and its TLS library start with the first request: they take 3 MB, which a process that asks nobody need not have. */
static int ready_curl(struct http_client *client, struct err *err)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	if (late_curl(err))
		return -1;
	pthread_once(&once, start_curl);
	if (!client->curl)
		client->curl = curl_easy_init();
	if (!client->curl)
		return err_set(err, ERR_TEMP, "out of memory");
	curl_easy_reset(client->curl);
	return 0;
}

/* One hop: no redirect is followed here. */
static int hop(struct http_client *client, struct arena *mem, const struct http_request *request,
	       const struct url *url, int64_t left_ms, struct http_response *out, struct err *err)
{
	AUTO(free_list) struct curl_slist *headers = NULL;
	struct transfer transfer = { .client = client, .mem = mem, .moved_ms = monotonic_ms() };
	struct str left = request->body;
	CURLcode code;
	long status = 0;

	if (ready_curl(client, err))
		return -1;
	headers = make_headers(mem, request);
	if (!headers)
		return err_set(err, ERR_TEMP, "out of memory");
	set_limits(client->curl, client, left_ms);
	set_hooks(client->curl, &transfer);
	set_request(client->curl, mem, request, &left);
	curl_easy_setopt(client->curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(client->curl, CURLOPT_URL, url_text(url, mem).p);
	code = curl_easy_perform(client->curl);
	curl_easy_getinfo(client->curl, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK) {
		*out = (struct http_response){ .status = (int)status, .headers = transfer.headers };
		out->body = arena_str(mem, buf_str(&transfer.body));
	}
	buf_release(&transfer.body);
	if (client->options.record)
		client->options.record(client->options.ctx, request, code == CURLE_OK ? out : NULL);
	return code == CURLE_OK ? 0 : fail(err, code, &transfer, request, url);
}

static void drop_headers(struct http_request *request, struct arena *mem)
{
	struct http_headers kept = { 0 };

	for (size_t i = 0; i < request->headers.n; i++)
		if (str_eq_nocase(request->headers.items[i].name, STR("Accept")) ||
		    str_eq_nocase(request->headers.items[i].name, STR("User-Agent")))
			ARENA_PUSH(mem, &kept, request->headers.items[i]);
	request->headers = kept;
}

static void become_get(struct http_request *request, struct arena *mem)
{
	struct http_headers kept = { 0 };

	request->method = str_eq(request->method, STR("HEAD")) ? STR("HEAD") : STR("GET");
	request->body = (struct str){ 0 };
	for (size_t i = 0; i < request->headers.n; i++)
		if (!str_eq_nocase(request->headers.items[i].name, STR("Content-Type")))
			ARENA_PUSH(mem, &kept, request->headers.items[i]);
	request->headers = kept;
}

static bool is_redirect(const struct http_response *response)
{
	static const int codes[] = { 301, 302, 303, 307, 308 };

	for (size_t i = 0; i < COUNT(codes); i++)
		if (response->status == codes[i])
			return http_header_get(&response->headers, STR("Location")).len > 0;
	return false;
}

static int redirect(struct http_request *request, struct url *url, struct arena *mem,
		    const struct http_response *response, struct err *err)
{
	struct str target = http_header_get(&response->headers, STR("Location"));
	struct url next;

	if (url_resolve(&next, mem, url, target, err) < 0)
		return err_wrap(err, "%.*s redirects to what is no address of ours",
				STR_ARG(url->host));
	if (url->https && !next.https)
		return err_set(err, ERR_PERM, "%.*s redirects from https to http",
			       STR_ARG(url->host));
	if (response->status == 303 ||
	    (response->status <= 302 && str_eq(request->method, STR("POST"))))
		become_get(request, mem);
	if (!url_same_origin(url, &next))
		drop_headers(request, mem);
	*url = next;
	request->url = url_text(url, mem);
	return 0;
}

/* Headers were checked when they were added with http_header_add; a struct made by hand was not. */
static int check_headers(const struct http_request *request, struct arena *mem, struct err *err)
{
	struct http_headers copy = { 0 };

	for (size_t i = 0; i < request->headers.n; i++)
		if (http_header_add(&copy, mem, request->headers.items[i].name,
				    request->headers.items[i].value, err) < 0)
			return -1;
	return 0;
}

int http_send(struct http_client *client, struct arena *mem, const struct http_request *request,
	      struct http_response *out, struct err *err)
{
	int64_t end_ms = monotonic_ms() + client->options.timeout_ms;
	struct http_request current = *request;
	struct http_response response = { 0 };
	struct url url;

	if (url_parse(&url, mem, request->url, err) < 0 || check_headers(request, mem, err) < 0)
		return -1;
	for (int hops = 0;; hops++) {
		int64_t left_ms = end_ms - monotonic_ms();

		if (left_ms <= 0)
			return err_set(err, ERR_TEMP, "%.*s %.*s: timeout", STR_ARG(current.method),
				       STR_ARG(url.host));
		if (hop(client, mem, &current, &url, left_ms, &response, err) < 0)
			return -1;
		if (!is_redirect(&response) || client->options.max_redirects < 0)
			break;
		if (hops == client->options.max_redirects)
			return err_set(err, ERR_PERM, "%.*s redirects more than %d times",
				       STR_ARG(url.host), hops);
		if (redirect(&current, &url, mem, &response, err) < 0)
			return -1;
	}
	*out = response;
	return 0;
}
