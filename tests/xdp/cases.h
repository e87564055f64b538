/* SPDX-License-Identifier: BSD-3-Clause */
/* The tables of frames for the XDP program, and the addresses in its maps. */
#ifndef EPHEMERA_TESTS_XDP_CASES_H
#define EPHEMERA_TESTS_XDP_CASES_H

#include <linux/bpf.h>

#include "bpf/steer.h"
#include "tests/xdp/frames.h"

#define CLIENT4	  "192.0.2.2"
#define CLIENT6	  "2001:db8:1::2"
#define SERVICE4  "192.0.2.53"
#define SERVICE6  "2001:db8:1::53"
#define SOURCE4	  "198.51.100.16"
#define SOURCE6	  "2001:db8:2::16"
#define UPSTREAM4 "198.51.100.101"
#define UPSTREAM6 "2001:db8:2::101"
#define BOTH4	  "198.51.100.17" /* a service and a source */
#define BOTH6	  "2001:db8:2::17"
/* a source whose last two bytes, read as a port, are in the range */
#define PORTLIKE4     "198.51.200.16"
#define NEITHER4      "192.0.2.1" /* an address of the host's own */
#define NEITHER6      "2001:db8:1::1"
#define SERVICE_PORT  53
#define BOTH_PORT     50053 /* another service port of BOTH4 and BOTH6, within the range */
#define PORT_FIRST    49152
#define PORT_LAST     65535
#define PORT_EXCLUDED 50000
#define PORT	      60107 /* a port of the range */

/* The usual packets of the five kinds. */
#define QUERY4	  .from = CLIENT4, .from_port = 40000, .to = SERVICE4, .to_port = SERVICE_PORT
#define QUERY6	  .from = CLIENT6, .from_port = 40000, .to = SERVICE6, .to_port = SERVICE_PORT
#define RESPONSE4 .from = UPSTREAM4, .from_port = 53, .to = SOURCE4, .to_port = PORT
#define RESPONSE6 .from = UPSTREAM6, .from_port = 53, .to = SOURCE6, .to_port = PORT
#define STRAY4	  .from = CLIENT4, .from_port = 53, .to = SOURCE4, .to_port = PORT
#define STRAY6	  .from = CLIENT6, .from_port = 53, .to = SOURCE6, .to_port = PORT
#define OTHER4	  .from = CLIENT4, .from_port = 40000, .to = NEITHER4, .to_port = 53
#define OTHER6	  .from = CLIENT6, .from_port = 40000, .to = NEITHER6, .to_port = 53

/* Action and verdict on a queue with a socket. */
#define TO_KERNEL   XDP_PASS, STEER_kernel
#define TO_QUERY    XDP_REDIRECT, STEER_query
#define TO_RESPONSE XDP_REDIRECT, STEER_response
#define TO_STRAY    XDP_DROP, STEER_stray
#define TO_FRAGMENT XDP_DROP, STEER_fragment
#define TO_TAGGED   XDP_DROP, STEER_tagged
#define TO_DEEP	    XDP_DROP, STEER_deep

struct steer_case {
	const char *description;
	struct frame_spec frame;
	enum xdp_action action;
	enum steer_verdict verdict; /* the only counter that must grow, by one */
};

struct steer_table {
	const char *title;
	const struct steer_case *cases; /* ends with one without a description */
};

extern const struct steer_table steer_tables[]; /* ends with one without a title */

#endif
