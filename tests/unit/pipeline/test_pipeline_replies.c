/* SPDX-License-Identifier: BSD-3-Clause */
/* Which replies are believed: forged ones, broken ones, late ones, and that none of them costs the query its
 * answer. Each forgery differs from the right reply in one thing, and the right reply follows it. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define DELIVERED DROP_NONE

static struct rig rig;

/* A reply before it is made into a frame; forgers change it. */
struct forged {
	struct way_ends ends;
	struct way_dns dns;
	enum rig_port port;
};

static void
wrong_id(struct forged *f)
{
	way_dns_set(f->dns.message, 0, way_dns_get(f->dns.message, 0) ^ 0x0001);
}

static void
wrong_id_high_bit(struct forged *f)
{
	way_dns_set(f->dns.message, 0, way_dns_get(f->dns.message, 0) ^ 0x8000);
}

static void
wrong_port(struct forged *f)
{
	f->ends.destination_port ^= 1;
}

/* In the low half of the 65,536: not in the range at all. */
static void
port_outside(struct forged *f)
{
	f->ends.destination_port &= 0x7fff;
}

static void
other_upstream(struct forged *f)
{
	f->ends.source = way_address(address_is_ipv4(&f->ends.source) ? "198.51.100.102" : "2001:db8:2::102");
}

static void
stranger(struct forged *f)
{
	f->ends.source = way_address(address_is_ipv4(&f->ends.source) ? "203.0.113.9" : "2001:db8:bad::9");
}

static void
other_source_port(struct forged *f)
{
	f->ends.source_port = 5300;
}

static void
other_address_of_ours(struct forged *f)
{
	f->ends.destination.bytes[15] ^= 1;
}

static void
service_as_destination(struct forged *f)
{
	f->ends.destination = way_address(address_is_ipv4(&f->ends.source) ? "192.0.2.53" : "2001:db8:1::53");
}

static void
wrong_name(struct forged *f)
{
	f->dns.message[13] = 'v';
}

static void
longer_name(struct forged *f)
{
	way_dns_query(&f->dns, way_dns_get(f->dns.message, 0), "www.example.net.x", 1, 1);
	f->dns.message[2] |= 0x80;
}

static void
wrong_type(struct forged *f)
{
	f->dns.message[12 + f->dns.question_bytes - 3] = 28;
}

static void
wrong_class(struct forged *f)
{
	f->dns.message[12 + f->dns.question_bytes - 1] = 3;
}

static void
other_case(struct forged *f)
{
	f->dns.message[13] ^= 0x20;
}

static void
other_case_and_type(struct forged *f)
{
	other_case(f);
	wrong_type(f);
}

static void
question_cut(struct forged *f)
{
	f->dns.bytes = 12 + f->dns.question_bytes - 1;
}

static void
two_questions(struct forged *f)
{
	way_dns_set(f->dns.message, 4, 2);
}

static void
not_a_reply(struct forged *f)
{
	f->dns.message[2] &= 0x7f;
}

static void
other_opcode(struct forged *f)
{
	f->dns.message[2] |= 4 << 3;
}

static void
other_machine_port(struct forged *f)
{
	f->port = RIG_CLIENTS;
	f->ends.destination_mac = rig_mac(RIG_CLIENTS);
}

static void
other_station(struct forged *f)
{
	f->ends.destination_mac.bytes[5] ^= 0x80;
}

/* A bare header with an rcode. */
static void
bare(struct forged *f, uint8_t rcode)
{
	f->dns.message[3] = (uint8_t)(0x80 | rcode);
	memset(f->dns.message + 4, 0, 8);
	f->dns.bytes = 12;
	f->dns.question_bytes = 0;
}

static void
bare_noerror(struct forged *f)
{
	bare(f, 0);
}

static void
bare_nxdomain(struct forged *f)
{
	bare(f, 3);
}

static void
bare_refused(struct forged *f)
{
	bare(f, 5);
}

static void
bare_formerr(struct forged *f)
{
	bare(f, 1);
}

static void
bare_servfail_with_opt(struct forged *f)
{
	bare(f, 2);
	way_dns_opt(&f->dns, 1232, 0, NULL, 0);
}

static void
bare_with_answer(struct forged *f)
{
	bare(f, 5);
	way_dns_set(f->dns.message, 6, 1);
}

static void
bare_with_authority(struct forged *f)
{
	bare(f, 5);
	way_dns_set(f->dns.message, 8, 1);
}

static void
header_with_question_count(struct forged *f)
{
	bare(f, 5);
	way_dns_set(f->dns.message, 4, 1);
}

static void
eleven_bytes(struct forged *f)
{
	f->dns.bytes = 11;
}

static void
no_payload(struct forged *f)
{
	f->dns.bytes = 0;
}

static const struct reply_case {
	const char *description;
	void (*forge)(struct forged *);
	enum drop_reason outcome; /* where letter case is drawn */
} cases[] = {
	{"U5 wrong ID", wrong_id, DROP_reply_wrong_id},
	{"U5 wrong ID, in a bit that the table's index leaves out", wrong_id_high_bit, DROP_reply_wrong_id},
	{"U5 wrong port", wrong_port, DROP_reply_unknown},
	{"U5 port outside the range", port_outside, DROP_reply_unknown},
	{"U5 another upstream's address", other_upstream, DROP_reply_wrong_upstream},
	{"U5/U16 a stranger's address", stranger, DROP_reply_wrong_upstream},
	{"U5 another port of the upstream's", other_source_port, DROP_reply_wrong_upstream},
	{"U5 to another address of ours", other_address_of_ours, DROP_reply_wrong_id},
	{"to the service's address, a port of no service", service_as_destination, DROP_not_ours},
	{"U5 wrong name", wrong_name, DROP_reply_wrong_question},
	{"U5 name that goes on", longer_name, DROP_reply_wrong_question},
	{"U5 wrong type", wrong_type, DROP_reply_wrong_question},
	{"U5 wrong class", wrong_class, DROP_reply_wrong_question},
	{"U9b another letter case", other_case, DROP_reply_wrong_case},
	{"U9b another letter case, and type", other_case_and_type, DROP_reply_wrong_question},
	{"question cut short", question_cut, DROP_reply_wrong_question},
	{"U9 QDCOUNT 2", two_questions, DROP_reply_wrong_question},
	{"U9 QR=0", not_a_reply, DROP_reply_not_reply},
	{"another opcode", other_opcode, DROP_reply_not_reply},
	{"by another port of the machine", other_machine_port, DROP_reply_wrong_port},
	{"to another station of the link", other_station, DROP_other_mac},
	{"U9 bare NOERROR", bare_noerror, DROP_reply_wrong_question},
	{"U9 bare NXDOMAIN", bare_nxdomain, DROP_reply_wrong_question},
	{"U9 bare REFUSED", bare_refused, DELIVERED},
	{"U9 bare FORMERR", bare_formerr, DELIVERED},
	{"U9 bare SERVFAIL with OPT", bare_servfail_with_opt, DELIVERED},
	{"U9 bare REFUSED that counts an answer", bare_with_answer, DROP_reply_wrong_question},
	{"U9 bare REFUSED that counts an authority", bare_with_authority, DROP_reply_wrong_question},
	{"U9 bare REFUSED that counts a question", header_with_question_count, DROP_reply_wrong_question},
	{"U10 11 bytes", eleven_bytes, DROP_dns_short},
	{"U10 no payload", no_payload, DROP_dns_short},
};

/* What goes to the client: the reply with the client's ID, and its question in the client's letter case. */
static void
check_answer(const struct way_dns *sent, const struct way_dns *query)
{
	const struct way_sent *answer = rig_take_from(&rig, RIG_CLIENTS);
	const uint16_t client_id = way_dns_get(query->message, 0);
	struct way_dns restored = *sent;
	const struct way_dns *reply = &restored;

	if (sent->question_bytes > 0)
		memcpy(restored.message + 12, query->message + 12, query->question_bytes);

	rig_check(&rig, way_dns_get(answer->frame, answer->dns) == client_id, "the answer has another ID");
	rig_check(&rig,
		  answer->dns_bytes == reply->bytes &&
			  memcmp(answer->frame + answer->dns + 2, reply->message + 2, reply->bytes - 2) == 0,
		  "the answer is not the reply");
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
	struct way_frame frame;
	struct forged forged = {.port = RIG_FARM};

	rig_begin(&rig, c->description);
	way_dns_query(&query, 0xbeef, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	forged.ends = way_ends_back(&asked->ends);
	way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 120);
	forged.dns = right;
	c->forge(&forged);
	way_frame_make(&frame, &forged.ends, NULL, forged.dns.message, (uint32_t)forged.dns.bytes);
	rig_inject_frame(&rig, forged.port, &frame);
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
	struct way_frame frame;

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
	way_frame_make(&frame, &back, NULL, right.message, (uint32_t)right.bytes);
	rig_inject_frame(&rig, RIG_FARM, &frame);
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
