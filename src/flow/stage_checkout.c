#include "stages.h"

static int find_head(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;

	if (o->kind == DIFF_COMMITS)
		return revision_find(&run->head, &run->mem, &run->repo,
				     o->head ? o->head : "HEAD", err);
	return 0;
}

/* --staged and --worktree compare with HEAD, or with what --base names. */
static int find_base(struct run *run, struct err *err)
{
	const struct run_options *o = run->options;
	struct revision revision;

	if (o->kind == DIFF_COMMITS)
		return revision_base(&run->base, &run->mem, &run->repo, &run->head, o->base, err);
	/* before the first commit all is new: the diff knows what an empty base is */
	if (!o->base && revision_is_unborn(&run->repo))
		return 0;
	if (revision_find(&revision, &run->mem, &run->repo, o->base ? o->base : "HEAD", err) < 0)
		return -1;
	memcpy(run->base.oid, revision.oid, sizeof run->base.oid);
	run->base.name = revision.name;
	return 0;
}

int stage_checkout(struct run *run, struct err *err)
{
	const char *directory = run->options->directory ? run->options->directory : ".";

	run->review.is_change = true;
	if (repo_open(&run->repo, directory, err) < 0 || find_head(run, err) < 0 ||
	    find_base(run, err) < 0)
		return -1;
	memcpy(run->config_oid, run->base.oid, sizeof run->config_oid);
	memcpy(run->review.base_oid, run->base.oid, sizeof run->review.base_oid);
	memcpy(run->review.head_oid, run->head.oid, sizeof run->review.head_oid);
	if (run->options->kind == DIFF_COMMITS && run->base.kind == BASE_EMPTY)
		run->review.compared = STR("nothing: this is the first commit");
	else if (run->base.oid[0])
		run->review.compared = arena_printf(&run->mem, "%.10s%s%.*s%s", run->base.oid,
					    run->base.name.len ? " (" : "",
					    STR_ARG(run->base.name),
					    run->base.name.len ? ")" : "");
	if (run->options->kind == DIFF_COMMITS && run->base.kind == BASE_PARENT &&
	    !run->options->base)
		review_notice(&run->review,
			      "%.*s is on the default branch itself: compared with its parent",
			      STR_ARG(run->head.name));
	return 0;
}

/* A scan needs no repository, but ignores what git ignores when there is one. */
int stage_place(struct run *run, struct err *err)
{
	(void)err;
	/* raw: paths are named as they were given */
	if (run->options->raw)
		return 0;
	if (repo_open(&run->repo, run->options->n_paths ? run->options->paths[0] : ".", NULL) < 0)
		run->repo = (struct repo){ 0 };
	return 0;
}
