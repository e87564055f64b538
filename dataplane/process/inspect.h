/* SPDX-License-Identifier: BSD-3-Clause */
/* Lists the flows that use a source port now, read from the workers' flow tables while they run.
 * Only the slots that a flow on that port can have are read: those with the port's low bits. All
 * [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_INSPECT_H
#define EPHEMERA_DATAPLANE_PROCESS_INSPECT_H

#include <stdint.h>

#include "dataplane/process/workers.h"
#include "dataplane/shared/message.h"

/* Fills *response. `snapshot` gives the source addresses and may be NULL. An entry that changes
 * during each of flow_read()'s attempts is left out. */
void inspect_port(const struct workers *workers, const struct snapshot *snapshot, uint16_t port,
		  uint64_t now_tsc, struct port_response *response);

/* The slots of a table with `mask` that a flow on `port` can have: `count` slots from `first` on.
 * Pure. */
void inspect_range(uint32_t mask, uint16_t port, uint32_t *first, uint32_t *count);

#endif
