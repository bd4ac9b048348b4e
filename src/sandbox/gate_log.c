#include "gate_log.h"

/* 20,000 programs with names of 1 KiB each, twice over for growing lists */
#define LOG_MAX_BYTES ((size_t)128 << 20)

void gate_log_init(struct gate_log *log)
{
	memset(log, 0, sizeof *log);
	arena_init(&log->mem, LOG_MAX_BYTES);
}

void gate_log_release(struct gate_log *log)
{
	arena_release(&log->mem);
}

void gate_log_classify(struct gate_image *image, const struct profile *profile)
{
	if (image->facts.listed)
		return;
	if (profile)
		image->facts.class = profile_class(profile, str_of(image->path));
	if (image->facts.origin == GATE_FRESH)
		image->facts.class = CLASS_FRESH;
}

static bool is_same(const struct gate_program *program, const char *digest, struct str path,
		    struct str script, enum gate_rule rule)
{
	return strcmp(program->digest, digest) == 0 && program->rule == rule &&
	       str_eq(program->path, path) && str_eq(program->script, script);
}

int32_t gate_log_add(struct gate_log *log, const struct gate_image *image, const char *script,
		     enum gate_rule rule, bool denied, bool *fresh)
{
	struct gate_program program = { .class = image->facts.class,
					.rule = rule,
					.denied = denied,
					.count = 1,
					.origin = image->facts.listed ? GATE_LISTED
								      : image->facts.origin,
					.writer = -1 };
	struct str path = str_of(image->path), of = str_of(script);
	int32_t *chain;

	if (image->facts.digested)
		digest_hex(program.digest, &image->digest);
	chain = &log->chains[(str_hash(path) ^ str_hash(of) ^ str_hash(str_of(program.digest))) %
			     GATE_CHAINS];
	*fresh = false;
	for (int32_t i = *chain; i > 0; i = log->programs.items[i - 1].next)
		if (is_same(&log->programs.items[i - 1], program.digest, path, of, rule)) {
			log->programs.items[i - 1].count++;
			return i - 1;
		}
	if (log->programs.n == RECEIPT_MAX_EXECS) {
		log->dropped++;
		return -1;
	}
	*fresh = true;
	program.path = arena_str(&log->mem, path);
	program.script = arena_str(&log->mem, of);
	program.name = image->facts.listed ? arena_str(&log->mem, image->name)
					   : str_of(gate_origin_name(image->facts.origin));
	program.next = *chain;
	ARENA_PUSH(&log->mem, &log->programs, program);
	*chain = (int32_t)log->programs.n;
	return *chain - 1;
}

static void write_denial(const struct gate_program *program, struct receipt *receipt,
			 struct arena *mem)
{
	struct receipt_denial denial = {
		.layer = LAYER_GATE,
		.rule = str_of(gate_rule_id(program->rule)),
		.what = arena_printf(mem, "exec %.*s", STR_ARG(program->path)),
		.advice = str_of(gate_rule_advice(program->rule)),
		.count = program->count,
	};

	receipt_deny(receipt, mem, &denial);
}

void gate_log_write(const struct gate_log *log, struct receipt *receipt, struct arena *mem)
{
	for (size_t i = 0; i < log->programs.n; i++) {
		const struct gate_program *program = &log->programs.items[i];
		struct receipt_exec exec = { .pid = program->pid,
					     .class = program->class,
					     .count = program->count,
					     .denied = program->denied };

		memcpy(exec.digest, program->digest, sizeof exec.digest);
		exec.path = arena_str(mem, program->path);
		exec.script = arena_str(mem, program->script);
		if (!program->denied)
			exec.name = arena_str(mem, program->name);
		if (program->writer >= 0)
			exec.writer =
				arena_str(mem, str_of(log->programs.items[program->writer].digest));
		receipt_exec(receipt, mem, &exec);
		if (program->denied)
			write_denial(program, receipt, mem);
	}
	receipt->execs_dropped += log->dropped;
}
