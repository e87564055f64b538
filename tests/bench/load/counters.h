/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of all counters of a measurement: names in JSON and lines of the table. They count
 * packets unless the text says otherwise. Threads: one. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_COUNTERS_H
#define EPHEMERA_TESTS_BENCH_LOAD_COUNTERS_H

#include <stdint.h>

#define LOAD_COUNTERS(X)                                                                           \
	X(sent, "queries sent")                                                                    \
	X(answered, "right responses")                                                             \
	X(failed, "responses that match, but with an RCODE other than NOERROR and NXDOMAIN")       \
	X(truncated, "right responses with TC=1")                                                  \
	X(duplicate, "responses to queries that were already answered")                            \
	X(late, "responses to queries from before the measurement, or too old to be stored")       \
	X(unknown, "responses to a client or with an ID without a query")                          \
	X(wrong_source, "responses from another address or port than the service")                 \
	X(wrong_question, "responses with another question, or with other letter case")            \
	X(wrong_record, "responses with another record than our farm sends")                       \
	X(bad_checksum, "frames with a wrong IP or UDP checksum")                                  \
	X(malformed, "truncated frames, or DNS messages that are neither query nor response")      \
	X(other, "frames that are not DNS over UDP, or not for us")                                \
	X(neighbours, "ARP and ND requests answered")                                              \
	X(farm_queries, "queries received by our farm")                                            \
	X(farm_responses, "responses sent by our farm")                                            \
	X(farm_full, "queries dropped by our farm: more delayed than there are buffers")           \
	X(blocked, "calls in which a driver accepted fewer packets than given")                    \
	X(skipped, "queries not sent when they were due: driver or CPU was busy")

struct load_counters {
#define X(name, help) uint64_t name;
	LOAD_COUNTERS(X)
#undef X
	uint64_t rcodes[16]; /* of responses that match */
};

/* Wrong responses. */
static inline uint64_t
load_counters_wrong(const struct load_counters *c)
{
	return c->duplicate + c->unknown + c->wrong_source + c->wrong_question + c->wrong_record +
	       c->bad_checksum + c->malformed;
}

#endif
