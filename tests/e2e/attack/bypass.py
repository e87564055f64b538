# SPDX-License-Identifier: BSD-3-Clause
"""Attacks that bypass the guess: side channels, ICMP, fragments, and responses from wrong addresses."""
import os
import struct

import wire
from topology import CLIENT, FARM, PORTS, SERVICE, SOURCES

from .rig import FORGED, OTHER, STRANGER, VICTIM, AttackRig, kernel_counters
from .forger import Volley

RATE = 60000
BOTH = {"victim": VICTIM[4], "victim-v6": VICTIM[6]}


def sad_dns(lab, rate=RATE):
    """Scans the range for open ports, from the upstream's and from an unknown address, with no query of the attack in
    flight and with 64: any response, or use of the kernel's ICMP rate limit, would distinguish open from closed."""

    def heard(packet):
        return packet.protocol in (1, 17, 58) and packet.target_port != 53 and not wire.is_neighbour_discovery(packet)

    with AttackRig(lab, "SAD DNS scan", BOTH, hold=True) as rig, lab.sniff(FARM, "eph-f1", heard) as sniffer:
        volleys = []
        for version in (4, 6):
            for scanner in (VICTIM[version], STRANGER[version]):
                template = rig.response_template(scanner, SOURCES[version][0], "scan.example", source_port=53)
                volleys.append(Volley.of_responses([template], [(0, port, 0) for port in PORTS]))
        responses = []
        for open_queries in (0, 64):
            rows = rig.live(open_queries)
            before, heard_before = kernel_counters(lab)["ICMP sent"], len(sniffer.packets)
            for volley in volleys:
                rig.forger.fire(volley, rate)
            rig.settle()
            lab.ask()  # responses to the scan would be ahead of this one in the queue back
            lab.ask(version=6)
            responses.append(len(sniffer.packets) - heard_before + kernel_counters(lab)["ICMP sent"] - before)
            rig.close(rows)
    closed, opened = responses
    rig.result.counted["responses, ports closed"], rig.result.counted["responses, ports open"] = closed, opened
    rig.result.notes.append(f"responses to a scan: {closed} with all ports closed, {opened} with some open")
    return rig.result


def icmp(version, source, target, kind, code, rest, quoted):
    """An ICMP message about a packet, as an IP packet."""
    a, b = wire.address_bytes(source), wire.address_bytes(target)
    body = struct.pack("!BBH", kind, code, 0) + rest + quoted
    pseudo = b"" if version == 4 else wire.pseudo_header(a, b, 58, len(body))
    checksum = ~wire.internet_sum(pseudo + body) & 0xFFFF
    body = body[:2] + struct.pack("!H", checksum) + body[4:]
    return wire.ip(a, b, 1 if version == 4 else 58, body, ttl=255)


def icmp_rows(version):
    """(type, code, the four bytes after the checksum) that might change a host's state."""
    if version == 4:
        gateway = wire.address_bytes(STRANGER[4])
        rows = [(3, code, bytes(4)) for code in (0, 1, 2, 3, 9, 10, 13)]
        rows += [(3, 4, struct.pack("!HH", 0, mtu)) for mtu in (0, 68, 552, 1280)]
        return rows + [(5, code, gateway) for code in (0, 1)] + [(4, 0, bytes(4)), (11, 0, bytes(4)), (12, 0, bytes(4))]
    rows = [(1, code, bytes(4)) for code in range(5)]
    rows += [(2, 0, struct.pack("!I", mtu)) for mtu in (68, 1280)]
    return rows + [(3, 0, bytes(4)), (4, 1, bytes(4))]


def quoted_query(held):
    """The packet that an ICMP error about this query would quote."""
    a, b = wire.address_bytes(held.source), wire.address_bytes(held.address)
    return wire.ip(a, b, 17, wire.udp(a, b, held.port, 53, held.data))


def icmp_frames(rig, rows):
    """ICMP of every kind about each query in flight, from its upstream and from an unknown address."""
    frames = []
    for _, _, held in rows:
        version = 6 if ":" in held.address else 4
        quoted = quoted_query(held)
        for sender in (held.address, STRANGER[version]):
            for kind, code, rest in icmp_rows(version):
                packet = icmp(version, sender, held.source, kind, code, rest, quoted)
                frames.append(rig.frame(packet))
    redirect = struct.pack("!4x") + wire.address_bytes(STRANGER[6]) + wire.address_bytes(VICTIM[6])
    for source in SOURCES[6]:
        packet = icmp(6, "fe80::1", source, 137, 0, redirect[:4], redirect[4:])
        frames.append(rig.frame(packet))
    return frames


def hops(lab):
    return {name: (u["next_hop"], u["state"]) for name, u in lab.upstreams().items()}


def forged_icmp(lab, rate=20000):
    """Unreachable, fragmentation needed, packet too big, redirect and others, each quoting a query in flight."""
    with AttackRig(lab, "forged ICMP", BOTH, hold=True) as rig:
        rig.counts = False  # ICMP goes to the kernel
        rows, before = rig.live(64), hops(lab)
        by_length = {}
        for frame in icmp_frames(rig, rows) * 16:
            by_length.setdefault(len(frame), []).append(frame)
        for frames in by_length.values():
            rig.forger.fire(Volley.of_frames(frames), rate)
        rig.close(rows)
        rig.result.counted["next hops changed"] = sum(hops(lab)[name] != hop for name, hop in before.items())
        # A query that fills a packet is sent whole, whatever path MTU the kernel has stored.
        with lab.client(4) as client:
            data = wire.padded_query(1400)
            with lab.sniff(FARM, "eph-f1", lambda p: p.target_port == 53 and len(p.payload) == 1400) as sniffer:
                client.send(data)
                sniffer.wait_for(lambda p: True)
                held = rig.held.get(timeout=5)
                held.send(wire.right_response(held.data, rdata=b"\0\0\0\0"))
                client.receive()
        lab.run("eph-fwd", "ip", "route", "flush", "cache")
        lab.run("eph-fwd", "ip", "-6", "route", "flush", "cache")
    return rig.result


def fragment_frames(rig, version, count, offset):
    """Second fragments of responses, each of another datagram: the attacker guesses the identification."""
    source, tail = wire.address_bytes(VICTIM[version]), FORGED * 50
    frames = []
    for i in range(count):
        target = wire.address_bytes(SOURCES[version][i % 8])
        if version == 4:
            packet = bytearray(wire.ip(source, target, 17, tail, fragment=offset // 8))
            packet[4:6], packet[10:12] = struct.pack("!H", i & 0xFFFF), b"\0\0"
            packet[10:12] = struct.pack("!H", ~wire.internet_sum(bytes(packet[:20])) & 0xFFFF)
            frames.append(rig.frame(bytes(packet)))
        else:
            header = struct.pack("!BBHI", 17, 0, offset, int.from_bytes(os.urandom(4), "big"))
            frames.append(rig.frame(wire.ip(source, target, 44, header + tail)))
    return frames


def fragments(lab, rate=RATE):
    """Second fragments of responses for all IPv4 identifications, and many of IPv6, sent before any first fragment."""
    with AttackRig(lab, "fragments, second halves", BOTH, hold=True) as rig:
        before, rows = kernel_counters(lab)["fragments taken"], rig.live(32)
        for version, count, offset in ((4, 65536, 1480), (4, 65536, 512), (6, 32768, 1232)):
            rig.forger.fire(Volley.of_frames(fragment_frames(rig, version, count, offset)), rate)
        rig.close(rows)
        rig.settle()
        rig.result.counted["fragments kept"] = kernel_counters(lab)["fragments taken"] - before
    return rig.result


def wrong_upstream(lab, rounds=50, rate=RATE):
    """Responses with the right port, ID, name and letter case that do not come from the upstream of the query: from
    another upstream, an unknown address, another port, and on the clients' interface."""
    servers = {**BOTH, "other": OTHER[4], "other-v6": OTHER[6]}
    with AttackRig(lab, "from the wrong upstream", servers, hold=True) as rig:
        for _ in range(rounds):
            rows = rig.live(8)
            for _, _, held in rows:
                version = 6 if ":" in held.address else 4
                other = next(a[version] for a in (VICTIM, OTHER) if a[version] != held.address)
                senders = ((other, 53), (STRANGER[version], 53), (held.address, 5353), (SERVICE[version], 53))
                templates = [
                    rig.response_template(a, held.source, None, port, question=held.question) for a, port in senders
                ]
                picks = [(i, held.port, held.id) for i in range(len(templates))] * 16
                rig.forger.fire(Volley.of_responses(templates, picks), rate)
                by_inside = rig.response_template(held.address, held.source, None, 53, CLIENT, held.question)
                rig.inside.fire(Volley.of_responses([by_inside], [(0, held.port, held.id)] * 4), rate)
            rig.settle()
            rig.close(rows)
    return rig.result
