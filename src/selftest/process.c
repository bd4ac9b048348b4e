#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "lab.h"

enum { MAX_PROCESSES = 65536 };

static bool read_process(struct process *out, pid_t pid)
{
	char path[64], text[1024];
	const char *open, *close;
	size_t n;

	snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
	if (read_small(path, text, sizeof text) == 0)
		return false;
	/* the name stands in brackets, and may have brackets in it */
	open = strchr(text, '(');
	close = strrchr(text, ')');
	if (!open || !close || close < open)
		return false;
	n = (size_t)(close - open - 1);
	out->pid = pid;
	out->parent = (pid_t)strtol(close + 4, NULL, 10);
	if (n >= sizeof out->name)
		n = sizeof out->name - 1;
	memcpy(out->name, open + 1, n);
	out->name[n] = 0;
	return true;
}

static void all_processes(struct processes *out, struct arena *mem)
{
	DIR *dir = opendir("/proc");
	struct process process;

	for (const struct dirent *e; dir && out->n < MAX_PROCESSES && (e = readdir(dir));)
		if (isdigit((unsigned char)e->d_name[0]) &&
		    read_process(&process, (pid_t)strtol(e->d_name, NULL, 10)))
			ARENA_PUSH(mem, out, process);
	if (dir)
		closedir(dir);
}

static bool is_in(const struct processes *list, pid_t pid)
{
	for (size_t i = 0; i < list->n; i++)
		if (list->items[i].pid == pid)
			return true;
	return false;
}

void processes_below(struct processes *out, struct arena *mem, pid_t ancestor)
{
	struct processes all = { 0 };
	size_t before;

	all_processes(&all, mem);
	/* generation by generation: a child may have a smaller number than its parent */
	do {
		before = out->n;
		for (size_t i = 0; i < all.n; i++) {
			struct process *p = &all.items[i];

			if (p->pid > 0 && (p->parent == ancestor || is_in(out, p->parent))) {
				ARENA_PUSH(mem, out, *p);
				p->pid = p->parent = -1;
			}
		}
	} while (out->n > before);
}
