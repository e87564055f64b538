/* SPDX-License-Identifier: (GPL-2.0 OR BSD-3-Clause) */
/* The XDP program: redirects the dataplane's DNS packets to its sockets, passes the rest to the
 * kernel.
 * Pipeline: frame -> parse (what is it?) -> judge (whose is it?) -> act -> count
 * Runs:     on every frame of an AF_XDP interface, on the core that receives it.
 * Never:    changes a frame, reads a DNS message, or uses a length without checking it.
 *
 * Maps and verdicts are declared in steer.h. Two rules:
 * - The kernel must never receive an IP packet that it might accept as UDP to a source address and
 *   port: its ICMP error would reveal which ports are not in use. So packets with more headers than
 *   are walked are dropped, and so is every fragment to a source address, which might complete a
 *   datagram.
 * - Packets with truncated or contradictory headers pass: the kernel drops them without a
 *   response. */
#include <stdbool.h>
#include <stddef.h>

#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>

#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "bpf/steer.h"

#define QUEUES_MAX     64
#define TAGS_MAX       4 /* QinQ is two; the kernel strips any number of priority tags */
#define EXTENSIONS_MAX 6
#define VID_MASK       0x0fff
#define FRAGMENT_MASK  0x3fff /* of IPv4's fragment field: more fragments, and the offset */

struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_SERVICES_MAX);
	__type(key, struct steer_service);
	__type(value, __u32);
} services SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_SOURCES_MAX);
	__type(key, struct steer_address);
	__type(value, __u32);
} sources SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, STEER_UPSTREAMS_MAX);
	__type(key, struct steer_address);
	__type(value, __u32);
} upstreams SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct steer_ports);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, STEER_VERDICT_COUNT);
	__type(key, __u32);
	__type(value, __u64);
} verdicts SEC(".maps");

struct vlan_tag {
	__be16 control; /* priority and VID */
	__be16 ethertype;
};

enum packet_kind {
	PACKET_OTHER, /* not UDP over IP, or malformed */
	PACKET_UDP,
	/* of any protocol: only the first fragment has the UDP header, and it may be forged */
	PACKET_FRAGMENT,
	PACKET_DEEP,	  /* more extension headers than are walked */
	PACKET_DEEP_TAGS, /* more VLAN tags than are walked */
};

/* What the parser finds. `at` moves through the frame; `left` is what remains of the IP packet,
 * which may end before the frame does, because Ethernet pads short frames. */
struct packet {
	void *at;
	void *end;
	__u32 left;
	enum packet_kind kind;
	bool tagged; /* with a VID other than 0 */
	__be16 destination_port;
	struct steer_address source;
	struct steer_address destination;
};

/* The next `size` bytes of the frame, or NULL if it ends before them. */
static __always_inline void *
frame_take(struct packet *packet, __u32 size)
{
	void *taken = packet->at;

	if (taken + size > packet->end)
		return NULL;
	packet->at = taken + size;
	return taken;
}

/* As frame_take(), within the IP packet. */
static __always_inline void *
packet_take(struct packet *packet, __u32 size)
{
	if (size > packet->left)
		return NULL;
	packet->left -= size;
	return frame_take(packet, size);
}

static __always_inline struct steer_address
ipv4_name(__be32 ipv4)
{
	struct steer_address name = {};

	name.bytes[10] = name.bytes[11] = 0xff;
	__builtin_memcpy(name.bytes + 12, &ipv4, sizeof(ipv4));
	return name;
}

/* The maps use ::ffff:a.b.c.d for IPv4 addresses. In an IPv6 header it is not one of them, so it
 * becomes ::, which is in no map. */
static __always_inline struct steer_address
ipv6_name(const struct in6_addr *ipv6)
{
	struct steer_address name = {};

	if (ipv6->s6_addr32[0] == 0 && ipv6->s6_addr32[1] == 0 &&
	    ipv6->s6_addr32[2] == bpf_htonl(0xffff))
		return name;
	__builtin_memcpy(&name, ipv6, sizeof(name));
	return name;
}

/* The dataplane checks the length in the UDP header, and counts wrong ones. */
static __always_inline void
udp_parse(struct packet *packet)
{
	struct udphdr *udp = packet_take(packet, sizeof(*udp));

	if (!udp)
		return;
	packet->destination_port = udp->dest;
	packet->kind = PACKET_UDP;
}

static __always_inline void
ipv4_parse(struct packet *packet)
{
	__u32 frame_bytes = packet->end - packet->at;
	struct iphdr *ip = frame_take(packet, sizeof(*ip));
	__u32 header_bytes, total_bytes;

	if (!ip || ip->version != 4)
		return;
	header_bytes = ip->ihl * 4;
	total_bytes = bpf_ntohs(ip->tot_len);
	if (header_bytes < sizeof(*ip) || total_bytes < header_bytes || total_bytes > frame_bytes)
		return;
	packet->at = (void *)ip + header_bytes;
	packet->left = total_bytes - header_bytes;
	packet->source = ipv4_name(ip->saddr);
	packet->destination = ipv4_name(ip->daddr);
	if (ip->frag_off & bpf_htons(FRAGMENT_MASK))
		packet->kind = PACKET_FRAGMENT;
	else if (ip->protocol == IPPROTO_UDP)
		udp_parse(packet);
}

/* Skips an extension header and returns the type of the next in *next; false if it is truncated. */
static __always_inline bool
extension_skip(struct packet *packet, __u8 *next)
{
	struct ipv6_opt_hdr *extension = packet_take(packet, sizeof(*extension));
	__u32 rest_bytes;

	if (!extension)
		return false;
	*next = extension->nexthdr;
	rest_bytes = extension->hdrlen * 8 + 8 - sizeof(*extension);
	return packet_take(packet, rest_bytes) != NULL;
}

static __always_inline bool
extension_is(__u8 next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS;
}

static __always_inline void
extensions_parse(struct packet *packet, __u8 next)
{
	for (int i = 0; i < EXTENSIONS_MAX && extension_is(next); i++)
		if (!extension_skip(packet, &next))
			return;
	if (extension_is(next))
		packet->kind = PACKET_DEEP;
	else if (next == IPPROTO_FRAGMENT) /* atomic ones too, RFC 6946: the kernel accepts them */
		packet->kind = PACKET_FRAGMENT;
	else if (next == IPPROTO_UDP)
		udp_parse(packet);
}

static __always_inline void
ipv6_parse(struct packet *packet)
{
	struct ipv6hdr *ip = frame_take(packet, sizeof(*ip));
	__u32 frame_bytes = packet->end - packet->at;

	if (!ip || ip->version != 6)
		return;
	packet->left = bpf_ntohs(ip->payload_len);
	/* Length 0 announces a jumbogram (RFC 2675); the kernel then treats the whole frame as the
	 * packet, even without a jumbo option. */
	if (packet->left == 0 && ip->nexthdr == IPPROTO_HOPOPTS)
		packet->left = frame_bytes;
	if (packet->left > frame_bytes)
		return;
	packet->source = ipv6_name(&ip->saddr);
	packet->destination = ipv6_name(&ip->daddr);
	extensions_parse(packet, ip->nexthdr);
}

static __always_inline bool
tag_is(__be16 ethertype)
{
	return ethertype == bpf_htons(ETH_P_8021Q) || ethertype == bpf_htons(ETH_P_8021AD);
}

static __always_inline void
frame_parse(struct packet *packet)
{
	struct ethhdr *ethernet = frame_take(packet, sizeof(*ethernet));
	__be16 ethertype;

	if (!ethernet)
		return;
	ethertype = ethernet->h_proto;
	for (int i = 0; i < TAGS_MAX && tag_is(ethertype); i++) {
		struct vlan_tag *tag = frame_take(packet, sizeof(*tag));

		if (!tag)
			return;
		packet->tagged |= (tag->control & bpf_htons(VID_MASK)) != 0;
		ethertype = tag->ethertype;
	}
	if (tag_is(ethertype))
		packet->kind = PACKET_DEEP_TAGS;
	else if (ethertype == bpf_htons(ETH_P_IP))
		ipv4_parse(packet);
	else if (ethertype == bpf_htons(ETH_P_IPV6))
		ipv6_parse(packet);
}

static __always_inline bool
to_service(const struct packet *packet)
{
	struct steer_service key = {.address = packet->destination,
				    .port = packet->destination_port};

	return bpf_map_lookup_elem(&services, &key) != NULL;
}

static __always_inline bool
to_source(const struct packet *packet)
{
	return bpf_map_lookup_elem(&sources, &packet->destination) != NULL;
}

static __always_inline bool
to_source_port(const struct packet *packet)
{
	__u16 port = bpf_ntohs(packet->destination_port);
	__u32 zero = 0;
	struct steer_ports *range = bpf_map_lookup_elem(&ports, &zero);

	return range && (range->words[port >> 6] >> (port & 63) & 1);
}

static __always_inline bool
from_upstream(const struct packet *packet)
{
	return bpf_map_lookup_elem(&upstreams, &packet->source) != NULL;
}

static __always_inline enum steer_verdict
udp_judge(const struct packet *packet)
{
	/* First, because an address may be both a service and a source. */
	if (to_service(packet))
		return packet->tagged ? STEER_kernel : STEER_query;
	if (!to_source(packet) || !to_source_port(packet))
		return STEER_kernel;
	if (packet->tagged)
		return STEER_tagged;
	return from_upstream(packet) ? STEER_response : STEER_stray;
}

static __always_inline enum steer_verdict
packet_judge(const struct packet *packet)
{
	switch (packet->kind) {
	case PACKET_UDP:
		return udp_judge(packet);
	case PACKET_FRAGMENT:
		return to_source(packet) ? STEER_fragment : STEER_kernel;
	case PACKET_DEEP:
		return to_source(packet) ? STEER_deep : STEER_kernel;
	case PACKET_DEEP_TAGS:
		return STEER_deep;
	default:
		return STEER_kernel;
	}
}

static __always_inline void
verdict_count(enum steer_verdict verdict)
{
	__u32 key = verdict;
	__u64 *packets = bpf_map_lookup_elem(&verdicts, &key);

	if (packets)
		++*packets; /* per CPU: no atomic add needed */
}

/* Redirects to the socket of the receive queue; without a socket, `fallback` is the action. */
static __always_inline int
packet_redirect(struct xdp_md *ctx, enum steer_verdict verdict, enum xdp_action fallback)
{
	int action = bpf_redirect_map(&xsks_map, ctx->rx_queue_index, fallback);

	verdict_count(action == XDP_REDIRECT ? verdict : STEER_orphan);
	return action;
}

SEC("xdp")
int
ephemera_steer(struct xdp_md *ctx)
{
	struct packet packet = {.at = (void *)(long)ctx->data, .end = (void *)(long)ctx->data_end};
	enum steer_verdict verdict;

	frame_parse(&packet);
	verdict = packet_judge(&packet);
	if (verdict == STEER_query)
		return packet_redirect(ctx, verdict, XDP_PASS);
	if (verdict == STEER_response)
		return packet_redirect(ctx, verdict, XDP_DROP);
	verdict_count(verdict);
	return verdict == STEER_kernel ? XDP_PASS : XDP_DROP;
}

char _license[] SEC("license") = "Dual BSD/GPL";
