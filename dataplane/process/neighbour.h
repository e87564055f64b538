/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes the kernel resolve and verify next hops, for ephemerad, which has no capability to do so.
 * All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_NEIGHBOUR_H
#define EPHEMERA_DATAPLANE_PROCESS_NEIGHBOUR_H

#include "dataplane/port/port.h"
#include "dataplane/shared/message.h"

/* 0; -EINVAL for an interface that is none of our ports' or an address or flag that can't be;
 * -EPERM without CAP_NET_ADMIN; or what the kernel says. */
int neighbour_order(const struct interfaces *interfaces, const struct neighbour_request *request);

#endif
