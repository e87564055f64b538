# SPDX-License-Identifier: BSD-3-Clause
"""Frames from the clients' side: checksums, lengths, padding, and traffic that must reach the kernel."""
import socket
import struct

import pytest

import netns
import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import CLIENT_ADDRESS, SCRIPTED, FWD, SERVICE, SOURCES

VERSIONS = pytest.mark.parametrize("version", (4, 6), ids=("IPv4", "IPv6"))


def echo(asked):
    """Responds with the query itself: a response of the same length."""
    asked.send(asked.data[:2] + bytes([asked.data[2] | 0x80]) + asked.data[3:])


@pytest.fixture(scope="module", params=(4, 6), ids=("IPv4", "IPv6"))
def mirror(request, standing_lab):
    """The only upstream sends each query back as its own response."""
    address = SCRIPTED[request.param]
    with ScriptedUpstream(address, behave=echo) as scripted, standing_lab.configured({"mirror": address}):
        scripted.version = request.param
        yield scripted


def answers_to(version, port):
    return lambda p: p.source == SERVICE[version] and p.target_port == port


def exchange(lab, version, payload, sniffer, **how):
    """Sends a query as a raw frame, and returns the response packet."""
    port = 40000
    with lab.sender() as wire_in:
        wire_in.send(lab.frame(CLIENT_ADDRESS[version], SERVICE[version], port, 53, payload, **how))
    return sniffer.wait_for(lambda p: p.target_port == port and p.payload[:2] == payload[:2])


def test_ipv4_checksum_of_0_is_accepted_and_the_response_carries_one(lab):
    with lab.sniff() as sniffer:
        data = wire.query("n00005.example")
        growth = lab.growth()
        response = exchange(lab, 4, data, sniffer, checksum=0)
        assert wire.is_right(data, response.payload)
        assert response.checksum != 0 and response.checksum_ok
        growth.expect({}, {"queries": 1, "responses": 1})


@VERSIONS
@pytest.mark.parametrize("flip", (0x0001, 0x8000, 0xFFFF))
def test_wrong_checksum_is_dropped(lab, version, flip):
    data = wire.query("n00006.example", query_id=6)
    good = wire.parse(lab.frame(CLIENT_ADDRESS[version], SERVICE[version], 40000, 53, data)).checksum
    with lab.sender() as wire_in, lab.sniff(keep=answers_to(version, 40000)) as sniffer:
        growth = lab.growth()
        wire_in.send(lab.frame(CLIENT_ADDRESS[version], SERVICE[version], 40000, 53, data, checksum=good ^ flip))
        growth.expect({"udp_checksum": 1}, {"queries": 0})
        lab.ask(version=version)
        assert sniffer.packets == []


def test_ipv6_checksum_of_0_is_dropped(lab):
    with lab.sender() as wire_in, lab.sniff(keep=answers_to(6, 40000)) as sniffer:
        growth = lab.growth()
        wire_in.send(lab.frame(CLIENT_ADDRESS[6], SERVICE[6], 40000, 53, wire.query("n00007.example"), checksum=0))
        growth.expect({"udp_checksum": 1}, {"queries": 0})
        lab.ask(version=6)
        assert sniffer.packets == []


@pytest.mark.parametrize("mirror_version", (4, 6), ids=("farm IPv4", "farm IPv6"))
@VERSIONS
def test_checksum_that_computes_to_0_is_sent_as_ffff(lab, version, mirror_version):
    """The response's last bytes are chosen so that its checksum computes to 0 (RFC 768: transmitted as all ones)."""
    address = SCRIPTED[mirror_version]
    configured, sniff = lab.configured({"scripted": address}), lab.sniff()
    with ScriptedUpstream(address) as scripted, configured, lab.client(version) as client, sniff as sniffer:
        data = wire.query("n00008.example", wire.TXT)
        client.send(data)
        asked = scripted.next()

        def response(query, fill):
            return wire.right_response(query, rdata=b"\3x" + fill)

        a, b = wire.address_bytes(SERVICE[version]), wire.address_bytes(CLIENT_ADDRESS[version])
        plain = wire.udp(a, b, 53, client.port, response(data, b"\0\0"))
        fill = plain[6:8]  # what complements the sum, where it stands at an even offset
        assert (len(plain) - 2) % 2 == 0
        expected = wire.udp(a, b, 53, client.port, response(data, fill), checksum=0)
        assert wire.internet_sum(wire.pseudo_header(a, b, 17, len(expected)) + expected) == 0xFFFF
        asked.send(response(asked.data, fill))
        assert client.receive() == response(data, fill), "the client's kernel did not accept it"
        packet = sniffer.wait_for(lambda p: p.target_port == client.port)
        assert packet.checksum == 0xFFFF


def test_responses_of_every_length_are_accepted_by_a_kernel_client(lab, mirror):
    """Queries and responses of every length from 17 bytes (the shortest with a question) to what fits 1,500 bytes of
    IP. The next test has 12, a bare header. 18 bytes are impossible: no name is two bytes long."""
    version = mirror.version
    longest = 1472 if version == 4 else 1452
    lengths = [17, *range(19, longest + 1)]
    with lab.client(version) as client:
        growth = lab.growth()
        for at in range(0, len(lengths), 64):
            out = {length: wire.padded_query(length, query_id=length) for length in lengths[at : at + 64]}
            for data in out.values():
                client.send(data)
            for _ in range(len(out)):
                response = client.receive()
                data = out.pop(len(response))
                assert response[:2] == data[:2] and response[2] == data[2] | 0x80 and response[3:] == data[3:]
        growth.expect({}, {"queries": len(lengths), "responses": len(lengths), "responses_truncated": 0})


@VERSIONS
def test_bare_header_of_12_bytes(lab, version):
    """REFUSED without the question, as some servers send it: the shortest possible response."""
    address = SCRIPTED[version]
    with ScriptedUpstream(address) as scripted, lab.configured({"scripted": address}), lab.client(version) as client:
        data = wire.query("n00009.example")
        client.send(data)
        asked = scripted.next()
        asked.send(asked.data[:2] + b"\x81\x85" + bytes(8))
        response = client.receive()
        assert len(response) == 12 and response[:2] == data[:2] and response[2:4] == b"\x81\x85"


def test_padding_behind_the_ip_packet_is_ignored(lab):
    """A query in a frame padded to 60 bytes, as on real Ethernet, and more."""
    for name in (b"\0", wire.CLEAN):
        for padding in (1, 17, 46):
            data = wire.query(name, wire.A if name == wire.CLEAN else wire.NS)
            with lab.sender() as wire_in, lab.sniff() as sniffer:
                wire_in.send(lab.frame(CLIENT_ADDRESS[4], SERVICE[4], 40001, 53, data) + b"\xa5" * padding)
                response = sniffer.wait_for(lambda p: p.target_port == 40001)
                assert response.payload[:2] == data[:2] and response.checksum_ok
                assert wire.question_of(response.payload) == wire.question_of(data)


# --- traffic for the kernel ---


@VERSIONS
def test_icmp_echo_reaches_the_kernel(lab, version):
    growth = lab.growth()
    with lab.ping(version) as ping:
        wait("twenty echoes", lambda: ping.answered >= 20)
        counters = growth.counters()
        assert counters.get("rx", 0) == counters.get(
            "probe_responses", 0
        ), "the dataplane got more than responses to probes"
        assert growth.steer()["kernel"] >= 20


def test_arp_reaches_the_kernel(lab):
    """ARP for a service address and for a source address is answered with the interface's MAC."""
    for namespace, device, outer, own, asked in (
        ("eph-client", "eph-c1", "eph-c0", CLIENT_ADDRESS[4], SERVICE[4]),
        ("eph-farm", "eph-f1", "eph-f0", "198.51.100.101", SOURCES[4][0]),
    ):
        own_mac = lab.mac(namespace, device)
        request = b"\xff" * 6 + own_mac + struct.pack("!HHHBBH", 0x0806, 1, 0x0800, 6, 4, 1)
        request += own_mac + wire.address_bytes(own) + bytes(6) + wire.address_bytes(asked)
        with netns.packet_socket(namespace, device) as sock:
            sock.settimeout(5)
            sock.send(request)
            while True:
                frame = sock.recv(2048)
                if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2":
                    break
            assert frame[28:32] == wire.address_bytes(asked) and frame[22:28] == lab.mac(FWD, outer)


def test_neighbour_discovery_reaches_the_kernel(lab):
    for namespace, device, outer, own, asked in (
        ("eph-client", "eph-c1", "eph-c0", CLIENT_ADDRESS[6], SERVICE[6]),
        ("eph-farm", "eph-f1", "eph-f0", "2001:db8:2::101", SOURCES[6][0]),
    ):
        own_mac, target = lab.mac(namespace, device), wire.address_bytes(asked)
        group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
        body = struct.pack("!BBHI", 135, 0, 0, 0) + target + b"\1\1" + own_mac
        a = wire.address_bytes(own)
        checksum = ~wire.internet_sum(wire.pseudo_header(a, group, 58, len(body)) + body) & 0xFFFF
        body = body[:2] + struct.pack("!H", checksum) + body[4:]
        frame = wire.ethernet(b"\x33\x33" + group[12:], own_mac, wire.ip(a, group, 58, body, ttl=255))
        with netns.packet_socket(namespace, device) as sock:
            sock.settimeout(5)
            sock.send(frame)
            while True:
                heard = sock.recv(2048)
                if heard[12:14] == b"\x86\xdd" and heard[54:55] == b"\x88" and heard[62:78] == target:
                    break
            assert heard[-6:] == lab.mac(FWD, outer)


@VERSIONS
@pytest.mark.parametrize("port", (52, 54, 5353, 33434))
def test_other_udp_ports_of_a_service_address_reach_the_kernel(lab, version, port):
    with netns.udp_socket(FWD, SERVICE[version], port) as server, lab.client(version) as client:
        client.sock.connect((SERVICE[version], port))
        server.settimeout(5)
        client.send(b"hello")
        assert server.recvfrom(100) == (b"hello", client.sock.getsockname())


@VERSIONS
def test_udp_port_53_of_another_address_reaches_the_kernel(lab, version):
    address = {4: "192.0.2.1", 6: "2001:db8:1::1"}[version]
    with netns.udp_socket(FWD, address, 53) as server, lab.client(version, service=address) as client:
        server.settimeout(5)
        client.send(wire.query("n00011.example"))
        server.recvfrom(100)


@VERSIONS
def test_udp_to_a_source_address_below_the_port_range_reaches_the_kernel(lab, version):
    with netns.udp_socket(FWD, SOURCES[version][0], 49151) as server:
        server.settimeout(5)
        sock = netns.udp_socket("eph-farm", {4: "198.51.100.101", 6: "2001:db8:2::101"}[version])
        with sock:
            sock.sendto(b"hello", (SOURCES[version][0], 49151))
            assert server.recv(100) == b"hello"


@VERSIONS
def test_tcp_reaches_the_kernel(lab, version):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    listener = netns.within(FWD, lambda: socket.create_server((SERVICE[version], 53), family=family))
    with listener, netns.within("eph-client", lambda: socket.socket(family, socket.SOCK_STREAM)) as client:
        client.settimeout(5)
        client.connect((SERVICE[version], 53))
        client.send(b"hello")
        server, _ = listener.accept()
        with server:
            assert server.recv(100) == b"hello"


@VERSIONS
@pytest.mark.parametrize("protocol", (47, 50), ids=("GRE", "ESP"))
def test_other_protocols_reach_the_kernel(lab, version, protocol):
    family = socket.AF_INET if version == 4 else socket.AF_INET6
    payload = bytes(4) + b"\0\x35\0\x35" + b"untouched" * 5  # where UDP would have its ports: 53
    raw = netns.within(FWD, lambda: socket.socket(family, socket.SOCK_RAW, protocol))
    a, b = wire.address_bytes(CLIENT_ADDRESS[version]), wire.address_bytes(SERVICE[version])
    with raw, lab.sender() as wire_in:
        raw.settimeout(5)
        growth = lab.growth()
        packet = wire.ip(a, b, protocol, payload)
        wire_in.send(wire.ethernet(lab.mac(FWD, "eph-c0"), lab.mac("eph-client", "eph-c1"), packet))
        assert raw.recv(2048)[-len(payload) :] == payload
        growth.expect({}, {"queries": 0})
