/*
 * service.c - how many signed webhooks a second a gateway answers with 202, and how long a client waits for it.
 *
 *   bench_service PORT NAME SECRET BODY_FILE [CONNECTIONS [SECONDS]]
 *
 * Sends the body as GitHub does to /hooks/NAME on 127.0.0.1: each time with another delivery's name, and with another number for the digits
 * 4242424 in it, so that each is a pull request of its own. bench/service.mjs starts the service around it.
 */
#include <arpa/inet.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { MAX_CONNECTIONS = 256, MAX_SAMPLES = 1 << 20, MAX_BODY = 1 << 20, HEAD = 1024 };

static const char digits[] = "4242424";
static const char *name, *secret;
static char body[MAX_BODY];
static size_t body_len;
static int port;
static atomic_bool over;
static atomic_size_t n_samples, n_refused;
static uint32_t samples[MAX_SAMPLES]; /* microseconds */

static int64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static _Noreturn void die(const char *what)
{
	perror(what);
	exit(1);
}

static int connect_to(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port),
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) < 0)
		die("connect");
	return fd;
}

static void sign(char out[65], const char *text, size_t len)
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	HMAC(EVP_sha256(), secret, (int)strlen(secret), (const unsigned char *)text, len, mac, NULL);
	for (size_t i = 0; i < 32; i++)
		snprintf(out + 2 * i, 3, "%02x", mac[i]);
}

/* Head and body in one write. */
static size_t compose(char *out, char *own, long me, long n)
{
	char mac[65], number[32];
	int head;

	memcpy(own, body, body_len);
	snprintf(number, sizeof number, "%07ld", 1000000 + (me * 30011 + n) % 8999999);
	for (char *at = own; (at = memmem(at, body_len - (size_t)(at - own), digits, sizeof digits - 1)); at++)
		memcpy(at, number, sizeof digits - 1);
	sign(mac, own, body_len);
	head = snprintf(out, HEAD, "POST /hooks/%s HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
			"X-GitHub-Event: pull_request\r\nX-GitHub-Delivery: %d-%ld-%ld\r\nX-Hub-Signature-256: sha256=%s\r\n"
			"Content-Length: %zu\r\n\r\n", name, (int)getpid(), me, n, mac, body_len);
	memcpy(out + head, own, body_len);
	return (size_t)head + body_len;
}

static void post(int fd, const char *text, size_t len)
{
	char answer[2048];
	size_t got = 0;

	while (len) {
		ssize_t n = write(fd, text, len);

		if (n < 0)
			die("write");
		text += n;
		len -= (size_t)n;
	}
	/* our answers are short and have a length: they end with "\n" after the empty line */
	for (;;) {
		ssize_t n = read(fd, answer + got, sizeof answer - 1 - got);

		if (n <= 0)
			die("read");
		got += (size_t)n;
		answer[got] = '\0';
		if (strstr(answer, "\r\n\r\n") && answer[got - 1] == '\n' && answer[got - 2] != '\r')
			break;
	}
	if (strncmp(answer, "HTTP/1.1 202", 12) != 0)
		if (atomic_fetch_add(&n_refused, 1) == 0)
			fprintf(stderr, "bench_service: %.900s\n", answer);
}

static void *client(void *payload)
{
	long me = (long)(intptr_t)payload;
	char *out = malloc(HEAD + body_len), *own = malloc(body_len);
	int fd = connect_to();

	if (!out || !own)
		die("malloc");
	for (long n = 0; !atomic_load(&over); n++) {
		size_t len, i;
		int64_t began;

		len = compose(out, own, me, n);
		began = now_us();
		post(fd, out, len);
		i = atomic_fetch_add(&n_samples, 1);
		if (i < MAX_SAMPLES)
			samples[i] = (uint32_t)(now_us() - began);
	}
	close(fd);
	free(out);
	free(own);
	return NULL;
}

static int by_value(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return (x > y) - (x < y);
}

static void read_body(const char *path)
{
	FILE *file = fopen(path, "re");

	if (!file)
		die(path);
	body_len = fread(body, 1, sizeof body, file);
	fclose(file);
}

int main(int argc, char **argv)
{
	pthread_t threads[MAX_CONNECTIONS];
	long n = argc > 5 ? atol(argv[5]) : 32, seconds = argc > 6 ? atol(argv[6]) : 10;
	int64_t began;
	size_t all;

	if (argc < 5 || n < 1 || n > MAX_CONNECTIONS) {
		fputs("usage: bench_service PORT NAME SECRET BODY_FILE [CONNECTIONS [SECONDS]]\n", stderr);
		return 2;
	}
	port = atoi(argv[1]);
	name = argv[2];
	secret = argv[3];
	read_body(argv[4]);
	began = now_us();
	for (long i = 0; i < n; i++)
		if (pthread_create(&threads[i], NULL, client, (void *)(intptr_t)i))
			die("thread");
	sleep((unsigned)seconds);
	atomic_store(&over, true);
	for (long i = 0; i < n; i++)
		pthread_join(threads[i], NULL);
	all = atomic_load(&n_samples);
	qsort(samples, all < MAX_SAMPLES ? all : MAX_SAMPLES, sizeof *samples, by_value);
	printf("%.0f webhooks/s of %zu bytes, p50 %.1f ms, p99 %.1f ms, %zu without 202\n",
	       (double)all * 1e6 / (double)(now_us() - began), body_len, samples[all / 2] / 1e3,
	       samples[all * 99 / 100] / 1e3, atomic_load(&n_refused));
	return 0;
}
