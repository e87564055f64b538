/* SPDX-License-Identifier: BSD-3-Clause */
/* The cases of the benchmark. Each varies one parameter of the base case, which the targets refer
 * to. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_CASES_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_CASES_H

#include <stdbool.h>
#include <stdint.h>

struct bench_case {
	const char *name;
	uint32_t in_flight; /* queries in flight, per worker */
	uint32_t flows;	    /* flow table entries, per worker */
	uint16_t upstreams;
	uint8_t name_bytes; /* in wire format, with length bytes and root */
	bool ipv6;
	bool random_case; /* 0x20 */
	bool coalesce;
	uint8_t policy;	   /* enum policy */
	uint32_t suffixes; /* with routes that no query matches */
	bool limit;	   /* per prefix; no client exceeds it */
};

extern const struct bench_case bench_cases[];
extern const unsigned bench_case_count;

/* The cases that the targets refer to; each is in bench_cases[]. */
#define CASE_BASE	  "base"
#define CASE_MILLION	  "1 Mi in flight"
#define CASE_ONE_UPSTREAM "1 upstream"
#define CASE_UPSTREAMS	  "256 upstreams"

#endif
