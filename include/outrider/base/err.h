/* err.h - how a function says that it failed. */
#pragma once
#include <stdarg.h>

enum err_kind {
	ERR_TEMP,  /* may work later: network, lock, full disk */
	ERR_PERM,  /* will not work with these arguments, whoever repeats it */
	ERR_INPUT, /* the user's or a file's text is wrong; the text says where */
	ERR_BUG,   /* cannot happen; report it */
};

/*
 * One line, no line end. Functions return 0, or -1 with *err set and every
 * other output untouched. A caller that does not care passes NULL.
 */
struct err {
	enum err_kind kind;
	char          text[1024];
};

/* Each returns -1, so that `return err_input(err, "...")` reads well. */
int err_set(struct err *err, enum err_kind kind, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
int err_input(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends ": " and the text of errno; TEMP for ENOSPC, EAGAIN and the like, else PERM. */
int err_errno(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Puts new words and ": " before what *err says; keeps its kind. */
int err_wrap(struct err *err, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* So that the compiler sees the -1 too, and no output looks unset behind a check. */
#define err_set(...) ((err_set)(__VA_ARGS__), -1)
#define err_input(...) ((err_input)(__VA_ARGS__), -1)
#define err_errno(...) ((err_errno)(__VA_ARGS__), -1)
#define err_wrap(...) ((err_wrap)(__VA_ARGS__), -1)
