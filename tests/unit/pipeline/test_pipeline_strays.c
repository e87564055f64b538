/* SPDX-License-Identifier: BSD-3-Clause */
/* The records of responses that did not match: every field of the entry, for each reason; and the
 * ring of entries. test_pipeline_attacks.c tests what near misses do to queries. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#include <rte_cycles.h>

static struct rig rig;

#define RESPONSE_BYTES	  90
#define KEPT		  21 /* the bytes of the right question */
#define WRONG_ID	  PIPELINE_XOR(0, "\x40")
#define FROM_OTHER	  .source = "203.0.113.9"
#define OF_OTHER_UPSTREAM .source = "198.51.100.102"

/* The reason, and whether the query was answered before: a near miss at a query in flight, another
 * response while it was in flight, one that came after its response. */
#define NEAR_MISS(reason) DROP_response_##reason, true, false
#define MISS(reason)	  DROP_response_##reason, false, false
#define TOO_LATE(reason)  DROP_response_##reason, false, true

static const struct stray_case {
	const char *description;
	struct pipeline_forgery forgery;
	size_t kept; /* size of the question, as recorded */
	enum drop_reason reason;
	bool near_miss;
	bool over; /* the query was answered before */
} cases[] = {
	{"late", {0}, KEPT, TOO_LATE(late)},
	{"late, wrong ID", {.edits = {WRONG_ID}}, KEPT, TOO_LATE(unknown)},
	{"wrong ID", {.edits = {WRONG_ID}}, KEPT, NEAR_MISS(wrong_id)},
	{"wrong ID, from another upstream",
	 {OF_OTHER_UPSTREAM, .edits = {WRONG_ID}},
	 KEPT,
	 NEAR_MISS(wrong_id)},
	{"wrong ID, from another port of the upstream",
	 {.source_port = 4444, .edits = {WRONG_ID}},
	 KEPT,
	 NEAR_MISS(wrong_id)},
	{"wrong ID, from an address that is no upstream",
	 {FROM_OTHER, .edits = {WRONG_ID}},
	 KEPT,
	 MISS(wrong_id)},
	/* The flow on that port has another source address. */
	{"another address of ours, port in use", {.address_xor = 1}, KEPT, NEAR_MISS(wrong_id)},
	{"a port not in use", {.destination_xor = 1}, KEPT, MISS(unknown)},
	{"a port not in use, from an address that is no upstream",
	 {FROM_OTHER, .destination_xor = 1},
	 KEPT,
	 MISS(unknown)},
	{"another upstream", {OF_OTHER_UPSTREAM}, KEPT, MISS(wrong_upstream)},
	{"an address that is no upstream", {FROM_OTHER}, KEPT, MISS(wrong_upstream)},
	{"another port of the upstream", {.source_port = 5300}, KEPT, MISS(wrong_upstream)},
	{"another interface", {.by_clients_interface = true}, KEPT, MISS(wrong_interface)},
	{"QR=0", {.edits = {PIPELINE_XOR(2, "\x80")}}, KEPT, MISS(bad_header)},
	{"another opcode", {.edits = {PIPELINE_XOR(2, "\x20")}}, KEPT, MISS(bad_header)},
	{"another name", {.edits = {PIPELINE_SET(13, "!")}}, KEPT, NEAR_MISS(wrong_question)},
	{"another type", {.edits = {PIPELINE_XOR(30, "\x80")}}, KEPT, NEAR_MISS(wrong_question)},
	{"another letter case", {.edits = {PIPELINE_XOR(13, "\x20")}}, KEPT, MISS(wrong_case)},
	{"a question of 72 bytes",
	 {.edits = {PIPELINE_LONG_NAME(68, 63)}},
	 72,
	 NEAR_MISS(wrong_question)},
	{"a question of 73 bytes",
	 {.edits = {PIPELINE_LONG_NAME(69, 63)}},
	 73,
	 NEAR_MISS(wrong_question)},
	{"a question of 259 bytes",
	 {.edits = {PIPELINE_LONG_NAME(255, 63)}},
	 259,
	 NEAR_MISS(wrong_question)},
	{"a truncated question",
	 {.edits = {PIPELINE_CUT_TO(12 + 9)}},
	 9,
	 NEAR_MISS(wrong_question)},
	{"a bare NOERROR that counts a question",
	 {.edits = {PIPELINE_CUT_TO(12)}},
	 0,
	 NEAR_MISS(wrong_question)},
	/* Bytes after the header could be taken for a question. */
	{"no question counted", {.edits = {PIPELINE_SET(4, "\0\0")}}, 0, NEAR_MISS(wrong_question)},
	{"a pointer as the question",
	 {.edits = {PIPELINE_SET(12, "\xc0")}},
	 RESPONSE_BYTES - 12,
	 NEAR_MISS(wrong_question)},
};

static void
check_entry(const struct stray *stray, const struct stray_case *c, const struct pipeline_forged *f,
	    uint64_t before_tsc)
{
	uint8_t question[STRAY_QUESTION_BYTES] = {0};

	memcpy(question, f->dns.message + 12, RTE_MIN(c->kept, sizeof(question)));
	rig_check(&rig, stray->tsc >= before_tsc && stray->tsc <= rte_rdtsc(), "wrong TSC");
	rig_check(&rig,
		  address_equal(&stray->source, &f->ends.source) &&
			  be16_to(stray->source_port) == f->ends.source_port,
		  "wrong sender");
	rig_check(&rig,
		  address_equal(&stray->destination, &f->ends.destination) &&
			  be16_to(stray->destination_port) == f->ends.destination_port,
		  "wrong destination");
	rig_check(&rig, be16_to(stray->id) == pipeline_dns_get(f->dns.message, 0), "wrong ID");
	rig_check(&rig, stray->reason == c->reason, "reason %u, not %u", stray->reason, c->reason);
	rig_check(&rig, stray->near_miss == c->near_miss, "near miss %u", stray->near_miss);
	rig_check(&rig, stray->misses == 0, "misses %u", stray->misses);
	rig_check(&rig, stray->question_bytes == c->kept, "question of %u bytes, not %zu",
		  stray->question_bytes, c->kept);
	rig_check(&rig, memcmp(stray->question, question, sizeof(question)) == 0, "wrong question");
}

static void
play(const struct stray_case *c)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const uint64_t strays = rig.stats[0].stray_count, before_tsc = rte_rdtsc();
	struct pipeline_forged forged;
	const struct pipeline_sent *asked;
	struct pipeline_dns query, right;

	rig_begin(&rig, c->description);
	pipeline_dns_query(&query, 0xbeef, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0,
			      RESPONSE_BYTES);
	if (c->over) {
		rig_response(&rig, asked, &right);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	rig_check(&rig, rig.stats[0].stray_count == strays,
		  "an accepted response was recorded as a stray");
	rig_forge(&forged, asked, &right, &c->forgery);
	rig_inject_query(&rig, forged.interface, &forged.ends, &forged.dns);
	rig_run(&rig);
	rig_expect_drop(&rig, c->reason, 1);
	rig_check(&rig, rig_take(&rig) == NULL, "a stray got a response");
	rig_expect_count(&rig, COUNTER_near_misses, c->near_miss);
	if (rig_check(&rig, rig.stats[0].stray_count == strays + 1, "%lu entries",
		      rig.stats[0].stray_count - strays))
		check_entry(&rig.stats[0].strays[strays % STATS_STRAYS], c, &forged, before_tsc);
	if (!c->over) {
		rig_response(&rig, asked, &right);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	rig_expect_count(&rig, COUNTER_responses, 1);
	rig_expect_count(&rig, COUNTER_attacked, c->near_miss);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", c->description);
}

/* More entries than the ring has: each is where the count says. */
static void
test_entries(void)
{
	struct snapshot *s = pipeline_snapshot_new();

	rig_open(&rig, NULL);
	s->upstreams[PIPELINE_UPSTREAM_IPV4].random_case = 1;
	rig_publish(&rig, s);
	for (size_t n = 0; n < 2 * STATS_STRAYS / RTE_DIM(cases) + 1; n++)
		for (size_t i = 0; i < RTE_DIM(cases); i++)
			play(&cases[i]);
	CU_ASSERT(rig.stats[0].stray_count > 2 * STATS_STRAYS);
	rig_close(&rig);
}

/* The ring holds the last ones in order of arrival, also within one burst. */
static void
test_ring(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, true);
	const struct pipeline_sent *asked;
	struct pipeline_dns query, forged;
	struct pipeline_ends back;
	struct snapshot *s = pipeline_snapshot_new();

	rig_open(&rig, NULL);
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV6);
	rig_publish(&rig, s);
	rig_begin(&rig, "1,000 strays in bursts");
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	back = pipeline_ends_back(&asked->ends);
	pipeline_dns_response(&forged, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	for (uint16_t n = 1; n <= 1000; n++) {
		pipeline_dns_set(forged.message, 0,
				 (uint16_t)(pipeline_dns_get(asked->frame, asked->dns) ^ n));
		rig_inject_query(&rig, RIG_FARM, &back, &forged);
	}
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_response_wrong_id, 1000);
	rig_expect_count(&rig, COUNTER_near_misses, 1000);
	CU_ASSERT_EQUAL(rig.stats[0].stray_count, 1000);
	for (uint64_t n = 1000 - STATS_STRAYS; n < 1000; n++)
		rig_check(&rig,
			  be16_to(rig.stats[0].strays[n % STATS_STRAYS].id) ==
				  (pipeline_dns_get(asked->frame, asked->dns) ^ (n + 1)),
			  "entry %lu", n);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	CU_ASSERT_EQUAL(rig.stats[0].attack_count, 1);
	rig_close(&rig);
}

/* In every state of a port, packets sent to it get no response and do not change a query in
 * flight. */
static void
test_silence(void)
{
	static const char *const senders[] = {"198.51.100.101", "198.51.100.102", "203.0.113.9",
					      "192.0.2.7"};
	struct pipeline_dns query, probe, right;
	const struct pipeline_sent *asked;
	struct pipeline_ends ends, back;
	uint64_t sent = 0;

	rig_open(&rig, NULL);
	rig_begin(&rig, "scan of the range");
	ends = rig_client_ends(&rig, false);
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	back = pipeline_ends_back(&asked->ends);
	for (size_t i = 0; i < RTE_DIM(senders); i++) {
		ends = back;
		ends.source = pipeline_address(senders[i]);
		for (uint32_t port = PIPELINE_PORT_FIRST; port < 65536; port += 7) {
			pipeline_dns_query(&probe, (uint16_t)port, "www.example.net", 1, 1);
			probe.message[2] |= port & 8 ? 0x80 : 0;
			ends.destination_port = (uint16_t)port;
			rig_inject_query(&rig, RIG_FARM, &ends, &probe);
			if (++sent % 2048 == 0)
				rig_run(&rig);
		}
	}
	rig_run(&rig);
	rig_check(&rig, rig_take(&rig) == NULL, "something got a response");
	for (unsigned i = DROP_response_unknown; i <= DROP_response_wrong_case; i++)
		rig_expect_drop(&rig, i, rig.stats[0].drops[i]);
	CU_ASSERT_EQUAL(rig.stats[0].stray_count, sent);
	rig_response(&rig, asked, &right);
	rig_take_from(&rig, RIG_CLIENTS);
	rig_expect_count(&rig, COUNTER_responses, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"entries", test_entries},
			       {"ring", test_ring},
			       {"silence", test_silence},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("strays", tests) : 1;
}
