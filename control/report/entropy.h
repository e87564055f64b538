/* SPDX-License-Identifier: BSD-3-Clause */
/* The figures behind the answer to `entropy`, for those who want them not as JSON. */
#ifndef EPHEMERA_CONTROL_REPORT_ENTROPY_H
#define EPHEMERA_CONTROL_REPORT_ENTROPY_H

#include <stdbool.h>

#include "control/stats/entropy.h"

struct daemon;

/* The bits in force, and all workers' draws of the window. False: there is no window or no memory. The
 * statistics segment must be open. */
bool report_entropy_read(const struct daemon *daemon, struct entropy_bits *bits, struct entropy_measure *all,
			 double *window_s);

#endif
