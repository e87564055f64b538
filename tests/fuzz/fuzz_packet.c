/* SPDX-License-Identifier: BSD-3-Clause */
/* Arbitrary bytes as frames, for a worker with a query in flight: nothing may crash, each packet
 * must leave once, every mbuf must be freed, sent frames must be well-formed, and nothing may be
 * sent without a query.
 *
 * Every input is tested twice: with a worker without defences, and with one that draws letter case,
 * lets eight clients wait for one response, and replaces responses under attack by TC=1.
 *
 * Input: frames, each a control byte, a size (2 bytes) and as many bytes. Control bits:
 *   1   received on the farm's interface, not the clients'
 *   2   repair: set the interface's MAC address, and correct lengths and checksums of a plain IPv4
 *       or IPv6 header and UDP
 *   4   aim: set UDP ports, addresses and DNS ID to those of the expected response
 *   8   all queries time out before it
 *   16  no upstream is usable from here on
 *   32  set its question to that of the query in flight, as sent
 *   64  replace it by the same query from another client: its bytes are the client's number (2
 *       bytes) and letter case */
#include <string.h>

#include "dataplane/pipeline/answer.h"
#include "tests/fuzz/fuzz.h"
#include "tests/unit/pipeline/pipeline_clients.h"

#define FROM_FARM   1
#define REPAIR	    2
#define AIM	    4
#define TIME_PASSES 8
#define NO_UPSTREAM 16
#define QUESTION    32
#define AGAIN	    64

static struct rig rig;
static struct view *view_plain, *view_none, *view_defended;
static struct pipeline_sent waiting; /* the query in flight, as sent to the upstream */

static void
rig_start(void)
{
	struct snapshot *none = pipeline_snapshot_new(), *defended = pipeline_snapshot_new();

	if (!rig_eal_start())
		abort();
	rig_open(&rig, &(struct rig_options){.flows = 1024});
	view_plain = rig.view;
	pipeline_snapshot_usable(none, 0);
	view_none = rig_view_make(&rig, none);
	defended->waiters = 8;
	defended->near_miss = NEAR_MISS_TRUNCATE;
	defended->upstreams[PIPELINE_UPSTREAM_IPV4].random_case = 1;
	view_defended = rig_view_make(&rig, defended);
}

static void
set16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

/* Offset of the UDP header in a plain frame; 0: too short, or neither IPv4 nor IPv6. */
static uint32_t
udp_of(const struct pipeline_frame *f)
{
	const uint32_t udp = f->ipv6 ? 54 : 34;
	const uint8_t *type = f->frame + 12;
	const bool known = (type[0] == 8 && type[1] == 0) || (type[0] == 0x86 && type[1] == 0xdd);

	return known && f->bytes >= udp + 20 ? udp : 0;
}

static void
aim(struct pipeline_frame *f)
{
	const struct pipeline_ends *ends = &waiting.ends;

	if (f->ipv6 || udp_of(f) == 0)
		return;
	memcpy(f->frame + 26, ends->destination.bytes + 12, 4);
	memcpy(f->frame + 30, ends->source.bytes + 12, 4);
	set16(f->frame + 34, ends->destination_port);
	set16(f->frame + 36, ends->source_port);
	memcpy(f->frame + 42, waiting.frame + waiting.dns, 2);
}

/* Copies the question of the query in flight, as far as it fits in the frame. */
static void
question_of(struct pipeline_frame *f)
{
	const uint32_t question = udp_of(f) + 20, bytes = waiting.dns_bytes - 12;

	if (question > 20 && f->bytes > question)
		memcpy(f->frame + question, waiting.frame + waiting.dns + 12,
		       bytes < f->bytes - question ? bytes : f->bytes - question);
}

static void
repair(struct pipeline_frame *f, enum rig_interface interface)
{
	const struct mac mac = rig_mac(interface);

	memcpy(f->frame, mac.bytes, f->bytes < 6 ? f->bytes : 6);
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
	pipeline_frame_sum(f);
}

/* Replaces the frame by another client's. */
static void
again(struct pipeline_frame *f, enum rig_interface interface, const uint8_t *bytes, size_t count)
{
	struct pipeline_client client;
	struct pipeline_dns query;

	pipeline_dns_query(&query, 0, "www.example.net", 1, 1);
	pipeline_client_make(&rig, &client,
			     count < 2 ? 0 : (unsigned)(bytes[0] << 8 | bytes[1]) % 40000,
			     count > 2 && (bytes[2] & 1), &query);
	if (count > 2)
		pipeline_case_turn(&client.query, bytes[2]);
	client.ends.destination_mac = rig_mac(interface);
	pipeline_frame_make(f, &client.ends, NULL, client.query.message,
			    (uint32_t)client.query.bytes);
}

/* Injects one frame; returns the size of the remaining input. */
static size_t
frame_play(const uint8_t *bytes, size_t size)
{
	static struct pipeline_frame frame;
	const uint8_t control = bytes[0];
	const enum rig_interface interface = control & FROM_FARM ? RIG_FARM : RIG_CLIENTS;
	size_t count = (size_t)(bytes[1] << 8 | bytes[2]) % 1515;

	size -= 3;
	count = count < size ? count : size;
	memset(&frame, 0, sizeof(frame));
	memcpy(frame.frame, bytes + 3, count);
	frame.bytes = (uint32_t)count;
	frame.ipv6 = count >= 14 && frame.frame[12] == 0x86;
	if (control & AIM)
		aim(&frame);
	if (control & QUESTION)
		question_of(&frame);
	if (control & REPAIR)
		repair(&frame, interface);
	if (control & AGAIN)
		again(&frame, interface, bytes + 3, count);
	if (control & TIME_PASSES)
		rig_pass(&rig, SNAPSHOT_TIMEOUT_MS_MAX + 1000);
	if (control & NO_UPSTREAM)
		rig.view = view_none;
	rig_inject_frame(&rig, interface, &frame);
	rig_run(&rig);
	return size - count;
}

static void
input_play(const uint8_t *bytes, size_t size, struct view *view)
{
	const uint8_t seed[32] = {1};
	unsigned injected = 0;
	struct pipeline_dns query;
	struct pipeline_ends ends;

	rig.view = view;
	rig_begin(&rig, view == view_plain ? "fuzz" : "fuzz, defended");
	rig.tail_bytes = ANSWER_OPT_BYTES_MAX;
	random_init_seeded(&rig.workers[0]->random, seed);
	ends = rig_client_ends(&rig, false);
	pipeline_dns_query(&query, 0x1234, "www.example.net", 1, 1);
	waiting = *rig_ask(&rig, &ends, &query);
	while (size >= 3 && injected < 64) {
		size_t left = frame_play(bytes, size);

		bytes += size - left;
		size = left;
		injected++;
	}
	rig_run(&rig);
	/* The query in flight was sent; every other sent packet must answer a received one. */
	FUZZ_REQUIRE(rig.sent_count <= injected + 1);
	while (rig_take(&rig) != NULL)
		;
	for (unsigned i = 0; i < DROP_REASON_COUNT; i++)
		rig_expect_drop(&rig, i, rig.stats[0].drops[i] - rig.drops_before[i]);
	FUZZ_REQUIRE(rig_counted(&rig, COUNTER_responses) <=
		     rig_counted(&rig, COUNTER_queries) + rig_counted(&rig, COUNTER_coalesced));
	FUZZ_REQUIRE(view != view_plain || rig_counted(&rig, COUNTER_coalesced) == 0);
	FUZZ_REQUIRE(rig_end(&rig) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	if (rig.pool == NULL)
		rig_start();
	input_play(bytes, size, view_plain);
	input_play(bytes, size, view_defended);
	return 0;
}
