/* SPDX-License-Identifier: BSD-3-Clause */
/* The parser by itself: what it finds in good packets, and that a burst keeps its order when some of it is
 * dropped. What it refuses is in test_way_frames.c. */
#include "stages.h"
#include "way_rig.h"
#include "way_suite.h"

static struct rig rig;

static struct rte_mbuf *
mbuf_of(const struct way_frame *frame, enum rig_port port)
{
	struct rte_mbuf *mbuf = rte_pktmbuf_alloc(rig.pool);

	memcpy(rte_pktmbuf_append(mbuf, (uint16_t)frame->bytes), frame->frame, frame->bytes);
	mbuf->port = rig.ports[port].ethdev;
	return mbuf;
}

static void
test_findings(void)
{
	static const struct {
		const char *description;
		bool ipv6;
		struct way_shape shape;
		enum rig_port port;
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
	static struct batch b;

	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const struct way_ends ends = rig_client_ends(&rig, rows[i].ipv6);
		const struct packet *p = &b.packets[0];
		struct way_frame frame;

		way_frame_make(&frame, &ends, &rows[i].shape, "twelve bytes and a few", 22);
		memset(&b, 0xff, sizeof(b));
		b.count = 1;
		b.mbufs[0] = mbuf_of(&frame, rows[i].port);
		parse(rig.workers[0], &b);
		WAY_ASSERT(b.count == 1, "%s: dropped", rows[i].description);
		if (b.count == 0)
			continue;
		WAY_ASSERT(p->ip_offset == frame.ip && p->udp_offset == frame.udp &&
				   p->dns_offset == frame.dns,
			   "%s: offsets %u %u %u", rows[i].description, p->ip_offset, p->udp_offset,
			   p->dns_offset);
		WAY_ASSERT(p->dns_bytes == 22 && p->question_bytes == 0, "%s: sizes", rows[i].description);
		WAY_ASSERT(p->is_ipv4 == !rows[i].ipv6 && p->in_port == rows[i].port, "%s: family, port",
			   rows[i].description);
		WAY_ASSERT(address_equal(&p->source, &ends.source) &&
				   address_equal(&p->destination, &ends.destination),
			   "%s: addresses", rows[i].description);
		WAY_ASSERT(be16_to(p->source_port) == 40000 && be16_to(p->destination_port) == 53,
			   "%s: ports", rows[i].description);
		rte_pktmbuf_free(b.mbufs[0]);
	}
	rig_close(&rig);
}

/* Good and bad in every pattern of six: the good ones stay, in order, each with its own findings. */
static void
test_order(void)
{
	static struct batch b;
	struct way_ends ends;

	rig_open(&rig, NULL);
	ends = rig_client_ends(&rig, false);
	for (unsigned pattern = 0; pattern < 64; pattern++) {
		uint64_t dropped = rig.stats[0].drops[DROP_udp_checksum];
		unsigned good = 0;

		for (unsigned i = 0; i < 6; i++) {
			const struct way_shape shape = {.udp_sum = pattern >> i & 1 ? WAY_SUM_RIGHT
										    : WAY_SUM_WRONG};
			struct way_frame frame;

			ends.source_port = (uint16_t)(100 + i);
			way_frame_make(&frame, &ends, &shape, "a DNS header", 12);
			b.mbufs[i] = mbuf_of(&frame, RIG_CLIENTS);
		}
		b.count = 6;
		parse(rig.workers[0], &b);
		for (unsigned i = 0; i < 6; i++) {
			if (!(pattern >> i & 1))
				continue;
			WAY_ASSERT(good < b.count && be16_to(b.packets[good].source_port) == 100 + i &&
					   way_dns_get(rte_pktmbuf_mtod(b.mbufs[good], const uint8_t *),
						       34) == 100 + i,
				   "pattern %x, packet %u", pattern, i);
			good++;
		}
		WAY_ASSERT(b.count == good, "pattern %x: %u left", pattern, b.count);
		WAY_ASSERT(rig.stats[0].drops[DROP_udp_checksum] - dropped == 6 - good, "pattern %x: drops",
			   pattern);
		rte_pktmbuf_free_bulk(b.mbufs, b.count);
	}
	CU_ASSERT_EQUAL(rte_mempool_avail_count(rig.pool), rig.pool_count);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"findings", test_findings}, {"order", test_order}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? way_suite_run("parse", tests) : 1;
}
