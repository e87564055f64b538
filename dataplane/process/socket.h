/* SPDX-License-Identifier: BSD-3-Clause */
/* The dataplane's socket, RUNTIME/dataplane.sock: clients, framing and descriptors. What a message
 * means is in a table that the owner brings (service.c).
 *
 * A request is refused before its handler sees it if it has another version (-EPROTO, and the
 * connection is closed), an unknown type (-EOPNOTSUPP), or another size than its row says
 * (-EMSGSIZE). A client that does not read its responses is closed. All [main]. */
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

/* A request for a handler. The body has the size of its row. */
struct socket_request {
	const void *body;
	int fd;		 /* that came with it, or -1; the socket closes it afterwards */
	uint64_t client; /* names the connection, for socket_send() */
	uint64_t cookie;
};

/* What the handler answers. A refusal has no body unless the handler says that it has one. */
struct socket_response {
	void *body;		  /* room of the row's response_bytes, zeroed */
	size_t body_bytes;	  /* used; starts as response_bytes, or 0 if the handler refuses */
	size_t refusal_bytes;	  /* used by a refusal */
	int fds[MESSAGE_FDS_MAX]; /* stay the handler's */
	uint32_t fd_count;
	int later; /* 1: no response now, socket_send() will bring it */
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
	uint64_t name;		   /* never used twice */
};

struct socket_server {
	struct loop *loop;
	const struct socket_row *rows;
	uint32_t row_count;
	void *owner; /* of the rows' handlers */
	char path[sizeof(((struct sockaddr_un *)0)->sun_path)];
	char made_directory[sizeof(
		((struct sockaddr_un *)0)->sun_path)]; /* ours to remove; or empty */
	dev_t path_device;
	ino_t path_inode;
	struct loop_source listener;
	struct socket_client clients[SOCKET_CLIENTS_MAX];
	uint64_t next_name;
};

/* Makes the directory (0750) if it is missing and the socket (0660), reclaims a stale one. 0; or
 * -errno after one line on stderr, -EADDRINUSE if another dataplane answers there. The rows must
 * stay. */
int socket_open(struct socket_server *server, struct loop *loop, const char *runtime_dir,
		const struct socket_row *rows, uint32_t row_count, void *owner);
void socket_close(struct socket_server *server);

/* Sends a late response; does nothing if that client has gone. */
void socket_send(struct socket_server *server, uint64_t client, const struct message_header *header,
		 const void *body, size_t body_bytes);

/* The row that a message of `bytes` bytes belongs to. 0, -EPROTO, -EOPNOTSUPP or -EMSGSIZE.
 * Pure. */
int socket_check(const struct socket_row *rows, uint32_t row_count,
		 const struct message_header *header, size_t bytes, const struct socket_row **row);

#endif
