/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes the flow of a query that coalesce() passed on joinable by others. [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_COALESCE_H
#define EPHEMERA_DATAPLANE_PIPELINE_COALESCE_H

#include <stdint.h>

#include "dataplane/tables/coalesce_table.h"

struct packet;
struct worker;

/* Records the flow of a query that coalesce() passed on as the first with its question. `flow` is
 * COALESCE_NONE if the query was dropped; its waiters are then freed. [worker] */
void coalesce_settle(struct worker *worker, const struct packet *packet, uint32_t flow);

#endif
