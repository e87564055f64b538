/* SPDX-License-Identifier: BSD-3-Clause */
/* Brings the configuration, as health and neighbours see it now, into force in the dataplane: one
 * snapshot at a time.
 *
 *     AWAY ──HELLO──> LEARNING ──GET answered──> READY <──PUT answered── PUSHING
 *                                                  └──something changed──────^
 *
 * A try is made on copies (slots, and an offered configuration in place of the one in force), added
 * to the XDP maps, put to the dataplane, and becomes what is in force only when all workers run on
 * it; refused, it leaves no trace. While one is under way, changes wait and go together into the
 * next. When the dataplane connects, the snapshot that it runs on is learnt first, so that slots
 * and generations go on where they were.
 *
 * The snapshot is whole each time, also when one upstream's health is all that is new: 5 MB where
 * the lists of domains are full. That takes 7 ms of ephemerad and 20 ms of the dataplane's main
 * thread, and is in force after 28 ms (1 ms without domains), beside the second or more that probes
 * take to find out; no worker waits for it. A second kind of message, for health alone, would save
 * that, and cost the one gate that everything passes.
 *
 * While the dataplane is away an offered configuration comes into force here at once; it is pushed
 * when the dataplane is back. */
#ifndef EPHEMERA_CONTROL_PUBLISH_PUBLISHER_H
#define EPHEMERA_CONTROL_PUBLISH_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"
#include "control/link/link.h"
#include "control/farm/farm.h"
#include "control/lib/loop.h"
#include "control/kernel/neighbour.h"
#include "control/state/slots.h"
#include "control/link/steer_maps.h"

#define PUBLISHER_WHY_BYTES 256

enum publisher_state {
	PUBLISHER_AWAY,
	PUBLISHER_LEARNING,
	PUBLISHER_READY,
	PUBLISHER_PUSHING,
};

/* What became of an offered configuration: `status` 0: in force; or -errno, and `why` is a
 * sentence. */
struct publisher_verdict {
	int status;
	const char *why;
};

/* The parts that the publisher works with; they outlive it. */
struct publisher_parts {
	struct loop *loop;
	struct link *dataplane;
	struct steer_maps *steer;
	struct neighbour *neighbour;
	struct farm *farm;
	void (*committed)(
		void *owner); /* slots and configuration in force are others, or the same again */
	void *owner;
};

struct publisher {
	struct publisher_parts parts;
	enum publisher_state state;
	struct loop_timer timer; /* the next slot to expire, or to try again after a refusal */
	struct config *config;	 /* in force */
	struct slots slots;	 /* in force */
	struct slots next_slots; /* of the try under way */
	struct config *offer;	 /* NULL: none */
	void (*offer_decided)(void *owner, const struct publisher_verdict *verdict);
	void *offer_owner;
	bool offered;		  /* the try under way is of the offer */
	bool changed;		  /* since the try under way began */
	bool learnt;		  /* a dataplane's snapshot has been seen or made since the start */
	uint64_t generation;	  /* the highest known */
	struct snapshot *adopted; /* what the dataplane runs on; generation 0: nothing known */
	struct snapshot *next;	  /* of the try under way */
	struct log_problem problem;
};

/* `config`: the first one, the publisher's from now on. 0 or -errno. */
int publisher_init(struct publisher *publisher, const struct publisher_parts *parts,
		   struct config *config);
void publisher_fini(struct publisher *publisher);

/* The dataplane said HELLO; it is away. */
void publisher_connected(struct publisher *publisher);
void publisher_lost(struct publisher *publisher);

/* Health or neighbours changed: pushes what differs from what is in force. */
void publisher_touch(struct publisher *publisher);

/* Tries `config` in place of the one in force. 0: `decided` will be called once, perhaps before
 * this returns; the publisher owns `config`. -EBUSY: another offer is under way; `config` stays the
 * caller's. */
int publisher_offer(struct publisher *publisher, struct config *config,
		    void (*decided)(void *owner, const struct publisher_verdict *verdict),
		    void *owner);

#endif
