/* learn_text.c - a lesson into the policy's own text: only lines that change are touched. */
#include <inttypes.h>
#include <stdlib.h>

#include "base/scope.h"
#include "learn_writer.h"
#include "policy_read.h"

/* ---- text ---- */

void lesson_write_plain(struct buf *out, struct str text)
{
	for (size_t i = 0; i < text.len; i++)
		buf_add_byte(out, (unsigned char)text.p[i] < 0x20 || text.p[i] == 0x7f ? '?' : text.p[i]);
}

void lesson_write_scalar(struct buf *out, struct str text)
{
	buf_add_byte(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.p[i] == '"' || text.p[i] == '\\')
			buf_add_byte(out, '\\');
		lesson_write_plain(out, str_sub(text, i, i + 1));
	}
	buf_add_byte(out, '"');
}

static struct str base_name(struct str path)
{
	size_t slash;

	while ((slash = str_find_byte(path, '/')) != SIZE_MAX)
		path = str_from(path, slash + 1);
	return path;
}

void lesson_write_sources(struct buf *out, const struct lesson *l, uint64_t from)
{
	bool any = false;

	for (size_t i = 0; i < l->n_sources; i++) {
		if (!(from >> i & 1))
			continue;
		buf_add(out, any ? STR(", ") : STR(""));
		lesson_write_plain(out, base_name(str_of(l->sources[i].name)));
		any = true;
	}
}

void writer_note(struct writer *w, const struct buf *text)
{
	ARENA_PUSH(w->l->mem, &w->notes, arena_str(w->l->mem, buf_str(text)));
}

/* ---- places in the text ---- */

static bool is_blank(struct str line)
{
	line = str_trim(line);
	return line.len == 0 || line.p[0] == '#' || str_eq(line, STR("---")) || str_eq(line, STR("..."));
}

struct span writer_span(const struct writer *w, const struct yaml *map, size_t key, size_t end)
{
	struct span span = { map->key[key]->line - 1, key + 1 < map->n ? map->key[key + 1]->line - 1 : end };

	while (span.last > span.first + 1 && is_blank(w->lines.items[span.last - 1]))
		span.last--;
	return span;
}

size_t writer_key(const struct yaml *map, const char *key)
{
	for (size_t i = 0; map && i < map->n; i++)
		if (str_eq(map->key[i]->text, str_of(key)))
			return i;
	return SIZE_MAX;
}

/* The span of a key that the policy has. */
struct span writer_top(const struct writer *w, const char *key)
{
	return writer_span(w, w->root, writer_key(w->root, key), w->lines.n);
}

void writer_replace(struct writer *w, struct span span, const struct buf *text)
{
	rewrite_edit(&w->lines, span.first, span.last - span.first, buf_str(text));
}

/* A key of the policy, whole: in its place, or at the end. */
void writer_put(struct writer *w, const char *key, const struct buf *text)
{
	if (writer_key(w->root, key) == SIZE_MAX)
		buf_add(&w->tail, buf_str(text));
	else
		writer_replace(w, writer_top(w, key), text);
}

/* Behind all other changes, since those of the last key end there too. */
static void put_tail(struct writer *w)
{
	size_t end = w->lines.n;

	while (end && is_blank(w->lines.items[end - 1]))
		end--;
	rewrite_edit(&w->lines, end, 0, buf_str(&w->tail));
	buf_release(&w->tail);
}

/* Every key of the mapping on a line of its own, below the line of its name. */
bool writer_is_block(const struct yaml *map, size_t above)
{
	if (!map || map->kind != YAML_MAP || map->n == 0)
		return false;
	for (size_t i = 0; i < map->n; i++) {
		if (map->key[i]->line <= above)
			return false;
		above = map->key[i]->line;
	}
	return true;
}

struct str writer_indent(const struct writer *w, const struct yaml *node)
{
	return arena_printf(w->l->mem, "%*s", (int)(node->column - 1), "");
}

/* ---- programs ---- */

static bool seals(const struct lesson *l)
{
	return l->own.len == 0;
}

static enum exec_mode learnt_mode(const struct lesson *l)
{
	const enum exec_mode mode = seals(l) ? EXEC_SEALED : EXEC_BUILD;

	/* a sealed policy stays so: its administrator wants it, and is told what it lacks */
	return mode > l->base.exec.mode ? mode : l->base.exec.mode;
}

static void write_mode(struct buf *out, const struct writer *w, struct str indent)
{
	const struct lesson *l = w->l;
	const enum exec_mode mode = learnt_mode(l);

	buf_printf(out, "%.*smode: %s", STR_ARG(indent), exec_mode_name(mode));
	if (mode != l->base.exec.mode) {
		buf_add(out, STR(" # "));
		lesson_write_sources(out, l, seals(l) ? ~UINT64_C(0) : l->own_from);
	}
	buf_add_byte(out, '\n');
}

static void write_program(struct buf *out, const struct lesson *l, const struct lesson_program *p, struct str indent)
{
	buf_printf(out, "%.*s- {digest: %s, name: ", STR_ARG(indent), p->digest);
	lesson_write_scalar(out, str_sub(base_name(p->path), 0, 255));
	buf_printf(out, ", class: %s} # ", exec_class_name(p->class));
	lesson_write_sources(out, l, p->from);
	buf_add(out, STR(": "));
	lesson_write_plain(out, p->path);
	buf_printf(out, ", %" PRIu64 " times\n", p->count);
}

static void write_rule(struct buf *out, const struct exec_rule *rule, struct str indent)
{
	buf_printf(out, "%.*s- {", STR_ARG(indent));
	if (rule->by_digest) {
		buf_add(out, STR("digest: "));
		for (size_t i = 0; i < sizeof rule->digest; i++)
			buf_printf(out, "%02x", rule->digest[i]);
	}
	if (rule->path.len) {
		buf_add(out, rule->by_digest ? STR(", path: ") : STR("path: "));
		lesson_write_scalar(out, rule->path);
	}
	if (rule->name.len) {
		buf_add(out, STR(", name: "));
		lesson_write_scalar(out, rule->name);
	}
	buf_printf(out, ", class: %s}\n", exec_class_name(rule->class));
}

/* All of `exec`: where it is not there, or not a block with a list of lines. */
static void rewrite_exec(struct writer *w)
{
	AUTO_BUF struct buf text = { 0 };
	const struct exec_rules *old = &w->l->base.exec.allow;

	buf_add(&text, STR("exec:\n"));
	write_mode(&text, w, STR("  "));
	if (old->n || (seals(w->l) && w->l->programs.n))
		buf_add(&text, STR("  allow:\n"));
	for (size_t i = 0; i < old->n; i++)
		write_rule(&text, &old->items[i], STR("    "));
	for (size_t i = 0; seals(w->l) && i < w->l->programs.n; i++)
		write_program(&text, w->l, &w->l->programs.items[i], STR("    "));
	writer_put(w, "exec", &text);
}

static bool is_list_of_lines(const struct writer *w, const struct yaml *list)
{
	if (list->kind != YAML_SEQ || list->n == 0)
		return false;
	return str_starts(str_trim(w->lines.items[list->child[0]->line - 1]), STR("-"));
}

/* The mode in its line, programs behind the last one that is there. */
static void extend_exec(struct writer *w, const struct yaml *exec)
{
	const size_t mode = writer_key(exec, "mode"), allow = writer_key(exec, "allow");
	const size_t end = writer_top(w, "exec").last;
	AUTO_BUF struct buf line = { 0 };
	AUTO_BUF struct buf programs = { 0 };
	const struct yaml *first = exec->child[allow]->child[0];
	struct str old = w->lines.items[first->line - 1];
	struct span place = writer_span(w, exec, allow, end);

	if (learnt_mode(w->l) != w->l->base.exec.mode || mode == SIZE_MAX) {
		write_mode(&line, w, writer_indent(w, exec->key[0]));
		if (mode != SIZE_MAX)
			writer_replace(w, writer_span(w, exec, mode, end), &line);
		else
			rewrite_edit(&w->lines, exec->key[0]->line - 1, 0, buf_str(&line));
	}
	for (size_t i = 0; seals(w->l) && i < w->l->programs.n; i++)
		write_program(&programs, w->l, &w->l->programs.items[i],
			      str_sub(old, 0, str_find_byte(old, '-')));
	rewrite_edit(&w->lines, place.last, 0, buf_str(&programs));
}

static void note_exec(struct writer *w)
{
	const struct lesson *l = w->l;
	AUTO_BUF struct buf text = { 0 };

	if (l->base.exec.mode == EXEC_SEALED && l->programs.n && seals(l)) {
		buf_printf(&text, "looser: the sealed policy lists %zu programs more", l->programs.n);
		writer_note(w, &text);
	}
	if (seals(l))
		return;
	buf_add(&text, STR("not sealed: "));
	lesson_write_sources(&text, l, l->own_from);
	buf_add(&text, STR(" ran programs of the job's own, as '"));
	lesson_write_plain(&text, l->own);
	buf_add(&text, STR("': what a job builds or brings has no digest beforehand"));
	writer_note(w, &text);
}

static void write_exec(struct writer *w)
{
	const size_t at = writer_key(w->root, "exec");
	const struct yaml *exec = at == SIZE_MAX ? NULL : w->root->child[at];
	const size_t allow = writer_key(exec, "allow");

	note_exec(w);
	if (learnt_mode(w->l) == w->l->base.exec.mode && (!seals(w->l) || !w->l->programs.n))
		return;
	if (exec && writer_is_block(exec, w->root->key[at]->line) && allow != SIZE_MAX && is_list_of_lines(w, exec->child[allow]))
		extend_exec(w, exec);
	else
		rewrite_exec(w);
}

/* ---- the rest ---- */

static void write_profile(struct writer *w)
{
	const struct lesson *l = w->l;
	AUTO_BUF struct buf text = { 0 };

	if (!l->profile.len || str_eq(l->profile, l->base.profile))
		return;
	buf_add(&text, STR("profile: "));
	lesson_write_scalar(&text, l->profile);
	buf_add(&text, STR(" # "));
	lesson_write_sources(&text, l, ~UINT64_C(0));
	buf_add_byte(&text, '\n');
	writer_put(w, "profile", &text);
}

/* Names that nobody passed in go; others were allowed already. */
static void write_env(struct writer *w)
{
	const struct lesson *l = w->l;
	AUTO_BUF struct buf text = { 0 };
	uint64_t from = 0;

	if (l->base.env.n == l->env.n)
		return;
	buf_add(&text, STR("env: ["));
	for (size_t i = 0; i < l->env.n; i++) {
		buf_add(&text, i ? STR(", ") : STR(""));
		lesson_write_scalar(&text, l->env.items[i].text);
		from |= l->env.items[i].from;
	}
	buf_add(&text, STR("] # "));
	lesson_write_sources(&text, l, from ? from : ~UINT64_C(0));
	buf_add_byte(&text, '\n');
	writer_put(w, "env", &text);
	if (l->env.n > l->base.env.n) {
		buf_clear(&text);
		buf_add(&text, STR("looser: more names of variables than the policy has"));
		writer_note(w, &text);
	}
}

static void write_phase(struct writer *w, const struct yaml *net, enum route_phase p)
{
	const size_t at = writer_key(net, route_phase_name(p));
	AUTO_BUF struct buf text = { 0 };

	if (!w->l->used[p] || at == SIZE_MAX)
		return;
	lesson_write_phase(&text, w->l, p);
	writer_replace(w, writer_span(w, net, at, writer_top(w, "net").last), &text);
}

static void write_net(struct writer *w)
{
	const size_t at = writer_key(w->root, "net");
	const struct yaml *net = at == SIZE_MAX ? NULL : w->root->child[at];
	AUTO_BUF struct buf text = { 0 };
	bool used = false;

	for (enum route_phase p = 0; p < ROUTE_PHASES; p++)
		used |= w->l->used[p];
	if (!used)
		return;
	if (net && writer_is_block(net, w->root->key[at]->line)) {
		for (enum route_phase p = 0; p < ROUTE_PHASES; p++)
			write_phase(w, net, p);
		return;
	}
	lesson_write_net(&text, w->l);
	writer_put(w, "net", &text);
}

static int check_form(const struct writer *w, const char *name, struct err *err)
{
	if (w->root && !writer_is_block(w->root, 0))
		return yaml_error(err, name, w->root, "each key of the policy must stand on a line of its own, for a diff by lines");
	return 0;
}

int lesson_write(struct learned *out, const struct lesson *l, const char *name, struct str text, struct err *err)
{
	struct reader r = { l->mem, name, err };
	struct writer w = { .l = l };
	struct sandbox_policy check;
	struct yaml *root;
	AUTO_BUF struct buf policy = { 0 };
	AUTO_BUF struct buf diff = { 0 };

	if (policy_document(&root, &r, text))
		return -1;
	w.root = root;
	rewrite_init(&w.lines, l->mem, text);
	if (check_form(&w, name, err))
		return -1;
	write_profile(&w);
	write_exec(&w);
	write_net(&w);
	writer_limits(&w);
	write_env(&w);
	put_tail(&w);
	rewrite_apply(&policy, &w.lines);
	rewrite_diff(&diff, &w.lines, name);
	/* what we write is a policy; too many programs for one are said here */
	if (policy_load(&check, l->mem, name, buf_str(&policy), err))
		return err_wrap(err, "the learnt policy");
	*out = (struct learned){ arena_str(l->mem, buf_str(&policy)), arena_str(l->mem, buf_str(&diff)), w.notes };
	return 0;
}
