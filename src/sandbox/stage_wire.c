/* stage_wire.c - the supervisor's half of stage_wire.h. */
#include "stage_wire.h"

static void put(struct buf *out, uint64_t n)
{
	buf_add(out, (struct str){ (const char *)&n, sizeof n });
}

static void put_text(struct buf *out, const char *text)
{
	buf_add(out, (struct str){ text, strlen(text) + 1 });
}

static void put_list(struct buf *out, const char *const *list)
{
	size_t n = 0;

	while (list[n])
		n++;
	put(out, n);
	for (size_t i = 0; i < n; i++)
		put_text(out, list[i]);
}

static void put_mounts(struct buf *out, const struct plan *p)
{
	put(out, p->mounts.n);
	for (size_t i = 0; i < p->mounts.n; i++) {
		const struct plan_mount *m = &p->mounts.items[i];

		put_text(out, m->at);
		put(out, m->write);
		put(out, m->exec);
		put(out, m->device);
	}
}

void stage_encode(struct buf *out, const struct plan *p)
{
	put(out, p->landlock);
	put(out, p->seccomp);
	put(out, p->listen);
	put(out, p->mdwe);
	for (int l = 0; l < LAYERS; l++)
		put(out, p->need[l]);
	put(out, (uint64_t)p->exec);
	put(out, p->serve != NULL);
	put(out, p->work_host != NULL);
	put(out, p->limits.n);
	for (size_t i = 0; i < p->limits.n; i++) {
		put(out, (uint64_t)p->limits.items[i].resource);
		put(out, p->limits.items[i].value);
	}
	put_mounts(out, p);
	put_text(out, p->cwd);
	put_list(out, p->paths);
	put_list(out, p->argv);
	put_list(out, p->env);
}
