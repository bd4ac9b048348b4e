#include <stdio.h>

#include "base/scope.h"
#include "command.h"
#include "option.h"
#include "serve/doctor.h"

static void usage(const struct option *options)
{
	printf("usage: outrider doctor --config FILE\n\n"
	       "Checks a set-up of the service and says what to do. Run it as the user of the service, with its\n"
	       "environment. The exit code is 1 when something is wrong.\n\n");
	options_help(options);
}

static void say(void *payload, enum doctor_grade grade, const char *what, const char *text, const char *mend)
{
	static const char *const words[] = { [DOCTOR_OK] = "ok  ", [DOCTOR_NOTE] = "note", [DOCTOR_FAIL] = "FAIL" };

	(void)payload;
	printf("%s  %s: %s\n", words[grade], what, text);
	if (mend[0])
		printf("      -> %s\n", mend);
}

int cmd_doctor(int argc, char **argv)
{
	AUTO_ARENA struct arena mem = { 0 };
	const char *config = "/etc/outrider/outrider.yml";
	bool help = false, quick = false;
	const struct option options[] = {
		{ "--config", 'c', OPTION_TEXT, &config, "FILE",
		  "the settings; default: /etc/outrider/outrider.yml" },
		{ "--quick", 0, OPTION_FLAG, &quick, NULL, "only whether the running service answers" },
		{ "--help", 'h', OPTION_FLAG, &help, NULL, "this text" },
		{ NULL, 0, OPTION_FLAG, NULL, NULL, NULL },
	};
	struct text_list rest = { 0 };
	struct settings settings;
	struct err err;

	arena_init(&mem, 16 << 20);
	if (options_read(options, argc, argv, &rest, &mem, &err))
		return report_error(&err);
	if (help) {
		usage(options);
		return EXIT_CLEAN;
	}
	if (settings_read(&settings, &mem, config, &err))
		return report_error(&err);
	return doctor_run(&settings, quick, say, NULL) ? EXIT_CLEAN : EXIT_FINDINGS;
}
