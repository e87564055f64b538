/* SPDX-License-Identifier: BSD-3-Clause */
/* The one list of a worker's counters and of its drop reasons.
 *
 * From these rows come the enums, the layout of the statistics segment, the names of the metrics,
 * the lines of the CLI and the reference. All count packets unless the text says otherwise, only
 * ever grow, and have one writer: their worker. Readers take differences.
 *
 * The balance that holds for each worker whenever its rings are empty, and is asserted in debug
 * builds:
 *
 *   rx + generated + handoff_in = tx + consumed + handoff_out + the sum of all drop reasons */
#ifndef EPHEMERA_DATAPLANE_SHARED_COUNTERS_H
#define EPHEMERA_DATAPLANE_SHARED_COUNTERS_H

#define WORKER_COUNTERS(X)                                                                         \
	X(rx, "packets received from the ports")                                                   \
	X(tx, "packets sent on the ports")                                                         \
	X(generated,                                                                               \
	  "packets made here: probes, and copies of a response that several clients wait for")     \
	X(consumed, "packets consumed here: responses to probes, and queries that wait for "       \
		    "another's answer")                                                            \
	X(handoff_in, "packets taken over from other workers")                                     \
	X(handoff_out, "packets handed to other workers")                                          \
	X(queries, "queries of clients forwarded to an upstream")                                  \
	X(responses, "answers of upstreams delivered to clients")                                  \
	X(coalesced, "queries of clients that share the upstream query of another")                \
	X(coalesce_bound,                                                                          \
	  "queries sent on their own because the one they could share had all its waiters")        \
	X(responses_lost,                                                                          \
	  "answers not delivered: no packet buffer for the copy, or its query was dropped")        \
	X(near_misses,                                                                             \
	  "responses to a port in use, from an upstream, with a wrong ID or question")             \
	X(attacked, "queries that saw near misses")                                                \
	X(responses_attacked, "answers to these, replaced by TC=1 as `near_miss: truncate` says")  \
	X(edns_clamped, "queries whose EDNS size was lowered")                                     \
	X(responses_truncated,                                                                     \
	  "answers sent with TC=1 because they did not fit the client's path")                     \
	X(probes, "probes sent to upstreams")                                                      \
	X(probe_responses, "responses to probes")                                                  \
	X(own_formerr, "queries answered FORMERR here")                                            \
	X(own_notimp, "queries answered NOTIMP here")                                              \
	X(own_servfail, "queries answered SERVFAIL here: no upstream")                             \
	X(own_refused, "queries answered REFUSED here: not allowed, or over the limit")            \
	X(own_truncated, "queries answered TC=1 here: over the limit")                             \
	X(limit_evicted, "clients' buckets given to others before they had filled again")          \
	X(timeouts, "queries of clients whose upstream did not answer in time")                    \
	X(probe_timeouts, "probes whose upstream did not answer in time")                          \
	X(redraws, "draws repeated because their slot of the flow table was taken")

/* A row: the name, which is part of the metric and of `ephemeractl stats`, and what was wrong with
 * the packet. */
#define DROP_REASONS(X)                                                                            \
	X(runt, "shorter than the headers it announces")                                           \
	X(segmented, "spread over several buffers: larger than a port's MTU allows")               \
	X(other_mac, "to the MAC address of another station")                                      \
	X(ethertype, "neither IPv4 nor IPv6")                                                      \
	X(vlan, "in a VLAN that is not configured")                                                \
	X(ip_header, "IP header with impossible lengths or version")                               \
	X(ip_checksum, "wrong IPv4 header checksum")                                               \
	X(fragment, "fragment of an IP packet")                                                    \
	X(extension, "IPv6 extension header that is not walked, or too many of them")              \
	X(not_udp, "IP, but not UDP")                                                              \
	X(udp_length, "UDP length below 8 or beyond the IP packet")                                \
	X(udp_checksum, "wrong UDP checksum, or none over IPv6")                                   \
	X(not_ours, "neither to a service nor to a source address")                                \
	X(no_snapshot, "arrived before the first configuration")                                   \
	X(draining, "query while shutting down")                                                   \
	X(dns_short, "shorter than a DNS header")                                                  \
	X(query_is_response, "QR=1 to a service address")                                          \
	X(query_bad_source, "query from an address or port that no client has")                    \
	X(query_not_allowed, "query from outside the allowed prefixes")                            \
	X(query_over_limit, "query of a client that asks more than it may")                        \
	X(flow_table_full, "no free slot of the flow table within the tries")                      \
	X(long_name_pool_full, "no room to keep a long question")                                  \
	X(no_source, "no source address and port of the upstream's family")                        \
	X(too_big, "larger than the MTU of the port it would leave by")                            \
	X(response_unknown, "response that no query in flight waits for")                          \
	X(response_late, "response to a query that is over: answered already, or timed out")       \
	X(response_wrong_id, "response with an ID not in flight, on a port that is")               \
	X(response_wrong_upstream, "response from another address or port than the one asked")     \
	X(response_wrong_interface, "response that came in by another port of the machine")        \
	X(response_bad_header, "QR=0 or another opcode towards a source port")                     \
	X(response_wrong_question, "response to another question")                                 \
	X(response_wrong_case, "response with the question in other letter case")                  \
	X(tx_full, "the port's transmit queue was full")                                           \
	X(handover_full, "the ring to another worker was full")                                    \
	X(handover_lost, "handed over, but not this worker's either")                              \
	X(no_headroom, "no room in its buffer for our headers")                                    \
	X(probe_unsent, "probe to an upstream that can't be sent to now")

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
	DROP_NONE =
		/* of functions that look for a reason: the packet goes on; no counter */
	DROP_REASON_COUNT,
};

#endif
