/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes queries from a template, and checks responses. Never: allocates, or makes a system call,
 * after clients_open(). */
#include "tests/bench/load/client.h"

#include <errno.h>
#include <stdio.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/lib/dpdk_compat.h"

/* odd: each ID is used once in 65,536 rounds, and consecutive ones are far apart */
#define ID_FACTOR      40503u
#define ID_INVERSE     30599u /* ID_FACTOR * ID_INVERSE = 1 modulo 65,536 */
#define REMEMBERED_MIN (UINT32_C(1) << 16)
#define REMEMBERED_MAX (UINT32_C(1) << 24)
#define REMEMBERED_S   0.25 /* in addition to the farm's delay */
#define SEARCH_RATE    5e6  /* the highest rate that a search is expected to find */

_Static_assert((ID_FACTOR * ID_INVERSE & 0xffff) == 1, "not the inverse");

/* ---- opening ---- */

static void
head_make(struct clients *c, const struct mac *own, const struct mac *next_hop)
{
	const struct options *o = c->options;
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)c->head;
	struct rte_udp_hdr *udp;
	struct dns_header *dns;

	memcpy(&eth->dst_addr, next_hop, sizeof(*next_hop));
	memcpy(&eth->src_addr, own, sizeof(*own));
	if (c->is_ipv4) {
		struct rte_ipv4_hdr *ip = frame_ipv4(c->head);

		eth->ether_type = htobe16(RTE_ETHER_TYPE_IPV4);
		ip->version_ihl = RTE_IPV4_VHL_DEF;
		ip->fragment_offset = htobe16(RTE_IPV4_HDR_DF_FLAG);
		ip->time_to_live = 64;
		ip->next_proto_id = IPPROTO_UDP;
		memcpy(&ip->dst_addr, o->service.bytes + 12, 4);
		c->ip_sum = checksum_fold32(checksum_sum(ip, sizeof(*ip)));
		c->udp_sum = checksum_fold32(checksum_sum(&ip->dst_addr, 4));
		udp = (struct rte_udp_hdr *)(ip + 1);
	} else {
		struct rte_ipv6_hdr *ip = frame_ipv6(c->head);

		eth->ether_type = htobe16(RTE_ETHER_TYPE_IPV6);
		ip->vtc_flow = htobe32(6u << 28);
		ip->proto = IPPROTO_UDP;
		ip->hop_limits = 64;
		memcpy(IPV6_BYTES(ip->src_addr), o->clients.first.bytes, 12);
		memcpy(IPV6_BYTES(ip->dst_addr), o->service.bytes, 16);
		c->udp_sum = checksum_fold32(checksum_sum(IPV6_BYTES(ip->src_addr), 32));
		udp = (struct rte_udp_hdr *)(ip + 1);
	}
	udp->dst_port = htobe16(o->service_port);
	dns = (struct dns_header *)(udp + 1);
	dns->flags1 = DNS_RD;
	dns->qdcount = be16_from(1);
	dns->arcount = be16_from(o->edns_bytes != 0);
	c->head_bytes = (uint32_t)((uint8_t *)(dns + 1) - c->head);
	c->udp_sum += checksum_fold32(checksum_sum(udp, sizeof(*udp) + sizeof(*dns))) +
		      htobe16(IPPROTO_UDP);
}

static void
ends_make(struct clients *c)
{
	const struct options *o = c->options;

	/* Addresses first: consecutive queries should come from different hosts. */
	for (uint32_t i = 0; i < c->count; i++) {
		struct client_end *end = &c->ends[i];

		end->low = htobe32(c->address_first + i % o->clients.count);
		end->port = be16_from((uint16_t)(o->client_port_first + i / o->clients.count));
		end->sum = checksum_fold32((uint64_t)end->low + end->port.raw);
	}
}

/* How many queries are stored: those sent within the time that a response may take, as a power of
 * two. */
static uint32_t
stored_count(const struct options *o, uint32_t client_count)
{
	const double rate =
		o->search || o->rate == 0 ? RTE_MIN(o->search_max, SEARCH_RATE) : o->rate;
	const double wanted = rate * (o->farm_delay_us / 1e6 + REMEMBERED_S);
	uint32_t count = REMEMBERED_MIN;

	while (count < wanted && count < REMEMBERED_MAX &&
	       count * UINT64_C(2) <= UINT64_C(65536) * client_count)
		count *= 2;
	return count;
}

int
clients_open(struct clients *c, const struct options *o, const struct names *names,
	     struct rte_mempool *pool, const struct mac *own, const struct mac *next_hop,
	     uint64_t tsc_hz, char *why, size_t why_bytes)
{
	uint32_t stored;

	memset(c, 0, sizeof(*c));
	c->options = o;
	c->names = names;
	c->pool = pool;
	c->units_per_tsc = latency_units_per_tsc(tsc_hz);
	c->is_ipv4 = address_is_ipv4(&o->service);
	c->port_count = o->client_port_last - o->client_port_first + 1u;
	c->count = o->clients.count * c->port_count;
	c->address_first = address_low(&o->clients.first);
	c->period = UINT64_C(65536) * c->count;
	stored = stored_count(o, c->count);
	c->sent_mask = stored - 1;
	c->ends = rte_malloc("clients", c->count * sizeof(*c->ends), RTE_CACHE_LINE_SIZE);
	c->sent_tsc = rte_zmalloc("sent", stored * sizeof(*c->sent_tsc), RTE_CACHE_LINE_SIZE);
	if (c->ends == NULL || c->sent_tsc == NULL) {
		snprintf(why, why_bytes,
			 "no memory for %u clients and %u queries in flight: give EAL more (-m)",
			 c->count, stored);
		clients_close(c);
		return -ENOMEM;
	}
	head_make(c, own, next_hop);
	ends_make(c);
	return 0;
}

void
clients_close(struct clients *c)
{
	rte_pktmbuf_free_bulk(c->waiting + c->waiting_first, c->waiting_count);
	c->waiting_count = 0;
	rte_free(c->ends);
	rte_free(c->sent_tsc);
	c->ends = NULL;
	c->sent_tsc = NULL;
}

void
clients_measure(struct clients *c)
{
	memset(&c->counters, 0, sizeof(c->counters));
	memset(&c->latency, 0, sizeof(c->latency));
	c->measured_first = c->next;
}

/* ---- sending ---- */

/* Writes query `c->next` into a new mbuf. */
static inline void
query_write(struct clients *c, struct rte_mbuf *mbuf)
{
	const struct name *name = &c->names->name[c->next_name];
	const uint8_t *tail = name_tail(c->names, name);
	const struct client_end *end = &c->ends[c->next_client];
	const uint16_t udp_bytes =
		(uint16_t)(sizeof(struct rte_udp_hdr) + DNS_HEADER_BYTES + name->tail_bytes);
	const struct be16 id = {(uint16_t)(c->round * ID_FACTOR)};
	uint8_t *frame = rte_pktmbuf_mtod(mbuf, uint8_t *);
	struct rte_udp_hdr *udp;

	memcpy(frame, c->head, FRAME_HEAD_MAX);
	for (uint32_t at = 0; at < name->tail_bytes; at += NAMES_PADDING)
		memcpy(frame + c->head_bytes + at, tail + at, NAMES_PADDING);
	if (c->is_ipv4) {
		struct rte_ipv4_hdr *ip = frame_ipv4(frame);

		ip->total_length = htobe16((uint16_t)(udp_bytes + sizeof(*ip)));
		ip->src_addr = end->low;
		ip->hdr_checksum = (uint16_t)~checksum_fold32(
			(uint64_t)c->ip_sum + ip->total_length + (uint64_t)end->low);
		udp = (struct rte_udp_hdr *)(ip + 1);
	} else {
		struct rte_ipv6_hdr *ip = frame_ipv6(frame);

		ip->payload_len = htobe16(udp_bytes);
		memcpy(IPV6_BYTES(ip->src_addr) + 12, &end->low, 4);
		udp = (struct rte_udp_hdr *)(ip + 1);
	}
	udp->src_port = end->port.raw;
	udp->dgram_len = htobe16(udp_bytes);
	udp->dgram_cksum = checksum_field((uint64_t)c->udp_sum + end->sum + id.raw + name->sum +
					  2 * (uint64_t)udp->dgram_len);
	((struct dns_header *)(udp + 1))->id = id;
	mbuf->data_len = (uint16_t)(c->head_bytes + name->tail_bytes);
	mbuf->pkt_len = mbuf->data_len;
}

static inline void
next_advance(struct clients *c)
{
	c->next++;
	if (++c->next_name == c->names->count)
		c->next_name = 0;
	if (++c->next_client == c->count) {
		c->next_client = 0;
		c->round++;
		if (c->next - c->period_start == c->period)
			c->period_start = c->next;
	}
}

static void
waiting_flush(struct clients *c)
{
	const uint16_t taken =
		rte_eth_tx_burst(c->options->client_device, 0, c->waiting + c->waiting_first,
				 (uint16_t)c->waiting_count);

	c->waiting_count -= taken;
	c->waiting_first = c->waiting_count == 0 ? 0 : c->waiting_first + taken;
	c->counters.blocked += c->waiting_count > 0;
}

uint32_t
clients_send(struct clients *c, uint32_t wanted, uint64_t now_tsc)
{
	if (c->waiting_count > 0) {
		waiting_flush(c);
		if (c->waiting_count > 0)
			return 0;
	}
	if (wanted == 0 || rte_pktmbuf_alloc_bulk(c->pool, c->waiting, wanted) != 0)
		return 0;
	for (uint32_t i = 0; i < wanted; i++) {
		query_write(c, c->waiting[i]);
		c->sent_tsc[c->next & c->sent_mask] = now_tsc;
		next_advance(c);
	}
	c->counters.sent += wanted;
	c->waiting_count = wanted;
	waiting_flush(c);
	return wanted;
}

/* ---- responses ---- */

#define NO_CLIENT UINT32_MAX

static inline uint32_t
client_of(const struct clients *c, const struct datagram *d)
{
	const uint32_t port = (uint32_t)be16toh(d->udp->dst_port) - c->options->client_port_first;
	uint32_t low, address;

	if (c->is_ipv4) {
		low = frame_ipv4(d->frame)->dst_addr;
	} else {
		const uint8_t *to = IPV6_BYTES(frame_ipv6(d->frame)->dst_addr);

		if (memcmp(to, c->options->clients.first.bytes, 12) != 0)
			return NO_CLIENT;
		memcpy(&low, to + 12, 4);
	}
	address = be32toh(low) - c->address_first;
	if (unlikely(address >= c->options->clients.count || port >= c->port_count))
		return NO_CLIENT;
	return port * c->options->clients.count + address;
}

static inline bool
source_is_service(const struct clients *c, const struct datagram *d)
{
	if (unlikely(be16toh(d->udp->src_port) != c->options->service_port))
		return false;
	if (c->is_ipv4)
		return memcmp(&frame_ipv4(d->frame)->src_addr, c->options->service.bytes + 12, 4) ==
		       0;
	return memcmp(IPV6_BYTES(frame_ipv6(d->frame)->src_addr), c->options->service.bytes, 16) ==
	       0;
}

/* The name of query `number`, which was already sent. */
static inline const struct name *
name_of(const struct clients *c, uint64_t number)
{
	const uint64_t back = c->next - number;
	const uint32_t count = c->names->count;

	if (likely(back <= c->next_name))
		return &c->names->name[c->next_name - back];
	if (likely(back <= (uint64_t)c->next_name + count))
		return &c->names->name[c->next_name + count - back];
	return &c->names->name[number % count];
}

/* Is the record after the question the one that our farm sends? Truncated responses have none. */
static inline bool
record_is_right(const struct datagram *d, const struct name *name)
{
	const uint32_t rdata = DNS_HEADER_BYTES + name->question_bytes + 12u;

	if (name->mark == 0 || d->dns->flags1 & DNS_TC ||
	    (d->dns->flags2 & DNS_RCODE) != DNS_NOERROR)
		return true;
	return d->dns->ancount.raw == htobe16(1) && d->dns_bytes >= rdata + 4 &&
	       memcmp((const uint8_t *)d->dns + rdata, &name->mark, 4) == 0;
}

/* Inline: for three words a call of memcmp() would cost more than the comparison. */
static inline bool
bytes_are_equal(const uint8_t *a, const uint8_t *b, uint32_t bytes)
{
	uint64_t x, y, differ = 0;

	if (unlikely(bytes < 8))
		return memcmp(a, b, bytes) == 0;
	for (uint32_t at = 0; at < bytes - 8; at += 8) {
		memcpy(&x, a + at, 8);
		memcpy(&y, b + at, 8);
		differ |= x ^ y;
	}
	memcpy(&x, a + bytes - 8, 8);
	memcpy(&y, b + bytes - 8, 8);
	return (differ | (x ^ y)) == 0;
}

static inline bool
question_is_right(const struct clients *c, const struct datagram *d, const struct name *name)
{
	return d->dns->qdcount.raw == htobe16(1) &&
	       d->dns_bytes >= DNS_HEADER_BYTES + (uint32_t)name->question_bytes &&
	       bytes_are_equal((const uint8_t *)(d->dns + 1), name_tail(c->names, name),
			       name->question_bytes);
}

static void
response_count(struct clients *c, const struct datagram *d, uint64_t age_tsc)
{
	const uint8_t rcode = d->dns->flags2 & DNS_RCODE;

	c->counters.rcodes[rcode]++;
	c->counters.truncated += (d->dns->flags1 & DNS_TC) != 0;
	if (likely(rcode == DNS_NOERROR || rcode == DNS_NXDOMAIN))
		c->counters.answered++;
	else
		c->counters.failed++;
	latency_add(&c->latency, age_tsc, c->units_per_tsc);
}

void
clients_response(struct clients *c, const struct datagram *d, uint64_t now_tsc)
{
	const bool is_own = c->options->reflect && !(d->dns->flags1 & DNS_QR);
	const uint32_t client = d->is_ipv4 == c->is_ipv4 ? client_of(c, d) : NO_CLIENT;
	const struct name *name;
	uint64_t number, *sent;

	if (unlikely(client == NO_CLIENT)) {
		c->counters.unknown++;
		return;
	}
	if (unlikely(!source_is_service(c, d))) {
		c->counters.wrong_source++;
		return;
	}
	number = c->period_start + (uint64_t)(uint16_t)(d->dns->id.raw * ID_INVERSE) * c->count +
		 client;
	if (number >= c->next) {
		if (unlikely(number < c->period)) {
			c->counters.unknown++;
			return;
		}
		number -= c->period; /* of the previous round of IDs */
	}
	if (unlikely(c->next - number > (uint64_t)c->sent_mask + 1)) {
		c->counters.late++;
		return;
	}
	name = name_of(c, number);
	if (unlikely((d->dns->flags1 & DNS_OPCODE) != 0 || !question_is_right(c, d, name))) {
		c->counters.wrong_question++;
		return;
	}
	if (unlikely(c->options->has_farm && !is_own && !record_is_right(d, name))) {
		c->counters.wrong_record++;
		return;
	}
	sent = &c->sent_tsc[number & c->sent_mask];
	if (unlikely(number < c->measured_first))
		c->counters.late++;
	else if (unlikely(*sent == 0))
		c->counters.duplicate++;
	else
		response_count(c, d, now_tsc - *sent);
	*sent = 0;
}
