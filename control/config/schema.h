/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema of the configuration file: name, type, range, default, unit and meaning of each key.
 *
 * The table is in schema.c; schema_check.c uses it in three ways: schema_check() compares the tree
 * of a file with it and reports errors; schema_fill() copies the values of the tree, and the
 * defaults, to struct written; schema_print() prints the reference. What goes beyond the range of
 * a single value is checked by the parts of build.h.
 *
 * Threads: none; the table is constant. */
#ifndef EPHEMERA_CONTROL_CONFIG_SCHEMA_H
#define EPHEMERA_CONTROL_CONFIG_SCHEMA_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "control/config/config.h"
#include "control/config/fault.h"
#include "control/config/tree.h"

/* The values as written in the file. Texts point into the tree or to defaults; lists are owned by
 * struct written. A key that is absent and has no default is 0 or NULL. */

enum written_switch {
	SWITCH_UNSET,
	SWITCH_OFF,
	SWITCH_ON,
};

struct written_interface {
	const char *xdp;
	uint32_t queues;
};

struct written_dataplane {
	uint32_t main_core;
	uint32_t *worker_cores;
	uint32_t worker_cores_count;
	uint32_t memory_mb;
	uint32_t flows_per_worker;
	struct written_interface *interfaces;
	uint32_t interfaces_count;
};

struct written_source {
	const char *ports;
	const char **exclude;
	uint32_t exclude_count;
	const char **addresses;
	uint32_t addresses_count;
};

struct written_listen {
	const char *address;
	uint32_t port;
	const char *pool;
	const char **allow; /* NULL: service.allow applies */
	uint32_t allow_count;
};

struct written_service {
	struct written_listen *addresses;
	uint32_t addresses_count;
	const char **allow;
	uint32_t allow_count;
	enum refusal not_allowed;
	enum no_upstream no_upstream;
};

struct written_rate_limit {
	uint32_t queries_per_second; /* 0: the section is absent */
	uint32_t burst;		     /* 0: absent, same as queries_per_second */
	uint32_t ipv4_prefix, ipv6_prefix;
	enum refusal over_limit;
	uint32_t truncate_every;
	const char **exempt;
	uint32_t exempt_count;
};

struct written_probe {
	const char *name;
	const char *type;
	uint32_t interval_ms, timeout_ms;
	uint32_t rise, fall;
	const char **good;
	uint32_t good_count;
};

struct written_passive {
	uint32_t responses;
	uint32_t timeout_percent;
	uint32_t servfail_percent;
};

struct written_protection {
	enum written_switch random_case;
	enum written_switch coalesce;
	uint32_t waiters;
	enum near_miss near_miss;
	uint32_t near_misses;
	uint32_t edns_bytes;
};

struct written_server {
	const char *name;
	const char *address;
	uint32_t port;
	uint32_t weight;
	enum written_switch random_case; /* SWITCH_UNSET: protection.random_case applies */
};

struct written_upstreams {
	enum policy policy;
	const char *hash_key; /* NULL: empty */
	uint32_t load_percent;
	uint32_t timeout_ms;
	struct written_probe probe;
	struct written_passive passive;
	uint32_t healthy_min_percent;
	struct written_server *servers;
	uint32_t servers_count;
};

/* Keys that are absent default to those of `upstreams`; the tree shows which are absent. */
struct written_pool {
	const char *name;
	enum policy policy;
	const char *hash_key;
	uint32_t load_percent;
	const char **servers;
	uint32_t servers_count;
};

struct written_route {
	const char *pool;
	const char **domains;
	uint32_t domains_count;
	const char *domains_file;
	const char **types;
	uint32_t types_count;
};

struct written_http {
	const char *address;
	uint32_t port;
};

struct written {
	const char *runtime_dir;
	struct written_dataplane dataplane;
	struct written_source source;
	struct written_service service;
	struct written_rate_limit rate_limit;
	struct written_protection protection;
	struct written_upstreams upstreams;
	struct written_pool *pools;
	uint32_t pools_count;
	struct written_route *routes;
	uint32_t routes_count;
	struct written_http http;
};

enum schema_type {
	SCHEMA_NUMBER,	/* uint32_t */
	SCHEMA_TEXT,	/* const char * */
	SCHEMA_CHOICE,	/* an enum: one of `choices` */
	SCHEMA_SECTION, /* a struct: `keys` below it */
};

struct schema_choice {
	const char *name; /* NULL ends an array of them */
	uint32_t value;
};

/* A key, or a list of values of its type. */
struct schema_key {
	const char *name; /* NULL ends an array of them */
	enum schema_type type;
	bool required;
	uint32_t offset; /* of the value, or of the pointer to the list, in its section's struct */
	uint32_t count_offset;	       /* of the list's uint32_t count, there too */
	uint32_t list_max, entry_size; /* entries, and bytes of each; 0: not a list */
	uint32_t min, max;	       /* of a number; of a text: most bytes */
	const struct schema_choice *choices;
	const struct schema_key *keys;
	const char *initial; /* the default, as text; NULL: none, or required */
	const char *unit;    /* NULL: none */
	const char *help;    /* one phrase in lower case */
};

#define SCHEMA_ROUTES_MAX 1024

/* The name of a policy in the file. */
const char *schema_policy_name(enum policy policy);

extern const struct schema_key schema_top;

/* Reports each unknown or missing key, wrong type and value out of range. */
void schema_check(struct faults *faults, const struct tree_node *top);

/* Fills `written`, all 0 before, from a tree without faults, which must outlive it. 0 or -ENOMEM;
 * call schema_free() in both cases. */
int schema_fill(struct written *written, const struct tree_node *top);

void schema_free(struct written *written);

/* Calls `row` for each key in the order of the table; `path` is "a.b", or "a.b[]" for a list. */
void schema_each(void (*row)(void *owner, const char *path, const struct schema_key *key),
		 void *owner);

/* Prints all keys with type, default and meaning. */
void schema_print(FILE *out);

#endif
