/* SPDX-License-Identifier: BSD-3-Clause */
/* The command line: EAL's arguments, then `--`, then ours.
 *
 *   ephemera-load [EAL arguments] -- --service ADDRESS[#PORT] [arguments]
 *
 * Threads: written once by options_read(), then read-only. */
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
	int eal_argc; /* argv[0] and the arguments before `--` */

	/* the service */
	struct address service;
	uint16_t service_port;
	struct mac service_mac;
	bool has_service, has_service_mac;
	struct address gateway; /* the address to resolve instead of the service's */
	bool has_gateway;

	/* the clients */
	uint16_t client_device; /* DPDK's number */
	struct address_block clients;
	uint16_t client_port_first, client_port_last;
	struct mac client_mac;
	bool has_client_mac;

	/* the questions */
	const char *names_file; /* or NULL: generated */
	uint32_t name_count;
	uint32_t name_bytes; /* in wire format */
	uint16_t name_type;
	uint16_t edns_bytes; /* 0: no EDNS */

	/* the farm, if this program is it */
	bool has_farm;
	uint16_t farm_device;
	uint32_t farm_count;
	struct address_block farm[OPTIONS_FARM_RANGES_MAX];
	double farm_delay_us;

	/* rate and time */
	double rate;	   /* queries a second; 0: as many as the driver accepts */
	double seconds;	   /* measured time, per step */
	double warm_up_s;  /* time before it, not measured */
	double timeout_ms; /* how long to wait for responses after the end */
	double wait_s;	   /* for links, neighbours and the first response */
	uint32_t buffers;  /* packet buffers; 0: from rate and delay */

	bool search;
	double search_max;
	double search_precision; /* a share: 0.01 */
	double allowed_loss;	 /* a share */
	uint32_t search_tries;
	uint32_t share_count; /* of the highest rate: where latency is measured */
	double shares[OPTIONS_SHARES_MAX];

	bool reflect; /* the peer sends our own frames back, with addresses and ports swapped */

	const char *json_file; /* or NULL; "-": stdout */
	bool quiet;
	bool hold; /* keep the interfaces open after the end, until a signal */
};

/* Reads the command line. 0, or -EINVAL with the reason in `why`. argv must outlive *options.
 * [main] */
int options_read(struct options *options, int argc, char **argv, char *why, size_t why_bytes);

/* The text for --help. */
extern const char options_usage[];

#endif
