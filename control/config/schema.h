/* SPDX-License-Identifier: BSD-3-Clause */
/* The schema of the configuration file: each key's name, type, range, default, unit and meaning, in one
 * table.
 *
 * The table is written once (schema.c) and read in four ways: libcyaml loads the file by it into struct
 * written; schema_check() holds the file against it and names line, key, value and mend; schema_fill() puts
 * the defaults in; schema_print() is the reference. What a value means beyond its own range is
 * config_build.c's affair.
 *
 * Threads: none; the table is constant. */
#ifndef EPHEMERA_CONTROL_CONFIG_SCHEMA_H
#define EPHEMERA_CONTROL_CONFIG_SCHEMA_H

#include <stdint.h>
#include <stdio.h>
#include <cyaml/cyaml.h>

#include "control/config/config.h"
#include "control/config/fault.h"
#include "control/config/tree.h"

/* The file's content as it is written, by libcyaml: texts are still texts. */

enum written_switch {
	SWITCH_UNWRITTEN,
	SWITCH_OFF,
	SWITCH_ON,
};

struct written_port {
	char *xdp;
	uint32_t queues;
};

struct written_dataplane {
	uint32_t main_core;
	uint32_t *worker_cores;
	uint32_t worker_cores_count;
	uint32_t memory_mb;
	uint32_t flows_per_worker;
	struct written_port *ports;
	uint32_t ports_count;
};

struct written_source {
	char *ports;
	char **exclude;
	uint32_t exclude_count;
	char **addresses;
	uint32_t addresses_count;
};

struct written_listen {
	char *address;
	uint32_t port;
	char *pool;
	char **allow; /* NULL: as service.allow says */
	uint32_t allow_count;
};

struct written_service {
	struct written_listen *addresses;
	uint32_t addresses_count;
	char **allow;
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
	char **exempt;
	uint32_t exempt_count;
};

struct written_probe {
	char *name;
	char *type;
	uint32_t interval_ms, timeout_ms;
	uint32_t rise, fall;
	char **good;
	uint32_t good_count;
};

struct written_passive {
	uint32_t answers;
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
	char *name;
	char *address;
	uint32_t port;
	uint32_t weight;
	enum written_switch random_case; /* SWITCH_UNWRITTEN: as protection.random_case says */
};

struct written_upstreams {
	enum policy policy;
	char *hash_key; /* NULL: empty */
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
	char *name;
	enum policy policy;
	char *hash_key;
	uint32_t load_percent;
	char **servers;
	uint32_t servers_count;
};

struct written_route {
	char *pool;
	char **domains;
	uint32_t domains_count;
	char *domains_file;
	char **types;
	uint32_t types_count;
};

struct written_http {
	char *address;
	uint32_t port;
};

struct written {
	char *runtime_dir;
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

/* What libcyaml's row of a key has no place for; row i of a mapping's notes belongs to row i of its fields.
 */
struct schema_note {
	uint32_t min, max;   /* numbers; also the entries of a list of numbers */
	const char *initial; /* the default, as it would be written; NULL: none, or the key must be there */
	const char *unit;    /* NULL: none */
	const char *help;    /* one sentence */
	const struct schema_note *notes; /* of a mapping, or of the mappings in a list */
};

#define SCHEMA_ROUTES_MAX 1024

/* The name of a policy in the file. */
const char *schema_policy_name(enum policy policy);

extern const cyaml_schema_value_t schema_top;
extern const struct schema_note schema_top_note;

/* A mapping, a field of one, an entry of a list: the three places where check and fill go down. */
struct schema_place {
	const cyaml_schema_value_t *value;
	const struct schema_note *note;
	const struct tree_node *node; /* NULL: not in the file */
};

/* One line to `faults` for each unknown or missing key, wrong type, and value out of its range. */
void schema_check(struct faults *faults, const struct tree_node *top);

/* Puts the defaults of the keys that are not in the file into `written`. 0 or -ENOMEM. */
int schema_fill(struct written *written, const struct tree_node *top);

/* Calls `row` for each key, in the order of the table: its path is "a.b", "a.b[]" for a list. */
void schema_each(void (*row)(void *owner, const char *path, const cyaml_schema_field_t *field,
			     const struct schema_note *note),
		 void *owner);

/* All keys with type, default and meaning, for people. */
void schema_print(FILE *out);

#endif
