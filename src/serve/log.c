#include "serve/log.h"

#include <jansson.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "base/scope.h"
#include "review/redact.h"

static const char *log_role = "outrider";
static enum log_level log_least = LOG_INFO;

void log_init(const char *role, enum log_level least)
{
	log_role = role;
	log_least = least;
}

static const char *level_name(enum log_level level)
{
	static const char *const names[LOG_LEVELS] = { "debug", "info", "warning", "error" };

	return names[level];
}

static void put_text(json_t *line, struct arena *mem, const char *name, struct str text)
{
	struct str masked = redact_text(mem, str_sub(text, 0, LOG_MAX_TEXT));
	json_t *value = json_stringn(masked.p ? masked.p : "", masked.len);

	if (!value) /* not UTF-8 */
		value = json_string("(unreadable bytes)");
	json_object_set_new(line, name, value);
	if (text.len > LOG_MAX_TEXT)
		json_object_set_new(line, "cut", json_integer((json_int_t)text.len));
}

static void put_time(json_t *line)
{
	struct timespec now;
	struct tm tm;
	char text[32], whole[48];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	snprintf(whole, sizeof(whole), "%s.%03ldZ", text, now.tv_nsec / 1000000);
	json_object_set_new(line, "time", json_string(whole));
}

void log_line(enum log_level level, const struct log_field *fields, const char *fmt, ...)
{
	AUTO_ARENA struct arena mem = { 0 };
	AUTO_BUF struct buf text = { 0 };
	char message[LOG_MAX_TEXT];
	json_t *line;
	char *dump;
	va_list args;

	if (level < log_least)
		return;
	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	arena_init(&mem, 1 << 20);
	line = json_object();
	put_time(line);
	json_object_set_new(line, "level", json_string(level_name(level)));
	json_object_set_new(line, "role", json_string(log_role));
	put_text(line, &mem, "message", str_of(message));
	for (; fields && fields->name; fields++)
		if (fields->text.p)
			put_text(line, &mem, fields->name, fields->text);
		else
			json_object_set_new(line, fields->name, json_integer(fields->number));
	dump = json_dumps(line, JSON_COMPACT);
	json_decref(line);
	if (!dump)
		return;
	buf_add(&text, str_of(dump));
	buf_add_byte(&text, '\n');
	free(dump);
	/* one write: lines of several processes do not mix */
	if (write(STDERR_FILENO, text.bytes, text.len) < 0)
		return;
}
