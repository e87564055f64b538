/* SPDX-License-Identifier: BSD-3-Clause */
/* Sizes: every payload length in both directions, over and between both families; messages that
 * exceed an interface's MTU; the checksum that is 0. */
#include "tests/unit/pipeline/pipeline_rig.h"
#include "tests/unit/suite.h"

#define IPV4_PAYLOAD_MAX 1472 /* of an MTU of 1500 */
#define IPV6_PAYLOAD_MAX 1452

static struct rig rig;

static void
publish_upstream(int upstream)
{
	struct snapshot *s = pipeline_snapshot_new();

	pipeline_snapshot_usable(s, 1u << upstream);
	rig_publish(&rig, s);
}

/* Queries and responses of every length; a query without a complete question is answered with
 * FORMERR. */
static void
exchange_of_length(uint32_t bytes, bool ipv6)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, ipv6);
	const struct pipeline_sent *own;
	struct pipeline_dns query;
	struct pipeline_frame frame;

	pipeline_dns_query(&query, (uint16_t)bytes, "a", 1, 1);
	if (bytes >= query.bytes) {
		pipeline_dns_fill(&query, bytes);
		rig_exchange(&rig, ipv6, &query, bytes);
		return;
	}
	pipeline_frame_make(&frame, &ends, NULL, query.message, bytes);
	rig_inject_frame(&rig, RIG_CLIENTS, &frame);
	rig_run(&rig);
	own = rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig, own->dns_bytes == 12 && (own->frame[own->dns + 3] & 15) == 1, "no FORMERR");
}

static void
test_every_length(void)
{
	char description[96];

	rig_open(&rig, NULL);
	for (int mode = 0; mode < 4; mode++) {
		const bool client_ipv6 = mode & 1, upstream_ipv6 = mode & 2;
		const uint32_t most = mode == 0 ? IPV4_PAYLOAD_MAX : IPV6_PAYLOAD_MAX;

		publish_upstream(upstream_ipv6 ? PIPELINE_UPSTREAM_IPV6 : PIPELINE_UPSTREAM_IPV4);
		for (uint32_t bytes = 12; bytes <= most; bytes++) {
			snprintf(description, sizeof(description),
				 "%u bytes, client IPv%d, upstream IPv%d", bytes,
				 client_ipv6 ? 6 : 4, upstream_ipv6 ? 6 : 4);
			rig_begin(&rig, description);
			exchange_of_length(bytes, client_ipv6);
			SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
		}
	}
	rig_close(&rig);
}

/* A query that fits with the client's IPv4 header but not with the upstream's IPv6 header. */
static void
test_query_too_big(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, false);
	struct pipeline_frame frame;
	struct pipeline_dns query;

	rig_open(&rig, NULL);
	publish_upstream(PIPELINE_UPSTREAM_IPV6);
	for (uint32_t bytes = IPV6_PAYLOAD_MAX + 1; bytes <= IPV4_PAYLOAD_MAX; bytes++) {
		rig_begin(&rig, "query larger than the MTU of the upstream's interface");
		pipeline_dns_query(&query, 9, "a", 1, 1);
		pipeline_dns_fill(&query, bytes);
		pipeline_frame_make(&frame, &ends, NULL, query.message, bytes);
		rig_inject_frame(&rig, RIG_CLIENTS, &frame);
		rig_expect_drop(&rig, DROP_too_big, 1);
		rig_run(&rig);
		rig_expect_count(&rig, COUNTER_queries, 0);
		SUITE_ASSERT(rig_end(&rig) == 0, "query of %u bytes", bytes);
	}
	rig_close(&rig);
}

/* A response that exceeds the MTU of the client's interface is cut to the question with TC=1. */
static void
answer_of_length(bool ipv6, uint32_t bytes, bool fits)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, ipv6);
	const struct pipeline_sent *asked, *delivered;
	struct pipeline_dns query, response;

	pipeline_dns_query(&query, 0x7c7c, "www.example.net", 16, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 3, bytes);
	response.message[2] |= 0x04; /* AA, which must be kept */
	rig_response(&rig, asked, &response);
	delivered = rig_take_from(&rig, RIG_CLIENTS);
	rig_expect_count(&rig, COUNTER_responses, 1);
	rig_expect_count(&rig, COUNTER_responses_truncated, fits ? 0 : 1);
	rig_check(&rig, pipeline_dns_get(delivered->frame, delivered->dns) == 0x7c7c, "wrong ID");
	if (fits) {
		rig_check(&rig, delivered->dns_bytes == bytes, "the response was truncated");
		return;
	}
	rig_check(&rig, delivered->dns_bytes == query.bytes, "%u bytes, not only the question",
		  delivered->dns_bytes);
	rig_check(&rig, delivered->frame[delivered->dns + 2] == (response.message[2] | 0x02),
		  "flags with TC");
	rig_check(&rig, delivered->frame[delivered->dns + 3] == response.message[3], "rcode");
	rig_check(&rig, memcmp(delivered->frame + delivered->dns + 4, "\0\1\0\0\0\0\0\0", 8) == 0,
		  "counts");
	rig_check(&rig,
		  memcmp(delivered->frame + delivered->dns + 12, query.message + 12,
			 query.question_bytes) == 0,
		  "question");
}

static void
test_answer_too_big(void)
{
	char description[96];

	for (uint16_t mtu = 1280; mtu <= 1500; mtu += 110) {
		rig_open(&rig, &(struct rig_options){.client_mtu_bytes = mtu});
		for (int ipv6 = 0; ipv6 < 2; ipv6++) {
			const uint32_t most = mtu - (ipv6 ? 48 : 28);

			for (uint32_t bytes = most - 2;
			     bytes <= most + 2 && bytes <= IPV4_PAYLOAD_MAX; bytes++) {
				snprintf(description, sizeof(description),
					 "response of %u bytes, MTU %u, IPv%d", bytes, mtu,
					 ipv6 ? 6 : 4);
				rig_begin(&rig, description);
				answer_of_length(ipv6, bytes, bytes <= most);
				SUITE_ASSERT(rig_end(&rig) == 0, "%s", description);
			}
		}
		rig_close(&rig);
	}
}

/* A bare error with trailing bytes, over the MTU: there is no question to keep. */
static void
test_bare_error_too_big(void)
{
	const struct pipeline_ends ends = rig_client_ends(&rig, true);
	const struct pipeline_sent *asked, *delivered;
	struct pipeline_dns query, response;

	rig_open(&rig, NULL);
	rig_begin(&rig, "bare REFUSED with 1460 trailing bytes");
	pipeline_dns_query(&query, 5, "a", 1, 1);
	asked = rig_ask(&rig, &ends, &query);
	pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 5, 0);
	memset(response.message + 4, 0, 8);
	response.bytes = 12;
	pipeline_dns_fill(&response, 1472);
	rig_response(&rig, asked, &response);
	delivered = rig_take_from(&rig, RIG_CLIENTS);
	rig_check(&rig,
		  delivered->dns_bytes == 12 && delivered->frame[delivered->dns + 2] & 0x02 &&
			  pipeline_dns_get(delivered->frame, delivered->dns + 4) == 0,
		  "not only the header");
	CU_ASSERT_EQUAL(rig_end(&rig), 0);
	rig_close(&rig);
}

/* The response is chosen so that the sum of the client's packet is 0xffff, and its complement 0. */
static void
test_zero_checksum(void)
{
	struct pipeline_dns query, response;

	rig_open(&rig, NULL);
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		const struct pipeline_ends ends = rig_client_ends(&rig, ipv6),
					   back = pipeline_ends_back(&ends);
		const struct pipeline_sent *asked, *delivered;
		struct pipeline_frame wanted;
		uint16_t rest;

		rig_begin(&rig, ipv6 ? "checksum 0, IPv6" : "checksum 0, IPv4");
		pipeline_dns_query(&query, 0x0808, "www.example.net", 1, 1);
		asked = rig_ask(&rig, &ends, &query);
		pipeline_dns_response(&response, asked->frame + asked->dns, asked->dns_bytes, 0,
				      100);
		pipeline_dns_set(response.message, 98, 0);
		/* The checksum with 0 in the last word is the word that makes it 0. */
		pipeline_dns_set(response.message, 0, 0x0808);
		pipeline_frame_make(&wanted, &back, NULL, response.message,
				    (uint32_t)response.bytes);
		rest = pipeline_dns_get(wanted.frame, wanted.udp + 6);
		pipeline_dns_set(response.message, 98, rest);
		pipeline_dns_set(response.message, 0, pipeline_dns_get(asked->frame, asked->dns));
		rig_response(&rig, asked, &response);
		delivered = rig_take_from(&rig, RIG_CLIENTS);
		rig_check(&rig,
			  delivered->dns >= 2 &&
				  pipeline_dns_get(delivered->frame, delivered->dns - 2) == 0xffff,
			  "the checksum is not 0xffff");
		CU_ASSERT_EQUAL(rig_end(&rig), 0);
	}
	rig_close(&rig);
}

int
main(void)
{
	CU_TestInfo tests[] = {{"every length", test_every_length},
			       {"query too big", test_query_too_big},
			       {"response too big", test_answer_too_big},
			       {"bare error too big", test_bare_error_too_big},
			       {"checksum 0", test_zero_checksum},
			       CU_TEST_INFO_NULL};

	return rig_eal_start() ? suite_run("lengths", tests) : 1;
}
