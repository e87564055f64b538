/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures of the draws in the window that watch.h keeps: the bits in force, and how uniform the
 * draws of each worker and of all were. What `entropy` reports and the metrics are made of. */
#ifndef EPHEMERA_CONTROL_DAEMON_ENTROPY_WINDOW_H
#define EPHEMERA_CONTROL_DAEMON_ENTROPY_WINDOW_H

#include <stdbool.h>

#include "control/daemon/daemon.h"
#include "control/stats/entropy.h"

struct entropy_window {
	double seconds; /* its length up to now */
	unsigned worker_count;
	struct entropy_bits bits;
	struct entropy_measure workers[STATS_READER_WORKERS_MAX], all;
};

/* The draws since the window's begin, judged by the snapshot in force. False: there is no window,
 * no snapshot or no memory. The statistics segment must be open. */
bool entropy_window_read(const struct daemon *daemon, struct entropy_window *window);

#endif
