/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends a daemon's state to its service manager with sd_notify(3)'s protocol: a datagram to the
 * unix socket in $NOTIFY_SOCKET. Does nothing without that variable.
 *
 *     notify_send("READY=1");
 *     uint64_t feed_ns = notify_watchdog_ns();   // 0: no watchdog
 *
 * Threads: [main] of either daemon. */
#ifndef EPHEMERA_DATAPLANE_SHARED_NOTIFY_H
#define EPHEMERA_DATAPLANE_SHARED_NOTIFY_H

#include <stdint.h>

/* Sends one assignment, or several separated by newlines. 0 or -errno; -EINVAL: $NOTIFY_SOCKET is
 * not a valid address. */
int notify_send(const char *assignments);

/* The interval at which to send "WATCHDOG=1", half of the manager's limit; 0: no watchdog. */
uint64_t notify_watchdog_ns(void);

#endif
