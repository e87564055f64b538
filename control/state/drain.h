/* SPDX-License-Identifier: BSD-3-Clause */
/* The drain of the whole instance: a state machine. Pure; events and times are arguments.
 *
 *     OFF      -> WAITING    drain
 *     WAITING  -> STOPPING   no queries for DRAIN_IDLE_NS, or until_ns has passed
 *     STOPPING -> STOPPED    the dataplane is gone
 *     STOPPED  -> OFF        another dataplane is connected
 *     WAITING, STOPPED -> OFF    undrain
 *
 * In WAITING the instance still forwards but reports that it is not ready, so that BGP or a load
 * balancer stops sending clients to it. Then the dataplane is asked to stop; it finishes the
 * queries in flight. The drain is the operator's decision: a crash and restart of the dataplane
 * while WAITING does not end it, nor does a restart of ephemerad (state_file.h). A dataplane that
 * is started after the stop ends it. */
#ifndef EPHEMERA_CONTROL_STATE_DRAIN_H
#define EPHEMERA_CONTROL_STATE_DRAIN_H

#include <stdbool.h>
#include <stdint.h>

#define DRAIN_IDLE_NS UINT64_C(2000000000)

enum drain_state {
	DRAIN_OFF,
	DRAIN_WAITING,
	DRAIN_STOPPING, /* the dataplane was asked to stop, or will be when it is connected */
	DRAIN_STOPPED,
};

struct drain {
	enum drain_state state;
	uint64_t since_ns; /* when the drain began */
	uint64_t until_ns; /* when WAITING ends at the latest */
	bool counted;	   /* `queries` is set */
	uint64_t queries;  /* of clients, at the last poll */
	uint64_t idle_ns;  /* since when they have not increased */
	/* An earlier process reached DRAIN_STOPPING; whether it asked the dataplane is unknown. */
	bool recalled;
};

/* Begins a drain; during one that is WAITING, only changes its timeout. */
void drain_begin(struct drain *drain, uint64_t timeout_ns, uint64_t now_ns);

/* Continues the drain of an earlier process, from its saved state. */
void drain_recall(struct drain *drain, enum drain_state state, uint64_t since_ns,
		  uint64_t until_ns);

/* 0, or
 * -EBUSY   the dataplane is already stopping
 * -ENOENT  there is no drain */
int drain_cancel(struct drain *drain);

/* Call it a few times a second while a dataplane is connected; `queries` counts those received from
 * clients, forwarded or not. True if the dataplane is to be asked to stop now. */
bool drain_poll(struct drain *drain, uint64_t queries, uint64_t now_ns);

/* The request to stop could not be sent: the next poll asks again. */
void drain_not_asked(struct drain *drain);

/* The dataplane was lost; connected: the `same` process as before, or another one. */
void drain_lost(struct drain *drain);
void drain_connected(struct drain *drain, bool same);

#endif
