# SPDX-License-Identifier: BSD-3-Clause
"""The dataplane uses the configured pools and routes; `config diff` shows in advance what a reload changes."""
import copy
import statistics
import time

import pytest

import wire
from deadline import wait
from topology import DEFAULT, DIR, SERVICE

LIST = DIR / "domains.txt"
POOLS = [
    {"name": "default", "policy": "first", "servers": ["knot", "nsd", "unbound"]},
    {"name": "names", "policy": "first", "servers": ["nsd", "knot"]},
    {"name": "types", "policy": "first", "servers": ["unbound", "nsd"]},
    {"name": "six", "policy": "hash", "servers": ["nsd-v6"]},
]


@pytest.fixture
def pooled(lab):
    """The lab with pools whose first server gets all queries, and routes to them."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["pools"] = copy.deepcopy(POOLS)
    lab.config["service"]["addresses"] = [{"address": SERVICE[4]}, {"address": SERVICE[6], "pool": "six"}]
    lab.config["routes"] = [
        {"pool": "names", "domains": ["N00001.Example", "below.example"], "domains_file": LIST.name},
        {"pool": "types", "types": ["AAAA"]},
    ]
    LIST.write_text("# more\nn00002.example\n")
    try:
        lab.reload()
        lab.ready()
        yield lab
    finally:
        lab.back_to_default()
        LIST.unlink()


def asked(lab, name, rtype=wire.A, version=4):
    """The upstream that one query was sent to."""
    before = {name: u["queries"] for name, u in lab.upstreams().items()}
    lab.ask(wire.name_wire(name), rtype, version)

    def one_more():
        grown = [n for n, u in lab.upstreams().items() if u["queries"] > before[n]]
        return grown if len(grown) == 1 else None

    return wait(f"the query for {name} is counted", one_more)[0]


def test_pools_by_domain_type_and_client_address(pooled):
    for name, rtype, version, server in (
        ("n00001.example", wire.A, 4, "nsd"),
        ("n00001.example", wire.AAAA, 4, "nsd"),  # the domain has precedence over the type
        ("N00002.exAMPLE", wire.A, 4, "nsd"),
        ("n00003.example", wire.A, 4, "knot"),
        ("n00003.example", wire.AAAA, 4, "unbound"),
        ("n00003.example", wire.A, 6, "nsd-v6"),
        ("n00003.example", wire.AAAA, 6, "unbound"),  # the type has precedence over the client address
    ):
        assert asked(pooled, name, rtype, version) == server, (name, rtype, version)


def test_diff_shows_what_a_reload_changes(pooled):
    done = pooled.ctl_run("config", "diff")
    assert (done.returncode, done.stdout) == (0, "no difference\n"), done
    pooled.config["routes"][1] = {"pool": "types", "domains": ["n00001.example"]}
    pooled.config["routes"][0]["domains"] = ["below.example"]
    pooled.config["pools"][0]["policy"] = "random"
    pooled.write_config()
    expected = [
        "pool default: policy from first to random",
        "route of domain n00001.example.: from pool names to pool types",
        "route of type AAAA to pool types removed",
    ]
    done = pooled.ctl_run("config", "diff")
    assert (done.returncode, done.stdout.splitlines()) == (1, expected), done
    assert asked(pooled, "n00001.example") == "nsd", "`config diff` changed the configuration in force"
    assert pooled.reload()["changes"] == expected
    assert pooled.ctl_run("config", "diff").returncode == 0
    assert asked(pooled, "n00001.example") == "unbound"


def test_mistake_in_a_list_is_refused_with_its_line(pooled):
    LIST.write_text("n00002.example\n*.example\n")
    before = pooled.status()["generation"]
    for command in (("reload",), ("config", "diff")):
        done = pooled.ctl_run(*command)
        assert done.returncode == 1 and f'{LIST}:2: "*.example" is not a domain' in done.stderr, done
    assert pooled.status()["generation"] == before
    assert asked(pooled, "n00002.example") == "nsd"
    LIST.write_text("n00002.example\n")


def test_maximum_number_of_domains(pooled):
    LIST.write_text("".join(f"n{i:05}.example\n" for i in range(131070)))
    changes = pooled.reload()["changes"]
    assert changes == ["routes: 131068 domains added, 0 removed, 0 moved to another pool"], changes
    for name in ("n00001.example", "n19999.example", "n07654.example"):
        assert asked(pooled, name) == "nsd"
    # A change of health sends all of them to the dataplane again.
    taken = []
    for word, state in (("down", "forced-down"), ("auto", "up")) * 5:
        began = time.monotonic()
        pooled.ctl("upstream", "unbound", word)
        wait(f"unbound is {state} in force", lambda state=state: pooled.is_in_state("unbound", state), 2)
        taken.append(1000 * (time.monotonic() - began))
    pooled.measured.append(f"131,072 domains: a change of health was in force after {statistics.median(taken):.0f} ms")
    assert statistics.median(taken) < 500, taken
    LIST.write_text("n00002.example\n")
    pooled.reload()
    assert asked(pooled, "n19999.example") == "knot"
