/* What changed: every status, every reason to skip, and the hunks. */
#include "repo_fixture.h"

#include "repo/diff.h"

#define BIG_TEXT "one\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\n"

static void commit_all(void)
{
	sh("git add -A && git commit -qm x");
}

static const char *oid(const char *rev)
{
	static char ids[4][OID_HEX + 1];
	static size_t next;
	char line[128], *id = ids[next++ % COUNT(ids)];

	snprintf(line, sizeof line, "git rev-parse %s", rev);
	snprintf(id, OID_HEX + 1, "%.40s", sh_line(line));
	return id;
}

static struct changeset diff(struct fixture *f, const struct diff_request *request)
{
	struct changeset changes = { 0 };

	open_here(f);
	if (repo_diff(&changes, &f->mem, &f->repo, request, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return changes;
}

/* HEAD^ .. HEAD */
static struct changeset diff_last(struct fixture *f)
{
	struct diff_request request = { .base = oid("HEAD^"), .head = oid("HEAD") };

	return diff(f, &request);
}

static struct changeset diff_worktree(struct fixture *f)
{
	struct diff_request request = { .kind = DIFF_WORKTREE };

	return diff(f, &request);
}

static const struct change *find(const struct changeset *changes, const char *path)
{
	for (size_t i = 0; i < changes->n; i++)
		if (str_eq(changes->items[i].new_path, str_of(path)))
			return &changes->items[i];
	fail_msg("no change of %s among %zu", path, changes->n);
	abort();
}

static void assert_skip(const struct changeset *changes, const char *path, enum change_skip skip,
			const char *detail)
{
	const struct change *change = find(changes, path);

	if (change->skip != skip)
		fail_msg("%s: %s (%.*s), not %s", path, change_skip_name(change->skip),
			 STR_ARG(change->skip_detail), change_skip_name(skip));
	assert_true(str_has(change->skip_detail, str_of(detail)));
	assert_int_equal(change->n_hunks, 0);
	assert_int_equal(change->old_text.len + change->new_text.len, 0);
}

static void assert_hunk(const struct hunk *hunk, uint32_t old_start, uint32_t old_lines,
			uint32_t new_start, uint32_t new_lines)
{
	assert_int_equal(hunk->old_start, old_start);
	assert_int_equal(hunk->old_lines, old_lines);
	assert_int_equal(hunk->new_start, new_start);
	assert_int_equal(hunk->new_lines, new_lines);
}

static void statuses_and_texts(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	const struct change *change;

	put("changed", STR("a\nb\nc\n"));
	put("gone", STR("x\n"));
	put("run.sh", STR("y\n"));
	commit_all();
	put("changed", STR("a\nB\nc\nd\n"));
	put("fresh", STR("1\n2\n"));
	sh("rm gone && chmod +x run.sh");
	commit_all();
	changes = diff_last(f);
	assert_int_equal(changes.n, 4);
	assert_string_equal(changes.base_oid, oid("HEAD^"));
	assert_string_equal(changes.head_oid, oid("HEAD"));

	change = find(&changes, "changed");
	assert_int_equal(change->status, CHANGE_MODIFIED);
	assert_int_equal(change->skip, SKIP_NONE);
	ASSERT_STR(change->old_path, "changed");
	ASSERT_STR(change->old_text, "a\nb\nc\n");
	ASSERT_STR(change->new_text, "a\nB\nc\nd\n");
	assert_int_equal(change->old_mode, 0100644);
	assert_string_equal(change->new_oid, oid("HEAD:changed"));
	assert_int_equal(change->added, 2);
	assert_int_equal(change->removed, 1);
	assert_int_equal(change->n_hunks, 1);
	assert_hunk(&change->hunks[0], 1, 3, 1, 4);
	assert_int_equal(change->hunks[0].n, 5);
	assert_int_equal(change->hunks[0].lines[1].kind, '-');
	assert_int_equal(change->hunks[0].lines[1].old_line, 2);
	assert_int_equal(change->hunks[0].lines[1].new_line, 0);
	assert_int_equal(change->hunks[0].lines[2].kind, '+');
	assert_int_equal(change->hunks[0].lines[2].new_line, 2);

	change = find(&changes, "fresh");
	assert_int_equal(change->status, CHANGE_ADDED);
	assert_int_equal(change->old_path.len, 0);
	assert_string_equal(change->old_oid, "");
	assert_hunk(&change->hunks[0], 0, 0, 1, 2);

	change = find(&changes, "gone");
	assert_int_equal(change->status, CHANGE_DELETED);
	assert_skip(&changes, "gone", SKIP_DELETED, "");
	change = find(&changes, "run.sh");
	assert_int_equal(change->status, CHANGE_MODE);
	assert_skip(&changes, "run.sh", SKIP_MODE_ONLY, "");
	assert_int_equal(change->new_mode, 0100755);
}

static void two_hunks(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put("f", STR(BIG_TEXT));
	commit_all();
	put("f", STR("ONE\ntwo\nthree\nfour\nfive\nsix\nseven\neight\nnine\nten\neleven\n"));
	commit_all();
	changes = diff_last(f);
	assert_int_equal(changes.items[0].n_hunks, 2);
	assert_hunk(&changes.items[0].hunks[0], 1, 4, 1, 4);
	assert_hunk(&changes.items[0].hunks[1], 8, 3, 8, 4);
}

static void renames(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	const struct change *change;

	sh("mkdir d");
	put("old.c", STR(BIG_TEXT));
	put("same.c", STR("equal content\n"));
	put("d/moved.c", STR("m1\nm2\nm3\nm4\nm5\nm6\nm7\nm8\n"));
	put("other.c", STR("nothing\nin common\n"));
	commit_all();
	sh("mkdir e && git mv old.c new.c && git mv same.c e/copy.c && git mv d/moved.c e/moved.c && rm other.c");
	sh("sed -i s/seven/SEVEN/ new.c && sed -i s/m8/M8/ e/moved.c && seq 20 > unlike.c");
	commit_all();
	changes = diff_last(f);
	assert_int_equal(changes.n, 5);
	change = find(&changes, "new.c");
	assert_int_equal(change->status, CHANGE_RENAMED);
	ASSERT_STR(change->old_path, "old.c");
	ASSERT_STR(change->old_text, BIG_TEXT);
	assert_hunk(&change->hunks[0], 4, 7, 4, 7);
	change = find(&changes, "e/copy.c");
	assert_int_equal(change->status, CHANGE_RENAMED);
	assert_int_equal(change->n_hunks, 0);
	assert_string_equal(change->old_oid, change->new_oid);
	ASSERT_STR(find(&changes, "e/moved.c")->old_path, "d/moved.c");
	assert_int_equal(find(&changes, "unlike.c")->status, CHANGE_ADDED);
	assert_int_equal(find(&changes, "other.c")->status, CHANGE_DELETED);
}

/* A name that stayed beats a text that is more alike, but not one that is quite different. */
static void renames_keep_the_name(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	sh("mkdir a b c && seq 100 > a/same && seq 100 > other && seq 200 220 > a/unlike");
	commit_all();
	sh("(seq 92; seq 200 206) > b/same && (seq 98; echo x) > third && (seq 500 530) > c/unlike");
	sh("rm -r a other");
	commit_all();
	changes = diff_last(f);
	ASSERT_STR(find(&changes, "b/same")->old_path, "a/same");
	ASSERT_STR(find(&changes, "third")->old_path, "other");
	assert_int_equal(find(&changes, "c/unlike")->status, CHANGE_ADDED);
}

static void folders_and_files_of_one_name(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	sh("mkdir x y && echo 1 > x/f && echo 2 > y.c && echo 3 > y/g && echo 4 > z && echo 5 > x-a");
	commit_all();
	sh("rm -r x z && echo 6 > x && mkdir z && echo 7 > z/h && echo 8 > y/g");
	commit_all();
	changes = diff_last(f);
	assert_int_equal(changes.n, 5);
	assert_int_equal(find(&changes, "x")->status, CHANGE_ADDED);
	assert_int_equal(find(&changes, "x/f")->status, CHANGE_DELETED);
	assert_int_equal(find(&changes, "y/g")->status, CHANGE_MODIFIED);
	assert_int_equal(find(&changes, "z")->status, CHANGE_DELETED);
	assert_int_equal(find(&changes, "z/h")->status, CHANGE_ADDED);
}

/* Ten folders that are one folder of ten, ten levels deep: ten thousand million files in a few bytes. */
static void tree_bomb(void **state)
{
	struct fixture *f = *state;
	struct changeset changes = { 0 };
	struct diff_request request;

	put("keep", STR("x\n"));
	commit_all();
	sh("t=$(git rev-parse HEAD^{tree}); for i in 0 1 2 3 4 5 6 7 8 9; do "
	   "t=$(for j in 0 1 2 3 4 5 6 7 8 9; do printf '040000 tree %%s\\t%%s\\n' $t $j; done"
	   " | git mktree); done; git tag bomb $(git commit-tree -m x $t)");
	request = (struct diff_request){ .base = oid("HEAD"), .head = oid("bomb") };
	open_here(f);
	assert_int_equal(repo_diff(&changes, &f->mem, &f->repo, &request, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "more than 200000 changed files");
}

static void folders_too_deep(void **state)
{
	struct fixture *f = *state;
	struct changeset changes = { 0 };
	struct diff_request request;

	put("keep", STR("x\n"));
	commit_all();
	sh("t=$(git rev-parse HEAD^{tree}); for i in $(seq 300); do "
	   "t=$(printf '040000 tree %%s\\td\\n' $t | git mktree); done; "
	   "git tag deep $(git commit-tree -m x $t)");
	request = (struct diff_request){ .base = oid("HEAD"), .head = oid("deep") };
	open_here(f);
	assert_int_equal(repo_diff(&changes, &f->mem, &f->repo, &request, &f->err), -1);
	ASSERT_HAS(f->err.text, "folders deep");
}

static void line_ends(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	const struct change *change;

	put("crlf", STR("a\r\nb\r\nc\r\n"));
	put("to_lf", STR("a\r\nb\r\n"));
	put("loses", STR("a\nb\n"));
	put("gains", STR("a\nb"));
	put("empty", STR(""));
	commit_all();
	put("crlf", STR("a\r\nB\r\nc\r\n"));
	put("to_lf", STR("a\nb\n"));
	put("loses", STR("a\nb"));
	put("gains", STR("a\nb\n"));
	put("empty", STR("\n"));
	commit_all();
	changes = diff_last(f);
	change = find(&changes, "crlf");
	assert_hunk(&change->hunks[0], 1, 3, 1, 3);
	assert_int_equal(change->added, 1);
	ASSERT_STR(change->new_text, "a\r\nB\r\nc\r\n");
	assert_int_equal(find(&changes, "to_lf")->added, 2);
	change = find(&changes, "loses");
	assert_hunk(&change->hunks[0], 1, 2, 1, 2);
	assert_int_equal(change->hunks[0].n, 3); /* the "\ No newline" notes are no lines */
	assert_int_equal(change->added, 1);
	assert_int_equal(find(&changes, "gains")->removed, 1);
	assert_hunk(&find(&changes, "empty")->hunks[0], 0, 0, 1, 1);
}

static void skips_by_content(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request;

	put("latin_old", STR("caf\xe9\n"));
	put("keep", STR("x\n"));
	commit_all();
	put("binary", STR("a\0b"));
	put("latin", STR("caf\xe9\n"));
	put("latin_old", STR("caf\xc3\xa9\n"));
	put("large", STR("123456789012345678901234567890123456789012345678901234567890\n"));
	put("pointer", STR("version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"));
	sh("ln -s /etc/passwd link");
	commit_all();
	request = (struct diff_request){ .base = oid("HEAD^"), .head = oid("HEAD") };
	changes = diff(f, &request);
	assert_skip(&changes, "binary", SKIP_BINARY, "");
	assert_skip(&changes, "latin", SKIP_ENCODING, "");
	assert_skip(&changes, "latin_old", SKIP_ENCODING, "old side");
	assert_skip(&changes, "pointer", SKIP_LFS, "");
	assert_skip(&changes, "link", SKIP_SYMLINK, "");
	assert_int_equal(find(&changes, "large")->skip, SKIP_NONE);
	request.max_file_bytes = 60;
	changes = diff(f, &request);
	assert_skip(&changes, "large", SKIP_TOO_LARGE, "61 bytes, the limit is 60");
	request.max_file_bytes = 61;
	changes = diff(f, &request);
	assert_int_equal(find(&changes, "large")->skip, SKIP_NONE);
}

static void submodule_and_type_change(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put("becomes_link", STR("x\n"));
	sh("ln -s nowhere becomes_file");
	commit_all();
	sh("rm becomes_link becomes_file && ln -s nowhere becomes_link");
	put("becomes_file", STR("1\n2\n"));
	sh("git update-index --add --cacheinfo 160000,$(git rev-parse HEAD),module");
	sh("git add becomes_link becomes_file && git commit -qm x");
	changes = diff_last(f);
	assert_skip(&changes, "module", SKIP_SUBMODULE, "");
	assert_skip(&changes, "becomes_link", SKIP_SYMLINK, "");
	assert_int_equal(find(&changes, "becomes_link")->status, CHANGE_TYPE);
	assert_int_equal(find(&changes, "becomes_file")->status, CHANGE_TYPE);
	assert_int_equal(find(&changes, "becomes_file")->skip, SKIP_NONE);
	assert_int_equal(find(&changes, "becomes_file")->added, 2);
}

static void generated_and_vendored_paths(void **state)
{
	static const struct {
		const char *path;
		enum change_skip skip;
	} cases[] = {
		{ "vendor/a.go", SKIP_VENDORED },
		{ "x/node_modules/b.js", SKIP_VENDORED },
		{ "third_party/c.c", SKIP_VENDORED },
		{ "my_vendor/d.go", SKIP_NONE },
		{ "vendor.go", SKIP_NONE },
		{ "a/x.min.js", SKIP_GENERATED },
		{ "a/x.pb.go", SKIP_GENERATED },
		{ "a/x_pb2.py", SKIP_GENERATED },
		{ "Cargo.lock", SKIP_GENERATED },
		{ "sub/go.sum", SKIP_GENERATED },
		{ "my.Cargo.lock.c", SKIP_NONE },
		{ "dist/app.js", SKIP_GENERATED },
		{ "dist/app.py", SKIP_NONE },
		{ "redist/app.js", SKIP_NONE },
		{ "min.js", SKIP_NONE },
	};
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request;

	put("keep", STR("x\n"));
	commit_all();
	for (size_t i = 0; i < COUNT(cases); i++) {
		sh("mkdir -p $(dirname %s)", cases[i].path);
		put(cases[i].path, STR("x\n"));
	}
	commit_all();
	request = (struct diff_request){ .base = oid("HEAD^"), .head = oid("HEAD") };
	changes = diff(f, &request);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (find(&changes, cases[i].path)->skip != cases[i].skip)
			fail_msg("%s", cases[i].path);
	assert_skip(&changes, "vendor/a.go", SKIP_VENDORED, "vendor/");
	request.keep_generated = true;
	changes = diff(f, &request);
	for (size_t i = 0; i < changes.n; i++)
		assert_int_equal(changes.items[i].skip, SKIP_NONE);
}

static void generated_by_marker(void **state)
{
	static const struct {
		const char *path, *text;
		enum change_skip skip;
	} cases[] = {
		{ "a.go", "// Code generated by stringer; DO NOT EDIT.\npackage a\n",
		  SKIP_GENERATED },
		{ "b.js", "/**\n * @generated SignedSource<<0>>\n */\n", SKIP_GENERATED },
		{ "c.py", "# This file was automatically generated by SWIG\n", SKIP_GENERATED },
		{ "d.cs", "// <auto-generated>\n", SKIP_GENERATED },
		{ "e.py", "TEXT = 'Code generated by x. DO NOT EDIT.'\n", SKIP_NONE },
		{ "f.c", "/* by someone@generated.example */\n", SKIP_NONE },
		{ "g.c", "/* code generated here must be fast */\n", SKIP_NONE },
	};
	struct fixture *f = *state;
	struct changeset changes;

	put("marked_later.c", STR("int a;\n"));
	put("marked_before.c", STR("/* @generated */\nint a;\n"));
	commit_all();
	for (size_t i = 0; i < COUNT(cases); i++)
		put(cases[i].path, str_of(cases[i].text));
	put("marked_later.c", STR("/* @generated */\nint b;\n"));
	put("marked_before.c", STR("int b;\n"));
	commit_all();
	changes = diff_last(f);
	for (size_t i = 0; i < COUNT(cases); i++)
		if (find(&changes, cases[i].path)->skip != cases[i].skip)
			fail_msg("%s", cases[i].path);
	assert_skip(&changes, "a.go", SKIP_GENERATED, "code generated");
	/* a change cannot call an existing file generated to get past the review */
	assert_int_equal(find(&changes, "marked_later.c")->skip, SKIP_NONE);
	assert_skip(&changes, "marked_before.c", SKIP_GENERATED, "@generated");
}

static void attributes_of_the_base(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	sh("mkdir -p lib/deep vendor");
	put(".gitattributes",
	    STR("*.gen linguist-generated\n*.dat -diff\nvendor/** linguist-vendored=false\n"));
	put("lib/.gitattributes", STR("/deep/* linguist-vendored=true\n"));
	commit_all();
	/* neither head, index nor work tree may add to them */
	put(".gitattributes", STR("* linguist-generated\n"));
	put("a.gen", STR("x\n"));
	put("a.dat", STR("x\n"));
	put("a.c", STR("x\n"));
	put("lib/deep/b.c", STR("x\n"));
	put("vendor/own.c", STR("x\n"));
	commit_all();
	put("index", STR("not an index\n"));
	changes = diff_last(f);
	assert_skip(&changes, "a.gen", SKIP_GENERATED, ".gitattributes: linguist-generated");
	assert_skip(&changes, "a.dat", SKIP_GENERATED, ".gitattributes: -diff");
	assert_skip(&changes, "lib/deep/b.c", SKIP_VENDORED, ".gitattributes: linguist-vendored");
	assert_int_equal(find(&changes, "a.c")->skip, SKIP_NONE);
	assert_int_equal(find(&changes, "vendor/own.c")->skip, SKIP_NONE);
	assert_int_equal(find(&changes, ".gitattributes")->skip, SKIP_NONE);
}

static void attribute_files_of_the_head_do_not_hide_text(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put("a.c", STR("x\n"));
	commit_all();
	put(".gitattributes", STR("*.c binary\n"));
	put("a.c", STR("y\n"));
	commit_all();
	changes = diff_last(f);
	assert_int_equal(find(&changes, "a.c")->skip, SKIP_NONE);
	assert_int_equal(find(&changes, "a.c")->n_hunks, 1);
}

static bool wants_c(void *payload, struct str path)
{
	++*(size_t *)payload;
	return str_ends(path, STR(".c"));
}

static void filters_and_limits(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request;
	size_t asked = 0;

	put("keep", STR("x\n"));
	commit_all();
	sh("for i in 1 2 3 4; do echo $i > $i.c; echo $i > $i.h; done");
	commit_all();
	request = (struct diff_request){ .base = oid("HEAD^"),
					 .head = oid("HEAD"),
					 .wanted = wants_c,
					 .payload = &asked,
					 .max_files = 3 };
	changes = diff(f, &request);
	assert_int_equal(asked, 8);
	assert_skip(&changes, "1.h", SKIP_FILTERED, "");
	assert_int_equal(find(&changes, "3.c")->skip, SKIP_NONE);
	assert_skip(&changes, "4.c", SKIP_LIMIT, "");
	request.max_files = 0;
	request.max_total_bytes = 7;
	changes = diff(f, &request);
	assert_int_equal(find(&changes, "3.c")->skip, SKIP_NONE);
	assert_skip(&changes, "4.c", SKIP_LIMIT, "all texts");
}

static void odd_paths(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request = { .kind = DIFF_WORKTREE };

	put("keep", STR("x\n"));
	commit_all();
	put("new\nline", STR("x\n"));
	put("\xff\xfe.c", STR("x\n"));
	put("a [b]*?", STR("x\n"));
	put(" \"q\\", STR("x\n"));
	changes = diff(f, &request);
	assert_int_equal(changes.n, 4);
	assert_int_equal(find(&changes, "new\nline")->n_hunks, 1);
	assert_int_equal(find(&changes, "\xff\xfe.c")->n_hunks, 1);
	assert_int_equal(find(&changes, "a [b]*?")->n_hunks, 1);
	commit_all();
	changes = diff_last(f);
	assert_int_equal(changes.n, 4);
	assert_int_equal(find(&changes, "new\nline")->n_hunks, 1);
	assert_int_equal(find(&changes, "\xff\xfe.c")->n_hunks, 1);
	assert_int_equal(find(&changes, " \"q\\")->n_hunks, 1);
}

static void staged_and_worktree(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request = { .kind = DIFF_STAGED };

	put("both", STR("1\n"));
	put("touched", STR("1\n"));
	put("mode", STR("1\n"));
	put(".gitignore", STR("*.o\n"));
	commit_all();
	put("both", STR("2\n"));
	sh("git add both");
	put("both", STR("3\n"));
	sh("mkdir d && echo > d/untracked && echo > x.o && touch -d tomorrow touched && chmod +x mode");
	changes = diff(f, &request);
	assert_int_equal(changes.n, 1);
	ASSERT_STR(find(&changes, "both")->new_text, "2\n");
	assert_string_equal(changes.base_oid, oid("HEAD"));
	assert_string_equal(changes.head_oid, "");
	request.kind = DIFF_WORKTREE;
	changes = diff(f, &request);
	assert_int_equal(changes.n, 3);
	ASSERT_STR(find(&changes, "both")->new_text, "3\n");
	assert_string_equal(find(&changes, "both")->new_oid, "");
	assert_int_equal(find(&changes, "d/untracked")->status, CHANGE_ADDED);
	assert_skip(&changes, "mode", SKIP_MODE_ONLY, "");
	assert_int_equal(find(&changes, "mode")->status, CHANGE_MODE);
}

static void staged_against_another_commit(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request = { .kind = DIFF_STAGED };

	put("a", STR("1\n"));
	commit_all();
	put("a", STR("2\n"));
	commit_all();
	request.base = oid("HEAD^");
	changes = diff(f, &request);
	assert_int_equal(changes.n, 1);
	ASSERT_STR(changes.items[0].old_text, "1\n");
}

static void worktree_renames(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put("old", STR(BIG_TEXT));
	commit_all();
	sh("mv old new && sed -i s/six/SIX/ new");
	changes = diff_worktree(f);
	assert_int_equal(changes.n, 1);
	assert_int_equal(changes.items[0].status, CHANGE_RENAMED);
	ASSERT_STR(changes.items[0].old_path, "old");
}

static void worktree_converts_line_ends(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put(".gitattributes", STR("*.txt text eol=crlf\n"));
	put("a.txt", STR("1\r\n2\r\n3\r\n"));
	commit_all();
	put("a.txt", STR("1\r\nTWO\r\n3\r\n"));
	changes = diff_worktree(f);
	ASSERT_STR(find(&changes, "a.txt")->old_text, "1\n2\n3\n");
	ASSERT_STR(find(&changes, "a.txt")->new_text, "1\nTWO\n3\n");
	assert_int_equal(find(&changes, "a.txt")->added, 1);
}

/* Nothing outside of the work tree may be read, and nothing may hang. */
static void worktree_traps(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	sh("mkdir dir ../outside && echo secret > ../outside/file && echo secret > ../secret");
	put("dir/file", STR("inside\n"));
	put("becomes_fifo", STR("x\n"));
	put("becomes_link", STR("x\n"));
	commit_all();
	sh("rm becomes_fifo becomes_link && mkfifo becomes_fifo new_fifo");
	sh("ln -s ../secret becomes_link && ln -s ../secret new_link");
	sh("rm -r dir && ln -s ../outside dir && git init -q nested && echo > nested/x");
	changes = diff_worktree(f);
	assert_skip(&changes, "becomes_link", SKIP_SYMLINK, "");
	assert_skip(&changes, "new_link", SKIP_SYMLINK, "");
	assert_skip(&changes, "dir", SKIP_SYMLINK, "");
	assert_int_equal(find(&changes, "dir/file")->status, CHANGE_DELETED);
	assert_int_equal(find(&changes, "becomes_fifo")->status, CHANGE_DELETED);
	for (size_t i = 0; i < changes.n; i++)
		assert_false(str_has(changes.items[i].new_text, STR("secret")));
}

/* What git saw as a file is something else when it is read: wanted() stands between the two. */
static bool swap_for_traps(void *payload, struct str path)
{
	(void)payload;
	if (str_eq(path, STR("a")))
		sh("rm a && ln -s ../secret a && rm -r d && ln -s ../outside d && "
		   "rm fifo && mkfifo fifo && rm gone");
	return true;
}

static void worktree_races(void **state)
{
	struct fixture *f = *state;
	struct diff_request request = { .kind = DIFF_WORKTREE, .wanted = swap_for_traps };
	struct changeset changes;

	sh("mkdir d ../outside && echo secret > ../outside/file && echo secret > ../secret");
	put("keep", STR("x\n"));
	commit_all();
	put("a", STR("x\n"));
	put("d/file", STR("x\n"));
	put("fifo", STR("x\n"));
	put("gone", STR("x\n"));
	changes = diff(f, &request);
	assert_skip(&changes, "a", SKIP_UNREADABLE, "symbolic link");
	assert_skip(&changes, "d/file", SKIP_UNREADABLE, "Not a directory");
	assert_skip(&changes, "fifo", SKIP_UNREADABLE, "not a regular file");
	assert_skip(&changes, "gone", SKIP_UNREADABLE, "No such file");
}

static void conflicts_are_not_analysed(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put("a", STR("1\n"));
	commit_all();
	sh("git checkout -qb other && echo 2 > a && git commit -qam x && git checkout -q main");
	sh("echo 3 > a && git commit -qam x && ! git merge other");
	changes = diff_worktree(f);
	assert_skip(&changes, "a", SKIP_UNREADABLE, "merge conflict");
}

static void missing_objects(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;

	put("a", STR("1\n"));
	put("b", STR("1\n"));
	commit_all();
	put("a", STR("2\n"));
	put("b", STR("2 and\n"));
	commit_all();
	sh("o=$(git rev-parse HEAD:a); rm -f .git/objects/$(echo $o | cut -c1-2)/$(echo $o | cut -c3-)");
	changes = diff_last(f);
	assert_skip(&changes, "a", SKIP_UNREADABLE, "not in this clone");
	assert_int_equal(find(&changes, "b")->skip, SKIP_NONE);
}

static void before_the_first_commit(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request = { .kind = DIFF_STAGED };

	put("a", STR("1\n"));
	put("b", STR("1\n"));
	sh("git add a");
	changes = diff(f, &request);
	assert_int_equal(changes.n, 1);
	assert_string_equal(changes.base_oid, "");
	changes = diff_worktree(f);
	assert_int_equal(changes.n, 2);
	commit_all();
	request = (struct diff_request){ .base = "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
					 .head = oid("HEAD") };
	changes = diff(f, &request);
	assert_int_equal(changes.n, 2);
	assert_string_equal(changes.base_oid, "");
}

static void failures_leave_the_output_alone(void **state)
{
	struct fixture *f = *state;
	struct changeset changes = { .n = 7 };
	struct diff_request request = { .base = "0123456789012345678901234567890123456789",
					.head = "0123456789012345678901234567890123456789" };

	put("a", STR("1\n"));
	commit_all();
	open_here(f);
	assert_int_equal(repo_diff(&changes, &f->mem, &f->repo, &request, &f->err), -1);
	ASSERT_HAS(f->err.text, "base of the change");
	request.base = NULL;
	request.head = "HEAD";
	assert_int_equal(repo_diff(&changes, &f->mem, &f->repo, &request, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_BUG);
	assert_int_equal(changes.n, 7);
	sh("git clone -q --bare . ../bare");
	repo_close(&f->repo);
	assert_int_equal(repo_open(&f->repo, "../bare", &f->err), 0);
	request = (struct diff_request){ .kind = DIFF_WORKTREE };
	assert_int_equal(repo_diff(&changes, &f->mem, &f->repo, &request, &f->err), -1);
	ASSERT_HAS(f->err.text, "bare repository");
}

/* A reorganised tree: quick, and the rest over the cap is named. */
static void very_many_files(void **state)
{
	struct fixture *f = *state;
	struct changeset changes;
	struct diff_request request;
	size_t over = 0;

	put("keep", STR("x\n"));
	commit_all();
	sh("for i in $(seq 20000); do printf 'blob\\nmark :%%d\\ndata 8\\n%%07d\\n\\n' $i $i; done > ../import");
	sh("(cat ../import; printf 'commit refs/heads/many\\ncommitter T <t@example.invalid> 0 +0000\\ndata 0\\n';"
	   " for i in $(seq 20000); do echo M 100644 :$i old/$i.c; done) | git fast-import --quiet");
	sh("(cat ../import; printf 'commit refs/heads/moved\\ncommitter T <t@example.invalid> 0 +0000\\ndata 0\\n';"
	   " for i in $(seq 20000); do echo M 100644 :$((i %% 20000 + 1)) new/$i.c; done) | git fast-import --quiet");
	request = (struct diff_request){ .base = oid("many"), .head = oid("moved") };
	changes = diff(f, &request);
	assert_int_equal(changes.n, 20000);
	for (size_t i = 0; i < changes.n; i++) {
		assert_int_equal(changes.items[i].status, CHANGE_RENAMED);
		over += changes.items[i].skip == SKIP_LIMIT;
	}
	assert_int_equal(over, 20000 - DIFF_MAX_FILES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(statuses_and_texts),
		FIXTURE_TEST(two_hunks),
		FIXTURE_TEST(renames),
		FIXTURE_TEST(renames_keep_the_name),
		FIXTURE_TEST(folders_and_files_of_one_name),
		FIXTURE_TEST(tree_bomb),
		FIXTURE_TEST(folders_too_deep),
		FIXTURE_TEST(line_ends),
		FIXTURE_TEST(skips_by_content),
		FIXTURE_TEST(submodule_and_type_change),
		FIXTURE_TEST(generated_and_vendored_paths),
		FIXTURE_TEST(generated_by_marker),
		FIXTURE_TEST(attributes_of_the_base),
		FIXTURE_TEST(attribute_files_of_the_head_do_not_hide_text),
		FIXTURE_TEST(filters_and_limits),
		FIXTURE_TEST(odd_paths),
		FIXTURE_TEST(staged_and_worktree),
		FIXTURE_TEST(staged_against_another_commit),
		FIXTURE_TEST(worktree_renames),
		FIXTURE_TEST(worktree_converts_line_ends),
		FIXTURE_TEST(worktree_traps),
		FIXTURE_TEST(worktree_races),
		FIXTURE_TEST(conflicts_are_not_analysed),
		FIXTURE_TEST(missing_objects),
		FIXTURE_TEST(before_the_first_commit),
		FIXTURE_TEST(failures_leave_the_output_alone),
		FIXTURE_TEST(very_many_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
