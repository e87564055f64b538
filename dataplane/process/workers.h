/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes the workers of worker.h, one per EAL worker core, each with its memory on its core's NUMA
 * node; starts them and stops them. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_WORKERS_H
#define EPHEMERA_DATAPLANE_PROCESS_WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/port/port.h"
#include "dataplane/process/stats_segment.h"
#include "dataplane/pipeline/worker.h"

#define WORKERS_MAX 64

struct workers {
	uint32_t count;
	unsigned lcores[WORKERS_MAX];
	struct worker *worker[WORKERS_MAX];
	void *flow_memory[WORKERS_MAX];
	struct limit_table limit;
	struct worker_interface interfaces[SNAPSHOT_INTERFACES_MAX];
	struct view *
		/* what workers run on: written by adopt.c (release), read by workers (acquire) */
		view;
	struct rte_rcu_qsbr *qsbr;
	volatile bool draining; /* main writes, workers read: no new queries */
	volatile bool stop;	/* main writes, workers read */
	bool running;
	uint64_t drain_token;
};

/* Finds the worker cores. 0, or -EINVAL after one line on stderr. */
int workers_count(struct workers *workers);

/* 0, or -errno after one line on stderr, with nothing left. */
int workers_make(struct workers *workers, const struct interfaces *interfaces,
		 const struct stats_segment *segment, uint32_t flows_per_worker);
void workers_free(struct workers *workers);

int workers_launch(struct workers *workers);

/* Tells them to stop and waits until they did. Does nothing if they don't run. */
void workers_join(struct workers *workers);

/* From now on no new queries. */
void workers_drain(struct workers *workers);

/* After workers_drain(): is no query in flight any more, and no packet between workers? */
bool workers_drained(struct workers *workers);

#endif
