/* attribute.h - what the base's .gitattributes say of a path. Private to src/repo. */
#pragma once
#include "git.h"

enum attribute { ATTRIBUTE_GENERATED, ATTRIBUTE_VENDORED, ATTRIBUTE_DIFF, ATTRIBUTE_COUNT };
enum attribute_value { ATTRIBUTE_UNSET, ATTRIBUTE_FALSE, ATTRIBUTE_TRUE };

/* Zeroed means: no attributes. */
struct attributes {
	git_repository *base;   /* owned: sees one commit, neither files nor index */
	git_odb        *odb;    /* owned */
	git_oid         commit;
};

int attributes_open(struct attributes *out, git_repository *git, const git_oid *commit,
		    struct err *err);
void attributes_close(struct attributes *attributes);
/* All ATTRIBUTE_UNSET when nothing is said, or when git cannot tell. */
void attributes_of(enum attribute_value out[ATTRIBUTE_COUNT], const struct attributes *attributes,
		   const char *path);
