/* audit_head.h - the signed end of an audit log, and the key that signs. Private to this folder. */
#pragma once
#include "audit_row.h"
#include "late_crypto.h"

/*
 * LOG.head: {"seq":...,"hash":...,"time":...,"key":...,"sig":...}; Ed25519 over "outrider audit
 * head 1", seq, hash and time, a line each.
 */
int audit_head_write(const char *path, EVP_PKEY *key, const struct audit_chain *chain, uint64_t now_ms,
		     struct err *err);
/*
 * ERR_INPUT when it is no head, or the signature does not hold for this key. `key` NULL: the
 * signature is not checked.
 */
int audit_head_read(struct audit_chain *out, const char *path, EVP_PKEY *key, struct err *err);
/* The private key; refused when others may read it. */
EVP_PKEY *audit_key_read(const char *path, struct err *err);
EVP_PKEY *audit_public_read(const char *path, struct err *err);
