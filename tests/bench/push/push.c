/* SPDX-License-Identifier: BSD-3-Clause */
/* Sends a dataplane its snapshot without ephemerad, for benchmarks and tests of drivers; then
 * prints as JSON the generation that it runs on, its interfaces and its counters. Without
 * --service it only prints. Exit status: 0 success, 1 refused, 2 usage, 3 no dataplane.
 *
 *   push --runtime-dir DIR --service ADDRESS#PORT --source ADDRESS --ports FIRST-LAST \
 *        --upstream NAME=ADDRESS#PORT@MAC,PORT-INDEX [--policy round-robin] [--random-case] \
 *        [--waiters N] [--timeout-ms N] */
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <jansson.h>

#include "tests/bench/load/range.h"
#include "tests/bench/push/dataplane.h"

#define TIMEOUT_MS 2000
#define EDNS_BYTES 1232

static const char *const policies[] = {
	[POLICY_ROUND_ROBIN] = "round-robin",
	[POLICY_LEAST_OUTSTANDING] = "least-outstanding",
};

/* ---- the snapshot ---- */

static int
ports_read(struct snapshot *s, const char *value)
{
	uint16_t first, last;

	if (port_range_read(value, &first, &last) != 0)
		return -EINVAL;
	for (uint32_t port = first; port <= last; port++) {
		bitmap_set(s->ports_draw, (uint16_t)port);
		bitmap_set(s->ports_accept, (uint16_t)port);
	}
	return 0;
}

static int
service_read(struct snapshot *s, const char *value)
{
	struct snapshot_service *service = &s->services[s->service_count];
	uint16_t port = 53;

	if (s->service_count++ == SNAPSHOT_SERVICES_MAX ||
	    address_port_read(value, &service->address, &port) != 0)
		return -EINVAL;
	service->port = be16_from(port);
	service->state = SLOT_ACTIVE;
	return 0;
}

static int
source_read(struct snapshot *s, const char *value)
{
	struct snapshot_source *source = &s->sources[s->source_count];

	if (s->source_count++ == SNAPSHOT_SOURCES_MAX)
		return -EINVAL;
	source->state = SLOT_ACTIVE;
	return address_read(value, &source->address);
}

/* NAME=ADDRESS#PORT@MAC,PORT-INDEX */
static int
upstream_read(struct snapshot *s, char *value)
{
	struct snapshot_upstream *u = &s->upstreams[s->upstream_count];
	char *address = strchr(value, '='), *mac, *index;
	uint16_t port = 53;

	if (s->upstream_count++ == SNAPSHOT_UPSTREAMS_MAX || address == NULL)
		return -EINVAL;
	*address++ = '\0';
	mac = strchr(address, '@');
	index = mac != NULL ? strchr(mac, ',') : NULL;
	if (index == NULL || strlen(value) >= sizeof(u->name))
		return -EINVAL;
	*mac++ = '\0';
	*index++ = '\0';
	strcpy(u->name, value);
	u->state = SLOT_ACTIVE;
	u->usable = 1;
	u->resolved = 1;
	u->interface_index = (uint8_t)atoi(index);
	if (address_port_read(address, &u->address, &port) != 0 || mac_read(mac, &u->next_hop) != 0)
		return -EINVAL;
	u->port = be16_from(port);
	return 0;
}

static int
policy_read(struct snapshot *s, const char *value)
{
	for (size_t i = 0; i < sizeof(policies) / sizeof(policies[0]); i++)
		if (strcmp(policies[i], value) == 0) {
			s->pools[0].policy = (uint8_t)i;
			return 0;
		}
	return -EINVAL;
}

/* All clients are allowed. */
static void
allow_all(struct snapshot *s)
{
	s->range_count = 1;
	memset(s->ranges[0].last.bytes, 0xff, sizeof(s->ranges[0].last.bytes));
	for (uint32_t i = 0; i < s->service_count; i++)
		s->services[i].allow_count = 1;
}

/* One pool of all upstreams. */
static void
pool_make(struct snapshot *s)
{
	struct snapshot_pool *pool = &s->pools[0];

	strcpy(pool->name, "default");
	pool->used = 1;
	pool->member_count = s->member_count = s->upstream_count;
	for (uint32_t i = 0; i < s->upstream_count; i++)
		snapshot_members(s)[i] = (struct pool_member){.upstream = (uint16_t)i, .weight = 1};
}

static struct snapshot *
snapshot_new(void)
{
	struct timespec now;
	struct snapshot *s = calloc(1, snapshot_size(1, SNAPSHOT_UPSTREAMS_MAX, 0, 0));

	if (s == NULL)
		return NULL;
	clock_gettime(CLOCK_REALTIME, &now);
	s->generation = (uint64_t)now.tv_sec * 1000000000 +
			(uint64_t)now.tv_nsec; /* increases with each push */
	s->timeout_ms = TIMEOUT_MS;
	s->near_misses = 1;
	s->edns_bytes = EDNS_BYTES;
	return s;
}

/* ---- output ---- */

static const char *const counter_names[] = {
#define X(name, help) [COUNTER_##name] = #name,
	WORKER_COUNTERS(X)
#undef X
};

static const char *const drop_names[] = {
#define X(name, help) [DROP_##name] = #name,
	DROP_REASONS(X)
#undef X
};

/* Counters of all workers, and the drops that are not 0. */
static void
counters_add(json_t *state, const struct stats_header *stats)
{
	json_t *counters = json_object(), *drops = json_object();
	uint64_t counter[WORKER_COUNTER_COUNT] = {0}, drop[DROP_REASON_COUNT] = {0};

	for (uint32_t w = 0; w < stats->worker_count; w++) {
		const struct worker_stats *worker =
			(const void *)((const uint8_t *)stats + stats->worker_offset +
				       w * stats->worker_stride);

		for (unsigned i = 0; i < WORKER_COUNTER_COUNT; i++)
			counter[i] += worker->counters[i];
		for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
			drop[i] += worker->drops[i];
	}
	for (unsigned i = 0; i < WORKER_COUNTER_COUNT; i++)
		json_object_set_new(counters, counter_names[i],
				    json_integer((json_int_t)counter[i]));
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		if (drop[i] > 0)
			json_object_set_new(drops, drop_names[i],
					    json_integer((json_int_t)drop[i]));
	json_object_set_new(state, "counters", counters);
	json_object_set_new(state, "drops", drops);
}

static void
state_print(const struct hello_response *hello, uint64_t generation,
	    const struct stats_header *stats)
{
	json_t *state = json_object(), *interfaces = json_array();

	json_object_set_new(state, "generation", json_integer((json_int_t)generation));
	json_object_set_new(state, "workers", json_integer(hello->worker_count));
	for (uint32_t i = 0; i < hello->interface_count && i < SNAPSHOT_INTERFACES_MAX; i++) {
		const uint8_t *m = hello->interfaces[i].mac.bytes;

		json_array_append_new(interfaces,
				      json_pack("{s:s, s:o, s:i}", "name",
						hello->interfaces[i].name, "mac",
						json_sprintf("%02x:%02x:%02x:%02x:%02x:%02x", m[0],
							     m[1], m[2], m[3], m[4], m[5]),
						"mtu", (int)hello->interfaces[i].mtu_bytes));
	}
	json_object_set_new(state, "interfaces", interfaces);
	counters_add(state, stats);
	json_dumpf(state, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(state);
}

/* ---- the command line ---- */

static const struct option options[] = {
	{"runtime-dir", required_argument, NULL, 'd'}, {"service", required_argument, NULL, 's'},
	{"source", required_argument, NULL, 'f'},      {"ports", required_argument, NULL, 'p'},
	{"upstream", required_argument, NULL, 'u'},    {"policy", required_argument, NULL, 'y'},
	{"random-case", no_argument, NULL, 'c'},       {"waiters", required_argument, NULL, 'w'},
	{"timeout-ms", required_argument, NULL, 't'},  {NULL, 0, NULL, 0},
};

static int
option_take(struct snapshot *s, int option, char *value, bool *random_case)
{
	switch (option) {
	case 's':
		return service_read(s, value);
	case 'f':
		return source_read(s, value);
	case 'p':
		return ports_read(s, value);
	case 'u':
		return upstream_read(s, value);
	case 'y':
		return policy_read(s, value);
	case 'c':
		*random_case = true;
		return 0;
	case 'w':
		s->waiters = (uint8_t)atoi(value);
		return 0;
	case 't':
		s->timeout_ms = (uint32_t)atoi(value); /* snapshot_validate() checks the bounds */
		return 0;
	default:
		return -EINVAL;
	}
}

int
main(int argc, char **argv)
{
	struct snapshot_response response = {.generation = 0};
	struct snapshot *s = snapshot_new();
	static struct hello_response hello;
	const struct stats_header *stats;
	const char *directory = "/run/ephemera", *why = "";
	bool random_case = false;
	int option, fd, status;

	while (s != NULL && (option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'd') {
			directory = optarg;
		} else if (option_take(s, option, optarg, &random_case) != 0) {
			fprintf(stderr, "push: cannot read %s\n", argv[optind - 1]);
			return 2;
		}
	}
	if (s == NULL)
		return 2;
	for (uint32_t i = 0; i < s->upstream_count; i++)
		s->upstreams[i].random_case = random_case;
	allow_all(s);
	pool_make(s);
	snapshot_seal(s);
	if (snapshot_validate(s, s->size_bytes, &why) != 0) {
		fprintf(stderr, "push: %s\n", why);
		return 2;
	}
	fd = dataplane_connect(directory);
	status = fd < 0 ? fd : dataplane_hello(fd, &hello, &stats);
	if (status != 0) {
		fprintf(stderr, "push: %s/%s: %s\n", directory, MESSAGE_SOCKET_NAME,
			strerror(-status));
		return 3;
	}
	response.generation = hello.generation;
	if (s->service_count > 0)
		status = dataplane_put(fd, s, &response);
	if (status != 0) {
		fprintf(stderr, "push: refused: %s (%s)\n", response.why, strerror(-status));
		return 1;
	}
	state_print(&hello, response.generation, stats);
	free(s);
	close(fd);
	return 0;
}
