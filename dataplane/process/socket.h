/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's socket, RUNTIME/dataplane.sock: clients, framing and descriptors. The handlers
 * are in the table that the owner passes (requests.c).
 *
 * A request is refused before its handler is called if its version differs (-EPROTO, and the
 * connection is closed), its type is unknown (-EOPNOTSUPP), or its size is not that of its row
 * (-EMSGSIZE). A client that does not read its responses is disconnected. All [main]. */
#ifndef EPHEMERA_DATAPLANE_PROCESS_SOCKET_H
#define EPHEMERA_DATAPLANE_PROCESS_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/un.h>

#include "dataplane/lib/loop.h"
#include "dataplane/shared/message.h"

#define SOCKET_CLIENTS_MAX   8
#define SOCKET_REQUEST_BYTES 1024 /* no request is larger */

/* A request as its handler gets it. The body has the row's request_bytes. */
struct socket_request {
	const void *body;
	int fd;		 /* passed with the request, or -1; closed after the handler returns */
	uint64_t client; /* number of the connection, for socket_send() */
	uint64_t cookie;
};

/* The handler's response. An error has no body unless the handler sets refusal_bytes. */
struct socket_response {
	void *body;		  /* buffer of the row's response_bytes, zeroed */
	size_t body_bytes;	  /* to send with status 0; initially response_bytes */
	size_t refusal_bytes;	  /* to send with an error; initially 0 */
	int fds[MESSAGE_FDS_MAX]; /* to pass; stay the handler's */
	uint32_t fd_count;
	int later; /* 1: no response now, socket_send() sends it later */
};

struct socket_row {
	uint16_t type; /* enum message_type */
	size_t request_bytes;
	size_t response_bytes;
	int (*handle)(void *owner, const struct socket_request *request,
		      struct socket_response *response);
};

struct socket_server;

struct socket_client {
	struct socket_server *server;
	struct loop_source source; /* fd -1: free */
	uint64_t name;		   /* number of the connection, unique */
};

struct socket_server {
	struct loop *loop;
	const struct socket_row *rows;
	uint32_t row_count;
	void *owner; /* of the rows' handlers */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	/* the directory that socket_open() created and socket_close() removes; or empty */
	char made_directory[sizeof(((struct sockaddr_un *)0)->sun_path)];
	dev_t path_device;
	ino_t path_inode;
	struct loop_source listener;
	struct socket_client clients[SOCKET_CLIENTS_MAX];
	uint64_t next_name;
};

/* Creates the directory (0750) if it is missing, removes a stale socket, and listens (0660). The
 * rows must outlive the server. 0, or -errno after one line on stderr: -EADDRINUSE if another
 * dataplane listens there. */
int socket_open(struct socket_server *server, struct loop *loop, const char *runtime_dir,
		const struct socket_row *rows, uint32_t row_count, void *owner);
void socket_close(struct socket_server *server);

/* Sends a response that a handler left for later. No effect if the client has disconnected. */
void socket_send(struct socket_server *server, uint64_t client, const struct message_header *header,
		 const void *body, size_t body_bytes);

/* Finds the row for a message of `bytes` bytes. 0, -EPROTO, -EOPNOTSUPP or -EMSGSIZE. Pure. */
int socket_check(const struct socket_row *rows, uint32_t row_count,
		 const struct message_header *header, size_t bytes, const struct socket_row **row);

#endif
