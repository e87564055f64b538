/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds runtime_dir and the sections dataplane, upstreams and protection, and calls the builders
 * of all sections in order. */
#include "control/config/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/address.h"

/* Hugepage memory that the dataplane needs, each figure slightly above what it allocates
 * (tests/unit/process/test_memory.c compares them): a flow with its share of the flow table's
 * pools; packet buffers, for interfaces with an MTU of 1,500; the rate limit table; and everything
 * else, including the loss by rounding up to pages. */
#define FLOW_BYTES		    184
#define BUFFER_BYTES		    2432
#define BUFFERS_FIXED		    4608
#define BUFFERS_OF_QUEUE	    6144 /* to be received, to be sent, and sent */
#define BUFFERS_OF_WORKER	    512
#define BUFFERS_OF_WORKER_INTERFACE 128
#define BUFFERS_BETWEEN_WORKERS	    8192 /* per worker, if there are two or more */
#define LIMIT_BYTES		    (2u << 20)
#define OTHER_BYTES		    (6u << 20)

bool
build_name_good(const char *name)
{
	static const char characters[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return name[strspn(name, characters)] == 0;
}

/* A worker polls without pause, so each needs a core of its own; the main core should not be one of
 * them. */
static void
dataplane_cores(struct build *b, const struct tree_node *mapping)
{
	struct config_dataplane *dataplane = &b->config->dataplane;
	const struct written_dataplane *written = &b->written->dataplane;
	const struct tree_node *n = tree_find(mapping, "worker_cores")->first;

	dataplane->main_core = (uint16_t)written->main_core;
	for (uint32_t i = 0; i < written->worker_cores_count; i++, n = n->next) {
		for (uint32_t j = 0; j < i; j++) {
			if (written->worker_cores[j] == written->worker_cores[i])
				fault_error(b->faults, n->line,
					    "dataplane.worker_cores: core %u is listed twice: give "
					    "each worker its own core",
					    written->worker_cores[i]);
		}
		if (written->worker_cores[i] == written->main_core)
			fault_warning(
				b->faults, n->line,
				"dataplane.worker_cores: core %u is also dataplane.main_core, so "
				"the main thread takes time from the worker: use different cores",
				written->main_core);
		dataplane->worker_cores[dataplane->worker_count++] =
			(uint16_t)written->worker_cores[i];
	}
}

uint64_t
build_memory_mb(uint32_t workers, uint32_t flows, uint32_t interfaces, uint32_t queues)
{
	uint64_t buffers = BUFFERS_FIXED + (uint64_t)queues * BUFFERS_OF_QUEUE;
	uint64_t each = BUFFERS_OF_WORKER + (uint64_t)interfaces * BUFFERS_OF_WORKER_INTERFACE +
			(workers > 1 ? BUFFERS_BETWEEN_WORKERS : 0);
	uint64_t bytes = (uint64_t)workers * flows * FLOW_BYTES +
			 (buffers + workers * each) * BUFFER_BYTES + LIMIT_BYTES + OTHER_BYTES;

	return (bytes + (1 << 20) - 1) >> 20;
}

static void
dataplane_memory(struct build *b, const struct tree_node *mapping)
{
	struct config_dataplane *dataplane = &b->config->dataplane;
	uint32_t flows = b->written->dataplane.flows_per_worker;
	uint32_t interfaces = b->written->dataplane.interfaces_count, queues = 0;
	uint64_t needed_mb;

	for (uint32_t i = 0; i < interfaces; i++)
		queues += b->written->dataplane.interfaces[i].queues;
	needed_mb = build_memory_mb(dataplane->worker_count, flows, interfaces, queues);
	dataplane->flows_per_worker = flows;
	dataplane->memory_mb = b->written->dataplane.memory_mb;
	if ((flows & (flows - 1)) != 0) {
		unsigned below = 1u << (31 - __builtin_clz(flows));

		fault_error(b->faults, tree_line(mapping, "flows_per_worker"),
			    "dataplane.flows_per_worker: %u is not a power of two: write %u or %u",
			    flows, below, 2 * below);
		return;
	}
	if (dataplane->memory_mb < needed_mb)
		fault_error(b->faults, tree_line(mapping, "memory_mb"),
			    "dataplane.memory_mb: %u MiB is not enough for %u worker%s with %u "
			    "flows each: write at least %llu",
			    dataplane->memory_mb, dataplane->worker_count,
			    dataplane->worker_count == 1 ? "" : "s", flows,
			    (unsigned long long)needed_mb);
}

/* Interface names become part of DPDK device arguments, where ',' and '=' are separators. */
static int
dataplane_interfaces(struct build *b, const struct tree_node *list)
{
	struct config_dataplane *dataplane = &b->config->dataplane;
	const struct written_interface *written = b->written->dataplane.interfaces;

	for (const struct tree_node *n = list->first; n != NULL; n = n->next, written++) {
		struct config_interface *interface =
			&dataplane->interfaces[dataplane->interface_count];
		unsigned line = tree_line(n, "xdp");
		char quote[FAULT_QUOTE_BYTES];

		if (!build_name_good(written->xdp) || strcmp(written->xdp, ".") == 0 ||
		    strcmp(written->xdp, "..") == 0)
			fault_error(b->faults, line,
				    "dataplane.interfaces.xdp: \"%s\" is not an interface name: "
				    "use letters, digits, '.', '_' and '-'",
				    fault_quote(written->xdp, quote));
		for (unsigned i = 0; i < dataplane->interface_count; i++) {
			if (strcmp(dataplane->interfaces[i].xdp, written->xdp) == 0)
				fault_error(
					b->faults, line,
					"dataplane.interfaces.xdp: %s is listed twice: remove one",
					fault_quote(written->xdp, quote));
		}
		interface->queues = (uint16_t)written->queues;
		interface->xdp = strdup(written->xdp);
		if (interface->xdp == NULL)
			return -ENOMEM;
		dataplane->interface_count++;
	}
	return 0;
}

static int
build_dataplane(struct build *b)
{
	const struct tree_node *mapping = tree_find(b->top, "dataplane");

	dataplane_cores(b, mapping);
	dataplane_memory(b, mapping);
	return dataplane_interfaces(b, tree_find(mapping, "interfaces"));
}

/* Reports an upstream whose name or address another upstream has, or whose address is one of our
 * service or source addresses. */
static void
server_duplicates(struct build *b, const struct tree_node *n, const struct config_upstream *server)
{
	const struct config *c = b->config;
	char text[ADDRESS_TEXT_BYTES];

	address_format(&server->address, text);
	for (const struct config_upstream *duplicate = c->upstreams; duplicate < server;
	     duplicate++) {
		if (strcmp(duplicate->name, server->name) == 0)
			fault_error(b->faults, tree_line(n, "name"),
				    "upstreams.servers.name: \"%s\" is used twice: give each "
				    "server its own name",
				    server->name);
		if (address_equal(&duplicate->address, &server->address) &&
		    duplicate->port == server->port)
			fault_error(b->faults, tree_line(n, "address"),
				    "upstreams.servers.address: %s port %u is already the address "
				    "of \"%s\": remove one of the two",
				    text, server->port, duplicate->name);
	}
	for (unsigned i = 0; i < c->service.listen_count; i++) {
		if (address_equal(&c->service.listen[i].address, &server->address)) {
			fault_error(b->faults, tree_line(n, "address"),
				    "upstreams.servers.address: %s is also a service address: "
				    "write the address of another host",
				    text);
			break;
		}
	}
	for (unsigned i = 0; i < c->source.address_count; i++) {
		if (address_equal(&c->source.addresses[i], &server->address))
			fault_error(b->faults, tree_line(n, "address"),
				    "upstreams.servers.address: %s is also a source address: write "
				    "the address of another host",
				    text);
	}
}

static void
server_family(struct build *b, const struct tree_node *n, const struct config_upstream *server)
{
	const struct config_source *source = &b->config->source;
	const char *family = address_is_ipv4(&server->address) ? "IPv4" : "IPv6";

	for (unsigned i = 0; i < source->address_count; i++) {
		if (address_is_ipv4(&source->addresses[i]) == address_is_ipv4(&server->address))
			return;
	}
	fault_error(b->faults, tree_line(n, "address"),
		    "upstreams.servers.address: \"%s\" has an %s address, but no source address is "
		    "%s: add one to source.addresses",
		    server->name, family, family);
}

static void
build_servers(struct build *b, const struct tree_node *list)
{
	struct config *c = b->config;
	const struct written_server *written = b->written->upstreams.servers;

	for (const struct tree_node *n = list->first; n != NULL; n = n->next, written++) {
		struct config_upstream *server = &c->upstreams[c->upstream_count];
		char quote[FAULT_QUOTE_BYTES];

		if (!build_name_good(written->name)) {
			fault_error(b->faults, tree_line(n, "name"),
				    "upstreams.servers.name: \"%s\" has invalid characters: use "
				    "letters, digits, '.', '_' and '-'",
				    fault_quote(written->name, quote));
			continue;
		}
		strcpy(server->name, written->name);
		server->port = (uint16_t)written->port;
		server->weight = (uint16_t)written->weight;
		server->random_case = (written->random_case != SWITCH_UNSET
					       ? written->random_case
					       : b->written->protection.random_case) == SWITCH_ON;
		if (!build_address(b, tree_find(n, "address"), written->address, &server->address))
			continue;
		server_duplicates(b, n, server);
		if (b->sources_good)
			server_family(b, n, server);
		c->upstream_count++;
	}
}

static int
build_upstreams(struct build *b)
{
	const struct tree_node *mapping = tree_find(b->top, "upstreams");

	b->config->timeout_ms = b->written->upstreams.timeout_ms;
	b->config->healthy_min_percent = b->written->upstreams.healthy_min_percent;
	build_probe(b);
	build_passive(b);
	build_servers(b, tree_find(mapping, "servers"));
	return 0;
}

/* The schema's ranges are all that is checked; random_case is resolved per server. */
static int
build_protection(struct build *b)
{
	const struct written_protection *written = &b->written->protection;

	b->config->protection = (struct config_protection){
		.coalesce = written->coalesce == SWITCH_ON,
		.waiters = (uint8_t)written->waiters,
		.near_miss = written->near_miss,
		.near_misses = (uint8_t)written->near_misses,
		.edns_bytes = (uint16_t)written->edns_bytes,
	};
	return 0;
}

static int
build_runtime_dir(struct build *b)
{
	const char *dir = b->written->runtime_dir;
	char quote[FAULT_QUOTE_BYTES];

	if (dir[0] != '/')
		fault_error(b->faults, tree_line(b->top, "runtime_dir"),
			    "runtime_dir: \"%s\" is not an absolute path: start it with /",
			    fault_quote(dir, quote));
	b->config->runtime_dir = strdup(dir);
	return b->config->runtime_dir != NULL ? 0 : -ENOMEM;
}

int
config_build(struct build *b)
{
	/* In this order: upstreams are compared with sources and services, services with sources,
	 * and routes refer to pools. */
	static int (*const parts[])(struct build *) = {
		build_runtime_dir, build_dataplane, build_source, build_service, build_limit,
		build_protection,  build_upstreams, build_pools,  build_routes,	 build_http,
	};

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		int err = parts[i](b);

		if (err != 0)
			return err;
	}
	build_pools_unused(b);
	return 0;
}
