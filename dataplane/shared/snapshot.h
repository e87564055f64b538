/* SPDX-License-Identifier: BSD-3-Clause */
/* The snapshot: everything the workers need to know, as one flat block without pointers.
 *
 * ephemerad builds it, as a pure function of configuration, health and neighbours, and hands it over in a
 * memfd (message.h). The dataplane copies it, checks it with snapshot_validate() and only then lets the
 * workers see it. It is immutable from then on.
 *
 * Layout: struct snapshot, then allow_count times struct allow_range. size_bytes says the sum.
 *
 * Things are named by slots, their positions in the arrays below, because flows name them so: a thing that is
 * taken out of the configuration stays as SLOT_RETIRED, for replies only, until no flow can name it, and then
 * turns SLOT_EMPTY. Only an empty slot may be given to something else.
 *
 * Threads: a value; readers need no lock. Units are in the names. Addresses: struct address. */
#ifndef EPHEMERA_SNAPSHOT_H
#define EPHEMERA_SNAPSHOT_H

#include <stddef.h>
#include <stdint.h>

#include "wire.h"

#define SNAPSHOT_MAGIC		 0x3170616e73687065u /* "ephsnap1" */
#define SNAPSHOT_VERSION	 1
#define SNAPSHOT_SERVICES_MAX	 64
#define SNAPSHOT_SOURCES_MAX	 256
#define SNAPSHOT_UPSTREAMS_MAX	 512
#define SNAPSHOT_ALLOW_MAX	 1024
#define SNAPSHOT_PORTS_MAX	 16 /* ports of the machine */
#define SNAPSHOT_NAME_BYTES	 32 /* an upstream's name, with its final 0 */
#define SNAPSHOT_BITMAP_WORDS	 1024
#define SNAPSHOT_SOURCE_PORT_MIN 1024
#define SNAPSHOT_TIMEOUT_MS_MIN	 50
#define SNAPSHOT_TIMEOUT_MS_MAX	 30000

enum slot_state {
	SLOT_EMPTY,
	SLOT_ACTIVE,
	SLOT_RETIRED, /* no new queries; replies of flows that began before are still taken */
};

enum policy {
	POLICY_ROUND_ROBIN,
	POLICY_LEAST_OUTSTANDING,
};

/* What a client gets while no upstream is usable. */
enum no_upstream {
	NO_UPSTREAM_SERVFAIL,	 /* SERVFAIL with extended error 22 at once */
	NO_UPSTREAM_KEEP_TRYING, /* its query sent to any of the active upstreams, usable or not */
};

/* What happens to the answer of a query that saw near misses: replies to its port, from an upstream, with a
 * wrong ID or question. */
enum near_miss {
	NEAR_MISS_COUNT,    /* it is delivered; the misses are counted and reported */
	NEAR_MISS_TRUNCATE, /* it is not believed over UDP: the client is told to ask again by TCP */
};

/* An address and port at which clients ask. */
struct snapshot_service {
	struct address address;
	struct be16 port;
	uint8_t state; /* enum slot_state */
	uint8_t zero[5];
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
	uint8_t state;	    /* enum slot_state */
	uint8_t usable;	    /* 1: health says that it may be given queries */
	uint8_t resolved;   /* 1: port_index and next_hop below are known */
	uint8_t port_index; /* of the machine: the dataplane's port that leads there and that replies come by
			     */
	struct mac next_hop;
	uint8_t random_case; /* 1: the case of the question is drawn, and must come back as it was sent (0x20)
			      */
	uint8_t case_not_kept; /* 1: random_case is 0 only because the upstream does not keep case; for ephemerad's
				* next start, the dataplane does not look at it */
	uint8_t zero[2];
	char name[SNAPSHOT_NAME_BYTES];
};

/* Clients first..last, both included, may ask; ranges are sorted, do not touch or overlap. */
struct allow_range {
	struct address first;
	struct address last;
};

struct snapshot {
	uint64_t magic;
	uint32_t version;
	uint32_t size_bytes;
	uint64_t checksum;   /* XXH3-64 of the block with this field 0; snapshot_seal() writes it */
	uint64_t generation; /* never 0, grows */

	uint32_t timeout_ms; /* how long a query waits for its answer */
	uint8_t policy;	     /* enum policy */
	uint8_t no_upstream; /* enum no_upstream */
	uint8_t near_miss;   /* enum near_miss */
	uint8_t near_misses; /* so many mark a query; at least 1 */
	uint16_t edns_bytes; /* the largest UDP payload that queries may offer upstreams; at least 512 */
	uint8_t waiters;     /* clients that may share one upstream query beside its first; 0: none shares */
	uint8_t zero[5];

	uint32_t service_count; /* slots in use, empty ones between included */
	uint32_t source_count;
	uint32_t upstream_count;
	uint32_t allow_count;

	/* Bit (port & 63) of word (port >> 6). draw: where new queries may come from. accept: draw, and the
	 * ports withdrawn so recently that queries may still be in flight there. */
	uint64_t ports_draw[SNAPSHOT_BITMAP_WORDS];
	uint64_t ports_accept[SNAPSHOT_BITMAP_WORDS];

	struct snapshot_service services[SNAPSHOT_SERVICES_MAX];
	struct snapshot_source sources[SNAPSHOT_SOURCES_MAX];
	struct snapshot_upstream upstreams[SNAPSHOT_UPSTREAMS_MAX];

	struct allow_range allow[];
};

static inline size_t
snapshot_size(uint32_t allow_count)
{
	return sizeof(struct snapshot) + allow_count * sizeof(struct allow_range);
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

/* Checks a block of `size` bytes from a stranger: that it is a snapshot of this version, whole, and that
 * every field is in its range. 0, or -EINVAL; *why then says what is wrong, a constant string. Reads only
 * inside `size` bytes; `block` must be aligned to 8. [any] */
int snapshot_validate(const void *block, size_t size, const char **why);

#endif
