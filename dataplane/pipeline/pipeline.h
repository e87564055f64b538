/* SPDX-License-Identifier: BSD-3-Clause */
/* The polling loop of a worker: receives, takes each burst through the stages, and sends.
 * [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_PIPELINE_H
#define EPHEMERA_DATAPLANE_PIPELINE_PIPELINE_H

struct worker;

/* One turn of the loop: everything that is waiting, once. Returns the number of packets seen. */
unsigned pipeline_turn(struct worker *worker);

/* The loop, for rte_eal_remote_launch(), with a struct worker; returns 0 when *stop is set. */
int pipeline_run(void *worker);

#endif
