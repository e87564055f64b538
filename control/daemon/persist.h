/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps the state that must survive a restart of ephemerad in a file (state_file.h), and reads that
 * of an earlier ephemerad.
 *
 * While the dataplane runs, its snapshot holds the overrides too; the file has the changes made
 * after that snapshot, and is the only copy when both daemons have been restarted. Without a valid
 * file the overrides are those of the snapshot, there is no drain, and the counters of upstreams
 * start at 0. */
#ifndef EPHEMERA_CONTROL_DAEMON_PERSIST_H
#define EPHEMERA_CONTROL_DAEMON_PERSIST_H

#include <limits.h>

#include "control/daemon/readiness.h"
#include "control/farm/farm.h"
#include "control/lib/log.h"
#include "control/publish/publisher.h"
#include "control/state/state_file.h"

/* The parts whose state is saved; they must outlive struct persist. */
struct persist_parts {
	const uint64_t *boot_id; /* of the dataplane last seen */
	const struct farm *farm;
	const struct publisher *publisher;
	const struct readiness *readiness;
};

struct persist {
	struct persist_parts parts;
	char path[PATH_MAX];
	struct state state; /* the current state; on file unless `unwritten` */
	struct state next;
	bool unwritten;
	struct log_problem problem;
};

/* Reads the state file of an earlier ephemerad in that directory; logs why a file is ignored. */
void persist_init(struct persist *persist, const char *runtime_dir,
		  const struct persist_parts *parts);

/* Writes the file if the state differs from it. Call after every change of this state, before the
 * command that caused it is answered. */
void persist_save(struct persist *persist);

#endif
