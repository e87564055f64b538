/* SPDX-License-Identifier: BSD-3-Clause */
/* Any bytes as frames, to a worker with a query in flight: whatever comes, nothing crashes, each packet
 * leaves once, every mbuf comes back, what is sent is well-formed, and nothing is sent that nobody asked for.
 *
 * Input: frames, each a control byte, a size (2 bytes) and so many bytes. Control bits:
 *   1   it arrives at the farm's port, not the clients'
 *   2   repair: lengths and checksums of a plain IPv4 or IPv6 header and UDP are made right
 *   4   aim: UDP ports, addresses and DNS ID are made those of the reply that is waited for
 *   8   the time of all queries passes before it
 *   16  no upstream is usable from here on */
#include <string.h>

#include "fuzz.h"
#include "way_rig.h"

#define FROM_FARM   1
#define REPAIR	    2
#define AIM	    4
#define TIME_PASSES 8
#define NO_UPSTREAM 16

static struct rig rig;
static struct view *view_plain, *view_none;
static struct way_sent waiting; /* the query in flight, as the farm got it */

static void
rig_start(void)
{
	struct snapshot *s = way_snapshot_new();

	if (!rig_eal_start())
		abort();
	rig_open(&rig, &(struct rig_options){.flows = 1024});
	way_snapshot_usable(s, 0);
	snapshot_seal(s);
	view_plain = rig.view;
	if (view_make(s, &rig.owners, 2600000000, &view_none) != 0)
		abort();
}

static void
set16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Where a plain frame's UDP header would be; 0: it is too short or of no family. */
static uint32_t
udp_of(const struct way_frame *f)
{
	const uint32_t udp = f->ipv6 ? 54 : 34;
	const uint8_t *type = f->frame + 12;
	const bool known = (type[0] == 8 && type[1] == 0) || (type[0] == 0x86 && type[1] == 0xdd);

	return known && f->bytes >= udp + 20 ? udp : 0;
}

static void
aim(struct way_frame *f)
{
	const struct way_ends *ends = &waiting.ends;

	if (f->ipv6 || udp_of(f) == 0)
		return;
	memcpy(f->frame + 26, ends->destination.bytes + 12, 4);
	memcpy(f->frame + 30, ends->source.bytes + 12, 4);
	set16(f->frame + 34, ends->destination_port);
	set16(f->frame + 36, ends->source_port);
	memcpy(f->frame + 42, waiting.frame + waiting.dns, 2);
}

static void
repair(struct way_frame *f)
{
	f->ip = 14;
	f->udp = udp_of(f);
	if (f->udp == 0)
		return;
	if (f->ipv6) {
		f->frame[14] = (uint8_t)(0x60 | (f->frame[14] & 15));
		f->frame[20] = 17;
		set16(f->frame + 18, f->bytes - 54);
	} else {
		f->frame[14] = 0x45;
		f->frame[23] = 17;
		set16(f->frame + 16, f->bytes - 14);
		set16(f->frame + 20, 0);
	}
	set16(f->frame + f->udp + 4, f->bytes - f->udp);
	way_frame_sum(f);
}

/* Plays one frame; returns what is left of the input. */
static size_t
frame_play(const uint8_t *bytes, size_t size)
{
	static struct way_frame frame;
	const uint8_t control = bytes[0];
	size_t count = (size_t)(bytes[1] << 8 | bytes[2]) % 1515;

	size -= 3;
	count = count < size ? count : size;
	memset(&frame, 0, sizeof(frame));
	memcpy(frame.frame, bytes + 3, count);
	frame.bytes = (uint32_t)count;
	frame.ipv6 = count >= 14 && frame.frame[12] == 0x86;
	if (control & AIM)
		aim(&frame);
	if (control & REPAIR)
		repair(&frame);
	if (control & TIME_PASSES)
		rig_pass(&rig, SNAPSHOT_TIMEOUT_MS_MAX + 1000);
	if (control & NO_UPSTREAM) {
		rig.view = view_none;
		rig.tail_bytes = 6;
	}
	rig_inject_frame(&rig, control & FROM_FARM ? RIG_FARM : RIG_CLIENTS, &frame);
	rig_run(&rig);
	return size - count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	const uint8_t seed[32] = {1};
	unsigned injected = 0;
	struct way_dns query;
	struct way_ends ends;

	if (rig.pool == NULL)
		rig_start();
	rig.view = view_plain;
	rig_begin(&rig, "fuzz");
	random_init_seeded(&rig.workers[0]->random, seed);
	ends = rig_client_ends(&rig, false);
	way_dns_query(&query, 0x1234, "www.example.net", 1, 1);
	waiting = *rig_ask(&rig, &ends, &query);
	while (size >= 3 && injected < 64) {
		size_t left = frame_play(bytes, size);

		bytes += size - left;
		size = left;
		injected++;
	}
	rig_run(&rig);
	/* The query in flight was sent; each other packet sent goes back to one that came in. */
	FUZZ_REQUIRE(rig.sent_count <= injected + 1);
	while (rig_take(&rig) != NULL)
		;
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		rig_expect_drop(&rig, i, rig.stats[0].drops[i] - rig.drops_before[i]);
	FUZZ_REQUIRE(rig_counted(&rig, COUNTER_answers) <= 1 + rig_counted(&rig, COUNTER_queries));
	FUZZ_REQUIRE(rig_end(&rig) == 0);
	return 0;
}
