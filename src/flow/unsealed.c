/* Only in a build without src/sandbox/seal.c: what cannot be confined is refused, not run unconfined. */
#include "sandbox/seal.h"

int seal_analyst(const struct seal_options *options, struct seal_report *report, struct err *err)
{
	(void)options, (void)report;
	return err_set(err, ERR_PERM, "this build has no seal");
}
