/* SPDX-License-Identifier: BSD-3-Clause */
/* Compares the pools of two configurations and the routes to them. Pools are identified by name;
 * their indexes may differ. */
#include <string.h>

#include "control/config/schema.h"
#include "control/lib/address.h"
#include "control/lib/question.h"
#include "control/publish/changes_pvt.h"

#define DOMAINS_NAMED_MAX 10 /* above this number domains are only counted */

/* Pools */

static const struct config_pool *
pool_find(const struct config *config, const char *name)
{
	for (unsigned i = 0; i < config->pool_count; i++)
		if (strcmp(config->pools[i].name, name) == 0)
			return &config->pools[i];
	return NULL;
}

static bool
upstream_same(const struct config_upstream *a, const struct config_upstream *b)
{
	return a->port == b->port && address_equal(&a->address, &b->address);
}

/* The index of an upstream in a pool; the pool's member_count if it is not a member. */
static unsigned
member_find(const struct config *config, const struct config_pool *pool,
	    const struct config_upstream *wanted)
{
	unsigned i = 0;

	while (i < pool->member_count &&
	       !upstream_same(&config->upstreams[pool->members[i]], wanted))
		i++;
	return i;
}

/* The members of one pool that are not in the other configuration's pool of that name. In the pool
 * "default" an upstream that was added to or removed from the whole configuration is not listed
 * again. */
static unsigned
members_describe(struct changes *changes, const struct config *of, const struct config_pool *pool,
		 const struct config *without, const struct config_pool *other, const char *what)
{
	unsigned count = 0;

	for (unsigned i = 0; i < pool->member_count; i++) {
		const struct config_upstream *upstream = &of->upstreams[pool->members[i]];

		if (member_find(without, other, upstream) < other->member_count)
			continue;
		count++;
		if (strcmp(pool->name, "default") != 0 ||
		    change_upstream_find(without, upstream) != NULL)
			change(changes, "pool %s: server %s %s", pool->name, upstream->name, what);
	}
	return count;
}

static void
pool_compare(struct changes *changes, const struct config_pool *was, const struct config_pool *now)
{
	const struct config *before = changes->before, *after = changes->after;
	unsigned others = members_describe(changes, after, now, before, was, "added");

	others += members_describe(changes, before, was, after, now, "removed");
	if (was->policy != now->policy)
		change(changes, "pool %s: policy from %s to %s", now->name,
		       schema_policy_name(was->policy), schema_policy_name(now->policy));
	if (now->policy == POLICY_FIRST && was->policy == POLICY_FIRST && others == 0) {
		for (unsigned i = 0; i < now->member_count; i++) {
			if (member_find(before, was, &after->upstreams[now->members[i]]) != i) {
				change(changes, "pool %s: the order of its servers changed",
				       now->name);
				break;
			}
		}
	}
	if (was->hash_seed != now->hash_seed &&
	    (was->policy == POLICY_HASH || now->policy == POLICY_HASH))
		change(changes, "pool %s: hash_key changed", now->name);
	if (was->load_percent != now->load_percent &&
	    (was->policy == POLICY_HASH || now->policy == POLICY_HASH))
		change(changes, "pool %s: load_percent from %u to %u", now->name, was->load_percent,
		       now->load_percent);
}

void
change_pools(struct changes *changes)
{
	const struct config *before = changes->before, *after = changes->after;

	for (unsigned i = 0; i < after->pool_count; i++) {
		const struct config_pool *now = &after->pools[i],
					 *was = pool_find(before, now->name);

		if (was != NULL)
			pool_compare(changes, was, now);
		else
			change(changes, "pool %s added: %u server%s, policy %s", now->name,
			       now->member_count, now->member_count == 1 ? "" : "s",
			       schema_policy_name(now->policy));
	}
	for (unsigned i = 0; i < before->pool_count; i++)
		if (pool_find(after, before->pools[i].name) == NULL)
			change(changes, "pool %s removed", before->pools[i].name);
}

/* Routes */

/* Walks over the suffixes of both configurations, which are sorted in the same order. */
struct walk {
	unsigned before, after; /* current positions */
	/* the current difference; NULL: not in that configuration */
	const struct config_suffix *was, *now;
};

static int
suffix_order(const struct config_routes *a, const struct config_suffix *left,
	     const struct config_routes *b, const struct config_suffix *right)
{
	int order = (int)left->name_bytes - (int)right->name_bytes;

	return order != 0 ? order
			  : memcmp(a->names + left->name_offset, b->names + right->name_offset,
				   left->name_bytes);
}

/* Moves to the next difference; false: there is none. */
static bool
walk_next(const struct changes *changes, struct walk *walk)
{
	const struct config *before = changes->before, *after = changes->after;
	const struct config_routes *left = &before->routes, *right = &after->routes;

	while (walk->before < left->suffix_count || walk->after < right->suffix_count) {
		int order = walk->before == left->suffix_count ? 1
			    : walk->after == right->suffix_count
				    ? -1
				    : suffix_order(left, &left->suffixes[walk->before], right,
						   &right->suffixes[walk->after]);

		walk->was = order <= 0 ? &left->suffixes[walk->before++] : NULL;
		walk->now = order >= 0 ? &right->suffixes[walk->after++] : NULL;
		if (order != 0 || strcmp(before->pools[walk->was->pool].name,
					 after->pools[walk->now->pool].name) != 0)
			return true;
	}
	return false;
}

/* One route that was added, removed or changed; `was` or `now` is "" if that configuration does not
 * have it. */
static void
route_describe(struct changes *changes, const char *what, const char *name, const char *was,
	       const char *now)
{
	if (was[0] == 0)
		change(changes, "route of %s %s to pool %s added", what, name, now);
	else if (now[0] == 0)
		change(changes, "route of %s %s to pool %s removed", what, name, was);
	else
		change(changes, "route of %s %s: from pool %s to pool %s", what, name, was, now);
}

static void
domains_describe(struct changes *changes)
{
	const struct config *before = changes->before, *after = changes->after;
	unsigned added = 0, removed = 0, moved = 0;
	struct walk walk = {0};

	while (walk_next(changes, &walk)) {
		added += walk.was == NULL;
		removed += walk.now == NULL;
		moved += walk.was != NULL && walk.now != NULL;
	}
	if (added + removed + moved > DOMAINS_NAMED_MAX) {
		change(changes, "routes: %u domains added, %u removed, %u moved to another pool",
		       added, removed, moved);
		return;
	}
	walk = (struct walk){0};
	while (walk_next(changes, &walk)) {
		const struct config_routes *routes =
			walk.was != NULL ? &before->routes : &after->routes;
		const struct config_suffix *suffix = walk.was != NULL ? walk.was : walk.now;
		char name[QUESTION_NAME_TEXT_BYTES];

		question_name_format(routes->names + suffix->name_offset, suffix->name_bytes, name);
		route_describe(changes, "domain", name,
			       walk.was != NULL ? before->pools[walk.was->pool].name : "",
			       walk.now != NULL ? after->pools[walk.now->pool].name : "");
	}
}

static const char *
type_pool(const struct config *config, uint16_t type)
{
	for (unsigned i = 0; i < config->routes.type_count; i++)
		if (config->routes.types[i].type == type)
			return config->pools[config->routes.types[i].pool].name;
	return "";
}

void
change_routes(struct changes *changes)
{
	const struct config *before = changes->before, *after = changes->after;
	char name[QUESTION_TYPE_TEXT_BYTES];

	domains_describe(changes);
	for (unsigned i = 0; i < after->routes.type_count; i++) {
		uint16_t type = after->routes.types[i].type;
		const char *was = type_pool(before, type), *now = type_pool(after, type);

		if (strcmp(was, now) != 0)
			route_describe(changes, "type", question_type_format(type, name), was, now);
	}
	for (unsigned i = 0; i < before->routes.type_count; i++) {
		uint16_t type = before->routes.types[i].type;

		if (type_pool(after, type)[0] == 0)
			route_describe(changes, "type", question_type_format(type, name),
				       type_pool(before, type), "");
	}
}
