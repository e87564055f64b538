/* SPDX-License-Identifier: BSD-3-Clause */
/* Swaps addresses and ports, as dpdk-testpmd's 5tswap mode does. */
#include "tests/bench/pipeline/baseline.h"

#include <string.h>

#include <rte_ethdev.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/lib/dpdk_compat.h"

static inline void
swap(void *a, void *b, size_t bytes)
{
	uint8_t kept[16];

	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

static inline void
frame_swap(struct rte_mbuf *mbuf)
{
	struct rte_ether_hdr *eth = rte_pktmbuf_mtod(mbuf, struct rte_ether_hdr *);
	struct rte_udp_hdr *udp;

	swap(&eth->src_addr, &eth->dst_addr, sizeof(eth->src_addr));
	if (eth->ether_type == htobe16(RTE_ETHER_TYPE_IPV4)) {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

		swap(&ip->src_addr, &ip->dst_addr, sizeof(ip->src_addr));
		udp = (struct rte_udp_hdr *)(ip + 1);
	} else {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(eth + 1);

		swap(IPV6_BYTES(ip->src_addr), IPV6_BYTES(ip->dst_addr), sizeof(ip->src_addr));
		udp = (struct rte_udp_hdr *)(ip + 1);
	}
	swap(&udp->src_port, &udp->dst_port, sizeof(udp->src_port));
}

unsigned
baseline_turn(struct bed *bed, unsigned queue)
{
	unsigned seen = 0;

	for (unsigned interface = 0; interface < BED_INTERFACE_COUNT; interface++) {
		struct rte_mbuf *mbufs[BURST_MAX];
		uint16_t n = rte_eth_rx_burst(bed->interfaces[interface].ethdev, (uint16_t)queue,
					      mbufs, BURST_MAX);

		for (unsigned i = 0; i < n; i++)
			rte_prefetch0(rte_pktmbuf_mtod(mbufs[i], void *));
		for (unsigned i = 0; i < n; i++)
			frame_swap(mbufs[i]);
		seen += rte_eth_tx_burst(bed->interfaces[1 - interface].ethdev, (uint16_t)queue,
					 mbufs, n);
	}
	return seen;
}
