/* SPDX-License-Identifier: BSD-3-Clause */
/* The messages on the dataplane's socket, RUNTIME/dataplane.sock, a SOCK_SEQPACKET unix socket.
 *
 * One packet is one message: struct message_header, then the body of its type. Both ends check the
 * size of each type. A client sends a request; the dataplane sends a response with the same type,
 * the same cookie and a status (0 or -errno). An error response has no body, except to
 * SNAPSHOT_PUT. The response to a probe is sent when the probe ends; other responses may be sent
 * before it. Descriptors are passed with the body (SCM_RIGHTS), in the order given. Byte order is
 * the machine's. */
#ifndef EPHEMERA_DATAPLANE_SHARED_MESSAGE_H
#define EPHEMERA_DATAPLANE_SHARED_MESSAGE_H

#include <stdint.h>

#include "dataplane/shared/snapshot.h"
#include "dataplane/shared/wire.h"

#define MESSAGE_SOCKET_NAME  "dataplane.sock"
#define MESSAGE_VERSION	     2
#define MESSAGE_FDS_MAX	     (1 + SNAPSHOT_INTERFACES_MAX * 8)
#define MESSAGE_FLOWS_MAX    64
#define MESSAGE_QUESTION_MAX 259 /* wire form: name, type, class */

enum message_type {
	/* request: hello_request; response: hello_response + descriptors */
	MESSAGE_HELLO = 1,
	/* request: snapshot_put + 1 descriptor (memfd); response: snapshot_response, once all
	 * workers run on the snapshot */
	MESSAGE_SNAPSHOT_PUT,
	/* request: empty; response: snapshot_response + 1 descriptor; -ENOENT before the first
	 * PUT */
	MESSAGE_SNAPSHOT_GET,
	/* request: port_request; response: port_response, cut to its flow_count */
	MESSAGE_PORT,
	/* request: probe_request; response: probe_response */
	MESSAGE_PROBE,
	/* request: neighbour_request; response: empty */
	MESSAGE_NEIGHBOUR,
	/* request: empty; response: empty. Stops as on SIGTERM: accepts no new queries, waits for
	 * those in flight, exits 0 */
	MESSAGE_STOP,
};

struct message_header {
	uint16_t version; /* MESSAGE_VERSION; else status -EPROTO, and the connection is closed */
	uint16_t type;	  /* enum message_type */
	int32_t status;	  /* responses: 0 or -errno */
	uint64_t cookie;  /* chosen by the client, copied to the response */
};

struct hello_request {
	uint64_t zero;
};

struct hello_interface {
	char name[32];	    /* of the kernel interface, or of the device */
	uint32_t ifindex;   /* 0: not a kernel interface */
	uint32_t mtu_bytes; /* of the IP packet */
	struct mac mac;
	uint8_t steered; /* 1: STEER_MAP_COUNT descriptors of this interface's XDP maps follow */
	uint8_t zero;
};

/* Descriptors: the statistics segment, read-only; then, for each steered interface, its maps in the
 *              order of enum steer_map. */
struct hello_response {
	uint64_t boot_id;
	uint32_t worker_count;
	uint32_t interface_count;
	uint64_t stats_bytes;
	uint64_t generation; /* in use now; 0: none */
	struct hello_interface interfaces[SNAPSHOT_INTERFACES_MAX];
};

struct snapshot_put {
	uint64_t size_bytes;
};

struct snapshot_response {
	uint64_t generation;
	uint64_t size_bytes;
	/* the reason of a refusal. A refused PUT has this body as well */
	char why[96];
};

struct port_request {
	uint16_t port; /* host order */
	uint16_t zero[3];
};

struct port_flow {
	uint32_t worker;
	uint16_t source;   /* slot */
	uint16_t upstream; /* slot */
	struct address source_address;
	struct address client_address; /* all 0: a probe */
	struct be16 client_port;
	struct be16 id; /* as sent upstream */
	uint32_t age_us;
	uint16_t question_bytes;
	uint8_t question[MESSAGE_QUESTION_MAX + 1];
};

struct port_response {
	/* flows on this port now; may be more than flow_count, if they did not fit */
	uint32_t total;
	uint32_t flow_count;
	struct port_flow flows[MESSAGE_FLOWS_MAX];
};

/* ephemerad has no privilege to change the kernel's neighbour table; the dataplane has. */
struct neighbour_request {
	uint32_t ifindex; /* of one of the interfaces */
	/* 1: verify that `mac` is still reachable. 0: resolve the address unless it is resolved */
	uint8_t verify;
	uint8_t zero;
	struct mac mac; /* all 0 unless `verify` */
	uint32_t zero_after;
	struct address address;
};

/* The dataplane draws source and ID, and sends a header with RD=1 and the question. */
struct probe_request {
	uint16_t upstream; /* slot; may be one that is not usable */
	uint16_t timeout_ms;
	uint16_t question_bytes;
	uint8_t question[MESSAGE_QUESTION_MAX + 1];
};

enum probe_outcome {
	PROBE_RESPONSE, /* rcode and latency_us are valid */
	PROBE_TIMEOUT,
	PROBE_UNSENT, /* no neighbour, no source address, table or ring full */
};

struct probe_response {
	uint16_t upstream;
	uint8_t outcome; /* enum probe_outcome */
	uint8_t rcode;
	uint32_t latency_us;
};

#endif
