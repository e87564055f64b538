# SPDX-License-Identifier: BSD-3-Clause
"""Responses that do not match their query: wrong ID, port, address, question, interface, and duplicates."""
import pytest

import wire
from scripted_upstream import ScriptedUpstream

PAIR = {4: ("198.51.100.111", "198.51.100.112"), 6: ("2001:db8:2::111", "2001:db8:2::112")}
STRANGER = {4: "198.51.100.114", 6: "2001:db8:2::114"}


@pytest.fixture(scope="module", params=(4, 6), ids=("IPv4", "IPv6"))
def farm(request, standing_lab):
    """A scripted upstream with two addresses of one family, the only upstreams."""
    pair = PAIR[request.param]
    with ScriptedUpstream(*pair) as scripted, standing_lab.configured(
        {"one": pair[0], "two": pair[1]}, timeout_ms=5000
    ):
        scripted.version = request.param
        yield scripted


def swap(asked, *question):
    """The right response, but to another question."""
    return wire.right_response(wire.message(asked.id, wire.question(*question)), rdata=b"\6\6\6\6")


def other(asked):
    return next(a for a in asked.scripted.addresses if a != asked.address)


def right(asked, **how):
    return wire.right_response(asked.data, **how)


# The reason that is counted, and the response (payload, address, port), made from the query that the upstream received.
BAD_RESPONSES = {
    "wrong ID": ("response_wrong_id", lambda q: (right(q, query_id=q.id ^ 0x0101), q.address, 53)),
    "wrong source port": ("response_wrong_upstream", lambda q: (right(q), q.address, 5353)),
    "from the other upstream": ("response_wrong_upstream", lambda q: (right(q), other(q), 53)),
    "wrong name": ("response_wrong_question", lambda q: (swap(q, "n00002.example"), q.address, 53)),
    "wrong type": ("response_wrong_question", lambda q: (swap(q, "n00001.example", wire.AAAA), q.address, 53)),
    "wrong class": ("response_wrong_question", lambda q: (swap(q, "n00001.example", wire.A, 3), q.address, 53)),
    "longer name": ("response_wrong_question", lambda q: (swap(q, "n00001.example.net"), q.address, 53)),
    "wrong letter case": ("response_wrong_case", lambda q: (swap(q, "N00001.example"), q.address, 53)),
    "QR=0": ("response_bad_header", lambda q: (right(q, flags=0x0100), q.address, 53)),
    "another opcode": ("response_bad_header", lambda q: (right(q, flags=0xA180), q.address, 53)),
    "no question, NOERROR": ("response_wrong_question", lambda q: (q.data[:2] + b"\x81\x80" + bytes(8), q.address, 53)),
    "two questions": (
        "response_wrong_question",
        lambda q: (wire.message(q.id, q.question * 2, 0x8180, 2), q.address, 53),
    ),
    "cut in the question": ("response_wrong_question", lambda q: (right(q)[:20], q.address, 53)),
    "cut in the header": ("dns_short", lambda q: (right(q)[:11], q.address, 53)),
}


@pytest.mark.parametrize("kind", BAD_RESPONSES)
def test_bad_response_is_dropped_and_the_right_one_delivered(lab, farm, kind):
    reason, make = BAD_RESPONSES[kind]
    with lab.client(farm.version) as client:
        growth = lab.growth()
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        payload, address, port = make(asked)
        asked.send(payload, address, port)
        growth.expect({reason: 1}, {"responses": 0, "queries": 1})
        assert client.has_nothing()
        assert lab.stats()["in_flight"] >= 1, "the bad response ended its flow"
        asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect({reason: 1}, {"responses": 1, "queries": 1, "timeouts": 0})


def test_response_from_an_unknown_address_is_dropped_by_xdp(lab, farm):
    with lab.client(farm.version) as client:
        growth = lab.growth()
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        asked.send(wire.right_response(asked.data), address=STRANGER[farm.version])
        growth.expect({}, {"responses": 0}, {"stray": 1})
        assert client.has_nothing()
        asked.response()
        assert wire.is_right(data, client.receive())


def test_response_on_another_interface_is_dropped(lab, farm):
    """The right response in every byte, but it arrives on the clients' interface."""
    with lab.client(farm.version) as client, lab.sender() as wire_in:
        growth = lab.growth()
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        wire_in.send(lab.frame(asked.address, asked.source, 53, asked.port, wire.right_response(asked.data)))
        growth.expect({"response_wrong_interface": 1}, {"responses": 0})
        assert client.has_nothing()
        asked.response()
        assert wire.is_right(data, client.receive())


def test_a_thousand_bad_responses_then_the_right_one(lab, farm):
    kinds = [BAD_RESPONSES[k] for k in ("wrong ID", "wrong source port", "wrong name", "wrong letter case", "QR=0")]
    with lab.client(farm.version) as client:
        growth = lab.growth()
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        wanted = {}
        for i in range(1000):
            reason, make = kinds[i % len(kinds)]
            payload, address, port = make(asked)
            asked.send(payload, address, port)
            wanted[reason] = wanted.get(reason, 0) + 1
        asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect(wanted, {"responses": 1, "timeouts": 0})
        assert client.has_nothing()


def test_right_response_three_times(lab, farm):
    with lab.client(farm.version) as client:
        growth = lab.growth()
        data = wire.query("n00001.example")
        client.send(data)
        asked = farm.next()
        for _ in range(3):
            asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect({"response_late": 2}, {"responses": 1})
        assert client.has_nothing()
