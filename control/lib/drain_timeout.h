/* SPDX-License-Identifier: BSD-3-Clause */
/* How long a drain may wait for queries to stop; checked by ephemeractl and by ephemerad. */
#ifndef EPHEMERA_CONTROL_LIB_DRAIN_TIMEOUT_H
#define EPHEMERA_CONTROL_LIB_DRAIN_TIMEOUT_H

#define DRAIN_TIMEOUT_S_DEFAULT 60
#define DRAIN_TIMEOUT_S_MAX	86400

#endif
