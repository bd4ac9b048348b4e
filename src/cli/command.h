/* command.h - one subcommand, one file. Private to this folder. */
#pragma once
#include "base/err.h"

/* Documented in README.md; stable. */
enum exit_code {
	EXIT_CLEAN = 0,    /* nothing at or above --fail-on */
	EXIT_FINDINGS = 1, /* something at or above --fail-on; for `rules test`: a case failed */
	EXIT_USAGE = 2,    /* wrong arguments or input: the text says what to change */
	EXIT_TROUBLE = 3,  /* it did not work: disk full, out of memory, a bug */
};

struct command {
	const char *name;
	const char *about;  /* one line; NULL: not shown */
	int       (*run)(int argc, char **argv); /* argv[0] is the name; gives an exit code */
};

int cmd_analyst(int argc, char **argv);
int cmd_review(int argc, char **argv);
int cmd_scan(int argc, char **argv);
int cmd_rules(int argc, char **argv);
int cmd_keys(int argc, char **argv);
int cmd_audit(int argc, char **argv);
int cmd_shadow(int argc, char **argv);
int cmd_languages(int argc, char **argv);
int cmd_serve(int argc, char **argv);
int cmd_worker(int argc, char **argv);
int cmd_doctor(int argc, char **argv);
int cmd_sandbox(int argc, char **argv);
int cmd_env(int argc, char **argv);
/* Commands of `sandbox`. */
int cmd_sandbox_run(int argc, char **argv);
int cmd_sandbox_fetch(int argc, char **argv);
int cmd_sandbox_learn(int argc, char **argv);
int cmd_sandbox_probe(int argc, char **argv);
int cmd_sandbox_selftest(int argc, char **argv);

/* Prints "outrider: ..." on standard error; gives the exit code for the kind of error. */
int report_error(const struct err *err);
