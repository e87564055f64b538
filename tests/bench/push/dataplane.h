/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends requests to a dataplane over its socket (dataplane/shared/message.h). */
#ifndef EPHEMERA_TESTS_BENCH_PUSH_DATAPLANE_H
#define EPHEMERA_TESTS_BENCH_PUSH_DATAPLANE_H

#include "dataplane/shared/message.h"
#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/stats.h"

/* Connects to the dataplane of a runtime directory: a descriptor, or -errno. */
int dataplane_connect(const char *directory);

/* Sends HELLO. Sets *stats to the dataplane's statistics segment, mapped until this process ends. 0
 * or -errno. */
int dataplane_hello(int fd, struct hello_response *hello, const struct stats_header **stats);

/* Sends a sealed snapshot. 0, or -errno with the reason in response->why. */
int dataplane_put(int fd, const struct snapshot *snapshot, struct snapshot_response *response);

#endif
