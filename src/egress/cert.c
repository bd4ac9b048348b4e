#include "cert.h"

#include <stdio.h>
#include <sys/random.h>

enum { DAY = 86400 };

struct extension {
	int nid;
	const char *value;
};

EVP_PKEY *cert_key(void)
{
	return EVP_EC_gen("P-256");
}

static bool add_extension(X509 *cert, X509 *issuer, int nid, const char *value)
{
	X509V3_CTX context;
	X509_EXTENSION *extension;
	bool fine;

	X509V3_set_ctx_nodb(&context);
	X509V3_set_ctx(&context, issuer, cert, NULL, NULL, 0);
	extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
	fine = extension && X509_add_ext(cert, extension, -1);
	X509_EXTENSION_free(extension);
	return fine;
}

static bool set_serial(X509 *cert)
{
	uint64_t serial;

	if (getrandom(&serial, sizeof serial, 0) != sizeof serial)
		return false;
	return ASN1_INTEGER_set_uint64(X509_get_serialNumber(cert), serial >> 1 | 1);
}

static bool set_name(X509_NAME *name, const char *common)
{
	return X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC,
					  (const unsigned char *)"Outrider", -1, -1, 0) &&
	       X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common,
					  -1, -1, 0);
}

static X509 *make(EVP_PKEY *key, const char *name, X509 *issuer, EVP_PKEY *issuer_key,
		  const struct extension *extensions, size_t n)
{
	X509 *cert = X509_new();
	bool fine = cert && X509_set_version(cert, X509_VERSION_3) && set_serial(cert) &&
		    X509_gmtime_adj(X509_getm_notBefore(cert), -DAY) &&
		    X509_gmtime_adj(X509_getm_notAfter(cert), (long)CERT_DAYS * DAY) &&
		    X509_set_pubkey(cert, key) && set_name(X509_get_subject_name(cert), name) &&
		    X509_set_issuer_name(cert, X509_get_subject_name(issuer ? issuer : cert));

	for (size_t i = 0; fine && i < n; i++)
		fine = add_extension(cert, issuer ? issuer : cert, extensions[i].nid,
				     extensions[i].value);
	if (fine && X509_sign(cert, issuer_key, EVP_sha256()))
		return cert;
	X509_free(cert);
	return NULL;
}

X509 *cert_ca(EVP_PKEY *key, const char *constraints)
{
	const struct extension extensions[] = {
		{ NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
		{ NID_key_usage, "critical,keyCertSign,cRLSign" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_name_constraints, constraints },
	};

	return make(key, "Sandbox of one run", NULL, key, extensions, COUNT(extensions));
}

X509 *cert_leaf(EVP_PKEY *key, const struct host *host, X509 *ca, EVP_PKEY *ca_key)
{
	char name[HOST_MAX + 8];
	const struct extension extensions[] = {
		{ NID_basic_constraints, "critical,CA:FALSE" },
		{ NID_key_usage, "critical,digitalSignature" },
		{ NID_ext_key_usage, "serverAuth" },
		{ NID_subject_key_identifier, "hash" },
		{ NID_authority_key_identifier, "keyid:always" },
		{ NID_subject_alt_name, name },
	};

	snprintf(name, sizeof name, "%s:%s", host->kind == HOST_NAME ? "DNS" : "IP", host->text);
	return make(key, "Sandbox proxy", ca, ca_key, extensions, COUNT(extensions));
}
