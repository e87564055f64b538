#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Writes the corpus of the fuzz targets: small inputs of every kind that the unit tests use.

usage: make_corpus.py [DIRECTORY]   (default: corpus/ next to this script)

The files are committed, so that a test run needs no Python; run this again after a change. Inputs that a fuzzer
found are added by hand, named found-*, and kept. The formats are described at the top of each fuzz_*.c.
"""
import pathlib
import socket
import struct
import sys

CLIENT4, SERVICE4, SOURCE4, UPSTREAM4 = "192.0.2.2", "192.0.2.53", "198.51.100.16", "198.51.100.101"
CLIENT6, SERVICE6, SOURCE6, UPSTREAM6 = "2001:db8:1::2", "2001:db8:1::53", "2001:db8:2::16", "2001:db8:2::101"

FROM_FARM, REPAIR, AIM, TIME_PASSES, NO_UPSTREAM, QUESTION, AGAIN = 1, 2, 4, 8, 16, 32, 64


def name(text):
    """A name in wire form; dots separate labels."""
    return b"".join(bytes([len(label)]) + label.encode() for label in text.split(".") if label) + b"\0"


def message(question=None, flags=0x0100, counts=(1, 0, 0, 0), more=b"", message_id=0x2222):
    if question is None:
        question = name("www.example.net") + struct.pack("!HH", 1, 1)
    return struct.pack("!6H", message_id, flags, *counts) + question + more


def opt(size=1232, ttl=0, options=b""):
    return b"\0" + struct.pack("!HHIH", 41, size, ttl, len(options)) + options


def checksum(data):
    if len(data) & 1:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def frame(payload, source=CLIENT4, destination=SERVICE4, ports=(40000, 53), tags=(), options=b"", extensions=(),
          fragment=0, padding=b"", no_checksum=False):
    """An Ethernet frame with right lengths and checksums. extensions: (type, bytes after the next-header field)."""
    ethernet = bytes.fromhex("020000000100" "02000000c102")
    for tag_type, tag in tags:
        ethernet += struct.pack("!HH", tag_type, tag)
    length = 8 + len(payload)
    udp = struct.pack("!4H", *ports, length, 0)
    if ":" in source:
        addresses = socket.inet_pton(socket.AF_INET6, source) + socket.inet_pton(socket.AF_INET6, destination)
    else:
        addresses = socket.inet_aton(source) + socket.inet_aton(destination)
    total = checksum(addresses + struct.pack("!HH", 17, length) + udp + payload)
    if not no_checksum:
        udp = udp[:6] + struct.pack("!H", total or 0xffff)
    if ":" in source:
        types = [kind for kind, _ in extensions] + [17]
        chain = b"".join(bytes([types[i + 1]]) + body for i, (_, body) in enumerate(extensions))
        ip = struct.pack("!IHBB", 6 << 28, len(chain) + length, types[0], 64) + addresses + chain
        return ethernet + b"\x86\xdd" + ip + udp + payload + padding
    ihl = 5 + len(options) // 4
    header = struct.pack("!BBHHHBBH", 0x40 | ihl, 0, ihl * 4 + length, 0, fragment, 64, 17, 0) + addresses + options
    header = header[:10] + struct.pack("!H", checksum(header)) + header[12:]
    return ethernet + b"\x08\x00" + header + udp + payload + padding


def step(control, data):
    """A frame to the MAC address of the receiving interface."""
    mac = bytes([2, 0, 0, 0, 0xee, control & FROM_FARM])
    if not control & AGAIN and not data.startswith(b"\xff"):
        data = mac[:len(data)] + data[6:]
    return bytes([control]) + struct.pack("!H", len(data)) + data


def ipv6(payload, **more):
    return frame(payload, CLIENT6, SERVICE6, **more)


def response(payload, **more):
    """The target sets addresses, ports and ID."""
    return frame(payload, UPSTREAM4, SOURCE4, (53, 50000), **more)


def packet_corpus():
    right = message(flags=0x8180)
    answered = message(flags=0x8180, counts=(1, 1, 0, 0), more=bytes.fromhex("c00c0001000100000100") + b"\0\4\xc0\0\2\1")
    aimed = FROM_FARM | REPAIR | AIM
    yield "query-ipv4", step(0, frame(message()))
    yield "query-ipv6", step(0, ipv6(message()))
    yield "query-edns", step(0, frame(message(counts=(1, 0, 0, 1), more=opt(4096, 0x8000, b"\0\12\0\10ABCDEFGH"))))
    yield "query-two-questions", step(0, frame(message(counts=(2, 0, 0, 0))))
    yield "query-no-question", step(0, frame(message(b"", counts=(0, 0, 0, 0))))
    yield "query-update", step(0, frame(message(flags=0x2800)))
    yield "query-notify", step(0, frame(message(flags=0x2000)))
    yield "query-qr", step(0, frame(message(flags=0x8000)))
    yield "query-pointer", step(0, frame(message(b"\xc0\x0c\0\1\0\1")))
    yield "query-name-64", step(0, frame(message(b"\x40" + b"x" * 64 + b"\0\0\1\0\1")))
    long = (b"\x3f" + b"x" * 63) * 2 + b"\x1f" + b"y" * 31 + b"\0\0\1\0\1"
    yield "query-long-name", step(0, frame(message(long)))
    yield "query-binary-name", step(0, frame(message(b"\4\0\xff.\1\0\0\1\0\1")))
    yield "query-empty", step(0, frame(b""))
    yield "query-eleven-bytes", step(0, frame(message()[:11]))
    yield "query-header-alone", step(0, frame(message()[:12]))
    yield "query-no-checksum", step(0, frame(message(), no_checksum=True))
    yield "query-no-checksum-ipv6", step(0, ipv6(message(), no_checksum=True))
    yield "query-from-service", step(0, frame(message(), SERVICE4))
    yield "query-from-upstream", step(0, frame(message(), UPSTREAM4, ports=(53, 53)))
    yield "query-from-loopback", step(0, frame(message(), "127.0.0.1"))
    yield "query-mapped", step(0, frame(message(), "::ffff:192.0.2.2", "::ffff:192.0.2.53"))
    yield "priority-tag", step(0, frame(message(), tags=[(0x8100, 0xe000)]))
    yield "qinq", step(0, frame(message(), tags=[(0x88a8, 0), (0x8100, 0)]))
    yield "vlan-7", step(0, ipv6(message(), tags=[(0x8100, 7)]))
    yield "options", step(0, frame(message(), options=b"\1" * 40))
    yield "padding", step(0, frame(message(), padding=b"\xa5" * 18))
    yield "fragment-first", step(0, frame(message(), fragment=0x2000))
    yield "fragment-later", step(0, frame(message(), fragment=0x00b9))
    yield "fragment-ipv6", step(0, ipv6(message(), extensions=[(44, b"\0\0\0\0\0\0\1")]))
    yield "extensions", step(0, ipv6(message(), extensions=[(0, b"\0" * 7), (60, b"\1" + b"\0" * 14), (43, b"\0" * 7)]))
    yield "extensions-seven", step(0, ipv6(message(), extensions=[(60, b"\0" * 7)] * 7))
    yield "routing-left", step(0, ipv6(message(), extensions=[(43, b"\0\0\1\0\0\0\0")]))
    yield "extension-beyond", step(0, ipv6(message(), extensions=[(60, b"\xff" + b"\0" * 6)]))
    yield "arp", step(0, bytes.fromhex("ffffffffffff02000000c1020806" "0001080006040001") + b"\0" * 20)
    yield "runt", step(0, frame(message())[:33])
    yield "ipv4-length", step(0, frame(message())[:16] + b"\xff\xff" + frame(message())[18:])
    yield "udp-length-7", step(0, frame(message())[:38] + b"\0\7" + frame(message())[40:])
    yield "response-right", step(aimed, response(right))
    yield "response-answered", step(aimed, response(answered))
    yield "response-twice", step(aimed, response(right)) * 2
    yield "response-late", step(aimed | TIME_PASSES, response(right))
    yield "response-refused", step(aimed, response(message(b"", 0x8185, (0, 0, 0, 0))))
    yield "response-case", step(aimed, response(message(name("wWw.example.net") + b"\0\1\0\1", 0x8180)))
    yield "response-type", step(aimed, response(message(name("www.example.net") + b"\0\x1c\0\1", 0x8180)))
    yield "response-qr", step(aimed, response(message()))
    yield "response-opcode", step(aimed, response(message(flags=0xa180)))
    yield "response-cut", step(aimed, response(right[:20]))
    yield "response-wrong-port", step(REPAIR | AIM, response(right))
    yield "response-unknown", step(FROM_FARM | REPAIR, response(right))
    yield "response-ipv6", step(FROM_FARM, frame(right, UPSTREAM6, SOURCE6, (53, 50000)))
    yield "forged-then-right", step(aimed, response(message(flags=0x8180, counts=(2, 0, 0, 0)))) + step(aimed, response(right))
    yield "query-and-response", step(0, ipv6(message())) + step(aimed, response(right))
    yield "other-station", step(0, frame(message())).replace(b"\xee\0", b"\xee\7")
    right_case = aimed | QUESTION
    again = [step(AGAIN, struct.pack("!HB", number, number * 37 & 255)) for number in range(1, 11)]
    yield "shared", b"".join(again[:3]) + step(right_case, response(answered))
    yield "shared-bound", b"".join(again) + step(right_case, response(right))
    yield "shared-late", b"".join(again[:3]) + step(right_case | TIME_PASSES, response(answered))
    yield "shared-refused", again[0] + step(aimed, response(message(b"", 0x8185, (0, 0, 0, 0))))
    yield "shared-after", step(right_case, response(right)) + again[0] + again[1]
    yield "shared-by-farm", step(AGAIN | FROM_FARM, b"\0\5\5") + step(right_case, response(right))
    yield "attacked", again[0] + step(aimed, response(message(name("wwx.example.net") + b"\0\1\0\1", 0x8180))) + \
        step(right_case, response(right))
    yield "wrong-id", step(FROM_FARM | REPAIR | QUESTION, response(right)) + step(right_case, response(right))
    query = message(counts=(1, 0, 0, 1), more=opt(4096, 0x8000))
    yield "shared-edns", step(0, frame(query)) + step(0, ipv6(query))
    tsig = b"\0" + struct.pack("!HHIH", 250, 255, 0, 4) + b"abcd"
    yield "tsig", step(0, frame(message(counts=(1, 0, 0, 2), more=opt(4096) + tsig)))
    yield "servfail", step(NO_UPSTREAM, frame(message()))
    yield "servfail-edns", step(NO_UPSTREAM, frame(message(counts=(1, 0, 0, 1), more=opt(1232, 0x8000))))
    yield "servfail-then-response", step(NO_UPSTREAM, ipv6(message())) + step(aimed, response(right))


def question_corpus():
    tail = b"\0\1\0\1"
    yield "root", b"\0" + tail
    yield "plain", name("www.example.net") + tail
    yield "mixed-case", name("wWw.ExAmPlE.nEt") + tail
    yield "binary", b"\4\0\xff.A\0" + tail
    yield "longest", (b"\x3f" + b"x" * 63) * 3 + b"\x3d" + b"y" * 61 + b"\0" + tail
    yield "too-long", (b"\x3f" + b"x" * 63) * 3 + b"\x3e" + b"y" * 62 + b"\0" + tail
    yield "labels-127", b"\1a" * 127 + b"\0" + tail
    yield "labels-128", b"\1a" * 128 + b"\0" + tail
    yield "label-64", b"\x40" + b"x" * 64 + b"\0" + tail
    yield "pointer", b"\3www\xc0\x0c" + tail
    yield "no-end", b"\3www\7example"
    yield "cut-class", name("a") + b"\0\1\0"


def edns_corpus():
    question = name("www.example.net") + b"\0\1\0\1"
    start = struct.pack("!H", 12 + len(question))
    record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 0, 4) + b"\1\2\3\4"
    yield "none", start + message()
    yield "opt", start + message(counts=(1, 0, 0, 1), more=opt())
    yield "opt-options", start + message(counts=(1, 0, 0, 1), more=opt(options=b"\0\12\0\4abcd"))
    yield "opt-second", start + message(counts=(1, 0, 0, 2), more=record + opt())
    yield "opt-fifth", start + message(counts=(1, 0, 0, 5), more=record * 4 + opt())
    yield "opt-beyond", start + message(counts=(1, 0, 0, 1), more=opt()[:-1] + b"\1")
    yield "opt-cut", start + message(counts=(1, 0, 0, 1), more=opt()[:-1])
    yield "opt-owner", start + message(counts=(1, 0, 0, 1), more=b"\1a" + opt())
    yield "half-pointer", start + message(counts=(1, 0, 0, 1), more=b"\xc0")
    yield "tsig", start + message(counts=(1, 0, 0, 2), more=opt() + b"\0" + struct.pack("!HHIH", 250, 255, 0, 0))
    yield "sig0", start + message(counts=(1, 0, 0, 1), more=b"\0" + struct.pack("!HHIH", 24, 255, 0, 0))
    yield "opt-twice", start + message(counts=(1, 0, 0, 2), more=opt() + opt(512))
    yield "answer", start + message(counts=(1, 1, 0, 1), more=record + opt())
    yield "offset-beyond", struct.pack("!H", 2000) + message(counts=(1, 0, 0, 1), more=opt())


def layout(*fields):
    """Offsets of the fields of a struct: (name, bytes), without gaps; and its size, as "end"."""
    offsets, at = {}, 0
    for field, size in fields:
        offsets[field] = at
        at += size
    return {**offsets, "end": at}


# The structs of dataplane/shared/snapshot.h. test_snapshot_corpus fails if they differ.
SERVICE = layout(
    ("address", 16), ("port", 2), ("state", 1), ("pool", 1), ("zero", 4), ("allow_first", 4), ("allow_count", 4))
SOURCE = layout(("address", 16), ("state", 1), ("zero", 7))
UPSTREAM = layout(
    ("address", 16), ("port", 2), ("state", 1), ("usable", 1), ("resolved", 1), ("interface_index", 1), ("next_hop", 6),
    ("random_case", 1), ("case_not_kept", 1), ("admin_state", 1), ("zero", 1), ("name", 32))
POOL = layout(
    ("name", 32), ("hash_seed", 8), ("load_percent", 2), ("policy", 1), ("used", 1), ("member_first", 4),
    ("member_count", 4), ("zero", 4))
LIMIT = layout(
    ("queries_per_second", 4), ("burst", 4), ("prefix4", 1), ("prefix6", 1), ("refusal", 1), ("zero", 1),
    ("truncate_every", 4), ("exempt_first", 4), ("exempt_count", 4))
SNAPSHOT = layout(
    ("magic", 8), ("version", 4), ("size_bytes", 4), ("checksum", 8), ("generation", 8), ("timeout_ms", 4),
    ("not_allowed", 1), ("no_upstream", 1), ("near_miss", 1), ("near_misses", 1), ("edns_bytes", 2), ("waiters", 1),
    ("zero", 5), ("service_count", 4), ("source_count", 4), ("upstream_count", 4), ("range_count", 4),
    ("member_count", 4), ("suffix_count", 4), ("name_bytes", 4), ("type_route_count", 4), ("limit", LIMIT["end"]),
    ("type_routes", 64 * 4), ("pools", 64 * POOL["end"]), ("ports_draw", 8192), ("ports_accept", 8192),
    ("services", 64 * SERVICE["end"]), ("sources", 256 * SOURCE["end"]), ("upstreams", 512 * UPSTREAM["end"]))
# What follows it in the snapshot that is edited (tests/unit/pipeline/pipeline_snapshot.h): 2 ranges, 5 members, no suffixes.
RANGES = SNAPSHOT["end"]
MEMBERS = RANGES + 2 * 32
SUFFIXES = MEMBERS + 5 * 4


def edit(offset, data):
    return struct.pack("<I", offset)[:3] + bytes([len(data)]) + data


def top(field, data, at=0):
    return edit(SNAPSHOT[field] + at, data)


def service(number, field, data):
    return top("services", data, number * SERVICE["end"] + SERVICE[field])


def source(field, data):
    return top("sources", data, SOURCE[field])


def upstream(field, data):
    return top("upstreams", data, UPSTREAM[field])


def pool(field, data):
    return top("pools", data, POOL[field])


def limit(**fields):
    """A valid limit, except for `fields`."""
    fields = {"queries_per_second": 9, "burst": 99, "prefix4": 24, "prefix6": 56, **fields}
    bytes_of = {field: struct.pack("<B" if field in ("prefix4", "prefix6", "refusal") else "<I", value)
                for field, value in fields.items()}
    return b"".join(top("limit", data, LIMIT[field]) for field, data in bytes_of.items())


def types(*routes):
    return top("type_routes", b"".join(struct.pack("<HBB", *route, 0) for route in routes)) + \
        top("type_route_count", struct.pack("<I", len(routes)))


def suffixes(*routes, pools=0, beyond=0):
    """Routes to names in wire form."""
    names = b"".join(routes)
    offsets = [sum(map(len, routes[:i])) for i in range(len(routes))]
    entries = b"".join(struct.pack("<IBBH", at, len(text) + beyond, pools, 0) for at, text in zip(offsets, routes))
    return top("suffix_count", struct.pack("<II", len(routes), len(names))) + edit(SUFFIXES, entries + names)


def member(number, slot, weight):
    return edit(MEMBERS + number * 4, struct.pack("<HH", slot, weight))


def u32(value):
    return struct.pack("<I", value)


def snapshot_corpus():
    """test_snapshot_corpus.c has the expected effect of each."""
    mapped = bytes(10) + b"\xff\xff"
    yield "template", b"\0"
    yield "workers-2", b"\1"
    yield "workers-3", b"\2"
    yield "generation-0", b"\0" + top("generation", bytes(8))
    yield "timeout-49", b"\0" + top("timeout_ms", u32(49))
    yield "timeout-30001", b"\0" + top("timeout_ms", u32(30001))
    yield "not-allowed-2", b"\0" + top("not_allowed", b"\2")
    yield "keep-trying", b"\1" + top("no_upstream", b"\1") + upstream("usable", b"\0")
    yield "no-upstream-2", b"\0" + top("no_upstream", b"\2")
    yield "near-miss", b"\1" + top("near_miss", b"\1\7")
    yield "near-misses-0", b"\1" + top("near_misses", b"\0")
    yield "edns-511", b"\1" + top("edns_bytes", b"\xff\1")
    yield "counts-most", b"\2" + top("service_count", struct.pack("<3I", 64, 256, 512))
    yield "counts-more", b"\2" + top("service_count", struct.pack("<3I", 65, 257, 513))
    yield "counts-none", b"\2" + top("service_count", bytes(12)) + pool("member_count", u32(0))
    yield "draw-not-accepted", b"\0" + top("ports_accept", bytes(8), 8000)
    yield "port-below-1024", b"\0" + top("ports_accept", b"\1")
    yield "few-ports", b"\1" + top("ports_draw", bytes(240), 6144)
    yield "service-state", b"\0" + service(0, "state", b"\3")
    yield "service-port-0", b"\0" + service(0, "port", b"\0\0")
    yield "service-pool", b"\0" + service(0, "pool", b"\1")
    yield "service-retired-pool", b"\0" + service(0, "state", b"\2\1")
    yield "source-state", b"\3" + source("state", b"\3")
    yield "source-retired", b"\3" + source("state", b"\2")
    yield "source-twice", b"\3" + source("address", mapped + bytes([198, 51, 100, 17]))
    yield "source-is-service", b"\3" + source("address", mapped + bytes([192, 0, 2, 53]))
    yield "upstream-state", b"\0" + upstream("state", b"\3")
    yield "upstream-retired", b"\0" + upstream("state", b"\2")
    yield "upstream-port-0", b"\0" + upstream("port", b"\0\0")
    yield "upstream-port-index", b"\0" + upstream("interface_index", b"\x10")
    yield "upstream-name", b"\0" + upstream("name", b"n" * 32)
    yield "upstream-is-source", b"\0" + upstream("address", mapped + bytes([198, 51, 100, 16]))
    yield "random-case", b"\1" + upstream("random_case", b"\1")
    yield "random-case-2", b"\1" + upstream("random_case", b"\2")
    yield "case-not-kept", b"\1" + upstream("case_not_kept", b"\1")
    yield "case-drawn-not-kept", b"\1" + upstream("random_case", b"\1\1")
    yield "drained", b"\1" + upstream("admin_state", b"\1")
    yield "admin-state-4", b"\1" + upstream("admin_state", b"\4")
    yield "allow-backwards", b"\0" + edit(RANGES + 15, b"\1") + edit(RANGES + 31, b"\0")
    yield "allow-out-of-order", b"\0" + edit(RANGES + 32, bytes(16))
    yield "allow-none", b"\0" + b"".join(service(number, "allow_count", u32(0)) for number in range(3))
    yield "allow-beyond", b"\0" + service(2, "allow_first", u32(1))
    yield "allow-many", b"\0" + top("range_count", u32(64)) + pool("member_count", u32(0))
    yield "least-outstanding", b"\1" + pool("policy", b"\1")
    yield "random", b"\1" + pool("policy", b"\2") + member(0, 0, 10000)
    yield "hash", b"\1" + pool("policy", b"\3") + pool("load_percent", b"\x96\0")
    yield "hash-of-one", b"\1" + pool("policy", b"\3") + upstream("usable", b"\0") + \
        top("upstreams", b"\1", UPSTREAM["end"] + UPSTREAM["usable"])
    yield "first", b"\1" + pool("policy", b"\4")
    yield "policy-5", b"\1" + pool("policy", b"\5")
    yield "pool-used-2", b"\1" + pool("used", b"\2")
    yield "pool-name", b"\1" + pool("name", b"n" * 32)
    yield "load-99", b"\1" + pool("load_percent", b"\x63\0")
    yield "members-none", b"\1" + pool("member_count", u32(0))
    yield "members-beyond", b"\1" + pool("member_first", u32(1))
    yield "member-unknown", b"\1" + member(0, 5, 1)
    yield "member-twice", b"\1" + member(1, 0, 1)
    yield "weight-0", b"\1" + member(0, 0, 0)
    yield "weight-10001", b"\1" + member(0, 0, 10001)
    yield "suffix", b"\1" + suffixes(name("example"))
    yield "suffixes", b"\1" + suffixes(name(""), name("a"), name("b"), name("a.b"))
    yield "suffixes-out-of-order", b"\1" + suffixes(name("b"), name("a"))
    yield "suffix-upper-case", b"\1" + suffixes(name("Example"))
    yield "suffix-no-end", b"\1" + suffixes(b"\7exampl")
    yield "suffix-beyond", b"\1" + suffixes(name("example"), beyond=1)
    yield "suffix-pool", b"\1" + suffixes(name("example"), pools=1)
    yield "types", b"\1" + types((1, 0), (12, 0), (65535, 0))
    yield "types-out-of-order", b"\1" + types((12, 0), (12, 0))
    yield "types-65", b"\1" + top("type_route_count", u32(65))
    yield "type-pool", b"\1" + types((1, 64))
    yield "limit", b"\1" + limit(truncate_every=3, exempt_count=1)
    yield "limit-burst-0", b"\1" + limit(burst=0)
    yield "limit-prefix-33", b"\1" + limit(prefix4=33)
    yield "limit-prefix-129", b"\1" + limit(prefix6=129)
    yield "limit-refusal-2", b"\1" + limit(refusal=2)
    yield "limit-exempt-beyond", b"\1" + limit(exempt_first=2, exempt_count=1)


BASE = """dataplane: {worker_cores: [1], interfaces: [{xdp: eth0}]}
source: {addresses: [198.51.100.16]}
service: {addresses: [{address: 192.0.2.53}]}
upstreams: {servers: [{name: a, address: 198.51.100.101}, {name: b, address: 198.51.100.102}]}
"""
LIST = 'routes: [{pool: default, domains_file: "901"}]\n'


def config_corpus():
    more = {
        "minimal": "",
        "limit": "rate_limit: {queries_per_second: 9, burst: 99, ipv4_prefix: 32, exempt: [10.0.0.0/8, 10.0.0.1-10.0.0.9]}\n",
        "limit-none": "rate_limit: {}\n",
        "pools": "pools: [{name: p, policy: hash, hash_key: k, load_percent: 0, servers: [b, a]}]\n",
        "pools-default": "pools: [{name: default, policy: first, servers: [b]}]\n",
        "pools-unknown": "pools: [{name: p, servers: [c]}]\n",
        "routes": "routes: [{pool: default, domains: [a.example, B.Example, '.'], types: [PTR, TYPE65]}]\n",
        "routes-odd": "routes: [{pool: default, domains: ['*.a', 'a\\.b', '\\300', 'a..b', 'x y']}]\n",
        "routes-two": "pools: [{name: p, servers: [a]}]\nroutes: [{pool: p, domains: [a]}, {pool: default, domains: [A]}]\n",
        "http": "http: {address: '::1', port: 0}\n",
        "http-odd": "http: {address: 255.255.255.255}\n",
        "protection": "protection: {random_case: false, near_miss: truncate, edns_bytes: 512}\n",
    }
    for title, text in more.items():
        yield title, (BASE + text).encode()
    yield "health", BASE.replace("{servers", "{probe: {good: [refused, 15], type: A}, passive: {responses: 10}, "
                                 "healthy_min_percent: 100, servers").encode()
    yield "weights", BASE.replace("name: a", "weight: 10000, random_case: false, name: a").encode()
    yield "listen", BASE.replace("0.2.53}", "0.2.53, pool: default, allow: ['::/0', 0.0.0.0/0]}").encode()
    yield "sources", BASE.replace("[198.51.100.16]", "[198.51.100.0/26], ports: 1024-65535, exclude: [5000-6000]").encode()
    yield "list", (BASE + LIST).encode() + b"\0# list\na.example\n  B.example # b\r\n\nc\\046d.example"
    yield "list-odd", (BASE + LIST).encode() + b"\0a\n||b^\n*.c\nd e\n\xff\n.\n..\n"
    yield "list-nul", (BASE + LIST).encode() + b"\0a\n\0b\n"
    yield "list-none", (BASE + LIST).encode()
    yield "list-itself", (BASE + LIST.replace("901", "900")).encode()
    yield "tab", BASE.replace(": {", ":\n\t{").encode()
    yield "anchor", BASE.replace("[1]", "&x [1]").encode()
    yield "deep", b"a: " + b"[" * 40
    yield "two-keys", (BASE + BASE).encode()


def main():
    root = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "corpus")
    for target, corpus in (("packet", packet_corpus), ("question", question_corpus), ("edns", edns_corpus),
                           ("snapshot", snapshot_corpus), ("config", config_corpus)):
        folder = root / target
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.iterdir():
            if not old.name.startswith("found-"):
                old.unlink()
        for title, data in corpus():
            if len(data) >= (800 if target == "config" else 300):
                sys.exit(f"{target}/{title}: {len(data)} bytes")
            (folder / title).write_bytes(data)
        print(f"{target}: {len(list(folder.iterdir()))} files")


if __name__ == "__main__":
    main()
