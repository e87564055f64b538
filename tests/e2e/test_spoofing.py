# SPDX-License-Identifier: BSD-3-Clause
"""Spoofing: forged responses, port scans, and queries from forged addresses."""
import pytest

import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import CLIENT_ADDRESS, FARM, PORTS, SERVICE, SOURCES

PAIR = {4: "198.51.100.111", 6: "2001:db8:2::111"}


@pytest.fixture(scope="module", params=(4, 6), ids=("IPv4", "IPv6"))
def farm(request, standing_lab):
    """A scripted upstream that is the only upstream, with a timeout of half a minute."""
    address = PAIR[request.param]
    with ScriptedUpstream(address) as scripted, standing_lab.configured({"one": address}, timeout_ms=30000):
        scripted.version, scripted.address = request.param, address
        yield scripted


def received(lab):
    return lab.stats()["counters"]["rx"]


class Gun:
    """Sends many frames that differ in a few bytes, and not faster than the dataplane receives them."""

    def __init__(self, lab, namespace=FARM, device="eph-f1"):
        self.lab, self.sock = lab, lab.sender(namespace, device)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def fire(self, frames):
        """Sends all of them; returns how many."""
        base, sent = received(self.lab), 0
        for frame in frames:
            self.sock.send(frame)
            sent += 1
            if sent % 1024 == 0:
                wait("the dataplane keeps up", lambda: received(self.lab) - base >= sent - 512)
        return sent


class ResponseCopies:
    """Copies of a response with another target port or ID and an updated checksum (RFC 1624)."""

    def __init__(self, lab, source, target, target_port, payload, source_port=53):
        self.frame = bytearray(lab.frame(source, target, source_port, target_port, payload, FARM))
        self.udp = 14 + (20 if ":" not in source else 40)
        self.checksum_sum = ~int.from_bytes(self.frame[self.udp + 6 : self.udp + 8], "big") & 0xFFFF

    def changed(self, offset, value):
        """The frame with another 16-bit value at `offset` of the UDP header."""
        at = self.udp + offset
        old = int.from_bytes(self.frame[at : at + 2], "big")
        total = self.checksum_sum + (~old & 0xFFFF) + value
        total = (total & 0xFFFF) + (total >> 16)
        total = (total & 0xFFFF) + (total >> 16)
        frame = bytearray(self.frame)
        frame[at : at + 2] = value.to_bytes(2, "big")
        frame[self.udp + 6 : self.udp + 8] = (~total & 0xFFFF or 0xFFFF).to_bytes(2, "big")
        return bytes(frame)

    def with_port(self, port):
        return self.changed(2, port)

    def with_id(self, query_id):
        return self.changed(8, query_id)


def test_forged_responses_to_every_port(lab, farm):
    with lab.client(farm.version) as client, Gun(lab) as gun:
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        growth = lab.growth()
        forged = wire.right_response(asked.data, query_id=asked.id ^ 0x5555, rdata=b"\6\6\6\6")
        copies = ResponseCopies(lab, asked.address, asked.source, asked.port, forged)
        sent = gun.fire(copies.with_port(port) for port in PORTS)
        assert sent == len(PORTS)
        # One hit the port of the query (a probe may have one more open), the others hit none.
        wait("all forged responses are dropped", lambda: sum(growth.drops().values()) == sent, 10)
        drops = growth.drops()
        assert set(drops) <= {"response_unknown", "response_wrong_id"} and 1 <= drops["response_wrong_id"] <= 20, drops
        assert growth.counters().get("responses", 0) == 0 and client.has_nothing()
        asked.response()
        assert wire.is_right(data, client.receive())


def test_port_known_and_all_wrong_ids(lab, farm):
    with lab.client(farm.version) as client, Gun(lab) as gun:
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        growth = lab.growth()
        copies = ResponseCopies(
            lab, asked.address, asked.source, asked.port, wire.right_response(asked.data, rdata=b"\6\6\6\6")
        )
        sent = gun.fire(copies.with_id(i) for i in range(65536) if i != asked.id)
        assert sent == 65535
        # A probe that ended on this port and ID would make one of them "late".
        wait("all forged responses are dropped", lambda: sum(growth.drops().values()) == sent, 10)
        assert growth.drops().get("response_wrong_id", 0) >= sent - 2, growth.drops()
        assert growth.counters().get("responses", 0) == 0 and client.has_nothing()
        asked.response()
        assert wire.is_right(data, client.receive())


@pytest.mark.parametrize("scanner", ("upstream", "stranger"))
def test_port_scan_of_the_range_gets_no_response(lab, farm, scanner):
    """A scanner must not learn whether a query is open on a port: it gets no response at all."""
    source = {"upstream": farm.address, "stranger": {4: "198.51.100.114", 6: "2001:db8:2::114"}[farm.version]}[scanner]
    target = SOURCES[farm.version][0]

    def heard(packet):
        """UDP or ICMP to the scanner, except queries to the farm."""
        return (
            packet.target == source
            and packet.protocol in (1, 17, 58)
            and packet.target_port != 53
            and not wire.is_neighbour_discovery(packet)
        )

    with lab.client(farm.version) as client, Gun(lab) as gun, lab.sniff(FARM, "eph-f1", heard) as sniffer:
        copies = ResponseCopies(lab, source, target, PORTS[0], b"\0" * 12 + b"\0\0\1\0\1", source_port=4444)
        frames = [copies.with_port(port) for port in PORTS]
        data, asked = [], []
        for queries_open in (0, 64):
            for number in range(queries_open):
                data.append(wire.query(f"n{number:05}.example", query_id=number))
                client.send(data[-1])
                asked.append(farm.next())
            growth = lab.growth()
            if scanner == "upstream":
                gun.fire(frames)
                wait("the scan is dropped", lambda: sum(growth.drops().values()) == len(frames), 10)
            else:
                for frame in frames:
                    gun.sock.send(frame)
                growth.expect({}, {"responses": 0}, {"stray": len(frames)})
        # Packets to the farm share one queue: responses to the scan would arrive before this query.
        lab.ask(version=farm.version)
        assert sniffer.packets == []
        for query in asked:
            query.response()
        for number in range(len(asked)):
            response = client.receive()
            assert wire.is_right(data[int.from_bytes(response[:2], "big")], response)


BAD_SOURCES = {
    4: ["127.0.0.1", "0.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "240.0.0.1"],
    6: ["::1", "::", "ff02::1"],
}


@pytest.mark.parametrize("version", (4, 6))
def test_query_from_an_address_that_no_client_can_have_is_dropped(lab, version):
    ours = [SERVICE[version], SOURCES[version][0], SOURCES[version][7]]
    rows = [(source, 1234) for source in ours + BAD_SOURCES[version]]
    rows.append(({4: "198.51.100.101", 6: "2001:db8:2::101"}[version], 53))  # the port that upstreams respond from
    rows.append((CLIENT_ADDRESS[version], 0))

    def heard(packet):
        return packet.protocol == 17

    with lab.sender() as wire_in, lab.sniff(keep=heard) as at_client, lab.sniff(FARM, "eph-f1", heard) as at_farm:
        growth = lab.growth()
        for source, port in rows:
            wire_in.send(lab.frame(source, SERVICE[version], port, 53, wire.query("n00666.example")))
        growth.expect({"query_bad_source": len(rows)}, {"queries": 0, "responses": 0})
        lab.ask(version=version)
        assert [p for p in at_farm.packets if b"n00666" in p.payload] == []
        assert [p for p in at_client.packets if b"n00666" in p.payload] == []


def test_query_from_outside_the_allowed_prefixes_is_dropped(lab):
    with lab.sender() as wire_in, lab.sniff(keep=lambda p: p.protocol == 17 and b"n00666" in p.payload) as at_client:
        growth = lab.growth()
        for version, source in ((4, "203.0.113.7"), (6, "2001:db8:ffff::7")):
            wire_in.send(lab.frame(source, SERVICE[version], 1234, 53, wire.query("n00666.example")))
        growth.expect({"query_not_allowed": 2}, {"queries": 0, "responses": 0})
        lab.ask()
        assert at_client.packets == []
