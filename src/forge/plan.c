/* plan.c - from what is to be said to effects, by the row of the forge. Pure. */
#include "type.h"

static void lowering_start(struct lowering *lowering, struct forge_plan *out, struct arena *mem,
			   const struct forge_target *target, const struct post_plan *plan)
{
	*lowering = (struct lowering){ .mem = mem, .target = target, .plan = plan, .out = out };
}

static int check_target(const struct forge_target *target, struct err *err)
{
	const struct forge_type *type = target->config->type;
	bool deep = type != &forge_github && type != &forge_gitea && type != &forge_forgejo;

	if (!repository_is_valid(target->pull->repository, deep))
		return err_input(err, "'%.*s' is no name of a repository",
				 STR_ARG(target->pull->repository));
	if (!target->key.len || target->key.len > EFFECT_MAX_KEY / 2)
		return err_set(err, ERR_BUG, "the key of a job must have 1 to %d bytes",
			       EFFECT_MAX_KEY / 2);
	return 0;
}

static void lowering_end(struct lowering *lowering)
{
	buf_release(&lowering->leftover);
}

int forge_lower(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
		const struct post_plan *plan, struct err *err)
{
	struct forge_plan made = { 0 };
	AUTO(lowering_end) struct lowering lowering;

	lowering_start(&lowering, &made, mem, target, plan);
	if (check_target(target, err) < 0)
		return -1;
	if (!target->config->type->lower)
		return err_set(err, ERR_PERM, "%s takes no reviews", target->config->type->label);
	target->config->type->lower(&lowering);
	*out = made;
	return 0;
}

int forge_lower_started(struct forge_plan *out, struct arena *mem,
			const struct forge_target *target, struct err *err)
{
	struct forge_plan made = { 0 };
	AUTO(lowering_end) struct lowering lowering;

	lowering_start(&lowering, &made, mem, target, NULL);
	if (check_target(target, err) < 0)
		return -1;
	if (target->config->type->lower_started)
		target->config->type->lower_started(&lowering);
	for (size_t i = 0; i < made.effects.n; i++)
		memcpy(made.effects.items[i].head_oid, target->pull->head_oid, OID_HEX + 1);
	*out = made;
	return 0;
}

int forge_lower_comment(struct forge_plan *out, struct arena *mem,
			const struct forge_target *target, struct str body, struct str key_part,
			struct err *err)
{
	struct forge_plan made = { 0 };
	AUTO(lowering_end) struct lowering lowering;

	lowering_start(&lowering, &made, mem, target, NULL);
	if (check_target(target, err) < 0)
		return -1;
	if (!target->config->type->lower_comment)
		return err_set(err, ERR_PERM, "%s takes no comments", target->config->type->label);
	target->config->type->lower_comment(&lowering, body,
					    lower_key(&lowering, arena_z(mem, key_part)));
	*out = made;
	return 0;
}

int forge_lower_reply(struct forge_plan *out, struct arena *mem, const struct forge_target *target,
		      struct str thread, struct str comment, struct str body, struct str key_part,
		      struct err *err)
{
	struct forge_plan made = { 0 };
	AUTO(lowering_end) struct lowering lowering;

	lowering_start(&lowering, &made, mem, target, NULL);
	if (check_target(target, err) < 0)
		return -1;
	if (!target->config->type->lower_reply)
		return forge_lower_comment(out, mem, target, body, key_part, err);
	if (target->config->type->lower_reply(&lowering, thread, comment, body,
					      lower_key(&lowering, arena_z(mem, key_part)),
					      err) < 0)
		return -1;
	*out = made;
	return 0;
}

int forge_lower_reaction(struct forge_plan *out, struct arena *mem,
			 const struct forge_target *target, struct str comment,
			 enum reaction reaction, struct err *err)
{
	struct forge_plan made = { 0 };
	AUTO(lowering_end) struct lowering lowering;

	lowering_start(&lowering, &made, mem, target, NULL);
	if (check_target(target, err) < 0)
		return -1;
	if (target->config->type->lower_reaction &&
	    target->config->type->lower_reaction(&lowering, comment, reaction, err) < 0)
		return -1;
	*out = made;
	return 0;
}
