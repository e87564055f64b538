/* SPDX-License-Identifier: BSD-3-Clause */
/* EAL: DPDK's environment, its memory and its cores. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_EAL_H
#define EPHEMERA_DATAPLANE_PROCESS_EAL_H

#include "dataplane/lib/args.h"

/* Looks whether the memory asked for is there, then starts EAL: log lines from warnings on unless
 * --log-level says otherwise, no telemetry socket. 0, or -errno after a line on stderr. */
int eal_open(const struct args *args, char **argv);
void eal_close(void);

#endif
