/* SPDX-License-Identifier: BSD-3-Clause */
/* Shared by the tests of the whole of ephemerad: the daemon in this process, a fake dataplane
 * (control_rig.h), and a client of its socket. The clock is real; tests wait for events.
 *
 *     struct daemon_rig f = {0};
 *     rig_start(&f, ONE);
 *     CU_ASSERT_TRUE(rig_begins(rig_override(&f, "one", "drain"), "draining"));
 *     rig_stop(&f); */
#ifndef EPHEMERA_TESTS_UNIT_DAEMON_DAEMON_RIG_H
#define EPHEMERA_TESTS_UNIT_DAEMON_DAEMON_RIG_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "control/daemon/daemon.h"
#include "tests/unit/daemon/control_rig.h"

/* Lines for rig_config(). */
#define ONE   "    - {name: one, address: 198.51.100.101}\n"
#define TWO   ONE "    - {name: two, address: 198.51.100.102}\n"
#define THREE TWO "    - {name: three, address: 198.51.100.103}\n"

struct daemon_rig {
	struct daemon *daemon;
	char config_path[100]; /* the daemon's configuration file */
	struct rig_dataplane rig;
	uint64_t generation; /* for rig_is_newer() */
	unsigned probes;     /* for rig_is_probed() */
	unsigned slot;	     /* the upstream to wait for */
	void *own;	     /* the test's own, for its wait functions */
	int client;	     /* connected to control.sock */
	char line[65536];    /* the line received */
	size_t line_bytes;
};

/* Starts the daemon alone, without a state file; any error aborts. The dataplane, which runs on the
 * daemon's loop, is started with rig_dataplane_start() and must be stopped first. */
void rig_daemon_open(struct daemon_rig *f, const char *path);
/* As if killed: what it does while stopping leaves no trace in the state file. */
void rig_daemon_close(struct daemon_rig *f);
/* Starts another one after rig_daemon_close(), with the state file of the first. */
void rig_daemon_again(struct daemon_rig *f, const char *path);

/* Replaces the daemon by another one with this file; the dataplane keeps running. Does not wait for
 * the dataplane. */
void rig_daemon_replace(struct daemon_rig *f, const char *path);

/* Starts both with these lines under `servers:` and waits until the dataplane has the snapshot;
 * stops both. */
void rig_start(struct daemon_rig *f, const char *upstreams);
void rig_stop(struct daemon_rig *f);

/* The statistics of the dataplane's one worker. */
struct worker_stats *rig_worker(const struct daemon_rig *f);

/* Runs the loop until done(f); false if the deadline passes. */
bool rig_wait_for(struct daemon_rig *f, bool (*done)(const void *owner));

/* Conditions for rig_wait_for(): the dataplane has the daemon's current snapshot; one newer than
 * f->generation; the daemon is not connected to it; it got f->probes probes; a line was
 * received. */
bool rig_is_ready(const void *owner);
bool rig_is_newer(const void *owner);
bool rig_is_disconnected(const void *owner);
bool rig_is_probed(const void *owner);
bool rig_is_line(const void *owner);

/* Connects to control.sock. */
int rig_connect(void);
/* Sends bytes on a new connection and returns the line received, or "". */
const char *rig_talk(struct daemon_rig *f, const char *bytes, size_t length);
/* The response; json_decref() it. */
json_t *rig_ask(struct daemon_rig *f, const char *request);
/* The text of that key, or "". */
const char *rig_text(const json_t *object, const char *key);
/* The error in the response to the request, or "". */
const char *rig_failure(struct daemon_rig *f, const char *request);

/* Sets the override of that upstream and waits until the dataplane has it. Returns "STATE: REASON"
 * of the response, or its error. */
const char *rig_override(struct daemon_rig *f, const char *name, const char *action);
/* A row of `upstreams` as "STATE: REASON". */
const char *rig_row(struct daemon_rig *f, unsigned index);
/* Reloads with these lines under `servers:`; must succeed. */
void rig_reload(struct daemon_rig *f, const char *upstreams);

bool rig_begins(const char *text, const char *with);

#endif
