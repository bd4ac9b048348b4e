#include "audit_head.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/scope.h"

enum { SIGNATURE = 64, HEAD_MAX = 4096 }; /* bytes of an Ed25519 signature; of a head */

static struct str signed_text(struct buf *out, const struct audit_chain *chain, struct str time)
{
	char hex[AUDIT_HEX + 1];

	audit_hex(hex, &chain->hash);
	buf_printf(out, "outrider audit head 1\n%" PRIu64 "\n%s\n%.*s\n", chain->seq, hex,
		   STR_ARG(time));
	return buf_str(out);
}

static int sign(unsigned char out[SIGNATURE], EVP_PKEY *key, struct str text)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	size_t n = SIGNATURE;
	int fine = context && EVP_DigestSignInit(context, NULL, NULL, NULL, key) == 1 &&
		   EVP_DigestSign(context, out, &n, (const unsigned char *)text.p, text.len) == 1;

	EVP_MD_CTX_free(context);
	return fine && n == SIGNATURE ? 0 : -1;
}

static bool is_signed(EVP_PKEY *key, struct str text, const unsigned char signature[SIGNATURE])
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool fine = context && EVP_DigestVerifyInit(context, NULL, NULL, NULL, key) == 1 &&
		    EVP_DigestVerify(context, signature, SIGNATURE, (const unsigned char *)text.p,
				     text.len) == 1;

	EVP_MD_CTX_free(context);
	return fine;
}

/*
 * Whoever writes holds the log's lock: a fixed name beside it is enough, and no crash leaves more
 * than that one.
 */
static int replace(const char *path, struct str text, struct err *err)
{
	char next[PATH_MAX + 8];
	int result = 0;

	snprintf(next, sizeof next, "%s.next", path);
	AUTO_FD int fd = open(next, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0640);

	if (fd < 0)
		return err_errno(err, "create '%s'", next);
	if (file_write_fd(fd, text, err) < 0)
		return err_wrap(err, "'%s'", next);
	if (fsync(fd) < 0 || rename(next, path) < 0)
		result = err_errno(err, "replace '%s'", path);
	return result;
}

int audit_head_write(const char *path, EVP_PKEY *key, const struct audit_chain *chain,
		     uint64_t now_ms, struct err *err)
{
	AUTO_BUF struct buf text = { 0 }, out = { 0 };
	unsigned char signature[SIGNATURE];
	char time[AUDIT_TIME], hex[AUDIT_HEX + 1];

	audit_time(time, now_ms);
	if (sign(signature, key, signed_text(&text, chain, str_of(time))) < 0)
		return err_set(err, ERR_BUG, "OpenSSL cannot sign the head of the audit log");
	audit_hex(hex, &chain->hash);
	buf_printf(&out, "{\"seq\":%" PRIu64 ",\"hash\":\"%s\",\"time\":\"%s\",\"sig\":\"",
		   chain->seq, hex, time);
	for (size_t i = 0; i < SIGNATURE; i++)
		buf_printf(&out, "%02x", signature[i]);
	buf_add(&out, STR("\"}\n"));
	return replace(path, buf_str(&out), err);
}

static int read_signature(unsigned char out[SIGNATURE], struct str hex)
{
	struct audit_hash half[2];

	if (hex.len != 2 * AUDIT_HEX || audit_hex_read(&half[0], str_sub(hex, 0, AUDIT_HEX)) < 0 ||
	    audit_hex_read(&half[1], str_from(hex, AUDIT_HEX)) < 0)
		return -1;
	memcpy(out, half, SIGNATURE);
	return 0;
}

static struct str text_of(const json_t *object, const char *name)
{
	json_t *value = json_object_get(object, name);

	return (struct str){ json_string_value(value), json_string_length(value) };
}

static int check(struct audit_chain *out, const json_t *object, EVP_PKEY *key)
{
	AUTO_BUF struct buf text = { 0 };
	unsigned char signature[SIGNATURE];
	json_int_t seq = json_integer_value(json_object_get(object, "seq"));
	struct audit_chain chain = { .seq = (uint64_t)seq };

	if (seq < 1 || audit_hex_read(&chain.hash, text_of(object, "hash")) < 0 ||
	    read_signature(signature, text_of(object, "sig")) < 0)
		return -1;
	if (key && !is_signed(key, signed_text(&text, &chain, text_of(object, "time")), signature))
		return -1;
	*out = chain;
	return 0;
}

int audit_head_read(struct audit_chain *out, const char *path, EVP_PKEY *key, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct str text;
	json_t *object;
	int result;

	arena_init(&mem, 1 << 20);
	if (file_read(&text, &mem, path, HEAD_MAX, err) < 0)
		return -1;
	object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	result = check(out, object, key);
	json_decref(object);
	return result == 0
		       ? 0
		       : err_input(err,
				   "'%s' is no head of an audit log, or not signed with this key",
				   path);
}

static EVP_PKEY *read_key(const char *path, bool private, struct err *err)
{
	AUTO_FILE FILE *file = fopen(path, "re");
	struct stat st;
	EVP_PKEY *key;

	if (late_crypto(err))
		return NULL;
	if (!file) {
		(void)err_errno(err, "open '%s'", path);
		return NULL;
	}
	if (fstat(fileno(file), &st) < 0 || (private && (st.st_mode & 077))) {
		(void)err_set(err, ERR_PERM,
			      "'%s' may be used by others than its owner; chmod 600 mends it",
			      path);
		return NULL;
	}
	key = private ? PEM_read_PrivateKey(file, NULL, NULL, NULL)
		      : PEM_read_PUBKEY(file, NULL, NULL, NULL);
	if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519)
		return key;
	EVP_PKEY_free(key);
	(void)err_input(err, "'%s' is no Ed25519 key in PEM", path);
	return NULL;
}

EVP_PKEY *audit_key_read(const char *path, struct err *err)
{
	return read_key(path, true, err);
}

EVP_PKEY *audit_public_read(const char *path, struct err *err)
{
	return read_key(path, false, err);
}

static int write_key(const char *path, mode_t mode, EVP_PKEY *key, bool private, struct err *err)
{
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
	bool fine;

	if (!file)
		return err_errno(err, "create '%s'", path);
	fine = (private ? PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL)
			: PEM_write_PUBKEY(file, key)) == 1;
	fine = fflush(file) == 0 && fsync(fd) == 0 && fine;
	fclose(file);
	return fine ? 0 : err_errno(err, "write '%s'", path);
}

int audit_key_make(const char *path, struct err *err)
{
	EVP_PKEY *key;
	char public[PATH_MAX];
	int result;

	if (late_crypto(err))
		return -1;
	key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
	if (!key)
		return err_set(err, ERR_BUG, "OpenSSL cannot make an Ed25519 key");
	if ((size_t)snprintf(public, sizeof public, "%s.pub", path) >= sizeof public)
		result = err_input(err, "path too long: '%s'", path);
	else
		result = write_key(path, 0600, key, true, err) < 0 ||
					 write_key(public, 0644, key, false, err) < 0
				 ? -1
				 : 0;
	EVP_PKEY_free(key);
	return result;
}
