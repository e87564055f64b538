/* SPDX-License-Identifier: BSD-3-Clause */
/* Which replies are believed: forged ones, broken ones, late ones, and that none of them costs the query its
 * answer. Each forgery differs from the right reply in one thing, and the right reply follows it. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define DELIVERED DROP_NONE

static struct rig rig;

/* A header with RA and an rcode, no question and nothing counted. */
#define BARE(flags2) WAY_SET(3, flags2), WAY_SET(4, "\0\0\0\0\0\0\0\0"), WAY_CUT_TO(12)

static const struct reply_case {
	const char *description;
	struct way_forgery forgery;
	enum drop_reason outcome; /* where letter case is drawn */
} cases[] = {
	{"U5 wrong ID", {.edits = {WAY_XOR(1, "\1")}}, DROP_reply_wrong_id},
	{"U5 wrong ID, in a bit that the table's index leaves out",
	 {.edits = {WAY_XOR(0, "\x80")}},
	 DROP_reply_wrong_id},
	{"U5 wrong port", {.destination_xor = 1}, DROP_reply_unknown},
	/* In the low half of the 65,536. */
	{"U5 port outside the range", {.destination_xor = 0x8000}, DROP_reply_unknown},
	{"U5 another upstream's address",
	 {.source = "198.51.100.102", .source_ipv6 = "2001:db8:2::102"},
	 DROP_reply_wrong_upstream},
	{"U5/U16 a stranger's address",
	 {.source = "203.0.113.9", .source_ipv6 = "2001:db8:bad::9"},
	 DROP_reply_wrong_upstream},
	{"U5 another port of the upstream's", {.source_port = 5300}, DROP_reply_wrong_upstream},
	{"U5 to another address of ours", {.address_xor = 1}, DROP_reply_wrong_id},
	{"to the service's address, a port of no service",
	 {.destination = "192.0.2.53", .destination_ipv6 = "2001:db8:1::53"},
	 DROP_not_ours},
	{"U5 wrong name", {.edits = {WAY_SET(13, "v")}}, DROP_reply_wrong_question},
	{"U5 name that goes on",
	 {.edits = {WAY_NAME("\3www\7example\3net\1x\0")}},
	 DROP_reply_wrong_question},
	{"U5 wrong type", {.edits = {WAY_SET(29, "\0\34")}}, DROP_reply_wrong_question},
	{"U5 wrong class", {.edits = {WAY_SET(31, "\0\3")}}, DROP_reply_wrong_question},
	{"U9b another letter case", {.edits = {WAY_XOR(13, "\x20")}}, DROP_reply_wrong_case},
	{"U9b another letter case, and type",
	 {.edits = {WAY_XOR(13, "\x20"), WAY_SET(29, "\0\34")}},
	 DROP_reply_wrong_question},
	{"question cut short", {.edits = {WAY_CUT_TO(32)}}, DROP_reply_wrong_question},
	{"U9 QDCOUNT 2", {.edits = {WAY_SET(4, "\0\2")}}, DROP_reply_wrong_question},
	{"U9 QR=0", {.edits = {WAY_XOR(2, "\x80")}}, DROP_reply_not_reply},
	{"another opcode", {.edits = {WAY_XOR(2, "\x20")}}, DROP_reply_not_reply},
	{"by another port of the machine", {.by_clients_port = true}, DROP_reply_wrong_port},
	{"to another station of the link", {.station_xor = 0x80}, DROP_other_mac},
	{"U9 bare NOERROR", {.edits = {BARE("\x80")}}, DROP_reply_wrong_question},
	{"U9 bare NXDOMAIN", {.edits = {BARE("\x83")}}, DROP_reply_wrong_question},
	{"U9 bare REFUSED", {.edits = {BARE("\x85")}}, DELIVERED},
	{"U9 bare FORMERR", {.edits = {BARE("\x81")}}, DELIVERED},
	{"U9 bare SERVFAIL with OPT", {.edits = {BARE("\x82"), WAY_OPT(1232, 0, "")}}, DELIVERED},
	{"U9 bare REFUSED that counts an answer",
	 {.edits = {BARE("\x85"), WAY_SET(6, "\0\1")}},
	 DROP_reply_wrong_question},
	{"U9 bare REFUSED that counts an authority",
	 {.edits = {BARE("\x85"), WAY_SET(8, "\0\1")}},
	 DROP_reply_wrong_question},
	{"U9 bare REFUSED that counts a question",
	 {.edits = {BARE("\x85"), WAY_SET(4, "\0\1")}},
	 DROP_reply_wrong_question},
	{"U10 11 bytes", {.edits = {WAY_CUT_TO(11)}}, DROP_dns_short},
	{"U10 no payload", {.edits = {WAY_CUT_TO(0)}}, DROP_dns_short},
};

/* What goes to the client: the reply with the client's ID, and its question in the client's letter case. */
static void
check_answer(const struct way_dns *sent, const struct way_dns *query)
{
	const struct way_sent *answer = rig_take_from(&rig, RIG_CLIENTS);
	const uint16_t client_id = way_dns_get(query->message, 0);
	struct way_dns restored = *sent;

	if (sent->question_bytes > 0)
		memcpy(restored.message + 12, query->message + 12, query->question_bytes);

	rig_check(&rig, way_dns_get(answer->frame, answer->dns) == client_id, "the answer has another ID");
	rig_check(&rig, rig_carries(answer, &restored, 2), "the answer is not the reply");
}

static void
play(const struct reply_case *c, bool random_case)
{
	const bool wrong_case = c->outcome == DROP_reply_wrong_case;
	const enum drop_reason outcome = wrong_case && !random_case ? DELIVERED : c->outcome;
	const uint64_t *wrong_cases =
		&rig.stats[0].upstreams[rig.view->pools[0].usable[0].upstream].wrong_case;
	const uint64_t before = *wrong_cases;
	const struct way_ends ends = rig_client_ends(&rig, false);
	const struct way_sent *asked;
	struct way_dns query, right;
	struct way_forged forged;

	rig_begin(&rig, c->description);
	way_dns_query(&query, 0xbeef, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 120);
	rig_forge(&forged, asked, &right, &c->forgery);
	rig_inject_query(&rig, forged.port, &forged.ends, &forged.dns);
	rig_run(&rig);
	if (outcome == DELIVERED) {
		check_answer(&forged.dns, &query);
	} else {
		rig_check(&rig, rig_take(&rig) == NULL, "something was sent");
		rig_expect_drop(&rig, outcome, 1);
		rig_reply(&rig, asked, &right);
		check_answer(&right, &query);
	}
	rig_expect_count(&rig, COUNTER_answers, 1);
	rig_check(&rig, *wrong_cases - before == wrong_case, "%lu replies in a wrong case",
		  *wrong_cases - before);
	WAY_ASSERT(rig_end(&rig) == 0, "%s, letter case %s", c->description, random_case ? "drawn" : "kept");
}

static void
test_forged(void)
{
	rig_open(&rig, NULL);
	for (int round = 0; round < 4; round++) {
		const int upstream = round & 1 ? WAY_UPSTREAM_IPV6 : WAY_UPSTREAM_IPV4;
		struct snapshot *s = way_snapshot_new();

		way_snapshot_usable(s, 1u << upstream);
		s->upstreams[upstream].random_case = round >= 2;
		rig_publish(&rig, s);
		for (size_t i = 0; i < RTE_DIM(cases); i++)
			play(&cases[i], round >= 2);
	}
	rig_close(&rig);
}

/* S2, U6: the port is known, every ID but the right one is tried, then the right reply comes. */
static void
test_all_ids(void)
{
	const struct way_ends ends = rig_client_ends(&rig, false);
	const struct way_sent *asked;
	struct way_dns query, right, forged;
	struct way_frame frame;
	struct way_ends back;
	uint16_t id;

	rig_open(&rig, NULL);
	rig_begin(&rig, "S2 all wrong IDs");
	way_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	back = way_ends_back(&asked->ends);
	way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	id = way_dns_get(right.message, 0);
	forged = right;
	way_frame_make(&frame, &back, NULL, forged.message, (uint32_t)forged.bytes);
	for (uint32_t wrong = 0; wrong < 65536; wrong++) {
		if (wrong == id)
			continue;
		way_dns_set(frame.frame, frame.dns, (uint16_t)wrong);
		way_frame_sum(&frame);
		rig_inject_frame(&rig, RIG_FARM, &frame);
		if (wrong % 1024 == 0)
			rig_run(&rig);
	}
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_reply_wrong_id, 65535);
	rig_check(&rig, rig_take(&rig) == NULL, "a wrong ID was believed");
	rig_reply(&rig, asked, &right);
	check_answer(&right, &query);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* U7: three copies of the right reply, one by one and in one burst. */
static void
test_copies(void)
{
	const struct way_ends ends = rig_client_ends(&rig, false);
	struct way_dns query, right;
	struct way_frame frame;

	rig_open(&rig, NULL);
	for (int burst = 0; burst < 2; burst++) {
		const struct way_sent *asked;
		struct way_ends back;

		rig_begin(&rig, burst ? "U7 three copies in a burst" : "U7 three copies");
		way_dns_query(&query, 2, "www.example.net", 1, 1);
		asked = rig_ask(&rig, &ends, &query);
		back = way_ends_back(&asked->ends);
		way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		way_frame_make(&frame, &back, NULL, right.message, (uint32_t)right.bytes);
		for (int copy = 0; copy < 3; copy++) {
			rig_inject_frame(&rig, RIG_FARM, &frame);
			if (!burst)
				rig_run(&rig);
		}
		rig_run(&rig);
		check_answer(&right, &query);
		rig_expect_drop(&rig, DROP_reply_late, 2);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* A reply after its time, from the upstream asked and from another. */
static void
test_late(void)
{
	const struct way_ends ends = rig_client_ends(&rig, false);
	const struct way_sent *asked;
	struct way_dns query, right;
	struct way_ends back;

	rig_open(&rig, NULL);
	rig_begin(&rig, "reply after the timeout");
	way_dns_query(&query, 3, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_pass(&rig, 29000);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	rig_pass(&rig, 31000);
	rig_expect_count(&rig, COUNTER_timeouts, 1);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[WAY_UPSTREAM_IPV4].timeouts, 1);
	rig_reply(&rig, asked, &right);
	rig_expect_drop(&rig, DROP_reply_late, 1);
	back = way_ends_back(&asked->ends);
	back.source = way_address("198.51.100.102");
	rig_inject_query(&rig, RIG_FARM, &back, &right);
	rig_expect_drop(&rig, DROP_reply_unknown, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* U8: after its flow ended, a reply's slot is in use again, by another ID or by another question. */
static void
test_slot_reused(void)
{
	const struct way_ends ends = rig_client_ends(&rig, false);
	struct snapshot *s = way_snapshot_new();
	struct way_sent first, second;
	struct way_dns query, old, other;
	struct worker *w;
	bool reused = false;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	w = rig.workers[0];
	s->source_count = 1;
	way_snapshot_ports(s, 50000, 50000);
	rig_publish(&rig, s);
	rig_begin(&rig, "U8 reply to a slot in use again");
	way_dns_query(&query, 4, "www.example.net", 1, 1);
	first = *rig_ask(&rig, &ends, &query);
	way_dns_reply(&old, first.frame + first.dns, first.dns_bytes, 0, 0);
	rig_reply(&rig, &first, &old);
	check_answer(&old, &query);
	for (int n = 0; n < 1000000 && !reused; n++) {
		second = *rig_ask(&rig, &ends, &query);
		reused = ((way_dns_get(second.frame, second.dns) ^ way_dns_get(first.frame, first.dns)) &
			  w->flows.mask) == 0;
		if (reused)
			break;
		way_dns_reply(&other, second.frame + second.dns, second.dns_bytes, 0, 0);
		rig_reply(&rig, &second, &other);
		rig_take_from(&rig, RIG_CLIENTS);
		rig.sent_count = rig.sent_taken = 0;
	}
	rig_check(&rig, reused, "the slot was never used again");
	rig_reply(&rig, &first, &old);
	if (way_dns_get(second.frame, second.dns) != way_dns_get(first.frame, first.dns)) {
		rig_expect_drop(&rig, DROP_reply_wrong_id, 1);
		rig_check(&rig, rig_take(&rig) == NULL, "an old reply was believed");
		way_dns_reply(&other, second.frame + second.dns, second.dns_bytes, 0, 0);
		rig_reply(&rig, &second, &other);
	}
	check_answer(&old, &query);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"forged replies", test_forged},
			       {"all IDs", test_all_ids},
			       {"copies", test_copies},
			       {"late replies", test_late},
			       {"slot in use again", test_slot_reused},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? way_suite_run("replies", tests) : 1;
}
