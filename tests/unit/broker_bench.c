#include "broker_bench.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/scope.h"
#include "base/yaml.h"
#include "cert.h"

enum { WAIT_MS = 20000 }; /* before a test is given up */

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	perror(what);
	abort();
}

static int listen_any(uint16_t *port)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t size = sizeof name;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && bind(fd, (struct sockaddr *)&name, size) == 0 && listen(fd, 64) == 0, "listen");
	getsockname(fd, (struct sockaddr *)&name, &size);
	*port = ntohs(name.sin_port);
	return fd;
}

struct peer {
	struct bench_server *server;
	int                  fd;
	SSL                 *ssl;
};

static ssize_t peer_read(struct peer *peer, char *into, size_t room)
{
	return peer->ssl ? SSL_read(peer->ssl, into, (int)room) : recv(peer->fd, into, room, 0);
}

static void peer_write(struct peer *peer, struct str text)
{
	if (peer->ssl)
		SSL_write(peer->ssl, text.p, (int)text.len);
	else
		(void)!send(peer->fd, text.p, text.len, MSG_NOSIGNAL);
}

/* The path decides; the body is what the server heard. */
static bool answer(struct peer *peer, struct str request)
{
	struct str path = str_from(request, str_find_byte(request, ' ') + 1);
	AUTO_BUF struct buf out = { 0 };
	struct str auth = str_from(request, str_find(request, STR("Authorization: ")));

	auth = str_sub(auth, 0, str_find(auth, STR("\r\n")));
	path = str_sub(path, 0, str_find_byte(path, ' '));
	if (str_starts(path, STR("/redirect"))) {
		buf_printf(&out, "HTTP/1.1 302 Found\r\nLocation: http://evil.test/\r\nContent-Length: 0\r\n\r\n");
	} else if (str_starts(path, STR("/echo-head"))) {
		buf_printf(&out, "HTTP/1.1 200 OK\r\nX-Heard: %.*s\r\nContent-Length: 2\r\n\r\nok", STR_ARG(auth));
	} else if (str_starts(path, STR("/echo-chunks"))) {
		buf_printf(&out, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
		for (size_t i = 0; i < request.len; i++)
			buf_printf(&out, "1\r\n%c\r\n", request.p[i]);
		buf_printf(&out, "0\r\n\r\n");
	} else if (str_starts(path, STR("/gzip"))) {
		buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nZZZZ");
	} else if (str_starts(path, STR("/upgrade"))) {
		buf_printf(&out, "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\nRAW");
	} else if (str_starts(path, STR("/both"))) {
		buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
	} else if (str_starts(path, STR("/big"))) {
		buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n%1048576d", 7);
	} else if (str_starts(path, STR("/until-close"))) {
		buf_printf(&out, "HTTP/1.1 200 OK\r\n\r\nto the end");
	} else {
		buf_printf(&out, "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\n\r\n%.*s", request.len, STR_ARG(request));
	}
	peer_write(peer, buf_str(&out));
	return !str_starts(path, STR("/until-close")) && !str_starts(path, STR("/upgrade"));
}

static void note(struct bench_server *server, struct str text)
{
	pthread_mutex_lock(&server->lock);
	buf_add(&server->seen, text);
	pthread_mutex_unlock(&server->lock);
}

/* Bytes of the body behind a head of `size` bytes; SIZE_MAX: it is not whole yet. */
static size_t body_size(struct str text, size_t size)
{
	struct str head = str_sub(text, 0, size), body = str_from(text, size);
	struct str rest = str_from(head, str_find(head, STR("Content-Length: ")));

	if (str_has(head, STR("Transfer-Encoding: chunked"))) {
		size = str_find(body, STR("0\r\n\r\n"));
		return size == SIZE_MAX ? size : size + 5;
	}
	size = rest.len ? (size_t)strtoul(rest.p + 16, NULL, 10) : 0;
	return size > body.len ? SIZE_MAX : size;
}

static void converse(struct peer *peer)
{
	AUTO_BUF struct buf text = { 0 };
	char part[4096];
	ssize_t n;

	while ((n = peer_read(peer, part, sizeof part)) > 0) {
		size_t end;

		note(peer->server, (struct str){ part, (size_t)n });
		buf_add(&text, (struct str){ part, (size_t)n });
		buf_add_byte(&text, '\0');
		text.len--;
		while ((end = str_find(buf_str(&text), STR("\r\n\r\n"))) != SIZE_MAX) {
			size_t body = body_size(buf_str(&text), end + 4), size = end + 4 + body;

			if (body == SIZE_MAX)
				break;
			if (!answer(peer, str_sub(buf_str(&text), 0, size)))
				return;
			memmove(text.bytes, text.bytes + size, text.len - size);
			text.len -= size;
		}
	}
}

static void *serve_one(void *payload)
{
	struct peer *peer = payload;

	if (peer->server->tls) {
		peer->ssl = SSL_new(peer->server->tls);
		SSL_set_fd(peer->ssl, peer->fd);
	}
	if (!peer->ssl || SSL_accept(peer->ssl) == 1)
		converse(peer);
	if (peer->ssl)
		SSL_shutdown(peer->ssl);
	SSL_free(peer->ssl);
	close(peer->fd);
	free(peer);
	return NULL;
}

/* Ends when its listener is shut down; waits for its clients, whom the broker has left by then. */
static void *serve(void *payload)
{
	struct bench_server *server = payload;
	pthread_t threads[512];
	size_t n = 0;

	for (;;) {
		int fd = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC);
		struct peer *peer;

		if (fd < 0)
			break;
		must(n < COUNT(threads), "too many connections for a test");
		pthread_mutex_lock(&server->lock);
		server->connections++;
		pthread_mutex_unlock(&server->lock);
		peer = calloc(1, sizeof *peer);
		*peer = (struct peer){ server, fd, NULL };
		must(pthread_create(&threads[n++], NULL, serve_one, peer) == 0, "thread");
	}
	while (n > 0)
		pthread_join(threads[--n], NULL);
	return NULL;
}

static void server_open(struct bench_server *server, SSL_CTX *tls)
{
	server->tls = tls;
	server->listener = listen_any(&server->port);
	pthread_mutex_init(&server->lock, NULL);
	must(pthread_create(&server->thread, NULL, serve, server) == 0, "thread");
}

static void server_close(struct bench_server *server)
{
	shutdown(server->listener, SHUT_RDWR);
	pthread_join(server->thread, NULL);
	close(server->listener);
	SSL_CTX_free(server->tls);
	buf_release(&server->seen);
	pthread_mutex_destroy(&server->lock);
}

/* One certificate for all names below .test, from a CA that is made now and written to a file. */
static SSL_CTX *make_tls(struct bench *bench)
{
	/* before the broker does: the certificates of the servers come from its own functions */
	EVP_PKEY *ca_key = late_crypto(NULL) ? NULL : cert_key(), *key = ca_key ? cert_key() : NULL;
	X509 *ca = key ? cert_ca(ca_key, "permitted;DNS:test") : NULL, *leaf;
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	struct host any = { .kind = HOST_NAME };
	int fd;
	FILE *file;

	snprintf(any.text, sizeof any.text, "*.out.test,DNS:*.wild.test");
	any.len = (uint8_t)strlen(any.text);
	leaf = cert_leaf(key, &any, ca, ca_key);
	must(ca && leaf && context, "certificates");
	SSL_CTX_set1_groups_list(context, (char *)(uintptr_t)"P-384");
	SSL_CTX_use_certificate(context, leaf);
	SSL_CTX_use_PrivateKey(context, key);
	snprintf(bench->ca_file, sizeof bench->ca_file, "/tmp/outrider-test-XXXXXX");
	fd = mkstemp(bench->ca_file);
	file = fd < 0 ? NULL : fdopen(fd, "w");
	must(file, "a file for the CA");
	if (bench->distrust) {
		X509_free(ca);
		EVP_PKEY_free(ca_key);
		ca_key = cert_key();
		ca = cert_ca(ca_key, "permitted;DNS:test");
	}
	PEM_write_X509(file, ca);
	fclose(file);
	X509_free(ca);
	X509_free(leaf);
	EVP_PKEY_free(ca_key);
	EVP_PKEY_free(key);
	return context;
}

struct trap {
	const char *name, *first, *later;
};

static const struct trap traps[] = {
	{ "meta.test", "169.254.169.254/32", NULL },
	{ "private.test", "10.0.0.1/32", NULL },
	{ "nat64.test", "64:ff9b::7f00:1/128", NULL },
	{ "sixtofour.test", "2002:7f00:1::/128", NULL },
	{ "cgnat.test", "100.100.100.200/32", NULL },
	{ "rebind.test", "127.0.0.1/32", "169.254.169.254/32" },
};

static int resolve(struct address *out, size_t max, size_t *n, const struct host *host, void *payload, struct err *err)
{
	struct bench *bench = payload;
	struct address_range range;
	const char *text = "127.0.0.1/32";

	must(max > 0, "room for an address");
	pthread_mutex_lock(&bench->names_lock);
	buf_printf(&bench->names, "%s\n", host->text);
	for (size_t i = 0; i < COUNT(traps); i++)
		if (strcmp(traps[i].name, host->text) == 0)
			text = traps[i].later && bench->rebinds++ ? traps[i].later : traps[i].first;
	pthread_mutex_unlock(&bench->names_lock);
	if (range_read(&range, str_of(text), err) < 0)
		return -1;
	out[0] = range.first;
	*n = 1;
	return 0;
}

static void record(const struct broker_record *from, void *payload)
{
	struct bench *bench = payload;
	struct bench_record *to;

	pthread_mutex_lock(&bench->lock);
	to = &bench->records[bench->n_records < BENCH_RECORDS ? bench->n_records++ : BENCH_RECORDS - 1];
	*to = (struct bench_record){ .allowed = from->allowed, .status = from->status, .up = from->up, .down = from->down };
	snprintf(to->rule, sizeof to->rule, "%s", from->rule);
	snprintf(to->method, sizeof to->method, "%.*s", STR_ARG(from->method));
	snprintf(to->host, sizeof to->host, "%.*s", STR_ARG(from->host));
	snprintf(to->path, sizeof to->path, "%.*s", STR_ARG(from->path));
	snprintf(to->reason, sizeof to->reason, "%.*s", STR_ARG(from->reason));
	pthread_mutex_unlock(&bench->lock);
}

struct str bench_fill(struct bench *bench, struct arena *mem, const char *text)
{
	AUTO_BUF struct buf out = { 0 };
	const struct { struct str name; uint16_t port; } ports[] = { { STR("{plain}"), bench->plain.port },
								     { STR("{tls}"), bench->tls.port },
								     { STR("{evil}"), bench->evil.port } };

	while (*text) {
		size_t i = 0;

		while (i < COUNT(ports) && !str_starts(str_of(text), ports[i].name))
			i++;
		if (i == COUNT(ports)) {
			buf_add_byte(&out, *text++);
			continue;
		}
		buf_printf(&out, "%u", (unsigned)ports[i].port);
		text += ports[i].name.len;
	}
	return arena_str(mem, buf_str(&out));
}

static void *run_forwarder(void *payload)
{
	forward_run(payload);
	return NULL;
}

static void load_policy(struct bench *bench, const char *policy)
{
	struct yaml_docs docs = { 0 };
	struct err err;
	static const struct secret secret = { { "tok", 3 }, { "s3cr3t-Tok/en+42", 16 } };

	if (yaml_load(&docs, &bench->mem, "policy", bench_fill(bench, &bench->mem, policy), &err) < 0 ||
	    route_read(&bench->routes, &bench->mem, "policy", docs.items[0], &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	ARENA_PUSH(&bench->mem, &bench->secrets, secret);
}

void bench_open(struct bench *bench, const char *policy)
{
	struct broker_options options = { .phase = ROUTE_FETCH, .resolve = resolve, .resolve_with = bench,
					  .record = record, .record_with = bench, .limits = bench->limits };
	struct err err;

	arena_init(&bench->mem, 64 << 20);
	pthread_mutex_init(&bench->lock, NULL);
	pthread_mutex_init(&bench->names_lock, NULL);
	server_open(&bench->plain, NULL);
	server_open(&bench->evil, NULL);
	server_open(&bench->tls, make_tls(bench));
	load_policy(bench, policy);
	if (bench->system_resolver)
		options.resolve = NULL;
	options.routes = &bench->routes;
	options.secrets = &bench->secrets;
	options.ca_file = bench->ca_file;
	if (broker_open(&bench->broker, &options, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		abort();
	}
	bench->job_socket = dup(broker_job_socket(bench->broker));
	must(broker_start(bench->broker, &err) == 0, "broker");
	must(forward_open(&bench->forward, bench->job_socket, 0, &err) == 0, "forwarder");
	must(pthread_create(&bench->forwarder, NULL, run_forwarder, &bench->forward) == 0, "thread");
}

void bench_close(struct bench *bench)
{
	broker_close(bench->broker);
	pthread_join(bench->forwarder, NULL);
	forward_close(&bench->forward);
	close(bench->job_socket);
	server_close(&bench->plain);
	server_close(&bench->tls);
	server_close(&bench->evil);
	unlink(bench->ca_file);
	buf_release(&bench->names);
	arena_release(&bench->mem);
	pthread_mutex_destroy(&bench->lock);
	pthread_mutex_destroy(&bench->names_lock);
}

int bench_client(struct bench *bench)
{
	struct sockaddr_in name = { .sin_family = AF_INET, .sin_port = htons(forward_port(&bench->forward)),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct timeval patience = { WAIT_MS / 1000, 0 };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	must(fd >= 0 && connect(fd, (struct sockaddr *)&name, sizeof name) == 0, "connect to the proxy");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	return fd;
}

void bench_say(struct bench *bench, struct buf *answer_to, const char *text, size_t size)
{
	AUTO_ARENA struct arena mem;
	AUTO_FD int fd = bench_client(bench);
	struct str filled;
	char part[4096];
	ssize_t n;

	arena_init(&mem, 16 << 20);
	filled = size ? (struct str){ text, size } : bench_fill(bench, &mem, text);
	(void)!send(fd, filled.p, filled.len, MSG_NOSIGNAL);
	/* the end of what is said: a tunnel that opened by mistake would else stay open */
	shutdown(fd, SHUT_WR);
	while ((n = recv(fd, part, sizeof part, 0)) > 0)
		buf_add(answer_to, (struct str){ part, (size_t)n });
}

static SSL_CTX *trust(struct bench *bench)
{
	AUTO_BUF struct buf pem = { 0 };
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());
	struct err err;
	BIO *bio;
	X509 *cert;

	must(broker_trust_pem(bench->broker, &pem, &err) == 0, "trust");
	bio = BIO_new_mem_buf(pem.bytes, (int)pem.len);
	while ((cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		X509_STORE_add_cert(SSL_CTX_get_cert_store(context), cert);
		X509_free(cert);
	}
	ERR_clear_error();
	BIO_free(bio);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	X509_VERIFY_PARAM_set_flags(SSL_CTX_get0_param(context), X509_V_FLAG_X509_STRICT);
	return context;
}

void bench_say_tls(struct bench *bench, struct buf *answer_to, const char *authority, const char *sni, const char *text)
{
	AUTO_ARENA struct arena mem;
	AUTO_FD int fd = bench_client(bench);
	char part[4096];
	SSL_CTX *context = trust(bench);
	SSL *ssl = SSL_new(context);
	struct str filled;
	int n;

	arena_init(&mem, 16 << 20);
	filled = bench_fill(bench, &mem, authority);
	n = snprintf(part, sizeof part, "CONNECT %.*s HTTP/1.1\r\nHost: %.*s\r\n\r\n", STR_ARG(filled), STR_ARG(filled));
	(void)!send(fd, part, (size_t)n, MSG_NOSIGNAL);
	n = (int)recv(fd, part, sizeof part, 0);
	buf_add(answer_to, (struct str){ part, n > 0 ? (size_t)n : 0 });
	SSL_set_fd(ssl, fd);
	if (bench->groups)
		SSL_set1_groups_list(ssl, (char *)(uintptr_t)bench->groups);
	if (sni)
		SSL_set_tlsext_host_name(ssl, (char *)(uintptr_t)sni);
	/* who lies about the name does not mind the certificate */
	if (sni && strncmp(authority, sni, strlen(sni)) == 0)
		SSL_set1_host(ssl, sni);
	else
		SSL_set_verify(ssl, SSL_VERIFY_NONE, NULL);
	if (str_starts(buf_str(answer_to), STR("HTTP/1.1 200")) && SSL_connect(ssl) == 1) {
		filled = bench_fill(bench, &mem, text);
		SSL_write(ssl, filled.p, (int)filled.len);
		while ((n = SSL_read(ssl, part, sizeof part)) > 0)
			buf_add(answer_to, (struct str){ part, (size_t)n });
	} else if (str_starts(buf_str(answer_to), STR("HTTP/1.1 200"))) {
		buf_printf(answer_to, "[no TLS: %s]", ERR_reason_error_string(ERR_peek_error()));
	}
	ERR_clear_error();
	SSL_free(ssl);
	SSL_CTX_free(context);
}

const struct bench_record *bench_record(struct bench *bench, size_t n)
{
	const struct bench_record *last = NULL;

	for (int i = 0; i < WAIT_MS / 5 && !last; i++) {
		pthread_mutex_lock(&bench->lock);
		if (bench->n_records >= n && n > 0)
			last = &bench->records[n - 1];
		pthread_mutex_unlock(&bench->lock);
		if (!last)
			usleep(5000);
	}
	must(last, "a record that never came");
	return last;
}

bool bench_saw(struct bench_server *server, const char *text)
{
	bool saw;

	pthread_mutex_lock(&server->lock);
	saw = str_has(buf_str(&server->seen), str_of(text));
	pthread_mutex_unlock(&server->lock);
	return saw;
}
