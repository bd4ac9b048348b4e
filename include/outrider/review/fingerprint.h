/*
 * fingerprint.h - the name of a finding that survives moved lines, reformatting and renamed
 * files.
 */
#pragma once
#include "base/arena.h"
#include "model/finding.h"

/*
 * FINGERPRINT_HEX hex digits of SHA-256 over: a format version, tool, rule id, symbol path, the
 * matched text as tokens, and an ordinal among equal ones in the same file. White space between
 * tokens is nothing, and within a text literal one run of it counts as one. A finding without text
 * (an imported one whose file is not at hand) uses its message instead.
 *
 * The path is not part of it: a renamed file keeps its fingerprints. Two files with equal code
 * therefore have equal fingerprints; whoever keys by it (dedupe, comment threads) uses path +
 * fingerprint, and reads the old path of a renamed file as the same path.
 *
 * Sets finding->fingerprint.
 */
void fingerprint_set(struct finding *finding, unsigned ordinal);

/*
 * Sets all of a list; the list's own order stays. Ordinals count 0, 1, ... in order of position per
 * (path, tool, rule, symbol, tokens); findings at one and the same place share their ordinal, so
 * that dedupe sees them as one. `mem` is scratch.
 */
void fingerprint_all(struct finding_list *list, struct arena *mem);
