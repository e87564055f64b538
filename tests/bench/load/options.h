/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: EAL's arguments, then `--`, then ours.
 *
 *   ephemera-load [EAL arguments] -- --service ADDRESS[#PORT] [arguments]
 *
 * Threads: written once by options_read(), read by everybody. */
#ifndef EPHEMERA_TESTS_BENCH_LOAD_OPTIONS_H
#define EPHEMERA_TESTS_BENCH_LOAD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/bench/load/range.h"

#define OPTIONS_FARM_RANGES_MAX 16
#define OPTIONS_SHARES_MAX	8
#define OPTIONS_CLIENTS_MAX	(1u << 22)

enum options_action {
	OPTIONS_RUN,
	OPTIONS_HELP,
	OPTIONS_VERSION,
};

struct options {
	enum options_action action;
	int eal_argc; /* argv[0] and what stands before `--` */

	/* what is asked */
	struct address service;
	uint16_t service_port;
	struct mac service_mac;
	bool has_service, has_service_mac;
	struct address gateway; /* whose MAC address to ask for instead of the service's */
	bool has_gateway;

	/* who asks */
	uint16_t client_device; /* DPDK's number */
	struct address_block clients;
	uint16_t client_port_first, client_port_last;
	struct mac client_mac;
	bool has_client_mac;

	/* for what */
	const char *names_file; /* or NULL: generated */
	uint32_t name_count;
	uint32_t name_bytes; /* of the wire form */
	uint16_t name_type;
	uint16_t edns_bytes; /* 0: no EDNS */

	/* who answers, if we do */
	bool has_farm;
	uint16_t farm_device;
	uint32_t farm_count;
	struct address_block farm[OPTIONS_FARM_RANGES_MAX];
	double farm_delay_us;

	/* how fast and how long */
	double rate;	   /* queries a second; 0: as fast as the port takes them */
	double seconds;	   /* measured, a step */
	double warm_up_s;  /* before, not measured */
	double timeout_ms; /* how long after the end answers are waited for */
	double wait_s;	   /* for links, neighbours and the first response */
	uint32_t buffers;  /* packet buffers; 0: from rate and delay */

	bool search;
	double search_max;
	double search_precision; /* a share: 0.01 */
	double allowed_loss;	 /* a share */
	uint32_t search_tries;
	uint32_t share_count; /* of the highest rate, at which latency is measured */
	double shares[OPTIONS_SHARES_MAX];

	bool reflect; /* the other side sends our own frames back, ends swapped */

	const char *json_file; /* or NULL; "-": stdout */
	bool quiet;
	bool hold; /* after the end, until a signal */
};

/* Reads the command line. 0, or -EINVAL with the reason in `why`. argv must outlive *options.
 * [main] */
int options_read(struct options *options, int argc, char **argv, char *why, size_t why_bytes);

/* The text for --help. */
extern const char options_usage[];

#endif
