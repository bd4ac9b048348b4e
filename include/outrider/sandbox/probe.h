/*
 * probe.h - what this host can really do, found by doing it: listed is not usable.
 *
 * Runs a few short-lived children; takes some 10 ms. The answer holds until the kernel or its settings change.
 */
#pragma once
#include "sandbox/receipt.h"

enum cgroup_kind { CGROUP_NONE, CGROUP_V1, CGROUP_V2 };

struct probe_layer {
	bool works;
	char detail[160]; /* "ABI 7", "v1: cpu memory pids"; or why not: "clone3: EPERM" */
	char mend[400];   /* what the administrator can do; "" when it works or nothing helps */
};

struct probe {
	struct probe_layer layers[LAYERS];
	char               kernel[65];     /* uname -r */
	int                landlock_abi;   /* 0: none */
	int                landlock_errata; /* bit mask of fixed errata; -1 unknown */
	enum cgroup_kind   cgroup;
	bool               overlay;        /* overlayfs in a user namespace, complete: directories can be replaced */
	bool               idmap;          /* root only: the work directory can be shown under another owner */
	bool               ptrace;         /* a child can be traced (Yama below 3) */
	bool               helper;         /* the root helper judges programs (fence.h), at its usual place */
	bool               root;           /* user id 0, and the ids of jobs are ours to give: not in a container with few ids */
	bool               bubble;         /* bubblewrap is the launcher: the walls are as it makes them */
	bool               container;      /* looks like one: /proc is masked */
};

/* Never fails: what could not be tried does not work, and says why. */
void probe_run(struct probe *out);
/* What an administrator can do where the layer is missing; never NULL. */
const char *layer_mend(enum sandbox_layer layer);
/*
 * Where we may not make namespaces, as a plain user, and bubblewrap may: the walls as they are with it as launcher (`always`: in any case).
 * False when it is not wanted or cannot; *err then tells why it cannot.
 */
bool probe_bubble(struct probe *probe, const char *program, bool always, struct err *err);
/* For people; and one JSON object with a line end. */
void probe_text(struct buf *out, const struct probe *probe);
int probe_json(struct buf *out, const struct probe *probe, struct err *err);
