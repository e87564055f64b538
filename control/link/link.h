/* SPDX-License-Identifier: BSD-3-Clause */
/* The client of the dataplane's socket (dataplane/shared/message.h).
 *
 * It tries to connect every 100 ms, sends HELLO, and keeps what the response contains until the
 * connection ends: the interfaces, the statistics segment, the descriptors of the XDP maps. The
 * callback of each request is called exactly once: with the dataplane's response, or with -ENOTCONN
 * if the connection ended before. If a request gets no response within five seconds, the
 * connection is closed and made again, and HELLO is sent again.
 *
 * Never blocks: a request that the socket has no room for fails with -EAGAIN. Bounded:
 * LINK_PENDING_MAX requests in flight. The size of a received message is checked before it is
 * read. */
#ifndef EPHEMERA_CONTROL_LINK_LINK_H
#define EPHEMERA_CONTROL_LINK_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>

#include "bpf/steer.h"
#include "control/lib/log.h"
#include "control/lib/loop.h"
#include "control/link/link_wire.h"
#include "dataplane/shared/message.h"

#define LINK_PENDING_MAX 2048 /* more than the probes in flight */

/* A response, valid during the callback. Descriptors in `fds` are closed afterwards; dup() them to
 * keep them. */
struct link_response {
	int status; /* 0 or -errno */
	const void *body;
	size_t body_bytes; /* 0 after an error (SNAPSHOT_PUT: may be a struct snapshot_response) */
	const int *fds;
	unsigned fd_count;
};

struct link_request {
	enum message_type type;
	const void *body;
	size_t body_bytes;
	int fd;			   /* to pass along, or -1 */
	uint32_t extra_timeout_ms; /* added to the five seconds (the timeout of a probe) */
	void (*on_response)(void *owner, uint64_t tag, const struct link_response *response);
	void *owner;
	uint64_t tag; /* passed to on_response */
};

/* The response to HELLO; valid while connected. */
struct link_hello {
	struct hello_response response;
	int stats_fd;
	int map_fds[SNAPSHOT_INTERFACES_MAX][STEER_MAP_COUNT]; /* -1: not steered by XDP */
};

enum link_state {
	LINK_DISCONNECTED,
	LINK_GREETING, /* connected, no response to HELLO yet */
	LINK_CONNECTED,
};

struct link_pending {
	uint64_t cookie; /* 0: free */
	enum message_type type;
	uint64_t deadline_ns;
	void (*on_response)(void *owner, uint64_t tag, const struct link_response *response);
	void *owner;
	uint64_t tag;
};

struct link {
	struct loop *loop;
	struct sockaddr_un path;
	struct loop_watch watch;
	struct loop_timer timer; /* to connect again; while connected, for deadlines */
	enum link_state state;
	struct link_hello hello;
	void (*connected)(void *owner); /* after the response to HELLO */
	void (*lost)(void *owner); /* after the callbacks of requests in flight, with -ENOTCONN */
	void *owner;
	uint64_t cookies; /* assigned so far */
	unsigned pending_count;
	struct link_pending pending[LINK_PENDING_MAX];
	struct link_message message; /* being handled */
	struct log_problem problem;
};

/* Initializes `link` and starts to connect to RUNTIME/dataplane.sock. 0, or -ENAMETOOLONG. */
int link_init(struct link *link, struct loop *loop, const char *runtime_dir,
	      void (*connected)(void *owner), void (*lost)(void *owner), void *owner);

/* Ends the connection as if the dataplane were gone, with all callbacks, and does not connect
 * again. */
void link_leave(struct link *link);

/* Closes the connection without calling any callback. */
void link_fini(struct link *link);

/* Sends a request. 0: `on_response` will be called, but not before this returns. It will not after
 * -ENOTCONN  not connected
 * -EAGAIN    the socket is full
 * -ENOBUFS   too many requests in flight
 * another -errno */
int link_ask(struct link *link, const struct link_request *request);

/* The index of the dataplane interface with that ifindex; -1: none. */
int link_interface_index(const struct link *link, uint32_t ifindex);

#endif
