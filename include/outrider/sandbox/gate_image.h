/* gate_image.h - what is known of the program that a stopped process is about to run: for the engines of the gate (gate.h). */
#pragma once
#include "sandbox/gate.h"

enum { GATE_MAX_MOUNTS = 64 }; /* writable places of a policy: a handful */

/* The policy as the gate needs it, made once. */
struct gate_rules {
	enum exec_mode mode;
	struct {
		struct digest   digest;
		struct str      name;
		enum exec_class class;
	}              *allow; /* owned */
	size_t          n_allow;
	uint64_t        writable[GATE_MAX_MOUNTS]; /* mounts that the job may write: the work directory first, then the home */
	size_t          n_writable;
	struct timespec began;
	int             root_fd; /* borrowed */
};

/* Reads listed files below the job's root. What a listed path does not lead to is left out: nothing can run by it. */
int gate_rules_init(struct gate_rules *out, const struct sandbox_target *target, struct digest_cache *cache,
		    struct err *err);
void gate_rules_release(struct gate_rules *rules);

struct gate_image {
	struct gate_facts facts;
	struct digest     digest;
	struct stat       stat;
	uint64_t          mount; /* STATX_MNT_ID; 0: unknown */
	struct str        name; /* of the rule, if listed */
	char              path[GATE_MAX_PATH];
};

/* Whether the image's digest is listed: then its name and class, too. */
void gate_rules_match(const struct gate_rules *rules, struct gate_image *image);
/* Never fails: what cannot be found out is not in facts. `shared` holds files of read-only mounts, `own` the others;
 * without `own` (NULL) these are hashed each time (digest.h: who may remember them). */
void gate_image_read(struct gate_image *out, pid_t pid, const struct gate_rules *rules, struct digest_cache *shared,
		     struct digest_cache *own);
/* The same of an open file; out->path stays as it is. */
void gate_image_fd(struct gate_image *out, int fd, const struct gate_rules *rules, struct digest_cache *shared,
		   struct digest_cache *own);
/* Where a link of /proc leads; "" when it cannot be read, and cut with "..." at the end. */
void gate_path_read(char out[GATE_MAX_PATH], const char *link);
/* Its path for people; a long one ends in "...". */
void gate_image_path(char out[GATE_MAX_PATH], pid_t pid);
/* The script for which an interpreter was started; "" when the image itself was named. */
void gate_script_read(char out[GATE_MAX_PATH], pid_t pid, const struct gate_image *image, int root_fd);
