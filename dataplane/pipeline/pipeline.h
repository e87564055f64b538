/* SPDX-License-Identifier: BSD-3-Clause */
/* The polling loop of a worker: receives, runs each burst through the stages, and sends.
 * [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_PIPELINE_H
#define EPHEMERA_DATAPLANE_PIPELINE_PIPELINE_H

struct worker;

/* One turn of the loop: polls every queue once. Returns the number of packets received. */
unsigned pipeline_turn(struct worker *worker);

/* The loop, for rte_eal_remote_launch(); `worker` is a struct worker. Returns 0 after *stop is
 * set. */
int pipeline_run(void *worker);

#endif
