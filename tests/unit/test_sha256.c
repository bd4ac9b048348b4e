/* SHA-256 and its HMAC against the vectors of FIPS 180-4 and RFC 4231. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "base/sha256.h"

static const char *hex_of(const unsigned char bytes[SHA256_BYTES])
{
	static char hex[2 * SHA256_BYTES + 1];

	for (size_t i = 0; i < SHA256_BYTES; i++)
		snprintf(hex + 2 * i, 3, "%02x", bytes[i]);
	return hex;
}

static void test_vectors(void **state)
{
	static const struct {
		const char *text, *hex;
	} vectors[] = {
		{ "", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" },
		{ "abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad" },
		{ "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
		  "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1" },
	};
	unsigned char out[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < COUNT(vectors); i++) {
		sha256_of(out, str_of(vectors[i].text));
		assert_string_equal(hex_of(out), vectors[i].hex);
	}
	sha256_of(out, (struct str){ 0 });
	assert_string_equal(hex_of(out), vectors[0].hex);
}

/* In pieces of all lengths, across the blocks of 64 bytes. */
static void test_pieces(void **state)
{
	char text[1000];
	unsigned char whole[SHA256_BYTES], out[SHA256_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof text; i++)
		text[i] = (char)(i * 7);
	sha256_of(whole, (struct str){ text, sizeof text });
	for (size_t piece = 1; piece < 200; piece++) {
		struct sha256 hash;

		sha256_begin(&hash);
		for (size_t at = 0; at < sizeof text; at += piece)
			sha256_add(&hash, text + at, sizeof text - at < piece ? sizeof text - at : piece);
		sha256_end(&hash, out);
		assert_memory_equal(out, whole, sizeof out);
	}
}

static void test_mac(void **state)
{
	const struct str pieces[] = { STR("what do ya want "), { 0 }, STR("for nothing?") };
	const struct str large = STR("Test Using Larger Than Block-Size Key - Hash Key First");
	char key[131];
	unsigned char out[SHA256_BYTES];

	(void)state;
	sha256_mac(out, STR("Jefe"), pieces, COUNT(pieces));
	assert_string_equal(hex_of(out), "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
	memset(key, 0xaa, sizeof key);
	sha256_mac(out, (struct str){ key, sizeof key }, &large, 1);
	assert_string_equal(hex_of(out), "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

static void test_equal(void **state)
{
	(void)state;
	assert_true(secret_eq("secret", "secret", 6));
	assert_true(secret_eq("", "", 0));
	assert_false(secret_eq("secret", "secreT", 6));
	assert_false(secret_eq("secret", "Secret", 6));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_vectors),
		cmocka_unit_test(test_pieces),
		cmocka_unit_test(test_mac),
		cmocka_unit_test(test_equal),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
