/*
 * way_out.h - the network of one run, from the routes of its policy: broker outside, forwarder inside, what clients inside must
 * be told, and what was asked for.
 *
 *	way_out_open(&way, &mem, policy.net, ROUTE_BUILD, NULL, &err);   // before sandbox_run(), job.net = &way.net
 *	sandbox_run(&receipt, &mem, &job, &err);
 *	way_out_close(&way);                                             // then the journal is whole
 *	way_out_note(&way, &receipt, &mem);
 */
#pragma once
#include "egress/journal.h"
#include "sandbox/run.h"

struct way_out {
	struct sandbox_net    net;
	struct journal        journal;
	struct broker        *broker;  /* owned */
	struct arena          notes;   /* owned: the journal's, which threads of the broker fill */
	struct broker_options options; /* borrowed by the broker */
};

/* The struct must stay where it is until way_out_close(). `secrets` may be NULL; it and `routes` are borrowed. */
int way_out_open(struct way_out *way, struct arena *mem, const struct route_table *routes, enum route_phase phase,
		 const struct secret_list *secrets, struct err *err);
/* Ends all connections. The journal is there until way_out_release(). */
void way_out_close(struct way_out *way);
void way_out_release(struct way_out *way);
/* What was asked for and what was refused, into the receipt; a notice, with these words in front, for a server that was allowed and failed. */
#define WAY_OUT_TROUBLE "network: "
void way_out_note(const struct way_out *way, struct receipt *receipt, struct arena *mem);
