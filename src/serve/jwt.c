#include "jwt.h"

#include "base/scope.h"
#include "body.h"
#include "late_crypto.h"

enum { P256_BYTES = 32 };

/* ---- base64url ---- */

static int digit_of(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	const char *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

bool base64url_read(struct str *out, struct arena *mem, struct str text)
{
	char *bytes = arena_alloc(mem, text.len / 4 * 3 + 3);
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	if (text.len % 4 == 1)
		return false;
	for (size_t i = 0; i < text.len; i++) {
		int digit = digit_of(text.p[i]);

		if (digit < 0)
			return false;
		bits = bits << 6 | (uint32_t)digit;
		have += 6;
		if (have < 8)
			continue;
		have -= 8;
		bytes[n++] = (char)(bits >> have & 0xff);
	}
	if (bits & ((1u << have) - 1))
		return false; /* a second spelling of the same bytes */
	*out = (struct str){ bytes, n };
	return true;
}

struct str base64url_text(struct arena *mem, struct str bytes)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	char *out = arena_alloc(mem, bytes.len / 3 * 4 + 5);
	uint32_t bits = 0;
	unsigned have = 0;
	size_t n = 0;

	for (size_t i = 0; i < bytes.len; i++) {
		bits = bits << 8 | (unsigned char)bytes.p[i];
		for (have += 8; have >= 6;) {
			have -= 6;
			out[n++] = digits[bits >> have & 63];
		}
	}
	if (have)
		out[n++] = digits[bits << (6 - have) & 63];
	out[n] = '\0';
	return (struct str){ out, n };
}

/* ---- keys ---- */

static bool number_of(BIGNUM **out, struct arena *mem, const json_t *key, const char *name)
{
	struct str bytes;

	if (!base64url_read(&bytes, mem, body_str(mem, key, name)) || bytes.len == 0 ||
	    bytes.len > JWT_RSA_MAX_BITS / 8)
		return false;
	*out = BN_bin2bn((const unsigned char *)bytes.p, (int)bytes.len, NULL);
	return *out != NULL;
}

static EVP_PKEY *make_key(const char *type, OSSL_PARAM *params)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
	EVP_PKEY *key = NULL;

	if (!params || !context || EVP_PKEY_fromdata_init(context) != 1 ||
	    EVP_PKEY_fromdata(context, &key, EVP_PKEY_PUBLIC_KEY, params) != 1)
		key = NULL;
	EVP_PKEY_CTX_free(context);
	OSSL_PARAM_free(params);
	return key;
}

static EVP_PKEY *rsa_key(struct arena *mem, const json_t *jwk)
{
	BIGNUM *n = NULL, *e = NULL;
	OSSL_PARAM_BLD *builder = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;
	EVP_PKEY *key;

	if (builder && number_of(&n, mem, jwk, "n") && number_of(&e, mem, jwk, "e") &&
	    BN_num_bits(n) >= JWT_RSA_MIN_BITS && BN_num_bits(n) <= JWT_RSA_MAX_BITS &&
	    BN_num_bits(e) <= 64 && OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(builder, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(builder);
	key = make_key("RSA", params);
	OSSL_PARAM_BLD_free(builder);
	BN_free(n);
	BN_free(e);
	return key;
}

/* The point as OpenSSL takes it: 4, then both coordinates. OpenSSL refuses one that is not on the curve. */
static EVP_PKEY *p256_key(struct arena *mem, const json_t *jwk)
{
	char point[1 + 2 * P256_BYTES] = { 4 }, curve[] = "P-256";
	struct str x, y;
	OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, curve, 0),
		OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point)),
		OSSL_PARAM_construct_end()
	};

	if (!str_eq(body_str(mem, jwk, "crv"), STR("P-256")) ||
	    !base64url_read(&x, mem, body_str(mem, jwk, "x")) || x.len != P256_BYTES ||
	    !base64url_read(&y, mem, body_str(mem, jwk, "y")) || y.len != P256_BYTES)
		return NULL;
	memcpy(point + 1, x.p, P256_BYTES);
	memcpy(point + 1 + P256_BYTES, y.p, P256_BYTES);
	return make_key("EC", OSSL_PARAM_dup(params));
}

/* ---- signatures ---- */

/* r and s side by side become the DER that OpenSSL reads. False when they are no signature. */
static bool to_der(struct str *signature, struct arena *mem)
{
	const unsigned char *bytes = (const unsigned char *)signature->p;
	ECDSA_SIG *pair = ECDSA_SIG_new();
	BIGNUM *r = BN_bin2bn(bytes, P256_BYTES, NULL),
	       *s = BN_bin2bn(bytes + P256_BYTES, P256_BYTES, NULL);
	unsigned char *der = arena_alloc(mem, 4 * P256_BYTES), *end = der;
	int n = -1;

	if (pair && r && s && ECDSA_SIG_set0(pair, r, s)) {
		r = s = NULL; /* the pair has them */
		n = i2d_ECDSA_SIG(pair, &end);
	}
	BN_free(r);
	BN_free(s);
	ECDSA_SIG_free(pair);
	*signature = (struct str){ (const char *)der, n > 0 ? (size_t)n : 0 };
	return n > 0;
}

static const struct algorithm {
	const char *name, *kty;
	EVP_PKEY *(*key)(struct arena *mem, const json_t *jwk);
	size_t signature; /* bytes; 0: as long as the key */
} algorithms[] = {
	{ "RS256", "RSA", rsa_key, 0 },
	{ "ES256", "EC", p256_key, 2 * (size_t)P256_BYTES },
};

static bool is_signed(const struct algorithm *algorithm, struct arena *mem, const json_t *jwk,
		      struct str text, struct str signature)
{
	EVP_PKEY *key;
	EVP_MD_CTX *context;
	bool good;

	if (late_crypto(NULL))
		return false;
	if (algorithm->signature &&
	    (signature.len != algorithm->signature || !to_der(&signature, mem)))
		return false;
	key = algorithm->key(mem, jwk);
	context = EVP_MD_CTX_new();
	good = key && context &&
	       EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, key) == 1 &&
	       EVP_DigestVerify(context, (const unsigned char *)signature.p, signature.len,
				(const unsigned char *)text.p, text.len) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(key);
	return good;
}

static const struct algorithm *find_algorithm(struct str name)
{
	for (size_t i = 0; i < COUNT(algorithms); i++)
		if (str_eq(name, str_of(algorithms[i].name)))
			return &algorithms[i];
	return NULL;
}

/* Absent members say nothing; what they say must fit. */
static bool says(struct arena *mem, const json_t *jwk, const char *name, const char *value)
{
	return !json_object_get(jwk, name) || str_eq(body_str(mem, jwk, name), str_of(value));
}

/* The key that the header names; without a name the only one of its kind. */
static const json_t *find_key(struct arena *mem, const json_t *keys,
			      const struct algorithm *algorithm, const json_t *header)
{
	const json_t *list = json_object_get(keys, "keys"), *found = NULL;
	struct str kid = body_str(mem, header, "kid");

	for (size_t i = 0; i < json_array_size(list) && i < JWT_MAX_KEYS; i++) {
		const json_t *jwk = json_array_get(list, i);

		if (!str_eq(body_str(mem, jwk, "kty"), str_of(algorithm->kty)) ||
		    !says(mem, jwk, "alg", algorithm->name) || !says(mem, jwk, "use", "sig") ||
		    (kid.len && !str_eq(body_str(mem, jwk, "kid"), kid)))
			continue;
		if (found)
			return NULL;
		found = jwk;
	}
	return found;
}

/* ---- tokens ---- */

static json_t *read_part(struct arena *mem, struct str part)
{
	struct str text;
	json_t *object;

	if (!base64url_read(&text, mem, part))
		return NULL;
	object = json_loadb(text.p, text.len, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	json_decref(object);
	return NULL;
}

static int verify(struct arena *mem, struct str token, size_t payload_end, const json_t *header,
		  const json_t *keys, bool *unknown, struct err *err)
{
	struct str name = body_str(mem, header, "alg"), signature;
	const struct algorithm *algorithm = find_algorithm(name);
	const json_t *key;

	if (!algorithm)
		return err_set(err, ERR_PERM,
			       "the id token is signed with '%.*s', and RS256 and ES256 are taken",
			       STR_ARG(str_sub(name, 0, 20)));
	if (json_object_get(header, "crit"))
		return err_set(err, ERR_PERM, "the id token has critical extensions");
	key = find_key(mem, keys, algorithm, header);
	if (!key) {
		*unknown = true;
		return err_set(
			err, ERR_PERM,
			"the id token is signed with a key that the login service does not publish");
	}
	if (!base64url_read(&signature, mem, str_from(token, payload_end + 1)) ||
	    !is_signed(algorithm, mem, key, str_sub(token, 0, payload_end), signature))
		return err_set(err, ERR_PERM, "the signature of the id token is wrong");
	return 0;
}

int jwt_verify(json_t **claims, struct arena *mem, struct str token, const json_t *keys,
	       bool *unknown_key, struct err *err)
{
	json_t *header AUTO_JSON = NULL;
	json_t *payload;
	struct str rest = token, first, second;
	bool unknown = false;

	if (unknown_key)
		*unknown_key = false;
	if (token.len > JWT_MAX_BYTES || !str_cut(&rest, '.', &first) ||
	    !str_cut(&rest, '.', &second) || rest.len == 0 || !(header = read_part(mem, first)))
		return err_set(err, ERR_PERM, "the id token cannot be read");
	if (verify(mem, token, first.len + 1 + second.len, header, keys, &unknown, err)) {
		if (unknown_key)
			*unknown_key = unknown;
		return -1;
	}
	payload = read_part(mem, second);
	if (!payload)
		return err_set(err, ERR_PERM, "the id token cannot be read");
	*claims = payload;
	return 0;
}

/* ---- claims ---- */

static bool is_text(const json_t *value, struct str text)
{
	return json_is_string(value) &&
	       str_eq((struct str){ json_string_value(value), json_string_length(value) }, text);
}

static bool is_for(const json_t *claims, struct str audience)
{
	const json_t *aud = json_object_get(claims, "aud"), *azp = json_object_get(claims, "azp");
	bool found = is_text(aud, audience);

	for (size_t i = 0; i < json_array_size(aud); i++)
		found |= is_text(json_array_get(aud, i), audience);
	if (azp ? !is_text(azp, audience) : json_array_size(aud) > 1)
		return false;
	return found;
}

/* A time that is a number; the standard allows fractions. */
static bool get_time(double *out, const json_t *claims, const char *name)
{
	const json_t *value = json_object_get(claims, name);

	*out = json_number_value(value);
	return json_is_number(value);
}

int jwt_check(const json_t *claims, const struct jwt_expect *expect, struct err *err)
{
	double now = (double)expect->now, at;

	if (!is_text(json_object_get(claims, "iss"), expect->issuer))
		return err_set(err, ERR_PERM, "the id token is of another issuer");
	if (!is_for(claims, expect->audience))
		return err_set(err, ERR_PERM, "the id token is for another client");
	if (expect->nonce.len == 0 || !is_text(json_object_get(claims, "nonce"), expect->nonce))
		return err_set(err, ERR_PERM,
			       "the id token is of another login (its nonce is wrong)");
	if (!get_time(&at, claims, "exp") || at <= now - JWT_SKEW_S)
		return err_set(err, ERR_PERM, "the id token has expired: are the clocks right?");
	if (!get_time(&at, claims, "iat") || at > now + JWT_SKEW_S || at < now - JWT_AGE_S)
		return err_set(err, ERR_PERM,
			       "the id token was not made just now: are the clocks right?");
	if (json_object_get(claims, "nbf") &&
	    (!get_time(&at, claims, "nbf") || at > now + JWT_SKEW_S))
		return err_set(err, ERR_PERM,
			       "the id token is not valid yet: are the clocks right?");
	if (json_string_length(json_object_get(claims, "sub")) == 0)
		return err_set(err, ERR_PERM, "the id token names nobody");
	return 0;
}
