/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of a packet's way, in the order in which pipeline.c calls them. All [worker].
 *
 *   both     parse -> classify
 *   responses  match -> restore -> transmit
 *   queries  admit -> limit -> answer_faults -> route -> answer_no_upstream -> coalesce -> choose -> draw
 *            -> rewrite -> transmit
 *
 * A stage does one thing to the whole burst; it takes packets that leave out of the burst's
 * lists. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_STAGES_H
#define EPHEMERA_DATAPLANE_PIPELINE_STAGES_H

#include "dataplane/pipeline/burst.h"
#include "dataplane/shared/counters.h"
#include "dataplane/pipeline/worker.h"

/* parse.c: finds IP, UDP and DNS and checks lengths and checksums; drops what is malformed. */
void parse(struct worker *worker, struct burst *burst);

/* classify.c: tells queries from responses; hands responses to the worker that owns their flow. */
void classify(struct worker *worker, struct burst *burst);

/* match.c: believes a response only if everything fits, and then ends its flow. */
void match(struct worker *worker, struct burst *burst);

/* restore.c: turns a believed response into the service's response to the client, and sends it. */
void restore(struct worker *worker, struct burst *burst);

/* admit.c: who may ask; drops or refuses the others, and reads what the messages are. */
void admit(struct worker *worker, struct burst *burst);

/* limit.c: how much a client prefix may ask; drops or refuses what is more, or answers it TC=1. */
void limit(struct worker *worker, struct burst *burst);

/* answer.c: answers the messages that are not forwarded: FORMERR or NOTIMP. */
void answer_faults(struct worker *worker, struct burst *burst);

/* route.c: which pool each query goes to. */
void route(struct worker *worker, struct burst *burst);

/* answer.c: answers SERVFAIL in place of upstreams where a query's pool has none to choose. */
void answer_no_upstream(struct worker *worker, struct burst *burst);

/* coalesce.c: lets queries for the same wait for one response; lowers the EDNS size offered
 * upstream. */
void coalesce(struct worker *worker, struct burst *burst);

/* choose.c: picks the upstream of each query. */
void choose(struct worker *worker, struct burst *burst);

/* draw.c: gives each query its source address, port and ID, and begins its flow. */
void draw(struct worker *worker, struct burst *burst);

/* rewrite.c: makes the query the upstream's and sends it. */
void rewrite(struct worker *worker, struct burst *burst);

/* sweep.c: ends flows that waited too long; a bounded piece of the table a turn. */
void sweep(struct worker *worker);

/* probe.c: sends the probes that the main thread asked for; worker 0. */
void probe(struct worker *worker);

#endif
