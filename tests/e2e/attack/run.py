#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Runs attacks against the lab and prints one table.

    run.py [NAME...] [--json] [--build DIR]

sets up the lab (scripts/lab.sh; one that is up is taken down first), runs the named attacks, or all, and takes the lab
down. Exit status 1 if a forged response was accepted, a client got no response, a clean query was lost, or a forged
packet was not counted."""
import argparse
import json
import os
import pathlib
import sys

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

from attack import bypass, guess  # noqa: E402
from lab import standing  # noqa: E402
from topology import ROOT  # noqa: E402

ATTACKS = {
    "control": guess.control,
    "kaminsky": guess.kaminsky,
    "id-sweep": guess.id_sweep,
    "birthday": guess.birthday,
    "sad-dns": bypass.sad_dns,
    "icmp": bypass.forged_icmp,
    "fragments": bypass.fragments,
    "wrong-upstream": bypass.wrong_upstream,
}


def faults(name, result):
    """The faults that this result shows, one line each."""
    lines = []
    if name == "control":
        if result.accepted != result.asked:
            lines.append(f"{result.name}: {result.accepted} of {result.asked} accepted: the other attacks prove nothing")
    elif result.accepted:
        lines.append(f"{result.name}: {result.accepted} forged responses accepted")
    if result.uncounted:
        lines.append(f"{result.name}: {result.uncounted} forged packets were not counted")
    if result.unanswered:
        lines.append(f"{result.name}: {result.unanswered} attacked queries not answered")
    if result.clean_lost:
        lines.append(f"{result.name}: {result.clean_lost} clean queries lost")
    for what in ("responses, ports closed", "responses, ports open", "next hops changed", "fragments kept"):
        if result.counted.get(what):
            lines.append(f"{result.name}: {what}: {result.counted[what]}")
    return lines


COLUMNS = (
    "attack", "packets", "a second", "queries attacked", "forged accepted", "clean queries", "clean lost", "counted"
)  # fmt: skip


def row(result):
    counted = ", ".join(f"{name} {count}" for name, count in result.counted.items())
    figures = (result.packets, round(result.rate), result.asked, result.accepted, result.clean, result.clean_lost)
    return (result.name, *(f"{figure:,}" for figure in figures), counted)


def table(results):
    rows = [COLUMNS, *(row(result) for result in results)]
    widths = [max(len(r[i]) for r in rows) for i in range(len(COLUMNS) - 1)]
    lines = []
    for i, cells in enumerate(rows):
        padded = [c.ljust(w) if j == 0 else c.rjust(w) for j, (c, w) in enumerate(zip(cells, widths))]
        lines.append("| " + " | ".join([*padded, cells[-1]]) + " |")
        if i == 0:
            lines.append("|" + "|".join(["---", *["---:"] * (len(COLUMNS) - 2), "---"]) + "|")
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(ATTACKS))
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--build", default=os.environ.get("EPHEMERA_BUILD", ROOT / "build"))
    options = parser.parse_args()
    unknown = set(options.names) - set(ATTACKS)
    if unknown:
        parser.error(f"no such attack: {', '.join(sorted(unknown))}; there are {', '.join(ATTACKS)}")
    results, bad = [], []
    with standing(options.build, output=sys.stderr) as lab:
        for name in options.names or ATTACKS:
            results.append(ATTACKS[name](lab))
            bad += faults(name, results[-1])
    if options.json:
        print(json.dumps({"results": [r.as_dict() for r in results], "faults": bad}, indent=2))
    else:
        print(table(results))
        for line in bad:
            print(f"FAULT: {line}")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
