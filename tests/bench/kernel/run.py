#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The kernel benchmark: forwarders over veth in network namespaces, each in turn, several rounds.

    run.py [--build DIR] [--rounds N] [--json FILE [--append]] [--smoke] [--cycles]

dpdk-testpmd (the upper bound), dnsdist and Ephemera take turns on core 1; ephemera-load on core 0 is clients and farm of
all three. Progress goes to stderr, the table to stdout. AF_XDP over veth is a copy mode that is not used in production:
the figures compare these programs with each other on this machine, and say nothing about a NIC. --cycles instead shows
where the CPU time goes at the highest rate."""
import argparse
import json
import pathlib
import statistics
import sys
import threading
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import bed  # noqa: E402
import benchlib  # noqa: E402
import cycles  # noqa: E402
import forwarders  # noqa: E402
from benchlib import NotMeasured, latency_text, median_of, progress, target, target_print  # noqa: E402
from offer import Offer  # noqa: E402
from processor import Meter  # noqa: E402
from search import ALLOWED_LOSS, search  # noqa: E402

FIRST_GUESS = {"testpmd": 500_000, "dnsdist": 70_000, "ephemera": 280_000}
SHARES = (0.5, 0.9)  # of the highest rate: where latency is measured
PRECISION = 0.03
STEP_S, LATENCY_S, METER_S = 1, 1, 1.5
SLACK_S = 0.7  # how long the load continues after the window in which CPU time is measured; each later try doubles it
SMOKE_RATE, SMOKE_S, SMOKE_SHARE = 2000, 0.5, 0.5
NOTE = (
    "AF_XDP over veth is a copy mode not used in production; system calls cost more on a virtual machine than on bare metal. "
    "Only ratios within one run mean something."
)
TARGETS = (
    ("kernel, packets/s against testpmd 5tswap", "packets_to_testpmd", 0.7),
    ("kernel, queries/s against dnsdist", "queries_to_dnsdist", 2.5),
    ("kernel, queries per second of processor time against dnsdist", "per_processor_second_to_dnsdist", 2.5),
)


def processor_once(offer, forwarder, rate, slack_s):
    """Microseconds of CPU time per query under steady load, and their parts; None if the load ended too early."""
    result = {}

    def run():
        result.update(offer.steady(forwarder, rate, METER_S + slack_s))

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
        return None
    per_second = meter.seconds / meter.result["wall_s"]
    return per_second / result["answered"] * 1e6, {**meter.result, "answered": result["answered"]}


def processor_per_query(offer, forwarder, rate):
    """The value of processor_once() of the first try in which the load continued for long enough."""
    return benchlib.sample(
        lambda i: processor_once(offer, forwarder, rate, SLACK_S * 2**i),
        f"{forwarder.name}: the load ended before the CPU time was measured",
    )


def turn(offer, forwarder, guess, label):
    """One forwarder's turn in one round."""
    forwarder.start()
    try:

        def measure(rate):
            progress(f"{label}: {rate / 1000:.0f} thousand queries/s", is_passing=True)
            return offer.steady(forwarder, rate, STEP_S)

        found = search(measure, guess, PRECISION)
        if found.rate == 0:
            raise NotMeasured(f"{forwarder.name} answered at no rate without loss: {found.steps}")
        latency = {}
        for share in SHARES:
            progress(f"{label}: latency at {share:.0%}", is_passing=True)
            latency[f"{share:.0%}"] = offer.steady(forwarder, found.rate * share, LATENCY_S)["latency_us"]
        progress(f"{label}: processor time", is_passing=True)
        cost, made_of = processor_per_query(offer, forwarder, found.rate)
    finally:
        forwarder.stop()
    return {
        "queries_per_second": found.rate,
        # A forwarded query is two packets in and two out; testpmd receives one and sends one.
        "packets_per_second": found.rate * (2 if forwarder.reflects else 4),
        "limited_by_load": found.limited_by_load,
        "processor_us_per_query": cost,
        "processor": made_of,
        "latency_us": latency,
        "steps": found.steps,
    }


def smoke(offer, forwarder, label):
    """A few queries: most must be answered, and none wrongly."""
    forwarder.start()
    try:
        result = offer.steady(forwarder, SMOKE_RATE, SMOKE_S)
    finally:
        forwarder.stop()
    progress(f"{label}: {result['answered']:,.0f} of {result['offered']:,.0f} answered")
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
    return [target(what, [ratios(round_)[key] for round_ in rounds], bound) for what, key, bound in TARGETS]


def table(all_of, rounds):
    print(f"\nhighest rate with at most {ALLOWED_LOSS:.1%} lost; medians of {len(rounds)} rounds (extremes in brackets)")
    print(f"{'':<15} {'queries/s':>10} {'':<19} {'packets/s':>10}  {'us of':>9}  latency p50 / p99 / p99.9, us")
    print(f"{'':<15} {'':>10} {'':<19} {'in and out':>10}  {'processor':>9}  {'at 50 %':<24}  at 90 %")
    for forwarder in all_of:
        name = forwarder.name
        rates = [round_[name]["queries_per_second"] for round_ in rounds]
        latency = [latency_text(rounds, name, "latency_us", f"{share:.0%}") for share in SHARES]
        by_load = sum(round_[name]["limited_by_load"] for round_ in rounds)
        print(
            f"{forwarder.kind:<15} {statistics.median(rates):>10,.0f} {f'({min(rates):,.0f}-{max(rates):,.0f})':<19} "
            f"{median_of(rounds, name, 'packets_per_second'):>10,.0f}  "
            f"{median_of(rounds, name, 'processor_us_per_query'):>9.2f}  {latency[0]:<24}  {latency[1]}"
            + (f"  (load program the limit in {by_load} rounds)" if by_load else "")
        )
    for row in targets(rounds):
        target_print(row)
    print(NOTE)


def round_once(offer, all_of, before, label):
    """before: the round before, or None."""
    round_ = {}
    for forwarder in all_of:
        name = forwarder.name
        guess = before[name]["queries_per_second"] if before else FIRST_GUESS[name]
        round_[name] = turn(offer, forwarder, guess, f"{label}, {name}")
        progress(f"{label}, {name}: {round_[name]['queries_per_second']:,.0f} queries/s")
    return round_


def run_rounds(offer, all_of, count, result):
    def measure(label):
        return round_once(offer, all_of, result.rounds[-1] if result.rounds else None, label)

    benchlib.rounds_add(measure, count, result)


def run(standing, options):
    result = benchlib.Result("kernel", options, note=NOTE, allowed_loss=ALLOWED_LOSS)
    offer, all_of = Offer(standing), forwarders.all_of(standing)
    if options.smoke:
        result.write(responses={f.name: smoke(offer, f, f.name) for f in all_of})
        print("kernel: each forwarder forwarded, and no response was wrong")
        return
    run_rounds(offer, all_of, options.rounds, result)
    result.write(
        targets=targets(result.rounds),
        dnsdist_queries_per_second=median_of(result.rounds, "dnsdist", "queries_per_second"),
    )  # fmt: skip
    table(all_of, result.rounds)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    benchlib.add_arguments(parser)
    parser.add_argument("--cycles", action="store_true", help="instead of the rounds, show by perf where Ephemera spends its time")
    options = parser.parse_args()
    try:
        with bed.standing(options.build.resolve()) as standing:
            if options.cycles:
                cycles.run(Offer(standing), forwarders.Ephemera(standing), FIRST_GUESS["ephemera"])
            else:
                run(standing, options)
    except benchlib.Failed as error:
        sys.exit(f"kernel: {error}")


if __name__ == "__main__":
    main()
