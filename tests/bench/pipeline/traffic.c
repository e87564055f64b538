/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes queries, and turns forwarded queries into responses. */
#include "tests/bench/pipeline/traffic.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "dataplane/lib/dpdk_compat.h"

#define TRAFFIC_BURST	 64
#define TRAFFIC_LABEL	 9 /* letters in all labels but the first and the last */
#define TRAFFIC_PORT_MIN 1024
#define TRAFFIC_PORTS	 60000

struct traffic_client
traffic_client_of(const struct traffic *t, uint32_t number)
{
	const uint32_t mixed = number * 0x9e3779b1u;
	struct traffic_client client = {.id = (uint16_t)(mixed >> 9)};
	uint8_t ipv4[4] = {10, (uint8_t)(mixed >> 3), (uint8_t)(mixed >> 11),
			   (uint8_t)(mixed >> 19)};

	client.port = (uint16_t)(TRAFFIC_PORT_MIN + (mixed >> 8) % TRAFFIC_PORTS);
	client.address = address_from_ipv4(ipv4);
	if (t->c->ipv6) {
		memset(client.address.bytes, 0, 12);
		client.address.bytes[0] = 0xfd;
	}
	return client;
}

/* One label with the number's letters, then as many others as `name_bytes` needs. */
static uint32_t
name_put(uint8_t *to, uint32_t name_bytes)
{
	uint32_t at = 0, left = name_bytes - 1;

	while (left > 0) {
		uint32_t letters = at == 0 ? TRAFFIC_LETTERS : TRAFFIC_LABEL;

		if (letters + 1 > left || left - letters - 1 == 1)
			letters = left - 1;
		to[at] = (uint8_t)letters;
		for (uint32_t i = 1; i <= letters; i++)
			to[at + i] = (uint8_t)('a' + (at + i) % 26);
		at += letters + 1;
		left -= letters + 1;
	}
	to[at] = 0;
	return at + 1;
}

static void
number_write(uint8_t *letters, uint32_t number)
{
	for (int i = 0; i < TRAFFIC_LETTERS; i++, number <<= 4)
		letters[i] = (uint8_t)('a' + (number >> 28));
}

static void
frame_sum(const struct traffic *t, uint8_t *frame)
{
	struct rte_udp_hdr *udp = (struct rte_udp_hdr *)(frame + t->udp);
	void *ip = frame + sizeof(struct rte_ether_hdr);

	udp->dgram_cksum = 0;
	if (t->c->ipv6) {
		udp->dgram_cksum = rte_ipv6_udptcp_cksum(ip, udp);
	} else {
		struct rte_ipv4_hdr *ipv4 = ip;

		ipv4->hdr_checksum = 0;
		ipv4->hdr_checksum = rte_ipv4_cksum(ipv4);
		udp->dgram_cksum = rte_ipv4_udptcp_cksum(ip, udp);
	}
}

/* Sets the lengths in the headers, for a frame of `bytes` bytes. */
static void
frame_lengths(const struct traffic *t, uint8_t *frame, uint32_t bytes)
{
	uint8_t *ip = frame + sizeof(struct rte_ether_hdr);

	((struct rte_udp_hdr *)(frame + t->udp))->dgram_len = htobe16((uint16_t)(bytes - t->udp));
	if (t->c->ipv6)
		((struct rte_ipv6_hdr *)ip)->payload_len = htobe16((uint16_t)(bytes - t->udp));
	else
		((struct rte_ipv4_hdr *)ip)->total_length =
			htobe16((uint16_t)(bytes - sizeof(struct rte_ether_hdr)));
}

static void
template_make(struct traffic *t)
{
	const struct mac own = bed_mac(BED_CLIENTS), client = bed_peer_mac(BED_CLIENTS);
	const struct address service = bed_service(t->c->ipv6);
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)t->query;
	uint8_t *dns;

	memset(t->query, 0, sizeof(t->query));
	memcpy(&eth->dst_addr, &own, sizeof(own));
	memcpy(&eth->src_addr, &client, sizeof(client));
	eth->ether_type = htobe16(t->c->ipv6 ? RTE_ETHER_TYPE_IPV6 : RTE_ETHER_TYPE_IPV4);
	if (t->c->ipv6) {
		struct rte_ipv6_hdr *ip = (struct rte_ipv6_hdr *)(eth + 1);

		ip->vtc_flow = htobe32(6u << 28);
		ip->proto = IPPROTO_UDP;
		ip->hop_limits = 61;
		memcpy(IPV6_BYTES(ip->dst_addr), service.bytes, 16);
		t->udp = (uint32_t)(sizeof(*eth) + sizeof(*ip));
	} else {
		struct rte_ipv4_hdr *ip = (struct rte_ipv4_hdr *)(eth + 1);

		ip->version_ihl = RTE_IPV4_VHL_DEF;
		ip->time_to_live = 61;
		ip->next_proto_id = IPPROTO_UDP;
		memcpy(&ip->dst_addr, service.bytes + 12, 4);
		t->udp = (uint32_t)(sizeof(*eth) + sizeof(*ip));
	}
	((struct rte_udp_hdr *)(t->query + t->udp))->dst_port = htobe16(53);
	dns = t->query + t->udp + sizeof(struct rte_udp_hdr);
	dns[2] = DNS_RD;
	dns[5] = 1; /* QDCOUNT */
	dns += DNS_HEADER_BYTES;
	dns += name_put(dns, t->c->name_bytes);
	dns[1] = dns[3] = 1; /* type A, class IN */
	t->query_bytes = (uint32_t)(dns + 4 - t->query);
	frame_lengths(t, t->query, t->query_bytes);
}

void
traffic_set(struct traffic *t, struct bed *bed, const struct bench_case *c, unsigned worker,
	    struct traffic_response *store, uint32_t store_size)
{
	*t = (struct traffic){
		.c = c,
		.bed = bed,
		.worker = worker,
		.number_next = worker << 30,
		.store = store,
		.store_size = store_size,
		.random = 0x9e3779b97f4a7c15u + worker,
	};
	template_make(t);
}

static struct rte_mbuf *
mbuf_make(struct traffic *t, const void *frame, uint32_t bytes)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(t->bed->pool);

	if (mbuf == NULL) {
		fprintf(stderr, "pipeline: out of packet buffers\n");
		abort();
	}
	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)bytes), frame, bytes);
	return mbuf;
}

static void
receive(struct rte_ring *ring, struct rte_mbuf *mbuf)
{
	if (rte_ring_enqueue(ring, mbuf) != 0) {
		fprintf(stderr, "pipeline: a receive queue is full\n");
		abort();
	}
}

void
traffic_ask(struct traffic *t, uint32_t count)
{
	struct rte_ring *ring = t->bed->rx[BED_CLIENTS][t->worker];

	for (uint32_t i = 0; i < count; i++) {
		const uint32_t number = t->number_next++;
		const struct traffic_client client = traffic_client_of(t, number);
		struct rte_mbuf *mbuf = mbuf_make(t, t->query, t->query_bytes);
		uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *),
			*dns = frame + t->udp + sizeof(struct rte_udp_hdr);

		if (t->c->ipv6)
			memcpy(frame + sizeof(struct rte_ether_hdr) + 8, client.address.bytes, 16);
		else
			memcpy(frame + sizeof(struct rte_ether_hdr) + 12, client.address.bytes + 12,
			       4);
		((struct rte_udp_hdr *)(frame + t->udp))->src_port = htobe16(client.port);
		((struct dns_header *)dns)->id = be16_from(client.id);
		number_write(dns + DNS_HEADER_BYTES + 1, number);
		frame_sum(t, frame);
		receive(ring, mbuf);
	}
	t->queries += count;
}

void
traffic_response(struct traffic *t, uint32_t count, bool spread)
{
	for (uint32_t i = 0; i < count; i++) {
		const struct traffic_response *response = &t->store[t->store_head];
		unsigned queue = t->worker;

		if (spread) {
			t->random = t->random * 6364136223846793005u + 1442695040888963407u;
			queue = t->random >> 63;
		}
		receive(t->bed->rx[BED_FARM][queue],
			mbuf_make(t, response->frame, response->bytes));
		t->store_head = t->store_head + 1 == t->store_size ? 0 : t->store_head + 1;
	}
	t->store_count -= count;
	t->responses += count;
}

static void
swap(uint8_t *a, uint8_t *b, uint32_t bytes)
{
	uint8_t kept[16];

	memcpy(kept, a, bytes);
	memcpy(a, b, bytes);
	memcpy(b, kept, bytes);
}

/* The farm: turns the frame into a response with one address, to the source of the query. */
static void
response_make(const struct traffic *t, uint8_t *frame, uint32_t *bytes)
{
	static const uint8_t record[TRAFFIC_RESPONSE_BYTES] = {
		0xc0, DNS_HEADER_BYTES, 0, 1, 0, 1, 0, 0, 1, 0, 0, 4, 192, 0, 2, 1};
	uint8_t *ip = frame + sizeof(struct rte_ether_hdr), *udp = frame + t->udp;
	struct dns_header *dns = (struct dns_header *)(udp + sizeof(struct rte_udp_hdr));

	swap(frame, frame + 6, 6);
	if (t->c->ipv6)
		swap(ip + 8, ip + 24, 16);
	else
		swap(ip + 12, ip + 16, 4);
	swap(udp, udp + 2, 2);
	dns->flags1 |= DNS_QR;
	dns->flags2 |= DNS_RA;
	dns->ancount = be16_from(1);
	memcpy(frame + *bytes, record, sizeof(record));
	*bytes += (uint32_t)sizeof(record);
	frame_lengths(t, frame, *bytes);
	frame_sum(t, frame);
}

static void
fault(struct traffic *t, const char *what)
{
	if (what == NULL)
		return;
	t->fault = t->faults++ == 0 ? what : t->fault;
}

static void
asked(struct traffic *t, const struct rte_mbuf *mbuf)
{
	uint32_t at = t->store_head + t->store_count;
	struct traffic_response *response;

	if (t->checking)
		fault(t, traffic_check_asked(t, rte_pktmbuf_mtod(mbuf, const uint8_t *),
					     mbuf->data_len));
	if (t->store_count == t->store_size ||
	    mbuf->data_len + TRAFFIC_RESPONSE_BYTES > TRAFFIC_FRAME_BYTES) {
		fault(t, "more queries in flight than expected, or a longer frame");
		return;
	}
	response = &t->store[at < t->store_size ? at : at - t->store_size];
	t->store_count++;
	response->bytes = mbuf->data_len;
	memcpy(response->frame, rte_pktmbuf_mtod(mbuf, const uint8_t *), mbuf->data_len);
	response_make(t, response->frame, &response->bytes);
}

void
traffic_drain(struct traffic *t)
{
	struct rte_mbuf *mbufs[TRAFFIC_BURST];
	unsigned n;

	while ((n = rte_ring_dequeue_burst(t->bed->tx[BED_FARM][t->worker], (void **)mbufs,
					   TRAFFIC_BURST, NULL)) > 0) {
		for (unsigned i = 0; i < n; i++)
			asked(t, mbufs[i]);
		t->asked += n;
		rte_pktmbuf_free_bulk(mbufs, n);
	}
	while ((n = rte_ring_dequeue_burst(t->bed->tx[BED_CLIENTS][t->worker], (void **)mbufs,
					   TRAFFIC_BURST, NULL)) > 0) {
		for (unsigned i = 0; t->checking && i < n; i++)
			fault(t,
			      traffic_check_response(t, rte_pktmbuf_mtod(mbufs[i], const uint8_t *),
						     mbufs[i]->data_len));
		t->delivered += n;
		rte_pktmbuf_free_bulk(mbufs, n);
	}
}
