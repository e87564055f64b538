/* SPDX-License-Identifier: BSD-3-Clause */
/* Malformed and unusual frames: Ethernet, IPv4, IPv6 and UDP. Each row is tested twice, as a query
 * to a service and as the response to a query in flight, because the parser trusts nothing on
 * either side. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define FORWARDED DROP_NONE

static struct rig rig;

static void
set16(struct pipeline_frame *f, uint32_t offset, uint16_t value)
{
	pipeline_dns_set(f->frame, offset, value);
}

/* Offsets of the fields of a plain frame. The message has 33 bytes: so the right lengths are 61 in
 * IPv4, and 41 in IPv6 and UDP. */
#define ETHERTYPE	   12
#define IPV4_VERSION_IHL   14
#define IPV4_LENGTH	   16
#define IPV4_FRAGMENT	   20
#define IPV4_PROTOCOL	   23
#define IPV4_UDP_LENGTH	   38
#define IPV6_VERSION	   14
#define IPV6_LENGTH	   18
#define IPV6_NEXT_HEADER   20
#define IPV6_UDP_LENGTH	   58
#define EXTENSION_LENGTH   55 /* of the first extension header */
#define EXTENSION_SEGMENTS 57

static const struct frame_case {
	const char *description;
	enum {
		IPV4,
		IPV6,
	} family;
	struct pipeline_shape shape;
	struct pipeline_edit edits[PIPELINE_EDITS_MAX]; /* of the complete frame */
	enum drop_reason outcome;
} cases[] = {
	{"priority tag, IPv4", IPV4, {.tag_count = 1, .tags = {0xa000}}, {{0}}, FORWARDED},
	{"priority tag, IPv6", IPV6, {.tag_count = 1, .tags = {0x1000}}, {{0}}, FORWARDED},
	{"two priority tags", IPV4, {.tag_count = 2, .tag_types = {0x88a8}}, {{0}}, FORWARDED},
	{"three priority tags", IPV4, {.tag_count = 3}, {{0}}, DROP_vlan},
	{"VLAN 5", IPV4, {.tag_count = 1, .tags = {5}}, {{0}}, DROP_vlan},
	{"VLAN 4095, IPv6", IPV6, {.tag_count = 1, .tags = {0x0fff}}, {{0}}, DROP_vlan},
	{"VLAN 256", IPV4, {.tag_count = 1, .tags = {0x0100}}, {{0}}, DROP_vlan},
	{"VLAN 7 inside a priority tag", IPV4, {.tag_count = 2, .tags = {0, 7}}, {{0}}, DROP_vlan},
	{"IPv4 options, 4 bytes", IPV4, {.option_bytes = 4}, {{0}}, FORWARDED},
	{"IPv4 options, 40 bytes", IPV4, {.option_bytes = 40}, {{0}}, FORWARDED},
	{"IHL 4", IPV4, {0}, {PIPELINE_SET(IPV4_VERSION_IHL, "\x44")}, DROP_ip_header},
	{"IHL 15 over UDP",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_VERSION_IHL, "\x4f"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"IHL beyond the total length",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_VERSION_IHL, "\x4f"), PIPELINE_SET(IPV4_LENGTH, "\0\73")},
	 DROP_ip_header},
	{"version 5 in IPv4", IPV4, {0}, {PIPELINE_SET(IPV4_VERSION_IHL, "\x55")}, DROP_ip_header},
	{"version 5 in IPv6", IPV6, {0}, {PIPELINE_SET(IPV6_VERSION, "\x50")}, DROP_ip_header},
	{"IPv4 length beyond the frame",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_LENGTH, "\0\76"), PIPELINE_SUMS},
	 DROP_ip_header},
	{"IPv6 length beyond the frame",
	 IPV6,
	 {0},
	 {PIPELINE_SET(IPV6_LENGTH, "\0\52"), PIPELINE_SUMS},
	 DROP_ip_header},
	{"IPv4 length 65535",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_LENGTH, "\xff\xff"), PIPELINE_SUMS},
	 DROP_ip_header},
	{"IPv6 length 65535",
	 IPV6,
	 {0},
	 {PIPELINE_SET(IPV6_LENGTH, "\xff\xff"), PIPELINE_SUMS},
	 DROP_ip_header},
	{"IPv4 length 19",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_LENGTH, "\0\23"), PIPELINE_SUMS},
	 DROP_ip_header},
	{"IPv4 length 20",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_LENGTH, "\0\24"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"IPv6 length 0", IPV6, {0}, {PIPELINE_SET(IPV6_LENGTH, "\0\0")}, DROP_udp_length},
	{"Ethernet padding, 1 byte", IPV4, {.outer_padding = 1}, {{0}}, FORWARDED},
	{"Ethernet padding, 18 bytes", IPV6, {.outer_padding = 18}, {{0}}, FORWARDED},
	{"length beyond UDP, inside the padding",
	 IPV4,
	 {.outer_padding = 8},
	 {PIPELINE_SET(IPV4_LENGTH, "\0\76"), PIPELINE_SUMS},
	 FORWARDED},
	{"first fragment",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_FRAGMENT, "\x20\0"), PIPELINE_SUMS},
	 DROP_fragment},
	{"later fragment",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_FRAGMENT, "\0\271"), PIPELINE_SUMS},
	 DROP_fragment},
	{"fragment at the last offset",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_FRAGMENT, "\x1f\xff"), PIPELINE_SUMS},
	 DROP_fragment},
	{"DF is not a fragment",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_FRAGMENT, "\x40\0"), PIPELINE_SUMS},
	 FORWARDED},
	{"IPv6 atomic fragment",
	 IPV6,
	 {.extension_count = 1, .extensions = {44}},
	 {{0}},
	 DROP_fragment},
	{"fragment header after another extension",
	 IPV6,
	 {.extension_count = 2, .extensions = {60, 44}},
	 {{0}},
	 DROP_fragment},
	{"IPv4 without a checksum", IPV4, {.udp_sum = PIPELINE_SUM_ZERO}, {{0}}, FORWARDED},
	{"IPv6 without a checksum", IPV6, {.udp_sum = PIPELINE_SUM_ZERO}, {{0}}, DROP_udp_checksum},
	{"wrong UDP checksum, IPv4",
	 IPV4,
	 {.udp_sum = PIPELINE_SUM_WRONG},
	 {{0}},
	 DROP_udp_checksum},
	{"wrong UDP checksum, IPv6",
	 IPV6,
	 {.udp_sum = PIPELINE_SUM_WRONG},
	 {{0}},
	 DROP_udp_checksum},
	{"wrong IPv4 checksum", IPV4, {.ip_sum = PIPELINE_SUM_WRONG}, {{0}}, DROP_ip_checksum},
	{"hop-by-hop options", IPV6, {.extension_count = 1, .extensions = {0}}, {{0}}, FORWARDED},
	{"destination options, 64 bytes",
	 IPV6,
	 {.extension_count = 1, .extensions = {60}, .extension_bytes = 64},
	 {{0}},
	 FORWARDED},
	{"routing header, nothing left",
	 IPV6,
	 {.extension_count = 1, .extensions = {43}},
	 {{0}},
	 FORWARDED},
	{"routing header, one segment left",
	 IPV6,
	 {.extension_count = 1, .extensions = {43}},
	 {PIPELINE_SET(EXTENSION_SEGMENTS, "\1")},
	 DROP_extension},
	{"chain of 6",
	 IPV6,
	 {.extension_count = 6, .extensions = {0, 60, 43, 60, 60, 60}},
	 {{0}},
	 FORWARDED},
	{"chain of 7",
	 IPV6,
	 {.extension_count = 7, .extensions = {0, 60, 43, 60, 60, 60, 60}},
	 {{0}},
	 DROP_extension},
	{"chain of 20", IPV6, {.extension_count = 20}, {{0}}, DROP_extension},
	{"extension longer than the packet",
	 IPV6,
	 {.extension_count = 1, .extensions = {60}},
	 {PIPELINE_SET(EXTENSION_LENGTH, "\xff")},
	 DROP_runt},
	{"authentication header",
	 IPV6,
	 {.extension_count = 1, .extensions = {51}},
	 {{0}},
	 DROP_not_udp},
	{"no next header", IPV6, {.extension_count = 1, .extensions = {59}}, {{0}}, DROP_not_udp},
	{"TCP over IPv4",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_PROTOCOL, "\6"), PIPELINE_SUMS},
	 DROP_not_udp},
	{"TCP over IPv6",
	 IPV6,
	 {0},
	 {PIPELINE_SET(IPV6_NEXT_HEADER, "\6"), PIPELINE_SUMS},
	 DROP_not_udp},
	{"UDP length 7",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_UDP_LENGTH, "\0\7"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"UDP length 0, IPv6",
	 IPV6,
	 {0},
	 {PIPELINE_SET(IPV6_UDP_LENGTH, "\0\0"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"UDP length beyond IP, IPv4",
	 IPV4,
	 {0},
	 {PIPELINE_SET(IPV4_UDP_LENGTH, "\0\52"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"UDP length beyond IP, IPv6",
	 IPV6,
	 {0},
	 {PIPELINE_SET(IPV6_UDP_LENGTH, "\0\52"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"UDP length beyond IP, but inside the frame",
	 IPV4,
	 {.outer_padding = 8},
	 {PIPELINE_SET(IPV4_UDP_LENGTH, "\0\52"), PIPELINE_SUMS},
	 DROP_udp_length},
	{"UDP length below IP, IPv4", IPV4, {.inner_padding = 9}, {{0}}, FORWARDED},
	{"UDP length below IP, IPv6", IPV6, {.inner_padding = 1}, {{0}}, FORWARDED},
	{"ARP", IPV4, {0}, {PIPELINE_SET(ETHERTYPE, "\x08\x06")}, DROP_ethertype},
	{"LLDP", IPV4, {0}, {PIPELINE_SET(ETHERTYPE, "\x88\xcc")}, DROP_ethertype},
	/* IEEE 802.3, as used by STP. */
	{"802.3 length", IPV4, {0}, {PIPELINE_SET(ETHERTYPE, "\0\46")}, DROP_ethertype},
	{"IPv4 as IPv6", IPV4, {0}, {PIPELINE_SET(ETHERTYPE, "\x86\xdd")}, DROP_ip_header},
	{"IPv6 as IPv4", IPV6, {0}, {PIPELINE_SET(ETHERTYPE, "\x08\x00")}, DROP_ip_header},
	{"IPv4-mapped addresses in an IPv6 packet", IPV4, {.ipv6 = true}, {{0}}, DROP_ip_header},
};

static void
case_as_query(const struct frame_case *c)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, c->family == IPV6);
	const struct pipeline_sent *asked;
	struct pipeline_frame frame;
	struct pipeline_dns query;

	rig_begin(&rig, c->description);
	pipeline_dns_query(&query, 0x4321, "www.example.net", 1, 1);
	pipeline_frame_make(&frame, &ends, &c->shape, query.message, (uint32_t)query.bytes);
	pipeline_frame_edit(&frame, c->edits);
	rig_inject_frame(&rig, RIG_CLIENTS, &frame);
	rig_run(&rig);
	if (c->outcome == FORWARDED) {
		asked = rig_take_from(&rig, RIG_FARM);
		rig_check(&rig, rig_carries(asked, &query, 2), "the query changed");
	} else {
		rig_expect_drop(&rig, c->outcome, 1);
	}
	SUITE_ASSERT(rig_end(&rig) == 0, "as a query: %s", c->description);
}

static void
test_queries(void)
{
	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(cases); i++)
		case_as_query(&cases[i]);
	rig_close(&rig);
}

/* Sends the frame as the response; if it is dropped, the plain response after it is delivered. */
static void
case_as_response(const struct frame_case *c)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const struct pipeline_sent *asked;
	struct pipeline_ends back;
	struct pipeline_frame frame;
	struct pipeline_dns query, response;

	rig_begin(&rig, c->description);
	pipeline_dns_query(&query, 0x4321, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	back = pipeline_ends_back(&asked->ends);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	pipeline_frame_make(&frame, &back, &c->shape, response.message, (uint32_t)response.bytes);
	pipeline_frame_edit(&frame, c->edits);
	rig_inject_frame(&rig, RIG_FARM, &frame);
	rig_run(&rig);
	if (c->outcome != FORWARDED) {
		rig_expect_drop(&rig, c->outcome, 1);
		rig_check(&rig, rig_take(&rig) == NULL, "something was sent");
		rig_response(&rig, asked, &response);
	}
	rig_check(&rig, rig_take_from(&rig, RIG_CLIENTS)->dns_bytes == response.bytes,
		  "no response");
	SUITE_ASSERT(rig_end(&rig) == 0, "as a response: %s", c->description);
}

static void
test_responses(void)
{
	rig_open(&rig, NULL);
	for (int family = IPV4; family <= IPV6; family++) {
		struct snapshot *s = pipeline_snapshot_new();

		pipeline_snapshot_usable(s, 1u << (family == IPV6 ? PIPELINE_UPSTREAM_IPV6
								  : PIPELINE_UPSTREAM_IPV4));
		rig_publish(&rig, s);
		for (size_t i = 0; i < RTE_DIM(cases); i++)
			if ((int)cases[i].family == family)
				case_as_response(&cases[i]);
	}
	rig_close(&rig);
}

/* Every prefix of a good frame, as it is, and with its lengths corrected. */
static void
test_runts(void)
{
	struct pipeline_frame whole, frame;
	struct pipeline_dns query;
	char description[64];

	rig_open(&rig, NULL);
	pipeline_dns_query(&query, 7, "www.example.net", 1, 1);
	for (int family = IPV4; family <= IPV6; family++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, family == IPV6);
		const uint32_t ip_end = family == IPV6 ? 54 : 34;

		pipeline_frame_make(&whole, &ends, NULL, query.message, (uint32_t)query.bytes);
		for (uint32_t bytes = 0; bytes < whole.bytes; bytes++) {
			snprintf(description, sizeof(description), "runt of %u bytes, family %d",
				 bytes, family);
			rig_begin(&rig, description);
			rig_inject(&rig, RIG_CLIENTS, whole.frame, bytes);
			rig_expect_drop(&rig, bytes < ip_end ? DROP_runt : DROP_ip_header, 1);
			SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
		}
		for (uint32_t bytes = ip_end; bytes < whole.dns + 12; bytes++) {
			snprintf(description, sizeof(description), "cut to %u bytes, family %d",
				 bytes, family);
			rig_begin(&rig, description);
			frame = whole;
			frame.bytes = bytes;
			set16(&frame, frame.ip + (frame.ipv6 ? 4 : 2),
			      (uint16_t)(bytes - (family == IPV6 ? 54 : 14)));
			if (bytes >= frame.dns)
				set16(&frame, frame.udp + 4, (uint16_t)(bytes - frame.udp));
			pipeline_frame_sum(&frame);
			rig_inject_frame(&rig, RIG_CLIENTS, &frame);
			rig_expect_drop(&rig, bytes < frame.dns ? DROP_udp_length : DROP_dns_short,
					1);
			SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
		}
	}
	rig_close(&rig);
}

/* A frame in two buffers exceeds the interface's MTU. */
static void
test_segmented(void)
{
	struct rte_mbuf *first, *second;

	rig_open(&rig, NULL);
	rig_begin(&rig, "two segments");
	first = rte_pktmbuf_alloc(rig.pool);
	second = rte_pktmbuf_alloc(rig.pool);
	rte_pktmbuf_append(first, 60);
	rte_pktmbuf_append(second, 60);
	rte_pktmbuf_chain(first, second);
	first->port = rig.interfaces[RIG_CLIENTS].ethdev;
	rte_ring_enqueue(rig.rx[RIG_CLIENTS][0], first);
	rig_expect_drop(&rig, DROP_segmented, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Which checksum results of a NIC are used: only those of an interface that checks, and only
 * "good". */
static void
test_nic_checksums(void)
{
	static const struct {
		const char *description;
		bool checks;
		uint64_t flags;
		enum pipeline_sum udp_sum, ip_sum;
		enum drop_reason outcome;
	} rows[] = {
		{"NIC reports good", true,
		 RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD, PIPELINE_SUM_WRONG,
		 PIPELINE_SUM_WRONG, FORWARDED},
		{"interface that does not check", false,
		 RTE_MBUF_F_RX_IP_CKSUM_GOOD | RTE_MBUF_F_RX_L4_CKSUM_GOOD, PIPELINE_SUM_WRONG,
		 PIPELINE_SUM_RIGHT, DROP_udp_checksum},
		{"NIC reports IP only", true, RTE_MBUF_F_RX_IP_CKSUM_GOOD, PIPELINE_SUM_WRONG,
		 PIPELINE_SUM_WRONG, DROP_udp_checksum},
		{"NIC reports UDP only", true, RTE_MBUF_F_RX_L4_CKSUM_GOOD, PIPELINE_SUM_WRONG,
		 PIPELINE_SUM_WRONG, DROP_ip_checksum},
		{"NIC reports bad", true, RTE_MBUF_F_RX_IP_CKSUM_BAD | RTE_MBUF_F_RX_L4_CKSUM_BAD,
		 PIPELINE_SUM_WRONG, PIPELINE_SUM_RIGHT, DROP_udp_checksum},
		{"NIC reports nothing", true, 0, PIPELINE_SUM_RIGHT, PIPELINE_SUM_RIGHT, FORWARDED},
	};
	struct pipeline_frame frame;
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	pipeline_dns_query(&query, 7, "www.example.net", 1, 1);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		const struct pipeline_shape shape = {.udp_sum = rows[i].udp_sum,
						     .ip_sum = rows[i].ip_sum};

		rig_begin(&rig, rows[i].description);
		rig.interfaces[RIG_CLIENTS].checks_ip = rig.interfaces[RIG_CLIENTS].checks_udp =
			rows[i].checks;
		rig.receive_flags = rows[i].flags;
		pipeline_frame_make(&frame, &ends, &shape, query.message, (uint32_t)query.bytes);
		rig_inject_frame(&rig, RIG_CLIENTS, &frame);
		rig_run(&rig);
		if (rows[i].outcome == FORWARDED)
			rig_take_from(&rig, RIG_FARM);
		else
			rig_expect_drop(&rig, rows[i].outcome, 1);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"unusual frames as queries", test_queries},
			       {"unusual frames as responses", test_responses},
			       {"runts", test_runts},
			       {"segments", test_segmented},
			       {"checksums by the NIC", test_nic_checksums},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("frames", tests) : 1;
}
