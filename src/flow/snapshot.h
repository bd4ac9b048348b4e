/* snapshot.h - what a rule finds in its cases, kept beside them. Private to this folder. */
#pragma once
#include "base/buf.h"
#include "base/yaml.h"
#include "rules/ruleset.h"

/* True when the stored snapshot (the value under the case's code) says what `found` says. */
bool snapshot_equal(const struct yaml *stored, const struct finding *found, struct str code,
		    struct arena *mem);
/* Appends one entry of `snapshots:`. */
void snapshot_write(struct buf *out, const struct finding *found, struct str code,
		    struct arena *mem);
