#include "base/file.h"
#include "review/sarif_read.h"

#include "stages.h"

static struct change *change_of(struct run *run, struct str path)
{
	for (size_t i = 0; i < run->changes.n; i++)
		if (str_eq(run->changes.items[i].new_path, path))
			return &run->changes.items[i];
	return NULL;
}

/* Of a change: only what stands on lines that it added. Its tool saw one side, so the base cannot be asked. */
static bool place_in_change(struct run *run, struct finding *f, const struct sarif_place *place)
{
	struct change *change = change_of(run, f->path);
	struct anchor anchor;

	if (!change || change->skip != SKIP_NONE || !sarif_locate(f, place, change->new_text) ||
	    !change_touches(change, f->span.start_line, f->span.end_line) ||
	    !change_anchor(change, f->span.start_line, f->span.end_line, &anchor))
		return false;
	f->in_diff = true;
	f->anchor_start_line = anchor.start_line;
	f->anchor_line = anchor.line;
	return true;
}

static bool place_in_file(struct run *run, struct finding *f, const struct sarif_place *place)
{
	struct str path = arena_printf(&run->mem, "%s%.*s", run->repo.root ? run->repo.root : "",
				       STR_ARG(f->path));
	struct str text;

	return file_read(&text, &run->mem, path.p, SCAN_FILE_MAX, NULL) == 0 &&
	       sarif_locate(f, place, text);
}

static int import_file(struct run *run, const char *path, struct err *err)
{
	struct sarif_options options = { path, str_of(run->repo.root ? run->repo.root : "") };
	struct sarif_import import = { 0 };
	size_t kept = 0;
	struct str json;

	if (run_read(&json, run, path, SARIF_MAX_BYTES, err) < 0 ||
	    sarif_read(&import, &run->mem, json, &options, err) < 0)
		return -1;
	for (size_t i = 0; i < import.findings.n; i++) {
		struct finding *f = &import.findings.items[i];
		bool ok = run->review.is_change ? place_in_change(run, f, &import.places[i])
						: place_in_file(run, f, &import.places[i]);

		if (!ok || config_path_skip(&run->config, f->path, NULL) != SKIP_NONE)
			continue;
		f->severity = config_severity(&run->config, f->rule_id, f->category, f->path,
					      f->severity);
		if (f->severity == SEVERITY_OFF)
			continue;
		ARENA_PUSH(&run->mem, &run->review.findings, *f);
		kept++;
	}
	if (import.counts.outside || import.counts.no_place)
		review_notice(&run->review, "%s: %zu results have no place in this repository", path,
			      import.counts.outside + import.counts.no_place);
	review_notice(&run->review, "%s: %zu of %zu results concern %s", path, kept,
		      import.counts.results, run->review.is_change ? "this change" : "these files");
	return 0;
}

int stage_import(struct run *run, struct err *err)
{
	for (size_t i = 0; i < run->options->n_sarif_files; i++)
		if (import_file(run, run->options->sarif_files[i], err) < 0)
			return -1;
	return 0;
}
