/* SPDX-License-Identifier: BSD-3-Clause */
/* Creates the statistics segment of shared/stats.h. The main thread writes the header, each worker
 * its own block.
 *
 * The segment is a memfd: it has no file, and is freed when the last process unmaps it. Its seals
 * fix its size and forbid writing through any mapping but ours: readers cannot write to it. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_STATS_SEGMENT_H
#define EPHEMERA_DATAPLANE_PROCESS_STATS_SEGMENT_H

#include <stdint.h>

#include "dataplane/shared/stats.h"

struct stats_segment {
	struct stats_header *header;
	uint64_t size_bytes;
	int fd;	       /* writable, of this process */
	int fd_reader; /* opened read-only, to pass to readers */
};

/* Creates the segment for worker_count workers and fills in the header's constants. 0 or -errno.
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

/* CLOCK_MONOTONIC in nanoseconds, the clock of the segment's times. [any] */
uint64_t stats_segment_now_ns(void);

#endif
