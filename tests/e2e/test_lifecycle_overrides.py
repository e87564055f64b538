# SPDX-License-Identifier: BSD-3-Clause
"""L: what the operator says of one upstream, under load: traffic leaves it and comes back, and no query pays for it."""
import calendar
import re
import time

import wire
from deadline import wait
from farmer import Farmer
from topology import FARMER, SERVERS

THREE = {name: SERVERS[name] for name in ("nsd", "knot", "unbound")}
PROBED_GOOD = r"its probes have been good|\d+ good probes?( in a row)?|as it was before ephemerad started"


def queries(lab):
    return {name: u["queries"] for name, u in lab.upstreams().items()}


def tell(lab, name, word, state):
    """Says it, and waits until the dataplane goes by it. Returns the seconds between which it was said."""
    began = int(time.time())
    said = lab.ctl("upstream", name, word)
    assert said.startswith(f"{name} is {state}: "), said
    wait("it is in force", lambda: lab.is_in_state(name, state))
    return began, time.time()


def shown(lab, name, state, reason, said):
    """The JSON and the table say the same: the state, why (a pattern), and since when."""
    upstream = lab.upstreams()[name]
    assert upstream["state"] == state and re.fullmatch(reason, upstream["reason"]), upstream
    since = calendar.timegm(time.strptime(upstream["since"], "%Y-%m-%dT%H:%M:%SZ"))
    assert said[0] <= since <= said[1], f"{upstream['since']} is not between {said}"
    lines = [re.split(" {2,}", line.strip()) for line in lab.ctl("upstreams").splitlines()]
    columns, row = lines[0], next(line for line in lines if line[0] == name)
    cells = dict(zip(columns, row))
    since, _, why = cells["since, reason"].partition(", ")
    assert len(row) == len(columns) and (cells["state"], since) == (state, upstream["since"]), cells
    assert re.fullmatch(reason, why), cells


def test_drain_and_down_under_load_and_back(lab):
    with lab.configured(THREE), lab.load("--rate", 1500, "--timeout", 3) as load:
        growth = lab.growth()
        for word, state, why in (
            ("drain", "draining", "by the operator; nothing in flight"),
            ("down", "forced-down", "by the operator"),
        ):
            said = tell(lab, "knot", word, state)
            wait("its last query is answered", lambda: lab.upstreams()["knot"]["in_flight"] == 0)
            before = queries(lab)
            wait("1500 queries more", lambda: sum(queries(lab).values()) >= sum(before.values()) + 1500)
            grown = {name: count - before[name] for name, count in queries(lab).items()}
            assert grown["knot"] == 0, f"it was given queries after {word}: {grown}"
            assert abs(grown["nsd"] - grown["unbound"]) <= 10, f"the rest is not balanced: {grown}"
            shown(lab, "knot", state, why, said)
            said = tell(lab, "knot", "auto", "up")
            wait("it is given queries again", lambda: queries(lab)["knot"] >= before["knot"] + 300)
            shown(lab, "knot", "up", PROBED_GOOD, said)
        result = load.finish()
        growth.expect({}, {"timeouts": 0, "own_servfail": 0})
    assert result["answered"] == result["sent"] and (result["lost"], result["refused"]) == (0, 0), result


def test_drain_lets_queries_in_flight_end(lab):
    """All go to the first that is usable: the farmer, and from the word on nsd."""
    servers = {"farmer": FARMER[4], "nsd": SERVERS["nsd"]}
    with Farmer(FARMER[4]) as farmer, lab.configured(servers, policy="first", timeout_ms=20000), lab.client() as client:
        growth = lab.growth()
        held = {}
        for i in range(20):
            data = wire.query(f"n{i:05}.example", query_id=i)
            client.send(data)
            held[data[:2]] = data, farmer.next()
        said = tell(lab, "farmer", "drain", "draining")
        shown(lab, "farmer", "draining", "by the operator; 20 in flight", said)
        assert lab.upstreams()["farmer"]["in_flight"] == 20
        for i in range(100, 120):
            data = wire.query(f"n{i:05}.example", query_id=i)
            assert wire.is_right(data, client.ask(data))
        assert farmer.idle(), "it was given a query after drain"
        growth.expect({}, {"queries": 40, "responses": 20, "timeouts": 0})
        for _, asked in held.values():
            asked.response()
        for _ in range(20):
            response = client.receive()
            data, _ = held.pop(response[:2])
            assert wire.is_right(data, response)
        growth.expect({}, {"queries": 40, "responses": 40, "timeouts": 0})
        shown(lab, "farmer", "draining", "by the operator; nothing in flight", said)
        tell(lab, "farmer", "auto", "up")
        data = wire.query("n00200.example")
        client.send(data)
        farmer.next().response()
        assert wire.is_right(data, client.receive())


def test_up_forces_one_into_service_whose_probes_fail(lab):
    probed = [0]

    def ignored():
        probed[0] += 1
        return False

    def ask(name, of_farmer):
        data = wire.query(name)
        client.send(data)
        if of_farmer:
            farmer.next().response()
        assert wire.is_right(data, client.receive()) and farmer.idle()

    servers = {"farmer": FARMER[4], "nsd": SERVERS["nsd"]}
    with Farmer(FARMER[4]) as farmer, lab.configured(servers, policy="first"), lab.client() as client:
        farmer.probes = ignored
        wait("its probes take it out", lambda: lab.is_in_state("farmer", "down"))
        ask("n00001.example", of_farmer=False)
        said = tell(lab, "farmer", "up", "forced-up")
        ask("n00002.example", of_farmer=True)
        goal = probed[0] + 6  # twice "fall"
        wait("more probes fail", lambda: probed[0] >= goal)
        shown(lab, "farmer", "forced-up", "by the operator; health is down", said)
        ask("n00003.example", of_farmer=True)
        said = tell(lab, "farmer", "auto", "down")
        shown(lab, "farmer", "down", r"\d+ bad probes in a row, the last: no response", said)
        ask("n00004.example", of_farmer=False)
        farmer.probes = lambda: True
        wait("its probes bring it back", lambda: lab.is_in_state("farmer", "up"))
        ask("n00005.example", of_farmer=True)


def test_unknown_names_and_words_are_one_line(lab):
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
