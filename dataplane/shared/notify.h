/* SPDX-License-Identifier: BSD-3-Clause */
/* What a daemon tells the service manager that started it: sd_notify(3)'s protocol, a datagram to
 * the unix socket that $NOTIFY_SOCKET names. Without that variable every call does nothing.
 *
 *     notify_send("READY=1");
 *     uint64_t feed_ns = notify_watchdog_ns();   // 0: no watchdog
 *
 * Threads: [main] of either daemon. */
#ifndef EPHEMERA_DATAPLANE_SHARED_NOTIFY_H
#define EPHEMERA_DATAPLANE_SHARED_NOTIFY_H

#include <stdint.h>

/* Sends one assignment, or several divided by line ends. 0, -errno, or -EINVAL for an address that
 * is none. */
int notify_send(const char *assignments);

/* How often "WATCHDOG=1" should be sent, half of the time after which the manager would act; 0: not
 * at all. */
uint64_t notify_watchdog_ns(void);

#endif
