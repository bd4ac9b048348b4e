#include "attribute.h"

/*
 * The base branch decides, never the change under review. libgit2 always asks work tree and index
 * too, so it is given a repository that has none: only the object store of the real one.
 */
int attributes_open(struct attributes *out, git_repository *git, const git_oid *commit,
		    struct err *err)
{
	AUTO(auto_git_odb) git_odb *odb = NULL;
	AUTO(auto_git_repository) git_repository *base = NULL;
	AUTO(auto_git_index) git_index *index = NULL;
	AUTO(auto_git_config) git_config *config = NULL;
	int code = git_repository_odb(&odb, git);

	if (code == 0)
		code = git_repository_wrap_odb(&base, odb);
	if (code == 0)
		code = git_index_new(&index);
	if (code == 0)
		code = git_repository_set_index(base, index);
	if (code == 0)
		code = git_config_new(&config);
	if (code == 0)
		code = git_repository_set_config(base, config);
	if (code < 0)
		return lib_fail(err, code, "prepare attributes");
	*out = (struct attributes){ .base = base, .odb = odb, .commit = *commit };
	base = NULL;
	odb = NULL;
	return 0;
}

void attributes_close(struct attributes *attributes)
{
	git_repository_free(attributes->base);
	git_odb_free(attributes->odb);
	*attributes = (struct attributes){ 0 };
}

static enum attribute_value value_of(const char *text)
{
	switch (git_attr_value(text)) {
	case GIT_ATTR_VALUE_TRUE:
		return ATTRIBUTE_TRUE;
	case GIT_ATTR_VALUE_FALSE:
		return ATTRIBUTE_FALSE;
	case GIT_ATTR_VALUE_STRING:
		return strcmp(text, "false") == 0 ? ATTRIBUTE_FALSE : ATTRIBUTE_TRUE;
	case GIT_ATTR_VALUE_UNSPECIFIED:
		break;
	}
	return ATTRIBUTE_UNSET;
}

void attributes_of(enum attribute_value out[ATTRIBUTE_COUNT], const struct attributes *attributes,
		   const char *path)
{
	static const char *names[ATTRIBUTE_COUNT] = { "linguist-generated", "linguist-vendored",
						      "diff" };
	const char *values[ATTRIBUTE_COUNT] = { 0 };
	git_attr_options options = {
		.version = GIT_ATTR_OPTIONS_VERSION,
		.flags = GIT_ATTR_CHECK_INDEX_ONLY | GIT_ATTR_CHECK_NO_SYSTEM |
			 GIT_ATTR_CHECK_INCLUDE_COMMIT,
		.attr_commit_id = attributes->commit,
	};

	if (attributes->base && git_attr_get_many_ext(values, attributes->base, &options, path,
						      ATTRIBUTE_COUNT, names) < 0)
		git_error_clear();
	for (size_t i = 0; i < ATTRIBUTE_COUNT; i++)
		out[i] = value_of(values[i]);
}
