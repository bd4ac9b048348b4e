#include "tls.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <stdlib.h>

#include "cert.h"

struct tls {
	BIO_METHOD *bio;
	SSL_CTX *accept;  /* NULL: nothing is inspected */
	SSL_CTX *connect; /* made when first needed: it reads the system's CAs */
	EVP_PKEY *ca_key, *key;
	X509 *ca;
	const char *ca_file;  /* borrowed */
	pthread_mutex_t lock; /* of connect */
};

static const unsigned char http1[] = "\x08http/1.1";

/* A client that knows only HTTP/2 is told so by the alert for it. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n,
			   const unsigned char *in, unsigned int in_size, void *payload)
{
	unsigned char *chosen;

	(void)ssl;
	(void)payload;
	if (SSL_select_next_proto(&chosen, n, http1, sizeof http1 - 1, in, in_size) !=
	    OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

static bool names_host(SSL *ssl, const struct host *host)
{
	const char *name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
	struct host read;

	if (host->kind != HOST_NAME)
		return !name;
	return name && host_read(&read, str_of(name), NULL) == 0 && host_eq(&read, host);
}

/* Called for each ClientHello, with a name or without. */
static int check_name(SSL *ssl, int *alert, void *payload)
{
	(void)payload;
	if (names_host(ssl, SSL_get_app_data(ssl)))
		return SSL_TLSEXT_ERR_OK;
	*alert = SSL_AD_UNRECOGNIZED_NAME;
	return SSL_TLSEXT_ERR_ALERT_FATAL;
}

static SSL_CTX *make_accept(void)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());

	if (!context)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context,
			    SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
	SSL_CTX_set_tlsext_servername_callback(context, check_name);
	return context;
}

static SSL_CTX *make_connect(const char *ca_file)
{
	SSL_CTX *context = SSL_CTX_new(TLS_client_method());

	if (!context)
		return NULL;
	SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
	SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
	SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
					  SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER, NULL);
	if ((ca_file ? SSL_CTX_load_verify_file(context, ca_file)
		     : SSL_CTX_set_default_verify_paths(context)) == 1 &&
	    SSL_CTX_set_alpn_protos(context, http1, sizeof http1 - 1) == 0)
		return context;
	SSL_CTX_free(context);
	return NULL;
}

static bool make_ca(struct tls *tls, const char *constraints)
{
	tls->ca_key = cert_key();
	tls->key = cert_key();
	tls->accept = make_accept();
	if (!tls->ca_key || !tls->key || !tls->accept)
		return false;
	tls->ca = cert_ca(tls->ca_key, constraints);
	return tls->ca;
}

int tls_new(struct tls **out, const char *ca_file, const char *constraints, struct err *err)
{
	struct tls *tls;

	if (late_crypto(err) || late_ssl(err))
		return -1;
	tls = calloc(1, sizeof *tls);
	if (!tls)
		return err_set(err, ERR_TEMP, "out of memory");
	tls->ca_file = ca_file;
	pthread_mutex_init(&tls->lock, NULL);
	tls->bio = stream_bio();
	if (!tls->bio || (constraints && !make_ca(tls, constraints))) {
		tls_free(tls);
		return err_set(err, ERR_BUG, "OpenSSL cannot make the certificates of this run");
	}
	*out = tls;
	return 0;
}

void tls_free(struct tls *tls)
{
	if (!tls)
		return;
	SSL_CTX_free(tls->accept);
	SSL_CTX_free(tls->connect);
	X509_free(tls->ca);
	EVP_PKEY_free(tls->ca_key);
	EVP_PKEY_free(tls->key);
	BIO_meth_free(tls->bio);
	pthread_mutex_destroy(&tls->lock);
	free(tls);
}

static SSL *new_accept(struct tls *tls, const struct host *host)
{
	SSL *ssl = tls->accept ? SSL_new(tls->accept) : NULL;
	X509 *leaf = ssl ? cert_leaf(tls->key, host, tls->ca, tls->ca_key) : NULL;
	bool fine = leaf && SSL_use_certificate(ssl, leaf) == 1 &&
		    SSL_use_PrivateKey(ssl, tls->key) == 1 &&
		    SSL_set_app_data(ssl, (void *)(uintptr_t)host) == 1;

	X509_free(leaf);
	if (fine) {
		SSL_set_accept_state(ssl);
		return ssl;
	}
	SSL_free(ssl);
	return NULL;
}

int tls_accept(struct tls *tls, struct stream *client, const struct host *host, struct err *err)
{
	SSL *ssl = new_accept(tls, host);

	if (!ssl)
		return err_set(err, ERR_BUG, "OpenSSL cannot make a certificate for %s",
			       host->text);
	if (stream_start_tls(client, ssl, tls->bio) == 0)
		return 0;
	if (!names_host(ssl, host) && SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name))
		return err_input(err, "the TLS handshake names another server than %s", host->text);
	return err_input(
		err,
		"TLS with the client as %s: %s (it must trust the certificate authority of this run, "
		"name the server and speak HTTP/1.1)",
		host->text, client->why);
}

static SSL_CTX *connect_context(struct tls *tls)
{
	SSL_CTX *context;

	pthread_mutex_lock(&tls->lock);
	if (!tls->connect)
		tls->connect = make_connect(tls->ca_file);
	context = tls->connect;
	pthread_mutex_unlock(&tls->lock);
	return context;
}

static SSL *new_connect(struct tls *tls, const struct host *host)
{
	SSL_CTX *context = connect_context(tls);
	SSL *ssl = context ? SSL_new(context) : NULL;
	/* OpenSSL's macro for the server name takes no const */
	struct host name = *host;
	bool fine;

	if (!ssl)
		return NULL;
	if (host->kind == HOST_NAME)
		fine = SSL_set_tlsext_host_name(ssl, name.text) == 1 &&
		       SSL_set1_host(ssl, host->text) == 1;
	else
		fine = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host->text) == 1;
	SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
	SSL_set_connect_state(ssl);
	if (fine)
		return ssl;
	SSL_free(ssl);
	return NULL;
}

int tls_connect(struct tls *tls, struct stream *server, const struct host *host, struct err *err)
{
	SSL *ssl = new_connect(tls, host);
	const unsigned char *protocol;
	unsigned int n;
	long verified;

	if (!ssl)
		return err_set(err, ERR_TEMP,
			       "OpenSSL cannot read the certificate authorities to trust");
	if (stream_start_tls(server, ssl, tls->bio) < 0) {
		verified = SSL_get_verify_result(ssl);
		return err_set(err, ERR_TEMP, "TLS with %s: %s", host->text,
			       verified == X509_V_OK ? server->why
						     : X509_verify_cert_error_string(verified));
	}
	SSL_get0_alpn_selected(ssl, &protocol, &n);
	if (n && !(n == 8 && memcmp(protocol, "http/1.1", 8) == 0))
		return err_set(err, ERR_PERM, "%s does not speak HTTP/1.1", host->text);
	return 0;
}

int tls_ca_pem(const struct tls *tls, struct buf *out, struct err *err)
{
	BIO *bio = tls->ca ? BIO_new(BIO_s_mem()) : NULL;
	char *text;
	long n;

	if (!tls->ca)
		return 0;
	if (!bio || PEM_write_bio_X509(bio, tls->ca) != 1) {
		BIO_free(bio);
		return err_set(err, ERR_TEMP, "out of memory");
	}
	n = BIO_get_mem_data(bio, &text);
	buf_add(out, (struct str){ text, (size_t)n });
	BIO_free(bio);
	return 0;
}
