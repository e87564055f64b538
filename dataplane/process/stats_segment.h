/* SPDX-License-Identifier: BSD-3-Clause */
/* The statistics segment of shared/stats.h: made here, written by main (header) and workers (their
 * blocks).
 *
 * A memfd: no name, no file, gone with the last that maps it. It is sealed so that it can neither
 * change its size nor be written through any other mapping than ours: what a reader gets is
 * read-only whatever it does. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_STATS_SEGMENT_H
#define EPHEMERA_DATAPLANE_PROCESS_STATS_SEGMENT_H

#include <stdint.h>

#include "dataplane/shared/stats.h"

struct stats_segment {
	struct stats_header *header;
	uint64_t size_bytes;
	int fd;	       /* ours */
	int fd_reader; /* opened read-only: what others are given */
};

/* Makes the segment for worker_count workers and fills in the header's constants. 0 or -errno.
 * [main] */
int stats_segment_open(struct stats_segment *segment, uint32_t worker_count,
		       uint64_t flows_per_worker);
void stats_segment_close(struct stats_segment *segment);

static inline struct worker_stats *
stats_segment_worker(const struct stats_segment *segment, uint32_t worker)
{
	const struct stats_header *h = segment->header;

	return (struct worker_stats *)((uint8_t *)segment->header + h->worker_offset +
				       worker * h->worker_stride);
}

/* CLOCK_MONOTONIC in nanoseconds: the time of the segment. [any] */
uint64_t stats_segment_now_ns(void);

#endif
