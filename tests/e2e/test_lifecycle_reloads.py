# SPDX-License-Identifier: BSD-3-Clause
"""The configuration changes 1,000 times under load, and no query is lost."""
import collections
import contextlib
import copy
import itertools
import random

from control import Control
from deadline import wait
from scripted_upstream import ScriptedUpstream, UpstreamQuery
from topology import DEFAULT, FARM, FWD, SERVERS, SERVICE, SOURCES
from observers import resident_kb

POLICIES = ("round-robin", "least-outstanding", "random", "hash", "first")
RELOADS = 1000
RELOADS_WARM = 100  # by then every buffer and cache has reached its size
QUERIES_BETWEEN = 20
# Upstreams behind a router, so many that a removed one has lost its slot, which is kept for some seconds, before it is
# added again.
ROUTED = {f"new{i:02}": f"203.0.113.{i}" for i in range(100)}


class Walk:
    """A configuration that changes in random steps. In each pool one upstream that was in use stays, and each family
    keeps source addresses, so that any lost query is a fault of Ephemera."""

    def __init__(self, seed):
        self.random = random.Random(seed)
        self.steps = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("step_")]
        self.addresses = {**SERVERS, **ROUTED}
        self.servers = dict.fromkeys(SERVERS, 1)  # name to weight
        self.new = itertools.cycle(ROUTED)
        self.pools = {}  # name to policy and servers
        self.policy = "round-robin"
        self.ports, self.exclude = "49152-65535", []
        self.sources = SOURCES[4] + SOURCES[6]
        self.routes = {}  # type to pool
        self.service_pool = {4: "default", 6: "default"}
        self.limit = 50000

    def step_upstreams(self, in_use):
        """Removes and adds upstreams; the first upstream in use of each pool stays."""
        needed = {next((s for s in members if s in in_use), members[0]) for _, members in self.pools.values()}
        needed.add(self.random.choice([s for s in self.servers if s in in_use and s in SERVERS]))
        kept = {s: w for s, w in self.servers.items() if s in needed or self.random.random() < 0.6}
        come = {s: self.random.randint(1, 9) for s in SERVERS if s not in self.servers and self.random.random() < 0.7}
        self.servers = {**kept, **come}
        self.pools = {name: (policy, [s for s in of if s in kept]) for name, (policy, of) in self.pools.items()}

    def step_weights(self, in_use):
        self.servers[self.random.choice(list(self.servers))] = self.random.randint(1, 10000)

    def step_pools(self, in_use):
        """Removes or adds a pool; routes and service addresses use other pools."""
        name = self.random.choice(("p1", "p2", "p3"))
        if self.pools.pop(name, None) is None:
            anchor = self.random.choice([s for s in self.servers if s in in_use and s in SERVERS])
            others = [s for s in self.servers if s != anchor and s in SERVERS and self.random.random() < 0.5]
            self.pools[name] = (self.random.choice(POLICIES), self.random.sample([anchor, *others], 1 + len(others)))
        names = ["default", *self.pools]
        self.routes = {t: self.random.choice(names) for t in ("A", "AAAA") if self.random.random() < 0.5}
        self.service_pool = {version: self.random.choice(names) for version in (4, 6)}

    def step_new_pool(self, in_use):
        """Adds a new upstream with its own pool, which gets queries at once."""
        name = next(self.new)
        self.servers = {s: w for s, w in self.servers.items() if s in SERVERS} | {name: 1}
        self.pools["own"] = (self.random.choice(POLICIES), [name])
        self.routes["A"] = "own"

    def step_policy(self, in_use):
        self.policy = self.random.choice(POLICIES)
        self.pools = {name: (self.random.choice(POLICIES), servers) for name, (_, servers) in self.pools.items()}

    def step_ports(self, in_use):
        first = self.random.randrange(1024, 60000)
        self.ports = self.random.choice(("49152-65535", f"{first}-{self.random.randrange(first + 4096, 65536)}"))
        low, high = map(int, self.ports.split("-"))
        self.exclude = sorted(self.random.sample(range(low, high + 1), self.random.randrange(3)))

    def step_sources(self, in_use):
        kept = {a for v in (4, 6) for a in self.random.sample(SOURCES[v], self.random.randint(1, 8))}
        self.sources = [a for a in SOURCES[4] + SOURCES[6] if a in kept]

    def step_limit(self, in_use):
        self.limit += self.random.choice((-1, 1))

    def known(self, pool):
        return pool if pool in self.pools else "default"

    def next(self, in_use):
        """Makes one or a few changes. Returns a configuration that differs from the previous one."""
        before, config = self.config(), None
        while config in (None, before):
            for step in self.random.sample(self.steps, self.random.choice((1, 1, 2, 3))):
                step(in_use)
            config = self.config()
        return config

    def config(self):
        config = copy.deepcopy(DEFAULT)
        config["source"] = {"ports": self.ports, "addresses": self.sources}
        if self.exclude:
            config["source"]["exclude"] = [str(port) for port in self.exclude]
        config["upstreams"]["policy"] = self.policy
        config["upstreams"]["servers"] = [
            {"name": name, "address": self.addresses[name], "weight": weight}
            for name, weight in sorted(self.servers.items())
        ]
        if self.pools:
            config["pools"] = [{"name": n, "policy": p, "servers": of} for n, (p, of) in sorted(self.pools.items())]
        if self.routes:
            config["routes"] = [{"pool": self.known(p), "types": [rtype]} for rtype, p in sorted(self.routes.items())]
        config["service"]["addresses"] = [
            {"address": SERVICE[version], "pool": self.known(pool)} for version, pool in self.service_pool.items()
        ]
        config["rate_limit"] = {"queries_per_second": self.limit}
        return config


@contextlib.contextmanager
def router(lab):
    """Runs the upstreams of ROUTED, routed via the farm's first address."""
    for address in ROUTED.values():
        lab.run(FARM, "ip", "addr", "add", address, "dev", "lo")
    lab.run(FWD, "ip", "route", "add", "203.0.113.0/24", "via", SERVERS["nsd"])
    try:
        with ScriptedUpstream(*ROUTED.values(), behave=UpstreamQuery.response):
            yield
    finally:
        lab.run(FWD, "ip", "route", "del", "203.0.113.0/24")
        lab.run(FARM, "ip", "addr", "flush", "dev", "lo", "to", "203.0.113.0/24")


def kinds(changes):
    """The kinds of changes of a reload, from the sentences of its response."""
    return {" ".join(c.split()[:1] + [w for w in ("added", "removed", "weight", "policy") if w in c]) for c in changes}


# How often each kind must have happened at least.
WANTED = {
    "upstream added": 100, "upstream removed": 100, "upstream weight": 100, "pool added": 100, "pool removed": 100,
    "pool policy": 100, "route added": 50, "route removed": 50, "service": 100, "source": 200, "source added": 100,
    "source removed": 100,
}  # fmt: skip


def test_1000_reloads_under_load(lab):
    """Each reload is in force before its response, and queries are forwarded before the next one. All queries are
    answered at the first attempt, and the memory of the daemons does not grow."""
    walk, resident, seen = Walk(seed=4), [], collections.Counter()
    try:
        with router(lab), Control() as control, lab.load("--rate", 1500, "--timeout", 3) as load:
            growth, generation = lab.growth(), control.ask("status")["generation"]
            for turn in range(1, RELOADS + 1):
                lab.config = walk.next({u["name"] for u in control.ask("upstreams")["upstreams"] if u["state"] == "up"})
                lab.write_config()
                queries = control.ask("stats")["queries"]
                response, adopted = control.ask("reload"), control.ask("status")["dataplane"]["generation"]
                assert adopted >= response["generation"] > generation, f"{response} after {generation}, adopted: {adopted}"
                assert response["changes"]
                generation = response["generation"]
                seen.update(kinds(response["changes"]))
                wait("queries go on", lambda: control.ask("stats")["queries"] >= queries + QUERIES_BETWEEN)
                if turn in (RELOADS_WARM, RELOADS):
                    resident.append([resident_kb(daemon) for daemon in (lab.dataplane, lab.ephemerad)])
            result = load.finish()
        assert result["answered"] == result["sent"] >= RELOADS * QUERIES_BETWEEN, result
        assert (result["lost"], result["refused"], result["errors"]) == (0, 0, 0), result
        growth.expect({}, {"timeouts": 0, "own_servfail": 0})
        assert [kind for kind, least in WANTED.items() if seen[kind] < least] == [], seen
        for warm, end, daemon in zip(*resident, ("dataplane", "ephemerad")):
            assert end < warm + 1024, f"{daemon} grew from {warm} to {end} KiB in {RELOADS - RELOADS_WARM} reloads"
    finally:
        lab.back_to_default()
