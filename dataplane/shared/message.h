/* SPDX-License-Identifier: BSD-3-Clause */
/* The messages on the dataplane's socket, RUNTIME/dataplane.sock, a SOCK_SEQPACKET unix socket.
 *
 * One packet is one message: struct message_header, then the body that the type fixes. The size of
 * each type is checked at both ends. A client asks, the dataplane answers with the same type, the
 * same cookie and a status (0 or -errno); a refusal has no body. Only a probe's answer comes later
 * than its request, when the response or the timeout does; other responses may come in between.
 * Descriptors travel beside the body (SCM_RIGHTS), in the order given. Byte order is the
 * machine's. */
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
	MESSAGE_HELLO = 1, /* request: hello_request. answer: hello_response + fds */
	MESSAGE_SNAPSHOT_PUT, /* request: snapshot_put + 1 fd (memfd). answer: snapshot_response, after all
				 workers run on it */
	MESSAGE_SNAPSHOT_GET, /* request: empty. answer: snapshot_response + 1 fd; -ENOENT before the first PUT
			       */
	MESSAGE_PORT,	   /* request: port_request. answer: port_response, cut to its count */
	MESSAGE_PROBE,	   /* request: probe_request. answer: probe_response */
	MESSAGE_NEIGHBOUR, /* request: neighbour_request. answer: empty */
	MESSAGE_STOP, /* request: empty. answer: empty; then as after SIGTERM: no new queries, those in
			 flight end, exit 0 */
};

struct message_header {
	uint16_t version; /* MESSAGE_VERSION; another one: status -EPROTO, connection closed */
	uint16_t type;	  /* enum message_type */
	int32_t status;	  /* responses: 0 or -errno */
	uint64_t cookie;  /* the asker's; comes back */
};

struct hello_request {
	uint64_t zero;
};

struct hello_interface {
	char name[32];	    /* of the interface, or of the device */
	uint32_t ifindex;   /* 0: not a kernel interface */
	uint32_t mtu_bytes; /* of the IP packet */
	struct mac mac;
	uint8_t steered; /* 1: STEER_MAP_COUNT descriptors of this port's XDP maps follow */
	uint8_t zero;
};

/* Descriptors: the statistics segment, read-only; then for each steered port its maps in the order
 * of enum steer_map. */
struct hello_response {
	uint64_t boot_id;
	uint32_t worker_count;
	uint32_t interface_count;
	uint64_t stats_bytes;
	uint64_t generation; /* running now; 0: none */
	struct hello_interface interfaces[SNAPSHOT_INTERFACES_MAX];
};

struct snapshot_put {
	uint64_t size_bytes;
};

struct snapshot_response {
	uint64_t generation;
	uint64_t size_bytes;
	/* of a refusal: what is wrong. A refused PUT carries this body all the same */
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
	struct address client_address; /* all 0: a probe of ours */
	struct be16 client_port;
	struct be16 id; /* as sent upstream */
	uint32_t age_us;
	uint16_t question_bytes;
	uint8_t question[MESSAGE_QUESTION_MAX + 1];
};

struct port_response {
	uint32_t total; /* flows on this port now; more than flow_count where they did not fit */
	uint32_t flow_count;
	struct port_flow flows[MESSAGE_FLOWS_MAX];
};

/* ephemerad may not change the kernel's neighbour table; the dataplane may. */
struct neighbour_request {
	uint32_t ifindex; /* of one of the ports */
	/* 1: `mac` is asked now whether it is still there. 0: resolved if it is not */
	uint8_t verify;
	uint8_t zero;
	struct mac mac; /* all 0 unless `verify` */
	uint32_t zero_after;
	struct address address;
};

/* The dataplane makes the header, draws source and ID, and sends header + question with RD=1. */
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
