#include "review_sample.h"

#include "review/redact.h"

/* Split, so that this file itself holds nothing that looks like a credential. */
#define RANDOM36         \
	"a8Zk2Lq9Xw4Rt7" \
	"Yp3Mn6Bv1Cd5Ef0Gh8Jk2L"
#define RANDOM20 \
	"9fK2"   \
	"mX7qL4pZ8wR3tY6n"

struct row {
	const char *text, *masked;
};

static void assert_masked(const char *text, const char *want)
{
	struct arena mem;
	struct str got;

	arena_init(&mem, 1 << 20);
	got = redact_text(&mem, str_of(text));
	assert_int_equal(got.len, strlen(text));
	if (want)
		assert_memory_equal(got.p, want, got.len);
	else
		assert_null(memmem(got.p, got.len, "9fK2", 4));
	assert_true(redact_needed(str_of(text)));
	arena_release(&mem);
}

static void test_known_shapes(void **state)
{
	static const struct row rows[] = {
		{ "id = AKIA"
		  "IOSFODNN7EXAMPL2;",
		  "id = AKIA****************;" },
		{ "x ghp"
		  "_" RANDOM36 " y",
		  "x ghp_************************************ y" },
		{ "github"
		  "_pat_" RANDOM36,
		  "github_pat_************************************" },
		{ "glpat"
		  "-" RANDOM20,
		  "glpat-********************" },
		{ "xoxb"
		  "-" RANDOM20,
		  "xoxb-********************" },
		{ "f('sk"
		  "-" RANDOM36 "')",
		  "f('sk-************************************')" },
		{ "AIza"
		  "SyA1B2C3D4E5F6G7H8I9J0K1L2M3N4O5P6Q",
		  "AIza***********************************" },
		{ "npm"
		  "_" RANDOM36,
		  "npm_************************************" },
		{ "postgres://app:hunter2@db/x", "postgres://app:*******@db/x" },
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_masked(rows[i].text, rows[i].masked);
}

static void test_named_values(void **state)
{
	static const char *const rows[] = {
		"password = '" RANDOM20 "'",
		"API_KEY=" RANDOM20,
		"\"client_secret\": \"" RANDOM20 "\",",
		"let token: String = \"" RANDOM20 "\";",
		"api-key: " RANDOM20 "\n",
		"Authorization: Bearer " RANDOM20,
		"os.environ[\"DB_PASSWORD\"] = \"" RANDOM20 "\"",
		"define('AUTH_TOKEN', '" RANDOM20 "');",
		"secret => r'" RANDOM20 "'",
		"Hard-coded password '" RANDOM20 "'",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		assert_masked(rows[i], NULL);
}

static void test_private_key(void **state)
{
	assert_masked(
		"a\n-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA1234\nabcdefghijklmnopqr==\n"
		"-----END RSA PRIVATE KEY-----\nafter_the_key_is_left_alone\n",
		"a\n-----BEGIN RSA PRIVATE KEY-----\n********************\n********************\n"
		"-----END RSA PRIVATE KEY-----\nafter_the_key_is_left_alone\n");
	(void)state;
}

static void test_ordinary_code(void **state)
{
	static const char *const rows[] = {
		"",
		"token = getTokenFromRequest(request)",
		"password = request.form['password']",
		"secret = process.env.SECRET_KEY_2024_PRODUCTION",
		"if token == previous_token_value_number_2:",
		"TOKEN_URL = \"https://example.com/oauth2/v2/token\"",
		"api_key = \"your-api-key-goes-here-please\"",
		"password: str = Field(min_length=12)",
		"const tokenKinds = ['identifier', 'number2', 'string10'];",
		"secret_name = \"projects/123/secrets/database/versions/4\"",
		"sha256 = '0f343b0931126a20f133d67c2b018a3b0931126a20f133d67c2b018a3b0931ab'",
		"sk-learn-and-other-packages-are-here",
		"http://localhost:8080/path@2",
		"git@github.com:owner/name.git",
		"if (text.startsWith(\"-----BEGIN PRIVATE KEY-----\")) return parseThePrivateKeyOfThisFile(text);",
		"import { token } from '@scope/package-with-a-long-name-12345';",
		"password = \"${DATABASE_PASSWORD_FROM_VAULT_1234567}\"",
		"hf_transformer_block_size_of_the_model_is_large = 12",
		"# the token is described in RFC 6750, section 2.1",
		"AKIA is a prefix",
		"eyJ = jwt.decode(header.payload.signature)",
		"\xff\xfe password \xff = '\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff'",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct arena mem;
		struct str text = str_of(rows[i]);

		arena_init(&mem, 1 << 20);
		if (redact_text(&mem, text).p != text.p)
			fail_msg("masked: %s", rows[i]);
		assert_false(redact_needed(text));
		arena_release(&mem);
	}
}

/* Long runs that a naive scan would be quadratic on. */
static void test_long_input(void **state)
{
	static const char *const units[] = { "a-",        "token ",
					     "://",       "-----BEGIN PRIVATE KEY-----",
					     "password=", "eyJ." };
	enum { LEN = 1 << 18 };
	char *text = test_malloc(LEN);

	(void)state;
	for (size_t u = 0; u < COUNT(units); u++) {
		for (size_t i = 0; i < LEN; i++)
			text[i] = units[u][i % strlen(units[u])];
		(void)redact_needed((struct str){ text, LEN });
	}
	test_free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_known_shapes), cmocka_unit_test(test_named_values),
		cmocka_unit_test(test_private_key),  cmocka_unit_test(test_ordinary_code),
		cmocka_unit_test(test_long_input),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
