#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

__attribute__((format(printf, 2, 0)))
static void set_text(struct err *err, const char *fmt, va_list args)
{
	vsnprintf(err->text, sizeof err->text, fmt, args);
	/* one line, whatever a path or a foreign text put into it */
	for (char *c = err->text; *c; c++)
		if ((unsigned char)*c < 0x20 || *c == 0x7f)
			*c = '?';
}

int (err_set)(struct err *err, enum err_kind kind, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -1;
	err->kind = kind;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	return -1;
}

int (err_input)(struct err *err, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return -1;
	err->kind = ERR_INPUT;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	return -1;
}

int (err_errno)(struct err *err, const char *fmt, ...)
{
	int saved = errno;
	char reason[128];
	va_list args;
	size_t used;

	if (!err)
		return -1;
	err->kind = saved == ENOSPC || saved == EAGAIN || saved == EINTR || saved == ENOMEM ||
			    saved == EMFILE || saved == ENFILE || saved == EDQUOT || saved == EBUSY
			    ? ERR_TEMP : ERR_PERM;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof err->text - used, ": %s",
		 strerror_r(saved, reason, sizeof reason));
	return -1;
}

int (err_wrap)(struct err *err, const char *fmt, ...)
{
	struct err old;
	va_list args;
	size_t used;

	if (!err)
		return -1;
	old = *err;
	va_start(args, fmt);
	set_text(err, fmt, args);
	va_end(args);
	used = strlen(err->text);
	if (used < sizeof err->text)
		snprintf(err->text + used, sizeof err->text - used, ": %.*s",
			 (int)(sizeof err->text - used - 1), old.text);
	return -1;
}
