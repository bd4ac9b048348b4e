/* stage_read.c - the stage's half of stage_wire.h. */
#include <stdlib.h>

#include "egress/forward.h"
#include "stage_wire.h"

struct cursor {
	struct str rest;
	bool       bad;
};

static uint64_t get(struct cursor *c)
{
	uint64_t n = 0;

	c->bad |= c->rest.len < sizeof n;
	if (c->bad)
		return 0;
	memcpy(&n, c->rest.p, sizeof n);
	c->rest = str_from(c->rest, sizeof n);
	return n;
}

static const char *get_text(struct cursor *c)
{
	const char *text = c->rest.p;
	size_t n = str_find_byte(c->rest, '\0');

	c->bad |= n == SIZE_MAX;
	if (c->bad)
		return "";
	c->rest = str_from(c->rest, n + 1);
	return text;
}

/* Each item takes a byte at least, so a count cannot ask for more memory than the text is long, eight times. */
static void *get_array(struct cursor *c, size_t *n, size_t size)
{
	uint64_t count = get(c);
	void *items;

	c->bad |= count > c->rest.len;
	*n = c->bad ? 0 : (size_t)count;
	items = calloc(*n + 1, size);
	c->bad |= !items;
	return items;
}

static const char *const *get_list(struct cursor *c)
{
	size_t n;
	const char **list = get_array(c, &n, sizeof *list);

	for (size_t i = 0; i < n && !c->bad; i++)
		list[i] = get_text(c);
	return list;
}

static void get_limits(struct plan *p, struct cursor *c)
{
	p->limits.items = get_array(c, &p->limits.n, sizeof *p->limits.items);
	for (size_t i = 0; i < p->limits.n && !c->bad; i++) {
		p->limits.items[i].resource = (int)get(c);
		p->limits.items[i].value = get(c);
	}
}

static void get_mounts(struct plan *p, struct cursor *c)
{
	p->mounts.items = get_array(c, &p->mounts.n, sizeof *p->mounts.items);
	for (size_t i = 0; i < p->mounts.n && !c->bad; i++) {
		struct plan_mount *m = &p->mounts.items[i];

		m->at = get_text(c);
		m->write = get(c);
		m->exec = get(c);
		m->device = get(c);
	}
}

bool stage_decode(struct plan *out, struct str bytes)
{
	struct cursor c = { bytes, false };
	struct plan p = { .bubble = true, .in = 0, .out = 1, .err = 2, .control = STAGE_CONTROL };

	p.landlock = get(&c);
	p.seccomp = get(&c);
	p.listen = get(&c);
	p.mdwe = get(&c);
	for (int l = 0; l < LAYERS; l++)
		p.need[l] = get(&c);
	p.exec = (enum exec_mode)get(&c);
	p.serve = get(&c) ? forward_serve : NULL;
	p.net = p.serve ? STAGE_NET : -1;
	p.work_fd = get(&c) ? STAGE_WORK : -1;
	get_limits(&p, &c);
	get_mounts(&p, &c);
	p.cwd = get_text(&c);
	p.paths = get_list(&c);
	p.argv = get_list(&c);
	p.env = get_list(&c);
	if (c.bad || c.rest.len)
		return false;
	*out = p;
	return true;
}
