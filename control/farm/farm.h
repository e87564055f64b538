/* SPDX-License-Identifier: BSD-3-Clause */
/* The upstreams as health sees them: sends each its probes through the dataplane, spread over the
 * interval, looks at what became of clients' queries, takes the operator's overrides, and keeps
 * each upstream's state (health.h) and the statistics that its slot had when it got it.
 *
 * A probe that the dataplane does not answer for, or could not send for a reason that is not the
 * upstream's (its flow table is full), says nothing about the upstream and is not counted. Outcomes
 * are taken in the order of the probes (probe_order.h). Nothing is probed or looked at while the
 * dataplane is away.
 *
 * New upstreams: a new one begins down until its first good probe if each of its pools has a member
 * that stays and is usable; otherwise it begins up until proven down (health.h says why).
 *
 * An override goes with the upstream, which is its address and port: it outlives reloads and
 * renaming while the upstream is in the configuration, and restarts of either daemon or both: the
 * dataplane's snapshot holds it, and the state on file (state_file.h), which counts for more.
 *
 * So do its counters: they are those of its slot since it got it. If a restart left nobody who
 * knows what the slot had then, they begin again, and never with what another upstream did
 * there. */
#ifndef EPHEMERA_CONTROL_FARM_FARM_H
#define EPHEMERA_CONTROL_FARM_FARM_H

#include <stdbool.h>
#include <stdint.h>

#include "control/farm/case_watch.h"
#include "control/config/config.h"
#include "control/link/link.h"
#include "control/farm/health.h"
#include "control/lib/loop.h"
#include "control/kernel/neighbour.h"
#include "control/farm/passive.h"
#include "control/farm/probe_order.h"
#include "control/state/slots.h"
#include "control/state/state_file.h"
#include "control/stats/stats_reader.h"

struct farm_upstream {
	struct case_watch case_watch;
	struct health health;
	struct passive passive;
	struct probe_order order;
	struct upstream_stats base; /* of the slot, when the upstream got it */
	bool active;		    /* in force in the dataplane: to be probed */
	bool unsent;		    /* the last probe had nowhere to go */
	uint64_t due_ns;	    /* the next one */
};

/* The parts that the farm works with; they outlive it. */
struct farm_parts {
	struct loop *loop;
	struct link *dataplane;
	struct neighbour *neighbour;
	const struct stats_reader *stats;
	const struct state *state;    /* on file: of an earlier ephemerad, then of this one */
	void (*changed)(void *owner); /* the state of an upstream is another one */
	void *owner;
};

struct farm {
	struct farm_parts parts;
	struct loop_timer timer;
	const struct config *config; /* in force */
	const struct slots *slots;   /* in force */
	uint32_t interval_ms;	     /* that the probes are spread over */
	struct farm_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX]; /* by slot */
};

void farm_init(struct farm *farm, const struct farm_parts *parts);
void farm_fini(struct farm *farm);

/* Takes the states from a running dataplane's snapshot, whose slots are `slots`; `known`: only of
 * those upstreams that `before` does not have in the same slot. */
void farm_seed(struct farm *farm, const struct slots *before, const struct slots *slots,
	       const struct snapshot *snapshot, bool known, uint64_t now_ns);

/* Gives those upstreams of `after`, the slots of `config`, their first state that `before` does not
 * have in the same slot. Touches no other: when `after` does not come into force, nothing has
 * happened. */
void farm_admit(struct farm *farm, const struct slots *before, const struct slots *after,
		const struct config *config, uint64_t now_ns);

/* `slots` and `config`, which stay where they are, are in force from now on, here at the least.
 * True if the state of an upstream is another one by that; `changed` is not called. */
bool farm_settle(struct farm *farm, const struct slots *slots, const struct config *config,
		 uint64_t now_ns);

/* They are in force in the dataplane too: probes exactly its active upstreams from now on. An
 * upstream whose last probe had nowhere to go and now has is probed at once. After
 * farm_settle(). */
void farm_enforce(struct farm *farm, uint64_t now_ns);

/* Questions to that upstream are not sent in random case any more, which its probes may have failed
 * for: the failures so far do not count, and it is probed as soon as that is in force. */
void farm_reset_failures(struct farm *farm, unsigned slot, uint64_t now_ns);

/* Polls what became of clients' queries, with open statistics: to be called a few times a
 * second. */
void farm_poll(struct farm *farm, uint64_t now_ns);

/* The operator overrides the health of the upstream in that slot, or leaves it to health:
 * ADMIN_AUTO. */
void farm_override(struct farm *farm, unsigned slot, enum admin_state state, uint64_t now_ns);

/* The dataplane is away: nothing is probed until farm_enforce(). */
void farm_suspend(struct farm *farm);

/* The dataplane's statistics began again. */
void farm_forget_base(struct farm *farm);

/* What the upstream in that slot did since it got it; all 0 without statistics. */
struct upstream_stats farm_stats(const struct farm *farm, unsigned slot);

#endif
