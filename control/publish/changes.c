/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares two configurations section by section. */
#include "control/publish/changes.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "control/lib/address.h"
#include "control/lib/question.h"
#include "control/publish/changes_pvt.h"
#include "control/state/slots.h"

/* Upstreams */

/* How long removed upstreams and sources are still accepted from: derived from the longest life of
 * a flow in either configuration. */
static double
linger_s(const struct changes *changes)
{
	uint32_t lives_ms = changes->before->timeout_ms;

	if (changes->before->probe.timeout_ms > lives_ms)
		lives_ms = changes->before->probe.timeout_ms;
	if (changes->after->timeout_ms > lives_ms)
		lives_ms = changes->after->timeout_ms;
	if (changes->after->probe.timeout_ms > lives_ms)
		lives_ms = changes->after->probe.timeout_ms;
	return (double)slots_linger_ns(lives_ms) / 1e9;
}

static void
describe_upstreams(struct changes *changes)
{
	const struct config *before = changes->before, *after = changes->after;
	char address[ADDRESS_PORT_TEXT_BYTES];

	for (unsigned i = 0; i < after->upstream_count; i++) {
		const struct config_upstream *now = &after->upstreams[i],
					     *was = change_upstream_find(before, now);

		address_port_format(&now->address, now->port, address);
		if (was == NULL)
			change(changes, "upstream %s (%s) added", now->name, address);
		else if (strcmp(was->name, now->name) != 0)
			change(changes, "upstream %s (%s) renamed to %s", was->name, address,
			       now->name);
		if (was != NULL && was->random_case != now->random_case)
			change(changes, "upstream %s (%s): random_case: from %s to %s", now->name,
			       address, was->random_case ? "true" : "false",
			       now->random_case ? "true" : "false");
		if (was != NULL && was->weight != now->weight)
			change(changes, "upstream %s (%s): weight from %u to %u", now->name,
			       address, was->weight, now->weight);
	}
	for (unsigned i = 0; i < before->upstream_count; i++) {
		const struct config_upstream *was = &before->upstreams[i];

		address_port_format(&was->address, was->port, address);
		if (change_upstream_find(after, was) == NULL)
			change(changes,
			       "upstream %s (%s) removed; its responses are accepted for another "
			       "%.1f s",
			       was->name, address, linger_s(changes));
	}
}

/* Services */

static const struct config_listen *
listen_find(const struct config_service *service, const struct config_listen *wanted)
{
	for (unsigned i = 0; i < service->listen_count; i++)
		if (service->listen[i].port == wanted->port &&
		    address_equal(&service->listen[i].address, &wanted->address))
			return &service->listen[i];
	return NULL;
}

static void
describe_listen(struct changes *changes, const struct config_service *of,
		const struct config_service *without, const char *what)
{
	char address[ADDRESS_PORT_TEXT_BYTES];

	for (unsigned i = 0; i < of->listen_count; i++)
		if (listen_find(without, &of->listen[i]) == NULL)
			change(changes, "service address %s %s",
			       address_port_format(&of->listen[i].address, of->listen[i].port,
						   address),
			       what);
}

/* Whether the list of clients changed in the same way for all addresses that stay, as it does if
 * they use service.allow; then *was and *now are these lists. */
static bool
allow_same(const struct changes *changes, const struct config_ranges **was,
	   const struct config_ranges **now)
{
	*was = *now = NULL;
	for (unsigned i = 0; i < changes->after->service.listen_count; i++) {
		const struct config_listen *after = &changes->after->service.listen[i];
		const struct config_listen *before = listen_find(&changes->before->service, after);

		if (before == NULL)
			continue;
		if (*was != NULL && !(config_ranges_same(*was, &before->allow) &&
				      config_ranges_same(*now, &after->allow)))
			return false;
		*was = &before->allow;
		*now = &after->allow;
	}
	return *was != NULL;
}

static void
describe_listen_settings(struct changes *changes)
{
	const struct config_ranges *before, *after;
	bool same = allow_same(changes, &before, &after);

	if (same)
		change_ranges(changes, "service.allow", before, after);
	for (unsigned i = 0; i < changes->after->service.listen_count; i++) {
		const struct config_listen *now = &changes->after->service.listen[i];
		const struct config_listen *was = listen_find(&changes->before->service, now);
		char address[ADDRESS_PORT_TEXT_BYTES],
			key[sizeof("service address : allow") + sizeof(address)];

		if (was == NULL)
			continue;
		address_port_format(&now->address, now->port, address);
		snprintf(key, sizeof(key), "service address %s: pool", address);
		change_word(changes, key, changes->before->pools[was->pool].name,
			    changes->after->pools[now->pool].name);
		snprintf(key, sizeof(key), "service address %s: allow", address);
		if (!same)
			change_ranges(changes, key, &was->allow, &now->allow);
	}
}

static const char *const refusals[] = {[REFUSAL_DROP] = "drop", [REFUSAL_REFUSE] = "refuse"};

static void
describe_service(struct changes *changes)
{
	static const char *const no_upstream[] = {
		[NO_UPSTREAM_SERVFAIL] = "servfail", [NO_UPSTREAM_KEEP_TRYING] = "keep-trying"};
	const struct config_service *before = &changes->before->service,
				    *after = &changes->after->service;

	describe_listen(changes, after, before, "added");
	describe_listen(changes, before, after, "removed");
	describe_listen_settings(changes);
	change_word(changes, "service.not_allowed", refusals[before->not_allowed],
		    refusals[after->not_allowed]);
	change_word(changes, "service.no_upstream", no_upstream[before->no_upstream],
		    no_upstream[after->no_upstream]);
}

static void
describe_limit(struct changes *changes)
{
	const struct config_limit *before = &changes->before->limit,
				  *after = &changes->after->limit;

	if (after->queries_per_second == 0 && before->queries_per_second != 0)
		change(changes, "rate_limit: off");
	else if (before->queries_per_second == 0 && after->queries_per_second != 0)
		change(changes, "rate_limit: on, %u queries per second", after->queries_per_second);
	if (before->queries_per_second == 0 || after->queries_per_second == 0)
		return;
	change_number(changes, "rate_limit.queries_per_second", before->queries_per_second,
		      after->queries_per_second);
	change_number(changes, "rate_limit.burst", before->burst, after->burst);
	change_number(changes, "rate_limit.ipv4_prefix", before->prefix4, after->prefix4);
	change_number(changes, "rate_limit.ipv6_prefix", before->prefix6, after->prefix6);
	change_word(changes, "rate_limit.over_limit", refusals[before->refusal],
		    refusals[after->refusal]);
	change_number(changes, "rate_limit.truncate_every", before->truncate_every,
		      after->truncate_every);
	change_ranges(changes, "rate_limit.exempt", &before->exempt, &after->exempt);
}

/* Sources */

static bool
source_exists(const struct config_source *source, const struct address *wanted)
{
	for (unsigned i = 0; i < source->address_count; i++)
		if (address_equal(&source->addresses[i], wanted))
			return true;
	return false;
}

static void
describe_sources(struct changes *changes)
{
	const struct config_source *before = &changes->before->source,
				   *after = &changes->after->source;
	char address[ADDRESS_TEXT_BYTES];

	for (unsigned i = 0; i < after->address_count; i++)
		if (!source_exists(before, &after->addresses[i]))
			change(changes, "source address %s added",
			       address_format(&after->addresses[i], address));
	for (unsigned i = 0; i < before->address_count; i++)
		if (!source_exists(after, &before->addresses[i]))
			change(changes,
			       "source address %s removed; responses to it are accepted for "
			       "another %.1f s",
			       address_format(&before->addresses[i], address), linger_s(changes));
	if (memcmp(before->ports, after->ports, sizeof(before->ports)) != 0)
		change(changes, "source ports: from %u-%u (%u ports) to %u-%u (%u ports)",
		       before->first_port, before->last_port, before->port_count, after->first_port,
		       after->last_port, after->port_count);
}

/* The rest */

/* The names of the response codes, in `text` (QUESTION_TEXT_BYTES). */
static const char *
rcodes_format(uint16_t rcodes, char *text)
{
	char name[QUESTION_RCODE_TEXT_BYTES];

	text[0] = 0;
	for (uint8_t i = 0; i < 16; i++) {
		if (!(rcodes >> i & 1))
			continue;
		if (text[0] != 0)
			strcat(text, ", ");
		strcat(text, question_rcode_format(i, name));
	}
	return text;
}

static void
describe_probe(struct changes *changes)
{
	const struct config_probe *before = &changes->before->probe,
				  *after = &changes->after->probe;
	char was[QUESTION_TEXT_BYTES], now[QUESTION_TEXT_BYTES];

	question_format(before->question, before->question_bytes, was);
	question_format(after->question, after->question_bytes, now);
	if (strcmp(was, now) != 0)
		change(changes, "upstreams.probe: from %s to %s", was, now);
	change_number(changes, "upstreams.probe.interval_ms", before->interval_ms,
		      after->interval_ms);
	change_number(changes, "upstreams.probe.timeout_ms", before->timeout_ms, after->timeout_ms);
	change_number(changes, "upstreams.probe.rise", before->rise, after->rise);
	change_number(changes, "upstreams.probe.fall", before->fall, after->fall);
	change_word(changes, "upstreams.probe.good", rcodes_format(before->good_rcodes, was),
		    rcodes_format(after->good_rcodes, now));
}

static void
describe_passive(struct changes *changes)
{
	const struct config_passive *before = &changes->before->passive,
				    *after = &changes->after->passive;

	if (before->on != after->on)
		change(changes, "upstreams.passive: %s", after->on ? "on" : "off");
	if (!before->on || !after->on)
		return;
	change_number(changes, "upstreams.passive.responses", before->responses, after->responses);
	change_number(changes, "upstreams.passive.timeout_percent", before->timeout_percent,
		      after->timeout_percent);
	change_number(changes, "upstreams.passive.servfail_percent", before->servfail_percent,
		      after->servfail_percent);
}

static const char *
http_format(const struct config_http *http, char text[ADDRESS_PORT_TEXT_BYTES])
{
	return http->on ? address_port_format(&http->address, http->port, text) : "off";
}

static void
describe_http(struct changes *changes)
{
	char was[ADDRESS_PORT_TEXT_BYTES], now[ADDRESS_PORT_TEXT_BYTES];

	change_word(changes, "http", http_format(&changes->before->http, was),
		    http_format(&changes->after->http, now));
}

static void
describe_protection(struct changes *changes)
{
	static const char *const near_miss[] = {
		[NEAR_MISS_COUNT] = "count", [NEAR_MISS_TRUNCATE] = "truncate"};
	const struct config_protection *before = &changes->before->protection;
	const struct config_protection *after = &changes->after->protection;

	change_word(changes, "protection.coalesce", before->coalesce ? "true" : "false",
		    after->coalesce ? "true" : "false");
	change_number(changes, "protection.waiters", before->waiters, after->waiters);
	change_word(changes, "protection.near_miss", near_miss[before->near_miss],
		    near_miss[after->near_miss]);
	change_number(changes, "protection.near_misses", before->near_misses, after->near_misses);
	change_number(changes, "protection.edns_bytes", before->edns_bytes, after->edns_bytes);
}

void
changes_describe(const struct config *before, const struct config *after,
		 void (*line)(void *owner, const char *text), void *owner)
{
	struct changes changes = {.before = before, .after = after, .line = line, .owner = owner};
	char more[64];

	describe_upstreams(&changes);
	describe_service(&changes);
	describe_limit(&changes);
	describe_sources(&changes);
	describe_protection(&changes);
	change_pools(&changes);
	change_routes(&changes);
	change_number(&changes, "upstreams.timeout_ms", before->timeout_ms, after->timeout_ms);
	change_number(&changes, "upstreams.healthy_min_percent", before->healthy_min_percent,
		      after->healthy_min_percent);
	describe_probe(&changes);
	describe_passive(&changes);
	describe_http(&changes);
	if (changes.count < CHANGES_LINES_MAX)
		return;
	snprintf(more, sizeof(more), "and %u more changes",
		 changes.count - (CHANGES_LINES_MAX - 1));
	line(owner, more);
}
