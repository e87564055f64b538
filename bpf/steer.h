/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/* The interface between the XDP program (steer.bpf.c) and userland.
 *
 * Each AF_XDP interface has its own instance of the program and of these maps. ephemerad fills the
 * maps through descriptors that it gets from the dataplane; the dataplane's driver enters its
 * sockets in xsks_map. Addresses have 16 bytes, IPv4 as ::ffff:a.b.c.d. Ports are in network order
 * unless noted.
 *
 *   map         type           key                    value
 *   xsks_map    XSKMAP         queue (u32)            socket (the driver's)
 *   services    HASH           struct steer_service   u32, unused
 *   sources     HASH           struct steer_address   u32, unused
 *   upstreams   HASH           struct steer_address   u32, unused
 *   ports       ARRAY, 1       0                      struct steer_ports
 *   verdicts    PERCPU_ARRAY   enum steer_verdict     u64, packets */
#ifndef EPHEMERA_BPF_STEER_H
#define EPHEMERA_BPF_STEER_H

#include <linux/types.h>

/* The function's name identifies a program that a killed dataplane left attached. */
#define STEER_PROGRAM_NAME "ephemera_steer"

#define STEER_SERVICES_MAX  64
#define STEER_SOURCES_MAX   256
#define STEER_UPSTREAMS_MAX 512

struct steer_address {
	__u8 bytes[16];
};

struct steer_service {
	struct steer_address address;
	__be16 port;
	__u16 zero;
};

/* Bit (port & 63) of word (port >> 6), port in host order: the ports that queries are sent from. */
struct steer_ports {
	__u64 words[1024];
};

/* One row per verdict: the name, and what it counts. */
#define STEER_VERDICTS(X)                                                                          \
	X(kernel, "not for the dataplane, passed to the kernel")                                   \
	X(query, "UDP to a service address, redirected")                                           \
	X(response, "UDP from an upstream to a source address and port, redirected")               \
	X(stray, "UDP to a source address and port from no upstream, dropped")                     \
	X(fragment, "IP fragment towards a source address, dropped")                               \
	X(tagged, "VLAN-tagged UDP to a source address and port, dropped")                         \
	X(deep, "more VLAN tags, or IPv6 extension headers to a source address, than are walked, " \
		"dropped")                                                                         \
	X(orphan, "query or response on a queue without a socket: queries passed to the kernel, "  \
		  "responses dropped")

enum steer_verdict {
#define X(name, help) STEER_##name,
	STEER_VERDICTS(X)
#undef X
		STEER_VERDICT_COUNT
};

/* The maps whose descriptors the dataplane hands over, in this order. */
#define STEER_MAPS(X) X(services) X(sources) X(upstreams) X(ports) X(verdicts)

enum steer_map {
#define X(name) STEER_MAP_##name,
	STEER_MAPS(X)
#undef X
		STEER_MAP_COUNT
};

#endif
