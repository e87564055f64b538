/* SPDX-License-Identifier: BSD-3-Clause */
/* Which upstream gets a query, the response if there is none, and the effect of a new snapshot on
 * queries in flight. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

static struct rig rig;

/* SERVFAIL at once, with extended error 22 for those who speak EDNS. */
static const struct servfail_case {
	const char *description;
	bool opt;
	uint16_t udp_size;
	uint32_t ttl;
	bool more_before; /* another record precedes the OPT */
	bool responses;	  /* the query counts an answer record: no OPT is searched for */
	bool wants_opt;
} servfail_cases[] = {
	{"without EDNS", false, 0, 0, false, false, false},
	{"EDNS", true, 1232, 0, false, false, true},
	{"EDNS with DO", true, 4096, 0x8000, false, false, true},
	{"EDNS with all flags, and version 1", true, 512, 0x0001ffff, false, false, true},
	{"OPT after another record", true, 1232, 0x8000, true, false, true},
	{"a query that counts an answer record", true, 1232, 0, false, true, false},
};

static void
servfail_play(const struct servfail_case *c, bool ipv6)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, ipv6),
				   back = pipeline_ends_back(&ends);
	const uint8_t opt[17] = {0, 0, 41, 0x04, 0xd0, 0, 0, c->ttl & 0x8000 ? 0x80 : 0, 0, 0,
				 6, 0, 15, 0,	 2,    0, 22};
	const struct pipeline_sent *own;
	struct pipeline_dns query;
	const uint8_t *message;

	rig_begin(&rig, c->description);
	rig.tail_bytes = 6; /* the extended error may be longer than the query's options */
	pipeline_dns_query(&query, 0xaaaa, "wWw.example.net", 28, 1);
	query.message[3] = 0x30; /* AD, CD */
	if (c->more_before) {
		pipeline_dns_append(&query, "\3one\0\0\1\0\1\0\0\0\0\0\4\300\0\2\1", 19);
		pipeline_dns_set(query.message, 10, 1);
	}
	if (c->opt)
		pipeline_dns_opt(&query, c->udp_size, c->ttl, NULL, 0);
	if (c->responses)
		pipeline_dns_set(query.message, 6, 1);
	rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	rig_run(&rig);
	own = rig_take_from(&rig, RIG_CLIENTS);
	message = own->frame + own->dns;
	rig_check(&rig, pipeline_ends_equal(&own->ends, &back),
		  "wrong addresses or ports of our response");
	rig_check(&rig,
		  pipeline_dns_get(message, 0) == 0xaaaa && message[2] == 0x81 &&
			  message[3] == 0x92,
		  "header %02x%02x", message[2], message[3]);
	rig_check(&rig,
		  memcmp(message + 4, c->wants_opt ? "\0\1\0\0\0\0\0\1" : "\0\1\0\0\0\0\0\0", 8) ==
			  0,
		  "counts");
	rig_check(&rig,
		  own->dns_bytes == 12 + query.question_bytes + (c->wants_opt ? sizeof(opt) : 0),
		  "%u bytes", own->dns_bytes);
	rig_check(&rig, memcmp(message + 12, query.message + 12, query.question_bytes) == 0,
		  "question");
	if (c->wants_opt)
		rig_check(&rig, memcmp(message + 12 + query.question_bytes, opt, sizeof(opt)) == 0,
			  "OPT");
	rig_expect_count(&rig, COUNTER_own_servfail, 1);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", c->description);
}

/* Reasons to have no upstream. */
static void
none_usable(struct snapshot *s)
{
	pipeline_snapshot_usable(s, 0);
}

static void
usable_but_unresolved(struct snapshot *s)
{
	s->upstreams[PIPELINE_UPSTREAM_IPV4].resolved = 0;
}

static void
usable_but_retired(struct snapshot *s)
{
	s->upstreams[PIPELINE_UPSTREAM_IPV4].state = SLOT_RETIRED;
}

static void
none_at_all(struct snapshot *s)
{
	s->upstream_count = 0;
}

static void
test_none_servfail(void)
{
	static void (*const reasons[])(struct snapshot *) = {none_usable, usable_but_unresolved,
							     usable_but_retired, none_at_all};

	rig_open(&rig, NULL);
	for (size_t reason = 0; reason < RTE_DIM(reasons); reason++) {
		struct snapshot *s = pipeline_snapshot_new();

		reasons[reason](s);
		rig_publish(&rig, s);
		for (size_t i = 0; i < RTE_DIM(servfail_cases); i++) {
			servfail_play(&servfail_cases[i], false);
			servfail_play(&servfail_cases[i], true);
		}
	}
	rig_close(&rig);
}

/* Keep-trying: all active and resolved upstreams, usable or not; SERVFAIL only when there are
 * none of these. */
static void
test_keep_trying(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	unsigned seen[PIPELINE_UPSTREAM_COUNT] = {0};

	rig_open(&rig, NULL);
	s->no_upstream = NO_UPSTREAM_KEEP_TRYING;
	pipeline_snapshot_usable(s, 0);
	s->upstreams[PIPELINE_UPSTREAM_IPV4_SECOND].resolved = 0;
	s->upstreams[PIPELINE_UPSTREAM_IPV6].state = SLOT_RETIRED;
	rig_publish(&rig, s);
	rig_begin(&rig, "keep trying");
	for (int n = 0; n < 30; n++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		struct pipeline_dns query;

		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		seen[rig_upstream_of(&rig, rig_ask(&rig, &ends, &query))]++;
	}
	CU_ASSERT_EQUAL(seen[PIPELINE_UPSTREAM_IPV4], 10);
	CU_ASSERT_EQUAL(seen[PIPELINE_UPSTREAM_IPV6_SECOND], 10);
	CU_ASSERT_EQUAL(seen[PIPELINE_UPSTREAM_OTHER_PORT], 10);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);

	s = pipeline_snapshot_new();
	s->no_upstream = NO_UPSTREAM_KEEP_TRYING;
	for (int i = 0; i < PIPELINE_UPSTREAM_COUNT; i++)
		s->upstreams[i].resolved = 0;
	rig_publish(&rig, s);
	servfail_play(&servfail_cases[0], false);
	rig_close(&rig);
}

static void
test_round_robin(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	unsigned seen[PIPELINE_UPSTREAM_COUNT] = {0};

	rig_open(&rig, NULL);
	pipeline_snapshot_usable(s, 0x1f & ~(1u << PIPELINE_UPSTREAM_IPV4_SECOND));
	rig_publish(&rig, s);
	rig_begin(&rig, "round robin");
	for (int n = 0; n < 400; n++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, n & 1);
		struct pipeline_dns query;

		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		seen[rig_upstream_of(&rig, rig_ask(&rig, &ends, &query))]++;
	}
	for (int i = 0; i < PIPELINE_UPSTREAM_COUNT; i++) {
		CU_ASSERT_EQUAL(seen[i], i == PIPELINE_UPSTREAM_IPV4_SECOND ? 0 : 100);
		CU_ASSERT_EQUAL(rig.stats[0].upstreams[i].queries, seen[i]);
		CU_ASSERT_EQUAL(rig.stats[0].upstreams[i].in_flight, seen[i]);
	}
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* An upstream that does not answer accumulates queries in flight and gets fewer: of two, only those
 * whose both draws select it. */
static void
test_least_outstanding(void)
{
	struct snapshot *s = pipeline_snapshot_new();
	unsigned seen[PIPELINE_UPSTREAM_COUNT] = {0};

	rig_open(&rig, NULL);
	s->pools[0].policy = POLICY_LEAST_OUTSTANDING;
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV4 |
					    1u << PIPELINE_UPSTREAM_IPV4_SECOND);
	rig_publish(&rig, s);
	rig_begin(&rig, "least outstanding, one is silent");
	for (int n = 0; n < 1000; n++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		const struct pipeline_sent *asked;
		struct pipeline_dns query, response;
		unsigned upstream;

		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		asked = rig_ask(&rig, &ends, &query);
		upstream = rig_upstream_of(&rig, asked);
		seen[upstream]++;
		if (upstream == PIPELINE_UPSTREAM_IPV4)
			continue;
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		rig_response(&rig, asked, &response);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	CU_ASSERT_EQUAL(seen[PIPELINE_UPSTREAM_IPV4] + seen[PIPELINE_UPSTREAM_IPV4_SECOND], 1000);
	/* A quarter of the draws, binomially distributed with a standard deviation of 14; the
	 * stream is seeded. */
	SUITE_ASSERT(seen[PIPELINE_UPSTREAM_IPV4] > 190 && seen[PIPELINE_UPSTREAM_IPV4] < 310,
		     "%u of 1000 to the silent one", seen[PIPELINE_UPSTREAM_IPV4]);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Across the families, in both directions; the response uses the client's. */
static void
test_cross_family(void)
{
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	pipeline_dns_query(&query, 77, "cRoss.example.net", 28, 1);
	pipeline_dns_opt(&query, 1232, 0x8000, NULL, 0);
	for (int upstream = 0; upstream < PIPELINE_UPSTREAM_COUNT; upstream++) {
		struct snapshot *s = pipeline_snapshot_new();

		pipeline_snapshot_usable(s, 1u << upstream);
		rig_publish(&rig, s);
		for (int client = 0; client < 2; client++) {
			rig_begin(&rig, s->upstreams[upstream].name);
			rig_exchange(&rig, client, &query, 400);
			SUITE_ASSERT(rig_end(&rig) == 0, "client IPv%d, %s", client ? 6 : 4,
				     s->upstreams[upstream].name);
		}
	}
	rig_close(&rig);
}

static void
no_sources(struct snapshot *s)
{
	s->source_count = 0;
}

static void
sources_of_other_family(struct snapshot *s)
{
	s->source_count = PIPELINE_SOURCE_IPV6;
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV6);
}

static void
sources_retired(struct snapshot *s)
{
	for (int i = 0; i < PIPELINE_SOURCE_COUNT; i++)
		s->sources[i].state = SLOT_RETIRED;
}

static void
no_ports(struct snapshot *s)
{
	memset(s->ports_draw, 0, sizeof(s->ports_draw));
}

static void
test_no_source(void)
{
	static void (*const reasons[])(struct snapshot *) = {no_sources, sources_of_other_family,
							     sources_retired, no_ports};

	rig_open(&rig, NULL);
	for (size_t reason = 0; reason < RTE_DIM(reasons); reason++) {
		struct snapshot *s = pipeline_snapshot_new();
		const struct pipeline_ends ends = rig_client_ends(&rig, false);
		struct pipeline_dns query;

		reasons[reason](s);
		rig_publish(&rig, s);
		rig_begin(&rig, "no source");
		pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
		rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
		rig_expect_drop(&rig, DROP_no_source, 1);
		SUITE_ASSERT(rig_end(&rig) == 0, "reason %zu", reason);
	}
	rig_close(&rig);
}

/* Changes of the snapshot while a query is in flight; its response must still be delivered. */
static void
upstream_retired(struct snapshot *s)
{
	s->upstreams[PIPELINE_UPSTREAM_IPV4].state = SLOT_RETIRED;
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV6);
}

static void
upstream_down(struct snapshot *s)
{
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV4_SECOND);
}

static void
source_retired(struct snapshot *s)
{
	for (int i = 0; i < PIPELINE_SOURCE_IPV6; i++)
		s->sources[i].state = SLOT_RETIRED;
}

static void
service_retired(struct snapshot *s)
{
	s->services[PIPELINE_SERVICE_IPV4].state = SLOT_RETIRED;
}

static void
range_moved(struct snapshot *s)
{
	uint64_t accept[SNAPSHOT_BITMAP_WORDS];

	memcpy(accept, s->ports_accept, sizeof(accept));
	pipeline_snapshot_ports(s, 20000, 21000);
	for (int i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		s->ports_accept[i] |= accept[i];
}

static void
next_hop_changed(struct snapshot *s)
{
	s->upstreams[PIPELINE_UPSTREAM_IPV4].next_hop.bytes[5] = 0x99;
}

static const struct change_case {
	const char *description;
	void (*change)(struct snapshot *);
	enum drop_reason next; /* outcome of the client's next query; DROP_NONE: forwarded */
} change_cases[] = {
	{"upstream removed", upstream_retired, DROP_NONE},
	{"upstream down, another not", upstream_down, DROP_NONE},
	{"sources removed", source_retired, DROP_no_source},
	{"service removed", service_retired, DROP_not_ours},
	{"range moved", range_moved, DROP_NONE},
	{"next hop changed", next_hop_changed, DROP_NONE},
};

/* The next query uses the new snapshot: to a usable upstream and its next hop, from a port in the
 * range. */
static void
check_next(const struct snapshot *s, const struct pipeline_sent *asked)
{
	const unsigned upstream = rig_upstream_of(&rig, asked);

	rig_check(&rig, s->upstreams[upstream].usable, "to upstream %u", upstream);
	rig_check(&rig,
		  memcmp(&asked->ends.destination_mac, &s->upstreams[upstream].next_hop, 6) == 0,
		  "to the old next hop");
	rig_check(&rig, bitmap_test(s->ports_draw, asked->ends.source_port), "from port %u",
		  asked->ends.source_port);
}

static void
change_play(const struct change_case *c)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct snapshot *s = pipeline_snapshot_new();
	const struct pipeline_sent *asked;
	struct pipeline_dns query, response;

	rig_publish(&rig, pipeline_snapshot_new());
	rig_begin(&rig, c->description);
	pipeline_dns_query(&query, 0x5151, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	c->change(s);
	s->generation = 2;
	rig_publish(&rig, s);
	rig_response(&rig, asked, &response);
	rig_check(&rig, pipeline_dns_get(rig_take_from(&rig, RIG_CLIENTS)->frame, 42) == 0x5151,
		  "no response");
	rig_inject_query(&rig, RIG_CLIENTS, &ends, &query);
	rig_run(&rig);
	if (c->next != DROP_NONE)
		rig_expect_drop(&rig, c->next, 1);
	else
		check_next(s, rig_take_from(&rig, RIG_FARM));
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", c->description);
}

static void
test_changes(void)
{
	rig_open(&rig, NULL);
	for (size_t i = 0; i < RTE_DIM(change_cases); i++)
		change_play(&change_cases[i]);
	rig_close(&rig);
}

/* Once a retired slot is empty, responses to queries in flight are unknown and not accepted. */
static void
test_slot_emptied(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct snapshot *s = pipeline_snapshot_new();
	const struct pipeline_sent *asked;
	struct pipeline_dns query, response;

	rig_open(&rig, NULL);
	rig_begin(&rig, "upstream's slot given to another address");
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	s->upstreams[PIPELINE_UPSTREAM_IPV4].address = pipeline_address("198.51.100.200");
	rig_publish(&rig, s);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_response(&rig, asked, &response);
	rig_expect_drop(&rig, DROP_response_wrong_upstream, 1);
	s = pipeline_snapshot_new();
	for (int i = 0; i < PIPELINE_SOURCE_COUNT; i++)
		s->sources[i].state = SLOT_EMPTY;
	rig_publish(&rig, s);
	rig_response(&rig, asked, &response);
	rig_expect_drop(&rig, DROP_not_ours, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"none: SERVFAIL", test_none_servfail},
			       {"none: keep trying", test_keep_trying},
			       {"round robin", test_round_robin},
			       {"least outstanding", test_least_outstanding},
			       {"across families", test_cross_family},
			       {"no source", test_no_source},
			       {"snapshot changes in flight", test_changes},
			       {"slots emptied in flight", test_slot_emptied},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("upstreams", tests) : 1;
}
