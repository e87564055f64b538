/* SPDX-License-Identifier: BSD-3-Clause */
/* Statistics of the draws in the window that watch.h keeps: the entropy bits in force, and how
 * uniform the draws of each worker and of all workers were. Used by the command `entropy` and by
 * the metrics. */
#ifndef EPHEMERA_CONTROL_DAEMON_ENTROPY_WINDOW_H
#define EPHEMERA_CONTROL_DAEMON_ENTROPY_WINDOW_H

#include <stdbool.h>

#include "control/daemon/daemon.h"
#include "control/stats/entropy.h"

struct entropy_window {
	double seconds; /* length of the window so far */
	unsigned worker_count;
	struct entropy_bits bits;
	struct entropy_measure workers[STATS_READER_WORKERS_MAX], all;
};

/* Evaluates the draws since the start of the window against the snapshot in force. False: no
 * window, no snapshot or no memory. The statistics segment must be open. */
bool entropy_window_read(const struct daemon *daemon, struct entropy_window *window);

#endif
