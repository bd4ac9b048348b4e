/* cert.h - the certificates of one run; late_crypto() comes before them. Private to this folder. */
#pragma once

#include "egress/host.h"
#include "late_crypto.h"

enum { CERT_DAYS = 7 }; /* no run is longer; clocks may differ by a day */

/* NULL when OpenSSL cannot. EC P-256. */
EVP_PKEY *cert_key(void);
/* A CA for `key`, good for what `constraints` permits. */
X509 *cert_ca(EVP_PKEY *key, const char *constraints);
/* A server's certificate for `host`. */
X509 *cert_leaf(EVP_PKEY *key, const struct host *host, X509 *ca, EVP_PKEY *ca_key);
