/* SPDX-License-Identifier: BSD-3-Clause */
/* The drain of the whole instance: a state machine over what the daemon sees and when. Pure.
 *
 *     OFF      -> WAITING    drain
 *     WAITING  -> STOPPING   no queries for DRAIN_IDLE_NS, or `until` has come
 *     STOPPING -> STOPPED    the dataplane is gone
 *     STOPPED  -> OFF        another dataplane is connected
 *     WAITING, STOPPED -> OFF    undrain
 *
 * While it waits, all goes on but that the instance says it is not ready: who sends clients here -
 * BGP, a load balancer - withdraws it, and the queries run dry. Then the dataplane is asked to
 * stop, which finishes what is in flight. It was the operator who drained, so a dataplane that dies
 * meanwhile and comes back does not end the drain; one that is started after the stop does. Nor
 * does ephemerad's own death (state_file.h). */
#ifndef EPHEMERA_CONTROL_STATE_DRAIN_H
#define EPHEMERA_CONTROL_STATE_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#define DRAIN_IDLE_NS UINT64_C(2000000000)

enum drain_state {
	DRAIN_OFF,
	DRAIN_WAITING,
	DRAIN_STOPPING, /* the dataplane was asked to, or is to be asked as soon as it is there */
	DRAIN_STOPPED,
};

struct drain {
	enum drain_state state;
	uint64_t since_ns; /* of the drain */
	uint64_t until_ns; /* it waits no longer */
	bool counted;	   /* `queries` is set */
	uint64_t queries;  /* of clients, when they were looked at last */
	uint64_t idle_ns;  /* when they were first seen not to have grown since */
	/* an earlier process came as far as DRAIN_STOPPING; whether it asked is not known */
	bool recalled;
};

/* Begins; while one is under way only its timeout is another. */
void drain_begin(struct drain *drain, uint64_t timeout_ns, uint64_t now_ns);

/* Goes on where an earlier process was, of which that much is known. */
void drain_recall(struct drain *drain, enum drain_state state, uint64_t since_ns,
		  uint64_t until_ns);

/* 0; or -EBUSY: the dataplane stops already; -ENOENT: there is no drain. */
int drain_cancel(struct drain *drain);

/* What clients have asked so far, forwarded or not; of a connected dataplane, a few times a second.
 * True when the dataplane is to be asked to stop now. */
bool drain_poll(struct drain *drain, uint64_t queries, uint64_t now_ns);

/* Asking it failed: the next poll asks again. */
void drain_not_asked(struct drain *drain);

/* The dataplane went; came: `same` as before, or another one. */
void drain_lost(struct drain *drain);
void drain_connected(struct drain *drain, bool same);

#endif
