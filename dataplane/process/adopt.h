/* SPDX-License-Identifier: BSD-3-Clause */
/* Adopts snapshots: copies a snapshot out of the sender's memfd, checks it, derives a view,
 * publishes the view to the workers, and frees the previous view once no worker uses it. All
 * [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_ADOPT_H
#define EPHEMERA_DATAPLANE_PROCESS_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/process/stats_segment.h"
#include "dataplane/process/workers.h"
#include "dataplane/tables/owner.h"
#include "dataplane/tables/view.h"

#define ADOPT_WAIT_MS 3000

struct adopt {
	struct workers *workers;
	struct stats_segment *segment;
	uint32_t interface_count;
	uint64_t wait_ms; /* how long adopt_put() waits for workers; tests shorten it */
	struct owners owners;
	struct view *replaced; /* the previous view while a worker may still use it, else NULL */
	uint64_t replaced_token;
	int current_fd; /* sealed memfd with the current snapshot's bytes; -1: none */
};

void adopt_open(struct adopt *adopt, struct workers *workers, struct stats_segment *segment,
		uint32_t interface_count);

/* Frees everything. Call it after the workers stopped. */
void adopt_close(struct adopt *adopt);

/* Adopts the snapshot of size_bytes in memfd; the memfd stays the caller's. 0: all workers use it.
 * Otherwise -errno, and *why is set to a constant string. After every error but
 * -ETIMEDOUT the current snapshot stays.
 *   -EINVAL     not a valid snapshot, or it names an interface that does not exist
 *   -ESTALE     its generation is not newer than the current one's
 *   -EBUSY      a worker still uses the snapshot before the current one
 *   -ETIMEDOUT  adopted, but a worker did not confirm it within wait_ms
 *   -ENOMEM, or the errno of a system call: no memory or no descriptor */
int adopt_put(struct adopt *adopt, int memfd, uint64_t size_bytes, const char **why);

/* The current snapshot; NULL before the first one. */
const struct snapshot *adopt_current(const struct adopt *adopt);

#endif
