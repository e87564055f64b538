/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration, checked and in the form that the rest of control uses.
 *
 * Only config_load() makes one. It is complete (defaults filled in) and consistent, so that no
 * other code checks it again. Threads: none; a loaded struct config is read-only. */
#ifndef EPHEMERA_CONTROL_CONFIG_CONFIG_H
#define EPHEMERA_CONTROL_CONFIG_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "dataplane/shared/snapshot.h"

#define CONFIG_PATH_DEFAULT "/etc/ephemera/ephemera.yaml"
#define CONFIG_WORKERS_MAX  64

struct config_interface {
	char *xdp; /* name of the kernel interface */
	uint16_t queues;
};

/* Cannot change while a dataplane process runs. */
struct config_dataplane {
	uint16_t main_core;
	uint16_t worker_cores[CONFIG_WORKERS_MAX];
	unsigned worker_count;
	uint32_t memory_mb;
	uint32_t flows_per_worker;
	struct config_interface interfaces[SNAPSHOT_INTERFACES_MAX];
	unsigned interface_count;
};

struct config_source {
	uint64_t ports[SNAPSHOT_BITMAP_WORDS]; /* the range without the excluded ports */
	uint16_t first_port, last_port;	       /* the range as written */
	unsigned port_count;		       /* bits set in `ports` */
	struct address addresses[SNAPSHOT_SOURCES_MAX];
	unsigned address_count;
};

/* Sorted, merged. */
struct config_ranges {
	struct address_range *ranges;
	unsigned count;
};

struct config_listen {
	struct address address;
	uint16_t port;
	uint8_t pool;		    /* index into config.pools */
	struct config_ranges allow; /* its own list, or a copy of service.allow */
};

struct config_service {
	struct config_listen listen[SNAPSHOT_SERVICES_MAX];
	unsigned listen_count;
	enum refusal not_allowed;
	enum no_upstream no_upstream;
};

struct config_limit {
	uint32_t queries_per_second; /* 0: no limit */
	uint32_t burst;
	uint8_t prefix4, prefix6;
	enum refusal refusal;
	uint32_t truncate_every;
	struct config_ranges exempt;
};

struct config_pool {
	char name[SNAPSHOT_NAME_BYTES]; /* pool 0 is "default" */
	enum policy policy;
	uint64_t hash_seed; /* from the text of hash_key */
	uint16_t load_percent;
	uint16_t *members; /* indexes into config.upstreams, in file order */
	unsigned member_count;
};

/* Queries for this name and all names below it go to the pool. */
struct config_suffix {
	uint32_t name_offset; /* in config_routes.names: wire form, lower case */
	uint8_t name_bytes;
	uint8_t pool;
};

struct config_routes {
	struct config_suffix *suffixes; /* sorted by (bytes, name), each name once */
	unsigned suffix_count;
	uint8_t *names;
	uint32_t names_bytes;
	struct type_route types[SNAPSHOT_TYPE_ROUTES_MAX]; /* sorted, each type once */
	unsigned type_count;
};

/* Where ephemerad serves metrics and the dashboard. */
struct config_http {
	bool on;
	struct address address;
	uint16_t port;
};

struct config_probe {
	uint8_t question[DNS_QUESTION_BYTES_MAX]; /* wire form: name, type, class IN */
	uint16_t question_bytes;
	uint32_t interval_ms, timeout_ms;
	uint32_t rise, fall;
	uint16_t good_rcodes; /* bit n: a response with RCODE n is good */
};

/* Passive health: an upstream is judged by its last client queries. */
struct config_passive {
	bool on;
	uint32_t responses;	   /* how many of them, timeouts included */
	uint32_t timeout_percent;  /* taken out above this share of timeouts; 100: never */
	uint32_t servfail_percent; /* taken out above this share of SERVFAIL; 100: never */
};

/* Protection against forged responses, beside the random source address, port and ID. */
struct config_protection {
	bool coalesce;
	uint8_t waiters;
	enum near_miss near_miss;
	uint8_t near_misses;
	uint16_t edns_bytes;
};

struct config_upstream {
	char name[SNAPSHOT_NAME_BYTES];
	struct address address;
	uint16_t port;
	uint16_t weight;
	bool random_case; /* its own setting, or protection.random_case */
};

struct config {
	char *runtime_dir;
	struct config_dataplane dataplane;
	struct config_source source;
	struct config_service service;
	struct config_protection protection;
	struct config_limit limit;
	struct config_http http;
	uint32_t timeout_ms;
	struct config_probe probe;
	struct config_passive passive;
	uint32_t healthy_min_percent; /* of a pool's members: health leaves at least these in use */
	struct config_pool pools[SNAPSHOT_POOLS_MAX];
	unsigned pool_count;
	struct config_routes routes;
	struct config_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
	unsigned upstream_count;
};

/* Reads and checks `path`. 0 and *config (free it with config_free()), or -errno after writing to
 * `errors` one line per error, at most twenty: "FILE:LINE: key: what is wrong: what to do".
 * Warnings ("FILE:LINE: warning: ...") go there too and do not make it fail. */
int config_load(const char *path, struct config **config, FILE *errors);

void config_free(struct config *config); /* NULL is fine */

/* True if two lists hold the same addresses. */
bool config_ranges_same(const struct config_ranges *a, const struct config_ranges *b);

/* Writes to `keys`, as constant strings, the keys of the static part (runtime_dir, dataplane.*)
 * in which two configurations differ; returns how many. */
#define CONFIG_STATIC_KEYS_MAX 6
unsigned config_static_differences(const struct config *a, const struct config *b,
				   const char *keys[CONFIG_STATIC_KEYS_MAX]);

/* The first of them, or NULL. */
const char *config_static_difference(const struct config *a, const struct config *b);

#endif
