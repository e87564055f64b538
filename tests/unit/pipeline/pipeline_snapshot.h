/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot that tests start from, small and valid; each test changes what it tests.
 *
 *   services   0: 192.0.2.53 port 53   1: 2001:db8:1::53 port 53   2: 192.0.2.53 port 5353
 *   sources    0-3: 198.51.100.16-19   4-7: 2001:db8:2::16-19
 *   upstreams  0: 198.51.100.101 port 53   1: 198.51.100.102 port 53   2: 2001:db8:2::101 port 53
 *              3: 2001:db8:2::102 port 53  4: 198.51.100.101 port 5300; all behind interface 1
 *   allowed    192.0.2.0/24, 2001:db8:1::/48, at all services
 *   pools      0: "default", all upstreams in order, weight 1, round robin; no routes; no limit
 *   ports      49152-65535; timeout 30 s; only upstream 0 is usable
 *   defences   near misses are counted, 1 marks a query; EDNS size 1232; no waiters; no case */
#ifndef EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_SNAPSHOT_H
#define EPHEMERA_TESTS_UNIT_PIPELINE_PIPELINE_SNAPSHOT_H

#include "dataplane/shared/snapshot.h"

enum {
	PIPELINE_SERVICE_IPV4,
	PIPELINE_SERVICE_IPV6,
	PIPELINE_SERVICE_OTHER_PORT,
	PIPELINE_SERVICE_COUNT,

	PIPELINE_SOURCE_IPV4 = 0,
	PIPELINE_SOURCE_IPV6 = 4,
	PIPELINE_SOURCE_COUNT = 8,

	PIPELINE_UPSTREAM_IPV4 = 0,
	PIPELINE_UPSTREAM_IPV4_SECOND,
	PIPELINE_UPSTREAM_IPV6,
	PIPELINE_UPSTREAM_IPV6_SECOND,
	PIPELINE_UPSTREAM_OTHER_PORT,
	PIPELINE_UPSTREAM_COUNT,

	PIPELINE_PORT_FIRST = 49152, /* of the range of source ports */
	PIPELINE_EDNS_BYTES = 1232,
};

/* A sealed snapshot, from malloc(). */
struct snapshot *pipeline_snapshot_new(void);

/* Resizes the part after the fixed one; keeps what fits. Returns the new address; not sealed. */
struct snapshot *pipeline_snapshot_resize(struct snapshot *snapshot, uint32_t ranges,
					  uint32_t members, uint32_t suffixes, uint32_t name_bytes);

/* Sets which upstreams are usable: bit i is slot i. */
void pipeline_snapshot_usable(struct snapshot *snapshot, uint32_t upstreams);

/* Removes upstreams that are not active from the pools, as ephemerad does. */
void pipeline_snapshot_tidy(struct snapshot *snapshot);

/* Sets the ports that are drawn and accepted: `first` to `last`. */
void pipeline_snapshot_ports(struct snapshot *snapshot, uint16_t first, uint16_t last);

#endif
