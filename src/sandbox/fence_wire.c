/* fence_wire.c - packets between the sandbox and its root helper: fixed parts, then what their counts say. */
#include "sandbox/fence.h"

static const char magic[4] = { 'O', 'F', 'N', FENCE_VERSION };

enum {
	FACT_OPENED = 1,
	FACT_DIGESTED = 2,
	FACT_LOADER = 4,
	FACT_DELETED = 8,
	FACT_PRIVILEGED = 16,
	FACT_LISTED = 32,
	FACT_DENIED = 64,
	FACT_WRITTEN = 128,
	FACTS_ALL = 255,
};

struct head {
	char     magic[4];
	uint32_t kind;
};

struct job_part {
	uint32_t init, mode, engine, zero, n_mounts, n_digests;
	int64_t  began_s, began_ns;
};

struct answer_part {
	uint32_t ok, length;
};

struct exec_part {
	uint32_t      pid, inside, facts, origin, rule, path, script;
	struct digest digest, writer;
};

static void add(struct buf *out, const void *bytes, size_t n)
{
	buf_add(out, (struct str){ bytes, n });
}

static void encode_job(struct buf *out, const struct fence_job *job)
{
	const struct job_part part = { .init = job->init,
				       .mode = (uint32_t)job->mode,
				       .engine = (uint32_t)job->engine,
				       .n_mounts = (uint32_t)job->n_mounts,
				       .n_digests = (uint32_t)job->n_digests,
				       .began_s = job->began_s,
				       .began_ns = job->began_ns };

	add(out, &part, sizeof part);
	add(out, job->mounts, job->n_mounts * sizeof *job->mounts);
	add(out, job->digests, job->n_digests * sizeof *job->digests);
}

static void encode_answer(struct buf *out, const struct fence_answer *answer)
{
	const struct answer_part part = { answer->ok, (uint32_t)strlen(answer->text) };

	add(out, &part, sizeof part);
	add(out, answer->text, part.length);
}

static void encode_exec(struct buf *out, const struct fence_exec *exec)
{
	const struct gate_facts *f = &exec->facts;
	struct exec_part part = {
		.pid = exec->pid,
		.inside = exec->inside,
		.facts = (f->opened ? FACT_OPENED : 0U) | (f->digested ? FACT_DIGESTED : 0U) |
			 (f->loader ? FACT_LOADER : 0U) | (f->deleted ? FACT_DELETED : 0U) |
			 (f->privileged ? FACT_PRIVILEGED : 0U) | (f->listed ? FACT_LISTED : 0U) |
			 (exec->denied ? FACT_DENIED : 0U) | (exec->written ? FACT_WRITTEN : 0U),
		.origin = (uint32_t)f->origin,
		.rule = (uint32_t)exec->rule,
		.path = (uint32_t)strlen(exec->path),
		.script = (uint32_t)strlen(exec->script),
		.digest = exec->digest,
		.writer = exec->writer,
	};

	add(out, &part, sizeof part);
	add(out, exec->path, part.path);
	add(out, exec->script, part.script);
}

void fence_encode(struct buf *out, const struct fence_packet *packet)
{
	struct head head = { .kind = (uint32_t)packet->kind };

	memcpy(head.magic, magic, sizeof magic);
	add(out, &head, sizeof head);
	if (packet->kind == FENCE_JOB)
		encode_job(out, &packet->job);
	else if (packet->kind == FENCE_ANSWER)
		encode_answer(out, &packet->answer);
	else if (packet->kind == FENCE_EXEC)
		encode_exec(out, &packet->exec);
}

static bool take(void *out, size_t n, struct str *rest)
{
	if (rest->len < n)
		return false;
	if (n)
		memcpy(out, rest->p, n);
	*rest = str_from(*rest, n);
	return true;
}

static bool take_text(char *out, size_t n, size_t room, struct str *rest)
{
	if (n >= room || !take(out, n, rest) || memchr(out, 0, n))
		return false;
	out[n] = 0;
	return true;
}

static bool decode_job(struct fence_job *job, struct str *rest)
{
	struct job_part part;

	if (!take(&part, sizeof part, rest) || part.mode >= EXEC_MODES ||
	    part.engine >= FENCE_ENGINES || part.zero ||
	    part.n_mounts > FENCE_MAX_MOUNTS || part.n_digests > FENCE_MAX_DIGESTS ||
	    part.began_s < 0 || part.began_ns < 0 || part.began_ns > 999999999 || part.init == 0)
		return false;
	job->init = part.init;
	job->mode = (enum exec_mode)part.mode;
	job->engine = (enum fence_engine)part.engine;
	job->began_s = part.began_s;
	job->began_ns = part.began_ns;
	job->n_mounts = part.n_mounts;
	job->n_digests = part.n_digests;
	if (!take(job->mounts, part.n_mounts * sizeof *job->mounts, rest) ||
	    rest->len != part.n_digests * sizeof *job->digests)
		return false;
	/* bytes alone: no alignment is wanted */
	job->digests = (const struct digest *)(const void *)rest->p;
	*rest = str_from(*rest, rest->len);
	return true;
}

static bool decode_answer(struct fence_answer *answer, struct str *rest)
{
	struct answer_part part;

	if (!take(&part, sizeof part, rest) || part.ok > 1)
		return false;
	answer->ok = part.ok;
	return take_text(answer->text, part.length, sizeof answer->text, rest);
}

static bool decode_exec(struct fence_exec *exec, struct str *rest)
{
	struct exec_part part;

	if (!take(&part, sizeof part, rest) || part.facts > FACTS_ALL ||
	    part.origin >= GATE_ORIGIN_COUNT || part.rule >= GATE_RULES)
		return false;
	exec->pid = part.pid;
	exec->inside = part.inside;
	exec->facts = (struct gate_facts){
		.opened = part.facts & FACT_OPENED,
		.digested = part.facts & FACT_DIGESTED,
		.loader = part.facts & FACT_LOADER,
		.deleted = part.facts & FACT_DELETED,
		.privileged = part.facts & FACT_PRIVILEGED,
		.listed = part.facts & FACT_LISTED,
		.origin = (enum gate_origin)part.origin,
	};
	exec->denied = part.facts & FACT_DENIED;
	exec->rule = (enum gate_rule)part.rule;
	exec->written = part.facts & FACT_WRITTEN;
	exec->digest = part.digest;
	exec->writer = part.writer;
	return take_text(exec->path, part.path, sizeof exec->path, rest) &&
	       take_text(exec->script, part.script, sizeof exec->script, rest);
}

static bool decode_body(struct fence_packet *packet, struct str *rest)
{
	if (packet->kind == FENCE_JOB)
		return decode_job(&packet->job, rest);
	if (packet->kind == FENCE_ANSWER)
		return decode_answer(&packet->answer, rest);
	if (packet->kind == FENCE_EXEC)
		return decode_exec(&packet->exec, rest);
	return true;
}

int fence_decode(struct fence_packet *out, struct str bytes, struct err *err)
{
	struct fence_packet packet = { 0 };
	struct head head;

	if (bytes.len > FENCE_MAX_PACKET || !take(&head, sizeof head, &bytes) ||
	    memcmp(head.magic, magic, sizeof magic - 1) != 0)
		return err_input(err, "no packet of outrider-fence");
	if (head.magic[3] != FENCE_VERSION)
		return err_input(err, "a packet of version %d; this is version %d: both programs must be of one "
				      "release", head.magic[3], FENCE_VERSION);
	packet.kind = (enum fence_kind)head.kind;
	if (head.kind == 0 || head.kind >= FENCE_KINDS || !decode_body(&packet, &bytes) || bytes.len)
		return err_input(err, "a packet of outrider-fence that is malformed");
	*out = packet;
	return 0;
}
