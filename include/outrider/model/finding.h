/* finding.h - one defect, from a rule of ours, an imported SARIF file, or later a model. */
#pragma once
#include "base/arena.h"

enum severity { SEVERITY_OFF, SEVERITY_HINT, SEVERITY_INFO, SEVERITY_WARNING, SEVERITY_ERROR };
enum confidence { CONFIDENCE_LOW, CONFIDENCE_MEDIUM, CONFIDENCE_HIGH };

/* A place in one text. Bytes are 0-based, end exclusive; lines and columns 1-based, columns count characters. */
struct span {
	uint32_t start, end;
	uint32_t start_line, start_column;
	uint32_t end_line, end_column; /* of the first character behind the range */
};

/* Replace [start, end) of the new text by `text`. */
struct fix {
	uint32_t   start, end;
	struct str text;
	struct str title; /* may be empty */
	bool       safe;  /* may be applied without a person looking */
};

enum suppression { SUPPRESSED_NOT, SUPPRESSED_IN_SOURCE, SUPPRESSED_BY_CONFIG };

/* A second place that helps to see why: a captured variable, the enclosing thing. */
struct label {
	struct span span;
	struct str  message; /* may be empty */
	bool        primary;
};

enum { FINGERPRINT_HEX = 32 };

/* All strings are borrowed from the review's arena or from the rule set. */
struct finding {
	struct str       tool;      /* "outrider", or the name of the tool that a SARIF file names */
	struct str       rule_id;
	enum severity    severity;
	enum confidence  confidence;
	struct str       category;  /* "correctness", "security", ...; may be empty */
	struct str       message;   /* one paragraph */
	struct str       note;      /* Markdown, may be empty */
	struct str       url;       /* may be empty */
	struct str       cwe;       /* "CWE-95", may be empty */
	struct str       path;      /* from the root of the repository, '/' */
	struct span      span;
	struct str       text;      /* the source of the span */
	struct str       symbol;    /* path of enclosing definitions, "Class.method"; may be empty */
	struct str       language;  /* name of the profile; may be empty */
	struct label    *labels;
	size_t           n_labels;
	bool             has_fix;
	struct fix       fix;
	enum suppression suppression;
	char             fingerprint[FINGERPRINT_HEX + 1]; /* "" until fingerprinted */
	/* Filled by the review of a change; scan leaves in_diff false. */
	bool             in_diff;     /* anchored: start_line..line lie in one hunk of the new side */
	uint32_t         anchor_start_line, anchor_line; /* 1-based */
	uint64_t         rank;        /* larger is shown first */
};

struct finding_list {
	struct finding *items;
	size_t          n, cap;
};

/* "error", "warning", "info", "hint", "off". */
const char *severity_name(enum severity severity);
/* Case-sensitive; false for an unknown word. */
bool severity_parse(struct str word, enum severity *out);
const char *confidence_name(enum confidence confidence);
/* Order: path, start, end (descending), rule id. For qsort. */
int finding_order(const void *a, const void *b);
