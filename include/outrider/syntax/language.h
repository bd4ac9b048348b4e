/* language.h - the languages, from the profiles in grammars/<name>/profile.yml (made into a table at build time). */
#pragma once
#include "base/str.h"

struct TSLanguage;

/* A kind of node that defines something, and the field that holds its name ("" for none). */
struct definition_kind {
	const char *kind;
	const char *name_field;
};

/* All lists end with NULL (definitions: with a NULL kind) and are never NULL themselves. */
struct language {
	const char        *name;         /* as rule files write it: "Python" */
	const char *const *aliases;      /* other names, lower case */
	const char *const *extensions;   /* without the dot */
	const char *const *files;        /* whole file names */
	const char *const *interpreters; /* program names after "#!" */
	const char        *expando;      /* stands for '$' while a pattern is parsed; UTF-8 */
	const struct definition_kind *definitions;
	const char *const *strings;      /* kinds of string literals */
	const char *const *tests;        /* globs of test files */
	/* NULL: no grammar; the tree is a `document` with one `line` node for each line. */
	const struct TSLanguage *(*grammar)(void);
};

extern const struct language language_table[];
extern const size_t language_count;

/* By name or alias, any case; NULL when there is none. */
const struct language *language_by_name(struct str name);
/*
 * By file name, extension, or the "#!" line at the start of `text` (which may be empty).
 * NULL when unknown; the caller then uses language_text().
 */
const struct language *language_detect(struct str path, struct str text);
/* The language without grammar that any text has. */
const struct language *language_text(void);

/* Number of node kinds: kinds are below it, but for KIND_ERROR. */
size_t language_kind_count(const struct language *language);
/* The kind of named nodes called `name`; 0 when there is none. "ERROR" gives KIND_ERROR. */
uint16_t language_kind(const struct language *language, struct str name);
/* 0 when there is no such field. */
uint16_t language_field(const struct language *language, struct str name);
const char *language_kind_name(const struct language *language, uint16_t kind);
const char *language_field_name(const struct language *language, uint16_t field);

enum { KIND_ERROR = 0xffff };
