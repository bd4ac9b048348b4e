/* wall_network.h - the way out for tricks that attack it. Private to this folder. */
#pragma once
#include "egress/broker.h"
#include "lab.h"
#include "sandbox/run.h"

/*
 * allowed.test, and rebind.test whose address changes after the first question, may be asked by GET below /public; all
 * other names lead to the host, too, if they are ever asked for: the harness is told of each question.
 */
struct network {
	struct broker        *broker; /* owned */
	struct broker_options options;
	struct route_table    routes; /* in the arena */
	struct sandbox_net    net;
	int                   report;
	unsigned              rebinds;
};

/* `out` must stay where it is until network_close(). */
int network_open(struct network *out, struct arena *mem, const struct trial *trial, struct err *err);
void network_close(struct network *network);
