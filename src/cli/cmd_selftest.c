#include <stdio.h>

#include "base/file.h"
#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "selftest_record.h"

static void usage(const struct option *table)
{
	printf("usage: outrider sandbox selftest [OPTIONS]\n\n"
	       "Tries every known way out of the sandbox on this host, and judges by what is seen from outside.\n\n");
	options_help(table);
	printf("\nexit codes: 0 the walls hold, 1 something got out that must not, 2 wrong input;\n"
	       "with --record 3: they could not be tried\n");
}

static int read_walls(struct selftest_options *options, const struct text_list *engines,
		      bool compare, struct err *err)
{
	options->walls[WALL_BUBBLEWRAP] = compare;
	options->walls[WALL_BUILD] = options->walls[WALL_SEALED] = engines->n == 0;
	for (size_t i = 0; i < engines->n; i++) {
		enum selftest_wall wall;

		if (!selftest_wall_read(&wall, str_of(engines->items[i])))
			return err_input(err,
					 "--engine is bare, bubblewrap, build or sealed, not '%s'",
					 engines->items[i]);
		options->walls[wall] = true;
	}
	return 0;
}

static int read_launcher(struct selftest_options *options, const char *word, struct err *err)
{
	for (enum sandbox_launcher l = 0; l < LAUNCHERS; l++)
		if (str_eq(str_of(word), str_of(launcher_name(l)))) {
			options->launcher = l;
			return 0;
		}
	return err_input(err, "--launcher is auto, own or bubblewrap, not '%s'", word);
}

static int read_gate(struct selftest_options *options, const char *word, struct err *err)
{
	for (enum exec_engine e = 0; e < EXEC_ENGINES; e++)
		if (str_eq(str_of(word), str_of(exec_engine_name(e)))) {
			options->gate = e;
			return 0;
		}
	return err_input(err, "--gate is auto, ptrace, fanotify or bpf, not '%s'", word);
}

static int print(const struct selftest *test, struct str format, struct err *err)
{
	AUTO_BUF struct buf out = { 0 };

	if (str_eq(format, STR("json"))) {
		if (selftest_json(&out, test, err) < 0)
			return -1;
	} else if (str_eq(format, STR("markdown"))) {
		selftest_markdown(&out, test);
	} else {
		selftest_text(&out, test);
	}
	return file_write_fd(STDOUT_FILENO, buf_str(&out), err);
}

static bool is_format(struct str format)
{
	return str_eq(format, STR("text")) || str_eq(format, STR("json")) ||
	       str_eq(format, STR("markdown"));
}

static int run(const struct selftest_options *options, struct str format, struct arena *mem,
	       struct err *err)
{
	struct selftest test;

	if (!is_format(format))
		return err_input(err, "--format is text, json or markdown, not '%.*s'",
				 STR_ARG(format));
	if (selftest_run(&test, mem, options, err) < 0 || print(&test, format, err) < 0)
		return -1;
	return selftest_holds(&test) ? EXIT_CLEAN : EXIT_FINDINGS;
}

int cmd_sandbox_selftest(int argc, char **argv)
{
	AUTO_ARENA struct arena mem;
	struct selftest_options options = { 0 };
	struct text_list rest = { 0 }, only = { 0 }, engines = { 0 };
	const char *format = "text", *gate = "auto", *launcher = "auto";
	struct record_request record = { 0 };
	bool help = false, compare = false;
	const struct option table[] = {
		{ "--engine", 0, OPTION_LIST, &engines, "WALL",
		  "bare, bubblewrap, build or sealed; default: build and sealed" },
		{ "--gate", 0, OPTION_TEXT, &gate, "ENGINE",
		  "who judges programs: auto (default), ptrace, fanotify or bpf" },
		{ "--helper", 0, OPTION_TEXT, &options.helper, "SOCKET",
		  "where outrider-fence listens, if elsewhere than by default" },
		{ "--launcher", 0, OPTION_TEXT, &launcher, "LAUNCHER",
		  "who makes the namespaces: auto (default), own or bubblewrap" },
		{ "--compare", 0, OPTION_FLAG, &compare, NULL,
		  "try bubblewrap, too, if it is installed" },
		{ "--only", 0, OPTION_LIST, &only, "ID", "this trick or family; may be repeated" },
		{ "--format", 'f', OPTION_TEXT, &format, "FORMAT", "text, json or markdown" },
		{ "--parallel", 'j', OPTION_NUMBER, &options.parallel, "N",
		  "tricks at the same time; default: four for each processor" },
		{ "--tricks", 0, OPTION_TEXT, &options.tricks, "FILE",
		  "the program outrider-tricks, if it is not beside this one" },
		{ "--record", 0, OPTION_TEXT, &record.path, "FILE",
		  "the verdict, for `outrider serve` and `worker`; without a sandbox only controls are tried" },
		{ "--if-needed", 0, OPTION_FLAG, &record.if_needed, NULL,
		  "with --record: not when FILE is of today and of this machine as it is" },
		{ "--parent", 0, OPTION_NUMBER, &record.parent, "PID",
		  "with --record: gently, and not longer than that process lives" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct err err;
	int code = -1;

	arena_init(&mem, 64 << 20);
	if (options_read(table, argc, argv, &rest, &mem, &err) == 0) {
		record.narrowed = only.n || engines.n || compare || options.helper || options.tricks ||
				  strcmp(gate, "auto") != 0 || strcmp(launcher, "auto") != 0;
		if (help) {
			usage(table);
			return EXIT_CLEAN;
		}
		if (rest.n > 0) {
			(void)err_input(&err, "`sandbox selftest` takes no arguments, only options");
		} else if (record.path || record.if_needed || record.parent) {
			code = record_make(&record, options.parallel, &mem, &err);
		} else if (read_walls(&options, &engines, compare, &err) == 0 &&
			   read_gate(&options, gate, &err) == 0 &&
			   read_launcher(&options, launcher, &err) == 0) {
			ARENA_PUSH(&mem, &only, NULL);
			options.only = only.items;
			code = run(&options, str_of(format), &mem, &err);
		}
	}
	return code < 0 ? report_error(&err) : code;
}
