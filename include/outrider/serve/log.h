/*
 * log.h - what the service tells its operator: one JSON object a line, on standard error.
 *
 *   {"time":"2026-01-02T03:04:05.678Z","level":"info","role":"worker","message":"...","job":17,...}
 *
 * Texts are escaped and capped, and credentials in them are masked (review/redact.h): they may come from anywhere.
 */
#pragma once
#include "base/str.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARNING, LOG_ERROR, LOG_LEVELS };

enum { LOG_MAX_TEXT = 4096 }; /* of one value; longer ones are cut and say so */

/* A further member of a line. `text` is used when its p is set, else `number`. */
struct log_field {
	const char *name;
	struct str  text;
	int64_t     number;
};
#define LOG_TEXT(name, s) ((struct log_field){ (name), (s).p ? (s) : STR(""), 0 })
#define LOG_NUMBER(name, n) ((struct log_field){ (name), { 0 }, (int64_t)(n) })

/* Once, before threads. `role` is static. What is below `least` is not written. */
void log_init(const char *role, enum log_level least);
/* Whole lines, from any thread. The fields end with one without a name. */
void log_line(enum log_level level, const struct log_field *fields, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
#define log_info(...) log_line(LOG_INFO, NULL, __VA_ARGS__)
#define log_warning(...) log_line(LOG_WARNING, NULL, __VA_ARGS__)
#define log_error(...) log_line(LOG_ERROR, NULL, __VA_ARGS__)
/* log_line(LOG_INFO, LOG_FIELDS(LOG_NUMBER("job", 17)), "...") */
#define LOG_FIELDS(...) ((const struct log_field[]){ __VA_ARGS__, { NULL, { 0 }, 0 } })
