/*
 * tls.h - both sides of an inspected connection: our certificate towards the job, a verified one
 * from the server. Private to this folder.
 */
#pragma once
#include "base/buf.h"
#include "stream.h"

struct tls;

/*
 * `constraints` names the hosts that certificates of this run may be for, as in
 * "permitted;DNS:a.example,permitted;...";
 * NULL when nothing is inspected: then there is no CA. The key lives in memory alone, and ends
 * with tls_free.
 */
int tls_new(struct tls **out, const char *ca_file, const char *constraints, struct err *err);
void tls_free(struct tls *tls);
/* Speaks TLS as `host` to the job. ERR_INPUT when the client names another server, or none. */
int tls_accept(struct tls *tls, struct stream *client, const struct host *host, struct err *err);
/* Speaks TLS to the server, whose certificate must be trusted and for `host`. */
int tls_connect(struct tls *tls, struct stream *server, const struct host *host, struct err *err);
/* The CA of this run in PEM; nothing without one. */
int tls_ca_pem(const struct tls *tls, struct buf *out, struct err *err);
