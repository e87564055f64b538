/* SPDX-License-Identifier: BSD-3-Clause */
/* The drain's state machine. */
#include "control/state/drain.h"

#include <errno.h>

void
drain_begin(struct drain *drain, uint64_t timeout_ns, uint64_t now_ns)
{
	if (drain->state == DRAIN_OFF)
		*drain = (struct drain){.state = DRAIN_WAITING, .since_ns = now_ns};
	if (drain->state == DRAIN_WAITING)
		drain->until_ns = now_ns + timeout_ns;
}

void
drain_recall(struct drain *drain, enum drain_state state, uint64_t since_ns, uint64_t until_ns)
{
	*drain = (struct drain){.state = state, .since_ns = since_ns, .until_ns = until_ns};
	if (state != DRAIN_STOPPING && state != DRAIN_STOPPED)
		return;
	drain->state = DRAIN_STOPPED;
	drain->recalled = true;
}

int
drain_cancel(struct drain *drain)
{
	if (drain->state == DRAIN_OFF)
		return -ENOENT;
	if (drain->state == DRAIN_STOPPING)
		return -EBUSY;
	*drain = (struct drain){0};
	return 0;
}

bool
drain_poll(struct drain *drain, uint64_t queries, uint64_t now_ns)
{
	if (drain->state != DRAIN_WAITING)
		return false;
	if (!drain->counted || queries != drain->queries) {
		drain->counted = true;
		drain->queries = queries;
		drain->idle_ns = now_ns;
	}
	if (now_ns - drain->idle_ns < DRAIN_IDLE_NS && now_ns < drain->until_ns)
		return false;
	drain->state = DRAIN_STOPPING;
	return true;
}

void
drain_not_asked(struct drain *drain)
{
	if (drain->state == DRAIN_STOPPING)
		drain->state = DRAIN_WAITING;
}

void
drain_lost(struct drain *drain)
{
	drain->counted = false;
	if (drain->state == DRAIN_STOPPING)
		drain->state = DRAIN_STOPPED;
}

void
drain_connected(struct drain *drain, bool same)
{
	drain->counted = false;
	if (drain->state != DRAIN_STOPPED)
		return;
	if (!same) {
		*drain = (struct drain){0};
	} else if (drain->recalled) { /* the next poll asks it, perhaps again */
		drain->recalled = false;
		drain->state = DRAIN_WAITING;
		drain->until_ns = drain->since_ns;
	} else { /* only the connection was lost: it is still stopping */
		drain->state = DRAIN_STOPPING;
	}
}
