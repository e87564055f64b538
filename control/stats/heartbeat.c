/* SPDX-License-Identifier: BSD-3-Clause */
/* Looks at heartbeats. */
#include "control/stats/heartbeat.h"

void
pulse_forget(struct pulse *pulse)
{
	pulse->worker_count = 0;
}

void
pulse_take(struct pulse *pulse, const uint64_t *heartbeats, unsigned worker_count, uint64_t now_ns)
{
	bool first = pulse->worker_count != worker_count;

	pulse->worker_count = worker_count;
	for (unsigned i = 0; i < worker_count; i++) {
		if (!first && pulse->heartbeats[i] == heartbeats[i])
			continue;
		pulse->heartbeats[i] = heartbeats[i];
		pulse->moved_ns[i] = now_ns;
	}
}

int
pulse_still(const struct pulse *pulse, uint64_t now_ns)
{
	for (unsigned i = 0; i < pulse->worker_count; i++)
		if (now_ns - pulse->moved_ns[i] > PULSE_STILL_NS)
			return (int)i;
	return -1;
}
