/* learn_limits.c - limits with head room, each in its line. */
#include <inttypes.h>

#include "base/scope.h"
#include "learn_writer.h"
#include "sandbox/values.h"

static const struct {
	const char *key;
	enum unit   unit;
	uint64_t    least, most;
	uint64_t    step; /* what people write: rounded up to it. 0: not learnt */
} limits[LESSON_LIMITS] = {
#define X(id, name, normal, low, high, u) [NEED_##id] = { .key = name, .unit = UNIT_##u, .least = low, .most = high },
	SANDBOX_LIMITS(X)
#undef X
};

static uint64_t step_of(enum lesson_limit limit)
{
	static const uint64_t steps[LESSON_LIMITS] = {
		[NEED_wall_ms] = 10000,     [NEED_cpu_ms] = 10000,       [NEED_memory] = 16 << 20,
		[NEED_pids] = 16,           [NEED_disk] = 16 << 20,      [NEED_inodes] = 1000,
		[NEED_output_bytes] = 1 << 20, [NEED_output_lines] = 1000,
	};

	return steps[limit];
}

uint64_t lesson_room(enum lesson_limit limit, uint64_t used)
{
	const uint64_t step = step_of(limit);

	if (!step || !used)
		return 0;
	if (used > limits[limit].most / LEARN_HEAD_ROOM - step)
		return limits[limit].most;
	return (used * LEARN_HEAD_ROOM + step - 1) / step * step;
}

static void write_amount(struct buf *out, enum unit unit, uint64_t n)
{
	static const struct {
		enum unit   unit;
		uint64_t    factor;
		const char *suffix;
	} forms[] = {
		{ UNIT_BYTES, 1 << 30, "g" }, { UNIT_BYTES, 1 << 20, "m" }, { UNIT_BYTES, 1 << 10, "k" },
		{ UNIT_TIME, 3600000, "h" },  { UNIT_TIME, 60000, "m" },    { UNIT_TIME, 1000, "s" },
		{ UNIT_TIME, 1, "ms" },
	};

	for (size_t i = 0; i < COUNT(forms); i++)
		if (forms[i].unit == unit && n % forms[i].factor == 0) {
			buf_printf(out, "%" PRIu64 "%s", n / forms[i].factor, forms[i].suffix);
			return;
		}
	buf_printf(out, "%" PRIu64, n);
}

static void base_limits(uint64_t out[LESSON_LIMITS], const struct sandbox_policy *base)
{
#define X(id, key, normal, least, most, unit) out[NEED_##id] = base->limits.id;
	SANDBOX_LIMITS(X)
#undef X
}

static void write_limit(struct buf *out, struct writer *w, enum lesson_limit i, uint64_t value, struct str indent)
{
	buf_printf(out, "%.*s%s: ", STR_ARG(indent), limits[i].key);
	write_amount(out, limits[i].unit, value);
	buf_add(out, STR(" # "));
	lesson_write_sources(out, w->l, w->l->needs[i].from);
	buf_add(out, STR(": "));
	write_amount(out, limits[i].unit, w->l->needs[i].used);
	buf_add_byte(out, '\n');
}

/* The learnt value, or 0 where the policy's own is as tight and enough. */
static uint64_t learnt_limit(struct writer *w, enum lesson_limit i, uint64_t base)
{
	const struct lesson_need *need = &w->l->needs[i];
	const uint64_t value = lesson_room(i, need->used);
	AUTO_BUF struct buf text = { 0 };

	if (!value || value == base || (value > base && need->used <= base))
		return 0;
	if (value > base) {
		buf_printf(&text, "looser: limits.%s is %" PRIu64 ", and a run used %" PRIu64, limits[i].key, base, need->used);
		writer_note(w, &text);
	}
	return value;
}

void writer_limits(struct writer *w)
{
	const size_t at = writer_key(w->root, "limits");
	const struct yaml *map = at == SIZE_MAX ? NULL : w->root->child[at];
	const bool block = map && writer_is_block(map, w->root->key[at]->line);
	const size_t end = block ? writer_top(w, "limits").last : 0;
	const struct str indent = block ? writer_indent(w, map->key[0]) : STR("  ");
	AUTO_BUF struct buf more = { 0 };
	uint64_t base[LESSON_LIMITS];

	base_limits(base, &w->l->base);
	for (size_t i = 0; i < LESSON_LIMITS; i++) {
		const size_t key = writer_key(map, limits[i].key);
		const uint64_t value = learnt_limit(w, (enum lesson_limit)i, base[i]);
		AUTO_BUF struct buf line = { 0 };

		if (value)
			write_limit(&line, w, (enum lesson_limit)i, value, indent);
		if (block && key != SIZE_MAX) {
			if (value)
				writer_replace(w, writer_span(w, map, key, end), &line);
			continue;
		}
		if (!value && key != SIZE_MAX) {
			/* of a mapping in braces, which becomes lines */
			buf_printf(&line, "  %s: %.*s\n", limits[i].key, STR_ARG(map->child[key]->text));
		}
		buf_add(&more, buf_str(&line));
	}
	if (block) {
		rewrite_edit(&w->lines, end, 0, buf_str(&more));
	} else if (more.len) {
		AUTO_BUF struct buf text = { 0 };

		buf_printf(&text, "limits:\n%.*s", STR_ARG(buf_str(&more)));
		writer_put(w, "limits", &text);
	}
}
