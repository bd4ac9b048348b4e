/* cmd_audit.c - the audit log: made, checked, asked. */
#include <inttypes.h>
#include <stdio.h>

#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "sandbox/audit.h"

static const char default_log[] = "/var/lib/outrider/audit.log";

struct request {
	const char *log, *key, *head;
	bool json, help;
	struct text_list rest;
};

static void usage(const struct option *table)
{
	printf("usage: outrider audit verify [OPTIONS] [LOG]\n"
	       "       outrider audit who [OPTIONS] TARGET\n"
	       "       outrider audit key FILE\n\n"
	       "`verify` finds each edit, removal, reordering and cut of the log, and names its line.\n"
	       "`who` tells which runs and actors had to do with TARGET: a path, a folder with '/' at its end, a run,\n"
	       "an actor, a person or a SHA-256. `key` makes the key that signs a log, and FILE.pub that checks it.\n\n");
	options_help(table);
	printf("\nexit codes: 0 sound, or something was found; 1 not sound, or nothing was found; 2 wrong input\n");
}

static int verify(const struct request *request, struct arena *mem)
{
	const char *log = request->rest.n > 1 ? request->rest.items[1] : request->log;
	struct audit_report report;
	struct err err;

	if (audit_verify(&report, mem, log, request->key, str_of(request->head), &err) < 0)
		return report_error(&err);
	for (size_t i = 0; i < report.faults.n; i++) {
		const struct audit_fault *fault = &report.faults.items[i];

		printf("%.*s", STR_ARG(fault->file));
		if (fault->line)
			printf(":%" PRIu64, fault->line);
		printf(": %.*s\n", STR_ARG(fault->text));
	}
	if (report.torn_end)
		printf("%s: the last line was torn by a crash (%zu bytes); the next writer will tell of it\n",
		       log, report.torn_end);
	printf("%s: %" PRIu64 " rows in %" PRIu64 " files, signed up to row %" PRIu64 ", %" PRIu64
	       " torn by crashes, head %s\n",
	       report.sound ? "sound" : "NOT SOUND", report.rows, report.files, report.signed_rows,
	       report.healed, report.head);
	return report.sound ? EXIT_CLEAN : EXIT_FINDINGS;
}

struct printer {
	bool json;
	size_t n;
};

/*
 * What a job chose goes to a terminal: no control characters, no bytes beyond ASCII that could
 * play tricks.
 */
static void put(const char *before, struct str text)
{
	if (!text.len)
		return;
	fputs(before, stdout);
	for (size_t i = 0; i < text.len; i++)
		putchar(text.p[i] >= 0x20 && text.p[i] < 0x7f ? text.p[i] : '?');
}

static void print(const struct audit_row *row, struct str time, struct str line, void *payload)
{
	struct printer *printer = payload;

	printer->n++;
	if (printer->json) {
		printf("%.*s\n", STR_ARG(line));
		return;
	}
	put("", time);
	put("  run ", row->run);
	put("  ", row->actor);
	put(" for ", row->on_behalf_of);
	put("  ", row->what);
	put("  ", row->path);
	put("  sha256:", row->digest);
	put("  written by ", row->writer);
	put("  ", row->verdict);
	put(" by ", row->rule);
	putchar('\n');
}

static int who(const struct request *request)
{
	struct printer printer = { request->json, 0 };
	struct err err;

	if (request->rest.n != 2) {
		(void)err_input(&err, "audit who takes one target; see --help");
		return report_error(&err);
	}
	if (audit_who(request->log, str_of(request->rest.items[1]), print, &printer, &err) < 0)
		return report_error(&err);
	return printer.n ? EXIT_CLEAN : EXIT_FINDINGS;
}

static int make_key(const struct request *request)
{
	struct err err;

	if (request->rest.n != 2)
		(void)err_input(&err, "audit key takes one file; see --help");
	else if (audit_key_make(request->rest.items[1], &err) == 0)
		return EXIT_CLEAN;
	return report_error(&err);
}

static int run(const struct request *request, struct arena *mem, const struct option *table)
{
	const char *verb = request->rest.n ? request->rest.items[0] : "";

	if (strcmp(verb, "verify") == 0)
		return verify(request, mem);
	if (strcmp(verb, "who") == 0)
		return who(request);
	if (strcmp(verb, "key") == 0)
		return make_key(request);
	usage(table);
	return EXIT_USAGE;
}

int cmd_audit(int argc, char **argv)
{
	struct request request = { .log = default_log };
	const struct option table[] = {
		{ "--log", 'l', OPTION_TEXT, &request.log, "LOG",
		  "the log (/var/lib/outrider/audit.log)" },
		{ "--key", 'k', OPTION_TEXT, &request.key, "FILE",
		  "verify: the public key (LOG.key.pub)" },
		{ "--head", 0, OPTION_TEXT, &request.head, "HEX",
		  "verify: a head that was kept elsewhere and must occur" },
		{ "--json", 0, OPTION_FLAG, &request.json, NULL,
		  "who: the rows as they stand in the log" },
		{ "--help", 'h', OPTION_FLAG, &request.help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	AUTO_ARENA struct arena mem;
	struct err err;

	arena_init(&mem, 64 << 20);
	if (options_read(table, argc, argv, &request.rest, &mem, &err) < 0)
		return report_error(&err);
	if (request.help) {
		usage(table);
		return EXIT_CLEAN;
	}
	return run(&request, &mem, table);
}
