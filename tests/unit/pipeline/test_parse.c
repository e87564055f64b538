/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser by itself: what it finds in valid packets, and that a burst keeps its order when
 * packets are dropped. test_pipeline_frames.c has what it rejects. */
#include "dataplane/pipeline/stages.h"
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

static struct rte_mbuf *
mbuf_of(const struct pipeline_frame *frame)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig.pool);

	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)frame->bytes), frame->frame, frame->bytes);
	mbuf->port = UINT16_MAX -
		     1; /* not every driver sets it: the burst has the receiving interface */
	return mbuf;
}

static void
test_findings(void)
{
	static const struct {
		const char *description;
		bool ipv6;
		struct pipeline_shape shape;
		enum rig_interface interface;
	} rows[] = {
		{"IPv4", false, {0}, RIG_CLIENTS},
		{"IPv6", true, {0}, RIG_FARM},
		{"IPv4, tags, options, padding",
		 false,
		 {.tag_count = 2, .option_bytes = 12, .inner_padding = 3, .outer_padding = 5},
		 RIG_FARM},
		{"IPv6, tag, extensions, padding",
		 true,
		 {.tag_count = 1,
		  .extension_count = 3,
		  .extensions = {0, 60, 60},
		  .extension_bytes = 24,
		  .inner_padding = 1},
		 RIG_CLIENTS},
	};
	static struct burst b;

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct pipeline_ends ends = rig_client_ends(&rig, rows[i].ipv6);
		const struct packet *p = &b.packets[0];
		struct pipeline_frame frame;

		ends.destination_mac = rig_mac(rows[i].interface);
		pipeline_frame_make(&frame, &ends, &rows[i].shape, "header and a few bytes", 22);
		memset(&b, 0xff, sizeof(b));
		b.count = 1;
		b.handoff_in = 0;
		b.in_interface = (uint8_t)rows[i].interface;
		b.mbufs[0] = mbuf_of(&frame);
		parse(rig.workers[0], &b);
		SUITE_ASSERT(b.count == 1, "%s: dropped", rows[i].description);
		if (b.count == 0)
			continue;
		SUITE_ASSERT(p->ip_offset == frame.ip && p->udp_offset == frame.udp &&
				     p->dns_offset == frame.dns,
			     "%s: offsets %u %u %u", rows[i].description, p->ip_offset,
			     p->udp_offset, p->dns_offset);
		SUITE_ASSERT(p->dns_bytes == 22 && p->question_bytes == 0, "%s: sizes",
			     rows[i].description);
		SUITE_ASSERT(p->is_ipv4 == !rows[i].ipv6 && p->in_interface == rows[i].interface,
			     "%s: family, interface", rows[i].description);
		SUITE_ASSERT(address_equal(&p->source, &ends.source) &&
				     address_equal(&p->destination, &ends.destination),
			     "%s: addresses", rows[i].description);
		SUITE_ASSERT(be16_to(p->source_port) == 40000 && be16_to(p->destination_port) == 53,
			     "%s: ports", rows[i].description);
		rte_pktmbuf_free(b.mbufs[0]);
	}
	rig_close(&rig);
}

/* Valid and invalid packets in every pattern of six: the valid ones stay, in order, each with its
 * own results. */
static void
test_order(void)
{
	static struct burst b;
	struct pipeline_ends ends;

	rig_open(&rig, NULL);
	ends = rig_client_ends(&rig, false);
	for (unsigned pattern = 0; pattern < 64; pattern++) {
		uint64_t dropped = rig.stats[0].drops[DROP_udp_checksum];
		unsigned good = 0;

		for (unsigned i = 0; i < 6; i++) {
			const struct pipeline_shape shape = {
				.udp_sum =
					pattern >> i & 1 ? PIPELINE_SUM_RIGHT : PIPELINE_SUM_WRONG};
			struct pipeline_frame frame;

			ends.source_port = (uint16_t)(100 + i);
			pipeline_frame_make(&frame, &ends, &shape, "a DNS header", 12);
			b.mbufs[i] = mbuf_of(&frame);
		}
		b.count = 6;
		parse(rig.workers[0], &b);
		for (unsigned i = 0; i < 6; i++) {
			if (!(pattern >> i & 1))
				continue;
			SUITE_ASSERT(good < b.count &&
					     be16_to(b.packets[good].source_port) == 100 + i &&
					     pipeline_dns_get(rte_pktmbuf_mtod(b.mbufs[good],
									       const uint8_t *),
							      34) == 100 + i,
				     "pattern %x, packet %u", pattern, i);
			good++;
		}
		SUITE_ASSERT(b.count == good, "pattern %x: %u left", pattern, b.count);
		SUITE_ASSERT(rig.stats[0].drops[DROP_udp_checksum] - dropped == 6 - good,
			     "pattern %x: drops", pattern);
		rte_pktmbuf_free_bulk(b.mbufs, b.count);
	}
	CU_ASSERT_EQUAL(rte_mempool_avail_count(rig.pool), rig.pool_count);
	rig_close(&rig);
}

/* A frame's destination MAC address, and its interface: the burst's, or, after a handoff, the one
 * in the mbuf. */
static void
test_stations(void)
{
	static const struct {
		const char *description;
		struct mac to;
		uint8_t in_interface, mbuf_port, handoff_in, found;
		bool taken;
	} rows[] = {
		{"to the receiving interface", {{2, 0, 0, 0, 0xee, 1}}, 1, 0, 0, 1, true},
		{"to the other interface", {{2, 0, 0, 0, 0xee, 0}}, 1, 0, 0, 0, false},
		{"handoff, to the receiving interface", {{2, 0, 0, 0, 0xee, 1}}, 0, 1, 1, 1, true},
		{"handoff, to the other interface", {{2, 0, 0, 0, 0xee, 0}}, 0, 1, 1, 0, false},
		{"to another MAC address", {{2, 0, 0, 0, 0xee, 0x81}}, 1, 0, 0, 0, false},
		{"to another vendor's MAC address", {{0, 0, 0, 0, 0xee, 1}}, 1, 0, 0, 0, false},
		{"broadcast", {{255, 255, 255, 255, 255, 255}}, 1, 0, 0, 0, false},
		{"multicast", {{1, 0, 0x5e, 0, 0, 1}}, 1, 0, 0, 0, false},
	};
	static struct burst b;

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const uint64_t before = rig.stats[0].drops[DROP_other_mac];
		struct pipeline_ends ends = rig_client_ends(&rig, false);
		struct pipeline_frame frame;

		ends.destination_mac = rows[i].to;
		pipeline_frame_make(&frame, &ends, NULL, "a DNS header", 12);
		b.count = 1;
		b.handoff_in = rows[i].handoff_in;
		b.in_interface = rows[i].in_interface;
		b.mbufs[0] = mbuf_of(&frame);
		b.mbufs[0]->port = rows[i].mbuf_port;
		parse(rig.workers[0], &b);
		SUITE_ASSERT(b.count == rows[i].taken &&
				     rig.stats[0].drops[DROP_other_mac] - before == !rows[i].taken,
			     "%s: %u accepted", rows[i].description, b.count);
		if (b.count == 0)
			continue;
		SUITE_ASSERT(b.packets[0].in_interface == rows[i].found, "%s: interface %u",
			     rows[i].description, b.packets[0].in_interface);
		rte_pktmbuf_free(b.mbufs[0]);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"findings", test_findings},
			       {"order", test_order},
			       {"stations", test_stations},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("parse", tests) : 1;
}
