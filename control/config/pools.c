/* SPDX-License-Identifier: BSD-3-Clause */
/* Builds the pools: their members and policies, and the pools that service addresses name. */
#include "control/config/build.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

#define POOL_DEFAULT	 "default"
#define NAMES_TEXT_BYTES 256

/* Appends a name to a list "a, b"; if there is no room, "..." once. */
static void
names_add(char *text, const char *name)
{
	size_t used = strlen(text);

	if (used >= 3 && strcmp(text + used - 3, "...") == 0)
		return;
	if (used + strlen(name) + sizeof(", , ...") > NAMES_TEXT_BYTES)
		name = "...";
	snprintf(text + used, NAMES_TEXT_BYTES - used, "%s%s", used > 0 ? ", " : "", name);
}

static void
server_unknown(struct build *b, const struct tree_node *node)
{
	const struct written_upstreams *written = &b->written->upstreams;
	char names[NAMES_TEXT_BYTES] = "", quote[FAULT_QUOTE_BYTES], known[FAULT_QUOTE_BYTES];

	for (uint32_t i = 0; i < written->servers_count; i++)
		names_add(names, fault_quote(written->servers[i].name, known));
	fault_error(b->faults, node->line,
		    "pools.servers: unknown server \"%s\": use names from upstreams.servers: %s",
		    fault_quote(node->text, quote), names);
}

/* Adds the servers that the file names, by their position in upstreams.servers. If a server there
 * has a fault, later indexes in the configuration differ, but it is then discarded anyway. */
static void
members_add(struct build *b, struct config_pool *pool, const struct tree_node *list)
{
	const struct written_upstreams *written = &b->written->upstreams;
	bool used[SNAPSHOT_UPSTREAMS_MAX] = {false};

	for (const struct tree_node *n = list->first; n != NULL; n = n->next) {
		uint32_t i = 0;

		while (i < written->servers_count && strcmp(written->servers[i].name, n->text) != 0)
			i++;
		if (i == written->servers_count) {
			server_unknown(b, n);
		} else if (used[i]) {
			fault_error(b->faults, n->line,
				    "pools.servers: \"%s\" is listed twice: remove one; for a "
				    "larger share raise its weight",
				    n->text);
		} else {
			used[i] = true;
			pool->members[pool->member_count++] = (uint16_t)i;
		}
	}
}

static uint64_t
hash_seed(const char *key)
{
	return key != NULL ? XXH3_64bits(key, strlen(key)) : XXH3_64bits("", 0);
}

/* 0 switches the limit off; other values below 100 would pass over servers with a load below the
 * average. */
static void
load_percent_check(struct build *b, const struct tree_node *mapping, uint32_t percent)
{
	char path[TREE_PATH_BYTES];

	if (percent > 0 && percent < 100)
		fault_error(b->faults, tree_line(mapping, "load_percent"),
			    "%s: %u is below the average, 100 %%: write 100 to 10000, or 0 for no "
			    "limit",
			    tree_path(tree_find(mapping, "load_percent"), path), percent);
}

/* The settings from upstreams.*: for the pool default, and defaults for the other pools. */
static void
pool_settings(const struct build *b, struct config_pool *pool)
{
	const struct written_upstreams *written = &b->written->upstreams;

	pool->policy = written->policy;
	pool->hash_seed = hash_seed(written->hash_key);
	pool->load_percent = (uint16_t)written->load_percent;
}

static void
pool_own_settings(struct build *b, const struct tree_node *mapping,
		  const struct written_pool *written, struct config_pool *pool)
{
	if (tree_find(mapping, "policy") != NULL)
		pool->policy = written->policy;
	if (written->hash_key != NULL)
		pool->hash_seed = hash_seed(written->hash_key);
	if (tree_find(mapping, "load_percent") != NULL)
		pool->load_percent = (uint16_t)written->load_percent;
	load_percent_check(b, mapping, pool->load_percent);
	if (written->hash_key != NULL && pool->policy != POLICY_HASH)
		fault_warning(b->faults, tree_line(mapping, "hash_key"),
			      "pools.hash_key: has no effect with policy %s: set policy to hash, "
			      "or remove it",
			      schema_policy_name(pool->policy));
}

/* Allocates a pool of the file; index 0 is the pool default. NULL after a fault. */
static struct config_pool *
pool_place(struct build *b, const struct tree_node *mapping, const char *name)
{
	struct config *c = b->config;
	const struct tree_node *node = tree_find(mapping, "name");
	char quote[FAULT_QUOTE_BYTES];

	if (!build_name_good(name)) {
		fault_error(b->faults, node->line,
			    "pools.name: \"%s\" has invalid characters: use letters, digits, '.', "
			    "'_' and '-'",
			    fault_quote(name, quote));
		return NULL;
	}
	for (const struct tree_node *duplicate = mapping->parent->first; duplicate != mapping;
	     duplicate = duplicate->next) {
		if (strcmp(tree_find(duplicate, "name")->text, name) == 0) {
			fault_error(b->faults, node->line,
				    "pools.name: \"%s\" is used twice, first on line %u: give each "
				    "pool its own name",
				    name, tree_line(duplicate, "name"));
			return NULL;
		}
	}
	if (strcmp(name, POOL_DEFAULT) == 0)
		return &c->pools[0];
	if (c->pool_count == SNAPSHOT_POOLS_MAX) {
		fault_error(b->faults, node->line,
			    "pools: more than %u pools, including the pool default: remove some",
			    SNAPSHOT_POOLS_MAX);
		return NULL;
	}
	strcpy(c->pools[c->pool_count].name, name);
	return &c->pools[c->pool_count++];
}

static int
pool_add(struct build *b, const struct tree_node *mapping, const struct written_pool *written)
{
	struct config_pool *pool = pool_place(b, mapping, written->name);

	if (pool == NULL)
		return 0;
	pool->members = calloc(written->servers_count, sizeof(*pool->members));
	if (pool->members == NULL)
		return -ENOMEM;
	pool_settings(b, pool);
	pool_own_settings(b, mapping, written, pool);
	members_add(b, pool, tree_find(mapping, "servers"));
	return 0;
}

/* The pool default has all servers, unless the file defines it. */
static int
pool_default(struct build *b)
{
	struct config_pool *pool = &b->config->pools[0];

	if (pool->members != NULL)
		return 0;
	pool->members = calloc(SNAPSHOT_UPSTREAMS_MAX, sizeof(*pool->members));
	if (pool->members == NULL)
		return -ENOMEM;
	pool_settings(b, pool);
	for (unsigned i = 0; i < b->config->upstream_count; i++)
		pool->members[pool->member_count++] = (uint16_t)i;
	return 0;
}

static void
members_count(struct build *b, const struct tree_node *list)
{
	unsigned count = 0;

	for (unsigned i = 0; i < b->config->pool_count; i++)
		count += b->config->pools[i].member_count;
	if (count > SNAPSHOT_MEMBERS_MAX)
		fault_error(b->faults, list->line,
			    "pools: %u servers in all pools together, including the pool default, "
			    "more than %u: remove some",
			    count, SNAPSHOT_MEMBERS_MAX);
}

/* After a fault, addresses are missing and the indexes here may not match; the configuration is
 * then discarded anyway. */
static void
listen_pools(struct build *b)
{
	struct config_service *service = &b->config->service;
	const struct tree_node *n = tree_find(tree_find(b->top, "service"), "addresses")->first;

	for (unsigned i = 0; i < service->listen_count; i++, n = n->next)
		build_pool_find(b, tree_find(n, "pool"), b->written->service.addresses[i].pool,
				&service->listen[i].pool);
}

int
build_pools(struct build *b)
{
	const struct tree_node *list = tree_find(b->top, "pools"),
			       *n = list != NULL ? list->first : NULL;
	int err = 0;

	strcpy(b->config->pools[0].name, POOL_DEFAULT);
	b->config->pool_count = 1;
	load_percent_check(b, tree_find(b->top, "upstreams"), b->written->upstreams.load_percent);
	for (uint32_t i = 0; i < b->written->pools_count && err == 0; i++, n = n->next)
		err = pool_add(b, n, &b->written->pools[i]);
	if (err == 0)
		err = pool_default(b);
	if (err != 0)
		return err;
	if (list != NULL)
		members_count(b, list);
	listen_pools(b);
	return 0;
}

bool
build_pool_find(struct build *b, const struct tree_node *node, const char *name, uint8_t *pool)
{
	char names[NAMES_TEXT_BYTES] = "", quote[FAULT_QUOTE_BYTES], path[TREE_PATH_BYTES];

	for (unsigned i = 0; i < b->config->pool_count; i++) {
		if (strcmp(b->config->pools[i].name, name) == 0) {
			b->pools_used[i] = true;
			*pool = (uint8_t)i;
			return true;
		}
		names_add(names, b->config->pools[i].name);
	}
	fault_error(b->faults, node->line,
		    "%s: unknown pool \"%s\": add it to pools, or use one of %s",
		    tree_path(node, path), fault_quote(name, quote), names);
	return false;
}

void
build_pools_unused(struct build *b)
{
	const struct config *c = b->config;
	const struct tree_node *list = tree_find(b->top, "pools"),
			       *servers = tree_find(tree_find(b->top, "upstreams"), "servers"), *n;
	bool used[SNAPSHOT_UPSTREAMS_MAX] = {false};

	if (list == NULL || b->faults->errors > 0)
		return;
	n = list->first;
	for (uint32_t i = 0; i < b->written->pools_count; i++, n = n->next) {
		unsigned pool = 0;

		while (strcmp(c->pools[pool].name, b->written->pools[i].name) != 0)
			pool++;
		if (!b->pools_used[pool])
			fault_warning(b->faults, tree_line(n, "name"),
				      "pools.name: \"%s\" is not used by any route or service "
				      "address: use it, or remove it",
				      c->pools[pool].name);
	}
	for (unsigned i = 0; i < c->pool_count; i++)
		for (unsigned member = 0; member < c->pools[i].member_count; member++)
			used[c->pools[i].members[member]] = true;
	n = servers->first;
	for (unsigned i = 0; i < c->upstream_count; i++, n = n->next)
		if (!used[i])
			fault_warning(b->faults, tree_line(n, "name"),
				      "upstreams.servers.name: \"%s\" is in no pool and gets no "
				      "queries: add it to a pool, or remove it",
				      c->upstreams[i].name);
}
