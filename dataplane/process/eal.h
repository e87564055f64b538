/* SPDX-License-Identifier: BSD-3-Clause */
/* Starts and stops EAL, DPDK's runtime: its memory and its lcores. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_EAL_H
#define EPHEMERA_DATAPLANE_PROCESS_EAL_H

#include "dataplane/lib/args.h"

/* Checks that enough hugepages are free, then starts EAL without its telemetry socket, logging
 * warnings and above unless --log-level is given. 0, or -errno after one line on stderr. */
int eal_open(const struct args *args, char **argv);
void eal_close(void);

#endif
