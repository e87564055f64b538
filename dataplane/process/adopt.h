/* SPDX-License-Identifier: BSD-3-Clause */
/* Adopts snapshots: copies them from strangers, checks them, makes views of them, switches the
 * workers over, and frees a view only when no worker can see it any more. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_ADOPT_H
#define EPHEMERA_DATAPLANE_PROCESS_ADOPT_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/tables/owner.h"
#include "dataplane/process/stats_segment.h"
#include "dataplane/tables/view.h"
#include "dataplane/process/workers.h"

#define ADOPT_WAIT_MS 3000

struct adopt {
	struct workers *workers;
	struct stats_segment *segment;
	uint32_t interface_count;
	uint64_t wait_ms; /* for workers; ADOPT_WAIT_MS unless a test says otherwise */
	struct owners owners;
	struct view *unseen; /* replaced, but a worker did not yet say that it is past it */
	uint64_t unseen_token;
	int current_fd; /* the running snapshot's bytes, sealed; -1: none */
};

void adopt_open(struct adopt *adopt, struct workers *workers, struct stats_segment *segment,
		uint32_t interface_count);

/* After the workers stopped. */
void adopt_close(struct adopt *adopt);

/* Takes over the snapshot of size_bytes in memfd, which stays the caller's; when it returns 0, all
 * workers
 * run on it. Or -errno, the old one stays, and *why says why, a constant string: -EINVAL   not a valid
 * snapshot, or not for this machine -ESTALE   its generation is not above the running one's -EBUSY    a
 * worker has not yet left the snapshot before the running one -ETIMEDOUT  adopted, but a worker did
 * not confirm it within wait_ms */
int adopt_put(struct adopt *adopt, int memfd, uint64_t size_bytes, const char **why);

/* What runs; NULL before the first. */
const struct snapshot *adopt_current(const struct adopt *adopt);

#endif
