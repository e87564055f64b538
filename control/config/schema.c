/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of the configuration's keys. */
#include "control/config/schema.h"

#define TEXT_BYTES_MAX                                                                             \
	1023 /* of any value that is a text: a probe's name with escapes is the longest */

/* Where a key's value is stored. A key is named as its member, which has to be of this C type. */
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
	 .help = "the kernel's interface that is used through AF_XDP"},
	{NUMBER(written_interface, queues, 1, 64), .initial = "1",
	 .help = "receive queues of the interface; all it has must be named here"},
	{0},
};

static const struct schema_key dataplane_keys[] = {
	{NUMBER(written_dataplane, main_core, 0, 1023), .initial = "0",
	 .help = "the processor core of the main thread, which is mostly idle"},
	{NUMBERS(written_dataplane, worker_cores, CONFIG_WORKERS_MAX, 0, 1023), .required = true,
	 .help = "the processor cores of the workers, one each, always busy"},
	{NUMBER(written_dataplane, memory_mb, 64, 1048576), .initial = "256", .unit = "MiB",
	 .help = "hugepages for packets and flow tables"},
	{NUMBER(written_dataplane, flows_per_worker, 1024, 16777216), .initial = "1048576",
	 .help = "queries that one worker can have in flight; a power of two"},
	{SECTIONS(written_dataplane, interfaces, struct written_interface, SNAPSHOT_INTERFACES_MAX,
		  interface_keys),
	 .required = true, .help = "the ports of the machine that queries and responses come by"},
	{0},
};

static const struct schema_key source_keys[] = {
	{TEXT(written_source, ports, 11), .initial = "49152-65535",
	 .help = "the range that source ports are drawn from, 1024 at the lowest"},
	{TEXTS(written_source, exclude, 65535),
	 .help = "ports and ranges of ports that are never drawn"},
	{TEXTS(written_source, addresses, SNAPSHOT_SOURCES_MAX), .required = true,
	 .help = "the addresses that upstream queries come from: single, first-last, or prefix"},
	{0},
};

static const struct schema_key listen_keys[] = {
	{TEXT(written_listen, address, TEXT_BYTES_MAX), .required = true,
	 .help = "an address that clients ask"},
	{NUMBER(written_listen, port, 1, 65535), .initial = "53",
	 .help = "the UDP port that clients ask"},
	{TEXT(written_listen, pool, SNAPSHOT_NAME_BYTES - 1), .initial = "default",
	 .help = "the pool for queries that no route takes elsewhere"},
	{TEXTS(written_listen, allow, SNAPSHOT_RANGES_MAX),
	 .help = "the clients that may ask here; as service.allow says if not written"},
	{0},
};

static const struct schema_key service_keys[] = {
	{SECTIONS(written_service, addresses, struct written_listen, SNAPSHOT_SERVICES_MAX,
		  listen_keys),
	 .required = true, .help = "the addresses and ports that clients ask"},
	{TEXTS(written_service, allow, SNAPSHOT_RANGES_MAX),
	 .initial = "10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, "
		    "169.254.0.0/16, ::1, fe80::/10, fc00::/7",
	 .help = "the clients that may ask: addresses, ranges, prefixes"},
	{CHOICE(written_service, not_allowed, refusal_names), .initial = "drop",
	 .help = "what other clients get: nothing, or the answer REFUSED"},
	{CHOICE(written_service, no_upstream, no_upstream_names), .initial = "servfail",
	 .help = "what a client gets while no upstream of the pool is usable: SERVFAIL "
		 "at once, or its query is sent to any of them"},
	{0},
};

static const struct schema_key rate_limit_keys[] = {
	{NUMBER(written_rate_limit, queries_per_second, 1, 1000000), .required = true,
	 .unit = "queries/s", .help = "what the clients of one prefix may ask together"},
	{NUMBER(written_rate_limit, burst, 1, 1000000), .unit = "queries",
	 .help = "what they may ask at once after a pause; as queries_per_second if not written"},
	{NUMBER(written_rate_limit, ipv4_prefix, 1, 32), .initial = "24", .unit = "bits",
	 .help = "the length of the prefix that shares a limit, of IPv4 clients"},
	{NUMBER(written_rate_limit, ipv6_prefix, 1, 128), .initial = "56", .unit = "bits",
	 .help = "and of IPv6 clients"},
	{CHOICE(written_rate_limit, over_limit, refusal_names), .initial = "drop",
	 .help = "what queries over the limit get: nothing, or the answer REFUSED"},
	{NUMBER(written_rate_limit, truncate_every, 0, 1000000), .initial = "0",
	 .help = "of the queries over the limit each n-th is answered with TC=1 instead, so that a "
		 "true client can come by TCP; 0: none"},
	{TEXTS(written_rate_limit, exempt, SNAPSHOT_RANGES_MAX),
	 .help = "clients without a limit: addresses, ranges, prefixes"},
	{0},
};

static const struct schema_key protection_keys[] = {
	{CHOICE(written_protection, random_case, switch_names), .initial = "true",
	 .help = "whether the letter case of questions is drawn at random (0x20)"},
	{CHOICE(written_protection, coalesce, switch_names), .initial = "true",
	 .help = "whether identical questions in flight share one upstream query"},
	{NUMBER(written_protection, waiters, 1, 255), .initial = "64",
	 .help = "clients that may share one upstream query beside its first"},
	{CHOICE(written_protection, near_miss, near_miss_names), .initial = "count",
	 .help = "what becomes of the response to a query that saw near misses: it is delivered "
		 "and they are counted, or the client is sent to TCP"},
	{NUMBER(written_protection, near_misses, 1, 255), .initial = "1",
	 .help = "near misses, responses with a wrong ID or question, that mark a query"},
	{NUMBER(written_protection, edns_bytes, 512, 4096), .initial = "1232", .unit = "bytes",
	 .help = "the largest UDP response that upstreams are offered"},
	{0},
};

static const struct schema_key probe_keys[] = {
	{TEXT(written_probe, name, TEXT_BYTES_MAX), .initial = ".",
	 .help = "the name that probes ask for"},
	{TEXT(written_probe, type, 16), .initial = "NS", .help = "the type that probes ask for"},
	{NUMBER(written_probe, interval_ms, 100, 3600000), .initial = "1000", .unit = "ms",
	 .help = "from one probe of a server to the next"},
	{NUMBER(written_probe, timeout_ms, SNAPSHOT_TIMEOUT_MS_MIN, SNAPSHOT_TIMEOUT_MS_MAX),
	 .initial = "1000", .unit = "ms", .help = "how long a probe waits for its response"},
	{NUMBER(written_probe, rise, 1, 100), .initial = "2",
	 .help = "good probes in a row that bring a server back"},
	{NUMBER(written_probe, fall, 1, 100), .initial = "3",
	 .help = "failed probes in a row that take a server out"},
	{TEXTS(written_probe, good, 16), .initial = "noerror, nxdomain",
	 .help = "the response codes of a good response, names or numbers"},
	{0},
};

static const struct schema_key passive_keys[] = {
	{NUMBER(written_passive, responses, 10, 100000), .initial = "100",
	 .help = "a server is judged by so many of its last queries, answered or timed out"},
	{NUMBER(written_passive, timeout_percent, 0, 100), .initial = "50", .unit = "%",
	 .help = "more of them timed out: it is taken out; 100: never"},
	{NUMBER(written_passive, servfail_percent, 0, 100), .initial = "100", .unit = "%",
	 .help = "more of them answered SERVFAIL: it is taken out; 100: never"},
	{0},
};

static const struct schema_key server_keys[] = {
	{TEXT(written_server, name, SNAPSHOT_NAME_BYTES - 1), .required = true,
	 .help = "what the server is called: letters, digits, '.', '_' and '-'"},
	{TEXT(written_server, address, TEXT_BYTES_MAX), .required = true,
	 .help = "the server's address"},
	{NUMBER(written_server, port, 1, 65535), .initial = "53", .help = "the server's UDP port"},
	{NUMBER(written_server, weight, 1, SNAPSHOT_WEIGHT_MAX), .initial = "1",
	 .help = "its share of the queries beside the others, where the policy goes by weights"},
	{CHOICE(written_server, random_case, switch_names),
	 .help = "whether the case of questions to it is drawn; as protection.random_case says if "
		 "not written"},
	{0},
};

#define POLICY_HELP                                                                                \
	"how a server is chosen for a query: in turn; of two at random the one with less in "      \
	"flight; at "                                                                              \
	"random by weight; by a hash of the name; the first that is usable"

#define HASH_KEY_HELP                                                                              \
	"for policy hash: the same text on all machines has them choose the same server"

#define LOAD_PERCENT_HELP                                                                          \
	"for policy hash: a server with more in flight than this share of the average is passed "  \
	"over; 0: "                                                                                \
	"none is"

static const struct schema_key upstreams_keys[] = {
	{CHOICE(written_upstreams, policy, policy_names), .initial = "round-robin",
	 .help = POLICY_HELP},
	{TEXT(written_upstreams, hash_key, TEXT_BYTES_MAX), .help = HASH_KEY_HELP},
	{NUMBER(written_upstreams, load_percent, 0, 10000), .initial = "150", .unit = "%",
	 .help = LOAD_PERCENT_HELP},
	{NUMBER(written_upstreams, timeout_ms, SNAPSHOT_TIMEOUT_MS_MIN, SNAPSHOT_TIMEOUT_MS_MAX),
	 .initial = "2000", .unit = "ms", .help = "how long a query waits for its response"},
	{SECTION(written_upstreams, probe, probe_keys),
	 .help = "how the servers' health is watched"},
	{SECTION(written_upstreams, passive, passive_keys),
	 .help = "judges servers by clients' queries too, if it is written"},
	{NUMBER(written_upstreams, healthy_min_percent, 0, 100), .initial = "0", .unit = "%",
	 .help = "health takes no more of a pool's servers out when only this share is left"},
	{SECTIONS(written_upstreams, servers, struct written_server, SNAPSHOT_UPSTREAMS_MAX,
		  server_keys),
	 .required = true, .help = "the resolvers that queries are forwarded to"},
	{0},
};

static const struct schema_key pool_keys[] = {
	{TEXT(written_pool, name, SNAPSHOT_NAME_BYTES - 1), .required = true,
	 .help = "what the pool is called: letters, digits, '.', '_' and '-'"},
	{CHOICE(written_pool, policy, policy_names),
	 .help = POLICY_HELP "; as upstreams.policy says if not written"},
	{TEXT(written_pool, hash_key, TEXT_BYTES_MAX),
	 .help = HASH_KEY_HELP "; as in upstreams if not written"},
	{NUMBER(written_pool, load_percent, 0, 10000), .unit = "%",
	 .help = LOAD_PERCENT_HELP "; as in upstreams if not written"},
	{TEXTS(written_pool, servers, SNAPSHOT_UPSTREAMS_MAX), .required = true,
	 .help = "its servers' names, from upstreams.servers; their order counts for first"},
	{0},
};

static const struct schema_key route_keys[] = {
	{TEXT(written_route, pool, SNAPSHOT_NAME_BYTES - 1), .required = true,
	 .help = "the pool that these queries go to"},
	{TEXTS(written_route, domains, SNAPSHOT_SUFFIXES_MAX),
	 .help = "names of domains: queries for them and all below; the longest one counts"},
	{TEXT(written_route, domains_file, TEXT_BYTES_MAX),
	 .help = "a file with more of them, one a line; # begins a comment; a relative path "
		 "begins at the configuration's folder"},
	{TEXTS(written_route, types, SNAPSHOT_TYPE_ROUTES_MAX),
	 .help = "queries of these types whose name no domain of a route matches"},
	{0},
};

static const struct schema_key http_keys[] = {
	{TEXT(written_http, address, TEXT_BYTES_MAX), .initial = "127.0.0.1",
	 .help = "the address; there is no password, so mind who can reach it"},
	{NUMBER(written_http, port, 0, 65535), .initial = "8953",
	 .help = "the TCP port; 0 switches it off"},
	{0},
};

static const struct schema_key top_keys[] = {
	{TEXT(written, runtime_dir, 80), .initial = "/run/ephemera",
	 .help = "the directory of the daemons' sockets; a change needs a restart"},
	{SECTION(written, dataplane, dataplane_keys), .required = true,
	 .help = "cores, memory and interfaces; a change needs a restart"},
	{SECTION(written, source, source_keys), .required = true,
	 .help = "where upstream queries come from"},
	{SECTION(written, service, service_keys), .required = true,
	 .help = "where clients ask, and who may"},
	{SECTION(written, rate_limit, rate_limit_keys),
	 .help = "how much clients may ask; no limit if it is not written"},
	{SECTION(written, protection, protection_keys), .help = "what makes answers hard to forge"},
	{SECTION(written, upstreams, upstreams_keys), .required = true, .help = "where queries go"},
	{SECTIONS(written, pools, struct written_pool, SNAPSHOT_POOLS_MAX, pool_keys),
	 .help = "groups of servers; the pool default has all servers unless it is "
		 "written here"},
	{SECTIONS(written, routes, struct written_route, SCHEMA_ROUTES_MAX, route_keys),
	 .help = "which queries go to which pool; a domain counts before a type, a "
		 "type before the service address's pool"},
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
