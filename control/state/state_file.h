/* SPDX-License-Identifier: BSD-3-Clause */
/* What ephemerad must not forget when it is killed, and how it lies in RUNTIME/ephemerad.state: the
 * overrides of upstreams, the drain of the instance, and from where the counters of each upstream
 * count.
 *
 * The file is JSON, ours alone (0600), and only ever replaced as a whole by rename(), so that
 * whoever is killed at any moment leaves the old one or the new one. It does not outlive the
 * machine's boot: the times in it are of CLOCK_MONOTONIC, and the kernel's boot id in it says of
 * which boot. So nothing waits for a disk either. It is read as any other input: what is not
 * exactly as written here is not believed at all. */
#ifndef EPHEMERA_CONTROL_STATE_STATE_FILE_H
#define EPHEMERA_CONTROL_STATE_STATE_FILE_H

#include <stdint.h>

#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/stats.h"
#include "control/state/drain.h"

#define STATE_FILE_NAME	     "ephemerad.state"
#define STATE_FILE_BYTES_MAX (1u << 20)
#define STATE_SLOT_NONE	     SNAPSHOT_UPSTREAMS_MAX
#define STATE_WHY_BYTES	     192

struct state_upstream {
	struct address address;
	uint16_t port;
	uint16_t slot;		    /* STATE_SLOT_NONE: not known, and `base` means nothing */
	uint8_t admin_state;	    /* enum admin_state */
	struct upstream_stats base; /* of the slot, when the upstream got it */
};

/* A value; all 0: nothing is known. Two are the same if memcmp() says so. */
struct state {
	uint64_t boot_id; /* of the dataplane whose slots and counters these are; 0: none */
	enum drain_state drain;
	uint64_t drain_since_ns, drain_until_ns; /* unless DRAIN_OFF */
	unsigned upstream_count;
	struct state_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
};

/* The entry of the upstream with that address and port, or NULL. */
const struct state_upstream *state_upstream(const struct state *state,
					    const struct address *address, uint16_t port);

/* 0; or -errno, `state` being all 0 and `why` a sentence; -ENOENT: there is none, or none of this
 * boot. */
int state_file_read(const char *path, uint64_t now_ns, struct state *state,
		    char why[STATE_WHY_BYTES]);

/* 0; or -errno, and there is no file any more: better than one that says what is not true. */
int state_file_write(const char *path, const struct state *state);

#endif
