/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot: everything the workers need to know, as one flat block without pointers.
 *
 * ephemerad builds it, as a pure function of configuration, health and neighbours, and hands it
 * over in a memfd (message.h). The dataplane copies it, checks it with snapshot_validate() and only
 * then lets the workers see it. It is immutable from then on.
 *
 * Layout: struct snapshot, then, without gaps, range_count times struct address_range, member_count
 * times struct pool_member, suffix_count times struct suffix_route, and the suffixes' names,
 * name_bytes. size_bytes says the sum.
 *
 * Things are named by slots, their positions in the arrays below, because flows name them so: a
 * thing that is taken out of the configuration stays as SLOT_RETIRED, for responses only, until no
 * flow can name it, and then turns SLOT_EMPTY. Only an empty slot may be given to something else.
 *
 * Threads: a value; readers need no lock. Units are in the names. Addresses: struct address. */
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
#define SNAPSHOT_INTERFACES_MAX	 16 /* ports of the machine */
#define SNAPSHOT_NAME_BYTES	 32 /* an upstream's name, with its final 0 */
#define SNAPSHOT_BITMAP_WORDS	 1024
#define SNAPSHOT_SOURCE_PORT_MIN 1024
#define SNAPSHOT_TIMEOUT_MS_MIN	 50
#define SNAPSHOT_TIMEOUT_MS_MAX	 30000

enum slot_state {
	SLOT_EMPTY,
	SLOT_ACTIVE,
	SLOT_RETIRED, /* no new queries; responses of flows that began before are still taken */
};

/* How a pool's upstream is chosen for a query, among those that are usable. */
enum policy {
	POLICY_ROUND_ROBIN, /* one after the other, whatever their weights */
	POLICY_LEAST_OUTSTANDING, /* two at random by weight, and of them the one with less in flight a weight
				   */
	POLICY_RANDOM,		  /* at random by weight */
	POLICY_HASH, /* by the lower-cased name; a name keeps its upstream, on each machine with this
		       * configuration */
	POLICY_FIRST, /* the first in the order of the members */
};

/* What becomes of a query of a client that may not ask, or that asks too much. */
enum refusal {
	REFUSAL_DROP,	/* no response */
	REFUSAL_REFUSE, /* REFUSED */
};

/* How the operator overrides the health of an upstream. */
enum admin_state {
	ADMIN_AUTO, /* nothing: health decides */
	ADMIN_DRAIN,
	ADMIN_UP,
	ADMIN_DOWN,
};

/* What a client gets while no upstream is usable. */
enum no_upstream {
	NO_UPSTREAM_SERVFAIL, /* SERVFAIL with extended error 22 at once */
	NO_UPSTREAM_KEEP_TRYING, /* its query sent to any of the active upstreams, usable or not, that the
				  * operator did not take out */
};

/* What happens to the response of a query that saw near misses: responses to its port, from an
 * upstream, with a wrong ID or question. */
enum near_miss {
	NEAR_MISS_COUNT, /* it is delivered; the misses are counted and reported */
	/* it is not believed over UDP: the client is told to ask again by TCP */
	NEAR_MISS_TRUNCATE,
};

/* An address and port at which clients ask. */
struct snapshot_service {
	struct address address;
	struct be16 port;
	uint8_t state; /* enum slot_state */
	uint8_t pool;  /* for queries that no route takes elsewhere */
	uint8_t zero[4];
	uint32_t allow_first, allow_count; /* who may ask here: ranges */
};

/* An address from which queries go to upstreams. */
struct snapshot_source {
	struct address address;
	uint8_t state; /* enum slot_state */
	uint8_t zero[7];
};

struct snapshot_upstream {
	struct address address;
	struct be16 port;
	uint8_t state;	  /* enum slot_state */
	uint8_t usable;	  /* 1: health says that it may be given queries */
	uint8_t resolved; /* 1: interface_index and next_hop below are known */
	uint8_t interface_index; /* of the machine: the dataplane's port that leads there and that responses come by
			     */
	struct mac next_hop;
	uint8_t random_case; /* 1: the case of the question is drawn, and must come back as it was sent (0x20)
			      */
	uint8_t case_not_kept; /* 1: random_case is 0 only because the upstream does not keep case; for
				* ephemerad's next start, the dataplane does not look at it */
	uint8_t admin_state; /* enum admin_state, of an active one: for ephemerad's next start as well,
				* and so that NO_UPSTREAM_KEEP_TRYING keeps off one that was taken out */
	uint8_t zero;
	char name[SNAPSHOT_NAME_BYTES];
};

/* Addresses first..last, both included. The ranges of one list are sorted, do not touch or overlap;
 * two lists may be the same ones. */
struct address_range {
	struct address first;
	struct address last;
};

/* Upstreams that queries of one kind go to. */
struct snapshot_pool {
	char name[SNAPSHOT_NAME_BYTES];
	uint64_t hash_seed; /* of POLICY_HASH; from the configuration, the same on each machine */
	uint16_t
		load_percent; /* of POLICY_HASH: an upstream with more in flight than this share of the
				* pool's average is passed over; 0: none is */
	uint8_t policy;	      /* enum policy */
	uint8_t used;	      /* 0: no such pool */
	uint32_t member_first, member_count; /* in the order of the configuration */
	uint32_t zero;
};

struct pool_member {
	uint16_t upstream; /* slot, of one that is active */
	uint16_t weight;   /* 1 to SNAPSHOT_WEIGHT_MAX */
};

/* Queries for a name at or below this one go to `pool`; the longest match counts. Sorted by (bytes,
 * name). */
struct suffix_route {
	uint32_t name_offset; /* in the names: wire form, lower case, with the root's 0 */
	uint8_t name_bytes;
	uint8_t pool;
	uint16_t zero;
};

/* Queries of a type, where no suffix matches. */
struct type_route {
	uint16_t type; /* host order */
	uint8_t pool;
	uint8_t zero;
};

/* How much a client prefix may ask: a token bucket for each, in tables of fixed size. */
struct snapshot_limit {
	uint32_t queries_per_second; /* 0: no limit */
	uint32_t burst;		     /* queries; at least 1 */
	uint8_t prefix4,
		prefix6; /* bits of a client's address that name its bucket; 1 to 32, 1 to 128 */
	uint8_t refusal; /* enum refusal, over the limit */
	uint8_t zero;
	uint32_t
		truncate_every; /* each Nth over the limit gets TC=1 instead, so that a client behind
				  * a forged flood can come by TCP; 0: none */
	uint32_t exempt_first, exempt_count; /* ranges without a limit */
};

struct snapshot {
	uint64_t magic;
	uint32_t version;
	uint32_t size_bytes;
	uint64_t checksum;   /* XXH3-64 of the block with this field 0; snapshot_seal() writes it */
	uint64_t generation; /* never 0, grows */

	uint32_t timeout_ms; /* how long a query waits for its response */
	uint8_t not_allowed; /* enum refusal: for clients that may not ask */
	uint8_t no_upstream; /* enum no_upstream */
	uint8_t near_miss;   /* enum near_miss */
	uint8_t near_misses; /* so many mark a query; at least 1 */
	uint16_t
		/* the largest UDP payload that queries may offer upstreams; at least 512 */
		edns_bytes;
	/* clients that may share one upstream query beside its first; 0: none shares */
	uint8_t waiters;
	uint8_t zero[5];

	uint32_t service_count; /* slots in use, empty ones between included */
	uint32_t source_count;
	uint32_t upstream_count;

	/* What follows the fixed part. */
	uint32_t range_count;
	uint32_t member_count;
	uint32_t suffix_count;
	uint32_t name_bytes;
	uint32_t type_route_count;

	struct snapshot_limit limit;
	struct type_route type_routes[SNAPSHOT_TYPE_ROUTES_MAX]; /* sorted by type */
	struct snapshot_pool pools[SNAPSHOT_POOLS_MAX];

	/* Bit (port & 63) of word (port >> 6). draw: where new queries may come from. accept: draw,
	 * and the ports withdrawn so recently that queries may still be in flight there. */
	uint64_t ports_draw[SNAPSHOT_BITMAP_WORDS];
	uint64_t ports_accept[SNAPSHOT_BITMAP_WORDS];

	struct snapshot_service services[SNAPSHOT_SERVICES_MAX];
	struct snapshot_source sources[SNAPSHOT_SOURCES_MAX];
	struct snapshot_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];

	struct address_range ranges[];
};

/* The bytes of a block with these counts. */
static inline size_t
snapshot_size(uint32_t range_count, uint32_t member_count, uint32_t suffix_count,
	      uint32_t name_bytes)
{
	return sizeof(struct snapshot) + range_count * sizeof(struct address_range) +
	       member_count * sizeof(struct pool_member) +
	       suffix_count * sizeof(struct suffix_route) + ((size_t)name_bytes + 7) / 8 * 8;
}

/* The bytes of the largest block that can be valid. */
static inline size_t
snapshot_size_max(void)
{
	return snapshot_size(SNAPSHOT_RANGES_MAX, SNAPSHOT_MEMBERS_MAX, SNAPSHOT_SUFFIXES_MAX,
			     SNAPSHOT_NAMES_BYTES_MAX);
}

/* The parts behind the fixed one; good for a block whose counts are set. [any] */
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

/* Fills in magic, version, size and checksum of a block whose other fields are ready. [any] */
void snapshot_seal(struct snapshot *snapshot);

/* Checks a block of `size` bytes from a stranger: that it is a snapshot of this version, whole, and
 * that every field is in its range. 0, or -EINVAL; *why then says what is wrong, a constant string.
 * Reads only inside `size` bytes; `block` must be aligned to 8. [any] */
int snapshot_validate(const void *block, size_t size, const char **why);

#endif
