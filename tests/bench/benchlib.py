# SPDX-License-Identifier: BSD-3-Clause
"""Shared code of benchmarks with several processes: starting and stopping them, one core each, and machine checks."""
import contextlib
import datetime
import json
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import deadline  # noqa: E402

STOP_S = 10
TRIES = 3  # of a sample
NEAR_NS = 200  # a cache line's round trip between cores that share a cache takes less


class Failed(Exception):
    """A process failed; the text names it and has its output."""


class NotMeasured(Failed):
    """A sample that a busy machine made unusable; the text names it."""


def progress(text, is_passing=False):
    """Prints a line to stderr; a passing line is overwritten by the next on a terminal, and omitted elsewhere."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}", end="" if is_passing else "\n", file=sys.stderr, flush=True)
    elif not is_passing:
        print(text, file=sys.stderr, flush=True)


def wait(what, condition, seconds=10.0):
    """Waits until condition() is true and returns its value."""
    try:
        return deadline.wait(what, condition, seconds)
    except AssertionError as error:
        raise Failed(str(error)) from None


def sample(once, complaint):
    """The value of once(0), or of once(1), once(2) while the previous ones return None."""
    for i in range(TRIES):
        found = once(i)
        if found is not None:
            return found
        progress(f"{complaint}; repeated" if i + 1 < TRIES else complaint)
    raise NotMeasured(f"{complaint}, {TRIES} times")


def rounds_add(measure, count, result):
    """Adds the value of measure(label) for each of `count` rounds. A round that could not be measured is left out."""
    for number in range(1, count + 1):
        label = f"round {number} of {count}"
        try:
            result.add(measure(label))
        except NotMeasured as error:
            progress(f"{label} is left out: {error}")
    if not result.rounds:
        raise Failed("no round could be measured")


class Process:
    """A program with all its threads on one core; its output goes to a file."""

    def __init__(self, core, log, *words):
        self.log = log
        with open(log, "wb") as output:
            self.popen = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )  # fmt: skip
        self.name = pathlib.Path(str(words[0])).name

    def output(self, length=1500):
        return self.log.read_text(errors="replace")[-length:]

    def check_lives(self):
        if self.popen.poll() is not None:
            raise Failed(f"{self.name} ended with status {self.popen.returncode}:\n{self.output()}")
        return True

    def finish(self, seconds):
        """Waits until it ends, and returns its exit status."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {seconds} s:\n{self.output()}") from None

    def stop(self):
        """Stops it with SIGTERM, or else with SIGKILL."""
        if self.popen.poll() is None:
            self.popen.terminate()
        with contextlib.suppress(OSError):
            self.popen.stdin.close()
        try:
            self.popen.wait(STOP_S)
        except subprocess.TimeoutExpired:
            self.popen.kill()
            self.popen.wait(STOP_S)


@contextlib.contextmanager
def directory():
    """A directory for sockets and logs, removed at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ephemera-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def round_trip_ns(build, cores):
    """The current round-trip time of a cache line between the two cores."""
    words = [build / "tests/bench/wire/roundtrip", *map(str, cores)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout)


def distance(trips_ns):
    """near, far, or changing, from the round trips measured before and after a measurement."""
    if max(trips_ns) < NEAR_NS:
        return "near"
    return "far" if min(trips_ns) >= NEAR_NS else "changing"


def free_hugepages_mb():
    """Free hugepages of all sizes, in MiB."""
    found = pathlib.Path("/sys/kernel/mm/hugepages").glob("hugepages-*kB")
    return sum(int(d.name[10:-2]) * int((d / "free_hugepages").read_text()) for d in found) // 1024


def median_of(rows, *keys):
    def pick(row):
        for key in keys:
            row = row[key]
        return row

    return statistics.median(pick(row) for row in rows)


def latency_text(rows, *keys):
    """Medians of the values under these keys of each row."""
    return " / ".join(f"{median_of(rows, *keys, quantile):.0f}" for quantile in ("p50", "p99", "p999"))


def target(what, values, bound):
    """A lower bound for the median of a value of all rounds: at least `bound`."""
    value = statistics.median(values)
    return {
        "what": what, "value": value, "lowest": min(values), "highest": max(values), "bound": "at least", "target": bound,
        "met": value >= bound,
    }  # fmt: skip


def target_print(row):
    print(f"{row['what']:<72} {row['value']:,.2f} ({row['lowest']:,.2f}-{row['highest']:,.2f}), "
          f"at least {row['target']:,g}: {'met' if row['met'] else 'MISSED'}")  # fmt: skip


def add_arguments(parser):
    """Adds the arguments that all these benchmarks have."""
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build", help="build directory (build)")
    parser.add_argument("--rounds", type=int, default=5, metavar="N", help="(5)")
    parser.add_argument("--json", type=pathlib.Path, metavar="FILE", help="writes the result there, too")
    parser.add_argument("--append", action="store_true", help="adds to the rounds that FILE already has")
    parser.add_argument("--smoke", action="store_true", help="a few packets through each: only whether all works")


class Result:
    """The result of a benchmark; with --append it begins with the rounds in the file."""

    def __init__(self, benchmark, options, **fields):
        self.file, self.began, before = options.json, time.monotonic(), {}
        if options.append and not options.smoke and options.json and options.json.exists():
            before = json.loads(options.json.read_text())
            if before.get("benchmark") != benchmark or "rounds" not in before:
                raise Failed(f"{options.json} has no rounds of the {benchmark} benchmark")
        self.fields = {"benchmark": benchmark, "smoke": options.smoke, **fields}
        self.rounds, self.seconds = before.get("rounds", []), before.get("seconds", 0)

    def add(self, round_):
        """Adds a round and writes the result so far, because rounds take minutes."""
        when = datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds")
        self.rounds.append({"when": when, **round_})
        self.write()

    def write(self, **fields):
        self.fields.update(fields)
        seconds = self.seconds + round(time.monotonic() - self.began)
        found = {**self.fields, "seconds": seconds, **({"rounds": self.rounds} if self.rounds else {})}
        if self.file:
            self.file.write_text(json.dumps(found, indent=2) + "\n")
