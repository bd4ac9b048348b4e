#include "matcher.h"

struct env *env_new(struct arena *mem, int32_t n_vars)
{
	struct env *env = ARENA_NEW(mem, struct env);
	size_t n = n_vars ? (size_t)n_vars : 1;

	env->n_vars = n_vars;
	env->single = ARENA_ARRAY(mem, n, uint32_t);
	env->multi = ARENA_ARRAY(mem, n, struct node_run);
	env->transformed = ARENA_ARRAY(mem, n, struct str);
	memset(env->single, 0xff, n * sizeof *env->single);
	memset(env->multi, 0xff, n * sizeof *env->multi);
	return env;
}

/* What is bound now, as a fresh environment of its own. */
struct env *env_clone(struct arena *mem, const struct env *env)
{
	struct env *copy = env_new(mem, env->n_vars);
	size_t n = (size_t)env->n_vars;

	memcpy(copy->single, env->single, n * sizeof *env->single);
	memcpy(copy->multi, env->multi, n * sizeof *env->multi);
	memcpy(copy->transformed, env->transformed, n * sizeof *env->transformed);
	for (size_t i = 0; i < env->list.n; i++)
		ARENA_PUSH(mem, &copy->list, env->list.items[i]);
	return copy;
}

size_t env_mark(const struct env *env)
{
	return env->trail.n;
}

void env_undo(struct env *env, size_t mark)
{
	while (env->trail.n > mark) {
		int32_t var = env->trail.items[--env->trail.n];

		if (var >= 0) {
			env->single[var] = env->list.items[--env->list.n];
		} else {
			struct node_run *run = &env->multi[-1 - var];
			struct node_run old;

			old.n = env->list.items[--env->list.n];
			old.at = env->list.items[--env->list.n];
			env->list.n = run->at;
			*run = old;
		}
	}
}

bool env_text(const struct matcher *m, int32_t single, int32_t multi, struct str *out)
{
	const struct env *env = m->env;

	if (multi >= 0) {
		struct node_run run = env->multi[multi];

		if (run.n == NODE_NONE || run.n == 0)
			return false;
		*out = str_sub(m->tree->text, m->tree->nodes[env->list.items[run.at]].start,
			       m->tree->nodes[env->list.items[run.at + run.n - 1]].end);
		return true;
	}
	if (env->single[single] != NODE_NONE) {
		*out = node_text(m->tree, env->single[single]);
		return true;
	}
	*out = env->transformed[single];
	return out->p != NULL;
}
