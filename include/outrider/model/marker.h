/*
 * marker.h - the hidden last line by which we know our own comments again, whoever posted them.
 *
 *   <!-- outrider:v1 finding=<32 hex> rule=<id> -->
 *   <!-- outrider:v1 summary -->
 *
 * Only on the last line of a body is it one: in text of others it cannot come alive.
 */
#pragma once
#include "model/finding.h"

enum { MARKER_MAX_RULE = 200 }; /* bytes of a rule id in a marker: longer ones, and odd ones, are left out */

struct marker {
	char       fingerprint[FINGERPRINT_HEX + 1]; /* "" for a summary */
	struct str rule;                             /* borrowed from the body; may be empty */
	bool       summary;
};

/* False when the last line that is not blank is no marker of ours. */
bool marker_read(struct marker *out, struct str body);
/* Without a line end. */
struct str marker_finding(struct arena *mem, const char *fingerprint, struct str rule);
#define MARKER_SUMMARY STR("<!-- outrider:v1 summary -->")
