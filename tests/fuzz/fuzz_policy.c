/* The lines before "===" are a host's policy, those behind it a repository's wishes: what was read within itself is the same policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "sandbox/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void require_tighter(const struct sandbox_policy *host, const struct sandbox_policy *got)
{
#define X(id, key, normal, least, most, unit) require(got->limits.id <= host->limits.id, key);
	SANDBOX_LIMITS(X)
#undef X
	for (int l = 0; l < LAYERS; l++)
		require(got->layers[l] >= host->layers[l], layer_name((enum sandbox_layer)l));
	require(got->exec.mode >= host->exec.mode, "what may run");
	require(got->fs.protect.n >= host->fs.protect.n, "what is protected");
	require(host->net || !got->net, "no network from nothing");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str text = { (const char *)data, size }, wishes = { 0 };
	struct sandbox_policy host, same, tighter;
	unsigned char a[POLICY_HASH], b[POLICY_HASH];
	struct err err;
	size_t cut = str_find(text, STR("\n===\n"));

	arena_init(&mem, 512 << 20);
	if (cut != SIZE_MAX) {
		wishes = str_from(text, cut + 5);
		text = str_sub(text, 0, cut + 1);
	}
	if (policy_load(&host, &mem, "host", text, &err))
		return 0;
	/* a table of routes within another means something else */
	if (!host.net) {
		require(policy_tighten(&same, &mem, &host, "same", text, &err) == 0, "a policy is as tight as itself");
		policy_hash(a, &host);
		policy_hash(b, &same);
		require(memcmp(a, b, sizeof a) == 0, "and stays the same");
	}
	if (policy_tighten(&tighter, &mem, &host, "repository", wishes, &err) == 0)
		require_tighter(&host, &tighter);
	return 0;
}
