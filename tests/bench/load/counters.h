/* SPDX-License-Identifier: BSD-3-Clause */
/* The one list of what is counted during a measurement: names in JSON, lines of the table. Packets,
 * if the text does not say otherwise. Threads: one. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_COUNTERS_H
#define EPHEMERA_TESTS_BENCH_LOAD_COUNTERS_H

#include <stdint.h>

#define LOAD_COUNTERS(X)                                                                           \
	X(sent, "queries sent")                                                                    \
	X(answered, "right responses")                                                             \
	X(failed, "answers that match, but with an rcode other than NOERROR and NXDOMAIN")         \
	X(truncated, "right answers with TC=1")                                                    \
	X(duplicate, "answers to queries that were answered before")                               \
	X(late, "answers to queries older than the measurement, or than is remembered")            \
	X(unknown, "answers to a client or with an ID that asked nothing")                         \
	X(wrong_source, "answers from another address or port than the one asked")                 \
	X(wrong_question, "answers with another question, or the same in other letter case")       \
	X(wrong_record, "answers with another record than our farm gave")                          \
	X(bad_checksum, "frames with a wrong IP or UDP checksum")                                  \
	X(malformed,                                                                               \
	  "frames shorter than they say, or DNS messages that are neither query nor answer")       \
	X(other, "frames that are not DNS over UDP, or not for us")                                \
	X(neighbours, "ARP and ND requests answered")                                              \
	X(farm_queries, "queries that arrived at our farm")                                        \
	X(farm_responses, "answers that our farm sent")                                            \
	X(farm_full, "queries that our farm threw away: more in the delay than there are buffers") \
	X(blocked, "times that a port took fewer packets than it was given")                       \
	X(skipped, "queries not sent when they were due: the port or the processor was busy")

struct load_counters {
#define X(name, help) uint64_t name;
	LOAD_COUNTERS(X)
#undef X
	uint64_t rcodes[16]; /* of responses that match */
};

/* Answers that should not have come. */
static inline uint64_t
load_counters_wrong(const struct load_counters *c)
{
	return c->duplicate + c->unknown + c->wrong_source + c->wrong_question + c->wrong_record +
	       c->bad_checksum + c->malformed;
}

#endif
