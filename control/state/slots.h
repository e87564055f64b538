/* SPDX-License-Identifier: BSD-3-Clause */
/* The assignment of services, source addresses and upstreams to slots of the snapshot, and the
 * source ports that were withdrawn recently.
 *
 * An entry keeps its slot as long as it is in the configuration. Services and upstreams are
 * identified by address and port, sources by address, so that renaming an upstream does not change
 * its slot. An entry that is removed is SLOT_RETIRED for twice the timeout of queries (or of
 * probes, if that is longer) plus one second, then SLOT_EMPTY; only then can another entry use the
 * slot. If it is added again before, it gets its old slot. Withdrawn ports are accepted equally
 * long.
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
	bool random_case;		/* of an upstream: as configured */
	char name[SNAPSHOT_NAME_BYTES]; /* of an upstream */
	uint64_t until_ns;		/* SLOT_RETIRED: when it becomes SLOT_EMPTY */
};

struct slot_set {
	unsigned limit;
	struct slot slots[SNAPSHOT_UPSTREAMS_MAX];
};

/* Ports removed from the range by one change. If there are more than SLOTS_WITHDRAWN_MAX, the one
 * that ends first is merged into the newest: ports are accepted longer rather than shorter. */
struct withdrawn_ports {
	uint64_t until_ns; /* 0: unused */
	uint64_t words[SNAPSHOT_BITMAP_WORDS];
};

struct slots {
	struct slot_set services, sources, upstreams;
	uint32_t timeout_ms; /* longest life of a flow in the last applied configuration; 0: none */
	uint64_t ports[SNAPSHOT_BITMAP_WORDS]; /* of the last applied configuration */
	struct withdrawn_ports withdrawn[SLOTS_WITHDRAWN_MAX];
};

void slots_init(struct slots *slots);

/* How long retired entries and withdrawn ports are kept; `timeout_ms` is the longest life of a
 * flow. */
uint64_t slots_linger_ns(uint32_t timeout_ms);

/* Replaces all slots by those of the snapshot that a dataplane uses. How long its retired entries
 * have been retired is unknown, so their time starts again. */
void slots_seed(struct slots *slots, const struct snapshot *snapshot, uint64_t now_ns);

/* Gives each entry of `config` its slot and retires the others. 0; or -ENOSPC if retired entries
 * leave no room for all new ones: then *full names one of the full sets, a constant string. Apply
 * again after slots_expiry_ns() to give slots to the rest. */
int slots_apply(struct slots *slots, const struct config *config, uint64_t now_ns,
		const char **full);

/* Empties slots that have been retired for long enough; now_ns UINT64_MAX: all retired slots. */
void slots_expire(struct slots *slots, uint64_t now_ns);

/* When slots_expire() is needed next; UINT64_MAX: never. */
uint64_t slots_expiry_ns(const struct slots *slots);

/* The slot of the active upstream with this address and port, or -1. */
int slots_upstream(const struct slots *slots, const struct address *address, uint16_t port);

/* The slot of the active upstream with this name, or -1. */
int slots_upstream_named(const struct slots *slots, const char *name);

/* True if a and b hold the same entry: not empty, same address and port. */
bool slot_same(const struct slot *a, const struct slot *b);

#endif
