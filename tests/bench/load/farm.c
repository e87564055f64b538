/* SPDX-License-Identifier: BSD-3-Clause */
/* Turns queries into responses. RFC 1035 section 4.1. Never: allocates, or makes a system call,
 * after farm_open(). */
#include "tests/bench/load/farm.h"

#include <errno.h>

#include <rte_ethdev.h>
#include <rte_malloc.h>

#include "dataplane/lib/dpdk_compat.h"

#define RECORD_TTL_S 60

/* An A record whose name is a pointer to the question's, RFC 1035 section 4.1.4. The address comes
 * last. */
#define RECORD_ADDRESS 12
static const uint8_t record_blank[RECORD_ADDRESS + 4] = {0xc0, DNS_HEADER_BYTES, 0, 1, 0, 1, 0, 0,
							 0,    RECORD_TTL_S,	 0, 4};

int
farm_open(struct farm *f, const struct options *o, uint32_t capacity, uint64_t tsc_hz,
	  struct load_counters *counters)
{
	*f = (struct farm){
		.device = o->farm_device,
		.delay_tsc = (uint64_t)(o->farm_delay_us * (double)tsc_hz / 1e6),
		.mask = rte_align32pow2(capacity) - 1,
		.counters = counters,
	};
	f->mbufs = rte_malloc("farm", (f->mask + 1ul) * sizeof(*f->mbufs), RTE_CACHE_LINE_SIZE);
	f->due_tsc = rte_malloc("farm", (f->mask + 1ul) * sizeof(*f->due_tsc), RTE_CACHE_LINE_SIZE);
	if (f->mbufs != NULL && f->due_tsc != NULL)
		return 0;
	farm_close(f);
	return -ENOMEM;
}

void
farm_close(struct farm *f)
{
	for (; f->mbufs != NULL && f->head != f->tail; f->head++)
		rte_pktmbuf_free(f->mbufs[f->head & f->mask]);
	rte_free(f->mbufs);
	rte_free(f->due_tsc);
	f->mbufs = NULL;
	f->due_tsc = NULL;
}

/* Length of the question after the header, or 0 if it is malformed. */
static inline uint32_t
question_length(const struct datagram *d)
{
	const uint8_t *question = (const uint8_t *)(d->dns + 1);
	const uint32_t end = d->dns_bytes - DNS_HEADER_BYTES;
	uint32_t at = 0;

	while (at < end && question[at] != 0) {
		if (question[at] > DNS_LABEL_BYTES_MAX)
			return 0;
		at += question[at] + 1u;
	}
	at += 1 + 4;
	return at <= end ? at : 0;
}

static inline void
ends_swap(const struct datagram *d)
{
	struct rte_ether_hdr *eth = (struct rte_ether_hdr *)d->frame;
	const struct rte_ether_addr mac = eth->src_addr;
	const rte_be16_t port = d->udp->src_port;

	eth->src_addr = eth->dst_addr;
	eth->dst_addr = mac;
	d->udp->src_port = d->udp->dst_port;
	d->udp->dst_port = port;
	if (d->is_ipv4) {
		struct rte_ipv4_hdr *ip = frame_ipv4(d->frame);
		const rte_be32_t address = ip->src_addr;

		ip->src_addr = ip->dst_addr;
		ip->dst_addr = address;
	} else {
		struct rte_ipv6_hdr *ip = frame_ipv6(d->frame);
		uint8_t address[16];

		memcpy(address, IPV6_BYTES(ip->src_addr), 16);
		memcpy(IPV6_BYTES(ip->src_addr), IPV6_BYTES(ip->dst_addr), 16);
		memcpy(IPV6_BYTES(ip->dst_addr), address, 16);
	}
}

/* Turns query `d` into a response with the question, and a record if wanted. The checksums are
 * updated by the changed bytes instead of being computed again. Swapping source and destination
 * does not change a sum. */
static inline void
message_response(struct rte_mbuf *mbuf, const struct datagram *d, uint32_t question_bytes,
		 bool has_record)
{
	const uint32_t kept = DNS_HEADER_BYTES + question_bytes;
	const uint32_t dns_bytes = kept + (has_record ? sizeof(record_blank) : 0);
	const uint16_t udp_bytes = (uint16_t)(sizeof(*d->udp) + dns_bytes);
	const struct be16 udp_length = be16_from(udp_bytes);
	uint8_t *end = (uint8_t *)d->dns + kept;
	const uint32_t mark = question_mark((const uint8_t *)(d->dns + 1), question_bytes);
	uint64_t sum = (uint16_t)~d->udp->dgram_cksum;

	sum = checksum_without(sum, checksum_fold32(checksum_sum(d->dns, DNS_HEADER_BYTES) +
						    2 * (uint64_t)d->udp->dgram_len));
	if (d->dns_bytes > kept)
		sum = checksum_without(sum, checksum_part(end, d->dns_bytes - kept, kept));
	d->dns->flags1 = (d->dns->flags1 & DNS_RD) | DNS_QR;
	d->dns->flags2 = DNS_RA;
	d->dns->ancount = be16_from(has_record);
	d->dns->nscount = be16_from(0);
	d->dns->arcount = be16_from(0);
	sum += (uint64_t)d->dns->id.raw + (uint16_t)(d->dns->flags1 | d->dns->flags2 << 8) +
	       d->dns->qdcount.raw + d->dns->ancount.raw + 2 * (uint64_t)udp_length.raw;
	if (has_record) {
		memcpy(end, record_blank, sizeof(record_blank));
		memcpy(end + RECORD_ADDRESS, &mark, sizeof(mark));
		sum += checksum_part(record_blank, sizeof(record_blank), kept) +
		       checksum_part(&mark, sizeof(mark), kept);
	}
	if (d->is_ipv4) {
		struct rte_ipv4_hdr *ip = frame_ipv4(d->frame);
		const rte_be16_t total = htobe16((uint16_t)(sizeof(*ip) + udp_bytes));

		ip->hdr_checksum = (uint16_t)~checksum_fold32(
			checksum_without((uint16_t)~ip->hdr_checksum, ip->total_length) + total);
		ip->total_length = total;
	} else {
		frame_ipv6(d->frame)->payload_len = udp_length.raw;
	}
	d->udp->dgram_len = udp_length.raw;
	if (likely(d->is_summed)) {
		d->udp->dgram_cksum = checksum_field(sum);
	} else {
		d->udp->dgram_cksum = 0;
		d->udp->dgram_cksum = checksum_field(datagram_sum(d->udp, udp_bytes, d->is_ipv4));
	}
	mbuf->data_len = (uint16_t)((uint8_t *)(d->dns) - d->frame + dns_bytes);
	mbuf->pkt_len = mbuf->data_len;
	mbuf->ol_flags = 0;
}

bool
farm_handle(struct farm *f, struct rte_mbuf *mbuf, const struct datagram *d, uint64_t now_tsc)
{
	const uint8_t *question = (const uint8_t *)(d->dns + 1);
	const uint32_t question_bytes = question_length(d);
	const struct be16 type_a = be16_from(1);
	bool has_record;

	if (unlikely(question_bytes == 0 || d->dns->qdcount.raw != htobe16(1) ||
		     d->dns->flags1 & DNS_OPCODE)) {
		f->counters->malformed++;
		return false;
	}
	f->counters->farm_queries++;
	if (unlikely(f->tail - f->head > f->mask)) {
		f->counters->farm_full++;
		return false;
	}
	has_record = memcmp(question + question_bytes - 4, &type_a, 2) == 0 &&
		     (uint8_t *)question + question_bytes + sizeof(record_blank) - d->frame <
			     mbuf->data_len + rte_pktmbuf_tailroom(mbuf);
	message_response(mbuf, d, question_bytes, has_record);
	ends_swap(d);
	f->mbufs[f->tail & f->mask] = mbuf;
	f->due_tsc[f->tail & f->mask] = now_tsc + f->delay_tsc;
	f->tail++;
	return true;
}

/* Sends one burst of responses that are due; false if none remain. */
static bool
farm_burst(struct farm *f, uint64_t now_tsc)
{
	const uint32_t at = f->head & f->mask, room = f->mask + 1 - at;
	const uint32_t burst = RTE_MIN(RTE_MIN(f->tail - f->head, room), (uint32_t)FARM_BURST);
	uint32_t due = burst;
	uint16_t taken;

	while (due > 0 && f->due_tsc[at + due - 1] > now_tsc)
		due--;
	if (due == 0)
		return false;
	taken = rte_eth_tx_burst(f->device, 0, f->mbufs + at, (uint16_t)due);
	f->head += taken;
	f->counters->farm_responses += taken;
	f->counters->blocked += taken < due;
	return taken == burst;
}

void
farm_send(struct farm *f, uint64_t now_tsc)
{
	while (farm_burst(f, now_tsc))
		;
}
