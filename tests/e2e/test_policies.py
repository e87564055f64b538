# SPDX-License-Identifier: BSD-3-Clause
"""The policies of pools: which upstream a query is sent to, as captured on the link to the farm, seen by the farm, and
counted by `ephemeractl upstreams`."""
import contextlib
import itertools
import random

import pytest

import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from upstream_shares import UpstreamShares, ask_all
from topology import SERVERS
from uniform import chi_square_p, rejected

WEIGHTS = {"nsd": 1, "knot": 2, "unbound": 5}
SCRIPTED_THREE = {name: f"198.51.100.11{i}" for i, name in enumerate(("one", "two", "five"), 1)}


def names_of(count, first=0):
    return [f"n{first + i:05}.example" for i in range(count)]


def weighted(servers, weights):
    return {name: {"address": servers[name], "weight": weight} for name, weight in weights.items()}


def shares_p(seen, shares):
    """The p value of counts that should follow these shares, which need not add up to 1."""
    total, parts = sum(seen.values()), sum(shares.values())
    assert set(seen) <= set(shares), seen
    expected = {name: total * share / parts for name, share in shares.items()}
    chi = sum((seen.get(name, 0) - e) ** 2 / e for name, e in expected.items())
    return chi_square_p(chi, len(shares) - 1)


@pytest.fixture
def scripted():
    with ScriptedUpstream(*SCRIPTED_THREE.values()) as scripted:
        yield scripted


def name_at(address):
    return next(name for name, at in SCRIPTED_THREE.items() if at == address)


@contextlib.contextmanager
def overridden(lab, name, action, state):
    """Sets an override of an upstream, and removes it at the end."""
    lab.ctl("upstream", name, action)
    try:
        wait(f"{name} is {state}", lambda: lab.is_in_state(name, state))
        yield
    finally:
        lab.ctl("upstream", name, "auto")
    wait(f"{name} is back", lambda: lab.is_in_state(name, "up"), 10)


# --- random, round-robin, first ---


def test_random_follows_the_weights_without_order(lab):
    with lab.configured(weighted(SERVERS, WEIGHTS), policy="random"), lab.client() as client, UpstreamShares(
        lab
    ) as shares:
        ask_all(client, names_of(2400))
        seen = shares.of(2400)
        pairs = {pair: 0 for pair in itertools.product(WEIGHTS, WEIGHTS)}
        for pair in zip(shares.order[::2], shares.order[1::2]):
            pairs[pair] += 1
    assert not rejected(shares_p(seen, WEIGHTS)), seen
    assert not rejected(shares_p(pairs, {(a, b): WEIGHTS[a] * WEIGHTS[b] for a, b in pairs})), pairs


def test_round_robin_is_exact_whatever_the_weights(lab):
    with lab.configured(weighted(SERVERS, WEIGHTS), policy="round-robin"), lab.client() as client:
        with UpstreamShares(lab) as shares:
            ask_all(client, names_of(600))
            assert shares.of(600) == {"nsd": 200, "knot": 200, "unbound": 200}
            assert shares.order[3:] == shares.order[:-3], "not in turn"
        with overridden(lab, "knot", "drain", "draining"), UpstreamShares(lab) as shares:
            ask_all(client, names_of(600))
            assert shares.of(600) == {"nsd": 300, "unbound": 300}
            assert shares.order[2:] == shares.order[:-2], "not in turn"


def test_first_is_asked_while_it_is_up(lab, scripted):
    pool = {"one": SCRIPTED_THREE["one"], "nsd": SERVERS["nsd"], "knot": SERVERS["knot"]}
    scripted.behave = lambda asked: asked.response()

    def asked(count):
        with UpstreamShares(lab) as shares:
            ask_all(client, names_of(count))
            return shares.of(count)

    with lab.configured(pool, policy="first"), lab.client() as client:
        assert asked(100) == {"one": 100}
        scripted.probes = lambda: False
        wait("the first is taken out", lambda: lab.is_in_state("one", "down"), 10)
        assert asked(100) == {"nsd": 100}
        with overridden(lab, "nsd", "down", "forced-down"):
            assert asked(100) == {"knot": 100}
        assert asked(100) == {"nsd": 100}
        scripted.probes = lambda: True
        wait("the first is back", lambda: lab.is_in_state("one", "up"), 10)
        assert asked(100) == {"one": 100}


# --- least outstanding ---


def test_least_outstanding_keeps_what_is_in_flight_by_weight(lab, scripted):
    """While no upstream responds, each has its weight's share of the queries in flight at all times. A draw by weight
    alone would deviate far sooner or later; this one deviates by more than 12 once in a million runs."""
    weights = dict(zip(SCRIPTED_THREE, WEIGHTS.values()))
    servers = weighted(SCRIPTED_THREE, weights)
    with lab.configured(servers, policy="least-outstanding", timeout_ms=30000), lab.client() as client:
        with UpstreamShares(lab) as shares:
            for number, name in enumerate(names_of(3000)):
                client.send(wire.query(name, query_id=number))
                if number % 100 == 99:
                    shares.wait_for(number + 1)  # no more at a time than a receive ring holds
            seen = shares.of(3000)
            assert {name: u["in_flight"] for name, u in lab.upstreams().items()} == seen
            given = dict.fromkeys(weights, 0)
            for n, name in enumerate(shares.order, 1):
                given[name] += 1
                off = {name: given[name] - n * weight / 8 for name, weight in weights.items()}
                assert max(map(abs, off.values())) <= 12, f"after {n} queries: {off}"
        farm = dict.fromkeys(weights, 0)
        for _ in range(3000):
            asked = scripted.next()
            farm[name_at(asked.address)] += 1
            asked.response()
        assert farm == seen
        assert len({client.receive()[:2] for _ in range(3000)}) == 3000


def test_least_outstanding_gives_a_slow_upstream_fewer(lab, scripted):
    """One query at a time: "one" has queries in flight and the others have none, so it gets a query only if both
    draws select it."""
    with lab.configured(SCRIPTED_THREE, policy="least-outstanding", timeout_ms=30000), lab.client() as client:
        held, seen = [], dict.fromkeys(SCRIPTED_THREE, 0)
        for number, name in enumerate(names_of(900)):
            data = wire.query(name, query_id=number)
            client.send(data)
            asked = scripted.next()
            if held:
                seen[name_at(asked.address)] += 1
            if name_at(asked.address) == "one":
                held.append(asked)
                continue
            asked.response()
            assert wire.is_right(data, client.receive())
        assert lab.upstreams()["one"]["in_flight"] == len(held)
        for asked in held:
            asked.response()
            client.receive()
    assert not rejected(shares_p(seen, {"one": 1, "two": 4, "five": 4})), seen


# --- hash ---

HASHED = names_of(400)


def hashed(lab, client, names, rtype=wire.A):
    """The server that each name was sent to."""
    with UpstreamShares(lab) as shares:
        ask_all(client, names, rtype)
        shares.of(len(names))
        return shares.servers


def hash_pool(order=tuple(WEIGHTS)):
    return weighted(SERVERS, {name: WEIGHTS[name] for name in order})


def test_hash_keeps_a_name_at_its_server(lab):
    how = {"policy": "hash", "hash_key": "a fleet", "load_percent": 0}
    with lab.configured(hash_pool(), **how), lab.client() as client:
        home = hashed(lab, client, HASHED)
        seen = {server: list(home.values()).count(server) for server in WEIGHTS}
        assert not rejected(shares_p(seen, WEIGHTS)), seen
        mixed = ["".join(random.choice((c.lower(), c.upper())) for c in name) for name in HASHED]
        assert hashed(lab, client, mixed) == home, "the letter case changes the choice"
        assert hashed(lab, client, HASHED, wire.AAAA) == home, "the type changes the choice"
        # As on another machine: restarted daemons, the servers in another order and in other slots.
        lab.config["upstreams"]["servers"].reverse()
        lab.restart()
        assert hashed(lab, client, HASHED) == home, "another machine makes another choice"
        lab.config["upstreams"]["hash_key"] = "another fleet"
        lab.reload()
        other = hashed(lab, client, HASHED)
        assert (
            sum(home[name] != other[name] for name in HASHED) > len(HASHED) / 4
        ), "the hash key does not change the choice"


def test_hash_moves_only_the_names_of_a_server_that_is_down(lab):
    equal = {name: SERVERS[name] for name in WEIGHTS}
    with lab.configured(equal, policy="hash", load_percent=0), lab.client() as client:
        home = hashed(lab, client, HASHED)
        with overridden(lab, "knot", "down", "forced-down"):
            without = hashed(lab, client, HASHED)
        moved = [name for name in HASHED if home[name] == "knot"]
        assert len(moved) > len(HASHED) / 5
        assert [name for name in HASHED if home[name] != without[name]] == moved
        to = {server: sum(without[name] == server for name in moved) for server in ("nsd", "unbound")}
        assert min(to.values()) > len(moved) / 4, f"one server got nearly all names that moved: {to}"
        assert hashed(lab, client, HASHED) == home, "not all names moved back"


@contextlib.contextmanager
def holding(lab, scripted, **how):
    """A pool of three upstreams that do not respond; yields a function that sends a query for the hot name and returns
    the upstream that got it. At the end all queries are answered."""
    held = []
    shared = {"coalesce": False}
    with lab.configured(SCRIPTED_THREE, shared, policy="hash", timeout_ms=30000, **how), lab.client() as client:

        def ask_hot():
            client.send(wire.query("n00007.example", query_id=len(held)))
            held.append(scripted.next())
            return name_at(held[-1].address)

        yield ask_hot
        for asked in held:
            asked.response()
        assert len({client.receive()[:2] for _ in held}) == len(held)


def test_hash_without_a_bound_gives_a_hot_name_to_one(lab, scripted):
    with holding(lab, scripted, load_percent=0) as ask_hot:
        assert len({ask_hot() for _ in range(60)}) == 1


@pytest.mark.parametrize("percent", (100, 125, 200))
def test_hash_with_a_bound_spreads_a_hot_name(lab, scripted, percent):
    """No server has more queries in flight than the configured percentage of the average, rounded up."""
    with holding(lab, scripted, load_percent=percent) as ask_hot:
        given = dict.fromkeys(SCRIPTED_THREE, 0)
        home = None
        for n in range(1, 61):
            server = ask_hot()
            home = home or server
            given[server] += 1
            bound = -(-n * percent // 300)
            assert max(given.values()) <= bound, f"{given} of {n}"
            assert given[home] == bound or server == home, f"not home: {given}"
        assert {name: u["in_flight"] for name, u in lab.upstreams().items()} == given
        assert given[home] == 60 * percent // 300
