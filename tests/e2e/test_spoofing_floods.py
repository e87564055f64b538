# SPDX-License-Identifier: BSD-3-Clause
"""Floods, forwarding loops and full tables."""
import contextlib
import copy
import random

import pytest

import netns
import wire
from attack.forger import Forger, Template, Volley, random_picks
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import CLIENT, DEFAULT, FARM, SCRIPTED, FWD, PORTS, SERVERS, SERVICE, SOURCES

SHARERS = 64  # protection.waiters: clients that may share a query with its first client


@pytest.mark.parametrize("coalesce", (True, False), ids=("shared", "alone"))
def test_1000_identical_questions_at_once(lab, coalesce):
    """From a hundred clients at once, each with its own letter case."""
    with contextlib.ExitStack() as stack:
        scripted = stack.enter_context(ScriptedUpstream(SCRIPTED[4]))
        stack.enter_context(
            lab.configured({"scripted": SCRIPTED[4]}, protection={"coalesce": coalesce}, timeout_ms=8000)
        )
        clients = [stack.enter_context(lab.client((4, 6)[i % 2])) for i in range(100)]
        names = ["".join(random.choice((c, c.upper())) for c in "n00005.example") for _ in clients]
        rows = [(client, wire.query(name, query_id=i)) for i in range(10) for client, name in zip(clients, names)]
        growth = lab.growth()
        for client, data in rows:
            client.send(data)
        copies = -(-len(rows) // (SHARERS + 1)) if coalesce else len(rows)
        growth.expect({}, {"queries": copies, "coalesced": len(rows) - copies})
        for done in range(copies):
            scripted.next().response()
            if coalesce:  # a hundred clients share one kernel, which would lose some of 1,000 responses at once
                responses = min(len(rows), (done + 1) * (SHARERS + 1))
                wait("responses", lambda: growth.counters().get("responses", 0) >= responses)
        for client, data in rows:
            response = client.receive()
            asked = data[:2] if data[:2] == response[:2] else response[:2]
            assert wire.is_right(asked + data[2:], response), "a client got the ID, letter case or record of another"
        assert all(client.has_nothing() for client in clients) and scripted.idle()
        growth.expect({}, {"queries": copies, "responses": len(rows), "responses_lost": 0, "timeouts": 0})
        assert growth.counters().get("coalesce_bound", 0) == (copies - 1 if coalesce else 0)


def test_flood_of_forged_responses_beside_clean_load(lab):
    """From the addresses of all upstreams, at a rate that the worker can receive: no clean query is lost, and no
    response creates state."""
    with contextlib.ExitStack() as stack:
        load = stack.enter_context(lab.load("--rate", 1500))
        forger = stack.enter_context(Forger(FARM, "eph-f1"))
        templates = []
        for name, address in SERVERS.items():
            version = 6 if "v6" in name else 4
            payload = wire.right_response(wire.message(0, wire.question("n00006.example")), rdata=b"\6\6\6\6")
            for source in SOURCES[version]:
                templates.append(Template(lab.frame(address, source, 53, 1, payload, FARM)))
        of_4, of_6 = ([t for t in templates if t.udp == udp] for udp in (34, 54))
        growth, sent = lab.growth(), 0
        for turn in range(6):
            chosen = (of_4, of_6)[turn % 2]
            sent += forger.fire(Volley.of_responses(chosen, random_picks(25000, len(chosen), PORTS)), 60000)
            assert lab.stats()["in_flight"] < 1000, "responses created state"
        result = load.finish()
        assert (result["lost"], result["refused"], result["wrong"]) == (0, 0, 0), result
        wait("every forged response is counted", lambda: sum(growth.drops().values()) >= sent)
        assert set(growth.drops()) <= {
            "response_unknown",
            "response_wrong_id",
            "response_wrong_upstream",
            "response_late",
        }
        assert sum(growth.drops().values()) == sent, (sent, growth.drops())


def test_flood_of_queries_until_the_flow_table_is_full(lab):
    """A table of 1,024 flows and 5,000 distinct questions from random clients without responses: the excess is dropped
    and counted, flows in flight finish, and after one timeout queries are forwarded again."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["dataplane"]["flows_per_worker"] = 1024
    lab.config["upstreams"].update(timeout_ms=2000, servers=[{"name": "scripted", "address": SCRIPTED[4]}])
    try:
        with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.client() as client, Forger(CLIENT, "eph-c1") as forger:
            lab.restart()
            early = wire.query(wire.random_name())
            client.send(early)
            held = scripted.next()
            frames = [
                lab_frame(lab, f"192.0.2.{random.randrange(3, 50)}", random.randrange(1024, 65536)) for _ in range(5000)
            ]
            growth = lab.growth()
            forger.fire(Volley.of_frames(frames), 20000)
            wait("all are forwarded or dropped", lambda: taken(growth) == len(frames))
            counters, drops = growth.counters(), growth.drops()
            assert set(drops) <= {"flow_table_full", "probe_unsent"} and counters["queries"] > 900, (drops, counters)
            held.response()
            assert wire.is_right(early, client.receive()), "a flow in flight did not finish"
            wait("one timeout later the table is empty", lambda: lab.stats()["in_flight"] <= 2, 5)
            wait("all of it timed out", lambda: growth.counters()["timeouts"] == counters["queries"])
            while not scripted.idle():
                scripted.next()
            for version in (4, 6):
                lab.ask(version=version)
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()


def taken(growth):
    return growth.counters().get("queries", 0) + growth.drops().get("flow_table_full", 0)


def lab_frame(lab, source, port, macs={}):
    if not macs:
        macs.update(outer=lab.mac(FWD, "eph-c0"), inner=lab.mac(CLIENT, "eph-c1"))
    a, b = wire.address_bytes(source), wire.address_bytes(SERVICE[4])
    datagram = wire.udp(a, b, port, 53, wire.query(wire.random_name()))
    return wire.ethernet(macs["outer"], macs["inner"], wire.ip(a, b, 17, datagram))


def test_two_forwarders_pointed_at_each_other(lab):
    """The upstream is a forwarder whose upstream is this instance: it forwards each query to our service address, from
    its own port. The returning query is coalesced with the one in flight instead of being forwarded again."""
    with contextlib.ExitStack() as stack:
        lab.run(FARM, "ip", "route", "add", f"{SERVICE[4]}/32", "via", "198.51.100.1", "src", "198.51.100.111")
        stack.callback(lab.run, FARM, "ip", "route", "del", f"{SERVICE[4]}/32")
        other = stack.enter_context(contextlib.closing(netns.udp_socket(FARM, "198.51.100.111")))
        other.connect((SERVICE[4], 53))
        passed_on = []

        def pass_on(asked):
            passed_on.append(asked)
            other.send(asked.data)

        stack.enter_context(ScriptedUpstream(SCRIPTED[4], behave=pass_on))
        stack.enter_context(lab.configured({"mirror": SCRIPTED[4]}, timeout_ms=1000))
        client = stack.enter_context(lab.client())
        growth = lab.growth()
        for number in range(10):
            client.send(wire.query(f"n0001{number}.example", query_id=number))
        growth.expect({}, {"queries": 10, "coalesced": 10, "responses": 0, "timeouts": 20}, seconds=10)
        assert len(passed_on) == 10 and client.has_nothing()


def test_other_forwarder_sends_from_port_53(lab):
    """A forwarder that sends its queries from port 53 is recognized by that: an upstream is not a client."""
    with lab.sender(FARM, "eph-f1") as wire_in:
        growth = lab.growth()
        data = wire.query("n00010.example")
        wire_in.send(lab.frame(SERVERS["nsd"], SERVICE[4], 53, 53, data, FARM))
        growth.expect({"query_bad_source": 1}, {"queries": 0, "responses": 0})
