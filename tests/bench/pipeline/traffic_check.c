/* SPDX-License-Identifier: BSD-3-Clause */
/* Checks every header and the whole message of a frame. */
#include "tests/bench/pipeline/traffic.h"

#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/lib/dpdk_compat.h"

/* The parts of a frame that both checks read. */
struct parts {
	struct address source, destination;
	uint16_t source_port, destination_port;
	const struct dns_header *dns;
	uint32_t dns_bytes;
};

/* RFC 1071 as written there, independent of the code under test. */
static uint32_t
sum_add(uint32_t sum, const void *at, uint32_t bytes)
{
	const uint8_t *from = at;

	for (uint32_t i = 0; i < bytes; i += 2) {
		sum += (uint32_t)from[i] << 8 | (i + 1 < bytes ? from[i + 1] : 0u);
		sum = (sum & 0xffff) + (sum >> 16);
	}
	return sum;
}

/* `addresses` as in the IP header; `bytes` of UDP. */
static bool
sum_right(const void *addresses, uint32_t address_bytes, const void *udp, uint32_t bytes)
{
	const uint8_t rest[4] = {0, IPPROTO_UDP, (uint8_t)(bytes >> 8), (uint8_t)bytes};
	uint32_t sum = sum_add(0, addresses, 2 * address_bytes);

	return sum_add(sum_add(sum, rest, sizeof(rest)), udp, bytes) == 0xffff;
}

static const char *
parts_read(const struct traffic *t, const uint8_t *frame, uint32_t bytes, struct parts *parts)
{
	const struct rte_ether_hdr *eth = (const struct rte_ether_hdr *)frame;
	const struct rte_udp_hdr *udp = (const struct rte_udp_hdr *)(frame + t->udp);
	const void *ip = eth + 1;

	if (bytes < t->udp + sizeof(*udp) + DNS_HEADER_BYTES ||
	    be16toh(udp->dgram_len) != bytes - t->udp)
		return "a frame of another length";
	if (t->c->ipv6) {
		const struct rte_ipv6_hdr *ipv6 = ip;

		if (eth->ether_type != htobe16(RTE_ETHER_TYPE_IPV6) ||
		    be16toh(ipv6->payload_len) != bytes - t->udp ||
		    !sum_right(IPV6_BYTES(ipv6->src_addr), 16, udp, bytes - t->udp))
			return "an IPv6 frame with wrong headers or checksum";
		memcpy(parts->source.bytes, IPV6_BYTES(ipv6->src_addr), 16);
		memcpy(parts->destination.bytes, IPV6_BYTES(ipv6->dst_addr), 16);
	} else {
		const struct rte_ipv4_hdr *ipv4 = ip;

		if (eth->ether_type != htobe16(RTE_ETHER_TYPE_IPV4) ||
		    be16toh(ipv4->total_length) != bytes - sizeof(*eth) ||
		    sum_add(0, ipv4, sizeof(*ipv4)) != 0xffff ||
		    !sum_right(&ipv4->src_addr, 4, udp, bytes - t->udp))
			return "an IPv4 frame with wrong headers or checksum";
		parts->source = address_from_ipv4(&ipv4->src_addr);
		parts->destination = address_from_ipv4(&ipv4->dst_addr);
	}
	parts->source_port = be16toh(udp->src_port);
	parts->destination_port = be16toh(udp->dst_port);
	parts->dns = (const struct dns_header *)(udp + 1);
	parts->dns_bytes = (uint32_t)(bytes - t->udp - sizeof(*udp));
	return NULL;
}

/* Is this the question of query `number`, with or without regard to letter case? */
static bool
question_right(const struct traffic *t, const struct parts *parts, uint32_t number, bool exact)
{
	const uint32_t bytes = t->c->name_bytes + 4u;
	const uint8_t *question = (const uint8_t *)(parts->dns + 1),
		      *from = t->query + t->udp + sizeof(struct rte_udp_hdr) + DNS_HEADER_BYTES;
	uint8_t want[DNS_QUESTION_BYTES_MAX];

	if (parts->dns_bytes < DNS_HEADER_BYTES + bytes || be16_to(parts->dns->qdcount) != 1)
		return false;
	memcpy(want, from, bytes);
	for (int i = 0; i < TRAFFIC_LETTERS; i++)
		want[1 + i] = (uint8_t)('a' + (number >> (28 - 4 * i) & 15));
	for (uint32_t i = 0; i < bytes; i++) {
		const bool letter = i < t->c->name_bytes && want[i] >= 'a' && want[i] <= 'z';

		if ((question[i] | (letter && !exact ? 0x20 : 0)) != want[i])
			return false;
	}
	return true;
}

static uint32_t
number_of(const struct parts *parts)
{
	return traffic_number_read((const uint8_t *)(parts->dns + 1) + 1);
}

const char *
traffic_check_asked(const struct traffic *t, const uint8_t *frame, uint32_t bytes)
{
	const struct mac own = bed_mac(BED_FARM), peer = bed_peer_mac(BED_FARM);
	bool source = false, upstream = false;
	struct parts parts;
	const char *fault = bytes == t->query_bytes ? parts_read(t, frame, bytes, &parts)
						    : "a query of another length";

	if (fault != NULL)
		return fault;
	if (memcmp(frame, &peer, sizeof(peer)) != 0 || memcmp(frame + 6, &own, sizeof(own)) != 0)
		return "a query with wrong MAC addresses";
	for (unsigned i = 0; i < BED_SOURCES; i++) {
		const struct address address = bed_source(t->c->ipv6, i);

		source |= address_equal(&parts.source, &address);
	}
	for (unsigned i = 0; i < t->c->upstreams; i++) {
		const struct address address = bed_upstream(t->c->ipv6, i);

		upstream |= address_equal(&parts.destination, &address);
	}
	if (!source || parts.source_port < BED_PORT_MIN)
		return "a query from an address that is not a source address";
	if (!upstream || parts.destination_port != 53)
		return "a query to an address that is not an upstream";
	if (number_of(&parts) - (t->worker << 30) >= t->number_next - (t->worker << 30) ||
	    !question_right(t, &parts, number_of(&parts), !t->c->random_case))
		return "a query that no client sent";
	return parts.dns->flags1 == DNS_RD && parts.dns->flags2 == 0 ? NULL
								     : "a query with other flags";
}

const char *
traffic_check_response(const struct traffic *t, const uint8_t *frame, uint32_t bytes)
{
	const struct mac own = bed_mac(BED_CLIENTS), peer = bed_peer_mac(BED_CLIENTS);
	const struct address service = bed_service(t->c->ipv6);
	struct traffic_client client;
	struct parts parts;
	const char *fault = bytes == t->query_bytes + TRAFFIC_RESPONSE_BYTES
				    ? parts_read(t, frame, bytes, &parts)
				    : "a response of another length";

	if (fault != NULL)
		return fault;
	client = traffic_client_of(t, number_of(&parts));
	if (memcmp(frame, &peer, sizeof(peer)) != 0 || memcmp(frame + 6, &own, sizeof(own)) != 0)
		return "a response with wrong MAC addresses";
	if (!address_equal(&parts.source, &service) || parts.source_port != 53)
		return "a response from an address that is not the service";
	if (!address_equal(&parts.destination, &client.address) ||
	    parts.destination_port != client.port || be16_to(parts.dns->id) != client.id)
		return "a response to another client";
	if (!question_right(t, &parts, number_of(&parts), true))
		return "a response to another question";
	if (parts.dns->flags1 != (DNS_QR | DNS_RD) || parts.dns->flags2 != DNS_RA ||
	    be16_to(parts.dns->ancount) != 1)
		return "a response with other flags";
	return NULL;
}
