/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps on file (state_file.h) what a restart of ephemerad must not forget, and gives back what an
 * earlier ephemerad kept there.
 *
 * While the dataplane runs its snapshot holds the overrides too; the file knows what came after it,
 * and is there when both daemons have been restarted. Without a file that can be believed the
 * overrides are those of the snapshot, there is no drain, and the counters of upstreams begin
 * again. */
#ifndef EPHEMERA_CONTROL_DAEMON_PERSIST_H
#define EPHEMERA_CONTROL_DAEMON_PERSIST_H

#include <limits.h>

#include "control/daemon/readiness.h"
#include "control/farm/farm.h"
#include "control/lib/log.h"
#include "control/publish/publisher.h"
#include "control/state/state_file.h"

/* The parts whose state it is; they outlive it. */
struct persist_parts {
	const uint64_t *boot_id; /* of the dataplane last seen */
	const struct farm *farm;
	const struct publisher *publisher;
	const struct readiness *readiness;
};

struct persist {
	struct persist_parts parts;
	char path[PATH_MAX];
	struct state state; /* as it is, and on file unless `unwritten` */
	struct state next;
	bool unwritten;
	struct log_problem problem;
};

/* Reads what an earlier ephemerad left in that directory; what can't be believed is logged. */
void persist_init(struct persist *persist, const char *runtime_dir,
		  const struct persist_parts *parts);

/* Writes the file if anything is not as it is there. To be called after whatever may have changed
 * it, and before the operator is told that it has. */
void persist_save(struct persist *persist);

#endif
