#include "base/file.h"
#include "work.h"

static void scan_text(struct worker *worker, const struct scan_file *file, struct str text)
{
	struct text_job job = { .path = file->name, .text = text };
	struct text_result result;

	job.language = run_language(worker->run, file->name, text);
	job.is_test = run_is_test(worker->run, job.language, file->name);
	if (!work_text(&result, worker, &job, NULL))
		return;
	worker->files++;
	work_symbols(worker, &result);
	for (size_t i = 0; i < result.findings.n; i++)
		work_keep(worker, &worker->findings, &result.findings.items[i]);
	for (size_t i = 0; i < result.suppressed.n; i++)
		work_keep(worker, &worker->suppressed, &result.suppressed.items[i]);
}

static bool is_binary(struct str text)
{
	return memchr(text.p, 0, text.len < 8000 ? text.len : 8000) != NULL;
}

static void scan_file(struct worker *worker, size_t i)
{
	const struct scan_file *file = &worker->run->files[i];
	struct arena mem;
	struct str text;

	arena_init(&mem, SCAN_FILE_MAX + (1 << 20));
	if (file_read(&text, &mem, file->path.p, SCAN_FILE_MAX, NULL) < 0)
		work_skip(worker, file->name, SKIP_UNREADABLE);
	else if (text.len && is_binary(text))
		work_skip(worker, file->name, SKIP_BINARY);
	else if (!str_is_utf8(text))
		work_skip(worker, file->name, SKIP_ENCODING);
	else if (text.len)
		scan_text(worker, file, text);
	arena_release(&mem);
}

int stage_scan(struct run *run, struct err *err)
{
	return work_all(run, "scanning", run->n_files, scan_file, NULL, err);
}
