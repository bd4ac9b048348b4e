/* selftest_record.h - `sandbox selftest --record`. Private to this folder. */
#pragma once
#include "selftest/record.h"

struct record_request {
	const char *path;      /* of the record; NULL: none is asked for */
	bool        if_needed;
	unsigned    parent;    /* a process with which this one ends; 0: none */
	bool        narrowed;  /* not all tricks, or not as jobs run: that is no record */
};

/* Tries all tricks, writes the record, prints its sentence. Gives the exit code; -1 when there is no record. */
int record_make(const struct record_request *request, unsigned parallel, struct arena *mem, struct err *err);
