/* The lines before "===" are a policy, what is behind it a receipt: what is read is written the same, and what is learnt is a policy. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/scope.h"
#include "sandbox/learn.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "does not hold: %s\n", what);
	abort();
}

static void check_round(struct arena *mem, const struct receipt *receipt)
{
	AUTO_BUF struct buf once = { 0 };
	AUTO_BUF struct buf twice = { 0 };
	struct receipt back;

	require(receipt_write(&once, receipt, NULL) == 0, "a receipt can be written");
	require(receipt_read(&back, mem, buf_str(&once), NULL) == 0, "what was written can be read");
	require(receipt_write(&twice, &back, NULL) == 0 && str_eq(buf_str(&once), buf_str(&twice)), "and is the same");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	AUTO_ARENA struct arena mem;
	struct str text = { (const char *)data, size }, json;
	struct learn_source source = { .name = "r.json" };
	struct sandbox_policy base, policy;
	struct learned learned, again;
	struct err err;
	size_t cut = str_find(text, STR("\n===\n"));

	arena_init(&mem, 512 << 20);
	if (cut == SIZE_MAX)
		return 0;
	json = str_from(text, cut + 5);
	text = str_sub(text, 0, cut + 1);
	if (receipt_read(&source.receipt, &mem, json, &err))
		return 0;
	check_round(&mem, &source.receipt);
	if (policy_load(&base, &mem, "base", text, &err) ||
	    learn_policy(&learned, &mem, "base", text, &source, 1, &err))
		return 0;
	require(policy_load(&policy, &mem, "learnt", learned.policy, &err) == 0, "what is learnt is a policy");
	require(policy.exec.mode >= base.exec.mode && memcmp(policy.layers, base.layers, sizeof base.layers) == 0,
		"and no looser");
	require(learn_policy(&again, &mem, "base", learned.policy, &source, 1, &err) == 0 && again.diff.len == 0,
		"the same run teaches nothing more");
	return 0;
}
