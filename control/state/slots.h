/* SPDX-License-Identifier: BSD-3-Clause */
/* Who has which slot of the snapshot, and which source ports were withdrawn a moment ago.
 *
 * A thing keeps its slot as long as it is in the configuration: a service or upstream is its
 * address and port, a source is its address (an upstream that is only renamed stays the same). What
 * leaves the configuration is SLOT_RETIRED for twice the timeout of queries (or of probes, if that
 * is longer) and a second, then SLOT_EMPTY, and only then somebody else's; when it comes back in
 * time it gets its old slot again. Ports withdrawn are accepted for as long.
 *
 * Pure: time is an argument. A value: copied to try a change, copied back when it is adopted. */
#ifndef EPHEMERA_CONTROL_STATE_SLOTS_H
#define EPHEMERA_CONTROL_STATE_SLOTS_H

#include <stdbool.h>
#include <stdint.h>

#include "control/config/config.h"

#define SLOTS_WITHDRAWN_MAX 4

struct slot {
	struct address address;
	uint16_t port;			/* 0 for a source */
	uint8_t state;			/* enum slot_state */
	bool random_case;		/* of an upstream: its configuration has it drawn */
	char name[SNAPSHOT_NAME_BYTES]; /* of an upstream */
	uint64_t until_ns;		/* SLOT_RETIRED: when it turns SLOT_EMPTY */
};

struct slot_set {
	unsigned limit;
	struct slot slots[SNAPSHOT_UPSTREAMS_MAX];
};

/* Ports taken out of the range together. Where more sets linger than there is room for, the one
 * that ends first joins the newest: a port is accepted too long rather than too briefly. */
struct withdrawn_ports {
	uint64_t until_ns; /* 0: unused */
	uint64_t words[SNAPSHOT_BITMAP_WORDS];
};

struct slots {
	struct slot_set services, sources, upstreams;
	uint32_t
		/* the longest that a flow of the configuration applied last lives; 0: none yet */
		timeout_ms;
	uint64_t ports[SNAPSHOT_BITMAP_WORDS]; /* of the configuration applied last */
	struct withdrawn_ports withdrawn[SLOTS_WITHDRAWN_MAX];
};

void slots_init(struct slots *slots);

/* How long what is withdrawn is kept, from the longest that a flow lives. */
uint64_t slots_linger_ns(uint32_t timeout_ms);

/* Takes over the slots of a snapshot that a dataplane runs on, in place of all that was here. How
 * long its retired ones are retired already is not known: they start again. */
void slots_seed(struct slots *slots, const struct snapshot *snapshot, uint64_t now_ns);

/* Gives every thing of `config` its slot and retires the others. 0; or -ENOSPC when there is no
 * room for all that is new beside what is retired: *full names one of the sets, a constant string,
 * and the things without a slot get theirs when they are applied again after slots_expiry_ns(). */
int slots_apply(struct slots *slots, const struct config *config, uint64_t now_ns,
		const char **full);

/* Empties what has been retired for long enough; UINT64_MAX: all that is retired. */
void slots_expire(struct slots *slots, uint64_t now_ns);

/* When slots_expire() has something to do next; UINT64_MAX: never. */
uint64_t slots_expiry_ns(const struct slots *slots);

/* The slot of the active upstream with this address and port, or -1. */
int slots_upstream(const struct slots *slots, const struct address *address, uint16_t port);

/* The slot of the active upstream with this name, or -1. */
int slots_upstream_named(const struct slots *slots, const char *name);

/* True if a and b hold the same thing: not empty, same address and port. */
bool slot_same(const struct slot *a, const struct slot *b);

#endif
