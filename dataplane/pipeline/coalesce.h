/* SPDX-License-Identifier: BSD-3-Clause */
/* How a query that coalesce() let through becomes a flow that others can join. [worker] */
#ifndef EPHEMERA_DATAPLANE_PIPELINE_COALESCE_H
#define EPHEMERA_DATAPLANE_PIPELINE_COALESCE_H

#include <stdint.h>

#include "dataplane/tables/coalesce_table.h"

struct packet;
struct worker;

/* Says which flow a query has become that coalesce() let through as the first of its kind. `flow`
 * COALESCE_NONE: it was dropped. [worker] */
void coalesce_settle(struct worker *worker, const struct packet *packet, uint32_t flow);

#endif
