#include "repo/diff.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>

#include "compare.h"
#include "content.h"
#include "hunk.h"
#include "origin.h"
#include "rename.h"

/* One run of repo_diff. The handles end in release(). */
struct job {
	const struct diff_request *request;
	struct repo repo;
	struct arena *mem;
	git_tree *base; /* NULL: nothing, before the first commit */
	git_tree *head;
	git_diff *diff;
	git_odb *odb;
	struct attributes attributes;
	struct loader loader;
	struct changeset out;
	size_t files_left, bytes_left, lines_left;
};

static void release(struct job *job)
{
	git_diff_free(job->diff);
	git_tree_free(job->base);
	git_tree_free(job->head);
	git_odb_free(job->odb);
	attributes_close(&job->attributes);
	if (job->loader.root >= 0)
		close(job->loader.root);
}

static size_t or_default(size_t value, size_t standard)
{
	return value ? value : standard;
}

/* HEAD's commit, or "" before the first one. */
static int head_oid(char out[OID_HEX + 1], const struct repo *repo, struct err *err)
{
	git_oid oid;
	int code = git_reference_name_to_id(&oid, repo->git, "HEAD");

	*out = '\0';
	if (code == GIT_ENOTFOUND && git_repository_head_unborn(repo->git) == 1)
		return 0;
	if (code < 0)
		return lib_fail(err, code, "resolve HEAD");
	oid_hex(out, &oid);
	return 0;
}

static int open_base(struct job *job, struct err *err)
{
	char *oid = job->out.base_oid;
	git_oid commit;
	bool is_commit;

	if (!job->request->base && head_oid(oid, &job->repo, err) < 0)
		return -1;
	if (job->request->base)
		strncat(oid, job->request->base, OID_HEX);
	if (*oid == '\0')
		return 0;
	if (tree_of(&job->base, &is_commit, job->repo.git, oid, err) < 0)
		return err_wrap(err, "base of the change");
	if (!is_commit) {
		*oid = '\0';
		return 0;
	}
	if (oid_parse(&commit, oid, err) < 0)
		return -1;
	return attributes_open(&job->attributes, job->repo.git, &commit, err);
}

static int open_head(struct job *job, struct err *err)
{
	const char *root;
	bool is_commit;

	if (job->request->kind == DIFF_COMMITS) {
		const char *oid = job->request->head ? job->request->head : "";

		if (tree_of(&job->head, &is_commit, job->repo.git, oid, err) < 0)
			return err_wrap(err, "head of the change");
		if (is_commit)
			strncat(job->out.head_oid, oid, OID_HEX);
		return 0;
	}
	if (repo_root(&root, &job->repo, err) < 0)
		return -1;
	job->loader.root = open(root, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return job->loader.root < 0 ? err_errno(err, "open '%s'", root) : 0;
}

static int open_diff(struct job *job, struct err *err)
{
	git_repository *git = job->repo.git;
	git_diff_options options = {
		.version = GIT_DIFF_OPTIONS_VERSION,
		.flags = GIT_DIFF_INCLUDE_TYPECHANGE | GIT_DIFF_SKIP_BINARY_CHECK |
			 GIT_DIFF_DISABLE_PATHSPEC_MATCH,
		.ignore_submodules = GIT_SUBMODULE_IGNORE_DIRTY, /* never looks at their files */
	};
	int code;

	if (job->request->kind == DIFF_STAGED) {
		code = git_diff_tree_to_index(&job->diff, git, job->base, NULL, &options);
	} else {
		options.flags |= GIT_DIFF_INCLUDE_UNTRACKED | GIT_DIFF_RECURSE_UNTRACKED_DIRS;
		code = git_diff_tree_to_workdir_with_index(&job->diff, git, job->base, &options);
	}
	if (code < 0)
		return lib_fail(err, code, "find the changed files");
	if (git_diff_num_deltas(job->diff) > DIFF_MAX_DELTAS)
		return err_input(err, "more than %d changed files", DIFF_MAX_DELTAS);
	return 0;
}

static void copy_side(struct job *job, struct str *path, uint32_t *mode, char oid[OID_HEX + 1],
		      const git_diff_file *file, bool on_disk)
{
	*path = arena_str(job->mem, str_of(file->path));
	*mode = file->mode;
	if (!on_disk && !git_oid_is_zero(&file->id))
		oid_hex(oid, &file->id);
}

static void add_delta(struct job *job, const git_diff_delta *delta)
{
	static const struct {
		enum change_status status;
		bool old, new;
	} table[] = {
		[GIT_DELTA_UNMODIFIED] = { CHANGE_MODIFIED, false, false },
		[GIT_DELTA_ADDED] = { CHANGE_ADDED, false, true },
		[GIT_DELTA_DELETED] = { CHANGE_DELETED, true, false },
		[GIT_DELTA_MODIFIED] = { CHANGE_MODIFIED, true, true },
		[GIT_DELTA_RENAMED] = { CHANGE_RENAMED, true, true },
		[GIT_DELTA_COPIED] = { CHANGE_COPIED, true, true },
		[GIT_DELTA_IGNORED] = { CHANGE_MODIFIED, false, false },
		[GIT_DELTA_UNTRACKED] = { CHANGE_ADDED, false, true },
		[GIT_DELTA_TYPECHANGE] = { CHANGE_TYPE, true, true },
		[GIT_DELTA_UNREADABLE] = { CHANGE_ADDED, false, true },
		[GIT_DELTA_CONFLICTED] = { CHANGE_MODIFIED, true, true },
	};
	struct change change = { .status = table[delta->status].status };
	bool old = table[delta->status].old, new = table[delta->status].new;

	if (!old && !new)
		return;
	if (old)
		copy_side(job, &change.old_path, &change.old_mode, change.old_oid, &delta->old_file,
			  false);
	if (new)
		copy_side(job, &change.new_path, &change.new_mode, change.new_oid, &delta->new_file,
			  job->request->kind == DIFF_WORKTREE);
	else
		change.new_path = change.old_path;
	if (delta->status == GIT_DELTA_CONFLICTED) {
		change.skip = SKIP_UNREADABLE;
		change.skip_detail = STR("unresolved merge conflict");
	}
	ARENA_PUSH(job->mem, &job->out, change);
}

static enum change_skip skip_by_mode(struct change *change)
{
	static const struct {
		uint32_t mode;
		enum change_skip skip;
	} modes[] = {
		{ GIT_FILEMODE_COMMIT, SKIP_SUBMODULE },
		{ GIT_FILEMODE_TREE, SKIP_SUBMODULE }, /* an untracked repository below this one */
		{ GIT_FILEMODE_LINK, SKIP_SYMLINK },
		{ GIT_FILEMODE_UNREADABLE, SKIP_UNREADABLE },
	};
	uint32_t mode = change->status == CHANGE_DELETED ? change->old_mode : change->new_mode;

	for (size_t i = 0; i < COUNT(modes); i++)
		if (mode == modes[i].mode)
			return modes[i].skip;
	if (change->status == CHANGE_DELETED)
		return SKIP_DELETED;
	if (change->status == CHANGE_MODIFIED && *change->new_oid &&
	    strcmp(change->old_oid, change->new_oid) == 0) {
		change->status = CHANGE_MODE;
		return SKIP_MODE_ONLY;
	}
	return SKIP_NONE;
}

/* What can be said without reading the file; cheap, as a change may have very many. */
static enum change_skip skip_early(struct job *job, struct change *change)
{
	const struct diff_request *request = job->request;
	enum change_skip skip = skip_by_mode(change);

	if (skip != SKIP_NONE)
		return skip;
	if (request->wanted && !request->wanted(request->payload, change->new_path))
		return SKIP_FILTERED;
	if (job->files_left == 0)
		return SKIP_LIMIT;
	if (!request->keep_generated)
		skip = origin_of_path(&change->skip_detail, &job->attributes, change->new_path);
	return skip;
}

/* Only the side that is a regular file has a text: a symlink that became a file is all new. */
static enum change_skip load_texts(struct job *job, struct change *change)
{
	struct side old = { change->old_oid, change->old_path };
	struct side new = { change->new_oid, change->new_path };
	bool has_old = change->old_mode == GIT_FILEMODE_BLOB ||
		       change->old_mode == GIT_FILEMODE_BLOB_EXECUTABLE;
	enum change_skip skip = SKIP_NONE;

	change->old_text = change->new_text = STR("");
	if (has_old)
		skip = content_load(&change->old_text, &change->skip_detail, job->mem,
				    &job->bytes_left, &job->loader, &old);
	if (skip == SKIP_NONE)
		skip = content_load(&change->new_text, &change->skip_detail, job->mem,
				    &job->bytes_left, &job->loader, &new);
	return skip;
}

static bool is_lfs(struct str text)
{
	return text.len < 1024 &&
	       str_starts(text, STR("version https://git-lfs.github.com/spec/v1"));
}

static enum change_skip skip_by_text(struct job *job, struct change *change)
{
	struct str old = change->old_text, new = change->new_text;

	if (is_lfs(new))
		return SKIP_LFS;
	if (content_is_binary(old) || content_is_binary(new))
		return SKIP_BINARY;
	if (!str_is_utf8(new))
		return SKIP_ENCODING;
	if (!str_is_utf8(old)) {
		change->skip_detail = STR("the old side is not");
		return SKIP_ENCODING;
	}
	/* the change must not call itself generated; a new file has nobody else to ask */
	if (job->request->keep_generated)
		return SKIP_NONE;
	return origin_of_text(&change->skip_detail, old.len ? old : new);
}

/* A file of the work tree whose time stamp changed but not its text: git would not show it. */
static bool is_unchanged(const struct change *change)
{
	return change->status == CHANGE_MODIFIED && change->old_mode == change->new_mode &&
	       str_eq(change->old_text, change->new_text);
}

/* Loads and judges a file that nothing speaks against so far. */
static void read_texts(struct job *job, struct change *change, bool *keep)
{
	job->files_left--;
	change->skip = load_texts(job, change);
	if (change->skip != SKIP_NONE)
		return;
	if (is_unchanged(change)) {
		*keep = false;
	} else if (change->status == CHANGE_MODIFIED &&
		   str_eq(change->old_text, change->new_text)) {
		change->status = CHANGE_MODE;
		change->skip = SKIP_MODE_ONLY;
	} else {
		change->skip = skip_by_text(job, change);
	}
}

/* Sets skip, or the texts and hunks. *keep is false for a file that did not change after all. */
static int analyse(struct job *job, struct change *change, bool *keep, struct err *err)
{
	int over = 0;

	*keep = true;
	if (change->skip == SKIP_NONE)
		change->skip = skip_early(job, change);
	if (change->skip == SKIP_NONE)
		read_texts(job, change, keep);
	if (change->skip == SKIP_NONE && *keep)
		over = hunks_make(change, job->mem, &job->lines_left, err);
	if (over < 0)
		return -1;
	if (over > 0) {
		change->skip = SKIP_LIMIT;
		change->skip_detail = STR("all changed lines together are over the limit");
	}
	if (change->skip != SKIP_NONE)
		change->old_text = change->new_text = (struct str){ 0 };
	return 0;
}

static int compare_changes(const void *a, const void *b)
{
	const struct change *one = a, *two = b;
	int order = str_cmp(one->new_path, two->new_path);

	return order ? order : (one->status > two->status) - (one->status < two->status);
}

static int list(struct job *job, struct err *err)
{
	if (job->request->kind == DIFF_COMMITS)
		return trees_compare(&job->out, job->mem, job->base, job->head, DIFF_MAX_DELTAS,
				     err);
	if (open_diff(job, err) < 0)
		return -1;
	for (size_t i = 0; i < git_diff_num_deltas(job->diff); i++)
		add_delta(job, git_diff_get_delta(job->diff, i));
	return 0;
}

static int fill(struct job *job, struct err *err)
{
	size_t kept = 0;
	bool keep;

	if (list(job, err) < 0)
		return -1;
	rename_find(job->out.items, &job->out.n, &job->loader);
	if (job->out.n)
		qsort(job->out.items, job->out.n, sizeof *job->out.items, compare_changes);
	for (size_t i = 0; i < job->out.n; i++) {
		if (analyse(job, &job->out.items[i], &keep, err) < 0)
			return -1;
		if (keep)
			job->out.items[kept++] = job->out.items[i];
	}
	job->out.n = kept;
	return 0;
}

static int run(struct job *job, struct err *err)
{
	int code = git_repository_odb(&job->odb, job->repo.git);

	if (code < 0)
		return lib_fail(err, code, "open the objects");
	job->loader.odb = job->odb;
	if (open_base(job, err) < 0 || open_head(job, err) < 0)
		return -1;
	return fill(job, err);
}

int repo_diff(struct changeset *out, struct arena *mem, const struct repo *repo,
	      const struct diff_request *request, struct err *err)
{
	struct job job = {
		.request = request,
		.repo = *repo,
		.mem = mem,
		.loader = { .git = repo->git,
			    .root = -1,
			    .max_file = or_default(request->max_file_bytes, DIFF_MAX_FILE_BYTES) },
		.files_left = or_default(request->max_files, DIFF_MAX_FILES),
		.bytes_left = or_default(request->max_total_bytes, DIFF_MAX_TOTAL_BYTES),
		.lines_left = DIFF_MAX_LINES,
	};
	int result = run(&job, err);

	if (result == 0)
		*out = job.out;
	release(&job);
	return result;
}
