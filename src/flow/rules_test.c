#include "flow/rules_test.h"

#include <errno.h>
#include <sys/stat.h>

#include "base/file.h"
#include "base/scope.h"
#include "repo/walk.h"
#include "rule_files.h"
#include "snapshot.h"

enum {
	CASES_MEMORY = 512 << 20,
	CASE_MS = 10000, /* a case is small: longer is a rule that never ends */
};

struct tester {
	const struct rules_test_options *options;
	struct ruleset                  *set;
	struct arena                     mem;    /* of files */
	struct arena                     work;   /* of one case */
	struct parser                   *parser;
	rule_complaint                  *complain;
	void                            *payload;
	struct rules_test_result         result;
	struct str                       id;     /* of the cases at work */
	const struct yaml               *stored; /* their snapshots, or NULL */
	struct buf                       written;
};

static uint64_t no_clock(void)
{
	return 0;
}

int rules_load(struct ruleset *set, const struct rules_test_options *options,
	       rule_complaint *complain, void *payload, struct err *err)
{
	AUTO_ARENA struct arena mem;
	struct rule_loader loader = { .mem = &mem, .set = set, .complain = complain,
				      .payload = payload };

	arena_init(&mem, CASES_MEMORY);
	if (!options->no_builtin)
		ruleset_add_builtin(set);
	if (options->sgconfig && rules_from_sgconfig(&loader, options->sgconfig, err) < 0)
		return -1;
	for (size_t i = 0; i < options->n_rules; i++)
		if (rules_from_path(&loader, options->rules[i], false, err) < 0)
			return -1;
	ruleset_prepare(set);
	return 0;
}

static void fail(struct tester *t, struct str code, const char *what)
{
	struct str text = arena_printf(&t->work, "%.*s: %s:\n%.*s", STR_ARG(t->id), what,
				       STR_ARG(code));

	t->complain(t->payload, text.p);
}

/* Only the rule at work counts; its own globs do not, as cases have no path. */
static enum severity only_this(void *payload, const struct rule_info *rule, struct str path)
{
	const struct tester *t = payload;

	(void)path;
	return str_eq(rule->id, t->id) ? SEVERITY_ERROR : SEVERITY_OFF;
}

static bool run_case(struct scan_output *out, struct tester *t, const struct language *language,
		     struct str code)
{
	struct scan scan = { .parser = t->parser, .mem = &t->work, .path = STR("case"),
			     .policy = only_this, .policy_payload = t, .any_path = true,
			     .labels = t->options->snapshots || t->options->update,
			     .now_ns = no_clock, .time_ns = CASE_MS };

	return ruleset_scan(out, t->set, &scan, language, code, NULL) == SCAN_OK;
}

/* Every language that the rule is for: a rule with `also` must hold in each. */
static void check_case(struct tester *t, struct str code, bool invalid)
{
	bool passed = true;

	for (size_t i = 0; i < ruleset_count(t->set); i++) {
		struct rule_info rule = ruleset_info(t->set, i);
		struct scan_output out;

		if (!str_eq(rule.id, t->id))
			continue;
		if (!run_case(&out, t, rule.language, code)) {
			fail(t, code, "the case takes too long");
			passed = false;
		} else if (invalid != (out.findings.n > 0)) {
			fail(t, code, arena_printf(&t->work, "%s in %s",
						   invalid ? "not found" : "found, but it is valid",
						   rule.language->name).p);
			passed = false;
		} else if (invalid && t->options->update) {
			snapshot_write(&t->written, &out.findings.items[0], code, &t->work);
		} else if (invalid && t->options->snapshots) {
			const struct yaml *stored = yaml_get(t->stored, arena_z(&t->work, code));

			if (!stored || !snapshot_equal(stored, &out.findings.items[0], code,
						       &t->work)) {
				fail(t, code, stored ? "differs from its snapshot"
						     : "has no snapshot");
				passed = false;
			}
		}
		parser_reset(t->parser);
	}
	*(passed ? &t->result.passed : &t->result.failed) += 1;
	arena_reset(&t->work);
}

static bool is_known(const struct tester *t)
{
	for (size_t i = 0; i < ruleset_count(t->set); i++)
		if (str_eq(ruleset_info(t->set, i).id, t->id))
			return true;
	return false;
}

static struct str snapshot_file(struct tester *t, struct str cases)
{
	size_t n = cases.len;

	while (n && cases.p[n - 1] != '/')
		n--;
	return arena_printf(&t->mem, "%.*s__snapshots__/%.*s-snapshot.yml",
			    STR_ARG(str_sub(cases, 0, n)), STR_ARG(t->id));
}

static int load_snapshots(struct tester *t, struct str cases, struct err *err)
{
	struct str path = snapshot_file(t, cases), text;
	struct yaml_docs docs;

	t->stored = NULL;
	if (file_read(&text, &t->mem, path.p, RULE_FILE_MAX, err) < 0)
		return 0; /* each case then says that it has none */
	if (yaml_load(&docs, &t->mem, path.p, text, err) < 0)
		return -1;
	if (docs.n)
		t->stored = yaml_get(docs.items[0], "snapshots");
	return 0;
}

static int store_snapshots(struct tester *t, struct str cases, struct err *err)
{
	struct str path = snapshot_file(t, cases), text;
	size_t slash = path.len;

	while (slash && path.p[slash - 1] != '/')
		slash--;
	if (mkdir(arena_z(&t->mem, str_sub(path, 0, slash)), 0777) < 0 && errno != EEXIST)
		return err_errno(err, "create '%.*s'", (int)slash, path.p);
	text = arena_printf(&t->mem, "id: %.*s\nsnapshots:\n%.*s", STR_ARG(t->id),
			    STR_ARG(buf_str(&t->written)));
	return file_replace(path.p, text, err);
}

static int check_doc(struct tester *t, const char *file, const struct yaml *doc, struct err *err)
{
	static const char *const lists[] = { "valid", "invalid" };
	const struct yaml *id = yaml_get(doc, "id");

	if (!id || id->kind != YAML_SCALAR)
		return yaml_error(err, file, doc, "cases need the `id` of their rule");
	t->id = id->text;
	buf_clear(&t->written);
	if (!is_known(t))
		return yaml_error(err, file, id, "there is no rule '%.*s'", STR_ARG(t->id));
	if (t->options->snapshots && load_snapshots(t, str_of(file), err) < 0)
		return -1;
	for (size_t k = 0; k < COUNT(lists); k++) {
		const struct yaml *list = yaml_get(doc, lists[k]);

		for (size_t i = 0; list && i < list->n; i++)
			check_case(t, list->child[i]->text, k == 1);
	}
	return t->options->update ? store_snapshots(t, str_of(file), err) : 0;
}

static int check_file(struct tester *t, const char *file, struct err *err)
{
	struct yaml_docs docs;
	struct str text;

	if (file_read(&text, &t->mem, file, RULE_FILE_MAX, err) < 0 ||
	    yaml_load(&docs, &t->mem, file, text, err) < 0)
		return -1;
	for (size_t i = 0; i < docs.n; i++)
		if (docs.items[i]->kind == YAML_MAP && !yaml_get(docs.items[i], "snapshots") &&
		    check_doc(t, file, docs.items[i], err) < 0)
			return -1;
	return 0;
}

static int check_path(struct tester *t, const char *path, struct err *err)
{
	const char *const paths[] = { path };
	struct walk walk = { 0 };

	if (repo_walk(&walk, &t->mem, paths, 1, err) < 0)
		return -1;
	for (size_t i = 0; i < walk.n; i++) {
		struct str file = walk.items[i].path;

		if (!str_ends(file, STR(".yml")) && !str_ends(file, STR(".yaml")))
			continue;
		if (!str_has(file, STR("__snapshots__/")) && check_file(t, file.p, err) < 0)
			return -1;
	}
	return 0;
}

static int check_project(struct tester *t, const char *file, struct err *err)
{
	const struct yaml *dirs;
	struct yaml *map = NULL;

	if (sgconfig_read(&map, &t->mem, file, err) < 0)
		return -1;
	dirs = yaml_get(map, "testConfigs");
	for (size_t i = 0; dirs && i < dirs->n; i++) {
		const struct yaml *dir = yaml_get(dirs->child[i], "testDir");

		if (!dir)
			return yaml_error(err, file, dirs->child[i], "`testDir` is missing");
		if (check_path(t, sgconfig_path(&t->mem, file, dir->text).p, err) < 0)
			return -1;
	}
	return 0;
}

static int run_tests(struct tester *t, struct err *err)
{
	if (rules_load(t->set, t->options, t->complain, t->payload, err) < 0)
		return -1;
	for (size_t i = 0; i < t->options->n_cases; i++)
		if (check_path(t, t->options->cases[i], err) < 0)
			return -1;
	if (t->options->n_cases == 0 && !t->options->sgconfig)
		return err_input(err, "name the cases to run, or a project with --sgconfig");
	return t->options->n_cases || !t->options->sgconfig
		       ? 0
		       : check_project(t, t->options->sgconfig, err);
}

int rules_test(struct rules_test_result *out, const struct rules_test_options *options,
	       rule_complaint *complain, void *payload, struct err *err)
{
	struct parse_limits limits = { FILE_PARSE_MEMORY, CASE_MS, no_clock };
	struct tester t = { .options = options, .complain = complain, .payload = payload };
	int result;

	arena_init(&t.mem, CASES_MEMORY);
	arena_init(&t.work, CASES_MEMORY);
	t.set = ruleset_new();
	t.parser = parser_new(&limits);
	result = t.set && t.parser ? run_tests(&t, err) : err_set(err, ERR_TEMP, "out of memory");
	if (result == 0)
		*out = t.result;
	ruleset_free(t.set);
	parser_free(t.parser);
	buf_release(&t.written);
	arena_release(&t.mem);
	arena_release(&t.work);
	return result;
}
