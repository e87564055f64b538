/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the sections of addresses and ports: source, service, rate_limit and http. */
#include "control/config/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/address.h"

#define SOURCE_PORTS_FEW 1024 /* warn below this: fewer than ten bits */

bool
build_address(struct build *b, const struct tree_node *node, const char *text,
	      struct address *address)
{
	char path[TREE_PATH_BYTES], quote[FAULT_QUOTE_BYTES];

	if (address_parse(text, address) != 0) {
		fault_error(
			b->faults, node->line,
			"%s: \"%s\" is not an IP address: write one like 192.0.2.1 or 2001:db8::1",
			tree_path(node, path), fault_quote(text, quote));
		return false;
	}
	if (!address_is_host(address)) {
		fault_error(b->faults, node->line,
			    "%s: %s cannot be used: write a unicast address that is not loopback "
			    "or link-local",
			    tree_path(node, path), fault_quote(text, quote));
		return false;
	}
	return true;
}

static bool
port_parse(const char **text, uint16_t *port)
{
	size_t digits = strspn(*text, "0123456789");
	unsigned long value;

	if (digits == 0 || digits > 5 || (**text == '0' && digits > 1))
		return false;
	value = strtoul(*text, NULL, 10);
	*text += digits;
	*port = (uint16_t)value;
	return value <= UINT16_MAX;
}

/* "first-last", or one port. */
static bool
ports_parse(const char *text, uint16_t *first, uint16_t *last)
{
	if (!port_parse(&text, first))
		return false;
	*last = *first;
	if (*text == 0)
		return true;
	text++;
	return text[-1] == '-' && port_parse(&text, last) && *text == 0 && *first <= *last;
}

static void
source_exclude(struct build *b, const struct tree_node *list)
{
	struct config_source *source = &b->config->source;
	const struct tree_node *n = list != NULL ? list->first : NULL;

	for (; n != NULL; n = n->next) {
		char quote[FAULT_QUOTE_BYTES];
		uint16_t first, last;

		fault_quote(n->text, quote);
		if (!ports_parse(n->text, &first, &last)) {
			fault_error(b->faults, n->line,
				    "source.exclude: \"%s\" is neither a port nor a range "
				    "first-last: write 50000 or 60000-60010",
				    quote);
			continue;
		}
		if (first < source->first_port || last > source->last_port)
			fault_warning(
				b->faults, n->line,
				"source.exclude: %s is outside source.ports, %u-%u: remove it",
				quote, source->first_port, source->last_port);
		for (unsigned port = first; port <= last; port++)
			source->ports[port >> 6] &= ~(UINT64_C(1) << (port & 63));
	}
}

static void
source_ports(struct build *b, const struct tree_node *mapping)
{
	struct config_source *source = &b->config->source;
	const struct tree_node *node = tree_find(mapping, "ports");
	unsigned line = node != NULL ? node->line : mapping->line;
	char quote[FAULT_QUOTE_BYTES];

	fault_quote(b->written->source.ports, quote);
	if (!ports_parse(b->written->source.ports, &source->first_port, &source->last_port)) {
		fault_error(b->faults, line,
			    "source.ports: \"%s\" is not a range of ports: write first-last, like "
			    "49152-65535",
			    quote);
		return;
	}
	if (source->first_port < SNAPSHOT_SOURCE_PORT_MIN) {
		fault_error(b->faults, line,
			    "source.ports: %s starts below %u, in the range of well-known "
			    "services: start at %u or above",
			    quote, SNAPSHOT_SOURCE_PORT_MIN, SNAPSHOT_SOURCE_PORT_MIN);
		return;
	}
	for (unsigned port = source->first_port; port <= source->last_port; port++)
		bitmap_set(source->ports, (uint16_t)port);
	source_exclude(b, tree_find(mapping, "exclude"));
	for (unsigned i = 0; i < SNAPSHOT_BITMAP_WORDS; i++)
		source->port_count += (unsigned)__builtin_popcountll(source->ports[i]);
	if (source->port_count == 0)
		fault_error(b->faults, line,
			    "source.ports: no port of %s is left after source.exclude: exclude "
			    "fewer ports or widen the range",
			    quote);
	else if (source->port_count < SOURCE_PORTS_FEW)
		fault_warning(b->faults, line,
			      "source.ports: %u ports are easy to guess: widen the range, for "
			      "example to 49152-65535",
			      source->port_count);
}

/* Adds the addresses of one entry of source.addresses. */
static void
source_range_add(struct build *b, const struct tree_node *n)
{
	struct config_source *source = &b->config->source;
	char quote[FAULT_QUOTE_BYTES], text[ADDRESS_TEXT_BYTES];
	struct address_range range;
	const char *why;

	fault_quote(n->text, quote);
	if (address_range_parse(n->text, &range, &why) != 0) {
		fault_error(
			b->faults, n->line,
			"source.addresses: \"%s\": %s: write an address, first-last, or a prefix",
			quote, why);
		return;
	}
	if (address_range_count(&range) > SNAPSHOT_SOURCES_MAX - source->address_count) {
		fault_error(b->faults, n->line,
			    "source.addresses: more than %u addresses with \"%s\": list fewer",
			    SNAPSHOT_SOURCES_MAX, quote);
		return;
	}
	for (struct address a = range.first;; a = address_next(&a)) {
		address_format(&a, text);
		if (!build_address(b, n, text, &a))
			return;
		for (unsigned i = 0; i < source->address_count; i++) {
			if (address_equal(&source->addresses[i], &a)) {
				fault_error(b->faults, n->line,
					    "source.addresses: %s is listed twice: remove one",
					    text);
				return;
			}
		}
		source->addresses[source->address_count++] = a;
		if (address_equal(&a, &range.last))
			return;
	}
}

int
build_source(struct build *b)
{
	const struct tree_node *mapping = tree_find(b->top, "source");
	const struct tree_node *n;
	unsigned errors;

	source_ports(b, mapping);
	errors = b->faults->errors;
	for (n = tree_find(mapping, "addresses")->first; n != NULL; n = n->next)
		source_range_add(b, n);
	b->sources_good = b->faults->errors == errors;
	return 0;
}

static void
service_listen(struct build *b, const struct tree_node *list)
{
	struct config_service *service = &b->config->service;
	const struct written_listen *written = b->written->service.addresses;
	const struct config_source *source = &b->config->source;

	for (const struct tree_node *n = list->first; n != NULL; n = n->next, written++) {
		const struct tree_node *node = tree_find(n, "address");
		struct config_listen *listen = &service->listen[service->listen_count];

		listen->port = (uint16_t)written->port;
		if (!build_address(b, node, written->address, &listen->address))
			continue;
		for (unsigned i = 0; i < service->listen_count; i++) {
			if (address_equal(&service->listen[i].address, &listen->address) &&
			    service->listen[i].port == listen->port)
				fault_error(b->faults, node->line,
					    "service.addresses.address: %s port %u is listed "
					    "twice: remove one",
					    written->address, listen->port);
		}
		for (unsigned i = 0; i < source->address_count; i++) {
			if (address_equal(&source->addresses[i], &listen->address))
				fault_error(b->faults, node->line,
					    "service.addresses.address: %s is also a source "
					    "address: use different addresses for the two",
					    written->address);
		}
		service->listen_count++;
	}
}

/* Builds the ranges of a list of addresses, ranges and prefixes; `list` is its node (NULL: it is
 * the default), `key` its path. */
static int
ranges_build(struct build *b, const struct tree_node *list, const char *key,
	     const char *const *texts, uint32_t count, struct config_ranges *ranges)
{
	const struct tree_node *n = list != NULL ? list->first : NULL;

	if (count == 0)
		return 0;
	ranges->ranges = calloc(2 * (size_t)count, sizeof(*ranges->ranges));
	if (ranges->ranges == NULL)
		return -ENOMEM;
	for (uint32_t i = 0; i < count; i++, n = n != NULL ? n->next : NULL) {
		struct address_range range;
		char quote[FAULT_QUOTE_BYTES];
		const char *why;

		if (address_range_parse(texts[i], &range, &why) == 0)
			ranges->count +=
				address_range_split(&range, ranges->ranges + ranges->count);
		else
			fault_error(b->faults, n != NULL ? n->line : 0,
				    "%s: \"%s\": %s: write an address, first-last, or a prefix",
				    key, fault_quote(texts[i], quote), why);
	}
	ranges->count = address_ranges_merge(ranges->ranges, ranges->count);
	return 0;
}

static int
ranges_copy(const struct config_ranges *from, struct config_ranges *to)
{
	if (from->count == 0)
		return 0;
	to->ranges = calloc(from->count, sizeof(*to->ranges));
	if (to->ranges == NULL)
		return -ENOMEM;
	memcpy(to->ranges, from->ranges, from->count * sizeof(*to->ranges));
	to->count = from->count;
	return 0;
}

/* Each address gets its own list, or a copy of service.allow. After a fault, addresses are missing
 * and the lists may be matched to the wrong ones; the configuration is then discarded anyway. */
static int
service_allow(struct build *b, const struct tree_node *mapping)
{
	struct config_service *service = &b->config->service;
	const struct written_service *written = &b->written->service;
	const struct tree_node *n = tree_find(mapping, "addresses")->first;
	struct config_ranges all = {0};
	int err = ranges_build(b, tree_find(mapping, "allow"), "service.allow", written->allow,
			       written->allow_count, &all);

	for (unsigned i = 0; i < service->listen_count && err == 0; i++, n = n->next) {
		const struct written_listen *listen = &written->addresses[i];

		err = listen->allow_count > 0
			      ? ranges_build(b, tree_find(n, "allow"), "service.addresses.allow",
					     listen->allow, listen->allow_count,
					     &service->listen[i].allow)
			      : ranges_copy(&all, &service->listen[i].allow);
	}
	free(all.ranges);
	return err;
}

int
build_service(struct build *b)
{
	const struct tree_node *mapping = tree_find(b->top, "service");

	service_listen(b, tree_find(mapping, "addresses"));
	b->config->service.not_allowed = b->written->service.not_allowed;
	b->config->service.no_upstream = b->written->service.no_upstream;
	return service_allow(b, mapping);
}

bool
config_ranges_same(const struct config_ranges *a, const struct config_ranges *b)
{
	return a->count == b->count &&
	       (a->count == 0 || memcmp(a->ranges, b->ranges, a->count * sizeof(*a->ranges)) == 0);
}

/* Checks that all ranges fit into the snapshot, where addresses with equal lists share one. */
static void
ranges_count(struct build *b)
{
	const struct config_service *service = &b->config->service;
	uint64_t count = b->config->limit.exempt.count;

	for (unsigned i = 0; i < service->listen_count; i++) {
		unsigned duplicate = 0;

		while (duplicate < i && !config_ranges_same(&service->listen[duplicate].allow,
							    &service->listen[i].allow))
			duplicate++;
		if (duplicate == i)
			count += service->listen[i].allow.count;
	}
	if (count > SNAPSHOT_RANGES_MAX)
		fault_error(b->faults, tree_find(b->top, "service")->line,
			    "service: %llu address ranges in all lists together, more than %u: "
			    "merge some",
			    (unsigned long long)count, SNAPSHOT_RANGES_MAX);
}

int
build_limit(struct build *b)
{
	struct config_limit *limit = &b->config->limit;
	const struct written_rate_limit *written = &b->written->rate_limit;
	const struct tree_node *mapping = tree_find(b->top, "rate_limit");
	int err;

	limit->queries_per_second = written->queries_per_second;
	limit->burst = written->burst != 0 ? written->burst : written->queries_per_second;
	limit->prefix4 = (uint8_t)written->ipv4_prefix;
	limit->prefix6 = (uint8_t)written->ipv6_prefix;
	limit->refusal = written->over_limit;
	limit->truncate_every = written->truncate_every;
	err = ranges_build(b, tree_find(mapping, "exempt"), "rate_limit.exempt", written->exempt,
			   written->exempt_count, &limit->exempt);
	if (err == 0)
		ranges_count(b);
	return err;
}

/* Unlike other addresses, this one may be loopback or unspecified (all addresses of the host). */
int
build_http(struct build *b)
{
	static const struct address every_ipv6, loopback_ipv6 = {.bytes = {[15] = 1}};
	struct config_http *http = &b->config->http;
	const struct written_http *written = &b->written->http;
	const struct tree_node *mapping = tree_find(b->top, "http");
	char quote[FAULT_QUOTE_BYTES];
	bool good = address_parse(written->address, &http->address) == 0;

	if (good && address_is_ipv4(&http->address))
		good = http->address.bytes[12] < 224;
	else if (good)
		good = address_equal(&http->address, &every_ipv6) ||
		       address_equal(&http->address, &loopback_ipv6) ||
		       address_is_host(&http->address);
	if (!good)
		fault_error(b->faults, mapping != NULL ? tree_line(mapping, "address") : 0,
			    "http.address: \"%s\" is not an address to listen on: write 127.0.0.1, "
			    "::1, or an address of this host",
			    fault_quote(written->address, quote));
	http->port = (uint16_t)written->port;
	http->on = written->port != 0;
	return 0;
}
