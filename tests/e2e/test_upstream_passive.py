# SPDX-License-Identifier: BSD-3-Clause
"""Upstreams that answer probes correctly and clients' queries badly (upstreams.passive)."""
import re

import pytest
import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import DEFAULT, SCRIPTED, SERVERS

PASSIVE = {"responses": 100, "timeout_percent": 50, "servfail_percent": 50}
# A `rise` so high that an upstream stays out for three seconds at least.
PROBE = {**DEFAULT["upstreams"]["probe"], "rise": 12}
SERVFAIL = "answered SERVFAIL"


class Bad:
    """Answers clients' queries badly, until it is healed. `kind` is the wording of the reason."""

    def __init__(self, kind):
        self.kind, self.count, self.healed = kind, 0, False

    def __call__(self, asked):
        if self.healed:
            asked.response()
            return
        self.count += 1
        if self.kind == SERVFAIL:
            asked.send(wire.message(asked.id, asked.question, 0x8182))


def queries(lab):
    return {name: u["queries"] for name, u in lab.upstreams().items()}


def verdict(reason, kind):
    """Is the reason that of the passive check, with numbers that fit it?"""
    found = re.fullmatch(rf"(\d+) of its last (\d+) queries were {kind}", reason)
    return found and int(found[2]) >= 100 and int(found[1]) * 2 > int(found[2]) >= int(found[1])


@pytest.mark.parametrize("kind", [SERVFAIL, "not answered"])
def test_taken_out_by_failed_client_queries(lab, kind):
    servers, bad = {"scripted": SCRIPTED[4], "nsd": SERVERS["nsd"], "knot": SERVERS["knot"]}, Bad(kind)
    with ScriptedUpstream(SCRIPTED[4], behave=bad), lab.configured(
        servers, passive=PASSIVE, probe=PROBE, timeout_ms=500
    ):
        with lab.load("--rate", 1500, "--timeout", 3) as load:
            wait("it is taken out", lambda: lab.is_in_state("scripted", "down"))
            wait("its last query has ended", lambda: lab.upstreams()["scripted"]["in_flight"] == 0)
            before, reason = queries(lab), lab.upstreams()["scripted"]["reason"]
            assert verdict(reason, kind), reason
            wait("1500 queries more", lambda: sum(queries(lab).values()) >= sum(before.values()) + 1500)
            assert lab.is_in_state("scripted", "down")
            assert queries(lab)["scripted"] == before["scripted"], "it was sent queries after it was taken out"
            bad.healed = True
            wait("probes bring it back", lambda: lab.is_in_state("scripted", "up"))
            wait("it is sent queries again", lambda: queries(lab)["scripted"] >= before["scripted"] + 300)
            assert lab.is_in_state("scripted", "up")
            assert lab.upstreams()["scripted"]["reason"] == "12 good probes in a row"
            result = load.finish()
    failed = {"refused": bad.count, "lost": 0} if kind == SERVFAIL else {"refused": 0, "lost": bad.count}
    assert {name: result[name] for name in failed} == failed and bad.count > 50, result


def test_only_probes_count_without_passive_checks(lab):
    servers, bad = {"scripted": SCRIPTED[4], "nsd": SERVERS["nsd"]}, Bad(SERVFAIL)
    with ScriptedUpstream(SCRIPTED[4], behave=bad), lab.configured(servers), lab.load(
        "--rate", 1500, "--timeout", 3
    ) as load:
        wait("1500 clients got SERVFAIL", lambda: bad.count >= 1500)
        assert lab.is_in_state("scripted", "up")
        result = load.finish()
    assert (result["refused"], result["lost"]) == (bad.count, 0), result


def test_healthy_min_keeps_bad_upstreams_in(lab):
    """60 % of three upstreams are two: one is taken out, and two are kept, even when their probes fail."""
    addresses = {f"scripted{i}": f"198.51.100.11{i}" for i in (1, 2, 3)}
    bad = Bad(SERVFAIL)
    bad.healed = True  # until the load flows
    with ScriptedUpstream(*addresses.values(), behave=bad) as scripted:
        with lab.configured(addresses, passive=PASSIVE, probe=PROBE, healthy_min_percent=60):
            with lab.load("--rate", 1500, "--timeout", 3) as load:

                def kept():
                    now = lab.upstreams()
                    mark = "kept: healthy_min_percent of pool default; "
                    words = {n: u["reason"].partition(mark)[1:] for n, u in now.items()}
                    stay = [n for n, (is_kept, _) in words.items() if is_kept and lab.is_in_state(n, "up")]
                    out = [n for n in now if lab.is_in_state(n, "down")]
                    return len(stay) == 2 and len(out) == 1 and {n: words[n][1] for n in stay}

                bad.healed = False
                for name, reason in wait("one is out and two are kept", kept).items():
                    assert verdict(reason, SERVFAIL), (name, reason)
                scripted.probes = lambda: False
                asked, before = queries(lab), bad.count
                wait("1500 more got SERVFAIL", lambda: bad.count >= before + 1500)
                names = wait("still two are kept", kept)
                grown = {name: count - asked[name] for name, count in queries(lab).items()}
                assert all((grown[name] > 500) == (name in names) for name in grown), grown
                bad.healed, scripted.probes = True, lambda: True
                lab.ready()
                assert not any("kept" in u["reason"] for u in lab.upstreams().values())
                result = load.finish()
            assert (result["refused"], result["lost"]) == (bad.count, 0), result
