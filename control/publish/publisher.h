/* SPDX-License-Identifier: BSD-3-Clause */
/* Keeps the dataplane's snapshot equal to the configuration, the health of upstreams and their next
 * hops: one snapshot at a time.
 *
 *     DISCONNECTED ──HELLO──> LEARNING ──GET response──> READY <──PUT response── PUSHING
 *                                                          └───a change──────────^
 *
 * A try works on a copy of the slots and, for an offer, with the offered configuration. It adds the
 * entries of the new snapshot to the XDP maps, sends the snapshot to the dataplane, and commits
 * when all workers run on it. A try that is refused changes nothing. Changes during a try go
 * together into the next one. After the dataplane connects, its current snapshot is read first, so
 * that slots and generations continue.
 *
 * Each snapshot is complete, even if only the health of one upstream changed: up to 5 MB with full
 * lists of domains. That takes 7 ms in ephemerad and 20 ms on the dataplane's main core, and is in
 * force after 28 ms (1 ms without domains); probes take a second or more to detect a failure, and
 * no worker waits. A separate message for health would be faster but would bypass the validation
 * that every snapshot passes.
 *
 * While the dataplane is not connected, an offered configuration is put into force here at once; it
 * is pushed when the dataplane connects. */
#ifndef EPHEMERA_CONTROL_PUBLISH_PUBLISHER_H
#define EPHEMERA_CONTROL_PUBLISH_PUBLISHER_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"
#include "control/farm/farm.h"
#include "control/kernel/neighbour.h"
#include "control/lib/loop.h"
#include "control/link/link.h"
#include "control/link/steer_maps.h"
#include "control/state/slots.h"

#define PUBLISHER_WHY_BYTES 256

enum publisher_state {
	PUBLISHER_DISCONNECTED,
	PUBLISHER_LEARNING,
	PUBLISHER_READY,
	PUBLISHER_PUSHING,
};

/* The result of an offer: `status` 0: in force; or -errno, and `why` is a sentence. */
struct publisher_verdict {
	int status;
	const char *why;
};

/* The parts that the publisher works with; they must outlive it. */
struct publisher_parts {
	struct loop *loop;
	struct link *dataplane;
	struct steer_maps *steer;
	struct neighbour *neighbour;
	struct farm *farm;
	void (*committed)(
		void *owner); /* slots and configuration in force were set, perhaps to equal ones */
	void *owner;
};

struct publisher {
	struct publisher_parts parts;
	enum publisher_state state;
	struct loop_timer timer; /* next slot to expire, or retry after a refusal */
	struct config *config;	 /* in force */
	struct slots slots;	 /* in force */
	struct slots next_slots; /* of the current try */
	struct config *offer;	 /* NULL: none */
	void (*offer_decided)(void *owner, const struct publisher_verdict *verdict);
	void *offer_owner;
	bool offered;	     /* the current try is of the offer */
	bool changed;	     /* since the current try began */
	bool learnt;	     /* a dataplane's snapshot has been read or pushed since the start */
	uint64_t generation; /* the highest known */
	struct snapshot *adopted; /* the dataplane's; generation 0: not known */
	struct snapshot *next;	  /* of the current try */
	struct log_problem problem;
};

/* Takes ownership of `config`, the first one. 0 or -errno. */
int publisher_init(struct publisher *publisher, const struct publisher_parts *parts,
		   struct config *config);
void publisher_fini(struct publisher *publisher);

/* The dataplane answered HELLO; its connection was lost. */
void publisher_connected(struct publisher *publisher);
void publisher_lost(struct publisher *publisher);

/* Health or next hops changed: builds a snapshot and pushes it if it differs. */
void publisher_touch(struct publisher *publisher);

/* Tries `config` in place of the one in force. 0: `decided` will be called once, perhaps before
 * this returns, and the publisher owns `config`. -EBUSY: another offer is in progress; `config`
 * stays the caller's. */
int publisher_offer(struct publisher *publisher, struct config *config,
		    void (*decided)(void *owner, const struct publisher_verdict *verdict),
		    void *owner);

#endif
