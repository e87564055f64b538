/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of ephemerad's parts share: a dataplane of our own that lives on the loop under
 * test, a configuration file, and waiting for events with a deadline. */
#ifndef EPHEMERA_TESTS_UNIT_DAEMON_CONTROL_RIG_H
#define EPHEMERA_TESTS_UNIT_DAEMON_CONTROL_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "dataplane/shared/message.h"
#include "dataplane/shared/stats.h"
#include "control/lib/loop.h"

#define RIG_DEADLINE_MS 20000 /* of what is sure to come: only a failure takes so long */

/* A dataplane that does what it is told to: no packets, one worker, no steered ports unless told
 * so. */
struct rig_dataplane {
	struct loop *loop;
	struct loop_watch listener, connection; /* fd -1: none */
	char path[128];
	uint64_t boot_id;
	struct stats_header *stats; /* its segment: header, then one worker */
	int stats_fd;
	struct snapshot *snapshot;  /* what it runs on; NULL: none yet */
	const char *refuse;	    /* not NULL: PUTs are refused with this reason */
	bool mute;		    /* PUTs are not answered */
	bool strange_maps;	    /* its port is steered, and its maps are none */
	enum probe_outcome outcome; /* of probes to any upstream but `answering` */
	uint8_t rcode;
	int answering; /* the slot whose probes are answered NOERROR; -1: none */
	/* the slot whose every other probe times out, told two responses late; -1: none */
	int flapping;
	struct message_header late[2]; /* probes of it that are going to time out */
	bool untold;		       /* its timeouts are never told */
	unsigned flaps;		       /* its probes */
	unsigned hellos, puts, gets, probes, stops;
	uint16_t probed; /* the slot of the last probe */
};

/* A directory of this run, with a path in it (valid for as many more calls), and a TCP port on
 * 127.0.0.1 of this run's own, where a daemon with rig_config()'s file serves HTTP. */
#define RIG_PATHS 16
void rig_open(void);
void rig_close(void);
const char *rig_dir(void);
const char *rig_path(const char *name);
uint16_t rig_http_port(void);

void rig_dataplane_start(struct rig_dataplane *dataplane, struct loop *loop, uint64_t boot_id);
/* As if killed: the socket file stays. */
void rig_dataplane_kill(struct rig_dataplane *dataplane);

/* Writes a configuration file with these source ports and these lines under `servers:`; returns its
 * path, always the same. Each upstream is probed each tenth of a second, or each `interval_ms`. */
const char *rig_config(const char *ports, const char *upstreams);
const char *rig_config_probing(const char *ports, const char *upstreams, unsigned interval_ms);

/* Turns the loop until `done(owner)`; false when it did not come true within the deadline. */
bool rig_wait(struct loop *loop, bool (*done)(const void *owner), const void *owner);

#endif
