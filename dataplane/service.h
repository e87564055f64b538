/* SPDX-License-Identifier: BSD-3-Clause */
/* What the messages of shared/message.h mean: one table of {type, sizes, handler}, served by socket.c. [main]
 */
#ifndef EPHEMERA_SERVICE_H
#define EPHEMERA_SERVICE_H

#include "adopt.h"
#include "life.h"
#include "port.h"
#include "prober.h"
#include "segment.h"
#include "socket.h"
#include "steer.h"
#include "workers.h"

/* What the handlers get at. */
struct service {
	const struct ports *ports;
	const struct steer *steer;
	const struct segment *segment;
	const struct workers *workers;
	struct adopt *adopt;
	struct prober *prober;
	struct life *life;
};

#define SERVICE_ROWS 7

extern const struct socket_row service_rows[SERVICE_ROWS];

#endif
