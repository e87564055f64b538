# SPDX-License-Identifier: BSD-3-Clause
"""The report of the wire benchmark. A round has one transport, both forwarders, and the distance of the cores. Rounds
are compared only with those of the same distance; rounds during which the cores moved are ignored if there are others."""
import statistics

from benchlib import latency_text, target, target_print

PACKETS_A_QUERY = 4  # two in and two out
SHARE_OF_TESTPMD, QUERIES_PER_SECOND = 0.5, 4e6
DISTANCES = ("near", "far", "changing")


def groups(rounds):
    """Lists of comparable rounds, per transport, near ones first; those with moving cores only if there are no others."""
    found = []
    for name in dict.fromkeys(r["transport"] for r in rounds):
        of_name = [[r for r in rounds if (r["transport"], r["cores"]) == (name, cores)] for cores in DISTANCES]
        steady = [group for group in of_name[:2] if group]
        found += steady or [of_name[2]]
    return found


def best(rounds):
    """The group with the highest rate, of the near ones if there are any."""
    all_of = groups(rounds)
    of_distance = next(found for cores in DISTANCES if (found := [g for g in all_of if g[0]["cores"] == cores]))
    return max(of_distance, key=lambda group: statistics.median(r["ephemera"]["queries_per_second"] for r in group))


def ratios(group):
    return [r["ephemera"]["packets_per_second"] / r["testpmd"]["packets_per_second"] for r in group]


def targets(rounds):
    rows = [
        target(f"wire, {g[0]['transport']}, cores {g[0]['cores']}: packets/s against testpmd 5tswap", ratios(g), SHARE_OF_TESTPMD)
        for g in groups(rounds)
    ]
    group = best(rounds)
    if group[0]["cores"] == "near":
        rates = [r["ephemera"]["queries_per_second"] for r in group]
        rows.append(target(f"wire, {group[0]['transport']}, cores near: forwarded queries/s", rates, QUERIES_PER_SECOND))
    return rows


def group_print(group):
    trips = [ns for r in group for ns in r["round_trip_ns"]]
    print(f"{group[0]['transport']}, cores {group[0]['cores']} (a cache line's round trip {statistics.median(trips):.0f} ns, "
          f"{min(trips):.0f}-{max(trips):.0f}), rounds: {len(group)}")  # fmt: skip
    for kind in ("testpmd", "ephemera"):
        rates = [r[kind]["queries_per_second"] for r in group]
        by_load = sum(r[kind]["limited_by_load"] for r in group)
        print(
            f"    {kind:<9} {statistics.median(rates):>10,.0f} {f'({min(rates):,.0f}-{max(rates):,.0f})':<23} "
            f"{statistics.median(rates) * PACKETS_A_QUERY:>11,.0f}  {latency_text(group, kind, 'latency_us', '50%'):<22}  "
            f"{latency_text(group, kind, 'latency_us', '90%')}"
            + (f"  (the load program was the limit in {by_load} rounds)" if by_load else "")
        )


def table(rounds):
    shown = groups(rounds)
    print("\nhighest rate without loss, one core; medians (extremes in brackets)")
    print(f"{'':<13} {'queries/s':>10} {'':<23} {'packets/s':>11}  latency p50 / p99 / p99.9, us")
    print(f"{'':<13} {'':>10} {'':<23} {'in and out':>11}  {'at 50 %':<22}  at 90 %")
    for group in shown:
        group_print(group)
    left_out = len(rounds) - sum(map(len, shown))
    if left_out:
        print(f"rounds left out because the cores moved: {left_out}")
    rows = targets(rounds)
    for row in rows:
        target_print(row)
    if not any("queries/s" in row["what"] for row in rows):
        print("the cores were never near each other: the target for queries/s is for near ones")
