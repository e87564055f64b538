# SPDX-License-Identifier: BSD-3-Clause
"""What benchmarks with several processes share: starting and stopping them, a core each, and looking at the machine."""
import contextlib
import os
import pathlib
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
STOP_S = 10
NEAR_NS = 200  # a cache line's round trip between cores that share a cache takes less


class Failed(Exception):
    """A process did not do what it was started for; the text says which, and what it said."""


def progress(text, is_passing=False):
    """A line on stderr; on a terminal a passing one makes room for the next, elsewhere it is left out."""
    if sys.stderr.isatty():
        print(f"\r{text:<78}", end="" if is_passing else "\n", file=sys.stderr, flush=True)
    elif not is_passing:
        print(text, file=sys.stderr, flush=True)


def wait(what, condition, seconds=10.0):
    """Waits until condition() is true and returns what it gave."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise Failed(f"not within {seconds} s: {what}")
        time.sleep(0.01)  # between two looks at something that has no event of its own


class Process:
    """A program with all its threads on one core; what it says goes to a file."""

    def __init__(self, core, log, *words):
        self.log = log
        with open(log, "wb") as output:
            self.popen = subprocess.Popen(
                [str(word) for word in words], stdin=subprocess.PIPE, stdout=output, stderr=subprocess.STDOUT,
                preexec_fn=lambda: os.sched_setaffinity(0, {core}),
            )  # fmt: skip
        self.name = pathlib.Path(str(words[0])).name

    def said(self, length=1500):
        return self.log.read_text(errors="replace")[-length:]

    def check_lives(self):
        if self.popen.poll() is not None:
            raise Failed(f"{self.name} ended with status {self.popen.returncode}:\n{self.said()}")
        return True

    def finish(self, seconds):
        """Waits for its end, and returns its exit status."""
        try:
            return self.popen.wait(seconds)
        except subprocess.TimeoutExpired:
            raise Failed(f"{self.name} did not end within {seconds} s:\n{self.said()}") from None

    def stop(self):
        """Asks it to end, and insists."""
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
    """A directory for sockets and logs, gone at the end."""
    path = pathlib.Path(tempfile.mkdtemp(prefix="ephemera-bench-"))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def round_trip_ns(build, cores):
    """How far the two cores are from each other now."""
    words = [build / "tests/bench/wire/roundtrip", *map(str, cores)]
    return float(subprocess.run(words, check=True, capture_output=True, text=True, timeout=60).stdout)


def free_hugepages_mb():
    fields = dict(line.split(":") for line in pathlib.Path("/proc/meminfo").read_text().splitlines())
    return int(fields["HugePages_Free"]) * int(fields["Hugepagesize"].split()[0]) // 1024


def median_of(rows, *keys):
    def pick(row):
        for key in keys:
            row = row[key]
        return row

    return statistics.median(pick(row) for row in rows)
