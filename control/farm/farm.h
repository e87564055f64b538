/* SPDX-License-Identifier: BSD-3-Clause */
/* The health of all upstreams: sends probes through the dataplane, spread over the interval,
 * evaluates the results of clients' queries, applies the operator's overrides, and keeps each
 * upstream's state (health.h) and the base of its counters.
 *
 * A probe without a result from the dataplane, or one that could not be sent for a reason unrelated
 * to the upstream (such as a full flow table), is not counted. Results are evaluated in the order
 * in which the probes were sent (probe_order.h). Nothing is probed or evaluated while the dataplane
 * is not connected.
 *
 * A new upstream starts down until its first good probe if each of its pools has a usable member
 * that stays; otherwise it starts up until it is found to be down (health.h has the reason).
 *
 * An override belongs to the upstream, which is identified by address and port: it is kept across
 * reloads and renaming while the upstream is in the configuration, and across restarts of either
 * daemon or both: it is in the dataplane's snapshot and in the state file (state_file.h), which
 * takes precedence.
 *
 * The same holds for an upstream's counters: they count from when it got its slot. If the base was
 * lost in a restart, they start at 0; they never include the counts of another upstream. */
#ifndef EPHEMERA_CONTROL_FARM_FARM_H
#define EPHEMERA_CONTROL_FARM_FARM_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"
#include "control/farm/case_watch.h"
#include "control/farm/health.h"
#include "control/farm/passive.h"
#include "control/farm/probe_order.h"
#include "control/kernel/neighbour.h"
#include "control/lib/loop.h"
#include "control/link/link.h"
#include "control/state/slots.h"
#include "control/state/state_file.h"
#include "control/stats/stats_reader.h"

struct farm_upstream {
	struct case_watch case_watch;
	struct health health;
	struct passive passive;
	struct probe_order order;
	struct upstream_stats base; /* the slot's counters when the upstream got it */
	bool active;		    /* in force in the dataplane, so it is probed */
	bool unsent;		    /* the last probe could not be sent */
	uint64_t due_ns;	    /* of the next probe */
};

/* The parts that the farm works with; they must outlive it. */
struct farm_parts {
	struct loop *loop;
	struct link *dataplane;
	struct neighbour *neighbour;
	const struct stats_reader *stats;
	const struct state *state;    /* of the state file */
	void (*changed)(void *owner); /* the state of an upstream changed */
	void *owner;
};

struct farm {
	struct farm_parts parts;
	struct loop_timer timer;
	const struct config *config; /* in force */
	const struct slots *slots;   /* in force */
	uint32_t interval_ms;	     /* over which the probes are spread */
	struct farm_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX]; /* by slot */
};

void farm_init(struct farm *farm, const struct farm_parts *parts);
void farm_fini(struct farm *farm);

/* Initializes health from a running dataplane's snapshot, whose slots are `slots`. `known`: only of
 * upstreams that `before` does not have in the same slot. */
void farm_seed(struct farm *farm, const struct slots *before, const struct slots *slots,
	       const struct snapshot *snapshot, bool known, uint64_t now_ns);

/* Initializes the health of upstreams of `after`, the slots of `config`, that `before` does not
 * have in the same slot. Touches no others: if `after` is not committed, nothing has changed. */
void farm_admit(struct farm *farm, const struct slots *before, const struct slots *after,
		const struct config *config, uint64_t now_ns);

/* `slots` and `config`, which must stay in place, are in force here from now on. True if that
 * changed the state of an upstream; `changed` is not called. */
bool farm_settle(struct farm *farm, const struct slots *slots, const struct config *config,
		 uint64_t now_ns);

/* They are in force in the dataplane too: probes exactly the active upstreams from now on. An
 * upstream whose last probe could not be sent and now can is probed at once. Call after
 * farm_settle(). */
void farm_enforce(struct farm *farm, uint64_t now_ns);

/* Random case was disabled for that upstream, which may have caused its probes to fail: discards
 * the failures so far and probes it as soon as that is in force. */
void farm_reset_failures(struct farm *farm, unsigned slot, uint64_t now_ns);

/* Evaluates clients' queries (passive health). The statistics must be open; call a few times a
 * second. */
void farm_poll(struct farm *farm, uint64_t now_ns);

/* Sets the operator's override of the upstream in that slot; ADMIN_AUTO removes it. */
void farm_override(struct farm *farm, unsigned slot, enum admin_state state, uint64_t now_ns);

/* The connection to the dataplane was lost: nothing is probed until farm_enforce(). */
void farm_suspend(struct farm *farm);

/* The dataplane's counters started at 0. */
void farm_forget_base(struct farm *farm);

/* The counters of the upstream in that slot since it got the slot; all 0 without statistics. */
struct upstream_stats farm_stats(const struct farm *farm, unsigned slot);

#endif
