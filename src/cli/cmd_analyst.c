/*
 * Not for people: the service's worker starts it (flow/analyst.h). Its answer goes to standard output, its last words to standard
 * error.
 */
#include <stdio.h>
#include <unistd.h>

#include "flow/analyst.h"
#include "output.h"

static int check(const struct analyst_request *r, struct err *err)
{
	const char *const oids[] = { r->base, r->head };

	if (!r->repository || r->repository[0] != '/')
		return err_input(err, "`analyst` is started by the worker: --repo is an absolute path");
	for (size_t i = 0; i < COUNT(oids); i++)
		if (!oids[i] || strlen(oids[i]) != OID_HEX ||
		    strspn(oids[i], "0123456789abcdef") != OID_HEX)
			return err_input(err, "`analyst` is started by the worker: --base and --head are commit ids");
	return 0;
}

int cmd_analyst(int argc, char **argv)
{
	struct analyst_request r = { 0 };
	struct text_list rules = { 0 }, rest = { 0 };
	unsigned seconds = ANALYST_SECONDS, memory = ANALYST_MEMORY >> 20;
	const struct option table[] = {
		{ "--repo", 0, OPTION_TEXT, &r.repository, "DIR", "bare repository" },
		{ "--base", 0, OPTION_TEXT, &r.base, "OID", "tip of the base branch" },
		{ "--head", 0, OPTION_TEXT, &r.head, "OID", "commit to review" },
		{ "--seconds", 0, OPTION_NUMBER, &seconds, "N", "processor time of each thread" },
		{ "--memory-mb", 0, OPTION_NUMBER, &memory, "N", "address space; 0: no cap" },
		{ "--jobs", 0, OPTION_NUMBER, &r.jobs, "N", "threads" },
		{ "--no-builtin", 0, OPTION_FLAG, &r.no_builtin, NULL, "" },
		{ "--no-config", 0, OPTION_FLAG, &r.no_config, NULL, "" },
		{ "--rules", 0, OPTION_LIST, &rules, "PATH", "" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct arena mem;
	struct err err;
	int code;

	arena_init(&mem, 16 << 20);
	if (options_read(table, argc, argv, &rest, &mem, &err) < 0 || check(&r, &err) < 0) {
		code = report_error(&err);
	} else {
		r.seconds = seconds;
		r.memory = (uint64_t)memory << 20;
		r.rule_paths = rules.items;
		r.n_rule_paths = rules.n;
		code = analyst_main(&r, STDOUT_FILENO);
	}
	/* sealed: a handler at exit may want what is refused now */
	fflush(stderr);
	_exit(code);
}
