/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the command line by a table of options: how each value is read, and into which member. */
#include "tests/bench/load/options.h"

#include <errno.h>
#include <float.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/load/names.h"

/* How a value is read, and the type of its member. */
enum option_kind {
	OPTION_READ,	/* by the row's function */
	OPTION_FLAG,	/* no value: a bool becomes true */
	OPTION_WHOLE,	/* a whole number from `least` to `most`: uint16_t or uint32_t */
	OPTION_REAL,	/* a number from `least` to `most`: double */
	OPTION_PERCENT, /* likewise, in percent: a share as a double */
	OPTION_TEXT,	/* unchanged: const char * */
	OPTION_ADDRESS,
	OPTION_BLOCK,
	OPTION_MAC,
};

struct option_row {
	const char *name;
	enum option_kind kind;
	size_t offset, bytes; /* of the member of struct options */
	size_t given;	      /* offset of a bool that is set if the option was given; 0: none */
	double least, most;
	int (*read)(struct options *o, const char *value);
	const char *wants; /* of the value; NULL: no value */
};

static int
whole_read(const char *value, const struct option_row *row, void *to)
{
	double number;
	uint32_t whole;

	if (number_read(value, &number) != 0 || number < row->least || number > row->most ||
	    number != (double)(uint64_t)number)
		return -EINVAL;
	whole = (uint32_t)number;
	if (row->bytes == sizeof(uint16_t))
		memcpy(to, &(uint16_t){(uint16_t)whole}, sizeof(uint16_t));
	else
		memcpy(to, &whole, sizeof(whole));
	return 0;
}

static int
real_read(const char *value, double least, double most, double unit, double *result)
{
	double number;

	if (number_read(value, &number) != 0 || number < least || number > most)
		return -EINVAL;
	*result = number / unit;
	return 0;
}

static int
value_read(struct options *o, const struct option_row *row, const char *value)
{
	void *to = (uint8_t *)o + row->offset;

	if (row->given != 0)
		*(bool *)((uint8_t *)o + row->given) = true;
	switch (row->kind) {
	case OPTION_READ:
		return row->read(o, value);
	case OPTION_FLAG:
		*(bool *)to = true;
		return 0;
	case OPTION_WHOLE:
		return whole_read(value, row, to);
	case OPTION_REAL:
		return real_read(value, row->least, row->most, 1, to);
	case OPTION_PERCENT:
		return real_read(value, row->least, row->most, 100, to);
	case OPTION_TEXT:
		*(const char **)to = value;
		return 0;
	case OPTION_ADDRESS:
		return address_read(value, to);
	case OPTION_BLOCK:
		return address_block_read(value, to);
	case OPTION_MAC:
		return mac_read(value, to);
	}
	return -EINVAL;
}

static int
service_read(struct options *o, const char *value)
{
	return address_port_read(value, &o->service, &o->service_port);
}

static int
client_ports_read(struct options *o, const char *value)
{
	return port_range_read(value, &o->client_port_first, &o->client_port_last);
}

static int
name_type_read(struct options *o, const char *value)
{
	return name_type_of(value, &o->name_type);
}

static int
farm_read(struct options *o, const char *value)
{
	if (o->farm_count == OPTIONS_FARM_RANGES_MAX)
		return -EINVAL;
	return address_block_read(value, &o->farm[o->farm_count++]);
}

static int
rate_read(struct options *o, const char *value)
{
	if (strcmp(value, "max") == 0) {
		o->rate = 0;
		return 0;
	}
	return real_read(value, 1, DBL_MAX, 1, &o->rate);
}

static int
shares_read(struct options *o, const char *value)
{
	o->share_count = 0;
	while (*value != '\0') {
		char one[32];
		const size_t length = strcspn(value, ",");

		if (length == 0 || length >= sizeof(one) || o->share_count == OPTIONS_SHARES_MAX)
			return -EINVAL;
		memcpy(one, value, length);
		one[length] = '\0';
		if (real_read(one, 0, 100, 100, &o->shares[o->share_count++]) != 0)
			return -EINVAL;
		value += length + (value[length] == ',');
	}
	return 0;
}

static int
help_read(struct options *o, const char *value)
{
	o->action = OPTIONS_HELP;
	return 0;
}

static int
version_read(struct options *o, const char *value)
{
	o->action = OPTIONS_VERSION;
	return 0;
}

#define MEMBER(kind_name, member)                                                                  \
	.kind = OPTION_##kind_name, .offset = offsetof(struct options, member),                    \
	.bytes = sizeof(((struct options *)NULL)->member)
#define GIVEN(member)	     .given = offsetof(struct options, member)
#define FROM_TO(first, last) .least = (first), .most = (last)
#define ABOVE_0(last)	     .least = DBL_TRUE_MIN, .most = (last)
#define READ(function)	     .kind = OPTION_READ, .read = (function)

static const struct option_row option_rows[] = {
	{"--service", READ(service_read), GIVEN(has_service),
	 .wants = "an address, or ADDRESS#PORT"},
	{"--service-mac", MEMBER(MAC, service_mac), GIVEN(has_service_mac),
	 .wants = "a MAC address"},
	{"--gateway", MEMBER(ADDRESS, gateway), GIVEN(has_gateway), .wants = "an address"},
	{"--client-device", MEMBER(WHOLE, client_device), FROM_TO(0, 31),
	 .wants = "the number of a DPDK device"},
	{"--clients", MEMBER(BLOCK, clients), .wants = "an address, FIRST-LAST, or ADDRESS/LENGTH"},
	{"--client-ports", READ(client_ports_read), .wants = "a port from 1, or FIRST-LAST"},
	{"--client-mac", MEMBER(MAC, client_mac), GIVEN(has_client_mac), .wants = "a MAC address"},
	{"--names", MEMBER(TEXT, names_file), .wants = "a file"},
	{"--generate", MEMBER(WHOLE, name_count), FROM_TO(1, NAMES_MAX),
	 .wants = "a number of names from 1 to 16777216"},
	{"--name-bytes", MEMBER(WHOLE, name_bytes),
	 FROM_TO(NAMES_GENERATED_BYTES_MIN, DNS_NAME_BYTES_MAX),
	 .wants = "a number of bytes from 15 to 255"},
	{"--type", READ(name_type_read), .wants = "a type such as A, AAAA or TYPE65"},
	{"--edns", MEMBER(WHOLE, edns_bytes), FROM_TO(512, UINT16_MAX),
	 .wants = "a number of bytes from 512 to 65535"},
	{"--farm-device", MEMBER(WHOLE, farm_device), GIVEN(has_farm), FROM_TO(0, 31),
	 .wants = "the number of a DPDK device"},
	{"--farm", READ(farm_read),
	 .wants = "an address, FIRST-LAST, or ADDRESS/LENGTH, at most 16 times"},
	{"--farm-delay", MEMBER(REAL, farm_delay_us), FROM_TO(0, 10e6),
	 .wants = "microseconds, at most 10 seconds"},
	{"--rate", READ(rate_read), .wants = "queries a second, or max"},
	{"--duration", MEMBER(REAL, seconds), ABOVE_0(1e6), .wants = "seconds"},
	{"--warm-up", MEMBER(REAL, warm_up_s), FROM_TO(0, 1e6), .wants = "seconds"},
	{"--timeout", MEMBER(REAL, timeout_ms), ABOVE_0(60e3),
	 .wants = "milliseconds, at most a minute"},
	{"--wait", MEMBER(REAL, wait_s), ABOVE_0(3600), .wants = "seconds"},
	{"--buffers", MEMBER(WHOLE, buffers), FROM_TO(1024, 1 << 26),
	 .wants = "a number from 1024"},
	{"--search", MEMBER(FLAG, search)},
	{"--search-max", MEMBER(REAL, search_max), GIVEN(search), ABOVE_0(1e9),
	 .wants = "queries a second"},
	{"--search-precision", MEMBER(PERCENT, search_precision), FROM_TO(0.1, 100),
	 .wants = "a percentage from 0.1"},
	{"--search-tries", MEMBER(WHOLE, search_tries), FROM_TO(1, 100),
	 .wants = "a number from 1 to 100"},
	{"--allowed-loss", MEMBER(PERCENT, allowed_loss), FROM_TO(0, 100), .wants = "a percentage"},
	{"--latency-at", READ(shares_read), .wants = "percentages separated by commas, at most 8"},
	{"--reflect", MEMBER(FLAG, reflect)},
	{"--json", MEMBER(TEXT, json_file), .wants = "a file, or - for stdout"},
	{"--quiet", MEMBER(FLAG, quiet)},
	{"--hold", MEMBER(FLAG, hold)},
	{"--help", READ(help_read)},
	{"--version", READ(version_read)},
};

static const struct option_row *
option_find(const char *argument)
{
	const size_t length = strcspn(argument, "=");

	for (size_t r = 0; r < sizeof(option_rows) / sizeof(option_rows[0]); r++)
		if (strlen(option_rows[r].name) == length &&
		    strncmp(argument, option_rows[r].name, length) == 0)
			return &option_rows[r];
	return NULL;
}

static int
own_read(struct options *o, int argc, char **argv, char *why, size_t why_bytes)
{
	for (int i = 0; i < argc; i++) {
		const struct option_row *row = option_find(argv[i]);
		const char *value = strchr(argv[i], '=');

		if (row == NULL) {
			snprintf(why, why_bytes, "unknown argument %s: --help lists them", argv[i]);
			return -EINVAL;
		}
		if (row->wants == NULL) {
			if (value != NULL) {
				snprintf(why, why_bytes, "%s takes no value", row->name);
				return -EINVAL;
			}
		} else if (value != NULL) {
			value++;
		} else if (++i < argc) {
			value = argv[i];
		} else {
			snprintf(why, why_bytes, "%s needs a value: %s", row->name, row->wants);
			return -EINVAL;
		}
		if (value_read(o, row, value) != 0) {
			snprintf(why, why_bytes, "%s %s: give %s", row->name, value, row->wants);
			return -EINVAL;
		}
	}
	return 0;
}

/* Checks that concern several options. */
static const char *
options_fault(struct options *o)
{
	const uint64_t ports = (uint64_t)o->client_port_last - o->client_port_first + 1;

	if (!o->has_service)
		return "--service ADDRESS[#PORT] is missing; --help shows all options";
	if (o->clients.count == 0)
		return "--clients ADDRESS, FIRST-LAST or ADDRESS/LENGTH is missing";
	if (address_is_ipv4(&o->clients.first) != address_is_ipv4(&o->service))
		return "--clients and --service are of different families";
	if (o->has_gateway && address_is_ipv4(&o->gateway) != address_is_ipv4(&o->service))
		return "--gateway and --service are of different families";
	if (o->clients.count * ports > OPTIONS_CLIENTS_MAX)
		return "too many clients: addresses times ports may be at most 4194304";
	if (o->reflect && o->has_farm)
		return "--reflect uses one interface: it excludes --farm-device";
	if (!o->has_farm && (o->farm_count > 0 || o->farm_delay_us > 0))
		return "--farm and --farm-delay need --farm-device, the farm's interface";
	return NULL;
}

int
options_read(struct options *o, int argc, char **argv, char *why, size_t why_bytes)
{
	const char *fault;
	int status;

	*o = (struct options){
		.service_port = 53,
		.client_port_first = 10000,
		.client_port_last = 10063,
		.name_count = 65536,
		.name_bytes = 30,
		.name_type = 1,
		.rate = 1000,
		.seconds = 5,
		.warm_up_s = 0.5,
		.timeout_ms = 1000,
		.wait_s = 10,
		.search_max = 20e6,
		.search_precision = 0.01,
		.search_tries = 3,
		.share_count = 2,
		.shares = {0.5, 0.9},
		.eal_argc = argc,
	};
	for (int i = 1; i < argc && o->eal_argc == argc; i++) {
		if (strcmp(argv[i], "--") == 0)
			o->eal_argc = i;
		else if (strcmp(argv[i], "--help") == 0)
			o->action =
				/* our usage, because EAL's would not show our options */
				OPTIONS_HELP;
		else if (strcmp(argv[i], "--version") == 0)
			o->action = OPTIONS_VERSION;
	}
	if (o->action != OPTIONS_RUN)
		return 0;
	if (o->eal_argc == argc) {
		snprintf(why, why_bytes,
			 "no `--`: EAL's arguments come first, then --, then ephemera-load's; "
			 "--help shows them");
		return -EINVAL;
	}
	status = own_read(o, argc - o->eal_argc - 1, argv + o->eal_argc + 1, why, why_bytes);
	if (status != 0 || o->action != OPTIONS_RUN)
		return status;
	fault = options_fault(o);
	if (fault == NULL)
		return 0;
	snprintf(why, why_bytes, "%s", fault);
	return -EINVAL;
}
