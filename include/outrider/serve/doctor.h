/* doctor.h - is this set-up right, and what is to be done where it is not. */
#pragma once
#include "serve/settings.h"

enum doctor_grade { DOCTOR_OK, DOCTOR_NOTE, DOCTOR_FAIL };

/* One line for a person; `mend` is what to do, empty when it is well. */
typedef void doctor_say(void *payload, enum doctor_grade grade, const char *what, const char *text,
			const char *mend);

/*
 * Looks at the data folder, the database, git, keys, secrets and what each forge says of our account. With `quick` nothing leaves this
 * machine: only whether the running service answers. False when something is wrong.
 */
bool doctor_run(const struct settings *settings, bool quick, doctor_say *say, void *payload);
