# SPDX-License-Identifier: BSD-3-Clause
"""Upstreams that fail and recover, and responses that arrive after their flow has ended."""
import copy
import os
import signal

import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import DEFAULT, SCRIPTED, SERVERS
from observers import resident_kb


def test_late_response_to_a_reused_flow_slot_is_dropped(lab):
    """With 1,024 entries the slot of a flow is the low ten bits of its ID, so it is soon used again."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["dataplane"]["flows_per_worker"] = 1024
    lab.config["upstreams"].update(timeout_ms=10000, servers=[{"name": "scripted", "address": SCRIPTED[4]}])
    try:
        with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.client() as client:
            lab.restart()
            client.send(wire.query("n00001.example"))
            old = scripted.next()
            old.response()
            client.receive()
            for _ in range(20000):  # one in 1,024 hits the slot: all miss in one of 300 million runs
                data = wire.query("n00002.example")
                client.send(data)
                asked = scripted.next()
                if asked.id & 1023 == old.id & 1023:
                    break
                asked.response()
                assert wire.is_right(data, client.receive())
            growth = lab.growth()
            old.response()
            growth.expect({"response_wrong_id" if asked.port == old.port else "response_unknown": 1}, {"responses": 0})
            assert client.has_nothing()
            asked.response()
            assert wire.is_right(data, client.receive())
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()


def test_one_of_three_upstreams_is_killed_under_load(lab):
    three = {name: SERVERS[name] for name in ("nsd", "knot", "unbound")}
    with lab.configured(three, timeout_ms=1000):
        with lab.load("--rate", 1500, "--timeout", 3) as load:
            os.kill(lab.server_pid("knot"), signal.SIGKILL)
            down = wait("knot is taken out", lambda: lab.is_in_state("knot", "down") and lab.stats(), 10)
            wait("2000 more queries", lambda: lab.stats()["queries"] > down["queries"] + 2000, 10)
            result = load.finish()
        after = lab.stats()
        shares = {
            u["name"]: u["queries"] - next(d["queries"] for d in down["upstreams"] if d["name"] == u["name"])
            for u in after["upstreams"]
        }
        assert shares["knot"] == 0, f"knot was sent queries after it was taken out: {shares}"
        assert abs(shares["nsd"] - shares["unbound"]) <= 10, f"the rest is not balanced: {shares}"
        # Only its own share, a third of 1,500 a second, and only until three probes failed, in about a second.
        assert 0 < result["lost"] <= 1500 / 3 * 2.5, result
        assert result["last_failed"] - result["first_failed"] < 2.5, result
        assert result["refused"] == 0
        lab.script("up")  # starts knot again
        wait("knot is back", lambda: lab.is_in_state("knot", "up"), 10)


def test_upstream_is_suspended_and_resumed(lab):
    """SIGSTOP until it is taken out and its last query has timed out. The burst of responses that it then sends is late,
    and it is sent queries again only after `rise` good probes."""
    three = {name: SERVERS[name] for name in ("nsd", "knot", "unbound")}
    pid = lab.server_pid("knot")
    with lab.configured(three, timeout_ms=1000), lab.load("--rate", 1500, "--timeout", 3) as load:
        growth = lab.growth()
        os.kill(pid, signal.SIGSTOP)
        try:
            wait("knot is taken out", lambda: lab.is_in_state("knot", "down"), 10)
            down = lab.upstreams()["knot"]
            unanswered = down["queries"] - down["responses"]
            wait("its last query timed out", lambda: lab.upstreams()["knot"]["timeouts"] >= unanswered)
            assert lab.upstreams()["knot"]["queries"] == down["queries"], "it was sent queries after it was taken out"
        finally:
            os.kill(pid, signal.SIGCONT)
        wait("the burst is dropped as late", lambda: growth.drops().get("response_late", 0) >= 100)
        back = wait("knot is back", lambda: lab.is_in_state("knot", "up") and lab.upstreams()["knot"], 10)
        wait("it is sent queries again", lambda: lab.upstreams()["knot"]["queries"] > back["queries"] + 100)
        # A late response counts as unknown once its slot is in use again, here by one query in hundreds.
        assert set(growth.drops()) <= {"response_late", "response_unknown"}, growth.drops()
        assert growth.drops().get("response_unknown", 0) <= 10, growth.drops()
        result = load.finish()
    # Its share of the queries until it was taken out, and no more.
    assert 0 < result["lost"] <= 1500 / 3 * 2.5, result
    assert result["last_failed"] - result["first_failed"] < 2.5 and result["refused"] == 0, result
    assert result["late"] == 0, "a late response reached a client"


def test_no_upstream_up_servfail_at_once(lab):
    """SERVFAIL, with extended error 22 (RFC 8914) if the query has EDNS; memory does not grow."""
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured({"scripted": SCRIPTED[4]}), lab.client() as client:
        scripted.probes = lambda: False
        wait("it is taken out", lambda: lab.is_in_state("scripted", "down"), 10)
        growth = lab.growth()
        plain = wire.query("n00003.example")
        response = client.ask(plain, 1)
        assert response[:2] == plain[:2] and response[2] & 0x80 and wire.rcode_of(response) == wire.SERVFAIL
        assert wire.question_of(response) == wire.question_of(plain)
        with_edns = wire.edns_query("n00003.example", wire.opt(1232))
        response = client.ask(with_edns, 1)
        assert wire.rcode_of(response) == wire.SERVFAIL
        assert response[-6:] == b"\0\x0f\0\2\0\x16", "extended error 22"
        growth.expect({}, {"own_servfail": 2, "queries": 0})
        before = {daemon: resident_kb(daemon) for daemon in (lab.dataplane, lab.ephemerad)}
        for _ in range(300):
            for _ in range(64):
                client.send(with_edns)
            for _ in range(64):
                client.receive()
        growth.expect({}, {"own_servfail": 2 + 300 * 64, "queries": 0})
        for daemon, resident in before.items():
            assert resident_kb(daemon) < resident + 1024, f"{daemon.args} grew by a megabyte"
        scripted.probes = lambda: True
        wait("it is back", lambda: lab.is_in_state("scripted", "up"), 10)
        assert wire.is_right(*ask_scripted(client, scripted, "n00003.example"))


def ask_scripted(client, scripted, name):
    data = wire.query(name)
    client.send(data)
    scripted.next().response()
    return data, client.receive()


def test_no_upstream_up_keep_trying(lab):
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured({"scripted": SCRIPTED[4]}), lab.client() as client:
        lab.config["service"]["no_upstream"] = "keep-trying"
        lab.reload()
        scripted.probes = lambda: False
        wait("it is taken out", lambda: lab.is_in_state("scripted", "down"), 10)
        growth = lab.growth()
        assert wire.is_right(*ask_scripted(client, scripted, "n00003.example")), "the query was not forwarded"
        growth.expect({}, {"own_servfail": 0, "queries": 1, "responses": 1})


def changes_of(lab, count, turns):
    """How often the state of the scripted upstream changed during `turns` more probes."""
    seen, goal = [lab.upstreams()["scripted"]["state"]], count[0] + turns

    def probed():
        if (state := lab.upstreams()["scripted"]["state"]) != seen[-1]:
            seen.append(state)
        return count[0] >= goal

    wait(f"{turns} probes", probed, 15)
    return len(seen) - 1


def test_flapping_is_followed_no_faster_than_rise_and_fall(lab):
    """fall is 3 and rise is 2: an upstream that misses two of three probes stays up; once it is down, one that answers
    every second probe stays down."""
    count = [0]

    def every(n):
        def answered():
            count[0] += 1
            return count[0] % n == 0

        return answered

    # The outcome of a probe, including a timeout, is known before the next one is sent, after half a second at most.
    probe = {**DEFAULT["upstreams"]["probe"], "interval_ms": 600, "timeout_ms": 50}
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured({"scripted": SCRIPTED[4]}, probe=probe):
        scripted.probes = every(3)
        assert changes_of(lab, count, 6) == 0 and lab.is_in_state("scripted", "up")
        scripted.probes = lambda: False
        wait("three failed probes in a row take it out", lambda: lab.is_in_state("scripted", "down"))
        scripted.probes = every(2)
        assert changes_of(lab, count, 6) == 0 and lab.is_in_state("scripted", "down")
        scripted.probes = lambda: True
        wait("two good probes in a row bring it back", lambda: lab.is_in_state("scripted", "up"))
