#include "bitbucket.h"
#include "http/url.h"

struct member_search {
	struct str login, word;
};

static int look_for_member(void *ctx, struct arena *mem, json_t *item, struct err *err)
{
	struct member_search *search = ctx;

	(void)err;
	if (!str_eq_nocase(payload_view(item, "user.name"), search->login))
		return 0;
	search->word = payload_name(mem, item, "permission");
	return 1;
}

/* Who has a permission of the repository's own; those of the project are asked for after. */
int bitbucket_dc_permission(struct forge *forge, struct arena *mem, const struct forge_place *place,
			    struct str login, enum permission *out, struct err *err)
{
	struct str base = bitbucket_dc_base(mem, place->repository, "api");
	struct str project = str_sub(base, 0, str_find(base, STR("/repos/")));
	struct str filter = url_escaped(mem, login);
	struct member_search search = { .login = login };
	const struct str paths[] = {
		path_printf(mem, "%.*s/permissions/users?limit=100&filter=%.*s", STR_ARG(base),
			    STR_ARG(filter)),
		path_printf(mem, "%.*s/permissions/users?limit=100&filter=%.*s", STR_ARG(project),
			    STR_ARG(filter)),
	};

	*out = PERMISSION_NONE;
	for (size_t i = 0; i < COUNT(paths); i++) {
		enum permission here;

		search.word = (struct str){ 0 };
		if (bitbucket_dc_list(forge, mem, place, paths[i], look_for_member, &search, err) <
		    0)
			return -1;
		here = str_ends(search.word, STR("_ADMIN"))   ? PERMISSION_ADMIN
		       : str_ends(search.word, STR("_WRITE")) ? PERMISSION_WRITE
		       : str_ends(search.word, STR("_READ"))  ? PERMISSION_READ
							      : PERMISSION_NONE;
		if (here > *out)
			*out = here;
	}
	return 0;
}
