/* SPDX-License-Identifier: BSD-3-Clause */
/* One next hop: rows of the kernel's events, and the state after each. */
#include <errno.h>
#include <linux/neighbour.h>
#include <string.h>

#include "control/kernel/next_hop.h"
#include "tests/unit/suite.h"

#define S UINT64_C(1000000000)

/* Events:
 * R  REACHABLE with MAC 1
 * 2  STALE with MAC 2
 * I  INCOMPLETE
 * F  FAILED
 * G  gone
 * P  the route moved to another interface
 * N  no route
 * B  the route is as at the start
 * X  the route uses an interface that the dataplane does not use
 *
 * After each: + resolved, - not resolved. */
static const struct {
	const char *what, *events, *resolved;
	uint8_t mac; /* at the end, if resolved */
} rows[] = {
	{"resolves", "IR", "-+", 1},
	{"a new MAC is used at once", "R2", "++", 2},
	{"the MAC is kept when the entry is flushed", "RGIR", "++++", 1},
	{"one failure does not lose the MAC", "RFIR", "++++", 1},
	{"two failures do", "RFIF", "+++-", 0},
	{"and it is resolved again", "RFIFI2", "+++--+", 2},
	{"only failures in a row count", "RFRFR", "+++++", 1},
	{"never resolved", "IFIF", "----", 0},
	{"no route", "RN", "+-", 0},
	{"the route is back, the neighbour is unknown", "RNB", "+--", 0},
	{"the route is back, and the neighbour", "RNBR", "+--+", 1},
	{"another next hop", "RP", "+-", 0},
	{"an interface that the dataplane does not use", "RX", "+-", 0},
};

static void
event_handle(struct next_hop *hop, char event, uint64_t now)
{
	struct netlink_route route = {.ifindex = 7, .next_hop = hop->upstream};
	struct netlink_neighbour neighbour = {.ifindex = 7, .address = hop->upstream};

	switch (event) {
	case 'R':
	case '2':
		neighbour.state = event == 'R' ? NUD_REACHABLE : NUD_STALE;
		neighbour.mac_known = true;
		neighbour.mac.bytes[5] = event == 'R' ? 1 : 2;
		break;
	case 'I':
		neighbour.state = NUD_INCOMPLETE;
		break;
	case 'F':
		neighbour.state = NUD_FAILED;
		break;
	case 'G':
		neighbour.gone = true;
		break;
	case 'P':
		route.ifindex = 8;
		next_hop_on_route(hop, 0, &route, 1, now);
		return;
	case 'X':
		next_hop_on_route(hop, 0, &route, -1, now);
		return;
	case 'N':
		next_hop_on_route(hop, -ENETUNREACH, &route, -1, now);
		return;
	case 'B':
		next_hop_on_route(hop, 0, &route, 0, now);
		return;
	}
	next_hop_on_neighbour(hop, &neighbour, now);
}

static void
test_rows(void)
{
	const struct address upstream = address_from_ipv4("\xc6\x33\x64\x65");

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct next_hop hop;

		next_hop_init(&hop, &upstream);
		CU_ASSERT_FALSE(next_hop_resolved(&hop));
		event_handle(&hop, 'B', 1);
		for (size_t n = 0; rows[i].events[n] != 0; n++) {
			event_handle(&hop, rows[i].events[n], 2 + n);
			SUITE_ASSERT(next_hop_resolved(&hop) == (rows[i].resolved[n] == '+'),
				     "%s: event %zu", rows[i].what, n);
		}
		if (next_hop_resolved(&hop))
			SUITE_ASSERT(hop.mac.bytes[5] == rows[i].mac, "%s: MAC %u", rows[i].what,
				     hop.mac.bytes[5]);
	}
}

/* When the kernel is made to use the entry: at once, then every ten seconds; every second while it
 * is missing. */
static void
test_use(void)
{
	const struct address upstream = address_from_ipv4("\xc6\x33\x64\x65");
	struct next_hop hop;

	next_hop_init(&hop, &upstream);
	event_handle(&hop, 'B', 100 * S);
	CU_ASSERT_EQUAL(hop.use_due_ns, 100 * S);
	next_hop_used(&hop, 100 * S);
	CU_ASSERT_EQUAL(hop.use_due_ns, 101 * S);
	event_handle(&hop, 'R', 100 * S + 1);
	CU_ASSERT_EQUAL(hop.use_due_ns, 110 * S);
	event_handle(&hop, 'G', 105 * S); /* missing: at once */
	CU_ASSERT_EQUAL(hop.use_due_ns, 105 * S);
	next_hop_used(&hop, 105 * S);
	event_handle(&hop, 'F', 105 * S + 2); /* at once, but at most once a second */
	CU_ASSERT_EQUAL(hop.use_due_ns, 106 * S);
}

static void
test_identity(void)
{
	const struct address upstream = address_from_ipv4("\xc6\x33\x64\x65"),
			     other = address_from_ipv4("\xc6\x33\x64\x66");
	struct netlink_neighbour neighbour = {.ifindex = 7, .address = upstream};
	struct next_hop hop;

	next_hop_init(&hop, &upstream);
	CU_ASSERT_FALSE(next_hop_is(&hop, &neighbour)); /* no route yet */
	event_handle(&hop, 'B', 1);
	CU_ASSERT_TRUE(next_hop_is(&hop, &neighbour));
	neighbour.ifindex = 8;
	CU_ASSERT_FALSE(next_hop_is(&hop, &neighbour));
	neighbour.ifindex = 7;
	neighbour.address = other;
	CU_ASSERT_FALSE(next_hop_is(&hop, &neighbour));
}

/* An upstream that does not respond has its next hop verified: not too often, and never a permanent
 * entry. */
static void
test_suspect(void)
{
	const struct address upstream = address_from_ipv4("\xc6\x33\x64\x65");
	struct netlink_neighbour fixed = {
		.ifindex = 7, .address = upstream, .state = NUD_PERMANENT, .mac_known = true};
	struct next_hop hop;

	next_hop_init(&hop, &upstream);
	CU_ASSERT_FALSE(next_hop_suspect(&hop, 100 * S)); /* nothing to verify */
	event_handle(&hop, 'B', 100 * S);
	event_handle(&hop, 'R', 100 * S);
	CU_ASSERT_TRUE(next_hop_suspect(&hop, 100 * S));
	CU_ASSERT_FALSE(next_hop_suspect(&hop, 104 * S));
	CU_ASSERT_TRUE(next_hop_suspect(&hop, 105 * S));
	event_handle(&hop, 'F', 106 * S); /* it is being resolved already */
	CU_ASSERT_FALSE(next_hop_suspect(&hop, 120 * S));
	next_hop_on_neighbour(&hop, &fixed, 121 * S);
	CU_ASSERT_FALSE(next_hop_suspect(&hop, 130 * S));
}

int
main(void)
{
	CU_TestInfo tests[] = {{"resolution", test_rows},
			       {"time of use", test_use},
			       {"matching neighbours", test_identity},
			       {"an upstream that does not respond", test_suspect},
			       CU_TEST_INFO_NULL};

	return suite_run("next_hop", tests);
}
