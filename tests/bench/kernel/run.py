#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The kernel benchmark: forwarders over veth in network namespaces, each in turn, several rounds.

    run.py [--build DIR] [--rounds N] [--json FILE] [--smoke]

dpdk-testpmd (the ceiling), dnsdist and Ephemera take turns on core 1; ephemera-load on core 0 is clients and farm of all three.
Progress goes to stderr, the table to stdout. AF_XDP over veth is a copy mode that no one deploys: the figures compare
these programs on this machine with each other, and say nothing about a NIC."""
import argparse
import json
import pathlib
import statistics
import sys
import threading
import time

import bed
import forwarders
from offer import Offer
from processor import Meter
from search import ALLOWED_LOSS, search

FIRST_GUESS = {"testpmd": 500_000, "dnsdist": 70_000, "ephemera": 220_000}
SHARES = (0.5, 0.9)  # of the highest rate: where latency is measured
PRECISION = 0.03
STEP_S, LATENCY_S, METER_S = 1, 1, 1.5
SMOKE_RATE, SMOKE_S, SMOKE_SHARE = 2000, 0.5, 0.5
NOTE = (
    "AF_XDP over veth is a copy mode that no one deploys; a kernel call costs more on a virtual machine than on bare metal. "
    "Only ratios within one run mean something."
)
TARGETS = (
    ("kernel, packets/s against testpmd 5tswap", "packets_to_testpmd", 0.7),
    ("kernel, queries/s against dnsdist", "queries_to_dnsdist", 2.5),
    ("kernel, queries per second of processor time against dnsdist", "per_processor_second_to_dnsdist", 2.5),
)


def progress(text, passing=True):
    """A line on stderr; on a terminal a passing one makes room for the next, elsewhere it is left out."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}", end="" if passing else "\n", file=sys.stderr, flush=True)
    elif not passing:
        print(text, file=sys.stderr, flush=True)


def processor_per_query(offer, forwarder, rate):
    """Microseconds of processor time a query, taken in full flow, and what they are made of."""
    result = {}

    def run():
        result.update(offer.steady(forwarder, rate, METER_S + 0.7))

    before = offer.sent()
    thread = threading.Thread(target=run)
    thread.start()
    while thread.is_alive() and offer.sent() - before < rate * 0.2:
        time.sleep(0.02)  # between two looks at a counter
    with Meter(forwarder.pid, bed.FORWARDER_CORE) as meter:
        time.sleep(METER_S)  # the window
    is_in_flow = thread.is_alive()
    thread.join()
    if not is_in_flow or not result.get("answered"):
        raise RuntimeError(f"{forwarder.name}: the load ended before the processor's time was taken")
    per_second = meter.seconds / meter.result["wall_s"]
    return per_second / result["answered"] * 1e6, {**meter.result, "answered": result["answered"]}


def turn(offer, forwarder, guess, label):
    """One forwarder's turn in one round."""
    forwarder.start()
    try:

        def measure(rate):
            progress(f"{label}: {rate / 1000:.0f} thousand queries/s")
            return offer.steady(forwarder, rate, STEP_S)

        found = search(measure, guess, PRECISION)
        if found.rate == 0:
            raise RuntimeError(f"{forwarder.name} answered at no rate without loss: {found.steps}")
        latency = {}
        for share in SHARES:
            progress(f"{label}: latency at {share:.0%}")
            latency[f"{share:.0%}"] = offer.steady(forwarder, found.rate * share, LATENCY_S)["latency_us"]
        progress(f"{label}: processor time")
        cost, made_of = processor_per_query(offer, forwarder, found.rate)
    finally:
        forwarder.stop()
    return {
        "queries_per_second": found.rate,
        # A forwarded query is two packets in and two out; one that testpmd sends back is one and one.
        "packets_per_second": found.rate * (2 if forwarder.reflects else 4),
        "limited_by_load": found.limited_by_load,
        "processor_us_per_query": cost,
        "processor": made_of,
        "latency_us": latency,
        "steps": found.steps,
    }


def smoke(offer, forwarder, label):
    """A few queries: is there an answer to most of them, and no wrong one?"""
    forwarder.start()
    try:
        result = offer.steady(forwarder, SMOKE_RATE, SMOKE_S)
    finally:
        forwarder.stop()
    progress(f"{label}: {result['answered']:,.0f} of {result['offered']:,.0f} answered", passing=False)
    if result["wrong"] or result["answered"] < SMOKE_SHARE * result["offered"]:
        raise RuntimeError(f"{forwarder.name}: {json.dumps(result)}")
    return {"offered": result["offered"], "answered": result["answered"], "loss": result["loss"]}


def ratios(round_):
    testpmd, dnsdist, ephemera = round_["testpmd"], round_["dnsdist"], round_["ephemera"]
    return {
        "packets_to_testpmd": ephemera["packets_per_second"] / testpmd["packets_per_second"],
        "queries_to_dnsdist": ephemera["queries_per_second"] / dnsdist["queries_per_second"],
        "per_processor_second_to_dnsdist": dnsdist["processor_us_per_query"] / ephemera["processor_us_per_query"],
    }


def targets(rounds):
    found = []
    for what, key, target in TARGETS:
        values = [ratios(round_)[key] for round_ in rounds]
        value = statistics.median(values)
        found.append({
            "what": what, "value": value, "lowest": min(values), "highest": max(values), "bound": "at least",
            "target": target, "met": value >= target,
        })  # fmt: skip
    return found


def median_of(rounds, name, *keys):
    def pick(round_):
        value = round_[name]
        for key in keys:
            value = value[key]
        return value

    return statistics.median(pick(round_) for round_ in rounds)


def table(all_of, rounds):
    print(f"\nhighest rate with at most {ALLOWED_LOSS:.1%} lost; medians of {len(rounds)} rounds, in brackets the extremes")
    print(f"{'':<15} {'queries/s':>10} {'':<19} {'packets/s':>10}  {'us of':>9}  latency p50 / p99 / p99.9, us")
    print(f"{'':<15} {'':>10} {'':<19} {'in and out':>10}  {'processor':>9}  {'at 50 %':<24}  at 90 %")
    for forwarder in all_of:
        name = forwarder.name
        rates = [round_[name]["queries_per_second"] for round_ in rounds]
        latency = [
            " / ".join(f"{median_of(rounds, name, 'latency_us', f'{share:.0%}', q):.0f}" for q in ("p50", "p99", "p999"))
            for share in SHARES
        ]
        by_load = sum(round_[name]["limited_by_load"] for round_ in rounds)
        print(
            f"{forwarder.kind:<15} {statistics.median(rates):>10,.0f} {f'({min(rates):,.0f}-{max(rates):,.0f})':<19} "
            f"{median_of(rounds, name, 'packets_per_second'):>10,.0f}  "
            f"{median_of(rounds, name, 'processor_us_per_query'):>9.2f}  {latency[0]:<24}  {latency[1]}"
            + (f"  (load program the limit in {by_load} rounds)" if by_load else "")
        )
    for target in targets(rounds):
        verdict = "met" if target["met"] else "MISSED"
        print(f"{target['what']:<62} {target['value']:6.2f} ({target['lowest']:.2f}-{target['highest']:.2f}), "
              f"at least {target['target']}: {verdict}")  # fmt: skip
    print(NOTE)


def run_rounds(offer, all_of, count):
    rounds, guesses = [], dict(FIRST_GUESS)
    for number in range(1, count + 1):
        round_ = {}
        for forwarder in all_of:
            label = f"round {number} of {count}, {forwarder.name}"
            round_[forwarder.name] = turn(offer, forwarder, guesses[forwarder.name], label)
            rate = guesses[forwarder.name] = round_[forwarder.name]["queries_per_second"]
            progress(f"{label}: {rate:,.0f} queries/s", passing=False)
        rounds.append(round_)
    return rounds


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=bed.ROOT / "build", help="build directory (build)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="writes the result there, too")
    parser.add_argument("--smoke", action="store_true", help="a few packets through each: only whether all works")
    options = parser.parse_args()
    began = time.monotonic()
    result = {"benchmark": "kernel", "smoke": options.smoke, "note": NOTE, "allowed_loss": ALLOWED_LOSS}
    with bed.standing(options.build) as standing:
        offer, all_of = Offer(standing), forwarders.all_of(standing)
        if options.smoke:
            result["answers"] = {f.name: smoke(offer, f, f.name) for f in all_of}
        else:
            result["rounds"] = run_rounds(offer, all_of, options.rounds)
    if options.smoke:
        print("kernel: each forwarder forwarded, and nothing was answered wrong")
    else:
        result["targets"] = targets(result["rounds"])
        result["dnsdist_queries_per_second"] = median_of(result["rounds"], "dnsdist", "queries_per_second")
        table(all_of, result["rounds"])
    result["seconds"] = round(time.monotonic() - began)
    if options.json:
        options.json.write_text(json.dumps(result, indent=2) + "\n")


if __name__ == "__main__":
    main()
