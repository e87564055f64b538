/* SPDX-License-Identifier: BSD-3-Clause */
/* What the tests of the whole of ephemerad share: the daemon, in this process, with a dataplane of
 * ours (control_rig.h), and a client of its socket. The clock is the real one; waiting is for
 * events.
 *
 *     struct daemon_rig f = {0};
 *     rig_start(&f, ONE);
 *     CU_ASSERT_TRUE(rig_begins(rig_tell(&f, "one", "drain"), "draining"));
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
	char config_path[100]; /* the daemon's */
	struct rig_dataplane rig;
	uint64_t generation; /* a newer one is waited for */
	unsigned probes;     /* as many are waited for */
	unsigned slot;	     /* the upstream that is waited for */
	void *own;	     /* the test's own, for what it waits for */
	int client;	     /* of control.sock */
	char line[65536];    /* what it got */
	size_t line_bytes;
};

/* The daemon alone, with nothing on file; whatever goes wrong aborts. The dataplane, which lives on
 * the daemon's loop, is started with rig_dataplane_start() and goes first. */
void rig_daemon_open(struct daemon_rig *f, const char *path);
/* As if killed: what it does in its end leaves nothing on file. */
void rig_daemon_close(struct daemon_rig *f);
/* Another one after rig_daemon_close(), with what the first left on file. */
void rig_daemon_again(struct daemon_rig *f, const char *path);

/* Another daemon in its place, with this file; the dataplane outlives the first, and is waited for
 * by nobody. */
void rig_daemon_replace(struct daemon_rig *f, const char *path);

/* Both, with these lines under `servers:`, until the dataplane runs on them; and their end. */
void rig_start(struct daemon_rig *f, const char *upstreams);
void rig_stop(struct daemon_rig *f);

/* The statistics of the dataplane's one worker. */
struct worker_stats *rig_worker(const struct daemon_rig *f);

/* Turns the loop until `done(f)`; false when it did not come true within the deadline. */
bool rig_wait_for(struct daemon_rig *f, bool (*done)(const void *owner));

/* For rig_wait_for(): the dataplane runs on what the daemon wants; on a newer generation than
 * f->generation; it is away; it got f->probes probes; a line has come. */
bool rig_is_ready(const void *owner);
bool rig_is_newer(const void *owner);
bool rig_is_away(const void *owner);
bool rig_is_probed(const void *owner);
bool rig_is_line(const void *owner);

/* A client of control.sock. */
int rig_connect(void);
/* Sends bytes on a connection of their own and returns the line that comes back, "" when there is
 * none. */
const char *rig_talk(struct daemon_rig *f, const char *bytes, size_t length);
/* The answer; json_decref() it. */
json_t *rig_ask(struct daemon_rig *f, const char *request);
/* "" where there is none. */
const char *rig_text(const json_t *object, const char *key);
/* The error that responses the request; "" if there is none. */
const char *rig_failure(struct daemon_rig *f, const char *request);

/* Has that upstream told something, and waits until the dataplane knows it. Returns "STATE: REASON"
 * of the answer, or its error. */
const char *rig_tell(struct daemon_rig *f, const char *name, const char *action);
/* A row of `upstreams`, as "STATE: REASON". */
const char *rig_row(struct daemon_rig *f, unsigned index);
/* Reloads with these lines under `servers:`, which has to succeed. */
void rig_reload(struct daemon_rig *f, const char *upstreams);

bool rig_begins(const char *text, const char *with);

#endif
