/* oidc_who.c - from claims to a person: role, tenant, name. */
#include "body.h"
#include "oidc.h"

/* A claim by its name, or by a path of names with dots between ("realm_access.roles"). */
static const json_t *find_claim(struct arena *mem, const json_t *claims, struct str name)
{
	const json_t *value = json_object_get(claims, arena_z(mem, name));
	struct str rest = name, part;

	if (value)
		return value;
	for (value = claims; value && str_cut(&rest, '.', &part);)
		value = json_object_get(value, arena_z(mem, part));
	return value;
}

static bool matches(const struct glob_list *names, const json_t *value)
{
	struct str text = { json_string_value(value), json_string_length(value) };

	if (json_is_string(value))
		return text.len <= OIDC_MAX_CLAIM && glob_find(names, text);
	for (size_t i = 0; i < json_array_size(value); i++)
		if (json_is_string(json_array_get(value, i)) &&
		    matches(names, json_array_get(value, i)))
			return true;
	return false;
}

static int find_role(enum role *out, const struct settings *settings, struct arena *mem,
		     const json_t *claims, struct err *err)
{
	const struct glob_list *names[ROLES] = { [ROLE_VIEWER] = &settings->login.viewers,
						 [ROLE_OPERATOR] = &settings->login.operators,
						 [ROLE_ADMIN] = &settings->login.admins };
	struct str claim =
		settings->login.role_claim.len ? settings->login.role_claim : STR("groups");
	const json_t *value = find_claim(mem, claims, claim);

	for (int role = ROLES - 1; role >= 0; role--)
		if (matches(names[role], value)) {
			*out = (enum role)role;
			return 0;
		}
	if (!value)
		return err_set(err, ERR_PERM,
			       "You have no role here: the login service says nothing in '%.*s'.",
			       STR_ARG(claim));
	return err_set(
		err, ERR_PERM,
		"You have no role here: nothing in '%.*s' is one of viewers, operators, admins.",
		STR_ARG(claim));
}

/* One that an integration has: nobody names themselves into what is not there. */
static int find_tenant(struct str *out, const struct settings *settings, struct arena *mem,
		       const json_t *claims, struct err *err)
{
	const json_t *value = find_claim(mem, claims, settings->login.tenant_claim);
	struct str tenant =
		arena_str(mem, (struct str){ json_string_value(value), json_string_length(value) });

	if (settings->login.tenant_claim.len == 0)
		tenant = STR("default");
	else if (!settings_tenant(settings, tenant))
		return err_set(
			err, ERR_PERM, "No integration here is of your tenant ('%.*s' in '%.*s').",
			STR_ARG(str_sub(tenant, 0, 100)), STR_ARG(settings->login.tenant_claim));
	*out = tenant;
	return 0;
}

/* The lasting id always: names may be changed to those of others. */
static struct str subject_of(struct arena *mem, const json_t *claims)
{
	struct str sub = body_str(mem, claims, "sub"),
		   name = body_str(mem, claims, "preferred_username");

	if (name.len == 0)
		name = body_str(mem, claims, "email");
	if (name.len == 0 || name.len > OIDC_MAX_CLAIM / 2 || str_eq(name, sub))
		return str_sub(sub, 0, OIDC_MAX_CLAIM / 2);
	return arena_printf(mem, "%.*s (%.*s)", STR_ARG(name),
			    STR_ARG(str_sub(sub, 0, OIDC_MAX_CLAIM / 4)));
}

int oidc_who(struct session *out, const struct settings *settings, struct arena *mem,
	     const json_t *claims, struct err *err)
{
	struct session who = { 0 };

	if (find_role(&who.role, settings, mem, claims, err) ||
	    find_tenant(&who.tenant, settings, mem, claims, err))
		return -1;
	who.subject = subject_of(mem, claims);
	*out = who;
	return 0;
}
