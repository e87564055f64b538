/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases. */
#include "tests/bench/pipeline/cases.h"

#include "dataplane/shared/snapshot.h"

#define KI (1u << 10)
#define MI (1u << 20)

/* The base case has the configuration's defaults, including a table of 1 Mi entries. The table of
 * the largest case is twice the number of queries in flight: the draw is designed for a table at
 * most half full. */
#define BASE                                                                                       \
	.in_flight = 64 * KI, .flows = MI, .upstreams = 16, .name_bytes = 30, .random_case = true, \
	.coalesce = true

/* Each line overrides a value of the base. */
#pragma GCC diagnostic ignored "-Woverride-init"
#ifdef __clang__
#pragma GCC diagnostic ignored "-Winitializer-overrides"
#endif

const struct bench_case bench_cases[] = {
	{BASE, .name = CASE_BASE},
	{BASE, .name = "1 Ki in flight", .in_flight = KI},
	{BASE, .name = CASE_MILLION, .in_flight = MI, .flows = 2 * MI},
	{BASE, .name = CASE_ONE_UPSTREAM, .upstreams = 1},
	{BASE, .name = CASE_UPSTREAMS, .upstreams = 256},
	{BASE, .name = "256, least outstanding", .upstreams = 256,
	 .policy = POLICY_LEAST_OUTSTANDING},
	{BASE, .name = "256, random", .upstreams = 256, .policy = POLICY_RANDOM},
	{BASE, .name = "256, hash, bounded load", .upstreams = 256, .policy = POLICY_HASH},
	{BASE, .name = "4 suffixes", .suffixes = 4},
	{BASE, .name = "100,000 suffixes", .suffixes = 100000},
	{BASE, .name = "limit", .limit = true},
	{BASE, .name = "name of 10 bytes", .name_bytes = 10},
	{BASE, .name = "name of 100 bytes", .name_bytes = 100},
	{BASE, .name = "0x20 off", .random_case = false},
	{BASE, .name = "coalescing off", .coalesce = false},
	{BASE, .name = "both off", .random_case = false, .coalesce = false},
	{BASE, .name = "IPv6", .ipv6 = true},
	{BASE, .name = "IPv6, name of 100 bytes", .ipv6 = true, .name_bytes = 100},
};

const unsigned bench_case_count = sizeof(bench_cases) / sizeof(bench_cases[0]);
