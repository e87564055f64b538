/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot: the configuration and state that workers run on, as one flat block without
 * pointers.
 *
 * ephemerad builds it from configuration, health and neighbours only, and sends it in a memfd
 * (message.h). The dataplane copies it and checks it with snapshot_validate() before workers use
 * it. It is immutable from then on.
 *
 * Layout:  struct snapshot, then, without gaps, range_count times struct address_range,
 *          member_count times struct pool_member, suffix_count times struct suffix_route, and the
 *          suffixes' names, name_bytes. size_bytes is the sum.
 *
 * Services, sources and upstreams are identified by slots, their positions in the arrays below,
 * because flows refer to slots. What is removed from the configuration stays as SLOT_RETIRED, for
 * responses only, until no flow can refer to it, and then becomes SLOT_EMPTY. Only an empty slot
 * may be reused.
 *
 * Threads: a value; readers need no lock. */
#ifndef EPHEMERA_DATAPLANE_SHARED_SNAPSHOT_H
#define EPHEMERA_DATAPLANE_SHARED_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "dataplane/shared/wire.h"

#define SNAPSHOT_MAGIC		 0x3170616e73687065u /* "ephsnap1" */
#define SNAPSHOT_VERSION	 2
#define SNAPSHOT_SERVICES_MAX	 64
#define SNAPSHOT_SOURCES_MAX	 256
#define SNAPSHOT_UPSTREAMS_MAX	 512
#define SNAPSHOT_RANGES_MAX	 16384 /* address ranges of all lists together */
#define SNAPSHOT_POOLS_MAX	 64
#define SNAPSHOT_MEMBERS_MAX	 4096 /* of all pools together */
#define SNAPSHOT_SUFFIXES_MAX	 131072
#define SNAPSHOT_NAMES_BYTES_MAX (16 << 20) /* the suffixes' names */
#define SNAPSHOT_TYPE_ROUTES_MAX 64
#define SNAPSHOT_WEIGHT_MAX	 10000
#define SNAPSHOT_INTERFACES_MAX	 16 /* network interfaces */
#define SNAPSHOT_NAME_BYTES	 32 /* an upstream's name, including the final 0 */
#define SNAPSHOT_BITMAP_WORDS	 1024
#define SNAPSHOT_SOURCE_PORT_MIN 1024
#define SNAPSHOT_TIMEOUT_MS_MIN	 50
#define SNAPSHOT_TIMEOUT_MS_MAX	 30000

enum slot_state {
	SLOT_EMPTY,
	SLOT_ACTIVE,
	SLOT_RETIRED, /* no new queries; responses of earlier flows are still accepted */
};

/* How a query's upstream is chosen among a pool's usable members. */
enum policy {
	POLICY_ROUND_ROBIN, /* one after the other, regardless of weights */
	/* of two drawn by weight, the one with fewer queries in flight per unit of weight */
	POLICY_LEAST_OUTSTANDING,
	POLICY_RANDOM, /* at random by weight */
	/* by the lower-cased name: a name keeps its upstream, on all machines with this pool */
	POLICY_HASH,
	POLICY_FIRST, /* the first in the order of the members */
};

/* What happens to a query of a client that is not allowed, or is over its limit. */
enum refusal {
	REFUSAL_DROP,	/* no response */
	REFUSAL_REFUSE, /* REFUSED */
};

/* How the operator overrides the health of an upstream. */
enum admin_state {
	ADMIN_AUTO, /* no override: health decides */
	ADMIN_DRAIN,
	ADMIN_UP,
	ADMIN_DOWN,
};

/* What happens to a query while no upstream of its pool is usable. */
enum no_upstream {
	NO_UPSTREAM_SERVFAIL, /* answered at once: SERVFAIL with extended error 22 */
	/* sent to any active upstream, usable or not, that is not set to drain or down */
	NO_UPSTREAM_KEEP_TRYING,
};

/* What happens to the response of a query with near misses, which are responses to its port, from
 * an upstream, with a wrong ID or question. */
enum near_miss {
	NEAR_MISS_COUNT, /* delivered; the near misses are counted and reported */
	/* replaced by an empty response with TC=1, so that the client retries over TCP */
	NEAR_MISS_TRUNCATE,
};

/* An address and port that receives clients' queries. */
struct snapshot_service {
	struct address address;
	struct be16 port;
	uint8_t state; /* enum slot_state */
	uint8_t pool;  /* for queries without a route */
	uint8_t zero[4];
	uint32_t allow_first, allow_count; /* address ranges of allowed clients */
};

/* An address that queries to upstreams are sent from. */
struct snapshot_source {
	struct address address;
	uint8_t state; /* enum slot_state */
	uint8_t zero[7];
};

struct snapshot_upstream {
	struct address address;
	struct be16 port;
	uint8_t state;	  /* enum slot_state */
	uint8_t usable;	  /* 1: healthy: may get queries */
	uint8_t resolved; /* 1: interface_index and next_hop are known */
	/* interface towards the upstream; responses must arrive on it, too */
	uint8_t interface_index;
	struct mac next_hop;
	/* 1: the question's letter case is drawn, and the response must have the same (0x20) */
	uint8_t random_case;
	/* 1: random_case is 0 because the upstream does not keep letter case; ignored by the
	 * dataplane, kept here for ephemerad's next start */
	uint8_t case_not_kept;
	/* enum admin_state, if active: excludes drained and downed upstreams from
	 * NO_UPSTREAM_KEEP_TRYING; also kept here for ephemerad's next start */
	uint8_t admin_state;
	uint8_t zero;
	char name[SNAPSHOT_NAME_BYTES];
};

/* Addresses from first to last, inclusive. The ranges of a list are sorted and do not touch or
 * overlap; several users may share a list. */
struct address_range {
	struct address first;
	struct address last;
};

/* A set of upstreams, and the policy to choose among them. */
struct snapshot_pool {
	char name[SNAPSHOT_NAME_BYTES];
	uint64_t hash_seed; /* POLICY_HASH: from the configuration, the same on all machines */
	/* POLICY_HASH: skip upstreams with more queries in flight than this percentage of the
	 * pool's average; 0: never */
	uint16_t load_percent;
	uint8_t policy;			     /* enum policy */
	uint8_t used;			     /* 0: the entry is not in use */
	uint32_t member_first, member_count; /* in the order of the configuration */
	uint32_t zero;
};

struct pool_member {
	uint16_t upstream; /* slot of an active upstream */
	uint16_t weight;   /* 1 to SNAPSHOT_WEIGHT_MAX */
};

/* Queries for this name or a name below it go to `pool`; the longest match wins. Sorted by
 * (name_bytes, name). */
struct suffix_route {
	uint32_t name_offset; /* in the names; wire form, lower case, including the root's 0 */
	uint8_t name_bytes;
	uint8_t pool;
	uint16_t zero;
};

/* Queries of this type go to `pool` if no suffix matches. */
struct type_route {
	uint16_t type; /* host order */
	uint8_t pool;
	uint8_t zero;
};

/* The query rate limit of client prefixes: a token bucket for each, in a table of fixed size. */
struct snapshot_limit {
	uint32_t queries_per_second; /* 0: no limit */
	uint32_t burst;		     /* queries; at least 1 */
	uint8_t prefix4, prefix6;    /* bits of a client's prefix: 1 to 32, 1 to 128 */
	uint8_t refusal;	     /* enum refusal, over the limit */
	uint8_t zero;
	/* every Nth query over the limit is answered TC=1 instead, so that a client whose address
	 * is used in a forged flood can retry over TCP; 0: none */
	uint32_t truncate_every;
	uint32_t exempt_first, exempt_count; /* address ranges without a limit */
};

struct snapshot {
	uint64_t magic;
	uint32_t version;
	uint32_t size_bytes;
	uint64_t checksum;   /* XXH3-64 of the block with this field 0; snapshot_seal() writes it */
	uint64_t generation; /* at least 1, increasing */

	uint32_t timeout_ms; /* time that a query waits for its response */
	uint8_t not_allowed; /* enum refusal: for clients that are not allowed */
	uint8_t no_upstream; /* enum no_upstream */
	uint8_t near_miss;   /* enum near_miss */
	uint8_t near_misses; /* number of near misses that mark a query; at least 1 */
	uint16_t edns_bytes; /* largest UDP payload that queries may offer; at least 512 */
	/* clients, besides the first, that may share one upstream query; 0: no sharing */
	uint8_t waiters;
	uint8_t zero[5];

	uint32_t service_count; /* slots in use, including empty ones between */
	uint32_t source_count;
	uint32_t upstream_count;

	/* Sizes of what follows the fixed part. */
	uint32_t range_count;
	uint32_t member_count;
	uint32_t suffix_count;
	uint32_t name_bytes;
	uint32_t type_route_count;

	struct snapshot_limit limit;
	struct type_route type_routes[SNAPSHOT_TYPE_ROUTES_MAX]; /* sorted by type */
	struct snapshot_pool pools[SNAPSHOT_POOLS_MAX];

	/* Bit (port & 63) of word (port >> 6). draw: source ports of new queries. accept: those,
	 * and ports withdrawn so recently that queries may still be in flight there. */
	uint64_t ports_draw[SNAPSHOT_BITMAP_WORDS];
	uint64_t ports_accept[SNAPSHOT_BITMAP_WORDS];

	struct snapshot_service services[SNAPSHOT_SERVICES_MAX];
	struct snapshot_source sources[SNAPSHOT_SOURCES_MAX];
	struct snapshot_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];

	struct address_range ranges[];
};

/* Size of a block with these counts. */
static inline size_t
snapshot_size(uint32_t range_count, uint32_t member_count, uint32_t suffix_count,
	      uint32_t name_bytes)
{
	return sizeof(struct snapshot) + range_count * sizeof(struct address_range) +
	       member_count * sizeof(struct pool_member) +
	       suffix_count * sizeof(struct suffix_route) + ((size_t)name_bytes + 7) / 8 * 8;
}

/* Size of the largest valid block. */
static inline size_t
snapshot_size_max(void)
{
	return snapshot_size(SNAPSHOT_RANGES_MAX, SNAPSHOT_MEMBERS_MAX, SNAPSHOT_SUFFIXES_MAX,
			     SNAPSHOT_NAMES_BYTES_MAX);
}

/* The parts after the fixed one, of a block whose counts are set. [any] */
static inline struct pool_member *
snapshot_members(const struct snapshot *snapshot)
{
	return (struct pool_member *)(uintptr_t)(snapshot->ranges + snapshot->range_count);
}

static inline struct suffix_route *
snapshot_suffixes(const struct snapshot *snapshot)
{
	return (struct suffix_route *)(snapshot_members(snapshot) + snapshot->member_count);
}

static inline uint8_t *
snapshot_names(const struct snapshot *snapshot)
{
	return (uint8_t *)(snapshot_suffixes(snapshot) + snapshot->suffix_count);
}

static inline bool
bitmap_test(const uint64_t *words, uint16_t port)
{
	return words[port >> 6] >> (port & 63) & 1;
}

static inline void
bitmap_set(uint64_t *words, uint16_t port)
{
	words[port >> 6] |= UINT64_C(1) << (port & 63);
}

/* Writes magic, version, size and checksum of a block whose other fields are set. [any] */
void snapshot_seal(struct snapshot *snapshot);

/* Checks an untrusted block of `size` bytes: that it is a complete snapshot of this version, and
 * that every field is in range. 0, or -EINVAL with the reason in *why, a constant string. Reads
 * only inside `size` bytes; `block` must be aligned to 8. [any] */
int snapshot_validate(const void *block, size_t size, const char **why);

#endif
