/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes and reads ARP packets and neighbour solicitations and advertisements. */
#include "tests/bench/load/neighbour.h"

#include <errno.h>

#include <rte_arp.h>
#include <rte_ethdev.h>

#include "dataplane/lib/dpdk_compat.h"

#define ND_SOLICITATION	  135
#define ND_ADVERTISEMENT  136
#define ND_FLAG_SOLICITED 0x40
#define ND_FLAG_OVERRIDE  0x20
#define ND_OPTION_SOURCE  1
#define ND_OPTION_TARGET  2
#define ND_HOP_LIMIT	  255 /* RFC 4861 section 7.1: proves that the packet comes from the link */

struct nd_message {
	uint8_t type, code;
	uint16_t checksum;
	uint8_t flags, zero[3];
	uint8_t target[16];
	uint8_t option, option_units;
	struct mac mac;
} __attribute__((packed));

enum {
	ARP_FRAME_BYTES = RTE_ETHER_HDR_LEN + sizeof(struct rte_arp_hdr),
	ND_FRAME_BYTES = FRAME_UDP_IPV6 + sizeof(struct nd_message),
	ND_BARE_BYTES = ND_FRAME_BYTES - 8, /* without the option */
};

static bool
is_own(const struct neighbours *n, const struct address *address)
{
	for (uint32_t i = 0; i < n->range_count; i++)
		if (address_block_holds(&n->ranges[i], address))
			return true;
	return false;
}

static void
ethernet_write(uint8_t *frame, const struct mac *from, const struct mac *to, uint16_t type)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)frame;

	memcpy(&eth->dst_addr, to, sizeof(*to));
	memcpy(&eth->src_addr, from, sizeof(*from));
	eth->ether_type = htobe16(type);
}

/* Sends one frame; takes ownership of the mbuf in any case. 0 or -EAGAIN. */
static int
frame_send(uint16_t device, struct rte_mbuf *mbuf, uint32_t bytes)
{
	mbuf->data_len = (uint16_t)bytes;
	mbuf->pkt_len = bytes;
	mbuf->ol_flags = 0;
	if (rte_eth_tx_burst(device, 0, &mbuf, 1) == 1)
		return 0;
	rte_pktmbuf_free(mbuf);
	return -EAGAIN;
}

/* ---- ARP ---- */

static bool
arp_handle(struct neighbours *n, struct rte_mbuf *mbuf, struct load_counters *counters)
{
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(frame + RTE_ETHER_HDR_LEN);
	struct address sender, target;
	struct mac asker;

	if (mbuf->data_len < ARP_FRAME_BYTES)
		return false;
	sender = address_from_ipv4(&arp->arp_data.arp_sip);
	target = address_from_ipv4(&arp->arp_data.arp_tip);
	memcpy(&asker, &arp->arp_data.arp_sha, sizeof(asker));
	if (arp->arp_opcode == htobe16(RTE_ARP_OP_REPLY) && address_equal(&sender, &n->sought)) {
		n->found = asker;
		n->is_found = true;
		return false;
	}
	if (arp->arp_opcode != htobe16(RTE_ARP_OP_REQUEST) || !is_own(n, &target))
		return false;
	ethernet_write(frame, &n->own, &asker, RTE_ETHER_TYPE_ARP);
	arp->arp_opcode = htobe16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	memcpy(&arp->arp_data.arp_sha, &n->own, sizeof(n->own));
	memcpy(&arp->arp_data.arp_sip, target.bytes + 12, 4);
	frame_send(n->device, mbuf, ARP_FRAME_BYTES);
	counters->neighbours++;
	return true;
}

static int
arp_ask(const struct neighbours *n, struct rte_mbuf *mbuf)
{
	const struct mac everybody = {{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	struct rte_arp_hdr *arp = (struct rte_arp_hdr *)(frame + RTE_ETHER_HDR_LEN);

	ethernet_write(frame, &n->own, &everybody, RTE_ETHER_TYPE_ARP);
	*arp = (struct rte_arp_hdr){
		.arp_hardware = htobe16(RTE_ARP_HRD_ETHER),
		.arp_protocol = htobe16(RTE_ETHER_TYPE_IPV4),
		.arp_hlen = 6,
		.arp_plen = 4,
		.arp_opcode = htobe16(RTE_ARP_OP_REQUEST),
	};
	memcpy(&arp->arp_data.arp_sha, &n->own, sizeof(n->own));
	memcpy(&arp->arp_data.arp_sip, n->ranges[0].first.bytes + 12, 4);
	memcpy(&arp->arp_data.arp_tip, n->sought.bytes + 12, 4);
	return frame_send(n->device, mbuf, ARP_FRAME_BYTES);
}

/* ---- Neighbour Discovery ---- */

static void
nd_write(uint8_t *frame, const struct address *from, const struct address *to, uint8_t type,
	 uint8_t flags, const struct address *target, const struct mac *own)
{
	struct rte_ipv6_hdr *ip = frame_ipv6(frame);
	struct nd_message *nd = (struct nd_message *)(ip + 1);

	*ip = (struct rte_ipv6_hdr){
		.vtc_flow = htobe32(6u << 28),
		.payload_len = htobe16(sizeof(*nd)),
		.proto = IPPROTO_ICMPV6,
		.hop_limits = ND_HOP_LIMIT,
	};
	memcpy(IPV6_BYTES(ip->src_addr), from->bytes, 16);
	memcpy(IPV6_BYTES(ip->dst_addr), to->bytes, 16);
	*nd = (struct nd_message){
		.type = type,
		.flags = flags,
		.option = type == ND_SOLICITATION ? ND_OPTION_SOURCE : ND_OPTION_TARGET,
		.option_units = 1,
		.mac = *own,
	};
	memcpy(nd->target, target->bytes, 16);
	nd->checksum = checksum_field(checksum_sum(IPV6_BYTES(ip->src_addr), 32) +
				      checksum_sum(nd, sizeof(*nd)) + htobe16(sizeof(*nd)) +
				      htobe16(IPPROTO_ICMPV6));
}

static bool
nd_handle(struct neighbours *n, struct rte_mbuf *mbuf, struct load_counters *counters)
{
	static const struct address all_nodes = {.bytes = {0xff, 0x02, [15] = 1}}, unspecified;
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	const struct rte_ipv6_hdr *ip = frame_ipv6(frame);
	const struct nd_message *nd = (const struct nd_message *)(ip + 1);
	struct address target, asker;
	struct mac asker_mac;

	if (mbuf->data_len < ND_BARE_BYTES || ip->proto != IPPROTO_ICMPV6 ||
	    ip->hop_limits != ND_HOP_LIMIT || nd->code != 0)
		return false;
	memcpy(target.bytes, nd->target, 16);
	memcpy(asker.bytes, IPV6_BYTES(ip->src_addr), 16);
	if (nd->type == ND_ADVERTISEMENT && address_equal(&target, &n->sought)) {
		const bool has_option =
			mbuf->data_len >= ND_FRAME_BYTES && nd->option == ND_OPTION_TARGET;

		memcpy(&n->found,
		       has_option ? nd->mac.bytes
				  : ((struct rte_ether_hdr *)frame)->src_addr.addr_bytes,
		       6);
		n->is_found = true;
		return false;
	}
	if (nd->type != ND_SOLICITATION || !is_own(n, &target))
		return false;
	memcpy(&asker_mac, &((struct rte_ether_hdr *)frame)->src_addr, sizeof(asker_mac));
	ethernet_write(frame, &n->own, &asker_mac, RTE_ETHER_TYPE_IPV6);
	if (address_equal(&asker,
			  &unspecified)) /* RFC 4861 section 7.2.4: duplicate address detection */
		nd_write(frame, &target, &all_nodes, ND_ADVERTISEMENT, ND_FLAG_OVERRIDE, &target,
			 &n->own);
	else
		nd_write(frame, &target, &asker, ND_ADVERTISEMENT,
			 ND_FLAG_SOLICITED | ND_FLAG_OVERRIDE, &target, &n->own);
	frame_send(n->device, mbuf, ND_FRAME_BYTES);
	counters->neighbours++;
	return true;
}

static int
nd_ask(const struct neighbours *n, struct rte_mbuf *mbuf)
{
	struct address group = {.bytes = {0xff, 0x02, [11] = 1, 0xff}};
	struct mac group_mac = {{0x33, 0x33, 0xff}};
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);

	memcpy(group.bytes + 13, n->sought.bytes + 13, 3);
	memcpy(group_mac.bytes + 3, n->sought.bytes + 13, 3);
	ethernet_write(frame, &n->own, &group_mac, RTE_ETHER_TYPE_IPV6);
	nd_write(frame, &n->ranges[0].first, &group, ND_SOLICITATION, 0, &n->sought, &n->own);
	return frame_send(n->device, mbuf, ND_FRAME_BYTES);
}

/* ---- both ---- */

bool
neighbours_handle(struct neighbours *n, struct rte_mbuf *mbuf, struct load_counters *counters)
{
	const struct rte_ether_hdr *eth = rte_pktmbuf_mtod(mbuf, const struct rte_ether_hdr *);

	if (mbuf->nb_segs != 1)
		return false;
	if (eth->ether_type == htobe16(RTE_ETHER_TYPE_ARP))
		return arp_handle(n, mbuf, counters);
	if (eth->ether_type == htobe16(RTE_ETHER_TYPE_IPV6))
		return nd_handle(n, mbuf, counters);
	return false;
}

int
neighbours_ask(const struct neighbours *n, struct rte_mempool *pool)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(pool);

	if (mbuf == NULL)
		return -ENOMEM;
	return address_is_ipv4(&n->sought) ? arp_ask(n, mbuf) : nd_ask(n, mbuf);
}
