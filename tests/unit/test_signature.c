#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "base/scope.h"
#include "forge/forge.h"
#include "signature.h"

/* GitHub's published example (docs: validating webhook deliveries). */
#define VECTOR "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
static struct str vector_secret = { "It's a Secret to Everybody", 26 };
static const struct str vector_body = { "Hello, World!", 13 };

static struct forge_config config_of(const char *type, struct str *secrets, size_t n)
{
	return (struct forge_config){ .name = STR("test"),
				      .type = forge_type_find(str_of(type)),
				      .secrets = secrets,
				      .n_secrets = n };
}

static int verify(const struct forge_config *config, const char *name, const char *value,
		  struct str body)
{
	struct http_header header = { str_of(name), str_of(value) };
	struct http_headers headers = { &header, 1, 1 };
	struct forge_delivery delivery = { .headers = &headers, .body = body };
	struct err err = { 0 };
	int result = forge_verify(config, &delivery, &err);

	if (result < 0) {
		assert_int_equal(ERR_PERM, err.kind);
		/* never what would be right, never a secret */
		assert_null(strstr(err.text, "757107"));
		assert_null(strstr(err.text, "Everybody"));
	}
	return result;
}

static void test_github_vector(void **state)
{
	struct forge_config config = config_of("github", &vector_secret, 1);

	(void)state;
	assert_int_equal(0, verify(&config, "X-Hub-Signature-256", "sha256=" VECTOR, vector_body));
	assert_int_equal(0, verify(&config, "x-hub-signature-256", " sha256=" VECTOR, vector_body));
}

static void test_github_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"sha256=",
		"sha256",
		VECTOR,
		"sha1=" VECTOR,
		"SHA256=" VECTOR,
		"sha256=757107",
		"sha256=" VECTOR "00",
		"sha256=" VECTOR " ",
		"sha256=857107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1g",
		"sha256=0000000000000000000000000000000000000000000000000000000000000000",
	};
	struct forge_config config = config_of("github", &vector_secret, 1);
	struct str empty = { "", 0 };

	(void)state;
	/* a blank at the end is trimmed with the header, so that one is fine */
	for (size_t i = 0; i < COUNT(bad); i++)
		if (i != 8)
			assert_int_equal(
				-1, verify(&config, "X-Hub-Signature-256", bad[i], vector_body));
	assert_int_equal(
		-1, verify(&config, "X-Hub-Signature-256", "sha256=" VECTOR, STR("Hello, World")));
	assert_int_equal(-1, verify(&config, "X-Hub-Signature", "sha256=" VECTOR, vector_body));
	config.n_secrets = 0;
	assert_int_equal(-1, verify(&config, "X-Hub-Signature-256", "sha256=" VECTOR, vector_body));
	config.secrets = &empty;
	config.n_secrets = 1;
	/* what an empty secret would sign */
	assert_int_equal(
		-1,
		verify(&config, "X-Hub-Signature-256",
		       "sha256=b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad",
		       STR("")));
}

static void test_rotation(void **state)
{
	struct str both[] = { STR("the new one"), vector_secret, STR("") };
	struct forge_config config = config_of("github", both, COUNT(both));

	(void)state;
	assert_int_equal(0, verify(&config, "X-Hub-Signature-256", "sha256=" VECTOR, vector_body));
	both[1] = STR("gone");
	assert_int_equal(-1, verify(&config, "X-Hub-Signature-256", "sha256=" VECTOR, vector_body));
}

/* The example of the Standard Webhooks specification. */
static void test_standard(void **state)
{
	struct str secret = STR("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
		   other = STR("whsec_AAAA");
	const struct secrets secrets = { &secret, 1 }, wrong = { &other, 1 };
	struct str id = STR("msg_p5jXN8AQM9LWM0D4loKWxJek"), at = STR("1614265330"),
		   body = STR("{\"test\": 2432232314}");
	struct str good = STR("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
	int64_t now = 1614265330;

	(void)state;
	assert_true(signature_standard(&secrets, good, id, at, body, now));
	assert_true(signature_standard(
		&secrets, STR("v1,AAAA v2,x v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="), id,
		at, body, now));
	assert_false(signature_standard(&wrong, good, id, at, body, now));
	assert_false(signature_standard(&secrets, good, id, at, body, now + 301));
	assert_false(signature_standard(&secrets, good, id, at, body, now - 301));
	assert_false(signature_standard(&secrets, good, STR("msg_x"), at, body, now));
	assert_false(signature_standard(&secrets, good, id, STR("1614265331"), body, now));
	assert_false(signature_standard(&secrets, good, id, STR("-1"), body, now));
	assert_false(signature_standard(&secrets, STR("v1,"), id, at, body, now));
	assert_false(signature_standard(&secrets, STR(""), id, at, body, now));
}

static void test_token(void **state)
{
	struct str secret = STR("hunter22");
	const struct secrets secrets = { &secret, 1 };

	(void)state;
	assert_true(signature_token(&secrets, STR("hunter22")));
	assert_false(signature_token(&secrets, STR("hunter2")));
	assert_false(signature_token(&secrets, STR("")));
	assert_true(signature_basic(&secrets, STR("Basic b3V0cmlkZXI6aHVudGVyMjI=")));
	assert_false(signature_basic(&secrets, STR("Basic b3V0cmlkZXI6aHVudGVyMjM=")));
	assert_false(signature_basic(&secrets, STR("Basic aHVudGVyMjI=")));
	assert_false(signature_basic(&secrets, STR("Bearer b3V0cmlkZXI6aHVudGVyMjI=")));
}

static void test_base64(void **state)
{
	static const char *const bad[] = { "",     "A",    "AA=A", "AA==A===",
					   "A A=", "AA-_", "====", "AA\nA" };
	unsigned char out[64];
	AUTO_ARENA struct arena mem;
	size_t n;

	(void)state;
	arena_init(&mem, 1 << 20);
	for (size_t i = 0; i < COUNT(bad); i++)
		assert_false(base64_decode(out, sizeof out, &n, str_of(bad[i])));
	assert_true(base64_decode(out, sizeof out, &n, STR("aGk+Pw==")));
	assert_int_equal(4, n);
	assert_memory_equal("hi>?", out, 4);
	assert_true(str_eq(base64_url(&mem, STR("hi>?")), STR("aGk-Pw")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_github_vector), cmocka_unit_test(test_github_refused),
		cmocka_unit_test(test_rotation),      cmocka_unit_test(test_standard),
		cmocka_unit_test(test_token),         cmocka_unit_test(test_base64),
	};

	return cmocka_run_group_tests_name("signature", tests, NULL, NULL);
}
