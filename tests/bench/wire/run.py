#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The wire benchmark: packets through shared memory between two processes on two cores.

    run.py [--build DIR] [--rounds N] [--json FILE [--append]] [--transports NAME,NAME] [--smoke]

ephemera-load on the first core is clients and farm. On the second core dpdk-testpmd (5tswap, the upper bound) and
ephemera-dataplane take turns, each over vhost-user/virtio-user and over memif, for several rounds. Each turn is a search
for the highest rate without loss, and a measurement of latency at 50 % and 90 % of it. Both forward the same frames: two
packets in and two out per query. The distance of the two cores is measured before and after each turn; a round is
repeated if it changed, and only rounds with the same distance are compared. Progress goes to stderr, the table to
stdout."""
import argparse
import json
import pathlib
import statistics
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import benchlib  # noqa: E402
import report  # noqa: E402
from bed import FORWARDER_CORE, FULL, LOAD_CORE, SMALL, Ephemera, Testpmd, turn  # noqa: E402
from benchlib import Failed, progress  # noqa: E402
from transports import TRANSPORTS  # noqa: E402

DEFAULT_TRANSPORTS = "vhost,vhost-back,memif"
TRIES = 3  # of a round, until the cores have the same distance in both turns
SEARCH = ["--search", "--duration", "0.3", "--warm-up", "0.1", "--timeout", "100", "--search-precision", "2"]
SEARCH_S = 120
SMOKE = ["--rate", "10k", "--duration", "0.5", "--warm-up", "0.1"]
SMOKE_S, SMOKE_SHARE = 60, 0.5
SHARED_SHARE = 0.001  # of the queries: at most this share may be coalesced


def turn_figures(found):
    search = found["search"]
    if search["rate"] == 0:
        raise Failed(f"no rate without loss: {json.dumps(search['steps'])}")
    forwarded = found.get("forwarder", {}).get("counters")
    if forwarded and forwarded["coalesced"] > SHARED_SHARE * forwarded["queries"]:
        raise Failed(f"too many queries were coalesced, so fewer were forwarded than counted: {json.dumps(forwarded)}")
    return {
        "queries_per_second": search["rate"],
        "packets_per_second": search["rate"] * report.PACKETS_A_QUERY,
        "limited_by_load": search["limited_by_load"],
        "latency_us": {f"{row['share']:.0%}": row["latency_us"] for row in search["at"]},
        "steps": search["steps"],
        **({"forwarder": found["forwarder"]} if "forwarder" in found else {}),
    }


def round_once(build, name, label):
    def trip():
        return benchlib.round_trip_ns(build, (LOAD_CORE, FORWARDER_CORE))

    round_ = {"transport": name, "round_trip_ns": [trip()]}
    for kind in (Testpmd, Ephemera):
        progress(f"{label}, {kind.name}", is_passing=True)
        with benchlib.directory() as directory:
            found = turn(build, directory, TRANSPORTS[name](directory), kind, [*SEARCH, "--quiet"], SEARCH_S)
        round_[kind.name] = figures = turn_figures(found)
        round_["round_trip_ns"].append(trip())
        progress(f"{label}, {kind.name}: {figures['queries_per_second']:,.0f} queries/s")
    round_["cores"] = benchlib.distance(round_["round_trip_ns"])
    return round_


def run_rounds(build, names, count, result):
    for number in range(1, count + 1):
        for name in names:
            for _ in range(TRIES):
                round_ = round_once(build, name, f"round {number} of {count}, {name}")
                if round_["cores"] != "changing":
                    break
                progress(f"the cores moved ({', '.join(f'{ns:.0f}' for ns in round_['round_trip_ns'])} ns)")
            result.add(round_)


def smoke(build, names):
    """Low rates over every transport: every response is right, and the forwarder's counters agree."""
    seen = {}
    for name in names:
        for kind in (Testpmd, Ephemera):
            with benchlib.directory() as directory:
                found = turn(build, directory, TRANSPORTS[name](directory), kind, [*SMOKE, "--quiet"], SMOKE_S, SMALL)
            result = found["result"]
            counters = result["counters"]
            progress(f"{name}, {kind.name}: {counters['answered']} of {counters['sent']} answered")
            text = f"{name}, {kind.name}: {json.dumps(found)}"
            if result["wrong"] or counters["answered"] < SMOKE_SHARE * counters["sent"] or counters["answered"] == 0:
                raise Failed(f"lost or wrong responses: {text}")
            if kind is Ephemera:
                forwarded = found["forwarder"]["counters"]
                # The measured queries are a part of those sent.
                if not forwarded["queries"] >= forwarded["responses"] >= counters["answered"]:
                    raise Failed(f"the forwarder's counters do not agree: {text}")
                if forwarded["rx"] < forwarded["queries"] + forwarded["responses"]:
                    raise Failed(f"the forwarder received less than it forwarded: {text}")
            seen[f"{name}, {kind.name}"] = {"sent": counters["sent"], "answered": counters["answered"]}
    return seen


def run(build, names, options):
    if options.smoke:
        result = benchlib.Result("wire", options)
        result.write(responses=smoke(build, names))
        print("wire: everything was forwarded over each transport, and no response was wrong")
        return
    result = benchlib.Result("wire", options)
    run_rounds(build, names, options.rounds, result)
    best = report.best(result.rounds)
    result.write(
        targets=report.targets(result.rounds), best_transport=best[0]["transport"], cores=best[0]["cores"],
        queries_per_second=statistics.median(r["ephemera"]["queries_per_second"] for r in best),
    )  # fmt: skip
    report.table(result.rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    benchlib.add_arguments(parser)
    parser.add_argument("--transports", default=DEFAULT_TRANSPORTS, metavar="NAMES",
                        help=f"of {', '.join(TRANSPORTS)}, with commas between ({DEFAULT_TRANSPORTS})")  # fmt: skip
    options = parser.parse_args()
    names = options.transports.split(",")
    for name in names:
        if name not in TRANSPORTS:
            parser.error(f"no transport {name}: {', '.join(TRANSPORTS)}")
    needed_mb = (SMALL if options.smoke else FULL).hugepages_mb
    if benchlib.free_hugepages_mb() < needed_mb:
        parser.error(f"needs {needed_mb} MiB of free hugepages: run `sysctl vm.nr_hugepages={needed_mb}`")
    try:
        run(options.build.resolve(), names, options)
    except Failed as error:
        sys.exit(f"wire: {error}")


if __name__ == "__main__":
    main()
