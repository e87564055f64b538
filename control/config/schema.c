/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of configuration keys. */
#include "control/config/schema.h"

/* Of any text value: the longest is the name of a probe with escapes. */
#define TEXT_BYTES_MAX 1023

/* Where a key's value is stored. A key has the name of its member, whose type must be this one. */
#define MEMBER(structure, member, c_type)                                                          \
	.name = #member, .offset = _Generic(&((struct structure *)0)->member, c_type *             \
					    : offsetof(struct structure, member))
#define ENTRIES(structure, member, c_type, length_max)                                             \
	MEMBER(structure, member, c_type *),                                                       \
		.list_max = length_max, .entry_size = sizeof(c_type),                              \
		.count_offset = offsetof(struct structure, member##_count)

#define NUMBER(structure, member, first, last)                                                     \
	MEMBER(structure, member, uint32_t), .type = SCHEMA_NUMBER, .min = first, .max = last
#define NUMBERS(structure, member, length_max, first, last)                                        \
	ENTRIES(structure, member, uint32_t, length_max), .type = SCHEMA_NUMBER, .min = first,     \
							  .max = last
#define TEXT(structure, member, bytes_max)                                                         \
	MEMBER(structure, member, const char *), .type = SCHEMA_TEXT, .max = bytes_max
#define TEXTS(structure, member, length_max)                                                       \
	ENTRIES(structure, member, const char *, length_max), .type = SCHEMA_TEXT,                 \
							      .max = TEXT_BYTES_MAX
#define CHOICE(structure, member, names)                                                           \
	MEMBER(structure, member, uint32_t), .type = SCHEMA_CHOICE, .choices = names
#define SECTION(structure, member, keys_below)                                                     \
	MEMBER(structure, member, struct written_##member), .type = SCHEMA_SECTION,                \
							    .keys = keys_below
#define SECTIONS(structure, member, c_type, length_max, keys_below)                                \
	ENTRIES(structure, member, c_type, length_max), .type = SCHEMA_SECTION, .keys = keys_below

static const struct schema_choice no_upstream_names[] = {
	{"servfail", NO_UPSTREAM_SERVFAIL},
	{"keep-trying", NO_UPSTREAM_KEEP_TRYING},
	{0},
};

static const struct schema_choice policy_names[] = {
	{"round-robin", POLICY_ROUND_ROBIN},
	{"least-outstanding", POLICY_LEAST_OUTSTANDING},
	{"random", POLICY_RANDOM},
	{"hash", POLICY_HASH},
	{"first", POLICY_FIRST},
	{0},
};

static const struct schema_choice refusal_names[] = {
	{"drop", REFUSAL_DROP},
	{"refuse", REFUSAL_REFUSE},
	{0},
};

static const struct schema_choice near_miss_names[] = {
	{"count", NEAR_MISS_COUNT},
	{"truncate", NEAR_MISS_TRUNCATE},
	{0},
};

static const struct schema_choice switch_names[] = {
	{"true", SWITCH_ON},
	{"false", SWITCH_OFF},
	{0},
};

static const struct schema_key interface_keys[] = {
	{TEXT(written_interface, xdp, 15), .required = true,
	 .help = "name of the network interface, used through AF_XDP"},
	{NUMBER(written_interface, queues, 1, 64), .initial = "1",
	 .help = "number of receive queues; must equal the number the interface has"},
	{0},
};

static const struct schema_key dataplane_keys[] = {
	{NUMBER(written_dataplane, main_core, 0, 1023), .initial = "0",
	 .help = "CPU core of the main thread, which is mostly idle"},
	{NUMBERS(written_dataplane, worker_cores, CONFIG_WORKERS_MAX, 0, 1023), .required = true,
	 .help = "CPU cores of the workers, one worker per core; workers poll and keep them busy"},
	{NUMBER(written_dataplane, memory_mb, 64, 1048576), .initial = "256", .unit = "MiB",
	 .help = "hugepage memory for packet buffers and flow tables"},
	{NUMBER(written_dataplane, flows_per_worker, 1024, 16777216), .initial = "1048576",
	 .help = "queries that each worker can have in flight; a power of two"},
	{SECTIONS(written_dataplane, interfaces, struct written_interface, SNAPSHOT_INTERFACES_MAX,
		  interface_keys),
	 .required = true, .help = "interfaces that receive queries and responses"},
	{0},
};

static const struct schema_key source_keys[] = {
	{TEXT(written_source, ports, 11), .initial = "49152-65535",
	 .help = "range of ports to choose source ports from at random, 1024 or higher"},
	{TEXTS(written_source, exclude, 65535),
	 .help = "ports and ranges of ports that are never used"},
	{TEXTS(written_source, addresses, SNAPSHOT_SOURCES_MAX), .required = true,
	 .help = "source addresses of upstream queries: an address, first-last, or a prefix"},
	{0},
};

static const struct schema_key listen_keys[] = {
	{TEXT(written_listen, address, TEXT_BYTES_MAX), .required = true,
	 .help = "address that clients send queries to"},
	{NUMBER(written_listen, port, 1, 65535), .initial = "53",
	 .help = "UDP port that clients send queries to"},
	{TEXT(written_listen, pool, SNAPSHOT_NAME_BYTES - 1), .initial = "default",
	 .help = "pool for queries that match no route"},
	{TEXTS(written_listen, allow, SNAPSHOT_RANGES_MAX),
	 .help = "clients that may use this address; defaults to service.allow"},
	{0},
};

static const struct schema_key service_keys[] = {
	{SECTIONS(written_service, addresses, struct written_listen, SNAPSHOT_SERVICES_MAX,
		  listen_keys),
	 .required = true, .help = "addresses and ports that clients send queries to"},
	{TEXTS(written_service, allow, SNAPSHOT_RANGES_MAX),
	 .initial = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, "
		    "169.254.0.0/16, ::1, fe80::/10, fc00::/7",
	 .help = "clients that may send queries: addresses, ranges, prefixes"},
	{CHOICE(written_service, not_allowed, refusal_names), .initial = "drop",
	 .help = "queries from other clients are dropped, or answered with REFUSED"},
	{CHOICE(written_service, no_upstream, no_upstream_names), .initial = "servfail",
	 .help = "while no upstream of the pool is usable: respond with SERVFAIL at once, or send "
		 "the query to one of them anyway"},
	{0},
};

static const struct schema_key rate_limit_keys[] = {
	{NUMBER(written_rate_limit, queries_per_second, 1, 1000000), .required = true,
	 .unit = "queries/s", .help = "sustained rate for all clients of one prefix together"},
	{NUMBER(written_rate_limit, burst, 1, 1000000), .unit = "queries",
	 .help = "queries allowed at once after a pause; defaults to queries_per_second"},
	{NUMBER(written_rate_limit, ipv4_prefix, 1, 32), .initial = "24", .unit = "bits",
	 .help = "length of the prefix that shares one limit, for IPv4 clients"},
	{NUMBER(written_rate_limit, ipv6_prefix, 1, 128), .initial = "56", .unit = "bits",
	 .help = "length of the prefix that shares one limit, for IPv6 clients"},
	{CHOICE(written_rate_limit, over_limit, refusal_names), .initial = "drop",
	 .help = "queries over the limit are dropped, or answered with REFUSED"},
	{NUMBER(written_rate_limit, truncate_every, 0, 1000000), .initial = "0",
	 .help = "answer every Nth query over the limit with TC=1 instead, so that genuine clients "
		 "can retry over TCP; 0: none"},
	{TEXTS(written_rate_limit, exempt, SNAPSHOT_RANGES_MAX),
	 .help = "clients without a limit: addresses, ranges, prefixes"},
	{0},
};

static const struct schema_key protection_keys[] = {
	{CHOICE(written_protection, random_case, switch_names), .initial = "true",
	 .help = "randomize the letter case of query names (0x20)"},
	{CHOICE(written_protection, coalesce, switch_names), .initial = "true",
	 .help = "let identical queries in flight share one upstream query"},
	{NUMBER(written_protection, waiters, 1, 255), .initial = "64",
	 .help = "clients that may share one upstream query, in addition to the first"},
	{CHOICE(written_protection, near_miss, near_miss_names), .initial = "count",
	 .help = "response to a query that had near misses: deliver it and count them, or send the "
		 "client to TCP with TC=1"},
	{NUMBER(written_protection, near_misses, 1, 255), .initial = "1",
	 .help = "near misses (responses with a wrong ID or question) needed to mark a query"},
	{NUMBER(written_protection, edns_bytes, 512, 4096), .initial = "1232", .unit = "bytes",
	 .help = "maximum EDNS UDP payload size advertised to upstreams"},
	{0},
};

static const struct schema_key probe_keys[] = {
	{TEXT(written_probe, name, TEXT_BYTES_MAX), .initial = ".", .help = "query name of probes"},
	{TEXT(written_probe, type, 16), .initial = "NS", .help = "query type of probes"},
	{NUMBER(written_probe, interval_ms, 100, 3600000), .initial = "1000", .unit = "ms",
	 .help = "interval between probes of a server"},
	{NUMBER(written_probe, timeout_ms, SNAPSHOT_TIMEOUT_MS_MIN, SNAPSHOT_TIMEOUT_MS_MAX),
	 .initial = "1000", .unit = "ms", .help = "time to wait for the response to a probe"},
	{NUMBER(written_probe, rise, 1, 100), .initial = "2",
	 .help = "successful probes in a row that put a server back in use"},
	{NUMBER(written_probe, fall, 1, 100), .initial = "3",
	 .help = "failed probes in a row that take a server out of use"},
	{TEXTS(written_probe, good, 16), .initial = "noerror, nxdomain",
	 .help = "response codes that count as success, names or numbers"},
	{0},
};

static const struct schema_key passive_keys[] = {
	{NUMBER(written_passive, responses, 10, 100000), .initial = "100",
	 .help = "number of last queries to a server that are evaluated, answered or timed out"},
	{NUMBER(written_passive, timeout_percent, 0, 100), .initial = "50", .unit = "%",
	 .help = "take the server out above this share of timeouts; 100: never"},
	{NUMBER(written_passive, servfail_percent, 0, 100), .initial = "100", .unit = "%",
	 .help = "take the server out above this share of SERVFAIL responses; 100: never"},
	{0},
};

static const struct schema_key server_keys[] = {
	{TEXT(written_server, name, SNAPSHOT_NAME_BYTES - 1), .required = true,
	 .help = "name of the server: letters, digits, '.', '_' and '-'"},
	{TEXT(written_server, address, TEXT_BYTES_MAX), .required = true,
	 .help = "IP address of the server"},
	{NUMBER(written_server, port, 1, 65535), .initial = "53", .help = "UDP port of the server"},
	{NUMBER(written_server, weight, 1, SNAPSHOT_WEIGHT_MAX), .initial = "1",
	 .help = "share of the queries relative to other servers, for policies that use weights"},
	{CHOICE(written_server, random_case, switch_names),
	 .help = "randomize the letter case of query names to this server; defaults to "
		 "protection.random_case"},
	{0},
};

#define POLICY_HELP                                                                                \
	"how to choose a server: in turn; of two random ones the one with fewer queries in "       \
	"flight; at random by weight; by a hash of the query name; the first usable one"

#define HASH_KEY_HELP                                                                              \
	"for policy hash: instances with the same text choose the same server for a name"

#define LOAD_PERCENT_HELP                                                                          \
	"for policy hash: pass over a server with more queries in flight than this share of the "  \
	"average; 0: no limit"

static const struct schema_key upstreams_keys[] = {
	{CHOICE(written_upstreams, policy, policy_names), .initial = "round-robin",
	 .help = POLICY_HELP},
	{TEXT(written_upstreams, hash_key, TEXT_BYTES_MAX), .help = HASH_KEY_HELP},
	{NUMBER(written_upstreams, load_percent, 0, 10000), .initial = "150", .unit = "%",
	 .help = LOAD_PERCENT_HELP},
	{NUMBER(written_upstreams, timeout_ms, SNAPSHOT_TIMEOUT_MS_MIN, SNAPSHOT_TIMEOUT_MS_MAX),
	 .initial = "2000", .unit = "ms", .help = "time to wait for the response to a query"},
	{SECTION(written_upstreams, probe, probe_keys), .help = "health checks by probes"},
	{SECTION(written_upstreams, passive, passive_keys),
	 .help = "health checks by client queries; off if absent"},
	{NUMBER(written_upstreams, healthy_min_percent, 0, 100), .initial = "0", .unit = "%",
	 .help = "health checks keep a server in use if less than this share of its pool would be "
		 "left"},
	{SECTIONS(written_upstreams, servers, struct written_server, SNAPSHOT_UPSTREAMS_MAX,
		  server_keys),
	 .required = true, .help = "resolvers that queries are forwarded to"},
	{0},
};

static const struct schema_key pool_keys[] = {
	{TEXT(written_pool, name, SNAPSHOT_NAME_BYTES - 1), .required = true,
	 .help = "name of the pool: letters, digits, '.', '_' and '-'"},
	{CHOICE(written_pool, policy, policy_names),
	 .help = POLICY_HELP "; defaults to upstreams.policy"},
	{TEXT(written_pool, hash_key, TEXT_BYTES_MAX),
	 .help = HASH_KEY_HELP "; defaults to upstreams.hash_key"},
	{NUMBER(written_pool, load_percent, 0, 10000), .unit = "%",
	 .help = LOAD_PERCENT_HELP "; defaults to upstreams.load_percent"},
	{TEXTS(written_pool, servers, SNAPSHOT_UPSTREAMS_MAX), .required = true,
	 .help = "names of its servers, from upstreams.servers; the order matters for policy "
		 "first"},
	{0},
};

static const struct schema_key route_keys[] = {
	{TEXT(written_route, pool, SNAPSHOT_NAME_BYTES - 1), .required = true,
	 .help = "pool for the queries that match"},
	{TEXTS(written_route, domains, SNAPSHOT_SUFFIXES_MAX),
	 .help = "matches queries for these domains and all names below; the longest match wins"},
	{TEXT(written_route, domains_file, TEXT_BYTES_MAX),
	 .help = "file with more domains, one per line; # starts a comment; a relative path starts "
		 "at the configuration's directory"},
	{TEXTS(written_route, types, SNAPSHOT_TYPE_ROUTES_MAX),
	 .help = "matches queries of these types whose name matches no domain of any route"},
	{0},
};

static const struct schema_key http_keys[] = {
	{TEXT(written_http, address, TEXT_BYTES_MAX), .initial = "127.0.0.1",
	 .help = "address to listen on; there is no authentication, so restrict who can reach it"},
	{NUMBER(written_http, port, 0, 65535), .initial = "8953",
	 .help = "TCP port to listen on; 0 switches it off"},
	{0},
};

static const struct schema_key top_keys[] = {
	{TEXT(written, runtime_dir, 80), .initial = "/run/ephemera",
	 .help = "directory of the daemons' sockets; a change needs a restart"},
	{SECTION(written, dataplane, dataplane_keys), .required = true,
	 .help = "cores, memory and interfaces; a change needs a restart"},
	{SECTION(written, source, source_keys), .required = true,
	 .help = "source addresses and ports of upstream queries"},
	{SECTION(written, service, service_keys), .required = true,
	 .help = "addresses that clients send queries to, and allowed clients"},
	{SECTION(written, rate_limit, rate_limit_keys),
	 .help = "limit on client queries; no limit if absent"},
	{SECTION(written, protection, protection_keys),
	 .help = "protection against forged responses"},
	{SECTION(written, upstreams, upstreams_keys), .required = true,
	 .help = "resolvers, and how they are chosen and checked"},
	{SECTIONS(written, pools, struct written_pool, SNAPSHOT_POOLS_MAX, pool_keys),
	 .help = "groups of servers; the pool default has all servers unless it is listed here"},
	{SECTIONS(written, routes, struct written_route, SCHEMA_ROUTES_MAX, route_keys),
	 .help = "which queries go to which pool: first by domain, then by type, then the service "
		 "address's pool"},
	{SECTION(written, http, http_keys),
	 .help = "where ephemerad serves metrics and the dashboard"},
	{0},
};

const struct schema_key schema_top = {.name = "", .type = SCHEMA_SECTION, .keys = top_keys};

const char *
schema_policy_name(enum policy policy)
{
	for (const struct schema_choice *choice = policy_names; choice->name != NULL; choice++)
		if (choice->value == policy)
			return choice->name;
	return "unknown";
}
