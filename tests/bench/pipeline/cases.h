/* SPDX-License-Identifier: BSD-3-Clause */
/* What the benchmark varies: one thing at a time, from the case that the targets are set for. */
#ifndef EPHEMERA_TESTS_BENCH_PIPELINE_CASES_H
#define EPHEMERA_TESTS_BENCH_PIPELINE_CASES_H

#include <stdbool.h>
#include <stdint.h>

struct bench_case {
	const char *name;
	uint32_t in_flight; /* queries that wait for their response, of each worker */
	uint32_t flows;	    /* entries of each worker's flow table */
	uint16_t upstreams;
	uint8_t name_bytes; /* as on the wire, with length bytes and root */
	bool ipv6;
	bool random_case; /* 0x20 */
	bool coalesce;
	uint8_t policy;	   /* enum policy */
	uint32_t suffixes; /* with routes; no query matches one */
	bool limit;	   /* of each prefix, which none exceeds */
};

extern const struct bench_case bench_cases[];
extern const unsigned bench_case_count;

/* The cases that targets name; each is in bench_cases[]. */
#define CASE_BASE	  "base"
#define CASE_MILLION	  "1 Mi in flight"
#define CASE_ONE_UPSTREAM "1 upstream"
#define CASE_UPSTREAMS	  "256 upstreams"

#endif
