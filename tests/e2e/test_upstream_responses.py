# SPDX-License-Identifier: BSD-3-Clause
"""Responses of upstreams, well formed and malformed, in packets of all kinds."""
import struct

import pytest

import wire
from attack.bypass import icmp, icmp_rows, quoted_query
from attack.rig import kernel_counters
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import FARM, SCRIPTED, FWD

SECOND = {4: "198.51.100.112", 6: "2001:db8:2::112"}


@pytest.fixture(scope="module", params=(4, 6), ids=("IPv4", "IPv6"))
def farm(request, standing_lab):
    """A scripted upstream that is the only upstream."""
    address = SCRIPTED[request.param]
    standing_lab.restart()  # an upstream that an earlier test removed would still be one for five seconds
    with ScriptedUpstream(address, SECOND[request.param]) as scripted:
        with standing_lab.configured({"scripted": address}, timeout_ms=5000):
            scripted.version = request.param
            yield scripted


@pytest.fixture
def exchange(lab, farm):
    """(client, its query, the query that the upstream received, counters since then) of one query in flight."""
    with lab.client(farm.version) as client:
        data = wire.query("n00009.example")
        client.send(data)
        asked = farm.next()
        yield client, data, asked, lab.growth()


def in_own_case(data, response):
    """The response that the client must get: with its own ID, and its question in its own letter case."""
    end = 12 + len(wire.question_of(data))
    return data[:2] + response[2:12] + data[12:end] + response[end:]


# --- headers ---

DROPPED = {
    "QR=0": ("response_bad_header", lambda q: wire.right_response(q.data, flags=0x0100)),
    "header-only NOERROR": ("response_wrong_question", lambda q: q.data[:2] + b"\x81\x80" + bytes(8)),
    "header-only NXDOMAIN": ("response_wrong_question", lambda q: q.data[:2] + b"\x81\x83" + bytes(8)),
    "QDCOUNT=2": ("response_wrong_question", lambda q: wire.message(q.id, q.question * 2, 0x8180, 2)),
    "QDCOUNT=0, with the response": (
        "response_wrong_question",
        lambda q: q.data[:2] + b"\x81\x80\0\0\0\1" + wire.right_response(q.data)[8:],
    ),
}


@pytest.mark.parametrize("kind", DROPPED)
def test_malformed_response_is_dropped(exchange, kind):
    client, data, asked, growth = exchange
    reason, make = DROPPED[kind]
    asked.send(make(asked))
    growth.expect({reason: 1}, {"responses": 0})
    assert client.has_nothing()
    asked.response()
    assert wire.is_right(data, client.receive())


@pytest.mark.parametrize("rcode", (wire.REFUSED, wire.SERVFAIL, wire.FORMERR, wire.NOTIMP))
def test_header_only_error_is_relayed(exchange, rcode):
    client, data, asked, growth = exchange
    bare = struct.pack("!HHHHHH", asked.id, 0x8180 | rcode, 0, 0, 0, 0)
    asked.send(bare)
    assert client.receive() == data[:2] + bare[2:]
    growth.expect({}, {"responses": 1})


# --- letter case ---


def test_wrong_letter_case_is_dropped_with_random_case_on(exchange):
    client, data, asked, growth = exchange
    flipped = asked.question[:-4].swapcase() + asked.question[-4:]
    asked.send(wire.right_response(wire.message(asked.id, flipped)))
    growth.expect({"response_wrong_case": 1}, {"responses": 0, "near_misses": 0})
    assert client.has_nothing()
    asked.response()
    assert wire.is_right(data, client.receive())


# --- lengths ---


def farm_frame(lab, asked, datagram):
    """A frame from the farm with this UDP datagram to the source of the query."""
    a, b = wire.address_bytes(asked.address), wire.address_bytes(asked.source)
    return wire.ethernet(lab.mac(FWD, "eph-f0"), lab.mac(FARM, "eph-f1"), wire.ip(a, b, 17, datagram))


def datagram(asked, payload, **how):
    return wire.udp(wire.address_bytes(asked.address), wire.address_bytes(asked.source), 53, asked.port, payload, **how)


ODD_LENGTHS = {
    "payload of 0 bytes": ("dns_short", lambda q: datagram(q, b"")),
    "payload of 1 byte": ("dns_short", lambda q: datagram(q, b"x")),
    "payload of 11 bytes": ("dns_short", lambda q: datagram(q, wire.right_response(q.data)[:11])),
    "payload of 12 bytes": ("response_wrong_question", lambda q: datagram(q, wire.right_response(q.data)[:12])),
    "UDP length beyond the packet": ("udp_length", lambda q: datagram(q, wire.right_response(q.data), length=400)),
    "UDP length of 7": ("udp_length", lambda q: datagram(q, wire.right_response(q.data), length=7)),
    "UDP length of 0": ("udp_length", lambda q: datagram(q, wire.right_response(q.data), length=0)),
    "UDP header cut": ("runt", lambda q: datagram(q, b"")[:7]),
}


@pytest.mark.parametrize("kind", ODD_LENGTHS)
def test_wrong_length_is_dropped(lab, exchange, kind):
    client, data, asked, growth = exchange
    reason, make = ODD_LENGTHS[kind]
    with lab.sender(FARM, "eph-f1") as sock:
        sock.send(farm_frame(lab, asked, make(asked)))
    if kind == "UDP header cut":  # without ports the XDP program passes it to the kernel
        lab.ask(version=6 if asked.address.count(":") else 4)
        assert growth.drops() == {}
    else:
        growth.expect({reason: 1}, {"responses": 0})
    assert client.has_nothing()
    asked.response()
    assert wire.is_right(data, client.receive())


def test_padding_behind_the_udp_length_is_ignored(lab, exchange):
    client, data, asked, growth = exchange
    response = wire.right_response(asked.data)
    with lab.sender(FARM, "eph-f1") as sock:
        sock.send(farm_frame(lab, asked, datagram(asked, response) + b"\xa5" * 9))
    assert client.receive() == in_own_case(data, response)
    growth.expect({}, {"responses": 1})


# --- transparency ---


@pytest.mark.parametrize("size", (512, 1232, 1452, 1472))
def test_response_is_relayed_byte_for_byte(lab, farm, size):
    if size == 1472 and farm.version == 6:
        size = 1451  # the largest odd size that fits an IPv6 packet
    with lab.client(farm.version) as client:
        data = wire.edns_query("n00011.example", wire.opt(4096), wire.TXT)
        client.send(data)
        asked = farm.next()
        growth = lab.growth()
        filler = bytes(i * 7 & 0xFF for i in range(size - 12 - len(asked.question) - 12))
        response = wire.right_response(asked.data, rdata=filler)
        assert len(response) == size
        asked.send(response)
        assert client.receive() == in_own_case(data, response)
        growth.expect({}, {"responses": 1, "responses_truncated": 0})


# --- fragments ---


def fragments_of(asked, response, cuts):
    """IP fragments of a response, one for each (first byte, end) of the datagram in `cuts`, in that order."""
    a, b = wire.address_bytes(asked.address), wire.address_bytes(asked.source)
    whole = wire.udp(a, b, 53, asked.port, response)
    for first, end in cuts:
        end = min(end, len(whole))
        more = end < len(whole)
        if len(a) == 4:
            yield wire.ip(a, b, 17, whole[first:end], fragment=first // 8 | (0x2000 if more else 0))
        else:
            header = struct.pack("!BBHI", 17, 0, first | more, 0x12345678)
            yield wire.ip(a, b, 44, header + whole[first:end])


CUTS = {
    "in order": ((0, 600), (600, 9999)),
    "reversed": ((600, 9999), (0, 600)),
    "overlapping": ((0, 600), (304, 800), (600, 9999)),
    "without the first": ((600, 800), (800, 9999)),
    "tiny": tuple((i, i + 8) for i in range(0, 64, 8)),
    "a first one alone": ((0, 1024),),
    "1,000": ((600, 9999),) * 1000,
}


@pytest.mark.parametrize("kind", CUTS)
def test_fragments_are_dropped_and_nothing_grows(lab, exchange, kind):
    client, data, asked, growth = exchange
    response = wire.right_response(asked.data, rdata=b"\6" * 1000)
    before, sent = kernel_counters(lab)["fragments taken"], 0
    head = wire.ethernet(lab.mac(FWD, "eph-f0"), lab.mac(FARM, "eph-f1"), b"\x45")[:12]
    with lab.sender(FARM, "eph-f1") as sock:
        for packet in fragments_of(asked, response, CUTS[kind]):
            sock.send(head + (b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet)
            sent += 1
    growth.expect({}, {"responses": 0}, {"fragment": sent})
    assert kernel_counters(lab)["fragments taken"] == before, "fragments reached the kernel's reassembly"
    assert client.has_nothing()
    asked.response()
    assert wire.is_right(data, client.receive())


# --- truncation ---


def test_truncated_response_is_relayed_with_tc(exchange):
    client, data, asked, growth = exchange
    truncated = struct.pack("!HHHHHH", asked.id, 0x8380, 1, 0, 0, 0) + asked.question
    asked.send(truncated)
    assert client.receive() == in_own_case(data, truncated)
    growth.expect({}, {"responses": 1})


# --- ICMP ---


def test_forged_icmp_changes_nothing(lab, exchange):
    client, data, asked, growth = exchange
    version = 6 if ":" in asked.address else 4
    hop = lab.upstreams()["scripted"]["next_hop"]
    head = wire.ethernet(lab.mac(FWD, "eph-f0"), lab.mac(FARM, "eph-f1"), b"\x45")[:12]
    with lab.sender(FARM, "eph-f1") as sock:
        for kind, code, rest in icmp_rows(version):
            packet = icmp(version, asked.address, asked.source, kind, code, rest, quoted_query(asked))
            sock.send(head + (b"\x08\x00" if version == 4 else b"\x86\xdd") + packet)
    wait("the kernel got all of them", lambda: growth.steer().get("kernel", 0) >= len(icmp_rows(version)))
    assert growth.drops() == {} and client.has_nothing()
    assert lab.upstreams()["scripted"]["next_hop"] == hop and lab.upstreams()["scripted"]["state"] == "up"
    asked.response()
    assert wire.is_right(data, client.receive())


# --- EDNS ---


def with_opt(q, rcode=0, **how):
    """A response without records except OPT."""
    return wire.message(q.id, q.question, 0x8180 | rcode, rest=wire.opt(**how), arcount=1)


EDNS_RESPONSES = {
    "EDNS ignored": lambda q: wire.right_response(q.data),
    "FORMERR without OPT": lambda q: wire.message(q.id, q.question, 0x8181),
    "FORMERR, header only": lambda q: struct.pack("!HHHHHH", q.id, 0x8181, 0, 0, 0, 0),
    "NOTIMP without OPT": lambda q: wire.message(q.id, q.question, 0x8184),
    "BADVERS": lambda q: with_opt(q, extended_rcode=1),
    "BADCOOKIE": lambda q: with_opt(
        q, rcode=7, extended_rcode=1, options=struct.pack("!HH", 10, 24) + b"12345678" + b"s" * 16
    ),
    "extended error": lambda q: with_opt(q, rcode=2, options=struct.pack("!HHH", 15, 5, 6) + b"why"),
}


@pytest.mark.parametrize("kind", EDNS_RESPONSES)
def test_edns_responses_are_relayed_unchanged(lab, farm, kind):
    with lab.client(farm.version) as client:
        data = wire.edns_query("n00015.example", wire.opt(1232, options=struct.pack("!HH", 10, 8) + b"12345678"))
        client.send(data)
        asked = farm.next()
        growth = lab.growth()
        response = EDNS_RESPONSES[kind](asked)
        asked.send(response)
        expected = data[:2] + response[2:] if len(response) == 12 else in_own_case(data, response)
        assert client.receive() == expected
        growth.expect({}, {"responses": 1})


# --- source address ---


def test_response_from_another_address_of_the_upstream_is_dropped(lab, exchange, farm):
    """The scripted upstream's second address is not an upstream: the XDP program drops its packets."""
    client, data, asked, growth = exchange
    asked.send(wire.right_response(asked.data), address=SECOND[farm.version])
    growth.expect({}, {"responses": 0}, {"stray": 1})
    assert client.has_nothing()
    asked.response()
    assert wire.is_right(data, client.receive())
