# SPDX-License-Identifier: BSD-3-Clause
"""D: what is in the DNS message. A forwarder is transparent (RFC 5625), but for what could not be forwarded rightly."""
import struct

import pytest

import wire
from farmer import Farmer
from topology import FARMER

VERSIONS = pytest.mark.parametrize("version", (4, 6), ids=("IPv4", "IPv6"))
HEADER = struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0)
TAIL = b"\0\1\0\1"
MIXED = ("n00042.example", "N00042.EXAMPLE", "n00042.ExAmPlE", "N00042.eXaMpLe")


@VERSIONS
def test_d1_reply_to_the_service_address_is_dropped(lab, version):
    with lab.client(version) as client:
        growth = lab.growth()
        client.send(wire.query("n00001.example", flags=0x8180))
        client.send(wire.right_answer(wire.query("n00001.example")))
        client.send(struct.pack("!HHHHHH", 7, 0x8185, 0, 0, 0, 0))
        growth.expect({"query_is_reply": 3}, {"queries": 0, "answers": 0, "own_formerr": 0})
        assert client.has_nothing()


@VERSIONS
def test_d3_two_questions_are_a_format_error(lab, version):
    with lab.client(version) as client:
        growth = lab.growth()
        data = wire.message(0x4242, wire.question("n00001.example") + wire.question("n00002.example"), qdcount=2)
        reply = client.ask(data)
        assert reply[:2] == data[:2] and reply[2] & 0xF9 == 0x81 and wire.rcode_of(reply) == wire.FORMERR
        growth.expect({}, {"queries": 0, "own_formerr": 1})


BAD_NAMES = {
    "d6 pointer to itself": b"\xc0\x0c",
    "d6 pointer to the header": b"\xc0\x00",
    "d6 pointer forward": b"\xc0\x14" + b"\1a\0\0",
    "d6 pointer past the end": b"\xff\xff",
    "d6 pointer behind a label": b"\1a\xc0\x0c",
    "d6 pointer cut in two": None,
    "d7 label of 64": b"\x40" + b"a" * 64 + b"\0",
    "d7 label type 10": b"\x80" + b"a" * 10 + b"\0",
    "d7 name of 256 bytes": (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0",
    "d7 128 labels": b"\1a" * 128 + b"\0",
    "d7 no terminator": None,
    "d7 label longer than the message": None,
    "d7 no type and class": None,
    "d7 nothing behind the header": None,
}
CUT = {
    "d6 pointer cut in two": b"\xc0",
    "d7 no terminator": b"\1a\1b",
    "d7 label longer than the message": b"\x3fabc",
    "d7 no type and class": b"\1a\0\0\1\0",
    "d7 nothing behind the header": b"",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_d6_d7_name_that_is_none_is_a_format_error(lab, name):
    data = HEADER + (CUT[name] if BAD_NAMES[name] is None else BAD_NAMES[name] + TAIL)
    with lab.client() as client:
        growth = lab.growth()
        reply = client.ask(data)
        assert reply[:2] == data[:2] and reply[2] & 0xF9 == 0x81 and wire.rcode_of(reply) == wire.FORMERR
        assert len(reply) <= len(data)
        growth.expect({}, {"queries": 0, "own_formerr": 1})


@VERSIONS
def test_d8_real_servers_give_the_case_back(lab, version):
    with lab.client(version) as client:
        for name in MIXED * 6:  # past each upstream
            data = wire.query(name)
            assert wire.is_right(data, client.ask(data))


@VERSIONS
def test_d15_one_id_and_port_for_two_questions(lab, version):
    with lab.client(version) as client:
        two = [wire.query("n00015.example", query_id=15), wire.query("n00016.example", wire.AAAA, query_id=15)]
        growth = lab.growth()
        for data in two:
            client.send(data)
        replies = [client.receive() for _ in two]
        assert all(any(wire.is_right(data, reply) for reply in replies) for data in two), replies
        growth.expect({}, {"queries": 2, "answers": 2})


# --- from here on the farmer is the only upstream ---

GOOD_NAMES = {
    "d7 the root": b"\0",
    "d7 label of 63": b"\x3f" + b"a" * 63 + b"\0",
    "d7 name of 255 bytes": (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0",
    "d7 127 labels": b"\1a" * 127 + b"\0",
    "d7 NUL and binary bytes": b"\6\0\1\2\xfd\xfe\xff\7eXaMpLe\0",
    "d7 dots inside a label": b"\5a.b.c\7example\0",
    "d7 bytes that look like a pointer": b"\4\xc0\x0c\xc0\x0c\0",
    "d7 spaces and backslashes": b"\4 \\\\ \0",
}


@pytest.fixture(scope="module")
def farm(standing_lab):
    with Farmer(FARMER[4]) as farmer, standing_lab.configured({"farmer": FARMER[4]}, timeout_ms=5000):
        yield farmer


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_d7_binary_name_is_forwarded_as_it_is(lab, farm, name):
    data = HEADER + GOOD_NAMES[name] + TAIL
    with lab.client() as client:
        client.send(data)
        asked = farm.next()
        assert asked.data[2:] == data[2:], "all but the ID stays as it was"
        reply = wire.right_answer(asked.data, rdata=b"\1\2\3\4")
        asked.send(reply)
        assert client.receive() == data[:2] + reply[2:]


def test_d8_each_client_gets_its_own_letter_case(lab, farm):
    """Four clients ask for one name at once, each in its own case."""
    clients = [lab.client(version) for version in (4, 6, 4, 6)]
    asked = [wire.query(name, query_id=77) for name in MIXED]
    try:
        growth = lab.growth()
        for client, data in zip(clients, asked):
            client.send(data)
        for _ in clients:
            farm.next().answer()
        for client, data in zip(clients, asked):
            assert wire.is_right(data, client.receive())
        growth.expect({}, {"answers": 4})
    finally:
        for client in clients:
            client.sock.close()
