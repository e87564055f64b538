/* SPDX-License-Identifier: BSD-3-Clause */
/* The configuration file, checked and in the form that the rest of control uses.
 *
 * config_load() is the only way in: what it returns is complete (defaults filled in) and
 * consistent; nothing else checks again. Threads: none; a loaded struct config is read-only. */
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

/* Fixed for the life of a dataplane process. */
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
	uint64_t ports[SNAPSHOT_BITMAP_WORDS]; /* the range less the excluded ports */
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
	struct config_ranges allow; /* its own, or a copy of the service's */
};

struct config_service {
	struct config_listen listen[SNAPSHOT_SERVICES_MAX];
	unsigned listen_count;
	enum refusal not_allowed;
	enum no_upstream no_upstream;
};

struct config_limit {
	uint32_t queries_per_second; /* 0: none */
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
	uint16_t *members; /* indexes into config.upstreams, in the order written */
	unsigned member_count;
};

/* A name at or below which queries go to a pool. */
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
	uint16_t good_rcodes; /* bit n: an answer with rcode n is good */
};

/* What clients' own queries say of an upstream: judged once `answers` of them, timeouts included,
 * are in. */
struct config_passive {
	bool on;
	uint32_t responses;	   /* over so many of the last ones */
	uint32_t timeout_percent;  /* more than this share without a response: out; 100: never */
	uint32_t servfail_percent; /* more than this share of SERVFAIL: out; 100: never */
};

/* What makes a response hard to forge, beside the draw of its query's source. */
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
	bool random_case; /* its own setting, or that of the section protection */
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
	uint32_t healthy_min_percent; /* of a pool's members: health takes no more out below that */
	struct config_pool pools[SNAPSHOT_POOLS_MAX];
	unsigned pool_count;
	struct config_routes routes;
	struct config_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];
	unsigned upstream_count;
};

/* Reads and checks `path`. 0 and *config (free it with config_free()), or -errno after having
 * written to `errors` one line an error, at most twenty: "FILE:LINE: key: what is wrong with the
 * value: how to fix it". Warnings go there too ("FILE:LINE: warning: ...") and do not make it
 * fail. */
int config_load(const char *path, struct config **config, FILE *errors);

void config_free(struct config *config); /* NULL is fine */

/* Whether two lists hold the same addresses. */
bool config_ranges_same(const struct config_ranges *a, const struct config_ranges *b);

/* The keys of the static part (runtime_dir, dataplane.*) in which two configurations differ, as
 * constant strings in `keys`; returns how many. */
#define CONFIG_STATIC_KEYS_MAX 6
unsigned config_static_differences(const struct config *a, const struct config *b,
				   const char *keys[CONFIG_STATIC_KEYS_MAX]);

/* The first of them, or NULL. */
const char *config_static_difference(const struct config *a, const struct config *b);

#endif
