/* SPDX-License-Identifier: BSD-3-Clause */
/* Reads the command line: a table of options, each with the function that reads its value. */
#include "tests/bench/load/options.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "tests/bench/load/names.h"

static int
service_read(struct options *o, const char *value)
{
	o->has_service = true;
	return address_port_read(value, &o->service, &o->service_port);
}

static int
service_mac_read(struct options *o, const char *value)
{
	o->has_service_mac = true;
	return mac_read(value, &o->service_mac);
}

static int
gateway_read(struct options *o, const char *value)
{
	o->has_gateway = true;
	return address_read(value, &o->gateway);
}

/* A whole number from `least` to `most`. */
static int
whole_read(const char *value, double least, double most, double *result)
{
	double number;

	if (number_read(value, &number) != 0 || number < least || number > most ||
	    number != (double)(uint64_t)number)
		return -EINVAL;
	*result = number;
	return 0;
}

static int
device_read(const char *value, uint16_t *device)
{
	double number;
	int status = whole_read(value, 0, 31, &number);

	if (status == 0)
		*device = (uint16_t)number;
	return status;
}

static int
client_device_read(struct options *o, const char *value)
{
	return device_read(value, &o->client_device);
}

static int
farm_device_read(struct options *o, const char *value)
{
	o->has_farm = true;
	return device_read(value, &o->farm_device);
}

static int
clients_read(struct options *o, const char *value)
{
	return address_block_read(value, &o->clients);
}

static int
client_ports_read(struct options *o, const char *value)
{
	return port_range_read(value, &o->client_port_first, &o->client_port_last);
}

static int
client_mac_read(struct options *o, const char *value)
{
	o->has_client_mac = true;
	return mac_read(value, &o->client_mac);
}

static int
names_file_read(struct options *o, const char *value)
{
	o->names_file = value;
	return 0;
}

static int
u32_read(const char *value, double least, double most, uint32_t *result)
{
	double number;
	int status = whole_read(value, least, most, &number);

	if (status == 0)
		*result = (uint32_t)number;
	return status;
}

static int
name_count_read(struct options *o, const char *value)
{
	return u32_read(value, 1, NAMES_MAX, &o->name_count);
}

static int
name_bytes_read(struct options *o, const char *value)
{
	return u32_read(value, NAMES_GENERATED_BYTES_MIN, DNS_NAME_BYTES_MAX, &o->name_bytes);
}

static int
name_type_read(struct options *o, const char *value)
{
	return name_type_of(value, &o->name_type);
}

static int
edns_read(struct options *o, const char *value)
{
	uint32_t bytes;
	int status = u32_read(value, 512, UINT16_MAX, &bytes);

	if (status == 0)
		o->edns_bytes = (uint16_t)bytes;
	return status;
}

static int
farm_read(struct options *o, const char *value)
{
	if (o->farm_count == OPTIONS_FARM_RANGES_MAX)
		return -EINVAL;
	return address_block_read(value, &o->farm[o->farm_count++]);
}

static int
farm_delay_read(struct options *o, const char *value)
{
	return number_read(value, &o->farm_delay_us) != 0 || o->farm_delay_us > 10e6 ? -EINVAL : 0;
}

static int
rate_read(struct options *o, const char *value)
{
	if (strcmp(value, "max") == 0) {
		o->rate = 0;
		return 0;
	}
	return number_read(value, &o->rate) != 0 || o->rate < 1 ? -EINVAL : 0;
}

static int
positive_read(const char *value, double most, double *result)
{
	return number_read(value, result) != 0 || *result > most || *result <= 0 ? -EINVAL : 0;
}

static int
seconds_read(struct options *o, const char *value)
{
	return positive_read(value, 1e6, &o->seconds);
}

static int
warm_up_read(struct options *o, const char *value)
{
	return number_read(value, &o->warm_up_s) != 0 || o->warm_up_s > 1e6 ? -EINVAL : 0;
}

static int
timeout_read(struct options *o, const char *value)
{
	return positive_read(value, 60e3, &o->timeout_ms);
}

static int
wait_read(struct options *o, const char *value)
{
	return positive_read(value, 3600, &o->wait_s);
}

static int
buffers_read(struct options *o, const char *value)
{
	return u32_read(value, 1024, 1 << 26, &o->buffers);
}

static int
search_read(struct options *o, const char *value)
{
	o->search = true;
	return 0;
}

static int
search_max_read(struct options *o, const char *value)
{
	o->search = true;
	return positive_read(value, 1e9, &o->search_max);
}

static int
percent_read(const char *value, double *share)
{
	double percent;

	if (number_read(value, &percent) != 0 || percent > 100)
		return -EINVAL;
	*share = percent / 100;
	return 0;
}

static int
precision_read(struct options *o, const char *value)
{
	return percent_read(value, &o->search_precision) != 0 || o->search_precision < 0.001 ? -EINVAL : 0;
}

static int
allowed_loss_read(struct options *o, const char *value)
{
	return percent_read(value, &o->allowed_loss);
}

static int
tries_read(struct options *o, const char *value)
{
	return u32_read(value, 1, 100, &o->search_tries);
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
		if (percent_read(one, &o->shares[o->share_count++]) != 0)
			return -EINVAL;
		value += length + (value[length] == ',');
	}
	return 0;
}

static int
reflect_read(struct options *o, const char *value)
{
	o->reflect = true;
	return 0;
}

static int
json_read(struct options *o, const char *value)
{
	o->json_file = value;
	return 0;
}

static int
quiet_read(struct options *o, const char *value)
{
	o->quiet = true;
	return 0;
}

static int
hold_read(struct options *o, const char *value)
{
	o->hold = true;
	return 0;
}

static int
help_read(struct options *o, const char *value)
{
	o->wish = OPTIONS_HELP;
	return 0;
}

static int
version_read(struct options *o, const char *value)
{
	o->wish = OPTIONS_VERSION;
	return 0;
}

static const struct option_row {
	const char *name;
	int (*read)(struct options *o, const char *value);
	const char *wants; /* of the value; NULL: it has none */
} option_rows[] = {
	{"--service", service_read, "an address, or ADDRESS#PORT"},
	{"--service-mac", service_mac_read, "a MAC address"},
	{"--gateway", gateway_read, "an address"},
	{"--client-device", client_device_read, "the number of a DPDK port"},
	{"--clients", clients_read, "an address, FIRST-LAST, or ADDRESS/LENGTH"},
	{"--client-ports", client_ports_read, "a port from 1 on, or FIRST-LAST"},
	{"--client-mac", client_mac_read, "a MAC address"},
	{"--names", names_file_read, "a file"},
	{"--generate", name_count_read, "a number of names from 1 to 16777216"},
	{"--name-bytes", name_bytes_read, "a number of bytes from 15 to 255"},
	{"--type", name_type_read, "a type as A, AAAA or TYPE65"},
	{"--edns", edns_read, "a number of bytes from 512 to 65535"},
	{"--farm-device", farm_device_read, "the number of a DPDK port"},
	{"--farm", farm_read, "an address, FIRST-LAST, or ADDRESS/LENGTH, at most 16 times"},
	{"--farm-delay", farm_delay_read, "microseconds, at most 10 seconds"},
	{"--rate", rate_read, "queries a second, or max"},
	{"--duration", seconds_read, "seconds"},
	{"--warm-up", warm_up_read, "seconds"},
	{"--timeout", timeout_read, "milliseconds, at most a minute"},
	{"--wait", wait_read, "seconds"},
	{"--buffers", buffers_read, "a number from 1024 on"},
	{"--search", search_read, NULL},
	{"--search-max", search_max_read, "queries a second"},
	{"--search-precision", precision_read, "a percentage from 0.1 on"},
	{"--search-tries", tries_read, "a number from 1 to 100"},
	{"--allowed-loss", allowed_loss_read, "a percentage"},
	{"--latency-at", shares_read, "percentages with commas between, at most 8"},
	{"--reflect", reflect_read, NULL},
	{"--json", json_read, "a file, or - for stdout"},
	{"--quiet", quiet_read, NULL},
	{"--hold", hold_read, NULL},
	{"--help", help_read, NULL},
	{"--version", version_read, NULL},
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
		if (row->read(o, value) != 0) {
			snprintf(why, why_bytes, "%s %s: give %s", row->name, value, row->wants);
			return -EINVAL;
		}
	}
	return 0;
}

/* What no single option can tell. */
static const char *
options_fault(struct options *o)
{
	const uint64_t ports = (uint64_t)o->client_port_last - o->client_port_first + 1;

	if (!o->has_service)
		return "whom to ask? Give --service ADDRESS[#PORT]; --help shows the rest";
	if (o->clients.count == 0)
		return "who asks? Give --clients ADDRESS, FIRST-LAST or ADDRESS/LENGTH";
	if (address_is_ipv4(&o->clients.first) != address_is_ipv4(&o->service))
		return "--clients and --service are of different families";
	if (o->has_gateway && address_is_ipv4(&o->gateway) != address_is_ipv4(&o->service))
		return "--gateway and --service are of different families";
	if (o->clients.count * ports > OPTIONS_CLIENTS_MAX)
		return "too many clients: addresses times ports may be 4194304 at the most";
	if (o->reflect && o->has_farm)
		return "--reflect is for one port: leave --farm-device away";
	if (!o->has_farm && (o->farm_count > 0 || o->farm_delay_us > 0))
		return "--farm and --farm-delay need --farm-device: the port that the farm is behind";
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
			o->wish = OPTIONS_HELP; /* ours, not EAL's, which would not mention ours */
		else if (strcmp(argv[i], "--version") == 0)
			o->wish = OPTIONS_VERSION;
	}
	if (o->wish != OPTIONS_RUN)
		return 0;
	if (o->eal_argc == argc) {
		snprintf(why, why_bytes,
			 "no `--`: EAL's arguments come first, then --, then ours; --help shows them");
		return -EINVAL;
	}
	status = own_read(o, argc - o->eal_argc - 1, argv + o->eal_argc + 1, why, why_bytes);
	if (status != 0 || o->wish != OPTIONS_RUN)
		return status;
	fault = options_fault(o);
	if (fault == NULL)
		return 0;
	snprintf(why, why_bytes, "%s", fault);
	return -EINVAL;
}
