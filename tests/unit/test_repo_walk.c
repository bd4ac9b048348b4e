/* Which files a scan looks at. */
#include "repo_fixture.h"

#include <sys/socket.h>
#include <sys/un.h>

#include "repo/walk.h"

static struct walk walk(struct fixture *f, const char *const *paths, size_t n)
{
	struct walk files = { 0 };

	if (repo_walk(&files, &f->mem, paths, n, &f->err) < 0)
		fail_msg("%s", f->err.text);
	return files;
}

static void assert_files(const struct walk *files, const char *const *paths, size_t n)
{
	for (size_t i = 0; i < n && i < files->n; i++)
		ASSERT_STR(files->items[i].path, paths[i]);
	assert_int_equal(files->n, n);
}

static void sorted_and_without_what_nobody_wrote(void **state)
{
	static const char *const expected[] = { ".gitignore", ".h",	    ".hidden/f", "a b",
						"a/x.c",      "a0",	    "b/.x/f",	 "b/c/.gitignore",
						"b/c/y.c",    "b/kept.o",   "z" };
	struct fixture *f = *state;
	struct walk files;

	sh("mkdir -p a b/c .hidden out deep/out b/.x");
	put("a/x.c", STR("12345"));
	sh("touch z a0 'a b' b/c/y.c b/kept.o x.o .h .hidden/f out/f deep/out/f b/.x/f b/c/local");
	put(".gitignore", STR("*.o\n!kept.o\nout/\n"));
	put("b/c/.gitignore", STR("/local\n"));
	files = walk(f, NULL, 0);
	assert_files(&files, expected, COUNT(expected));
	assert_int_equal(files.items[4].size, 5);
	assert_int_equal(files.items[4].skip, SKIP_NONE);
}

static void ignore_rules_count_from_the_root(void **state)
{
	static const char *const expected[] = { "../work/b/c/y.c" };
	const char *const paths[] = { "../work/b//" };
	struct fixture *f = *state;
	struct walk files;

	sh("mkdir -p b/c && touch b/c/y.c b/gone.c b/c/x.c");
	put(".gitignore", STR("/b/gone.c\nx.c\n"));
	files = walk(f, paths, 1);
	assert_files(&files, expected, 1);
}

static void a_named_path_is_always_taken(void **state)
{
	static const char *const expected[] = { ".hidden/f", "out/f", "x.o" };
	const char *const paths[] = { "./x.o", ".hidden", "out/f", "x.o" };
	struct fixture *f = *state;
	struct walk files;

	sh("mkdir .hidden out && touch x.o .hidden/f out/f out/g");
	put(".gitignore", STR("*.o\nout\n"));
	files = walk(f, paths, COUNT(paths));
	assert_files(&files, expected, COUNT(expected));
}

static void outside_of_a_repository(void **state)
{
	static const char *const expected[] = { "../plain/b.o" }; /* dots hide where no repository says what counts */
	const char *const paths[] = { "../plain" };
	struct fixture *f = *state;
	struct walk files;

	sh("mkdir ../plain && touch ../plain/b.o ../plain/.env && echo '*.o' > .gitignore");
	files = walk(f, paths, 1);
	assert_files(&files, expected, 1);
}

static void links_and_special_files(void **state)
{
	static const char *const expected[] = { "fifo", "link", "real" };
	const char *const paths[] = { ".", "link", "fifo" };
	struct fixture *f = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX, .sun_path = "socket" };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct walk files;

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	sh("touch real && ln -s real link && ln -s . loop && ln -s nowhere dangling && mkfifo fifo");
	files = walk(f, paths, COUNT(paths));
	assert_files(&files, expected, COUNT(expected));
	assert_int_equal(files.items[0].skip, SKIP_UNREADABLE);
	ASSERT_STR(files.items[0].detail, "not a regular file");
	assert_int_equal(files.items[1].skip, SKIP_SYMLINK);
	assert_int_equal(files.items[2].skip, SKIP_NONE);
	close(fd);
}

static void odd_names(void **state)
{
	static const char *const expected[] = { "a\nb", "d \"/\xff\xfe", "\xc3\xa4" };
	struct fixture *f = *state;
	struct walk files;

	sh("mkdir 'd \"'");
	put("a\nb", STR(""));
	put("d \"/\xff\xfe", STR(""));
	put("\xc3\xa4", STR(""));
	files = walk(f, NULL, 0);
	assert_files(&files, expected, COUNT(expected));
}

static void unreadable_folder_is_named(void **state)
{
	struct fixture *f = *state;
	struct walk files;

	if (geteuid() == 0)
		skip();
	sh("mkdir closed && touch closed/f && chmod 0 closed");
	files = walk(f, NULL, 0);
	assert_int_equal(files.n, 1);
	ASSERT_STR(files.items[0].path, "closed");
	assert_int_equal(files.items[0].skip, SKIP_UNREADABLE);
	ASSERT_STR(files.items[0].detail, "Permission denied");
}

static void refusals_leave_the_output_alone(void **state)
{
	const char *const missing[] = { ".", "none/here" }, *const deep[] = { "d" };
	struct fixture *f = *state;
	struct walk files = { .n = 7 };

	assert_int_equal(repo_walk(&files, &f->mem, missing, 2, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "'none/here' does not exist");
	sh("d=d; for i in $(seq 210); do d=$d/d; done; mkdir -p $d");
	assert_int_equal(repo_walk(&files, &f->mem, deep, 1, &f->err), -1);
	assert_int_equal(f->err.kind, ERR_INPUT);
	ASSERT_HAS(f->err.text, "folders deep");
	assert_int_equal(files.n, 7);
}

static void foreign_repository_is_scanned(void **state)
{
	const char *const paths[] = { "../foreign" };
	struct fixture *f = *state;
	struct walk files;

	if (geteuid() != 0)
		skip();
	sh("git init -q ../foreign && touch ../foreign/a ../foreign/b");
	sh("echo b > ../foreign/.gitignore && chown -R 12345 ../foreign");
	files = walk(f, paths, 1);
	assert_int_equal(files.n, 2); /* .gitignore and a */
	assert_int_equal(repo_open(&f->repo, "../foreign", &f->err), -1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		FIXTURE_TEST(sorted_and_without_what_nobody_wrote),
		FIXTURE_TEST(ignore_rules_count_from_the_root),
		FIXTURE_TEST(a_named_path_is_always_taken),
		FIXTURE_TEST(outside_of_a_repository),
		FIXTURE_TEST(links_and_special_files),
		FIXTURE_TEST(odd_names),
		FIXTURE_TEST(unreadable_folder_is_named),
		FIXTURE_TEST(refusals_leave_the_output_alone),
		FIXTURE_TEST(foreign_repository_is_scanned),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
