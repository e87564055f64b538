# SPDX-License-Identifier: BSD-3-Clause
"""Where Ephemera's core spends its time under full load, by perf's samples of that core (of a clock, because virtual
machines rarely count cycles)."""
import collections
import json
import shutil
import subprocess
import threading

import bed
from benchlib import Failed, progress
from search import search
from stacks import rule_of, stacks
from topology import DIR

PRECISION = 0.1
STEP_S, RUN_S, RECORD_S, LEAD_S = 1, 10, 3, 0.2
HERTZ = 5000


def record(file):
    with subprocess.Popen(
        ["perf", "record", "-q", "-g", "-e", "cpu-clock", "-F", str(HERTZ), "-C", str(bed.FORWARDER_CORE), "-o", file,
         "--", "sleep", str(RECORD_S)], start_new_session=True,
    ) as process:  # fmt: skip
        bed.prefer(process)  # or it would begin when the load has ended
    if process.returncode != 0:
        raise Failed(f"perf record ended with status {process.returncode}")


def run(offer, forwarder, guess):
    if shutil.which("perf") is None:
        raise Failed("needs perf: Debian's package linux-perf")
    file = DIR / "cycles.perf"
    forwarder.start()
    try:
        rate = search(lambda rate: offer.steady(forwarder, rate, STEP_S), guess, PRECISION).rate
        progress(f"cycles: at {rate:,.0f} queries/s")
        found = {}
        thread = threading.Thread(target=lambda: found.update(offer.steady(forwarder, rate, RUN_S)))
        before = offer.sent()
        thread.start()
        while thread.is_alive() and offer.sent() - before < rate * LEAD_S:
            thread.join(0.02)
        record(file)
        is_in_flow = thread.is_alive()
        thread.join()
    finally:
        forwarder.stop()
    if not is_in_flow:
        raise Failed(f"the load ended before perf had sampled: {json.dumps(found)}")
    text = subprocess.run(
        ["perf", "script", "-i", file, "-F", "ip,sym,dso"], check=True, capture_output=True, text=True
    ).stdout
    counted = collections.Counter(map(rule_of, stacks(text)))
    file.unlink()
    table(counted, found["answered"])
    return counted


def table(counted, rate):
    total = sum(counted.values())
    print(f"\nEphemera's core at {rate:,.0f} queries/s, {total:,} samples")
    for what, count in counted.most_common():
        print(f"    {what:<56} {count / total:>6.1%} {count / total / rate * 1e9:>8,.0f} ns a query")
