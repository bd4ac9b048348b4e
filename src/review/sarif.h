/* sarif.h - the parts of reading SARIF; sarif_read.c drives them. */
#pragma once
#include <jansson.h>

#include "review/sarif_read.h"

/* What is known of a rule before any result names it. Strings are in the arena, once per rule. */
struct sarif_rule {
	const json_t   *json; /* the reportingDescriptor, borrowed */
	struct str      id, note, url, cwe, category;
	enum confidence confidence;
};

struct sarif_rule_list {
	struct sarif_rule *items;
	size_t             n, cap;
};

/* One run that is being read. */
struct sarif_run {
	struct arena               *mem;
	const struct sarif_options *options;
	const json_t               *json;       /* the run */
	struct str                  tool;       /* driver.name */
	struct sarif_rule_list      rules;      /* the driver's, then those of the extensions */
	size_t                     *first;      /* in rules, where component i begins; 0: driver */
	size_t                      n_components;
	json_t                     *by_id;      /* owned; rule id -> index into rules */
	size_t                     *text_left;  /* bytes that messages may still take */
};

/* Empty unless `value` is a string; borrowed from the JSON. */
struct str sarif_text(const json_t *value);
/* A member that is a string, or empty. */
struct str sarif_member(const json_t *object, const char *key);
/* An integer member in [0, max], or `other`. */
int64_t sarif_integer(const json_t *object, const char *key, int64_t max, int64_t other);

/* sarif_rule.c: reads all rules of the run; by_id is released by the caller. */
void sarif_rules_read(struct sarif_run *run);
/* NULL when the result names no rule that the file describes. */
const struct sarif_rule *sarif_rule_of(const struct sarif_run *run, const json_t *result);
/* SEVERITY_OFF for level "none" and for rules that the run switched off. */
enum severity sarif_severity(const struct sarif_run *run, const json_t *result,
			     const struct sarif_rule *rule);

/*
 * sarif_message.c: the text of a message object, placeholders filled, in the arena; cut at
 * SARIF_MAX_TEXT.
 */
struct str sarif_message(const struct sarif_run *run, const json_t *message,
			 const struct sarif_rule *rule);

/* sarif_uri.c */
enum sarif_where { SARIF_INSIDE, SARIF_OUTSIDE, SARIF_NO_PLACE };
/* The path of an artifactLocation from the root of the repository. */
enum sarif_where sarif_path(struct str *out, const struct sarif_run *run, const json_t *artifact);
