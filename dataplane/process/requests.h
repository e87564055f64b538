/* SPDX-License-Identifier: BSD-3-Clause */
/* Handlers of the messages of shared/message.h: one table of {type, sizes, handler}, served by
 * socket.c. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_REQUESTS_H
#define EPHEMERA_DATAPLANE_PROCESS_REQUESTS_H

#include "dataplane/port/port.h"
#include "dataplane/port/steer.h"
#include "dataplane/process/adopt.h"
#include "dataplane/process/main_loop.h"
#include "dataplane/process/prober.h"
#include "dataplane/process/socket.h"
#include "dataplane/process/stats_segment.h"
#include "dataplane/process/workers.h"

/* What the handlers use. */
struct requests {
	const struct interfaces *interfaces;
	const struct steer *steer;
	const struct stats_segment *segment;
	const struct workers *workers;
	struct adopt *adopt;
	struct prober *prober;
	struct main_loop *main_loop;
};

#define REQUESTS_ROWS 7

extern const struct socket_row requests_rows[REQUESTS_ROWS];

#endif
