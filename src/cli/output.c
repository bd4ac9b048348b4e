#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/file.h"
#include "base/scope.h"
#include "review/render.h"

static void show_progress(void *payload, const char *what, size_t done, size_t all)
{
	(void)payload;
	/* short work stays quiet; the line is wiped at the end */
	if (all < 200)
		return;
	if (done == all)
		fprintf(stderr, "\r\033[K");
	else if (done % 50 == 0)
		fprintf(stderr, "\r%s %zu/%zu files", what, done, all);
}

static unsigned terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static bool wants_colour(const struct output_options *out)
{
	const char *no = getenv("NO_COLOR");

	return !out->file && isatty(STDOUT_FILENO) && !(no && *no);
}

static bool source_of(void *payload, struct str path, struct str *text)
{
	struct run *run = payload;
	struct str full = arena_printf(&run->mem, "%s%.*s", run->repo.root ? run->repo.root : "",
				       STR_ARG(path));

	return file_read(text, &run->mem, full.p, SCAN_FILE_MAX, NULL) == 0;
}

/* Whatever goes wrong here is no fault of the input: it is worth another try. */
static int write_report(const struct output_options *out, struct str text, struct err *err)
{
	int result = out->file ? file_replace(out->file, text, err)
			       : file_write_fd(STDOUT_FILENO, text, err);

	if (result == 0)
		return 0;
	err->kind = ERR_TEMP;
	return out->file ? -1 : err_wrap(err, "standard output");
}

static int render(struct run *run, const struct output_options *out, struct err *err)
{
	const struct render_format *format = render_format_find(
		str_of(out->format ? out->format : "text"));
	struct render_options options = {
		.colour = wants_colour(out), .width = terminal_width(),
		.version = OUTRIDER_VERSION, .source = source_of, .payload = run,
	};
	AUTO_BUF struct buf text = { 0 };

	if (!format)
		return err_input(err, "unknown format '%s'; there are text, json, sarif and github",
				 out->format);
	if (format->render(&text, &run->review, &options, err) < 0)
		return -1;
	return write_report(out, buf_str(&text), err);
}

static int fail_level(enum severity *level, const struct run *run,
		      const struct output_options *out, struct err *err)
{
	*level = run->config.fail_on;
	if (!out->fail_on)
		return 0;
	if (strcmp(out->fail_on, "never") == 0)
		*level = SEVERITY_OFF;
	else if (!severity_parse(str_of(out->fail_on), level) || *level == SEVERITY_OFF)
		return err_input(err, "--fail-on is error, warning, info, hint or never, not '%s'",
				 out->fail_on);
	return 0;
}

static bool any_at(const struct finding_list *list, enum severity level)
{
	for (size_t i = 0; level != SEVERITY_OFF && i < list->n; i++)
		if (list->items[i].severity >= level)
			return true;
	return false;
}

static int check_options(const struct output_options *out, struct err *err)
{
	if (out->format && !render_format_find(str_of(out->format)))
		return err_input(err, "unknown format '%s'; there are text, json, sarif and github",
				 out->format);
	return 0;
}

static int apply(struct run *run, struct err *err)
{
	size_t applied;

	if (run_apply(run, &applied, err) < 0)
		return -1;
	fprintf(stderr, "outrider: %zu %s applied\n", applied, applied == 1 ? "fix" : "fixes");
	return 0;
}

int output_run(struct run_options *options, const struct output_options *out,
	       const struct stage *stages)
{
	AUTO(run_release) struct run run;
	enum severity level = SEVERITY_ERROR;
	struct err err;

	options->paths = out->paths.items;
	options->n_paths = out->paths.n;
	options->rule_paths = out->rules.items;
	options->n_rule_paths = out->rules.n;
	options->sarif_files = out->sarif.items;
	options->n_sarif_files = out->sarif.n;
	if (isatty(STDERR_FILENO) && !out->quiet)
		options->progress = show_progress;
	run_init(&run, options);
	if (check_options(out, &err) < 0 || fail_level(&level, &run, out, &err) < 0 ||
	    run_stages(&run, stages, &err) < 0 || fail_level(&level, &run, out, &err) < 0 ||
	    (out->apply && apply(&run, &err) < 0) || render(&run, out, &err) < 0)
		return report_error(&err);
	return any_at(&run.review.findings, level) || any_at(&run.review.held_back, level)
		       ? EXIT_FINDINGS
		       : EXIT_CLEAN;
}
