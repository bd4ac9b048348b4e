/* trust.c - files that make clients inside trust what they meet. */
#include "base/file.h"
#include "base/scope.h"
#include "connection.h"

enum {
	BUNDLE_MAX = 4 << 20, /* bytes of a PEM file; Debian's has 220 KB */
	TRUSTED = 2,          /* a kind of entry in a Java trust store */
};

/* Where distributions keep their certificate authorities in one file. */
static const char *const bundles[] = {
	"/etc/ssl/certs/ca-certificates.crt",
	"/etc/pki/tls/certs/ca-bundle.crt",
	"/etc/ssl/ca-bundle.pem",
	"/etc/ssl/cert.pem",
};

static int read_bundle(struct str *out, struct arena *mem, const char *file, struct err *err)
{
	if (file)
		return file_read(out, mem, file, BUNDLE_MAX, err);
	for (size_t i = 0; i < COUNT(bundles); i++)
		if (file_read(out, mem, bundles[i], BUNDLE_MAX, NULL) == 0)
			return 0;
	return err_set(
		err, ERR_PERM,
		"no file with certificate authorities: '%s' is not there; install ca-certificates",
		bundles[0]);
}

int broker_trust_pem(const struct broker *broker, struct buf *out, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct str text;

	arena_init(&mem, 2 * (size_t)BUNDLE_MAX);
	if (read_bundle(&text, &mem, broker->options.ca_file, err) < 0)
		return -1;
	buf_add(out, text);
	if (!str_ends(text, STR("\n")))
		buf_add_byte(out, '\n');
	return tls_ca_pem(broker->tls, out, err);
}

static void add_number(struct buf *out, uint64_t n, unsigned bytes)
{
	while (bytes-- > 0)
		buf_add_byte(out, (char)(n >> (8 * bytes) & 255));
}

static void add_text(struct buf *out, const char *text)
{
	add_number(out, strlen(text), 2);
	buf_add(out, str_of(text));
}

/* One entry for each certificate of the PEM text; how many. */
static uint32_t add_entries(struct buf *out, struct str pem)
{
	BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.len);
	X509 *cert;
	uint32_t n = 0;

	while (bio && (cert = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
		unsigned char *der = NULL;
		int size = i2d_X509(cert, &der);
		char alias[16];

		X509_free(cert);
		if (size <= 0)
			continue;
		snprintf(alias, sizeof alias, "ca-%u", (unsigned)n++);
		add_number(out, TRUSTED, 4);
		add_text(out, alias);
		add_number(out, 0, 8); /* when it was added */
		add_text(out, "X.509");
		add_number(out, (uint64_t)size, 4);
		buf_add(out, (struct str){ (const char *)der, (size_t)size });
		OPENSSL_free(der);
	}
	BIO_free(bio);
	return n;
}

/* What ends a store: SHA-1 of the password in UTF-16, a fixed text, and all that stands before. */
static int add_digest(struct buf *out)
{
	AUTO_BUF struct buf text = { 0 };
	unsigned char digest[EVP_MAX_MD_SIZE];
	unsigned int n;

	for (const char *c = "changeit"; *c; c++)
		add_number(&text, (unsigned char)*c, 2);
	buf_add(&text, STR("Mighty Aphrodite"));
	buf_add(&text, buf_str(out));
	if (EVP_Digest(text.bytes, text.len, digest, &n, EVP_sha1(), NULL) != 1)
		return -1;
	buf_add(out, (struct str){ (const char *)digest, n });
	return 0;
}

int broker_trust_jks(const struct broker *broker, struct buf *out, struct err *err)
{
	AUTO_BUF struct buf pem = { 0 }, entries = { 0 }, store = { 0 };
	uint32_t n;

	if (broker_trust_pem(broker, &pem, err) < 0)
		return -1;
	n = add_entries(&entries, buf_str(&pem));
	add_number(&store, 0xfeedfeed, 4);
	add_number(&store, 2, 4); /* version */
	add_number(&store, n, 4);
	buf_add(&store, buf_str(&entries));
	if (add_digest(&store) < 0)
		return err_set(err, ERR_PERM, "OpenSSL has no SHA-1, which Java trust stores need");
	buf_add(out, buf_str(&store));
	return 0;
}
