/* SPDX-License-Identifier: BSD-3-Clause */
/* The state that ephemerad keeps across restarts, in RUNTIME/ephemerad.state: overrides of
 * upstreams, the drain of the instance, and the base of each upstream's counters.
 *
 * The file is JSON with mode 0600. It is replaced as a whole by rename(), so that a crash at any
 * time leaves the old file or the new one. It is valid only until the host reboots: its times are
 * of CLOCK_MONOTONIC, and it contains the kernel's boot id. So it need not be synced to disk. It is
 * read like any untrusted input: a file that differs in any way from this format is ignored as a
 * whole. */
#ifndef EPHEMERA_CONTROL_STATE_STATE_FILE_H
#define EPHEMERA_CONTROL_STATE_STATE_FILE_H

#include <stdint.h>

#include "control/state/drain.h"
#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/stats.h"

#define STATE_FILE_NAME	     "ephemerad.state"
#define STATE_FILE_BYTES_MAX (1u << 20)
#define STATE_SLOT_NONE	     SNAPSHOT_UPSTREAMS_MAX
#define STATE_WHY_BYTES	     192

struct state_upstream {
	struct address address;
	uint16_t port;
	uint16_t slot;		    /* STATE_SLOT_NONE: unknown, `base` is then unused */
	uint8_t admin_state;	    /* enum admin_state */
	struct upstream_stats base; /* counters of the slot when the upstream got it */
};

/* A value; all 0: no state. Can be compared with memcmp(). */
struct state {
	uint64_t boot_id; /* of the dataplane that slots and counters belong to; 0: none */
	enum drain_state drain;
	uint64_t drain_since_ns, drain_until_ns; /* unless DRAIN_OFF */
	unsigned upstream_count;
	struct state_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
};

/* The entry of the upstream with that address and port, or NULL. */
const struct state_upstream *state_upstream(const struct state *state,
					    const struct address *address, uint16_t port);

/* 0; or -errno, and then `state` is all 0 and `why` the reason. -ENOENT: there is no file, or it is
 * from another boot. */
int state_file_read(const char *path, uint64_t now_ns, struct state *state,
		    char why[STATE_WHY_BYTES]);

/* 0; or -errno, and then the file is removed, because its content would be outdated. */
int state_file_write(const char *path, const struct state *state);

#endif
