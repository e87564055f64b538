# SPDX-License-Identifier: BSD-3-Clause
"""DNS message content. A forwarder is transparent (RFC 5625), except for messages that it cannot forward correctly."""
import contextlib
import struct
import subprocess

import pytest

import wire
from scripted_upstream import ScriptedUpstream
from topology import CLIENT, FARM, SCRIPTED, SERVERS, SERVICE

VERSIONS = pytest.mark.parametrize("version", (4, 6), ids=("IPv4", "IPv6"))
HEADER = struct.pack("!HHHHHH", 0x1234, 0x0100, 1, 0, 0, 0)
TAIL = b"\0\1\0\1"
MIXED = ("n00042.example", "N00042.EXAMPLE", "n00042.ExAmPlE", "N00042.eXaMpLe")


@VERSIONS
def test_response_to_the_service_address_is_dropped(lab, version):
    with lab.client(version) as client:
        growth = lab.growth()
        client.send(wire.query("n00001.example", flags=0x8180))
        client.send(wire.right_response(wire.query("n00001.example")))
        client.send(struct.pack("!HHHHHH", 7, 0x8185, 0, 0, 0, 0))
        growth.expect({"query_is_response": 3}, {"queries": 0, "responses": 0, "own_formerr": 0})
        assert client.has_nothing()


@VERSIONS
def test_two_questions_are_a_format_error(lab, version):
    with lab.client(version) as client:
        growth = lab.growth()
        data = wire.message(0x4242, wire.question("n00001.example") + wire.question("n00002.example"), qdcount=2)
        response = client.ask(data)
        assert response[:2] == data[:2] and response[2] & 0xF9 == 0x81 and wire.rcode_of(response) == wire.FORMERR
        growth.expect({}, {"queries": 0, "own_formerr": 1})


BAD_NAMES = {
    "pointer to itself": b"\xc0\x0c",
    "pointer to the header": b"\xc0\x00",
    "pointer forward": b"\xc0\x14" + b"\1a\0\0",
    "pointer past the end": b"\xff\xff",
    "pointer behind a label": b"\1a\xc0\x0c",
    "pointer cut in two": None,
    "label of 64": b"\x40" + b"a" * 64 + b"\0",
    "label type 10": b"\x80" + b"a" * 10 + b"\0",
    "name of 256 bytes": (b"\x3f" + b"a" * 63) * 3 + b"\x3e" + b"a" * 62 + b"\0",
    "128 labels": b"\1a" * 128 + b"\0",
    "no terminator": None,
    "label longer than the message": None,
    "no type and class": None,
    "nothing after the header": None,
}
CUT = {
    "pointer cut in two": b"\xc0",
    "no terminator": b"\1a\1b",
    "label longer than the message": b"\x3fabc",
    "no type and class": b"\1a\0\0\1\0",
    "nothing after the header": b"",
}


@pytest.mark.parametrize("name", BAD_NAMES)
def test_malformed_name_is_a_format_error(lab, name):
    data = HEADER + (CUT[name] if BAD_NAMES[name] is None else BAD_NAMES[name] + TAIL)
    with lab.client() as client:
        growth = lab.growth()
        response = client.ask(data)
        assert response[:2] == data[:2] and response[2] & 0xF9 == 0x81 and wire.rcode_of(response) == wire.FORMERR
        assert len(response) <= len(data)
        growth.expect({}, {"queries": 0, "own_formerr": 1})


@VERSIONS
def test_real_servers_keep_the_letter_case(lab, version):
    with lab.client(version) as client:
        for name in MIXED * 6:  # past each upstream
            data = wire.query(name)
            assert wire.is_right(data, client.ask(data))


@pytest.mark.parametrize("coalesce", (True, False), ids=("shared", "alone"))
def test_each_client_gets_its_own_letter_case(lab, coalesce):
    """Four clients query one name at once, each in its own case; they share one upstream query, or have one each."""
    asked = [wire.query(name, query_id=70 + i) for i, name in enumerate(MIXED)]
    with contextlib.ExitStack() as stack:
        scripted = stack.enter_context(ScriptedUpstream(SCRIPTED[4]))
        stack.enter_context(
            lab.configured({"scripted": SCRIPTED[4]}, protection={"coalesce": coalesce}, timeout_ms=5000)
        )
        clients = [stack.enter_context(lab.client(version)) for version in (4, 6, 4, 6)]
        growth = lab.growth()
        for client, data in zip(clients, asked):
            client.send(data)
        upstream = 1 if coalesce else 4
        growth.expect({}, {"queries": upstream, "coalesced": 4 - upstream})
        for _ in range(upstream):
            scripted.next().response()
        for client, data in zip(clients, asked):
            assert wire.is_right(data, client.receive())
        growth.expect({}, {"responses": 4, "queries": upstream, "responses_lost": 0})
        assert scripted.idle()


@VERSIONS
def test_one_id_and_port_for_two_questions(lab, version):
    with lab.client(version) as client:
        two = [wire.query("n00015.example", query_id=15), wire.query("n00016.example", wire.AAAA, query_id=15)]
        growth = lab.growth()
        for data in two:
            client.send(data)
        responses = [client.receive() for _ in two]
        assert all(any(wire.is_right(data, response) for response in responses) for data in two), responses
        growth.expect({}, {"queries": 2, "responses": 2})


# --- from here on a scripted upstream is the only upstream ---

GOOD_NAMES = {
    "the root": b"\0",
    "label of 63": b"\x3f" + b"a" * 63 + b"\0",
    "name of 255 bytes": (b"\x3f" + b"a" * 63) * 3 + b"\x3d" + b"a" * 61 + b"\0",
    "127 labels": b"\1a" * 127 + b"\0",
    "NUL and binary bytes": b"\6\0\1\2\xfd\xfe\xff\7eXaMpLe\0",
    "dots inside a label": b"\5a.b.c\7example\0",
    "bytes that look like a pointer": b"\4\xc0\x0c\xc0\x0c\0",
    "spaces and backslashes": b"\4 \\\\ \0",
}


@pytest.fixture(scope="module")
def farm(standing_lab):
    with ScriptedUpstream(SCRIPTED[4]) as scripted, standing_lab.configured({"scripted": SCRIPTED[4]}, timeout_ms=5000):
        yield scripted


@pytest.mark.parametrize("name", GOOD_NAMES)
def test_binary_name_is_forwarded_unchanged(lab, farm, name):
    data = HEADER + GOOD_NAMES[name] + TAIL
    with lab.client() as client:
        client.send(data)
        asked = farm.next()
        assert wire.same_but_case(asked.data, data), "more than the ID and the letter case was changed"
        response = wire.right_response(asked.data, rdata=b"\1\2\3\4")
        asked.send(response)
        end = 12 + len(GOOD_NAMES[name])
        expected = data[:2] + response[2:12] + data[12:end] + response[end:]
        assert client.receive() == expected, "the response does not have the client's letter case"


# --- EDNS is forwarded unchanged, except for its size ---

COOKIE = struct.pack("!HH", 10, 8) + b"12345678"
ECS = struct.pack("!HHHBB", 8, 7, 1, 24, 0) + bytes([192, 0, 2])
PADDING = struct.pack("!HH", 12, 40) + bytes(40)
UNKNOWN = struct.pack("!HH", 65001, 5) + b"\0\xffabc"


# What the client sends after its question, and what must reach the upstream if that differs.
EDNS = {
    "plain": (wire.opt(1232), None),
    "size 0": (wire.opt(0), None),
    "size 511": (wire.opt(511), None),
    "size 512": (wire.opt(512), None),
    "size 1233": (wire.opt(1233), wire.opt(1232)),
    "size 65535": (wire.opt(65535), wire.opt(1232)),
    "version 1": (wire.opt(1232, version=1), None),
    "extended rcode in a query": (wire.opt(1232, extended_rcode=7), None),
    "DO": (wire.opt(1232, flags=0x8000), None),
    "flags Z": (wire.opt(1232, flags=0x7FFF), None),
    "cookie": (wire.opt(4096, options=COOKIE), wire.opt(1232, options=COOKIE)),
    "client subnet": (wire.opt(1232, options=ECS), None),
    "padding": (wire.opt(1232, options=PADDING), None),
    "unknown option": (wire.opt(1232, options=UNKNOWN), None),
    "all options twice": (wire.opt(1232, options=(COOKIE + ECS + PADDING + UNKNOWN) * 2), None),
    "option longer than the record": (wire.opt(1232, options=struct.pack("!HH", 10, 60) + b"123"), None),
}


@pytest.mark.parametrize("kind", EDNS)
def test_edns_is_passed_through(lab, farm, kind):
    sent, expected = EDNS[kind]
    with lab.client() as client:
        growth = lab.growth()
        data = wire.edns_query("n00009.example", sent)
        client.send(data)
        asked = farm.next()
        assert wire.same_but_case(asked.data, data[: -len(sent)] + (expected or sent))
        asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect({}, {"queries": 1, "responses": 1, "edns_clamped": int(expected is not None)})


def test_two_opt_records_are_passed_through(lab, farm):
    """RFC 6891 section 6.1.1 makes that FORMERR for a server; the forwarder leaves the response to the upstream."""
    with lab.client() as client:
        data = wire.edns_query("n00009.example", wire.opt(1232) + wire.opt(1231), arcount=2)
        client.send(data)
        asked = farm.next()
        assert wire.same_but_case(asked.data, data)
        formerr = wire.message(asked.id, asked.question, 0x8181)
        asked.send(formerr)
        assert client.receive()[2:4] == formerr[2:4]


def test_opt_in_the_answer_section_is_passed_through(lab, farm):
    """A query has no answer section. The forwarder does not parse one, and forwards the message unchanged."""
    with lab.client() as client:
        data = wire.message(9, wire.question("n00009.example"), ancount=1, rest=wire.opt(4096))
        client.send(data)
        asked = farm.next()
        assert asked.data[2:] == data[2:], "the letter case was changed in a message that is not a plain query"
        asked.response()
        assert wire.is_right(data, client.receive())


def test_queries_with_different_edns_are_not_coalesced(lab, farm):
    """Only queries that must get the same response share one upstream query; a query with any EDNS option does not."""
    tails = ["size 512", "plain", "DO", "cookie", "client subnet", "padding", "unknown option", "version 1", "flags Z"]
    rows = [wire.edns_query("n00009.example", EDNS[t][0], query_id=i) for i, t in enumerate(tails)]
    rows.append(wire.query("n00009.example", query_id=100))
    rows.append(wire.query("n00009.example", query_id=101, flags=0x0000))
    rows.append(wire.query("n00009.example", query_id=102, flags=0x0120))
    rows.append(wire.query("n00009.example", query_id=103, flags=0x0110))
    rows.append(wire.query("n00009.example", wire.AAAA, query_id=104))
    rows.append(wire.query("n00009.example", query_id=105, rclass=3))
    rows.append(rows[3])  # with a cookie: not even the same query again
    with lab.client() as client:
        growth = lab.growth()
        for data in rows:
            client.send(data)
        growth.expect({}, {"queries": len(rows), "coalesced": 0})
        for data in (wire.query("n00009.example", query_id=200), wire.edns_query("N00009.EXAMPLE", EDNS["DO"][0])):
            client.send(data)
        growth.expect({}, {"queries": len(rows), "coalesced": 2})
        for _ in rows:
            farm.next().response()
        for _ in range(len(rows) + 2):
            assert client.receive()[12:26].lower() == rows[0][12:26]


# --- TSIG ---

KEY = "hmac-sha256:lab-key:ZXBoZW1lcmFsIGxhYiBrZXksIG5vdCBhIHNlY3JldC4="  # as in scripts/lab/knot.conf


def kdig(lab, service, *words):
    return lab.run(CLIENT, "kdig", f"@{service}", "+retry=0", "+time=5", *words)


@VERSIONS
def test_tsig_signed_query_is_verified_by_a_real_server(lab, version):
    """Knot verifies the query and kdig the response: the forwarder changed only the ID, which TSIG allows."""
    seen = []
    for bufsize in ("", "+bufsize=1232", "+bufsize=4096"):
        with lab.configured({"knot": SERVERS["knot"]}), lab.sniff(
            FARM, "eph-f1", lambda p: p.target_port == 53 and b"lab-key" in p.payload
        ) as sniffer:
            words = ["n00011.example", "A", "-y", KEY, *([bufsize] if bufsize else [])]
            out = kdig(lab, SERVICE[version], *words)
            assert "status: NOERROR" in out and "10.0.0.11" in out, out
            assert "TSIG PSEUDOSECTION" in out and "NOERROR" in out.split("TSIG PSEUDOSECTION")[1], out
            assert not any(word in out for word in ("BADSIG", "BADKEY", "BADTIME", "WARNING", "ERROR:")), out
            query = sniffer.wait_for(lambda p: True).payload
            assert wire.question_of(query) == wire.question("n00011.example"), "0x20 was applied to a signed message"
            seen.append(query)
    assert len({q[:2] for q in seen}) > 1


def test_wrong_tsig_signature_is_refused_by_the_server(lab):
    wrong = KEY[:-5] + "AAAA="
    with lab.configured({"knot": SERVERS["knot"]}):
        done = subprocess.run(
            ["nsenter", f"--net=/run/netns/{CLIENT}", "kdig", f"@{SERVICE[4]}", "n00011.example", "-y", wrong,
             "+retry=0"],
            capture_output=True, text=True, timeout=30,
        )  # fmt: skip
    assert "BADSIG" in done.stdout + done.stderr or "NOTAUTH" in done.stdout, done
