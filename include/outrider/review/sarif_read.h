/* sarif_read.h - findings of other tools, from their SARIF 2.1.0 files. */
#pragma once
#include "base/err.h"
#include "model/finding.h"

enum {
	SARIF_MAX_BYTES = 64 << 20,     /* GitHub takes 10 MB gzipped, which is about this */
	SARIF_MAX_DEPTH = 64,           /* the standard's own objects stay below 20 */
	SARIF_MAX_CONTAINERS = 1 << 20, /* objects and arrays: about 300 MB in the JSON library */
	SARIF_MAX_VALUES = 8 << 20,     /* by their commas: the same, for lists of numbers */
	SARIF_MAX_RUNS = 100,
	SARIF_MAX_RESULTS = 100000, /* of all runs; four times what GitHub takes of one */
	SARIF_MAX_TEXT = 64 << 10,  /* bytes of a message (cut there) or a fix (dropped) */
};

enum sarif_unit { SARIF_CODE_POINTS, SARIF_UTF16 };

/* A region as the file gives it; what is missing is 0, or -1 for an offset or length. */
struct sarif_region {
	uint32_t start_line, start_column, end_line, end_column;
	int64_t  char_offset, char_length;
	int64_t  byte_offset, byte_length;
};

/* What sarif_locate needs of one finding beyond the finding itself. */
struct sarif_place {
	enum sarif_unit      unit;
	struct sarif_region  region;
	struct sarif_region  fix_region; /* when finding.has_fix */
	struct sarif_region *labels;     /* finding.n_labels of them */
};

/*
 * Results that are read and those that are not:
 * suppressed: accepted (or without a status) in the file. not_failed: kind is not "fail". gone:
 * baselineState is "absent". off: level "none". no_place: no file, or one that is no file: URI or
 * relative path. outside: the file is not below the root.
 */
struct sarif_counts {
	size_t runs, results, imported;
	size_t suppressed, not_failed, gone, off, no_place, outside;
};

/* findings.items[i] belongs to places[i]; keep the order until located. */
struct sarif_import {
	struct finding_list findings;
	struct sarif_place *places;
	struct sarif_counts counts;
};

struct sarif_options {
	const char *name; /* in front of error texts */
	struct str  root; /* absolute path where the tool ran, for absolute URIs; may be empty */
};

/*
 * Reads all runs. Strings are copied into `mem`. Each finding has tool, rule, severity, confidence
 * (from rule.properties.precision, else medium), message, note (rule help), url, cwe (from tags),
 * path, the lines and columns of its span, labels (relatedLocations in the same file) and a fix
 * when it is one replacement in the same file. Columns are as in the file and bytes are 0 until
 * sarif_locate. A missing start line is line 1. ERR_INPUT: "name:line:column: what" for text that
 * is no JSON, "name: /json/pointer: what" for JSON that is no SARIF 2.1.0. A single result that
 * cannot be used is counted, not an error.
 */
int sarif_read(struct sarif_import *out, struct arena *mem, struct str json,
	       const struct sarif_options *options, struct err *err);

/*
 * Given the text of finding->path: sets bytes, lines and columns of the span, the labels and the
 * fix, and finding->text (borrowed from `text`). A region of a line only ends before its line end.
 * A fix or a label that does not fit is dropped. False, and nothing changed, when the region lies
 * outside the text: the file is not the one the tool saw.
 */
bool sarif_locate(struct finding *finding, const struct sarif_place *place, struct str text);
