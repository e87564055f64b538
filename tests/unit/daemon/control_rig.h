/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the tests of ephemerad's parts: a fake dataplane on the event loop under test, a
 * configuration file, and waiting for events with a deadline. */
#ifndef EPHEMERA_TESTS_UNIT_DAEMON_CONTROL_RIG_H
#define EPHEMERA_TESTS_UNIT_DAEMON_CONTROL_RIG_H

#include <stdbool.h>
#include <stdint.h>

#include "control/lib/loop.h"
#include "dataplane/shared/message.h"
#include "dataplane/shared/stats.h"

#define RIG_DEADLINE_MS 20000 /* only a failing test waits this long */

/* A fake dataplane: no packets, one worker, no steered interfaces unless set below. */
struct rig_dataplane {
	struct loop *loop;
	struct loop_watch listener, connection; /* fd -1: none */
	char path[128];
	uint64_t boot_id;
	struct stats_header *stats; /* the statistics segment: header, then one worker */
	int stats_fd;
	struct snapshot *snapshot; /* the adopted snapshot; NULL: none yet */
	const char *refuse;	   /* not NULL: PUTs are refused with this reason */
	bool mute;		   /* PUTs are not answered */
	/* its interface is steered, with descriptors that are not maps */
	bool strange_maps;
	enum probe_outcome outcome; /* of probes to all upstreams except `answering` */
	uint8_t rcode;
	int answering; /* the slot whose probes are answered NOERROR; -1: none */
	/* The slot whose every other probe times out, reported two responses late; -1: none. */
	int flapping;
	struct message_header late[2]; /* its probes that will time out */
	bool unreported;	       /* its timeouts are never reported */
	unsigned flaps;		       /* number of its probes */
	unsigned hellos, puts, gets, probes, stops;
	uint16_t probed; /* the slot of the last probe */
};

/* A path in a directory of this run (valid for RIG_PATHS more calls), and a TCP port on 127.0.0.1
 * reserved for this run, where a daemon with rig_config()'s file serves HTTP. */
#define RIG_PATHS 16
void rig_open(void);
void rig_close(void);
const char *rig_dir(void);
const char *rig_path(const char *name);
uint16_t rig_http_port(void);

void rig_dataplane_start(struct rig_dataplane *dataplane, struct loop *loop, uint64_t boot_id);
/* As if killed: the socket's file stays. */
void rig_dataplane_kill(struct rig_dataplane *dataplane);

/* Writes a configuration file with these source ports and these lines under `servers:`; returns its
 * path, always the same. Each upstream is probed every 100 ms, or every `interval_ms`. */
const char *rig_config(const char *ports, const char *upstreams);
const char *rig_config_probing(const char *ports, const char *upstreams, unsigned interval_ms);

/* Runs the loop until done(owner); false if the deadline passes. */
bool rig_wait(struct loop *loop, bool (*done)(const void *owner), const void *owner);

#endif
