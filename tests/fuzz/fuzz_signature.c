/* Headers of signatures: the first line is the header, the second id and time, the rest the body. None of them ever holds. */
#include <stdio.h>
#include <stdlib.h>

#include "base/scope.h"
#include "forge/forge.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct str rest = { (const char *)data, size }, header = { 0 }, id = { 0 };
	/* nobody guesses it within the life of a fuzzer */
	struct str secret = STR("5c9b0f6d-long-and-secret-enough-7e1a");

	str_cut_line(&rest, &header);
	str_cut_line(&rest, &id);
	for (size_t i = 0; i < forge_type_count(); i++) {
		static const char *const names[] = { "X-Hub-Signature-256", "X-Hub-Signature",
						     "X-Gitea-Signature",   "X-Gitlab-Token",
						     "Webhook-Signature",   "Authorization" };
		struct forge_config config = { .name = STR("f"),
					       .type = forge_type_at(i),
					       .secrets = &secret,
					       .n_secrets = 1 };

		for (size_t k = 0; k < COUNT(names); k++) {
			struct http_header list[] = { { str_of(names[k]), header },
						      { STR("Webhook-Id"), id },
						      { STR("Webhook-Timestamp"), id } };
			struct http_headers headers = { list, COUNT(list), COUNT(list) };
			struct forge_delivery delivery = { .headers = &headers,
							   .body = rest,
							   .query = header,
							   .now = 1700000000 };
			struct err err = { 0 };

			if (forge_verify(&config, &delivery, &err) == 0 || err.kind != ERR_PERM ||
			    !err.text[0]) {
				fprintf(stderr, "a signature that holds, or no words: %s\n",
					names[k]);
				abort();
			}
		}
	}
	return 0;
}
