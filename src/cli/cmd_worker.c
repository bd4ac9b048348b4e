#include <stdio.h>

#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "serve/log.h"
#include "serve/worker.h"

static void usage(const struct option *options)
{
	printf("usage: outrider worker --connect tcp://HOST:PORT --key FILE --broker-key KEY --data DIR\n\n"
	       "Does jobs for a broker on another machine. `outrider keys` makes the keys.\n\n");
	options_help(options);
}

static int check(const struct worker_options *worker, struct err *err)
{
	if (!worker->endpoint)
		return err_input(err, "--connect is missing: where the broker listens");
	if (!worker->data)
		return err_input(err, "--data is missing: a folder for mirrors of repositories");
	if (str_starts(str_of(worker->endpoint), STR("tcp:")) &&
	    (!worker->key_file || !worker->broker_key))
		return err_input(err, "tcp needs --key and --broker-key: see `outrider keys --help`");
	return 0;
}

int cmd_worker(int argc, char **argv)
{
	AUTO_ARENA struct arena mem = { 0 };
	struct worker_options worker = { .mirror_gb = 50 };
	bool help = false;
	const struct option options[] = {
		{ "--connect", 0, OPTION_TEXT, &worker.endpoint, "ADDRESS", "where the broker listens" },
		{ "--key", 0, OPTION_TEXT, &worker.key_file, "FILE", "our key pair" },
		{ "--broker-key", 0, OPTION_TEXT, &worker.broker_key, "KEY",
		  "the broker's public key, or a file with it" },
		{ "--data", 0, OPTION_TEXT, &worker.data, "DIR", "for mirrors of repositories" },
		{ "--mirror-gb", 0, OPTION_NUMBER, &worker.mirror_gb, "N",
		  "size of all mirrors; default: 50" },
		{ "--selftest", 0, OPTION_TEXT, &worker.record, "FILE",
		  "the record of the sandbox's self-test; default: selftest.json in --data" },
		{ "--name", 0, OPTION_TEXT, &worker.name, "NAME", "default: host and process" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct text_list rest = { 0 };
	struct err err;

	arena_init(&mem, 1 << 20);
	if (options_read(options, argc, argv, &rest, &mem, &err))
		return report_error(&err);
	if (help) {
		usage(options);
		return EXIT_CLEAN;
	}
	if (check(&worker, &err))
		return report_error(&err);
	if (!worker.record)
		worker.record = arena_printf(&mem, "%s/selftest.json", worker.data).p;
	log_init("worker", LOG_INFO);
	return worker_run(&worker, &err) ? report_error(&err) : EXIT_CLEAN;
}
