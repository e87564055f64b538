/* SPDX-License-Identifier: BSD-3-Clause */
/* Makes configurations from short texts. */
#include "tests/unit/state/control_config.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/lib/address.h"

static uint16_t
address_port_parse(char *word, struct address *address)
{
	char *port = strchr(word, '#');

	if (port != NULL)
		*port++ = 0;
	if (address_parse(word, address) != 0)
		abort();
	return port == NULL ? 0 : (uint16_t)atoi(port);
}

static void
upstream_add(struct config *config, char *word)
{
	struct config_upstream *upstream = &config->upstreams[config->upstream_count++];
	char *equals = strchr(word, '=');

	if (equals != NULL) {
		*equals = 0;
		snprintf(upstream->name, sizeof(upstream->name), "%s", word);
		word = equals + 1;
	} else {
		snprintf(upstream->name, sizeof(upstream->name), "u%u", config->upstream_count);
	}
	upstream->port = address_port_parse(word, &upstream->address);
	upstream->weight = 1;
	upstream->random_case = true;
}

static void
service_add(struct config *config, char *word)
{
	struct config_listen *listen = &config->service.listen[config->service.listen_count++];

	listen->port = address_port_parse(word, &listen->address);
}

static void
source_add(struct config *config, char *word)
{
	address_port_parse(word, &config->source.addresses[config->source.address_count++]);
}

static void
words_add(struct config *config, const char *text, void (*add)(struct config *config, char *word))
{
	char copy[1024], *rest = copy, *word;

	snprintf(copy, sizeof(copy), "%s", text == NULL ? "" : text);
	while ((word = strsep(&rest, " ")) != NULL)
		if (word[0] != 0)
			add(config, word);
}

struct config *
control_config_make(const struct config_text *text)
{
	struct config *config = calloc(
		1, sizeof(*config) + SNAPSHOT_UPSTREAMS_MAX * sizeof(*config->pools[0].members));
	unsigned first, last;

	if (config == NULL)
		abort();
	config->timeout_ms = text->timeout_ms;
	config->probe.timeout_ms = 100;
	config->protection = (struct config_protection){
		.coalesce = true, .waiters = 64, .near_misses = 1, .edns_bytes = 1232};
	words_add(config, text->services, service_add);
	words_add(config, text->sources, source_add);
	words_add(config, text->upstreams, upstream_add);
	config->pool_count = 1;
	strcpy(config->pools[0].name, "default");
	config->pools[0].members = (uint16_t *)(config + 1); /* freed with it */
	for (unsigned i = 0; i < config->upstream_count; i++)
		config->pools[0].members[config->pools[0].member_count++] = (uint16_t)i;
	if (text->ports != NULL && sscanf(text->ports, "%u-%u", &first, &last) == 2) {
		config->source.first_port = (uint16_t)first;
		config->source.last_port = (uint16_t)last;
		for (unsigned port = first; port <= last; port++, config->source.port_count++)
			bitmap_set(config->source.ports, (uint16_t)port);
	}
	return config;
}
