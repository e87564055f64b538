/* SPDX-License-Identifier: BSD-3-Clause */
/* 0x20 in the pipeline: queries are sent in drawn letter case, responses must have the same, and
 * clients get their own case back; signed messages are not changed, and responses of upstreams that
 * do not keep case are accepted. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#include <ctype.h>

static struct rig rig;

static void
publish(int upstream, bool random_case)
{
	struct snapshot *s = pipeline_snapshot_new();

	pipeline_snapshot_usable(s, 1u << upstream);
	s->upstreams[upstream].random_case = random_case;
	rig_publish(&rig, s);
}

/* Counts the letters that differ in case; returns the number of other differences. */
static unsigned
differences(const uint8_t *a, const uint8_t *b, size_t bytes, unsigned *turned)
{
	unsigned others = 0;

	*turned = 0;
	for (size_t i = 0; i < bytes; i++) {
		if (a[i] == b[i])
			continue;
		if (a[i] < 128 && isalpha(a[i]) && (a[i] ^ b[i]) == 0x20)
			(*turned)++;
		else
			others++;
	}
	return others;
}

static unsigned
letters_of(const struct pipeline_dns *query)
{
	unsigned letters = 0;

	for (size_t i = 12; i < 12 + query->question_bytes - 4; i++)
		letters += query->message[i] < 128 && isalpha(query->message[i]);
	return letters;
}

static const struct pipeline_message mixed = {.type = 28};
static const struct pipeline_message longest_inline = {.edits = {PIPELINE_LONG_NAME(52, 63)}};
static const struct pipeline_message longest = {.edits = {PIPELINE_LONG_NAME(255, 63)}};

/* Queries at least twice, and until the drawn case differs from the client's. The response must be
 * in the client's. */
static void
play_kept(uint16_t id, const struct pipeline_message *message, bool ipv6, size_t response_bytes)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, ipv6);
	struct pipeline_dns query, response;
	unsigned drawn = 0, letters;

	pipeline_dns_make(&query, id, message);
	letters = letters_of(&query);
	for (int n = 0; n < 2 || (n < 100 && letters > 0 && drawn == 0); n++) {
		const struct pipeline_sent *asked = rig_ask(&rig, &ends, &query), *delivered;
		unsigned turned, others;

		others = differences(query.message + 12, asked->frame + asked->dns + 12,
				     query.question_bytes - 4, &turned);
		drawn += turned > 0;
		rig_check(&rig,
			  asked->dns_bytes == query.bytes && others == 0 &&
				  memcmp(query.message + 2, asked->frame + asked->dns + 2, 10) ==
					  0 &&
				  memcmp(query.message + 12 + query.question_bytes - 4,
					 asked->frame + asked->dns + 12 + query.question_bytes - 4,
					 query.bytes - 12 - query.question_bytes + 4) == 0,
			  "the query differs in more than letter case and ID");
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0,
				      response_bytes);
		rig_response(&rig, asked, &response);
		delivered = rig_take_from(&rig, RIG_CLIENTS);
		memcpy(response.message, query.message, 2);
		memcpy(response.message + 12, query.message + 12, query.question_bytes);
		rig_check(&rig, rig_carries(delivered, &response, 0),
			  "the response differs in more than ID and letter case");
	}
	rig_check(&rig, (drawn > 0) == (letters > 0), "%u letters, case drawn %u times", letters,
		  drawn);
}

static void
test_kept(void)
{
	static const struct {
		const char *description;
		struct pipeline_message message;
		size_t response_bytes;
	} rows[] = {
		{"mixed case", {.type = 28}, 0},
		{"lower case", {.name = "www.example.net"}, 100},
		{"upper case, class CH", {.name = "WWW.EXAMPLE.NET", .type = 16, .class = 3}, 100},
		{"the root: no letter", {.name = ".", .type = 2}, 300},
		{"digits and characters next to letters", {.name = "0123456789-_.@[`{"}, 60},
		{"type and class of ASCII letters",
		 {.name = "a", .type = 0x6141, .class = 0x7a5a},
		 60},
		{"bytes above 127", {.name = "\1\x80\xc1\xe1\xff.a\x9fz"}, 60},
		{"name of 52 bytes, kept in the flow",
		 {.edits = {PIPELINE_LONG_NAME(52, 63)}},
		 200},
		{"name of 53 bytes, kept in a cell", {.edits = {PIPELINE_LONG_NAME(53, 63)}}, 200},
		{"name of 65 bytes: two words of random",
		 {.edits = {PIPELINE_LONG_NAME(65, 63)}},
		 200},
		{"name of 255 bytes", {.edits = {PIPELINE_LONG_NAME(255, 63)}}, 500},
		{"with EDNS", {.edits = {PIPELINE_OPT(1232, 0x8000, "\0\12\0\10abcdefgh")}}, 100},
		{"with trailing bytes", {.edits = {PIPELINE_APPEND("trailing")}}, 100},
		{"512 bytes", {.type = 28}, 512},
		{"1232 bytes", {.type = 28}, 1232},
		{"1452 bytes", {.type = 28}, 1452},
	};

	rig_open(&rig, NULL);
	for (int mode = 0; mode < 4; mode++) {
		publish(mode & 2 ? PIPELINE_UPSTREAM_IPV6 : PIPELINE_UPSTREAM_IPV4, true);
		for (size_t i = 0; i < RTE_DIM(rows); i++) {
			rig_begin(&rig, rows[i].description);
			play_kept((uint16_t)i, &rows[i].message, mode & 1, rows[i].response_bytes);
			SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
		}
	}
	rig_close(&rig);
}

/* A response with one letter in another case is not accepted, whichever letter it is, and the query
 * stays in flight; it is no near miss: a sender that knows port, ID and name is the upstream or
 * need not guess. */
static void
refuse_each_letter(const char *description, const struct pipeline_message *message)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	const uint64_t *wrong_case = &rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4].wrong_case,
		       before = *wrong_case;
	const struct pipeline_sent *asked, *delivered;
	struct pipeline_dns query, right;
	unsigned letters = 0;

	rig_begin(&rig, description);
	pipeline_dns_make(&query, 0, message);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&right, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
	for (size_t i = 12; i < 12 + query.question_bytes - 4; i++) {
		struct pipeline_dns forged = right;

		if (forged.message[i] >= 128 || !isalpha(forged.message[i]))
			continue;
		letters++;
		forged.message[i] ^= 0x20;
		rig_response(&rig, asked, &forged);
	}
	rig_expect_drop(&rig, DROP_response_wrong_case, letters);
	rig_check(&rig, *wrong_case - before == letters,
		  "%lu responses of the upstream in a wrong case", *wrong_case - before);
	rig_check(&rig, rig_take(&rig) == NULL && rig.workers[0]->flows.in_flight == 1,
		  "a response in wrong case was accepted");
	rig_expect_count(&rig, COUNTER_near_misses, 0);
	rig_response(&rig, asked, &right);
	delivered = rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig,
		  memcmp(delivered->frame + delivered->dns + 12, query.message + 12,
			 query.question_bytes) == 0,
		  "not the client's case");
	rig_expect_count(&rig, COUNTER_responses, 1);
	SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
}

static void
test_refused(void)
{
	rig_open(&rig, NULL);
	publish(PIPELINE_UPSTREAM_IPV4, true);
	refuse_each_letter("each letter of a short name", &mixed);
	refuse_each_letter("each letter of the longest name in the flow", &longest_inline);
	refuse_each_letter("each letter of the longest name", &longest);
	rig_close(&rig);
}

/* An upstream known not to keep case: queried in the client's case, responses accepted in any, and
 * counted. */
static void
test_accepted(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	static const struct pipeline_message *const messages[] = {&mixed, &longest};
	static int (*const cases[])(int) = {tolower, toupper};

	rig_open(&rig, NULL);
	publish(PIPELINE_UPSTREAM_IPV4, false);
	for (int row = 0; row < 4; row++) {
		const uint64_t *wrong_case =
				       &rig.stats[0].upstreams[PIPELINE_UPSTREAM_IPV4].wrong_case,
			       before = *wrong_case;
		const struct pipeline_sent *asked, *delivered;
		struct pipeline_dns query, response;

		rig_begin(&rig, "a case that is not kept");
		pipeline_dns_make(&query, 0, messages[row / 2]);
		asked = rig_ask(&rig, &ends, &query);
		rig_check(&rig,
			  memcmp(asked->frame + asked->dns + 12, query.message + 12,
				 query.question_bytes) == 0,
			  "letter case was drawn");
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0,
				      400);
		for (size_t i = 12; i < 12 + query.question_bytes - 4; i++)
			if (response.message[i] < 128 && isalpha(response.message[i]))
				response.message[i] = (uint8_t)cases[row % 2](response.message[i]);
		rig_response(&rig, asked, &response);
		delivered = rig_take_from(&rig, RIG_CLIENTS);
		memcpy(response.message, query.message, 2);
		memcpy(response.message + 12, query.message + 12, query.question_bytes);
		rig_check(&rig, rig_carries(delivered, &response, 0),
			  "the response differs, or is not in the client's case");
		rig_check(&rig, *wrong_case - before == 1, "%lu responses in a wrong case",
			  *wrong_case - before);
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	CU_ASSERT_EQUAL(rig.stats[0].draw.case_queries, 0);
	rig_close(&rig);
}

#define TSIG(owner) PIPELINE_RECORD(owner, 250, 0, 61)
#define SIG0	    PIPELINE_RECORD("\0", 24, 0, 60)
#define ADDRESS	    PIPELINE_RECORD("\0", 1, 0, 4)

/* Only the ID of a signed message may change, because the signature does not cover it (RFC 8945
 * section 4.3.2: the original ID is in the TSIG record). The case of the response does not matter:
 * none was drawn. */
static void
test_signed(void)
{
	static const struct {
		const char *description;
		struct pipeline_message message;
	} rows[] = {
		{"TSIG", {.edits = {TSIG("\3key\7Example\0")}}},
		{"TSIG after OPT of 4096 bytes",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), TSIG("\3key\7Example\0")}}},
		{"TSIG whose owner is a pointer", {.edits = {TSIG("\xc0\x0c")}}},
		{"TSIG after five records",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), ADDRESS, ADDRESS, ADDRESS, ADDRESS, ADDRESS,
			    TSIG("\3key\0")}}},
		{"SIG(0)", {.edits = {SIG0}}},
		{"SIG(0) after OPT of 65535 bytes",
		 {.edits = {PIPELINE_OPT(65535, 0x8000, ""), SIG0}}},
		/* After an answer record, as in a signed NOTIFY. */
		{"TSIG of a NOTIFY with an answer record",
		 {.edits = {TSIG("\3key\7Example\0"), PIPELINE_SET(2, "\x20"),
			    PIPELINE_SET(6, "\0\1")}}},
		/* A message that can't be walked may contain a signature. */
		{"a message truncated within its TSIG",
		 {.edits = {PIPELINE_OPT(4096, 0, ""), TSIG("\3key\7Example\0"), PIPELINE_CUT(1)}}},
	};
	const struct pipeline_ends ends = rig_client_ends(&rig, false);

	rig_open(&rig, NULL);
	publish(PIPELINE_UPSTREAM_IPV4, true);
	for (size_t i = 0; i < RTE_DIM(rows); i++) {
		struct pipeline_dns query, response;

		rig_begin(&rig, rows[i].description);
		pipeline_dns_make(&query, 0, &rows[i].message);
		for (int n = 0; n < 20; n++) {
			const struct pipeline_sent *asked = rig_ask(&rig, &ends, &query),
						   *delivered;

			rig_check(&rig, rig_carries(asked, &query, 2),
				  "changed in more than its ID");
			pipeline_dns_response(&response, asked->frame + asked->dns,
					      asked->dns_bytes, 0, 0);
			rig_response(&rig, asked, &response);
			delivered = rig_take_from(&rig, RIG_CLIENTS);
			rig_check(&rig, rig_carries(delivered, &response, 2),
				  "the response changed");
		}
		rig_expect_count(&rig, COUNTER_edns_clamped, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "%s", rows[i].description);
	}
	CU_ASSERT_EQUAL(rig.stats[0].draw.case_queries, 0);
	rig_close(&rig);
}

/* One of two upstreams has random_case: only queries to it are drawn. Turning it off applies to the
 * next query; responses to those in flight must still keep the case. */
static void
test_each_upstream(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct snapshot *s = pipeline_snapshot_new();
	struct pipeline_sent asked = {0};
	struct pipeline_dns query, response;
	unsigned turned, drawn[2] = {0, 0};
	const struct pipeline_sent *delivered;

	rig_open(&rig, NULL);
	pipeline_snapshot_usable(s, 1u << PIPELINE_UPSTREAM_IPV4 |
					    1u << PIPELINE_UPSTREAM_IPV4_SECOND);
	s->upstreams[PIPELINE_UPSTREAM_IPV4_SECOND].random_case = 1;
	rig_publish(&rig, s);
	rig_begin(&rig, "0x20 at one upstream of two");
	pipeline_dns_make(&query, 0, &mixed);
	for (int n = 0; n < 40; n++) {
		bool second;

		asked = *rig_ask(&rig, &ends, &query);
		second = address_equal(&asked.ends.destination,
				       &rig.view->snapshot->upstreams[1].address);
		differences(query.message + 12, asked.frame + asked.dns + 12, query.question_bytes,
			    &turned);
		drawn[second] += turned > 0;
	}
	rig_check(&rig, drawn[0] == 0 && drawn[1] > 15, "drawn %u and %u times of 20", drawn[0],
		  drawn[1]);
	CU_ASSERT_EQUAL(rig_end(&rig), 0);

	publish(PIPELINE_UPSTREAM_IPV4, true);
	rig_begin(&rig, "0x20 turned off with a query in flight");
	asked = *rig_ask(&rig, &ends, &query);
	publish(PIPELINE_UPSTREAM_IPV4, false);
	pipeline_dns_response(&response, asked.frame + asked.dns, asked.dns_bytes, 0, 0);
	response.message[13] ^= 0x20;
	rig_response(&rig, &asked, &response);
	rig_expect_drop(&rig, DROP_response_wrong_case, 1);
	response.message[13] ^= 0x20;
	rig_response(&rig, &asked, &response);
	delivered = rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig,
		  memcmp(delivered->frame + delivered->dns + 12, query.message + 12,
			 query.question_bytes) == 0,
		  "not the client's case");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* Probes are sent in drawn case, too, and accept no other. */
static void
test_probes(void)
{
	static const struct pipeline_message root = {.name = ".", .type = 2};
	static const struct pipeline_message *const messages[] = {&root, &mixed, &longest_inline,
								  &longest};

	rig_open(&rig, NULL);
	publish(PIPELINE_UPSTREAM_IPV4, true);
	for (size_t i = 0; i < RTE_DIM(messages); i++) {
		struct probe_result result = {.outcome = 99};
		const struct pipeline_sent *asked;
		struct pipeline_dns question, response;
		unsigned turned = 0, others, letters;

		pipeline_dns_make(&question, 0, messages[i]);
		letters = letters_of(&question);
		rig_begin(&rig, "probe in drawn case");
		rig_order_probe_of(&rig, PIPELINE_UPSTREAM_IPV4, 50 + i, &question);
		rig_run(&rig);
		asked = rig_take_from(&rig, RIG_FARM);
		others = differences(question.message + 12, asked->frame + asked->dns + 12,
				     question.question_bytes, &turned);
		rig_check(&rig, others == 0 && asked->dns_bytes == 12 + question.question_bytes,
			  "wrong question");
		rig_check(&rig, letters < 20 || turned > 0, "no letter of %u was flipped", letters);
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0, 0);
		if (letters > 0) {
			response.message[13] ^= 0x20;
			rig_response(&rig, asked, &response);
			response.message[13] ^= 0x20;
			rig_expect_drop(&rig, DROP_response_wrong_case, 1);
			rig_expect_count(&rig, COUNTER_probe_responses, 0);
		}
		rig_response(&rig, asked, &response);
		rig_expect_count(&rig, COUNTER_probe_responses, 1);
		rig_check(&rig,
			  rte_ring_dequeue_elem(rig.probe_results, &result, sizeof(result)) == 0 &&
				  result.cookie == 50 + i && result.outcome == 0,
			  "wrong result of the probe");
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	CU_ASSERT_EQUAL(rig.stats[0].draw.case_queries, RTE_DIM(messages));
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"own case back", test_kept},
			       {"another case refused", test_refused},
			       {"case that is not kept", test_accepted},
			       {"signed messages", test_signed},
			       {"per upstream", test_each_upstream},
			       {"probes", test_probes},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("case in the pipeline", tests) : 1;
}
