/* output.h - what `scan` and `review` share: options, rendering, exit code. Private to this folder. */
#pragma once
#include "command.h"
#include "flow/run.h"
#include "option.h"

struct output_options {
	const char      *format, *file, *fail_on;
	bool             apply, help, quiet;
	struct text_list paths, rules, sarif; /* for the run */
};

/* Runs the stages, applies fixes if wanted, writes the report. Gives the exit code. */
int output_run(struct run_options *run, const struct output_options *out,
	       const struct stage *stages);
