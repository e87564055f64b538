/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds IP, UDP and the DNS header in each packet of a burst.
 * Way:   rx -> [parse] -> classify
 * Runs:  workers; reads the packets, writes the batch.
 * Never: trusts what stands in front of it, be it a NIC or the XDP program. */
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "checksum.h"
#include "stages.h"

#define PARSE_VLAN_TAGS	 2
#define PARSE_EXTENSIONS 6
#define PARSE_OK	 DROP_REASON_COUNT

/* The next bytes to read, and what is left of the layer around them. */
struct cursor {
	const uint8_t *base;
	uint32_t offset;
	uint32_t end;
};

static inline const void *
cursor_take(struct cursor *c, uint32_t bytes)
{
	const void *at = c->base + c->offset;

	if (c->end - c->offset < bytes)
		return NULL;
	c->offset += bytes;
	return at;
}

/* Ethernet to this station: a switch floods, and a NIC may be promiscuous. Tags with VLAN ID 0, which mark
 * priority and no VLAN. */
static enum drop_reason
parse_ethernet(struct cursor *c, const struct mac *own, uint16_t *type)
{
	const struct rte_ether_hdr *eth = cursor_take(c, sizeof(*eth));

	if (eth == NULL)
		return DROP_runt;
	if (memcmp(&eth->dst_addr, own, sizeof(*own)) != 0)
		return DROP_other_mac;
	*type = be16toh(eth->ether_type);
	for (int tags = 0; *type == RTE_ETHER_TYPE_VLAN || *type == RTE_ETHER_TYPE_QINQ; tags++) {
		const struct rte_vlan_hdr *vlan = cursor_take(c, sizeof(*vlan));

		if (vlan == NULL)
			return DROP_runt;
		if (tags == PARSE_VLAN_TAGS || (be16toh(vlan->vlan_tci) & 0xfff) != 0)
			return DROP_vlan;
		*type = be16toh(vlan->eth_proto);
	}
	return PARSE_OK;
}

static enum drop_reason
parse_ipv4(struct cursor *c, struct packet *p, bool checked)
{
	const struct rte_ipv4_hdr *ip = cursor_take(c, sizeof(*ip));
	uint32_t header_bytes, total;

	if (ip == NULL)
		return DROP_runt;
	header_bytes = (ip->version_ihl & 0xf) * 4u;
	total = be16toh(ip->total_length);
	if (ip->version_ihl >> 4 != 4 || header_bytes < sizeof(*ip) || total < header_bytes ||
	    total > c->end - p->ip_offset)
		return DROP_ip_header;
	if (!checked && checksum_fold(checksum_bytes(ip, header_bytes)) != 0xffff)
		return DROP_ip_checksum;
	if (be16toh(ip->fragment_offset) & (RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG))
		return DROP_fragment;
	if (ip->next_proto_id != IPPROTO_UDP)
		return DROP_not_udp;
	c->offset = p->ip_offset + header_bytes; /* behind the options */
	c->end = p->ip_offset + total;		 /* before the padding */
	p->is_ipv4 = 1;
	p->source = address_from_ipv4(&ip->src_addr);
	p->destination = address_from_ipv4(&ip->dst_addr);
	return PARSE_OK;
}

/* Walks at most PARSE_EXTENSIONS headers up to UDP. RFC 5095: a routing header with segments left is not
 * obeyed. */
static enum drop_reason
parse_extensions(struct cursor *c, uint8_t next)
{
	for (int walked = 0; next != IPPROTO_UDP; walked++) {
		const uint8_t *header;
		uint32_t bytes;

		if (next == IPPROTO_FRAGMENT)
			return DROP_fragment;
		if (next != IPPROTO_HOPOPTS && next != IPPROTO_DSTOPTS && next != IPPROTO_ROUTING)
			return DROP_not_udp;
		if (walked == PARSE_EXTENSIONS)
			return DROP_extension;
		header = cursor_take(c, 8);
		if (header == NULL)
			return DROP_runt;
		if (next == IPPROTO_ROUTING && header[3] != 0)
			return DROP_extension;
		bytes = header[1] * 8u;
		if (cursor_take(c, bytes) == NULL)
			return DROP_runt;
		next = header[0];
	}
	return PARSE_OK;
}

static enum drop_reason
parse_ipv6(struct cursor *c, struct packet *p)
{
	const struct rte_ipv6_hdr *ip = cursor_take(c, sizeof(*ip));
	uint32_t payload;

	if (ip == NULL)
		return DROP_runt;
	payload = be16toh(ip->payload_len);
	if ((be32toh(ip->vtc_flow) >> 28) != 6 || payload > c->end - c->offset)
		return DROP_ip_header;
	c->end = c->offset + payload;
	p->is_ipv4 = 0;
	memcpy(p->source.bytes, ip->src_addr, 16);
	memcpy(p->destination.bytes, ip->dst_addr, 16);
	/* RFC 4038 section 4.2: IPv4-mapped addresses are not for the wire; here they would read as IPv4. */
	if (address_is_ipv4(&p->source) || address_is_ipv4(&p->destination))
		return DROP_ip_header;
	return parse_extensions(c, ip->proto);
}

/* Checks the checksum, and keeps the sum of the message in it: what is sent on is that sum with what was
 * changed. It is made of the bytes, even where a NIC said that the checksum is right: some say so of one that
 * is partial. */
static bool
parse_sum(struct packet *p, const struct rte_udp_hdr *udp, uint32_t length, bool checked)
{
	uint64_t rest;

	p->message_sum = checksum_bytes(udp + 1, length - (uint32_t)sizeof(*udp));
	/* RFC 768: 0 means that the sender made none. RFC 8200 section 8.1: over IPv6 such packets are
	 * discarded. */
	if (unlikely(udp->dgram_cksum == 0))
		return p->is_ipv4;
	if (checked)
		return true;
	rest = checksum_add(checksum_pseudo(&p->source, &p->destination, (uint16_t)length),
			    bytes_load((const uint8_t *)udp));
	return checksum_fold(checksum_add(p->message_sum, rest)) == 0xffff;
}

/* A UDP length shorter than the IP payload leaves padding behind, which is ignored. */
static enum drop_reason
parse_udp(struct cursor *c, struct packet *p, bool checked)
{
	const struct rte_udp_hdr *udp;
	uint32_t length;

	p->udp_offset = (uint16_t)c->offset;
	udp = cursor_take(c, sizeof(*udp));
	if (udp == NULL)
		return DROP_udp_length;
	length = be16toh(udp->dgram_len);
	if (length < sizeof(*udp) || length > c->end - p->udp_offset)
		return DROP_udp_length;
	if (unlikely(!parse_sum(p, udp, length, checked)))
		return DROP_udp_checksum;
	p->source_port.raw = udp->src_port;
	p->destination_port.raw = udp->dst_port;
	p->dns_offset = (uint16_t)c->offset;
	p->dns_bytes = (uint16_t)(length - sizeof(*udp));
	p->question_bytes = 0;
	return p->dns_bytes < DNS_HEADER_BYTES ? DROP_dns_short : PARSE_OK;
}

static enum drop_reason
parse_packet(const struct worker *w, const struct rte_mbuf *mbuf, uint8_t in_port, struct packet *p)
{
	struct cursor c = {.base = rte_pktmbuf_mtod(mbuf, const uint8_t *), .end = mbuf->data_len};
	const uint64_t ip_good = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint64_t udp_good = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	enum drop_reason reason;
	uint16_t type;

	if (unlikely(mbuf->nb_segs != 1))
		return DROP_segmented;
	p->in_port = in_port;
	reason = parse_ethernet(&c, &w->ports[p->in_port].mac, &type);
	if (reason != PARSE_OK)
		return reason;
	p->ip_offset = (uint16_t)c.offset;
	if (type == RTE_ETHER_TYPE_IPV4)
		reason = parse_ipv4(&c, p,
				    w->ports[p->in_port].checks_ip && ip_good == RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	else if (type == RTE_ETHER_TYPE_IPV6)
		reason = parse_ipv6(&c, p);
	else
		reason = DROP_ethertype;
	if (reason != PARSE_OK)
		return reason;
	return parse_udp(&c, p, w->ports[p->in_port].checks_udp && udp_good == RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

/* What says that it is a reply is taken for one: the slot of the flow that it will be held against is on its
 * way while the rest of the burst is parsed. */
static inline void
parse_prefetch(const struct worker *w, const struct batch *b, uint32_t i)
{
	const struct dns_header *dns = packet_dns(b, i);
	const struct be16 port = b->packets[i].destination_port;

	if (dns->flags1 & DNS_QR)
		flow_slot_prefetch(&w->flows, flow_slot(&w->flows, port, dns->id), be16_to(port));
}

void
parse(struct worker *w, struct batch *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(b->mbufs[i], void *));
		rte_prefetch0(rte_pktmbuf_mtod_offset(b->mbufs[i], void *, RTE_CACHE_LINE_SIZE));
	}
	for (uint32_t i = 0; i < b->count; i++) {
		const uint8_t in_port = b->handed_in ? (uint8_t)b->mbufs[i]->port : b->in_port;
		enum drop_reason reason = parse_packet(w, b->mbufs[i], in_port, &b->packets[kept]);

		if (unlikely(reason != PARSE_OK)) {
			worker_drop(w, b->mbufs[i], reason);
			continue;
		}
		b->mbufs[kept] = b->mbufs[i];
		parse_prefetch(w, b, kept++);
	}
	b->count = kept;
}
