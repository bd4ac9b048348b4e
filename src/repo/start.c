/*
 * Debian's libgit2 decodes the system's whole bundle of CA certificates whenever it starts: 4.5 ms, a tenth of a median
 * review, and there is no option to leave it out. We read clones on disk and never speak TLS through it. The
 * program's own symbol comes first, so the library loads no certificate; a connection would be refused, not trusted.
 */
#include "git.h"

struct mbedtls_x509_crt;
int mbedtls_x509_crt_parse_file(struct mbedtls_x509_crt *chain, const char *path);

__attribute__((visibility("default"), used)) int
mbedtls_x509_crt_parse_file(struct mbedtls_x509_crt *chain, const char *path)
{
	(void)chain;
	(void)path;
	return 0;
}

int git_start(struct err *err)
{
	int starts;

	if (late_git2(err))
		return -1;
	starts = git_libgit2_init();
	return starts < 0 ? lib_fail(err, starts, "start libgit2") : starts;
}
