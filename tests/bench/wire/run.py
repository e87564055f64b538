#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The wire benchmark: packets through shared memory between two processes on two cores.

    run.py [--build DIR] [--rounds N] [--json FILE] [--transports NAME,NAME] [--smoke]

ephemera-load on core 0 is clients and farm; on core 1 ephemera-dataplane and dpdk-testpmd (5tswap, the ceiling) take turns,
each over vhost-user/virtio-user and over memif, several rounds. Each turn is a search for the highest rate without loss,
and the latency at 50 % and 90 % of it. The same frames cross both: two packets in and two out for each query. Progress
goes to stderr, the table to stdout."""
import argparse
import json
import pathlib
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import benchlib  # noqa: E402
from bed import FORWARDER_CORE, FULL, LOAD_CORE, SMALL, Ephemera, Testpmd, turn  # noqa: E402
from benchlib import NEAR_NS, Failed, median_of, progress  # noqa: E402
from transports import TRANSPORTS  # noqa: E402

DEFAULT_TRANSPORTS = "vhost,memif"
PACKETS_A_QUERY = 4  # two in and two out
SHARE_OF_TESTPMD, QUERIES_PER_SECOND = 0.5, 4e6
SEARCH = ["--search", "--duration", "0.3", "--warm-up", "0.1", "--timeout", "100", "--search-precision", "2"]
SEARCH_S = 120
SMOKE = ["--rate", "10k", "--duration", "0.5", "--warm-up", "0.1"]
SMOKE_S, SMOKE_SHARE = 60, 0.5


def turn_figures(found):
    search = found["search"]
    if search["rate"] == 0:
        raise Failed(f"no rate without loss: {json.dumps(search['steps'])}")
    return {
        "queries_per_second": search["rate"],
        "packets_per_second": search["rate"] * PACKETS_A_QUERY,
        "limited_by_load": search["limited_by_load"],
        "latency_us": {f"{row['share']:.0%}": row["latency_us"] for row in search["at"]},
        "steps": search["steps"],
        **({"forwarder": found["forwarder"]} if "forwarder" in found else {}),
    }


def run_rounds(build, names, count):
    rounds = []
    for number in range(1, count + 1):
        round_ = {"round_trip_ns": [benchlib.round_trip_ns(build, (LOAD_CORE, FORWARDER_CORE))]}
        for name in names:
            round_[name] = {}
            for kind in (Testpmd, Ephemera):
                label = f"round {number} of {count}, {name}, {kind.name}"
                progress(label, is_passing=True)
                with benchlib.directory() as directory:
                    found = turn(build, directory, TRANSPORTS[name](directory), kind, [*SEARCH, "--quiet"], SEARCH_S)
                round_[name][kind.name] = figures = turn_figures(found)
                progress(f"{label}: {figures['queries_per_second']:,.0f} queries/s")
        round_["round_trip_ns"].append(benchlib.round_trip_ns(build, (LOAD_CORE, FORWARDER_CORE)))
        rounds.append(round_)
    return rounds


def smoke(build, names):
    """Low rates through everything: every answer is right, and the forwarder counted what the load program saw."""
    seen = {}
    for name in names:
        for kind in (Testpmd, Ephemera):
            with benchlib.directory() as directory:
                found = turn(build, directory, TRANSPORTS[name](directory), kind, [*SMOKE, "--quiet"], SMOKE_S,
                             SMALL)  # fmt: skip
            result = found["result"]
            counters = result["counters"]
            progress(f"{name}, {kind.name}: {counters['answered']} of {counters['sent']} answered")
            text = f"{name}, {kind.name}: {json.dumps(found)}"
            if result["wrong"] or counters["answered"] < SMOKE_SHARE * counters["sent"] or counters["answered"] == 0:
                raise Failed(f"lost or wrong answers: {text}")
            if kind is Ephemera:
                forwarded = found["forwarder"]["counters"]
                # What the load program measured is a part of all that it sent.
                if not forwarded["queries"] >= forwarded["answers"] >= counters["answered"]:
                    raise Failed(f"the forwarder's counters do not agree: {text}")
                if forwarded["rx"] < forwarded["queries"] + forwarded["answers"]:
                    raise Failed(f"the forwarder received less than it forwarded: {text}")
            seen[f"{name}, {kind.name}"] = {"sent": counters["sent"], "answered": counters["answered"]}
    return seen


def ratios(rounds, name):
    return [r[name]["ephemera"]["packets_per_second"] / r[name]["testpmd"]["packets_per_second"] for r in rounds]


def is_near(rounds):
    return statistics.median(ns for r in rounds for ns in r["round_trip_ns"]) < NEAR_NS


def best_transport(rounds, names):
    return max(names, key=lambda name: median_of(rounds, name, "ephemera", "queries_per_second"))


def targets(rounds, names):
    rows = []
    for name in names:
        values = ratios(rounds, name)
        value = statistics.median(values)
        rows.append({
            "what": f"wire, {name}: packets/s against testpmd 5tswap", "value": value, "lowest": min(values),
            "highest": max(values), "bound": "at least", "target": SHARE_OF_TESTPMD, "met": value >= SHARE_OF_TESTPMD,
        })  # fmt: skip
    if is_near(rounds):
        best = best_transport(rounds, names)
        rates = [r[best]["ephemera"]["queries_per_second"] for r in rounds]
        value = statistics.median(rates)
        rows.append({
            "what": f"wire, {best}: forwarded queries/s, cores near", "value": value, "lowest": min(rates),
            "highest": max(rates), "bound": "at least", "target": QUERIES_PER_SECOND,
            "met": value >= QUERIES_PER_SECOND,
        })  # fmt: skip
    return rows


def latency_text(rounds, name, kind, share):
    return " / ".join(f"{median_of(rounds, name, kind, 'latency_us', share, q):.0f}" for q in ("p50", "p99", "p999"))


def table(rounds, names):
    trips = [ns for r in rounds for ns in r["round_trip_ns"]]
    print(f"\nhighest rate without loss, one core; medians of {len(rounds)} rounds, in brackets the extremes")
    print(f"a cache line's round trip between the two cores: {statistics.median(trips):.0f} ns "
          f"({min(trips):.0f}-{max(trips):.0f}), {'near' if is_near(rounds) else 'far'}")  # fmt: skip
    print(f"{'':<20} {'queries/s':>10} {'':<23} {'packets/s':>11}  latency p50 / p99 / p99.9, us")
    print(f"{'':<20} {'':>10} {'':<23} {'in and out':>11}  {'at 50 %':<22}  at 90 %")
    for name in names:
        for kind in ("testpmd", "ephemera"):
            rates = [r[name][kind]["queries_per_second"] for r in rounds]
            by_load = sum(r[name][kind]["limited_by_load"] for r in rounds)
            print(
                f"{name + ', ' + kind:<20} {statistics.median(rates):>10,.0f} {f'({min(rates):,.0f}-{max(rates):,.0f})':<23} "
                f"{statistics.median(rates) * PACKETS_A_QUERY:>11,.0f}  {latency_text(rounds, name, kind, '50%'):<22}  "
                f"{latency_text(rounds, name, kind, '90%')}"
                + (f"  (the load program was the limit in {by_load} rounds)" if by_load else "")
            )
    for row in targets(rounds, names):
        verdict = "met" if row["met"] else "MISSED"
        print(f"{row['what']:<52} {row['value']:,.2f} ({row['lowest']:,.2f}-{row['highest']:,.2f}), "
              f"at least {row['target']:,g}: {verdict}")  # fmt: skip
    if not is_near(rounds):
        print("the cores were far from each other: the target for queries/s is for near ones")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=benchlib.ROOT / "build", help="build directory (build)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="writes the result there, too")
    parser.add_argument("--transports", default=DEFAULT_TRANSPORTS, metavar="NAMES",
                        help=f"of {', '.join(TRANSPORTS)}, with commas between ({DEFAULT_TRANSPORTS})")  # fmt: skip
    parser.add_argument("--smoke", action="store_true", help="a few packets through each: only whether all works")
    options = parser.parse_args()
    names = options.transports.split(",")
    for name in names:
        if name not in TRANSPORTS:
            parser.error(f"no transport {name}: {', '.join(TRANSPORTS)}")
    build = options.build.resolve()
    needed_mb = (SMALL if options.smoke else FULL).hugepages_mb
    if benchlib.free_hugepages_mb() < needed_mb:
        parser.error(f"needs {needed_mb} MiB of free hugepages: `sysctl vm.nr_hugepages={needed_mb}` gets them")
    began = time.monotonic()
    result = {"benchmark": "wire", "smoke": options.smoke}
    try:
        if options.smoke:
            result["answers"] = smoke(build, names)
            print("wire: everything was forwarded over each transport, and nothing was answered wrong")
        else:
            result["rounds"] = rounds = run_rounds(build, names, options.rounds)
            best = best_transport(rounds, names)
            result.update(
                targets=targets(rounds, names), near=is_near(rounds), best_transport=best,
                queries_per_second=median_of(rounds, best, "ephemera", "queries_per_second"),
            )  # fmt: skip
            table(rounds, names)
    except Failed as error:
        sys.exit(f"wire: {error}")
    result["seconds"] = round(time.monotonic() - began)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
