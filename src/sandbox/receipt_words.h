/* receipt_words.h - the stable words of receipts. Private to receipt*.c. */
#pragma once
#include "sandbox/receipt.h"

extern const char *const end_words[ENDS];
extern const char *const limit_words[RUN_LIMITS];
extern const char *const state_words[STATES];
