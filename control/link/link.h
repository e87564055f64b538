/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of the dataplane's socket (../dataplane/shared/message.h).
 *
 * It tries to connect every 100 ms, says HELLO, and keeps what it is given until the connection
 * ends: the ports, the statistics segment, the descriptors of the XDP maps. Requests are answered
 * through callbacks, each exactly once: with the dataplane's answer, or with -ENOTCONN when the
 * connection ended before. A dataplane that leaves a request unanswered for five seconds is treated
 * as away: the connection is closed and made again, and what is true is learnt again from its
 * HELLO.
 *
 * Never blocks: what does not fit into the socket now is refused with -EAGAIN. Bounded:
 * DATAPLANE_PENDING_MAX requests in flight. What comes from the socket is checked for its size
 * before it is looked at. */
#ifndef EPHEMERA_CONTROL_LINK_LINK_H
#define EPHEMERA_CONTROL_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "bpf/steer.h"
#include "dataplane/shared/message.h"
#include "control/link/link_wire.h"
#include "control/lib/log.h"
#include "control/lib/loop.h"

#define DATAPLANE_PENDING_MAX 2048 /* more than the farm's probes */

/* An answer, valid during the callback. Descriptors in `fds` are closed afterwards; who wants one
 * dup()s it. */
struct dataplane_response {
	int status; /* 0 or -errno */
	const void *body;
	size_t body_bytes; /* 0 with a refusal (PUT: may be a struct snapshot_response) */
	const int *fds;
	unsigned fd_count;
};

struct dataplane_request {
	enum message_type type;
	const void *body;
	size_t body_bytes;
	int fd;		      /* to hand over, or -1 */
	uint32_t patience_ms; /* how long the response may take by its nature (a probe's timeout) */
	void (*answered)(void *owner, uint64_t tag, const struct dataplane_response *response);
	void *owner;
	uint64_t tag; /* the asker's */
};

/* What HELLO said; valid while connected. */
struct dataplane_hello {
	struct hello_response response;
	int stats_fd;
	int map_fds[SNAPSHOT_INTERFACES_MAX]
		   [STEER_MAP_COUNT]; /* -1 for a port that is not steered */
};

enum dataplane_state {
	DATAPLANE_AWAY,
	DATAPLANE_GREETING, /* connected, HELLO not answered yet */
	DATAPLANE_CONNECTED,
};

struct dataplane_pending {
	uint64_t cookie; /* 0: free */
	enum message_type type;
	uint64_t deadline_ns;
	void (*answered)(void *owner, uint64_t tag, const struct dataplane_response *response);
	void *owner;
	uint64_t tag;
};

struct dataplane {
	struct loop *loop;
	struct sockaddr_un path;
	struct loop_watch watch;
	struct loop_timer timer; /* away: to connect again; else: to see to deadlines */
	enum dataplane_state state;
	struct dataplane_hello hello;
	void (*connected)(void *owner); /* after HELLO */
	void (*lost)(void *owner); /* after the requests in flight were answered with -ENOTCONN */
	void *owner;
	uint64_t cookies; /* given out */
	unsigned pending_count;
	struct dataplane_pending pending[DATAPLANE_PENDING_MAX];
	struct dataplane_message message; /* the one being served */
	struct log_problem problem;
};

/* Sets `dataplane` up and begins to connect to RUNTIME/dataplane.sock. `connected`, `lost` and
 * `owner` are taken from the arguments. 0, or -ENAMETOOLONG. */
int dataplane_init(struct dataplane *dataplane, struct loop *loop, const char *runtime_dir,
		   void (*connected)(void *owner), void (*lost)(void *owner), void *owner);

/* Ends the connection as if the dataplane had gone, callbacks included, and does not connect
 * again. */
void dataplane_leave(struct dataplane *dataplane);

/* Closes the connection without calling anybody. */
void dataplane_fini(struct dataplane *dataplane);

/* 0: `answered` will be called, not before this returns. -ENOTCONN, -EAGAIN (the socket is full),
 * -ENOBUFS (too many in flight) or another -errno: it will not. */
int dataplane_ask(struct dataplane *dataplane, const struct dataplane_request *request);

/* The index of the port with that interface; -1: none. */
int dataplane_interface_index(const struct dataplane *dataplane, uint32_t ifindex);

#endif
