/* SPDX-License-Identifier: BSD-3-Clause */
/* The table of the configuration's keys.
 *
 * Each mapping is a list of rows, X(field, note): the field is libcyaml's row, the note the rest. The lists
 * are expanded twice, into an array of each, so that the two cannot part. */
#include "control/config/schema.h"

#define OPTIONAL CYAML_FLAG_OPTIONAL
#define REQUIRED CYAML_FLAG_DEFAULT

#define TEXT_BYTES_MAX 1023 /* of any value that is a text: a probe's name with escapes is the longest */

/* Rows of libcyaml. A key is named as its member. */
#define NUMBER(structure, member, flags) CYAML_FIELD_UINT(#member, flags, structure, member)
#define TEXT(structure, member, flags, bytes_max)                                                            \
	CYAML_FIELD_STRING_PTR(#member, CYAML_FLAG_POINTER | (flags), structure, member, 1, bytes_max)
#define CHOICE(structure, member, flags, names)                                                              \
	CYAML_FIELD_ENUM(#member, CYAML_FLAG_STRICT | (flags), structure, member, names,                     \
			 CYAML_ARRAY_LEN(names))
#define MAPPING(structure, member, flags, fields)                                                            \
	CYAML_FIELD_MAPPING(#member, flags, structure, member, fields)
#define LIST(structure, member, flags, entry, length_max)                                                    \
	CYAML_FIELD_SEQUENCE(#member, CYAML_FLAG_POINTER | (flags), structure, member, entry, 1, length_max)

/* Notes. */
#define NUMBER_NOTE(first, last, default_text, unit_text, help_text)                                         \
	{                                                                                                    \
		.min = first, .max = last, .initial = default_text, .unit = unit_text, .help = help_text     \
	}
#define TEXT_NOTE(default_text, help_text)                                                                   \
	{                                                                                                    \
		.initial = default_text, .help = help_text                                                   \
	}
#define MAPPING_NOTE(notes_below, help_text)                                                                 \
	{                                                                                                    \
		.help = help_text, .notes = notes_below                                                      \
	}

#define FIELD(field, note) field,
#define NOTE(field, note)  note,

static const cyaml_strval_t no_upstream_names[] = {
	{"servfail", NO_UPSTREAM_SERVFAIL},
	{"keep-trying", NO_UPSTREAM_KEEP_TRYING},
};

static const cyaml_strval_t policy_names[] = {
	{"round-robin", POLICY_ROUND_ROBIN},
	{"least-outstanding", POLICY_LEAST_OUTSTANDING},
	{"random", POLICY_RANDOM},
	{"hash", POLICY_HASH},
	{"first", POLICY_FIRST},
};

static const cyaml_strval_t refusal_names[] = {
	{"drop", REFUSAL_DROP},
	{"refuse", REFUSAL_REFUSE},
};

static const cyaml_strval_t near_miss_names[] = {
	{"count", NEAR_MISS_COUNT},
	{"truncate", NEAR_MISS_TRUNCATE},
};

static const cyaml_strval_t switch_names[] = {
	{"true", SWITCH_ON},
	{"false", SWITCH_OFF},
};

static const cyaml_schema_value_t number_entry = {CYAML_VALUE_UINT(CYAML_FLAG_DEFAULT, uint32_t)};
static const cyaml_schema_value_t text_entry = {
	CYAML_VALUE_STRING(CYAML_FLAG_POINTER, char, 1, TEXT_BYTES_MAX)};

#define PORT_ROWS(X)                                                                                         \
	X(TEXT(struct written_port, xdp, REQUIRED, 15),                                                      \
	  TEXT_NOTE(NULL, "the kernel's interface that is used through AF_XDP"))                             \
	X(NUMBER(struct written_port, queues, OPTIONAL),                                                     \
	  NUMBER_NOTE(1, 64, "1", NULL, "receive queues of the interface; all it has must be named here"))

static const cyaml_schema_field_t port_fields[] = {PORT_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note port_notes[] = {PORT_ROWS(NOTE)};
static const cyaml_schema_value_t port_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct written_port, port_fields)};

#define DATAPLANE_ROWS(X)                                                                                    \
	X(NUMBER(struct written_dataplane, main_core, OPTIONAL),                                             \
	  NUMBER_NOTE(0, 1023, "0", NULL, "the processor core of the main thread, which is mostly idle"))    \
	X(LIST(struct written_dataplane, worker_cores, REQUIRED, &number_entry, CONFIG_WORKERS_MAX),         \
	  NUMBER_NOTE(0, 1023, NULL, NULL, "the processor cores of the workers, one each, always busy"))     \
	X(NUMBER(struct written_dataplane, memory_mb, OPTIONAL),                                             \
	  NUMBER_NOTE(64, 1048576, "256", "MiB", "hugepages for packets and flow tables"))                   \
	X(NUMBER(struct written_dataplane, flows_per_worker, OPTIONAL),                                      \
	  NUMBER_NOTE(1024, 16777216, "1048576", NULL,                                                       \
		      "queries that one worker can have in flight; a power of two"))                         \
	X(LIST(struct written_dataplane, ports, REQUIRED, &port_entry, SNAPSHOT_PORTS_MAX),                  \
	  MAPPING_NOTE(port_notes, "the ports of the machine that queries and replies come by"))

static const cyaml_schema_field_t dataplane_fields[] = {DATAPLANE_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note dataplane_notes[] = {DATAPLANE_ROWS(NOTE)};

#define SOURCE_ROWS(X)                                                                                       \
	X(TEXT(struct written_source, ports, OPTIONAL, 11),                                                  \
	  TEXT_NOTE("49152-65535", "the range that source ports are drawn from, 1024 at the lowest"))        \
	X(LIST(struct written_source, exclude, OPTIONAL, &text_entry, 65535),                                \
	  TEXT_NOTE(NULL, "ports and ranges of ports that are never drawn"))                                 \
	X(LIST(struct written_source, addresses, REQUIRED, &text_entry, SNAPSHOT_SOURCES_MAX),               \
	  TEXT_NOTE(NULL, "the addresses that upstream queries come from: single, first-last, or prefix"))

static const cyaml_schema_field_t source_fields[] = {SOURCE_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note source_notes[] = {SOURCE_ROWS(NOTE)};

#define LISTEN_ROWS(X)                                                                                       \
	X(TEXT(struct written_listen, address, REQUIRED, TEXT_BYTES_MAX),                                    \
	  TEXT_NOTE(NULL, "an address that clients ask"))                                                    \
	X(NUMBER(struct written_listen, port, OPTIONAL),                                                     \
	  NUMBER_NOTE(1, 65535, "53", NULL, "the UDP port that clients ask"))                                \
	X(TEXT(struct written_listen, pool, OPTIONAL, SNAPSHOT_NAME_BYTES - 1),                              \
	  TEXT_NOTE("default", "the pool for queries that no route takes elsewhere"))                        \
	X(LIST(struct written_listen, allow, OPTIONAL, &text_entry, SNAPSHOT_RANGES_MAX),                    \
	  TEXT_NOTE(NULL, "the clients that may ask here; as service.allow says if not written"))

static const cyaml_schema_field_t listen_fields[] = {LISTEN_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note listen_notes[] = {LISTEN_ROWS(NOTE)};
static const cyaml_schema_value_t listen_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct written_listen, listen_fields)};

#define SERVICE_ROWS(X)                                                                                      \
	X(LIST(struct written_service, addresses, REQUIRED, &listen_entry, SNAPSHOT_SERVICES_MAX),           \
	  MAPPING_NOTE(listen_notes, "the addresses and ports that clients ask"))                            \
	X(LIST(struct written_service, allow, OPTIONAL, &text_entry, SNAPSHOT_RANGES_MAX),                   \
	  TEXT_NOTE("10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16, 100.64.0.0/10, 127.0.0.0/8, "                \
		    "169.254.0.0/16, ::1, fe80::/10, fc00::/7",                                              \
		    "the clients that may ask: addresses, ranges, prefixes"))                                \
	X(CHOICE(struct written_service, not_allowed, OPTIONAL, refusal_names),                              \
	  TEXT_NOTE("drop", "what other clients get: nothing, or the answer REFUSED"))                       \
	X(CHOICE(struct written_service, no_upstream, OPTIONAL, no_upstream_names),                          \
	  TEXT_NOTE("servfail", "what a client gets while no upstream of the pool is usable: SERVFAIL "      \
				"at once, or its query is sent to any of them"))

static const cyaml_schema_field_t service_fields[] = {SERVICE_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note service_notes[] = {SERVICE_ROWS(NOTE)};

#define RATE_LIMIT_ROWS(X)                                                                                   \
	X(NUMBER(struct written_rate_limit, queries_per_second, REQUIRED),                                   \
	  NUMBER_NOTE(1, 1000000, NULL, "queries/s", "what the clients of one prefix may ask together"))     \
	X(NUMBER(struct written_rate_limit, burst, OPTIONAL),                                                \
	  NUMBER_NOTE(1, 1000000, NULL, "queries",                                                           \
		      "what they may ask at once after a pause; as queries_per_second if not written"))      \
	X(NUMBER(struct written_rate_limit, ipv4_prefix, OPTIONAL),                                          \
	  NUMBER_NOTE(1, 32, "24", "bits", "the length of the prefix that shares a limit, of IPv4 clients")) \
	X(NUMBER(struct written_rate_limit, ipv6_prefix, OPTIONAL),                                          \
	  NUMBER_NOTE(1, 128, "56", "bits", "and of IPv6 clients"))                                          \
	X(CHOICE(struct written_rate_limit, over_limit, OPTIONAL, refusal_names),                            \
	  TEXT_NOTE("drop", "what queries over the limit get: nothing, or the answer REFUSED"))              \
	X(NUMBER(struct written_rate_limit, truncate_every, OPTIONAL),                                       \
	  NUMBER_NOTE(0, 1000000, "0", NULL,                                                                 \
		      "of the queries over the limit each n-th is answered with TC=1 instead, so that a "    \
		      "true client can come by TCP; 0: none"))                                               \
	X(LIST(struct written_rate_limit, exempt, OPTIONAL, &text_entry, SNAPSHOT_RANGES_MAX),               \
	  TEXT_NOTE(NULL, "clients without a limit: addresses, ranges, prefixes"))

static const cyaml_schema_field_t rate_limit_fields[] = {RATE_LIMIT_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note rate_limit_notes[] = {RATE_LIMIT_ROWS(NOTE)};

#define PROTECTION_ROWS(X)                                                                                   \
	X(CHOICE(struct written_protection, random_case, OPTIONAL, switch_names),                            \
	  TEXT_NOTE("true", "whether the letter case of questions is drawn at random (0x20)"))               \
	X(CHOICE(struct written_protection, coalesce, OPTIONAL, switch_names),                               \
	  TEXT_NOTE("true", "whether identical questions in flight share one upstream query"))               \
	X(NUMBER(struct written_protection, waiters, OPTIONAL),                                              \
	  NUMBER_NOTE(1, 255, "64", NULL, "clients that may share one upstream query beside its first"))     \
	X(CHOICE(struct written_protection, near_miss, OPTIONAL, near_miss_names),                           \
	  TEXT_NOTE("count", "what becomes of the answer to a query that saw near misses: it is delivered "  \
			     "and they are counted, or the client is sent to TCP"))                          \
	X(NUMBER(struct written_protection, near_misses, OPTIONAL),                                          \
	  NUMBER_NOTE(1, 255, "1", NULL,                                                                     \
		      "near misses, replies with a wrong ID or question, that mark a query"))                \
	X(NUMBER(struct written_protection, edns_bytes, OPTIONAL),                                           \
	  NUMBER_NOTE(512, 4096, "1232", "bytes", "the largest UDP answer that upstreams are offered"))

static const cyaml_schema_field_t protection_fields[] = {PROTECTION_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note protection_notes[] = {PROTECTION_ROWS(NOTE)};

#define PROBE_ROWS(X)                                                                                        \
	X(TEXT(struct written_probe, name, OPTIONAL, TEXT_BYTES_MAX),                                        \
	  TEXT_NOTE(".", "the name that probes ask for"))                                                    \
	X(TEXT(struct written_probe, type, OPTIONAL, 16), TEXT_NOTE("NS", "the type that probes ask for"))   \
	X(NUMBER(struct written_probe, interval_ms, OPTIONAL),                                               \
	  NUMBER_NOTE(100, 3600000, "1000", "ms", "from one probe of a server to the next"))                 \
	X(NUMBER(struct written_probe, timeout_ms, OPTIONAL),                                                \
	  NUMBER_NOTE(SNAPSHOT_TIMEOUT_MS_MIN, SNAPSHOT_TIMEOUT_MS_MAX, "1000", "ms",                        \
		      "how long a probe waits for its reply"))                                               \
	X(NUMBER(struct written_probe, rise, OPTIONAL),                                                      \
	  NUMBER_NOTE(1, 100, "2", NULL, "good probes in a row that bring a server back"))                   \
	X(NUMBER(struct written_probe, fall, OPTIONAL),                                                      \
	  NUMBER_NOTE(1, 100, "3", NULL, "failed probes in a row that take a server out"))                   \
	X(LIST(struct written_probe, good, OPTIONAL, &text_entry, 16),                                       \
	  TEXT_NOTE("noerror, nxdomain", "the response codes of a good answer, names or numbers"))

static const cyaml_schema_field_t probe_fields[] = {PROBE_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note probe_notes[] = {PROBE_ROWS(NOTE)};

#define PASSIVE_ROWS(X)                                                                                      \
	X(NUMBER(struct written_passive, answers, OPTIONAL),                                                 \
	  NUMBER_NOTE(10, 100000, "100", NULL,                                                               \
		      "a server is judged by so many of its last queries, answered or timed out"))           \
	X(NUMBER(struct written_passive, timeout_percent, OPTIONAL),                                         \
	  NUMBER_NOTE(0, 100, "50", "%", "more of them timed out: it is taken out; 100: never"))             \
	X(NUMBER(struct written_passive, servfail_percent, OPTIONAL),                                        \
	  NUMBER_NOTE(0, 100, "100", "%", "more of them answered SERVFAIL: it is taken out; 100: never"))

static const cyaml_schema_field_t passive_fields[] = {PASSIVE_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note passive_notes[] = {PASSIVE_ROWS(NOTE)};

#define SERVER_ROWS(X)                                                                                       \
	X(TEXT(struct written_server, name, REQUIRED, SNAPSHOT_NAME_BYTES - 1),                              \
	  TEXT_NOTE(NULL, "what the server is called: letters, digits, '.', '_' and '-'"))                   \
	X(TEXT(struct written_server, address, REQUIRED, TEXT_BYTES_MAX),                                    \
	  TEXT_NOTE(NULL, "the server's address"))                                                           \
	X(NUMBER(struct written_server, port, OPTIONAL),                                                     \
	  NUMBER_NOTE(1, 65535, "53", NULL, "the server's UDP port"))                                        \
	X(NUMBER(struct written_server, weight, OPTIONAL),                                                   \
	  NUMBER_NOTE(1, SNAPSHOT_WEIGHT_MAX, "1", NULL,                                                     \
		      "its share of the queries beside the others, where the policy goes by weights"))       \
	X(CHOICE(struct written_server, random_case, OPTIONAL, switch_names),                                \
	  TEXT_NOTE(NULL, "whether the case of questions to it is drawn; as protection.random_case says if " \
			  "not written"))

static const cyaml_schema_field_t server_fields[] = {SERVER_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note server_notes[] = {SERVER_ROWS(NOTE)};
static const cyaml_schema_value_t server_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct written_server, server_fields)};

#define POLICY_HELP                                                                                          \
	"how a server is chosen for a query: in turn; of two at random the one with less in flight; at "     \
	"random by weight; by a hash of the name; the first that is usable"
#define HASH_KEY_HELP "for policy hash: the same text on all machines has them choose the same server"
#define LOAD_PERCENT_HELP                                                                                    \
	"for policy hash: a server with more in flight than this share of the average is passed over; 0: "   \
	"none is"

#define UPSTREAMS_ROWS(X)                                                                                    \
	X(CHOICE(struct written_upstreams, policy, OPTIONAL, policy_names),                                  \
	  TEXT_NOTE("round-robin", POLICY_HELP))                                                             \
	X(TEXT(struct written_upstreams, hash_key, OPTIONAL, TEXT_BYTES_MAX),                                \
	  TEXT_NOTE(NULL, HASH_KEY_HELP))                                                                    \
	X(NUMBER(struct written_upstreams, load_percent, OPTIONAL),                                          \
	  NUMBER_NOTE(0, 10000, "150", "%", LOAD_PERCENT_HELP))                                              \
	X(NUMBER(struct written_upstreams, timeout_ms, OPTIONAL),                                            \
	  NUMBER_NOTE(SNAPSHOT_TIMEOUT_MS_MIN, SNAPSHOT_TIMEOUT_MS_MAX, "2000", "ms",                        \
		      "how long a query waits for its answer"))                                              \
	X(MAPPING(struct written_upstreams, probe, OPTIONAL, probe_fields),                                  \
	  MAPPING_NOTE(probe_notes, "how the servers' health is watched"))                                   \
	X(MAPPING(struct written_upstreams, passive, OPTIONAL, passive_fields),                              \
	  MAPPING_NOTE(passive_notes, "judges servers by clients' queries too, if it is written"))           \
	X(NUMBER(struct written_upstreams, healthy_min_percent, OPTIONAL),                                   \
	  NUMBER_NOTE(0, 100, "0", "%",                                                                      \
		      "health takes no more of a pool's servers out when only this share is left"))          \
	X(LIST(struct written_upstreams, servers, REQUIRED, &server_entry, SNAPSHOT_UPSTREAMS_MAX),          \
	  MAPPING_NOTE(server_notes, "the resolvers that queries are forwarded to"))

static const cyaml_schema_field_t upstreams_fields[] = {UPSTREAMS_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note upstreams_notes[] = {UPSTREAMS_ROWS(NOTE)};

#define POOL_ROWS(X)                                                                                         \
	X(TEXT(struct written_pool, name, REQUIRED, SNAPSHOT_NAME_BYTES - 1),                                \
	  TEXT_NOTE(NULL, "what the pool is called: letters, digits, '.', '_' and '-'"))                     \
	X(CHOICE(struct written_pool, policy, OPTIONAL, policy_names),                                       \
	  TEXT_NOTE(NULL, POLICY_HELP "; as upstreams.policy says if not written"))                          \
	X(TEXT(struct written_pool, hash_key, OPTIONAL, TEXT_BYTES_MAX),                                     \
	  TEXT_NOTE(NULL, HASH_KEY_HELP "; as in upstreams if not written"))                                 \
	X(NUMBER(struct written_pool, load_percent, OPTIONAL),                                               \
	  NUMBER_NOTE(0, 10000, NULL, "%", LOAD_PERCENT_HELP "; as in upstreams if not written"))            \
	X(LIST(struct written_pool, servers, REQUIRED, &text_entry, SNAPSHOT_UPSTREAMS_MAX),                 \
	  TEXT_NOTE(NULL, "its servers' names, from upstreams.servers; their order counts for first"))

static const cyaml_schema_field_t pool_fields[] = {POOL_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note pool_notes[] = {POOL_ROWS(NOTE)};
static const cyaml_schema_value_t pool_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct written_pool, pool_fields)};

#define ROUTE_ROWS(X)                                                                                        \
	X(TEXT(struct written_route, pool, REQUIRED, SNAPSHOT_NAME_BYTES - 1),                               \
	  TEXT_NOTE(NULL, "the pool that these queries go to"))                                              \
	X(LIST(struct written_route, domains, OPTIONAL, &text_entry, SNAPSHOT_SUFFIXES_MAX),                 \
	  TEXT_NOTE(NULL, "names of domains: queries for them and all below; the longest one counts"))       \
	X(TEXT(struct written_route, domains_file, OPTIONAL, TEXT_BYTES_MAX),                                \
	  TEXT_NOTE(NULL, "a file with more of them, one a line; # begins a comment; a relative path "       \
			  "begins at the configuration's folder"))                                           \
	X(LIST(struct written_route, types, OPTIONAL, &text_entry, SNAPSHOT_TYPE_ROUTES_MAX),                \
	  TEXT_NOTE(NULL, "queries of these types whose name no domain of a route matches"))

static const cyaml_schema_field_t route_fields[] = {ROUTE_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note route_notes[] = {ROUTE_ROWS(NOTE)};
static const cyaml_schema_value_t route_entry = {
	CYAML_VALUE_MAPPING(CYAML_FLAG_DEFAULT, struct written_route, route_fields)};

#define HTTP_ROWS(X)                                                                                         \
	X(TEXT(struct written_http, address, OPTIONAL, TEXT_BYTES_MAX),                                      \
	  TEXT_NOTE("127.0.0.1", "the address; there is no password, so mind who can reach it"))             \
	X(NUMBER(struct written_http, port, OPTIONAL),                                                       \
	  NUMBER_NOTE(0, 65535, "8953", NULL, "the TCP port; 0 switches it off"))

static const cyaml_schema_field_t http_fields[] = {HTTP_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note http_notes[] = {HTTP_ROWS(NOTE)};

#define TOP_ROWS(X)                                                                                          \
	X(TEXT(struct written, runtime_dir, OPTIONAL, 80),                                                   \
	  TEXT_NOTE("/run/ephemera", "the directory of the daemons' sockets; a change needs a restart"))     \
	X(MAPPING(struct written, dataplane, REQUIRED, dataplane_fields),                                    \
	  MAPPING_NOTE(dataplane_notes, "cores, memory and ports; a change needs a restart"))                \
	X(MAPPING(struct written, source, REQUIRED, source_fields),                                          \
	  MAPPING_NOTE(source_notes, "where upstream queries come from"))                                    \
	X(MAPPING(struct written, service, REQUIRED, service_fields),                                        \
	  MAPPING_NOTE(service_notes, "where clients ask, and who may"))                                     \
	X(MAPPING(struct written, rate_limit, OPTIONAL, rate_limit_fields),                                  \
	  MAPPING_NOTE(rate_limit_notes, "how much clients may ask; no limit if it is not written"))         \
	X(MAPPING(struct written, protection, OPTIONAL, protection_fields),                                  \
	  MAPPING_NOTE(protection_notes, "what makes answers hard to forge"))                                \
	X(MAPPING(struct written, upstreams, REQUIRED, upstreams_fields),                                    \
	  MAPPING_NOTE(upstreams_notes, "where queries go"))                                                 \
	X(LIST(struct written, pools, OPTIONAL, &pool_entry, SNAPSHOT_POOLS_MAX),                            \
	  MAPPING_NOTE(pool_notes, "groups of servers; the pool default has all servers unless it is "       \
				   "written here"))                                                          \
	X(LIST(struct written, routes, OPTIONAL, &route_entry, SCHEMA_ROUTES_MAX),                           \
	  MAPPING_NOTE(route_notes, "which queries go to which pool; a domain counts before a type, a "      \
				    "type before the service address's pool"))                               \
	X(MAPPING(struct written, http, OPTIONAL, http_fields),                                              \
	  MAPPING_NOTE(http_notes, "where ephemerad serves metrics and the dashboard"))

static const cyaml_schema_field_t top_fields[] = {TOP_ROWS(FIELD) CYAML_FIELD_END};
static const struct schema_note top_notes[] = {TOP_ROWS(NOTE)};

const cyaml_schema_value_t schema_top = {CYAML_VALUE_MAPPING(CYAML_FLAG_POINTER, struct written, top_fields)};
const struct schema_note schema_top_note = MAPPING_NOTE(top_notes, "");

const char *
schema_policy_name(enum policy policy)
{
	for (size_t i = 0; i < CYAML_ARRAY_LEN(policy_names); i++)
		if (policy_names[i].val == (int64_t)policy)
			return policy_names[i].str;
	return "unknown";
}
