/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema of the configuration file: each key's name, type, range, default, unit and meaning, in
 * one table.
 *
 * The table is written once (schema.c) and read in three ways (schema_check.c): schema_check()
 * compares the tree of the file with it and reports line, key, value and fix; schema_fill() copies
 * the values of the tree, and the defaults, to struct written; schema_print() is the reference.
 * What a value means beyond its own range is checked in config_build.c.
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

/* The file's content as it is written. Texts point into the tree, or are defaults; lists belong to
 * struct written. A key that is not in the file and has no default leaves 0 or NULL. */

enum written_switch {
	SWITCH_UNWRITTEN,
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
	const char **allow; /* NULL: as service.allow says */
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
	uint32_t queries_per_second; /* 0: the section is not written */
	uint32_t burst;		     /* 0: not written, as queries_per_second */
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
	enum written_switch random_case; /* SWITCH_UNWRITTEN: as protection.random_case says */
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

/* What is not written in a pool is as in `upstreams`; the tree knows what is written. */
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
	const char *initial; /* the default, as it would be written; NULL: none, or required */
	const char *unit;    /* NULL: none */
	const char *help;    /* one sentence */
};

#define SCHEMA_ROUTES_MAX 1024

/* The name of a policy in the file. */
const char *schema_policy_name(enum policy policy);

extern const struct schema_key schema_top;

/* One line to `faults` for each unknown or missing key, wrong type, and value out of its range. */
void schema_check(struct faults *faults, const struct tree_node *top);

/* Fills `written`, all 0, from a tree without faults, which has to outlive it. 0 or -ENOMEM; call
 * schema_free() in both cases. */
int schema_fill(struct written *written, const struct tree_node *top);

void schema_free(struct written *written);

/* Calls `row` for each key, in the order of the table: its path is "a.b", "a.b[]" for a list. */
void schema_each(void (*row)(void *owner, const char *path, const struct schema_key *key),
		 void *owner);

/* All keys with type, default and meaning, for people. */
void schema_print(FILE *out);

#endif
