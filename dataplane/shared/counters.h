/* SPDX-License-Identifier: BSD-3-Clause */
/* The list of a worker's counters and drop reasons.
 *
 * These rows define the enums, the layout of the statistics segment, the metrics, the output of
 * `ephemeractl stats` and the reference. All count packets unless the text says otherwise, only
 * grow, and have one writer, their worker. Readers take differences.
 *
 * For each worker, whenever its rings are empty, this holds; debug builds assert it:
 *
 *   rx + generated + handoff_in = tx + consumed + handoff_out + the sum of all drop reasons */
#ifndef EPHEMERA_DATAPLANE_SHARED_COUNTERS_H
#define EPHEMERA_DATAPLANE_SHARED_COUNTERS_H

#define WORKER_COUNTERS(X)                                                                         \
	X(rx, "packets received on the interfaces")                                                \
	X(tx, "packets sent on the interfaces")                                                    \
	X(generated,                                                                               \
	  "packets generated here: probes, and copies of a response for several clients")          \
	X(consumed, "packets consumed here: responses to probes, and queries that wait for the "   \
		    "response to another")                                                         \
	X(handoff_in, "packets received from other workers")                                       \
	X(handoff_out, "packets handed to other workers")                                          \
	X(queries, "client queries forwarded to an upstream")                                      \
	X(responses, "upstream responses delivered to clients")                                    \
	X(coalesced, "client queries that share the upstream query of another")                    \
	X(coalesce_bound,                                                                          \
	  "client queries not shared because the query in flight had all its waiters")             \
	X(responses_lost, "responses not delivered: no packet buffer for the copy, or the shared " \
			  "query was dropped")                                                     \
	X(near_misses, "responses from an upstream to a port in use, with a wrong ID or question") \
	X(attacked, "queries with near misses")                                                    \
	X(responses_attacked,                                                                      \
	  "responses to queries with near misses, replaced by TC=1 (`near_miss: truncate`)")       \
	X(edns_clamped, "queries whose EDNS payload size was lowered")                             \
	X(responses_truncated,                                                                     \
	  "responses sent with TC=1 because they exceed the MTU of the client's interface")        \
	X(probes, "probes sent to upstreams")                                                      \
	X(probe_responses, "responses to probes")                                                  \
	X(own_formerr, "queries answered FORMERR here")                                            \
	X(own_notimp, "queries answered NOTIMP here")                                              \
	X(own_servfail, "queries answered SERVFAIL here: no usable upstream")                      \
	X(own_refused, "queries answered REFUSED here: not allowed, or over the limit")            \
	X(own_truncated, "queries answered TC=1 here: over the limit")                             \
	X(limit_evicted,                                                                           \
	  "buckets of client prefixes reused for others before they were full again")              \
	X(timeouts, "client queries that the upstream did not answer in time")                     \
	X(probe_timeouts, "probes that the upstream did not answer in time")                       \
	X(redraws, "draws repeated because their slot of the flow table was in use")

/* A row: the name, as in the metric and in `ephemeractl stats`, and what was wrong with the
 * packet. */
#define DROP_REASONS(X)                                                                            \
	X(runt, "shorter than its headers")                                                        \
	X(segmented, "spread over several buffers: larger than the interface's MTU")               \
	X(other_mac, "sent to another MAC address")                                                \
	X(ethertype, "neither IPv4 nor IPv6")                                                      \
	X(vlan, "VLAN ID other than 0, or more than two VLAN tags")                                \
	X(ip_header, "IP header with invalid lengths or version")                                  \
	X(ip_checksum, "wrong IPv4 header checksum")                                               \
	X(fragment, "fragment of an IP packet")                                                    \
	X(extension, "IPv6 extension header that is not supported, or too many of them")           \
	X(not_udp, "IP, but not UDP")                                                              \
	X(udp_length, "UDP length below 8, or beyond the IP packet")                               \
	X(udp_checksum, "wrong UDP checksum, or none over IPv6")                                   \
	X(not_ours, "sent neither to a service nor to a source address")                           \
	X(no_snapshot, "received before the first configuration")                                  \
	X(draining, "query received while shutting down")                                          \
	X(dns_short, "shorter than a DNS header")                                                  \
	X(query_is_response, "response (QR=1) sent to a service address")                          \
	X(query_bad_source, "query from an address or port that no client can have")               \
	X(query_not_allowed, "query from a client that is not allowed")                            \
	X(query_over_limit, "query over the client's rate limit")                                  \
	X(flow_table_full, "no free slot of the flow table after all tries")                       \
	X(long_name_pool_full, "no memory left for long questions")                                \
	X(no_source, "no source address and port of the upstream's family")                        \
	X(too_big, "larger than the MTU of the outgoing interface")                                \
	X(response_unknown, "response that matches no query in flight")                            \
	X(response_late, "response to a query already answered or timed out")                      \
	X(response_wrong_id, "response with a wrong ID, to a port in use")                         \
	X(response_wrong_upstream,                                                                 \
	  "response from another address or port than the query was sent to")                      \
	X(response_wrong_interface, "response received on another interface")                      \
	X(response_bad_header, "sent to a source port with QR=0 or another opcode")                \
	X(response_wrong_question, "response with another question")                               \
	X(response_wrong_case, "response whose question differs in letter case")                   \
	X(tx_full, "the interface's transmit queue was full")                                      \
	X(handoff_full, "the ring to another worker was full")                                     \
	X(handoff_lost, "handed to a worker that does not own its flow")                           \
	X(no_headroom, "no room for the headers in the packet buffer")                             \
	X(probe_unsent, "probe that cannot be sent now")

enum worker_counter {
#define X(name, help) COUNTER_##name,
	WORKER_COUNTERS(X)
#undef X
		WORKER_COUNTER_COUNT
};

enum drop_reason {
#define X(name, help) DROP_##name,
	DROP_REASONS(X)
#undef X
		DROP_REASON_COUNT,
	DROP_NONE = DROP_REASON_COUNT, /* no reason: the packet goes on; has no counter */
};

#endif
