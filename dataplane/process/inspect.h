/* SPDX-License-Identifier: BSD-3-Clause */
/* Answers "what uses source port N right now?" by looking into the workers' flow tables while they
 * run. [main] Only the entries that the port can be in are looked at: those whose index has the
 * port's low bits. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_INSPECT_H
#define EPHEMERA_DATAPLANE_PROCESS_INSPECT_H

#include <stdint.h>

#include "dataplane/shared/message.h"
#include "dataplane/process/workers.h"

/* Fills *answer; `snapshot` (may be NULL) names the source addresses. An entry that changes all the
 * time while it is read is not reported: it is over by then. */
void inspect_port(const struct workers *workers, const struct snapshot *snapshot, uint16_t port,
		  uint64_t now_tsc, struct port_response *response);

/* The entries of a table with `mask` in which a flow on `port` can be: first, first + 1 ... first +
 * count
 * - 1. Pure. */
void inspect_range(uint32_t mask, uint16_t port, uint32_t *first, uint32_t *count);

#endif
