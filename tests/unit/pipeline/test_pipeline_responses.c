/* SPDX-License-Identifier: BSD-3-Clause */
/* Which responses are accepted: forged, malformed and late ones are not, and none of them ends the
 * query. Each forgery differs from the right response in one point, and the right response follows
 * it. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define DELIVERED DROP_NONE

static struct rig rig;

/* A header with RA and an rcode, no question and no records. */
#define BARE(flags2)                                                                               \
	PIPELINE_SET(3, flags2), PIPELINE_SET(4, "\0\0\0\0\0\0\0\0"), PIPELINE_CUT_TO(12)

static const struct response_case {
	const char *description;
	struct pipeline_forgery forgery;
	enum drop_reason outcome; /* if letter case is drawn */
} cases[] = {
	{"wrong ID", {.edits = {PIPELINE_XOR(1, "\1")}}, DROP_response_wrong_id},
	{"wrong ID, in a bit that the table's index leaves out",
	 {.edits = {PIPELINE_XOR(0, "\x80")}},
	 DROP_response_wrong_id},
	{"wrong port", {.destination_xor = 1}, DROP_response_unknown},
	/* In the lower half of the port numbers. */
	{"port outside the range", {.destination_xor = 0x8000}, DROP_response_unknown},
	{"another upstream's address",
	 {.source = "198.51.100.102", .source_ipv6 = "2001:db8:2::102"},
	 DROP_response_wrong_upstream},
	{"an address that is no upstream",
	 {.source = "203.0.113.9", .source_ipv6 = "2001:db8:bad::9"},
	 DROP_response_wrong_upstream},
	{"another port of the upstream", {.source_port = 5300}, DROP_response_wrong_upstream},
	{"to another address of ours", {.address_xor = 1}, DROP_response_wrong_id},
	{"to the service's address, a port of no service",
	 {.destination = "192.0.2.53", .destination_ipv6 = "2001:db8:1::53"},
	 DROP_not_ours},
	{"wrong name", {.edits = {PIPELINE_SET(13, "v")}}, DROP_response_wrong_question},
	{"longer name",
	 {.edits = {PIPELINE_NAME("\3www\7example\3net\1x\0")}},
	 DROP_response_wrong_question},
	{"wrong type", {.edits = {PIPELINE_SET(29, "\0\34")}}, DROP_response_wrong_question},
	{"wrong class", {.edits = {PIPELINE_SET(31, "\0\3")}}, DROP_response_wrong_question},
	{"another letter case", {.edits = {PIPELINE_XOR(13, "\x20")}}, DROP_response_wrong_case},
	{"another letter case, and type",
	 {.edits = {PIPELINE_XOR(13, "\x20"), PIPELINE_SET(29, "\0\34")}},
	 DROP_response_wrong_question},
	{"question truncated", {.edits = {PIPELINE_CUT_TO(32)}}, DROP_response_wrong_question},
	{"QDCOUNT 2", {.edits = {PIPELINE_SET(4, "\0\2")}}, DROP_response_wrong_question},
	{"QR=0", {.edits = {PIPELINE_XOR(2, "\x80")}}, DROP_response_bad_header},
	{"another opcode", {.edits = {PIPELINE_XOR(2, "\x20")}}, DROP_response_bad_header},
	{"on another interface", {.by_clients_interface = true}, DROP_response_wrong_interface},
	{"to another MAC address", {.mac_xor = 0x80}, DROP_other_mac},
	{"bare NOERROR", {.edits = {BARE("\x80")}}, DROP_response_wrong_question},
	{"bare NXDOMAIN", {.edits = {BARE("\x83")}}, DROP_response_wrong_question},
	{"bare REFUSED", {.edits = {BARE("\x85")}}, DELIVERED},
	{"bare FORMERR", {.edits = {BARE("\x81")}}, DELIVERED},
	{"bare SERVFAIL with OPT", {.edits = {BARE("\x82"), PIPELINE_OPT(1232, 0, "")}}, DELIVERED},
	{"bare REFUSED that counts an answer record",
	 {.edits = {BARE("\x85"), PIPELINE_SET(6, "\0\1")}},
	 DROP_response_wrong_question},
	{"bare REFUSED that counts an authority record",
	 {.edits = {BARE("\x85"), PIPELINE_SET(8, "\0\1")}},
	 DROP_response_wrong_question},
	{"bare REFUSED that counts a question",
	 {.edits = {BARE("\x85"), PIPELINE_SET(4, "\0\1")}},
	 DROP_response_wrong_question},
	{"11 bytes", {.edits = {PIPELINE_CUT_TO(11)}}, DROP_dns_short},
	{"no payload", {.edits = {PIPELINE_CUT_TO(0)}}, DROP_dns_short},
};

/* Checks the message to the client: the response with the client's ID, and the question in the
 * client's letter case. */
static void
check_response(const struct pipeline_dns *sent, const struct pipeline_dns *query)
{
	const struct pipeline_sent *delivered = rig_take_from(&rig, RIG_CLIENTS);
	const uint16_t client_id = pipeline_dns_get(query->message, 0);
	struct pipeline_dns restored = *sent;

	if (sent->question_bytes > 0)
		memcpy(restored.message + 12, query->message + 12, query->question_bytes);

	rig_check(&rig, pipeline_dns_get(delivered->frame, delivered->dns) == client_id,
		  "wrong ID of the response");
	rig_check(&rig, rig_carries(delivered, &restored, 2), "wrong response");
}

static void
play(const struct response_case *c, bool random_case)
{
	const bool wrong_case = c->outcome == DROP_response_wrong_case;
	const enum drop_reason outcome = wrong_case && !random_case ? DELIVERED : c->outcome;
	const uint64_t *wrong_cases =
		&rig.stats[0].upstreams[rig.view->pools[0].usable[0].upstream].wrong_case;
	const uint64_t before = *wrong_cases;
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const struct pipeline_sent *asked;
	struct pipeline_dns query, right;
	struct pipeline_forged forged;

	rig_begin(&rig, c->description);
	pipeline_dns_query(&query, 0xbeef, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 120);
	rig_forge(&forged, asked, &right, &c->forgery);
	rig_inject_query(&rig, forged.interface, &forged.ends, &forged.dns);
	rig_run(&rig);
	if (outcome == DELIVERED) {
		check_response(&forged.dns, &query);
	} else {
		rig_check(&rig, rig_take(&rig) == NULL, "something was sent");
		rig_expect_drop(&rig, outcome, 1);
		rig_response(&rig, asked, &right);
		check_response(&right, &query);
	}
	rig_expect_count(&rig, COUNTER_responses, 1);
	rig_check(&rig, *wrong_cases - before == wrong_case, "%lu responses in a wrong case",
		  *wrong_cases - before);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s, letter case %s", c->description,
		     random_case ? "drawn" : "kept");
}

static void
test_forged(void)
{
	rig_open(&rig, NULL);
	for (int round = 0; round < 4; round++) {
		const int upstream = round & 1 ? PIPELINE_UPSTREAM_IPV6 : PIPELINE_UPSTREAM_IPV4;
		struct snapshot *s = pipeline_snapshot_new();

		pipeline_snapshot_usable(s, 1u << upstream);
		s->upstreams[upstream].random_case = round >= 2;
		rig_publish(&rig, s);
		for (size_t i = 0; i < RTE_DIM(cases); i++)
			play(&cases[i], round >= 2);
	}
	rig_close(&rig);
}

/* The port is known, every ID but the right one is tried, then the right response comes. */
static void
test_all_ids(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const struct pipeline_sent *asked;
	struct pipeline_dns query, right, forged;
	struct pipeline_frame frame;
	struct pipeline_ends back;
	uint16_t id;

	rig_open(&rig, NULL);
	rig_begin(&rig, "all wrong IDs");
	pipeline_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	back = pipeline_ends_back(&asked->ends);
	pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	id = pipeline_dns_get(right.message, 0);
	forged = right;
	pipeline_frame_make(&frame, &back, NULL, forged.message, (uint32_t)forged.bytes);
	for (uint32_t wrong = 0; wrong < 65536; wrong++) {
		if (wrong == id)
			continue;
		pipeline_dns_set(frame.frame, frame.dns, (uint16_t)wrong);
		pipeline_frame_sum(&frame);
		rig_inject_frame(&rig, RIG_FARM, &frame);
		if (wrong % 1024 == 0)
			rig_run(&rig);
	}
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_response_wrong_id, 65535);
	rig_check(&rig, rig_take(&rig) == NULL, "a response with a wrong ID was accepted");
	rig_response(&rig, asked, &right);
	check_response(&right, &query);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Three copies of the right response, one by one and in one burst. */
static void
test_copies(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct pipeline_dns query, right;
	struct pipeline_frame frame;

	rig_open(&rig, NULL);
	for (int burst = 0; burst < 2; burst++) {
		const struct pipeline_sent *asked;
		struct pipeline_ends back;

		rig_begin(&rig, burst ? "three copies in a burst" : "three copies");
		pipeline_dns_query(&query, 2, "www.example.net", 1, 1);
		asked = rig_ask(&rig, &ends, &query);
		back = pipeline_ends_back(&asked->ends);
		pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		pipeline_frame_make(&frame, &back, NULL, right.message, (uint32_t)right.bytes);
		for (int copy = 0; copy < 3; copy++) {
			rig_inject_frame(&rig, RIG_FARM, &frame);
			if (!burst)
				rig_run(&rig);
		}
		rig_run(&rig);
		check_response(&right, &query);
		rig_expect_drop(&rig, DROP_response_late, 2);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

/* A response after the timeout, from the queried upstream and from another. */
static void
test_late(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const struct pipeline_sent *asked;
	struct pipeline_dns query, right;
	struct pipeline_ends back;

	rig_open(&rig, NULL);
	rig_begin(&rig, "response after the timeout");
	pipeline_dns_query(&query, 3, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	rig_pass(&rig, 29000);
	rig_expect_count(&rig, COUNTER_timeouts, 0);
	rig_pass(&rig, 31000);
	rig_expect_count(&rig, COUNTER_timeouts, 1);
	CU_ASSERT_EQUAL(rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4].timeouts, 1);
	rig_response(&rig, asked, &right);
	rig_expect_drop(&rig, DROP_response_late, 1);
	back = pipeline_ends_back(&asked->ends);
	back.source = pipeline_address("198.51.100.102");
	rig_inject_query(&rig, RIG_FARM, &back, &right);
	rig_expect_drop(&rig, DROP_response_unknown, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* After its flow ended, a response's slot is in use again, by another ID or by another
 * question. */
static void
test_slot_reused(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct snapshot *s = pipeline_snapshot_new();
	struct pipeline_sent first, second;
	struct pipeline_dns query, old, other;
	struct worker *w;
	bool reused = false;

	rig_open(&rig, &(struct rig_options){.flows = 1024});
	w = rig.workers[0];
	s->source_count = 1;
	pipeline_snapshot_ports(s, 50000, 50000);
	rig_publish(&rig, s);
	rig_begin(&rig, "response to a reused slot");
	pipeline_dns_query(&query, 4, "www.example.net", 1, 1);
	first = *rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&old, first.frame + first.dns, first.dns_bytes, 0, 0);
	rig_response(&rig, &first, &old);
	check_response(&old, &query);
	for (int n = 0; n < 1000000 && !reused; n++) {
		second = *rig_ask(&rig, &ends, &query);
		reused = ((pipeline_dns_get(second.frame, second.dns) ^
			   pipeline_dns_get(first.frame, first.dns)) &
			  w->flows.mask) == 0;
		if (reused)
			break;
		pipeline_dns_response(&other, second.frame + second.dns, second.dns_bytes, 0, 0);
		rig_response(&rig, &second, &other);
		rig_take_from(&rig, RIG_CLIENTS);
		rig.sent_count = rig.sent_taken = 0;
	}
	rig_check(&rig, reused, "the slot was never reused");
	rig_response(&rig, &first, &old);
	if (pipeline_dns_get(second.frame, second.dns) !=
	    pipeline_dns_get(first.frame, first.dns)) {
		rig_expect_drop(&rig, DROP_response_wrong_id, 1);
		rig_check(&rig, rig_take(&rig) == NULL, "an old response was accepted");
		pipeline_dns_response(&other, second.frame + second.dns, second.dns_bytes, 0, 0);
		rig_response(&rig, &second, &other);
	}
	check_response(&old, &query);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"forged responses", test_forged}, {"all IDs", test_all_ids},
			       {"copies", test_copies},		  {"late responses", test_late},
			       {"slot reused", test_slot_reused}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("responses", tests) : 1;
}
