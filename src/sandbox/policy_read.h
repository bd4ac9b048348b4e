/* policy_read.h - what policy.c, policy_read.c and policy_tighten.c share. Private to this folder. */
#pragma once
#include "embedded.h"
#include "values.h"

extern const char *const trust_words[TRUSTS];
extern const char *const need_words[NEEDS];
extern const char *const exec_mode_words[EXEC_MODES];
extern const char *const exec_class_words[CLASSES];
extern const char *const workdir_words[WORKDIR_MODES];
extern const char *const layer_words[LAYERS];

/* Reads a built-in file on top of *policy; a mistake in it is a bug of ours and ends the program. */
void policy_read_builtin(struct sandbox_policy *policy, struct arena *mem, const struct embedded *file);
/* Reads a document on top of *policy; untouched on failure. */
int policy_read_document(struct sandbox_policy *policy, struct reader *r, const struct yaml *root);
/* The first document of a text, or NULL with *out empty: ERR_INPUT when there are several. */
int policy_document(struct yaml **out, struct reader *r, struct str text);
/* The same of text that is in the program: read once, never freed, not to be changed. What is wrong in it ends the program. */
struct yaml *policy_builtin_document(const struct embedded *file);
