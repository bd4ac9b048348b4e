#include "git.h"

#include <stdarg.h>
#include <stdio.h>

int lib_fail(struct err *err, int code, const char *fmt, ...)
{
	const git_error *last = git_error_last();
	char words[512], reason[400];
	va_list args;

	snprintf(reason, sizeof reason, "%s",
		 last && last->message ? last->message : "git gave no reason");
	git_error_clear();
	va_start(args, fmt);
	vsnprintf(words, sizeof words, fmt, args);
	va_end(args);
	return err_set(err, code == GIT_ELOCKED ? ERR_TEMP : ERR_PERM, "%s: %s", words, reason);
}

int oid_parse(git_oid *out, const char *hex, struct err *err)
{
	git_oid oid;

	if (strlen(hex) != OID_HEX || git_oid_fromstr(&oid, hex) < 0)
		return err_set(err, ERR_BUG, "'%.60s' is not an object id", hex);
	*out = oid;
	return 0;
}

int tree_of(git_tree **out, bool *is_commit, git_repository *git, const char *hex, struct err *err)
{
	AUTO(auto_git_object) git_object *object = NULL;
	git_oid oid;
	int code;

	if (oid_parse(&oid, hex, err) < 0)
		return -1;
	code = git_object_lookup(&object, git, &oid, GIT_OBJECT_ANY);
	if (code < 0)
		return lib_fail(err, code, "read %s", hex);
	code = git_object_peel((git_object **)out, object, GIT_OBJECT_TREE);
	if (code < 0)
		return lib_fail(err, code, "%s has no tree", hex);
	if (is_commit)
		*is_commit = git_object_type(object) == GIT_OBJECT_COMMIT;
	return 0;
}

void oid_hex(char out[OID_HEX + 1], const git_oid *oid)
{
	git_oid_tostr(out, OID_HEX + 1, oid);
}
