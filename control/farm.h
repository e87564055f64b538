/* SPDX-License-Identifier: BSD-3-Clause */
/* The upstreams as health sees them: sends each its probes through the dataplane, spread over the interval,
 * and keeps its state (health.h) and the statistics that its slot had when it got it.
 *
 * A probe that the dataplane does not answer for, or could not send for a reason that is not the upstream's
 * (its flow table is full), says nothing about the upstream and is not counted. Nor is one that an
 * outcome of a younger probe has overtaken. Nothing is probed while the
 * dataplane is away.
 *
 * New upstreams: where one that stays is up, a new one begins down until its first good probe; where none is,
 * all new ones begin up until proven down (health.h says why). */
#ifndef EPHEMERA_FARM_H
#define EPHEMERA_FARM_H

#include <stdbool.h>
#include <stdint.h>

#include "case_watch.h"
#include "config.h"
#include "dataplane.h"
#include "health.h"
#include "loop.h"
#include "neighbour.h"
#include "slots.h"
#include "stats_reader.h"

#define FARM_AWAITING_MAX                                                                                    \
	3 /* probes under way to one upstream: the dataplane tells of a timeout up to half a second late */

struct farm_upstream {
	struct case_watch case_watch;
	struct health health;
	struct upstream_stats
		base;	   /* of the slot, when the upstream got it; all 0 after a restart of ephemerad */
	bool active;	   /* in force in the dataplane: to be probed */
	unsigned awaiting; /* probes under way */
	uint32_t sent;	   /* probes; the serial of the last one */
	uint32_t taken;	   /* the serial of the youngest probe whose outcome was taken */
	bool unsent;	   /* the last one had nowhere to go */
	uint64_t due_ns;   /* the next one */
};

struct farm {
	struct loop *loop;
	struct dataplane *dataplane;
	struct neighbour *neighbour;
	const struct stats_reader *stats;
	struct loop_timer timer;
	struct config_probe probe;
	struct slots const *slots;				/* in force */
	struct farm_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX]; /* by slot */
	void (*changed)(void *owner);
	void *owner;
};

/* `changed` is called when an upstream went up or down; dataplane, neighbour and stats must outlive the farm.
 */
void farm_init(struct farm *farm, struct loop *loop, struct dataplane *dataplane, struct neighbour *neighbour,
	       const struct stats_reader *stats, void (*changed)(void *owner), void *owner);
void farm_fini(struct farm *farm);

/* Takes the states from a running dataplane's snapshot, whose slots are `slots`; `known`: only of those
 * upstreams that `before` does not have in the same slot. */
void farm_seed(struct farm *farm, const struct slots *before, const struct slots *slots,
	       const struct snapshot *snapshot, bool known, uint64_t now_ns);

/* Gives those upstreams of `after` their first state that `before` does not have in the same slot. */
void farm_admit(struct farm *farm, const struct slots *before, const struct slots *after, uint64_t now_ns);

/* `slots`, which stay where they are, and `probe` are in force in the dataplane: probes exactly its active
 * upstreams from now on. An upstream whose last probe had nowhere to go and now has is probed at once. */
void farm_enforce(struct farm *farm, const struct slots *slots, const struct config_probe *probe,
		  uint64_t now_ns);

/* Questions to that upstream are not sent in random case any more, which its probes may have failed for: the
 * failures so far do not count, and it is probed as soon as that is in force. */
void farm_pardon(struct farm *farm, unsigned slot, uint64_t now_ns);

/* The dataplane is away: nothing is probed until farm_enforce(). */
void farm_suspend(struct farm *farm);

/* The dataplane's statistics began anew. */
void farm_forget_base(struct farm *farm);

/* What the upstream in that slot did since it got it; all 0 without statistics. */
struct upstream_stats farm_stats(const struct farm *farm, unsigned slot);

#endif
