/* SPDX-License-Identifier: BSD-3-Clause */
/* The stages of the pipeline, in the order in which pipeline.c calls them. All [worker].
 *
 *   both       parse -> classify
 *   responses  match -> restore -> transmit
 *   queries    admit -> limit -> answer_faults -> route -> answer_no_upstream -> coalesce
 *              -> choose -> draw -> rewrite -> transmit
 *
 * A stage does one thing to the whole burst; it removes packets that leave from the burst's
 * lists. */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_STAGES_H
#define EPHEMERA_DATAPLANE_PIPELINE_STAGES_H

#include "dataplane/pipeline/burst.h"
#include "dataplane/pipeline/worker.h"
#include "dataplane/shared/counters.h"

/* parse.c: finds the IP, UDP and DNS headers, checks lengths and checksums, and drops malformed
 * packets. */
void parse(struct worker *worker, struct burst *burst);

/* classify.c: separates queries from responses; hands responses to the worker that owns their
 * flow. */
void classify(struct worker *worker, struct burst *burst);

/* match.c: accepts a response only if everything matches, and then ends its flow. */
void match(struct worker *worker, struct burst *burst);

/* restore.c: turns an accepted response into the service's response to the client, and sends it. */
void restore(struct worker *worker, struct burst *burst);

/* admit.c: checks whether a client may query; drops or refuses others, and checks the messages. */
void admit(struct worker *worker, struct burst *burst);

/* limit.c: limits the query rate of client prefixes; drops or refuses queries over the limit, or
 * answers them with TC=1. */
void limit(struct worker *worker, struct burst *burst);

/* answer.c: answers messages that are not forwarded with FORMERR or NOTIMP. */
void answer_faults(struct worker *worker, struct burst *burst);

/* route.c: picks the pool of each query. */
void route(struct worker *worker, struct burst *burst);

/* answer.c: answers SERVFAIL to queries whose pool has no usable upstream. */
void answer_no_upstream(struct worker *worker, struct burst *burst);

/* coalesce.c: lets identical queries wait for one response; lowers the EDNS size offered
 * upstream. */
void coalesce(struct worker *worker, struct burst *burst);

/* choose.c: picks the upstream of each query. */
void choose(struct worker *worker, struct burst *burst);

/* draw.c: draws the source address, port and ID of each query, and begins its flow. */
void draw(struct worker *worker, struct burst *burst);

/* rewrite.c: rewrites the query for its upstream and sends it. */
void rewrite(struct worker *worker, struct burst *burst);

/* sweep.c: ends flows that have timed out; checks a bounded part of the table per turn. */
void sweep(struct worker *worker);

/* probe.c: sends the probes that the main thread ordered; worker 0 only. */
void probe(struct worker *worker);

#endif
