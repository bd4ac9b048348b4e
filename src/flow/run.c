#include "flow/run.h"

#include "base/file.h"
#include "stages.h"

const struct stage review_stages[] = {
	{ "checkout", stage_checkout }, { "configuration", stage_config },
	{ "diff", stage_diff },		{ "rules", stage_rules },
	{ "findings", stage_findings }, { "import", stage_import },
	{ "conclude", stage_conclude }, { NULL, NULL },
};

const struct stage scan_stages[] = {
	{ "place", stage_place },   { "configuration", stage_config },
	{ "walk", stage_walk },	    { "rules", stage_rules },
	{ "findings", stage_scan }, { "import", stage_import },
	{ "conclude", stage_conclude }, { NULL, NULL },
};

void run_init(struct run *run, const struct run_options *options)
{
	*run = (struct run){ .options = options };
	arena_init(&run->mem, RUN_MEMORY);
	config_init(&run->config);
	run->review.mem = &run->mem;
}

int run_stages(struct run *run, const struct stage *stages, struct err *err)
{
	for (; stages->name; stages++)
		if (stages->run(run, err) < 0)
			return -1;
	return 0;
}

void run_release(struct run *run)
{
	ruleset_free(run->rules);
	repo_close(&run->repo);
	arena_release(&run->mem);
}

const struct language *run_language(const struct run *run, struct str path, struct str text)
{
	struct str name = config_language(&run->config, path);

	return name.len ? language_by_name(name) : language_detect(path, text);
}

/* Folders that mean tests in every language; file names are the profiles' affair. */
static bool in_test_folder(struct str path)
{
	static const struct str folders[] = {
		{ "test", 4 },	    { "tests", 5 },	   { "testdata", 8 },	{ "test-data", 9 },
		{ "testing", 7 },   { "fixtures", 8 },	   { "__fixtures__", 12 }, { "__tests__", 9 },
		{ "__mocks__", 9 }, { "spec", 4 },	   { "e2e", 3 },	{ "testsuite", 9 },
		{ "cypress", 7 },   { "playground", 10 },  { "playgrounds", 11 }, { "unittest", 8 },
	};
	struct str folder;

	while (str_cut(&path, '/', &folder)) {
		if (path.len == 0)
			return false; /* the file itself */
		for (size_t i = 0; i < COUNT(folders); i++)
			if (str_eq_nocase(folder, folders[i]))
				return true;
		/* "App.Tests", "UnitTests": a project of tests */
		if (str_ends(folder, STR("Tests")) || str_ends(folder, STR(".Test")))
			return true;
	}
	return false;
}

bool run_is_test(const struct run *run, const struct language *language, struct str path)
{
	return in_test_folder(path) || config_is_test(&run->config, path) ||
	       (language && glob_find(&run->tests[language - language_table], path));
}

int run_read(struct str *out, struct run *run, const char *path, size_t max, struct err *err)
{
	return file_read_any(out, &run->mem, path, max, err);
}
