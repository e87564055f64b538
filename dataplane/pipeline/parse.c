/* SPDX-License-Identifier: BSD-3-Clause */
/* Finds IP, UDP and the DNS header in each packet of a burst.
 * Pipeline: rx -> [parse] -> classify
 * Runs:     workers; reads the packets, writes the burst.
 * Never:    trusts the checks of a NIC or of the XDP program, except for checksums that a NIC
 *           reports as good. */
#include <rte_debug.h>
#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/lib/dpdk_compat.h"
#include "dataplane/packet/checksum.h"
#include "dataplane/pipeline/stages.h"

/* Offsets of the headers in the most common packet, and its minimum size with a DNS header. */
#define PLAIN_IP    ((uint32_t)sizeof(struct rte_ether_hdr))
#define PLAIN_UDP   (PLAIN_IP + (uint32_t)sizeof(struct rte_ipv4_hdr))
#define PLAIN_DNS   (PLAIN_UDP + (uint32_t)sizeof(struct rte_udp_hdr))
#define PLAIN_BYTES (PLAIN_DNS + DNS_HEADER_BYTES)

#define PARSE_VLAN_TAGS	 2
#define PARSE_EXTENSIONS 6

/* Where the next bytes are read, and where the enclosing layer ends. */
struct cursor {
	const uint8_t *base;
	uint32_t offset;
	uint32_t end;
	uint64_t addresses; /* sum of both IP addresses */
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

/* Accepts only this interface's MAC address: a switch may flood, and a NIC may be promiscuous.
 * Accepts tags with VLAN ID 0, which carry a priority only. */
static enum drop_reason
parse_ethernet(struct cursor *c, const struct mac *own, uint16_t *type)
{
	const struct rte_ether_hdr *eth = cursor_take(c, sizeof(*eth));

	if (eth == NULL)
		return DROP_runt;
	if (memcmp(&eth->dst_addr, own, sizeof(*own)) != 0)
		return DROP_other_mac;
	*type = be16toh(eth->ether_type);
	for (int tags = 0; unlikely(*type == RTE_ETHER_TYPE_VLAN || *type == RTE_ETHER_TYPE_QINQ);
	     tags++) {
		const struct rte_vlan_hdr *vlan = cursor_take(c, sizeof(*vlan));

		if (vlan == NULL)
			return DROP_runt;
		if (tags == PARSE_VLAN_TAGS || (be16toh(vlan->vlan_tci) & 0xfff) != 0)
			return DROP_vlan;
		*type = be16toh(vlan->eth_proto);
	}
	return DROP_NONE;
}

/* The whole header is in the packet. Most have 20 bytes. */
static inline bool
parse_ipv4_sum(const struct rte_ipv4_hdr *ip, uint32_t header_bytes)
{
	const uint8_t *at = (const uint8_t *)ip;
	uint32_t last;
	uint64_t sum;

	memcpy(&last, at + 16, sizeof(last));
	sum = checksum_add(checksum_add(bytes_load(at), bytes_load(at + 8)), last);
	if (unlikely(header_bytes > sizeof(*ip)))
		sum = checksum_add(sum,
				   checksum_bytes(ip + 1, header_bytes - (uint32_t)sizeof(*ip)));
	return checksum_fold(sum) == 0xffff;
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
	if (!checked && unlikely(!parse_ipv4_sum(ip, header_bytes)))
		return DROP_ip_checksum;
	if (be16toh(ip->fragment_offset) & (RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG))
		return DROP_fragment;
	if (ip->next_proto_id != IPPROTO_UDP)
		return DROP_not_udp;
	c->offset = p->ip_offset + header_bytes; /* after the options */
	c->end = p->ip_offset + total;		 /* before the padding */
	c->addresses = bytes_load((const uint8_t *)&ip->src_addr);
	p->is_ipv4 = 1;
	p->source = address_from_ipv4(&ip->src_addr);
	p->destination = address_from_ipv4(&ip->dst_addr);
	return DROP_NONE;
}

/* Walks at most PARSE_EXTENSIONS headers up to UDP. RFC 5095: a routing header with segments left
 * is not processed. */
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
	return DROP_NONE;
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
	memcpy(p->source.bytes, IPV6_BYTES(ip->src_addr), 16);
	memcpy(p->destination.bytes, IPV6_BYTES(ip->dst_addr), 16);
	c->addresses =
		checksum_add(checksum_address(&p->source), checksum_address(&p->destination));
	/* RFC 4038 section 4.2: IPv4-mapped addresses must not be on the wire; here they would be
	 * taken for IPv4. */
	if (address_is_ipv4(&p->source) || address_is_ipv4(&p->destination))
		return DROP_ip_header;
	return parse_extensions(c, ip->proto);
}

/* Checks the checksum, and keeps the sum of the message: packets are sent with that sum, updated
 * for every change. It is always computed from the bytes, even where the NIC reports a good
 * checksum: some NICs do so for a partial one. */
static inline bool
parse_sum(const struct cursor *c, struct packet *p, const struct rte_udp_hdr *udp, uint32_t length,
	  bool checked)
{
	uint64_t sum;

	p->message_sum = checksum_bytes(udp + 1, length - (uint32_t)sizeof(*udp));
	/* RFC 768: 0 means that the sender computed none. RFC 8200 section 8.1: over IPv6 such
	 * packets are discarded. */
	if (unlikely(udp->dgram_cksum == 0))
		return p->is_ipv4;
	if (checked)
		return true;
	sum = checksum_add(c->addresses, (uint64_t)htobe16(IPPROTO_UDP) + udp->dgram_len);
	sum = checksum_add(sum, bytes_load((const uint8_t *)udp));
	return checksum_fold(checksum_add(sum, p->message_sum)) == 0xffff;
}

/* Bytes between the end of the UDP datagram and that of the IP payload are padding and are
 * ignored. */
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
	if (unlikely(!parse_sum(c, p, udp, length, checked)))
		return DROP_udp_checksum;
	p->source_port.raw = udp->src_port;
	p->destination_port.raw = udp->dst_port;
	p->dns_offset = (uint16_t)c->offset;
	p->dns_bytes = (uint16_t)(length - sizeof(*udp));
	p->question_bytes = 0;
	return p->dns_bytes < DNS_HEADER_BYTES ? DROP_dns_short : DROP_NONE;
}

static __rte_noinline enum drop_reason
parse_packet(const struct worker *w, const struct rte_mbuf *mbuf, uint8_t in_interface,
	     struct packet *p)
{
	struct cursor c = {.base = rte_pktmbuf_mtod(mbuf, const uint8_t *), .end = mbuf->data_len};
	const uint64_t ip_good = mbuf->ol_flags & RTE_MBUF_F_RX_IP_CKSUM_MASK;
	const uint64_t udp_good = mbuf->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK;
	enum drop_reason reason;
	uint16_t type;

	if (unlikely(mbuf->nb_segs != 1))
		return DROP_segmented;
	p->in_interface = in_interface;
	reason = parse_ethernet(&c, &w->interfaces[p->in_interface].mac, &type);
	if (reason != DROP_NONE)
		return reason;
	p->ip_offset = (uint16_t)c.offset;
	if (type == RTE_ETHER_TYPE_IPV4)
		reason = parse_ipv4(&c, p,
				    w->interfaces[p->in_interface].checks_ip &&
					    ip_good == RTE_MBUF_F_RX_IP_CKSUM_GOOD);
	else if (type == RTE_ETHER_TYPE_IPV6)
		reason = parse_ipv6(&c, p);
	else
		reason = DROP_ethertype;
	if (reason != DROP_NONE)
		return reason;
	return parse_udp(&c, p,
			 w->interfaces[p->in_interface].checks_udp &&
				 udp_good == RTE_MBUF_F_RX_L4_CKSUM_GOOD);
}

/* Parses the most common packet without branches per layer: IPv4 without options or fragments, UDP
 * with a checksum, no tags. False: another kind of packet, or a malformed one; parse_packet()
 * decides. */
static inline bool
parse_plain(const struct worker_interface *interface, const struct rte_mbuf *mbuf, struct packet *p)
{
	const uint8_t *frame = rte_pktmbuf_mtod(mbuf, const uint8_t *);
	uint64_t mac = 0, first, second, udp, sum;
	uint32_t destination, type, total, length;

	if (mbuf->nb_segs != 1 || mbuf->data_len < PLAIN_BYTES)
		return false;
	memcpy(&mac, &interface->mac, sizeof(interface->mac));
	memcpy(&type, frame + 12, sizeof(type));
	first = bytes_load(frame + PLAIN_IP);	   /* version, TOS, total length, ID, fragment */
	second = bytes_load(frame + PLAIN_IP + 8); /* TTL, protocol, checksum, source */
	memcpy(&destination, frame + PLAIN_IP + 16, sizeof(destination));
	udp = bytes_load(frame + PLAIN_UDP); /* ports, length, checksum */
	if ((bytes_load(frame) ^ mac) << 16 != 0 ||
	    (type & 0xffffff) != (htobe16(RTE_ETHER_TYPE_IPV4) | RTE_IPV4_VHL_DEF << 16) ||
	    (first >> 48 & htobe16(RTE_IPV4_HDR_OFFSET_MASK | RTE_IPV4_HDR_MF_FLAG)) != 0 ||
	    (second >> 8 & 0xff) != IPPROTO_UDP ||
	    checksum_fold(checksum_add(checksum_add(first, second), destination)) != 0xffff)
		return false;
	total = be16toh((uint16_t)(first >> 16));
	length = be16toh((uint16_t)(udp >> 32));
	if (total > mbuf->data_len - PLAIN_IP || length > total - (PLAIN_UDP - PLAIN_IP) ||
	    length < PLAIN_BYTES - PLAIN_UDP || total < PLAIN_BYTES - PLAIN_IP || udp >> 48 == 0)
		return false;
	p->message_sum = checksum_bytes(frame + PLAIN_DNS, length - (PLAIN_DNS - PLAIN_UDP));
	sum = (second >> 32) + destination + htobe16(IPPROTO_UDP) + (udp >> 32 & 0xffff);
	sum = checksum_add(checksum_add(sum, udp), p->message_sum);
	if (checksum_fold(sum) != 0xffff)
		return false;
	p->ip_offset = PLAIN_IP;
	p->udp_offset = PLAIN_UDP;
	p->dns_offset = PLAIN_DNS;
	p->dns_bytes = (uint16_t)(length - (PLAIN_DNS - PLAIN_UDP));
	p->question_bytes = 0;
	p->is_ipv4 = 1;
	p->source_port.raw = (uint16_t)udp;
	p->destination_port.raw = (uint16_t)(udp >> 16);
	p->source = address_from_ipv4(frame + PLAIN_IP + 12);
	p->destination = address_from_ipv4(frame + PLAIN_IP + 16);
	return true;
}

#ifdef EPHEMERA_DEBUG_CHECKS
/* parse_packet() must agree with what parse_plain() accepted. */
static void
parse_check_plain(const struct worker *w, const struct rte_mbuf *mbuf, const struct packet *plain)
{
	struct packet p;

	if (parse_packet(w, mbuf, plain->in_interface, &p) != DROP_NONE ||
	    p.ip_offset != plain->ip_offset || p.udp_offset != plain->udp_offset ||
	    p.dns_offset != plain->dns_offset || p.dns_bytes != plain->dns_bytes ||
	    p.question_bytes != plain->question_bytes || p.is_ipv4 != plain->is_ipv4 ||
	    !be16_equal(p.source_port, plain->source_port) ||
	    !be16_equal(p.destination_port, plain->destination_port) ||
	    !address_equal(&p.source, &plain->source) ||
	    !address_equal(&p.destination, &plain->destination) ||
	    checksum_of(p.message_sum) != checksum_of(plain->message_sum))
		rte_panic("parse_plain() and parse_packet() disagree about a packet of %u bytes\n",
			  mbuf->data_len);
}
#endif

static inline enum drop_reason
parse_any(const struct worker *w, const struct rte_mbuf *mbuf, uint8_t in_interface,
	  struct packet *p)
{
	p->in_interface = in_interface;
	if (unlikely(!parse_plain(&w->interfaces[in_interface], mbuf, p)))
		return parse_packet(w, mbuf, in_interface, p);
#ifdef EPHEMERA_DEBUG_CHECKS
	parse_check_plain(w, mbuf, p);
#endif
	return DROP_NONE;
}

/* Anything with QR=1 is assumed to be a response: prefetches the slot of its flow while the rest of
 * the burst is parsed. */
static inline void
parse_prefetch(const struct worker *w, const struct burst *b, uint32_t i)
{
	const struct dns_header *dns = packet_dns(b, i);
	const struct be16 port = b->packets[i].destination_port;

	if (dns->flags1 & DNS_QR)
		flow_slot_prefetch(&w->flows, flow_slot(&w->flows, port, dns->id), be16_to(port));
}

void
parse(struct worker *w, struct burst *b)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < b->count; i++) {
		rte_prefetch0(rte_pktmbuf_mtod(b->mbufs[i], void *));
		rte_prefetch0(rte_pktmbuf_mtod_offset(b->mbufs[i], void *, RTE_CACHE_LINE_SIZE));
	}
	for (uint32_t i = 0; i < b->count; i++) {
		const uint8_t in_interface =
			b->handoff_in ? (uint8_t)b->mbufs[i]->port : b->in_interface;
		enum drop_reason reason =
			parse_any(w, b->mbufs[i], in_interface, &b->packets[kept]);

		if (unlikely(reason != DROP_NONE)) {
			worker_drop(w, b->mbufs[i], reason);
			continue;
		}
		b->mbufs[kept] = b->mbufs[i];
		parse_prefetch(w, b, kept++);
	}
	b->count = kept;
}
