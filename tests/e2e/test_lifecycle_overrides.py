# SPDX-License-Identifier: BSD-3-Clause
"""Overrides of one upstream under load: traffic leaves it and comes back, and no query is lost."""
import calendar
import re
import time

import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import SCRIPTED, SERVERS

THREE = {name: SERVERS[name] for name in ("nsd", "knot", "unbound")}
PROBED_GOOD = r"its probes have been good|\d+ good probes?( in a row)?|as it was before ephemerad started"


def queries(lab):
    return {name: u["queries"] for name, u in lab.upstreams().items()}


def override(lab, name, action, state):
    """Sets an override, and waits until the dataplane uses it. Returns the times before and after the command."""
    began = int(time.time())
    output = lab.ctl("upstream", name, action)
    assert output.startswith(f"{name} is {state}: "), output
    wait("it is in force", lambda: lab.is_in_state(name, state))
    return began, time.time()


def shown(lab, name, state, reason, times):
    """JSON and table agree on the state, its reason (a pattern), and its time."""
    upstream = lab.upstreams()[name]
    assert upstream["state"] == state and re.fullmatch(reason, upstream["reason"]), upstream
    since = calendar.timegm(time.strptime(upstream["since"], "%Y-%m-%dT%H:%M:%SZ"))
    assert times[0] <= since <= times[1], f"{upstream['since']} is not between {times}"
    lines = [re.split(" {2,}", line.strip()) for line in lab.ctl("upstreams").splitlines()]
    columns, row = lines[0], next(line for line in lines if line[0] == name)
    cells = dict(zip(columns, row))
    since, _, why = cells["since, reason"].partition(", ")
    assert len(row) == len(columns) and (cells["state"], since) == (state, upstream["since"]), cells
    assert re.fullmatch(reason, why), cells


def test_drain_and_down_under_load_and_back(lab):
    with lab.configured(THREE), lab.load("--rate", 1500, "--timeout", 3) as load:
        growth = lab.growth()
        for action, state, why in (
            ("drain", "draining", "by the operator; nothing in flight"),
            ("down", "forced-down", "by the operator"),
        ):
            times = override(lab, "knot", action, state)
            wait("its last query is answered", lambda: lab.upstreams()["knot"]["in_flight"] == 0)
            before = queries(lab)
            wait("1500 queries more", lambda: sum(queries(lab).values()) >= sum(before.values()) + 1500)
            grown = {name: count - before[name] for name, count in queries(lab).items()}
            assert grown["knot"] == 0, f"it was sent queries after {action}: {grown}"
            assert abs(grown["nsd"] - grown["unbound"]) <= 10, f"the rest is not balanced: {grown}"
            shown(lab, "knot", state, why, times)
            times = override(lab, "knot", "auto", "up")
            wait("it is sent queries again", lambda: queries(lab)["knot"] >= before["knot"] + 300)
            shown(lab, "knot", "up", PROBED_GOOD, times)
        result = load.finish()
        growth.expect({}, {"timeouts": 0, "own_servfail": 0})
    assert result["answered"] == result["sent"] and (result["lost"], result["refused"]) == (0, 0), result


def test_drain_lets_queries_in_flight_end(lab):
    """The policy is `first`: queries go to the scripted upstream, and to nsd once the former is draining."""
    servers = {"scripted": SCRIPTED[4], "nsd": SERVERS["nsd"]}
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(
        servers, policy="first", timeout_ms=20000
    ), lab.client() as client:
        growth = lab.growth()
        held = {}
        for i in range(20):
            data = wire.query(f"n{i:05}.example", query_id=i)
            client.send(data)
            held[data[:2]] = data, scripted.next()
        times = override(lab, "scripted", "drain", "draining")
        shown(lab, "scripted", "draining", "by the operator; 20 in flight", times)
        assert lab.upstreams()["scripted"]["in_flight"] == 20
        for i in range(100, 120):
            data = wire.query(f"n{i:05}.example", query_id=i)
            assert wire.is_right(data, client.ask(data))
        assert scripted.idle(), "it was sent a query after drain"
        growth.expect({}, {"queries": 40, "responses": 20, "timeouts": 0})
        for _, asked in held.values():
            asked.response()
        for _ in range(20):
            response = client.receive()
            data, _ = held.pop(response[:2])
            assert wire.is_right(data, response)
        growth.expect({}, {"queries": 40, "responses": 40, "timeouts": 0})
        shown(lab, "scripted", "draining", "by the operator; nothing in flight", times)
        override(lab, "scripted", "auto", "up")
        data = wire.query("n00200.example")
        client.send(data)
        scripted.next().response()
        assert wire.is_right(data, client.receive())


def test_up_forces_an_upstream_with_failing_probes_into_service(lab):
    probed = [0]

    def ignored():
        probed[0] += 1
        return False

    def ask(name, of_scripted):
        data = wire.query(name)
        client.send(data)
        if of_scripted:
            scripted.next().response()
        assert wire.is_right(data, client.receive()) and scripted.idle()

    servers = {"scripted": SCRIPTED[4], "nsd": SERVERS["nsd"]}
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(servers, policy="first"), lab.client() as client:
        scripted.probes = ignored
        wait("its probes take it out", lambda: lab.is_in_state("scripted", "down"))
        ask("n00001.example", of_scripted=False)
        times = override(lab, "scripted", "up", "forced-up")
        ask("n00002.example", of_scripted=True)
        goal = probed[0] + 6  # twice `fall`
        wait("more probes fail", lambda: probed[0] >= goal)
        shown(lab, "scripted", "forced-up", "by the operator; health is down", times)
        ask("n00003.example", of_scripted=True)
        times = override(lab, "scripted", "auto", "down")
        shown(lab, "scripted", "down", r"\d+ bad probes in a row, the last: no response", times)
        ask("n00004.example", of_scripted=False)
        scripted.probes = lambda: True
        wait("its probes bring it back", lambda: lab.is_in_state("scripted", "up"))
        ask("n00005.example", of_scripted=True)


def test_unknown_names_and_actions_give_one_line(lab):
    before = {name: (u["state"], u["since"]) for name, u in lab.upstreams().items()}
    for words, status, text in (
        (("nobody", "down"), 1, "unknown upstream nobody: `ephemeractl upstreams` lists them"),
        (("nsd", "halt"), 2, 'unknown action "halt": use drain, up, down or auto'),
        (("nsd", "Down"), 2, 'unknown action "Down": use drain, up, down or auto'),
    ):
        done = lab.ctl_run("upstream", *words)
        assert (done.returncode, done.stdout) == (status, ""), done
        assert done.stderr.endswith(text + "\n") and done.stderr.count("\n") == 1, done
    assert {name: (u["state"], u["since"]) for name, u in lab.upstreams().items()} == before
