/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares samples of heartbeats. */
#include "control/stats/heartbeat.h"

void
heartbeat_forget(struct heartbeat *heartbeat)
{
	heartbeat->worker_count = 0;
}

void
heartbeat_on_sample(struct heartbeat *heartbeat, const uint64_t *heartbeats, unsigned worker_count,
		    uint64_t now_ns)
{
	bool first = heartbeat->worker_count != worker_count;

	heartbeat->worker_count = worker_count;
	for (unsigned i = 0; i < worker_count; i++) {
		if (!first && heartbeat->seen[i] == heartbeats[i])
			continue;
		heartbeat->seen[i] = heartbeats[i];
		heartbeat->moved_ns[i] = now_ns;
	}
}

int
heartbeat_stalled(const struct heartbeat *heartbeat, uint64_t now_ns)
{
	for (unsigned i = 0; i < heartbeat->worker_count; i++)
		if (now_ns - heartbeat->moved_ns[i] > HEARTBEAT_STALLED_NS)
			return (int)i;
	return -1;
}
