/* SPDX-License-Identifier: BSD-3-Clause */
/* Has the kernel resolve and verify next hops for ephemerad, which lacks CAP_NET_ADMIN. All
 * [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_NEIGHBOUR_H
#define EPHEMERA_DATAPLANE_PROCESS_NEIGHBOUR_H

#include "dataplane/port/port.h"
#include "dataplane/shared/message.h"

/* Sends one request to the kernel. 0, or
 *   -EINVAL  not an interface of the dataplane, or an invalid flag or padding
 *   -EPERM   without CAP_NET_ADMIN
 *   any other errno of the kernel */
int neighbour_order(const struct interfaces *interfaces, const struct neighbour_request *request);

#endif
