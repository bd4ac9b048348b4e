/* receipt.c - the lists of a receipt, its words, and a few lines for people. */
#include "sandbox/receipt.h"

#include <inttypes.h>
#include <stdio.h>

#include "receipt_words.h"

const char *const end_words[ENDS] = { "exit", "signal", "limit", "denied", "cancelled" };
const char *const limit_words[RUN_LIMITS] = { "none", "wall", "cpu", "memory", "pids", "disk", "output" };
const char *const state_words[STATES] = { "off", "missing", "weak", "in force" };

const char *run_end_name(enum run_end end)
{
	return end_words[end];
}

const char *run_limit_name(enum run_limit limit)
{
	return limit_words[limit];
}

const char *layer_state_name(enum layer_state state)
{
	return state_words[state];
}

void receipt_exec(struct receipt *receipt, struct arena *mem, const struct receipt_exec *exec)
{
	if (receipt->execs.n >= RECEIPT_MAX_EXECS) {
		receipt->execs_dropped += exec->count ? exec->count : 1;
		return;
	}
	ARENA_PUSH(mem, &receipt->execs, *exec);
	if (!exec->count)
		receipt->execs.items[receipt->execs.n - 1].count = 1;
}

void receipt_deny(struct receipt *receipt, struct arena *mem, const struct receipt_denial *denial)
{
	const uint32_t count = denial->count ? denial->count : 1;

	for (size_t i = 0; i < receipt->denials.n; i++) {
		struct receipt_denial *old = &receipt->denials.items[i];

		if (str_eq(old->rule, denial->rule) && str_eq(old->what, denial->what)) {
			old->count += count;
			return;
		}
	}
	if (receipt->denials.n >= RECEIPT_MAX_DENIALS) {
		receipt->denials_dropped += count;
		return;
	}
	ARENA_PUSH(mem, &receipt->denials, *denial);
	receipt->denials.items[receipt->denials.n - 1].count = count;
}

void receipt_notice(struct receipt *receipt, struct arena *mem, const char *fmt, ...)
{
	char text[1024];
	va_list args;

	va_start(args, fmt);
	vsnprintf(text, sizeof text, fmt, args);
	va_end(args);
	ARENA_PUSH(mem, &receipt->notices, arena_str(mem, str_of(text)));
}

/* Bytes from inside the job never reach a terminal as control characters. */
static void add_safe(struct buf *out, struct str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (c < 0x20 || c == 0x7f || c == '\\')
			buf_printf(out, "\\x%02x", c);
		else
			buf_add_byte(out, s.p[i]);
	}
}

static void add_end(struct buf *out, const struct receipt *r)
{
	buf_printf(out, "sandbox: ");
	switch (r->end) {
	case END_EXIT:
		buf_printf(out, "exit code %d", r->exit_code);
		break;
	case END_SIGNAL:
		buf_printf(out, "ended by signal %d", r->signal);
		break;
	case END_LIMIT:
		buf_printf(out, "ended at its limit of %s", limit_words[r->limit]);
		break;
	case END_DENIED:
		buf_printf(out, "ended by the exec gate");
		break;
	case END_CANCEL:
	case ENDS:
		buf_printf(out, "cancelled");
		break;
	}
	buf_printf(out, "; %.3f s, %.3f s of processor, %.1f MB memory, %" PRIu64 " bytes of output\n",
		   (double)r->wall_us / 1e6, (double)r->cpu_us / 1e6, (double)r->peak_memory / 1e6,
		   r->output_bytes);
}

void receipt_text(struct buf *out, const struct receipt *r)
{
	add_end(out, r);
	for (int l = 0; l < LAYERS; l++)
		if (r->layers[l].state == STATE_MISSING || r->layers[l].state == STATE_WEAK)
			buf_printf(out, "sandbox: %s %s: %.*s\n", layer_name((enum sandbox_layer)l),
				   state_words[r->layers[l].state], STR_ARG(r->layers[l].detail));
	for (size_t i = 0; i < r->denials.n; i++) {
		const struct receipt_denial *d = &r->denials.items[i];

		buf_printf(out, "sandbox: denied (%.*s): ", STR_ARG(d->rule));
		add_safe(out, d->what);
		buf_printf(out, "%s%.*s\n", d->advice.len ? ": " : "", STR_ARG(d->advice));
	}
	for (size_t i = 0; i < r->notices.n; i++) {
		buf_add(out, STR("sandbox: "));
		add_safe(out, r->notices.items[i]);
		buf_add_byte(out, '\n');
	}
}
