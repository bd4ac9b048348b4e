/* gate_log.h - the programs that a job started, for its receipt. Private to this folder. */
#pragma once
#include "sandbox/gate_image.h"

/* One program under one name: later starts are counted. */
struct gate_program {
	char            digest[2 * DIGEST_BYTES + 1];
	struct str      path, script, name;
	enum exec_class class;
	enum gate_origin origin;
	enum gate_rule  rule;
	bool            denied;
	uint32_t        pid, count;
	int32_t         writer;     /* index of the likely writer, or -1 (gate_task.h) */
	int32_t         next;       /* in its chain */
};

enum { GATE_CHAINS = 512 }; /* a build runs some hundred programs, most jobs a handful; each job clears them */

struct gate_log {
	struct arena mem;
	struct {
		struct gate_program *items;
		size_t               n, cap;
	} programs;
	int32_t  chains[GATE_CHAINS]; /* index + 1; 0: empty */
	uint64_t dropped;
};

/* What a receipt calls it, where no rule of the policy did: by its path in the profile (may be NULL), or as made by the job. */
void gate_log_classify(struct gate_image *image, const struct profile *profile);
void gate_log_init(struct gate_log *log);
void gate_log_release(struct gate_log *log);
/* The index of the program, or -1 when the log is full; counted in any case. *fresh tells that it is a new one. */
int32_t gate_log_add(struct gate_log *log, const struct gate_image *image, const char *script, enum gate_rule rule,
		     bool denied, bool *fresh);
/* Adds all to the receipt; its text is copied to `mem`. */
void gate_log_write(const struct gate_log *log, struct receipt *receipt, struct arena *mem);
