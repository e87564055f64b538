/* SPDX-License-Identifier: BSD-3-Clause */
/* What is remembered of a reply that was not believed: every field of its entry, for each reason; and the
 * ring of entries. What near misses do to queries is test_way_attacks.c's. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#include <rte_cycles.h>

static struct rig rig;

/* A reply before it is made into a frame. */
struct forged {
	struct way_ends ends;
	struct way_dns dns;
	enum rig_port port;
	size_t kept; /* of the question, as the entry is to tell it */
};

static void
as_it_is(struct forged *f)
{
}

static void
wrong_id(struct forged *f)
{
	f->dns.message[0] ^= 0x40;
}

static void
wrong_id_of_stranger(struct forged *f)
{
	wrong_id(f);
	f->ends.source = way_address("203.0.113.9");
}

static void
wrong_id_of_other_upstream(struct forged *f)
{
	wrong_id(f);
	f->ends.source = way_address("198.51.100.102");
}

static void
wrong_id_of_other_port(struct forged *f)
{
	wrong_id(f);
	f->ends.source_port = 4444;
}

/* The flow of that port is of another address of ours. */
static void
wrong_address(struct forged *f)
{
	f->ends.destination.bytes[15] ^= 1;
}

static void
wrong_port(struct forged *f)
{
	f->ends.destination_port ^= 1;
}

static void
wrong_port_of_stranger(struct forged *f)
{
	wrong_port(f);
	f->ends.source = way_address("203.0.113.9");
}

static void
other_upstream(struct forged *f)
{
	f->ends.source = way_address("198.51.100.102");
}

static void
stranger(struct forged *f)
{
	f->ends.source = way_address("203.0.113.9");
}

static void
upstreams_other_port(struct forged *f)
{
	f->ends.source_port = 5300;
}

static void
other_machine_port(struct forged *f)
{
	f->port = RIG_CLIENTS;
	f->ends.destination_mac = rig_mac(RIG_CLIENTS);
}

static void
not_a_reply(struct forged *f)
{
	f->dns.message[2] &= 0x7f;
}

static void
other_opcode(struct forged *f)
{
	f->dns.message[2] |= 0x20;
}

static void
wrong_name(struct forged *f)
{
	f->dns.message[13] = '!';
}

static void
wrong_type(struct forged *f)
{
	f->dns.message[12 + f->dns.question_bytes - 3] ^= 0x80;
}

static void
wrong_case(struct forged *f)
{
	f->dns.message[13] ^= 0x20;
}

/* Another question, of so many bytes. */
static void
question_of(struct forged *f, size_t name_bytes)
{
	const uint16_t id = way_dns_get(f->dns.message, 0);

	way_dns_query_long(&f->dns, id, name_bytes, 99);
	f->dns.message[2] |= 0x80;
	f->kept = f->dns.question_bytes;
}

static void
question_of_72(struct forged *f)
{
	question_of(f, 68);
}

static void
question_of_73(struct forged *f)
{
	question_of(f, 69);
}

static void
question_of_259(struct forged *f)
{
	question_of(f, 255);
}

static void
question_cut(struct forged *f)
{
	f->dns.bytes = 12 + 9;
	f->kept = 9;
}

static void
header_alone(struct forged *f)
{
	f->dns.bytes = 12;
	f->kept = 0;
}

/* No question, and something behind the header that could be read as one. */
static void
no_question(struct forged *f)
{
	way_dns_set(f->dns.message, 4, 0);
	f->kept = 0;
}

static void
question_malformed(struct forged *f)
{
	f->dns.message[12] = 0xc0;
	f->kept = f->dns.bytes - 12;
}

static const struct stray_case {
	const char *description;
	void (*forge)(struct forged *);
	enum drop_reason reason;
	bool near_miss;
	bool over; /* the query was answered before */
} cases[] = {
	{"late", as_it_is, DROP_reply_late, false, true},
	{"late, wrong ID", wrong_id, DROP_reply_unknown, false, true},
	{"wrong ID", wrong_id, DROP_reply_wrong_id, true, false},
	{"wrong ID, of another upstream", wrong_id_of_other_upstream, DROP_reply_wrong_id, true, false},
	{"wrong ID, of another port of the upstream's", wrong_id_of_other_port, DROP_reply_wrong_id, true,
	 false},
	{"wrong ID, of a stranger", wrong_id_of_stranger, DROP_reply_wrong_id, false, false},
	{"another address of ours, the port live", wrong_address, DROP_reply_wrong_id, true, false},
	{"a port without query", wrong_port, DROP_reply_unknown, false, false},
	{"a port without query, of a stranger", wrong_port_of_stranger, DROP_reply_unknown, false, false},
	{"another upstream", other_upstream, DROP_reply_wrong_upstream, false, false},
	{"a stranger", stranger, DROP_reply_wrong_upstream, false, false},
	{"another port of the upstream's", upstreams_other_port, DROP_reply_wrong_upstream, false, false},
	{"another port of the machine", other_machine_port, DROP_reply_wrong_port, false, false},
	{"no reply", not_a_reply, DROP_reply_not_reply, false, false},
	{"another opcode", other_opcode, DROP_reply_not_reply, false, false},
	{"another name", wrong_name, DROP_reply_wrong_question, true, false},
	{"another type", wrong_type, DROP_reply_wrong_question, true, false},
	{"another letter case", wrong_case, DROP_reply_wrong_case, false, false},
	{"a question of 72 bytes", question_of_72, DROP_reply_wrong_question, true, false},
	{"a question of 73 bytes", question_of_73, DROP_reply_wrong_question, true, false},
	{"a question of 259 bytes", question_of_259, DROP_reply_wrong_question, true, false},
	{"a question cut short", question_cut, DROP_reply_wrong_question, true, false},
	{"a bare NOERROR that counts a question", header_alone, DROP_reply_wrong_question, true, false},
	{"no question counted", no_question, DROP_reply_wrong_question, true, false},
	{"a pointer as question", question_malformed, DROP_reply_wrong_question, true, false},
};

static void
check_entry(const struct stray *stray, const struct stray_case *c, const struct forged *f,
	    uint64_t before_tsc)
{
	uint8_t question[STRAY_QUESTION_BYTES] = {0};

	memcpy(question, f->dns.message + 12, RTE_MIN(f->kept, sizeof(question)));
	rig_check(&rig, stray->tsc >= before_tsc && stray->tsc <= rte_rdtsc(), "the stamp");
	rig_check(&rig,
		  address_equal(&stray->source, &f->ends.source) &&
			  be16_to(stray->source_port) == f->ends.source_port,
		  "the sender");
	rig_check(&rig,
		  address_equal(&stray->destination, &f->ends.destination) &&
			  be16_to(stray->destination_port) == f->ends.destination_port,
		  "to whom");
	rig_check(&rig, be16_to(stray->id) == way_dns_get(f->dns.message, 0), "the ID");
	rig_check(&rig, stray->reason == c->reason, "reason %u, not %u", stray->reason, c->reason);
	rig_check(&rig, stray->near_miss == c->near_miss, "near miss %u", stray->near_miss);
	rig_check(&rig, stray->misses == 0, "misses %u", stray->misses);
	rig_check(&rig, stray->question_bytes == f->kept, "question of %u bytes, not %zu",
		  stray->question_bytes, f->kept);
	rig_check(&rig, memcmp(stray->question, question, sizeof(question)) == 0, "the question");
}

static void
play(const struct stray_case *c)
{
	const struct way_ends ends = rig_client_ends(&rig, false);
	const uint64_t strays = rig.stats[0].stray_count, before_tsc = rte_rdtsc();
	struct forged forged = {.port = RIG_FARM};
	const struct way_sent *asked;
	struct way_dns query, right;
	struct way_frame frame;

	rig_begin(&rig, c->description);
	way_dns_query(&query, 0xbeef, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	forged.ends = way_ends_back(&asked->ends);
	way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 90);
	if (c->over) {
		rig_reply(&rig, asked, &right);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	rig_check(&rig, rig.stats[0].stray_count == strays, "a believed reply is a stray");
	forged.dns = right;
	forged.kept = right.question_bytes;
	c->forge(&forged);
	way_frame_make(&frame, &forged.ends, NULL, forged.dns.message, (uint32_t)forged.dns.bytes);
	rig_inject_frame(&rig, forged.port, &frame);
	rig_run(&rig);
	rig_expect_drop(&rig, c->reason, 1);
	rig_check(&rig, rig_take(&rig) == NULL, "S4 a stray was answered");
	rig_expect_count(&rig, COUNTER_near_misses, c->near_miss);
	if (rig_check(&rig, rig.stats[0].stray_count == strays + 1, "%lu entries",
		      rig.stats[0].stray_count - strays))
		check_entry(&rig.stats[0].strays[strays % STATS_STRAYS], c, &forged, before_tsc);
	if (!c->over) {
		rig_reply(&rig, asked, &right);
		rig_take_from(&rig, RIG_CLIENTS);
	}
	rig_expect_count(&rig, COUNTER_answers, 1);
	rig_expect_count(&rig, COUNTER_attacked, c->near_miss);
	WAY_ASSERT(rig_end(&rig) == 0, "%s", c->description);
}

/* Around the ring more than once: each entry is where the count says. */
static void
test_entries(void)
{
	struct snapshot *s = way_snapshot_new();

	rig_open(&rig, NULL);
	s->upstreams[WAY_UPSTREAM_IPV4].random_case = 1;
	rig_publish(&rig, s);
	for (size_t n = 0; n < 2 * STATS_STRAYS / RTE_DIM(cases) + 1; n++)
		for (size_t i = 0; i < RTE_DIM(cases); i++)
			play(&cases[i]);
	CU_ASSERT(rig.stats[0].stray_count > 2 * STATS_STRAYS);
	rig_close(&rig);
}

/* The ring holds the last ones, in the order they came, also of one burst. */
static void
test_ring(void)
{
	const struct way_ends ends = rig_client_ends(&rig, true);
	const struct way_sent *asked;
	struct way_dns query, forged;
	struct way_ends back;
	struct way_frame frame;
	struct snapshot *s = way_snapshot_new();

	rig_open(&rig, NULL);
	way_snapshot_usable(s, 1u << WAY_UPSTREAM_IPV6);
	rig_publish(&rig, s);
	rig_begin(&rig, "1,000 strays in bursts");
	way_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	back = way_ends_back(&asked->ends);
	way_dns_reply(&forged, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	for (uint16_t n = 1; n <= 1000; n++) {
		way_dns_set(forged.message, 0, (uint16_t)(way_dns_get(asked->frame, asked->dns) ^ n));
		way_frame_make(&frame, &back, NULL, forged.message, (uint32_t)forged.bytes);
		rig_inject_frame(&rig, RIG_FARM, &frame);
	}
	rig_run(&rig);
	rig_expect_drop(&rig, DROP_reply_wrong_id, 1000);
	rig_expect_count(&rig, COUNTER_near_misses, 1000);
	CU_ASSERT_EQUAL(rig.stats[0].stray_count, 1000);
	for (uint64_t n = 1000 - STATS_STRAYS; n < 1000; n++)
		rig_check(&rig,
			  be16_to(rig.stats[0].strays[n % STATS_STRAYS].id) ==
				  (way_dns_get(asked->frame, asked->dns) ^ (n + 1)),
			  "entry %lu", n);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	CU_ASSERT_EQUAL(rig.stats[0].attack_count, 1);
	rig_close(&rig);
}

/* S4: in every state of the port, nothing that is sent there gets an answer or changes a query in flight. */
static void
test_silence(void)
{
	static const char *const senders[] = {"198.51.100.101", "198.51.100.102", "203.0.113.9", "192.0.2.7"};
	struct way_dns query, probe, right;
	const struct way_sent *asked;
	struct way_ends ends, back;
	struct way_frame frame;
	uint64_t sent = 0;

	rig_open(&rig, NULL);
	rig_begin(&rig, "S4 scan of the range");
	ends = rig_client_ends(&rig, false);
	way_dns_query(&query, 1, "www.example.net", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	way_dns_reply(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	back = way_ends_back(&asked->ends);
	for (size_t i = 0; i < RTE_DIM(senders); i++) {
		ends = back;
		ends.source = way_address(senders[i]);
		for (uint32_t port = WAY_PORT_FIRST; port < 65536; port += 7) {
			way_dns_query(&probe, (uint16_t)port, "www.example.net", 1, 1);
			probe.message[2] |= port & 8 ? 0x80 : 0;
			ends.destination_port = (uint16_t)port;
			way_frame_make(&frame, &ends, NULL, probe.message, (uint32_t)probe.bytes);
			rig_inject_frame(&rig, RIG_FARM, &frame);
			if (++sent % 2048 == 0)
				rig_run(&rig);
		}
	}
	rig_run(&rig);
	rig_check(&rig, rig_take(&rig) == NULL, "something was answered");
	for (unsigned i = DROP_reply_unknown; i <= DROP_reply_wrong_case; i++)
		rig_expect_drop(&rig, i, rig.stats[0].drops[i]);
	CU_ASSERT_EQUAL(rig.stats[0].stray_count, sent);
	rig_reply(&rig, asked, &right);
	rig_take_from(&rig, RIG_CLIENTS);
	rig_expect_count(&rig, COUNTER_answers, 1);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {
		{"entries", test_entries}, {"ring", test_ring}, {"silence", test_silence}, CU_TEST_INFO_NULL};

	return rig_eal_start() ? way_suite_run("strays", tests) : 1;
}
