/* fuzz_jwt.c - the first line is a key set, the rest a token: nothing that is not signed comes through. */
#include <stdlib.h>

#include "base/scope.h"
#include "body.h"
#include "jwt.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_base64(struct arena *mem, struct str text)
{
	struct str bytes;

	/* one spelling only: what was read is written the same */
	if (base64url_read(&bytes, mem, text) && !str_eq(base64url_text(mem, bytes), text))
		abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str rest = { (const char *)data, size }, line = { 0 };
	struct jwt_expect expect = { STR("i"), STR("c"), STR("n"), 1000000 };
	json_t *keys AUTO_JSON = NULL;
	json_t *claims AUTO_JSON = NULL;
	struct err err;

	arena_init(&mem, 64 << 20);
	(void)str_cut_line(&rest, &line);
	check_base64(&mem, rest);
	keys = json_loadb(line.p ? line.p : "", line.len, 0, NULL);
	if (jwt_verify(&claims, &mem, rest, keys, NULL, &err))
		claims = json_loadb(line.p ? line.p : "", line.len, 0,
				    NULL); /* claims of any shape, too */
	(void)jwt_check(claims, &expect, &err);
	return 0;
}
