/* SPDX-License-Identifier: BSD-3-Clause */
/* Creates the workers of worker.h, one per EAL worker lcore, each with its memory on its lcore's
 * NUMA node; starts and stops them. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_WORKERS_H
#define EPHEMERA_DATAPLANE_PROCESS_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/pipeline/worker.h"
#include "dataplane/port/port.h"
#include "dataplane/process/stats_segment.h"

#define WORKERS_MAX 64

struct workers {
	uint32_t count;
	unsigned lcores[WORKERS_MAX];
	struct worker *worker[WORKERS_MAX];
	void *flow_memory[WORKERS_MAX];
	struct limit_table limit;
	struct worker_interface interfaces[SNAPSHOT_INTERFACES_MAX];
	/* the current view: adopt.c writes (release), workers read (acquire) */
	struct view *view;
	struct rte_rcu_qsbr *qsbr;
	volatile bool draining; /* main writes, workers read: drop new queries */
	volatile bool stop;	/* main writes, workers read: leave the loop */
	bool running;
	uint64_t drain_token;
};

/* Finds the worker lcores. 0, or -EINVAL after one line on stderr. */
int workers_count(struct workers *workers);

/* Allocates the workers. 0, or -errno after one line on stderr, with everything freed. */
int workers_make(struct workers *workers, const struct interfaces *interfaces,
		 const struct stats_segment *segment, uint32_t flows_per_worker);
void workers_free(struct workers *workers);

/* Starts every worker's loop on its lcore. 0, or -errno after one line on stderr. */
int workers_launch(struct workers *workers);

/* Stops the workers and waits until they left their loops. No effect if they do not run. */
void workers_join(struct workers *workers);

/* Makes the workers drop new queries. */
void workers_drain(struct workers *workers);

/* After workers_drain(): true if no query is in flight and no packet is between workers. */
bool workers_drained(struct workers *workers);

#endif
