/* values.h - kinds of values that policies, profiles and environments have; errors as in base/reader.h. */
#pragma once
#include "base/reader.h"
#include "sandbox/policy.h"

enum { VALUE_WORDS = 16 }; /* of one table of words: there are 13 layers */

enum unit { UNIT_NUMBER, UNIT_BYTES, UNIT_TIME };

/* One of `n` words; *out is its index. */
int value_word(struct reader *r, const struct yaml *node, const char *const *names, size_t n, int *out);
/* At most POLICY_MAX_PATH bytes without control characters. */
int value_text(struct reader *r, const struct yaml *node, struct str *out);
int value_list(struct reader *r, const struct yaml *node, struct str_list *out);
/* "2g", "10m" (minutes in a time), "500ms", "64k", "12": in bytes or milliseconds. */
int value_amount(struct reader *r, const struct yaml *node, enum unit unit, uint64_t least, uint64_t most,
		 uint64_t *out);
