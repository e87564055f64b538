/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares two configurations thing by thing. */
#include "changes.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "address.h"
#include "question.h"
#include "slots.h"

struct changes {
	const struct config *before, *after;
	void (*line)(void *owner, const char *text);
	void *owner;
	unsigned count;
};

static void __attribute__((format(printf, 2, 3))) change(struct changes *changes, const char *format, ...)
{
	char text[256 + QUESTION_TEXT_BYTES];
	va_list arguments;

	if (++changes->count >= CHANGES_LINES_MAX)
		return; /* changes_describe() says how many */
	va_start(arguments, format);
	vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	changes->line(changes->owner, text);
}

static void
change_number(struct changes *changes, const char *key, uint64_t before, uint64_t after)
{
	if (before != after)
		change(changes, "%s: from %" PRIu64 " to %" PRIu64, key, before, after);
}

/* Upstreams */

static const struct config_upstream *
upstream_find(const struct config *config, const struct config_upstream *wanted)
{
	for (unsigned i = 0; i < config->upstream_count; i++)
		if (config->upstreams[i].port == wanted->port &&
		    address_equal(&config->upstreams[i].address, &wanted->address))
			return &config->upstreams[i];
	return NULL;
}

/* The longest that a flow of either configuration lives, and what is removed is kept for. */
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
		const struct config_upstream *now = &after->upstreams[i], *was = upstream_find(before, now);

		address_port_format(&now->address, now->port, address);
		if (was == NULL)
			change(changes, "upstream %s (%s) added", now->name, address);
		else if (strcmp(was->name, now->name) != 0)
			change(changes, "upstream %s (%s) renamed to %s", was->name, address, now->name);
		if (was != NULL && was->random_case != now->random_case)
			change(changes, "upstream %s (%s): the case of questions is %s", now->name, address,
			       now->random_case ? "drawn at random from now on" : "not drawn any more");
	}
	for (unsigned i = 0; i < before->upstream_count; i++) {
		const struct config_upstream *was = &before->upstreams[i];

		address_port_format(&was->address, was->port, address);
		if (upstream_find(after, was) == NULL)
			change(changes, "upstream %s (%s) removed; its replies are taken for another %.1f s",
			       was->name, address, linger_s(changes));
	}
}

/* Services */

static bool
listen_exists(const struct config_service *service, const struct config_listen *wanted)
{
	for (unsigned i = 0; i < service->listen_count; i++)
		if (service->listen[i].port == wanted->port &&
		    address_equal(&service->listen[i].address, &wanted->address))
			return true;
	return false;
}

static void
describe_listen(struct changes *changes, const struct config_service *of,
		const struct config_service *without, const char *what)
{
	char address[ADDRESS_PORT_TEXT_BYTES];

	for (unsigned i = 0; i < of->listen_count; i++)
		if (!listen_exists(without, &of->listen[i]))
			change(changes, "service address %s %s",
			       address_port_format(&of->listen[i].address, of->listen[i].port, address),
			       what);
}

static void
describe_service(struct changes *changes)
{
	static const char *const no_upstream[] = {
		[NO_UPSTREAM_SERVFAIL] = "servfail", [NO_UPSTREAM_KEEP_TRYING] = "keep-trying"};
	const struct config_service *before = &changes->before->service, *after = &changes->after->service;

	describe_listen(changes, after, before, "added");
	describe_listen(changes, before, after, "removed");
	for (unsigned i = 0; i < 1 && before->listen_count > 0 && after->listen_count > 0; i++) {
		const struct config_ranges *was = &before->listen[i].allow, *now = &after->listen[i].allow;

		if (was->count != now->count ||
		    (now->count > 0 &&
		     memcmp(was->ranges, now->ranges, now->count * sizeof(now->ranges[0])) != 0))
			change(changes, "service.allow: from %u ranges to %u%s", was->count, now->count,
			       was->count == now->count ? " others" : "");
	}
	if (before->no_upstream != after->no_upstream)
		change(changes, "service.no_upstream: from %s to %s", no_upstream[before->no_upstream],
		       no_upstream[after->no_upstream]);
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
	const struct config_source *before = &changes->before->source, *after = &changes->after->source;
	char address[ADDRESS_TEXT_BYTES];

	for (unsigned i = 0; i < after->address_count; i++)
		if (!source_exists(before, &after->addresses[i]))
			change(changes, "source address %s added",
			       address_format(&after->addresses[i], address));
	for (unsigned i = 0; i < before->address_count; i++)
		if (!source_exists(after, &before->addresses[i]))
			change(changes,
			       "source address %s removed; replies to it are taken for another %.1f s",
			       address_format(&before->addresses[i], address), linger_s(changes));
	if (memcmp(before->ports, after->ports, sizeof(before->ports)) != 0)
		change(changes, "source ports: from %u-%u (%u ports) to %u-%u (%u ports)", before->first_port,
		       before->last_port, before->port_count, after->first_port, after->last_port,
		       after->port_count);
}

/* The rest */

static void
describe_probe(struct changes *changes)
{
	const struct config_probe *before = &changes->before->probe, *after = &changes->after->probe;
	char was[QUESTION_TEXT_BYTES], now[QUESTION_TEXT_BYTES];

	question_format(before->question, before->question_bytes, was);
	question_format(after->question, after->question_bytes, now);
	if (strcmp(was, now) != 0)
		change(changes, "upstreams.probe: now asks %s", now);
	change_number(changes, "upstreams.probe.interval_ms", before->interval_ms, after->interval_ms);
	change_number(changes, "upstreams.probe.timeout_ms", before->timeout_ms, after->timeout_ms);
	change_number(changes, "upstreams.probe.rise", before->rise, after->rise);
	change_number(changes, "upstreams.probe.fall", before->fall, after->fall);
}

static void
describe_protection(struct changes *changes)
{
	static const char *const near_miss[] = {
		[NEAR_MISS_COUNT] = "count", [NEAR_MISS_TRUNCATE] = "truncate"};
	const struct config_protection *before = &changes->before->protection;
	const struct config_protection *after = &changes->after->protection;

	if (before->coalesce != after->coalesce)
		change(changes, "protection.coalesce: from %s to %s", before->coalesce ? "true" : "false",
		       after->coalesce ? "true" : "false");
	change_number(changes, "protection.waiters", before->waiters, after->waiters);
	if (before->near_miss != after->near_miss)
		change(changes, "protection.near_miss: from %s to %s", near_miss[before->near_miss],
		       near_miss[after->near_miss]);
	change_number(changes, "protection.near_misses", before->near_misses, after->near_misses);
	change_number(changes, "protection.edns_bytes", before->edns_bytes, after->edns_bytes);
}

void
changes_describe(const struct config *before, const struct config *after,
		 void (*line)(void *owner, const char *text), void *owner)
{
	static const char *const policies[] = {
		[POLICY_ROUND_ROBIN] = "round-robin", [POLICY_LEAST_OUTSTANDING] = "least-outstanding",
		[POLICY_RANDOM] = "random",		  [POLICY_HASH] = "hash",
		[POLICY_FIRST] = "first"};
	struct changes changes = {.before = before, .after = after, .line = line, .owner = owner};
	char more[64];

	describe_upstreams(&changes);
	describe_service(&changes);
	describe_sources(&changes);
	describe_protection(&changes);
	if (before->pools[0].policy != after->pools[0].policy)
		change(&changes, "upstreams.policy: from %s to %s", policies[before->pools[0].policy],
		       policies[after->pools[0].policy]);
	change_number(&changes, "upstreams.timeout_ms", before->timeout_ms, after->timeout_ms);
	describe_probe(&changes);
	if (changes.count < CHANGES_LINES_MAX)
		return;
	snprintf(more, sizeof(more), "and %u changes more", changes.count - (CHANGES_LINES_MAX - 1));
	line(owner, more);
}
