#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""ephemeractl top on a terminal, against a fake ephemerad.

    test_top.py EPHEMERACTL"""
import json
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from fake_ephemerad import FakeEphemerad

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "e2e"))
from pty_screen import FAULT_SIGNALS, QUIT_SIGNALS, Terminal  # noqa: E402

PROGRAM = sys.argv.pop(1)
NAMES = ("delta", "alpha", "charlie", "bravo")

STATUS = {
    "version": "0.1.0", "pid": 77, "uptime_s": 3700, "generation": 17, "upstreams_up": 3, "upstreams_total": 4,
    "dataplane": {
        "connected": True, "pid": 78, "uptime_s": 3600, "workers": 2, "flows_per_worker": 1048576,
        "mbufs_in_use": 8192, "mbufs_total": 65536, "draining": False,
    },
    "attack": {"active": False},
}  # fmt: skip

HISTOGRAM = {"count": 9, "p50_us": 250, "p90_us": 275, "p99_us": 1125, "p999_us": 2250, "mean_us": 260.0, "buckets": []}


class Farm:
    """The responses of the fake: each `stats` is one second later than the last by its clock, with the counters to match."""

    def __init__(self, count=len(NAMES)):
        self.count, self.rounds, self.status = count, 0, dict(STATUS)
        self.stats = self.count_on
        self.since = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() - 2 * 3600 - 5 * 60))

    def name(self, i):
        return NAMES[i] if i < len(NAMES) else f"server{i:03}"

    def count_on(self, _request=None):
        self.rounds += 1
        n = self.rounds
        return {
            "boot_id": "b", "monotonic_us": n * 1000000, "in_flight": 5, "steer": {"stray": 3 * n},
            "counters": {"queries": 1200 * n, "responses": 1100 * n, "timeouts": 50 * n, "coalesced": 10 * n},
            "drops": {"runt": 0, "response_late": 40 * n, "response_unknown": 2}, "interfaces": [],
            "upstreams": [
                {
                    "name": self.name(i), "address": f"198.51.100.{i}", "queries": (i + 1) * 10 * n,
                    "responses": 10 * n, "servfails": i * n, "timeouts": 0, "in_flight": 9 - i,
                    "latency_sum_us": 10 * n * (1000 - i),
                }
                for i in range(self.count)
            ],
        }  # fmt: skip

    def upstreams(self, _request):
        return {
            "upstreams": [
                {
                    "name": self.name(i), "address": f"198.51.100.{i}", "state": "down" if i == 2 else "up",
                    "reason": "3 of 3 probes failed: no response", "since": self.since,
                }
                for i in range(self.count)
            ]
        }  # fmt: skip

    def responses(self):
        return {
            "status": lambda _: self.status,
            "stats": lambda request: self.stats(request) if callable(self.stats) else self.stats,
            "upstreams": self.upstreams,
            "latency": {"recent": HISTOGRAM, "total": HISTOGRAM, "window_s": 10.0},
            "entropy": {
                "verdict": "uniform", "draws": 123456,
                "all": {"ports": {"distinct": 16384, "of": 16384, "test": {"p": 0.43}}},
                "bits": {"families": [{"family": "IPv4", "total_bits": 33.0}]},
            },
        }  # fmt: skip


class TopTest(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.path = f"{self.directory.name}/control.sock"
        self.farm = Farm()

    def tearDown(self):
        self.directory.cleanup()

    def fake(self):
        return FakeEphemerad(self.path, self.farm.responses())

    def top(self, *options, columns=80, rows=24, **environment):
        command = [PROGRAM, "top", "--socket", self.path, "--interval", "0.1", *options]
        return Terminal(command, columns, rows, **environment)

    def lines(self, terminal, word):
        return [line for line in terminal.screen.text().splitlines() if line.startswith(word)]

    @staticmethod
    def has_rates(screen):
        return "per second    1,200" in screen.text()

    def order(self, terminal):
        words = [line.split()[0] for line in terminal.screen.text().splitlines() if line.strip()]
        return tuple(word for word in words if word in NAMES)

    def test_shows_figures(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            text = terminal.screen.text()
            for line in (
                "ephemerad 0.1.0, pid 77, up 1h 1m, generation 17, 3 of 4 upstreams up",
                "dataplane pid 78, up 1h 0m, 2 workers, 5 of 2,097,152 flows, 8,192 of 65,536",
                "per second    1,200      1,100        50     40         10",
                "latency     p50 250 us, p90 275 us, p99 1.1 ms, p99.9 2.2 ms, mean 260 us",
                "entropy     uniform, p 0.430; 33.0 bits IPv4; 16,384 of 16,384 ports in 123,456",
                "response_late             40",
                "xdp stray                3.0",
            ):
                self.assertIn(line, text)
            self.assertRegex(text, r"(?m)^charlie +down +30 +7 +998 us +20\.0% +0\.0%  2h 5m, 3 o")
            self.assertTrue(terminal.screen.alternate and not terminal.screen.cursor)
            terminal.type("q")
            self.assertEqual(terminal.end(), 0)
            self.assertEqual(terminal.screen.faults, [])

    def test_restores_the_terminal(self):
        """After every signal that ends it, and after a fault in it."""
        for number in QUIT_SIGNALS + FAULT_SIGNALS:
            with self.subTest(signal=number), self.fake(), self.top() as terminal:
                terminal.wait(self.has_rates)
                self.assertTrue(terminal.screen.alternate)
                terminal.signal(number)
                self.assertEqual(terminal.end(), -number)

    def test_interrupt_key(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            terminal.type("\x03")
            self.assertEqual(terminal.end(), -signal.SIGINT)

    def test_suspends(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            terminal.type("\x1a")
            terminal.wait(lambda screen: not screen.alternate and screen.cursor)
            self.assertTrue(os.WIFSTOPPED(os.waitpid(terminal.process.pid, os.WUNTRACED)[1]))
            terminal.signal(signal.SIGCONT)
            terminal.wait(lambda screen: screen.alternate and self.has_rates(screen))
            terminal.type("q")
            self.assertEqual(terminal.end(), 0)

    def test_resizes(self):
        self.farm = Farm(100)
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            terminal.wait(lambda screen: "t timeout" in screen.text())
            self.assertNotIn("no response", terminal.screen.text())
            few = len(self.lines(terminal, "server"))
            terminal.resize(140, 50)
            terminal.wait(lambda screen: "no response" in screen.text())
            terminal.wait(lambda _: len(self.lines(terminal, "server")) > few + 20)
            terminal.resize(40, 10)
            terminal.wait(lambda screen: "no response" not in screen.text() and "ephemerad" in screen.lines[0])
            terminal.screen.faults.clear()  # of what was drawn while it shrank
            rounds = self.farm.rounds
            terminal.wait(lambda _: self.farm.rounds > rounds + 3)
            self.assertEqual(terminal.screen.faults, [])

    def test_scrolls(self):
        self.farm = Farm(100)
        with self.fake(), self.top() as terminal:
            terminal.wait(lambda screen: "0 above" in screen.text())
            terminal.type("\x1b[B\x1b[B")
            terminal.wait(lambda screen: "2 above" in screen.text())
            terminal.type("\x1b[A")
            terminal.wait(lambda screen: "1 above" in screen.text())
            for _ in range(12):
                terminal.type("\x1b[6~")
            terminal.wait(lambda screen: "0 below" in screen.text())
            self.assertIn("server099", terminal.screen.text())
            terminal.type("\x1b[5~")
            terminal.wait(lambda screen: "10 below" in screen.text())

    def test_sorts(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            self.assertEqual(self.order(terminal), NAMES)
            for key, order in {
                "n": ("alpha", "bravo", "charlie", "delta"),
                "c": ("bravo", "charlie", "alpha", "delta"),
                "f": NAMES,
                "s": ("bravo", "charlie", "alpha", "delta"),
                "l": NAMES,
            }.items():
                terminal.type(key)
                terminal.wait(lambda _, order=order: self.order(terminal) == order)

    def test_pauses(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            terminal.type("p")
            terminal.wait(lambda screen: "PAUSED" in screen.text())
            paused = self.lines(terminal, "total")
            terminal.never(lambda _: self.lines(terminal, "total") != paused, 0.5)
            terminal.type("p")
            terminal.wait(lambda screen: "PAUSED" not in screen.text() and self.lines(terminal, "total") != paused)

    def test_daemon_goes_and_comes(self):
        with self.fake() as fake, self.top(columns=140) as terminal:
            terminal.wait(self.has_rates)
            fake.stop()
            terminal.wait(lambda screen: "NOT CONNECTED to ephemerad" in screen.text())
            self.assertIn("figures of its last response", terminal.screen.text())
            fake.start()
            terminal.wait(lambda screen: "NOT CONNECTED" not in screen.text() and "queries" in screen.text())
            terminal.type("q")
            self.assertEqual(terminal.end(), 0)

    def test_daemon_comes_late(self):
        with self.top(columns=140) as terminal:
            terminal.wait(lambda screen: "No such file" in screen.text())
            with self.fake():
                terminal.wait(self.has_rates)

    def test_daemon_hangs(self):
        goes_on = threading.Event()
        with self.fake(), self.top(columns=140) as terminal:
            terminal.wait(self.has_rates)
            count_on = self.farm.stats
            self.farm.stats = lambda _: goes_on.wait(30) and count_on()
            terminal.type("n")  # keys are handled while it waits
            terminal.wait(lambda _: self.order(terminal)[0] == "alpha")
            terminal.wait(lambda screen: "no response" in screen.text())
            self.farm.stats = count_on
            goes_on.set()
            terminal.wait(lambda screen: "NOT CONNECTED" not in screen.text())

    def test_dataplane_goes_and_comes(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            count_on, self.farm.stats = self.farm.stats, "the dataplane is not connected"
            self.farm.status = {**STATUS, "dataplane": {"connected": False}}
            terminal.wait(lambda screen: "dataplane NOT CONNECTED" in screen.text())
            self.assertIn("charlie", terminal.screen.text())
            self.farm.stats, self.farm.status = count_on, STATUS
            terminal.wait(lambda screen: "NOT CONNECTED" not in screen.text() and self.has_rates(screen))

    def test_not_ready(self):
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            self.assertNotIn("NOT READY", terminal.screen.text())
            self.farm.status = {**STATUS, "ready": False, "not_ready": "draining"}
            terminal.wait(lambda screen: "NOT READY: draining" in screen.text().splitlines())
            self.farm.status = {**STATUS, "ready": True, "not_ready": ""}
            terminal.wait(lambda screen: "NOT READY" not in screen.text())

    def test_restarted_dataplane_has_no_rates(self):
        """Counters that start again from 0 make no negative or wrong rates."""
        with self.fake(), self.top() as terminal:
            terminal.wait(self.has_rates)
            count_on = self.farm.stats
            self.farm.stats = lambda _: {**count_on(), "boot_id": str(self.farm.rounds)}
            terminal.wait(lambda screen: "per second        -          -" in screen.text())

    def test_alarm(self):
        self.farm.status["attack"] = {
            "active": True, "since": "2026-11-23T10:00:00Z", "near_misses": 12345, "rate_per_s": 99.0,
            "upstream": "alpha", "question": "www.example. A IN",
        }  # fmt: skip
        with self.fake(), self.top(columns=140) as terminal:
            terminal.wait(lambda screen: "ALARM: forged responses since" in screen.text())
            self.assertIn("12,345 near misses, 99 per second; upstream alpha, www.example.", terminal.screen.text())

    def test_colours(self):
        for variables, coloured in (({}, True), ({"NO_COLOR": "1"}, False), ({"TERM": "dumb"}, False)):
            with self.subTest(variables), self.fake(), self.top(**variables) as terminal:
                terminal.wait(self.has_rates)
                self.assertEqual(bool(terminal.screen.colours - {"", "0", "1", "7"}), coloured)

    def run_plain(self, *words):
        return subprocess.run([PROGRAM, *words, "--socket", self.path], capture_output=True, text=True, timeout=60)

    def test_once(self):
        """Without a terminal: one complete screen, without escape sequences."""
        self.farm = Farm(100)
        with self.fake():
            done = self.run_plain("top", "--interval", "0.1")
            self.assertEqual((done.returncode, done.stderr), (0, ""))
            self.assertNotIn("\x1b", done.stdout)
            self.assertFalse(set(done.stdout) & set("\x01\x02\x03\x04\x05\x06"))
            self.assertIn("per second    1,200", done.stdout)
            self.assertIn("server099", done.stdout)

    def test_once_on_a_terminal(self):
        with self.fake(), self.top("--once", columns=140, rows=50) as terminal:
            self.assertEqual(terminal.end(), 0)
            self.assertIn("response_late", terminal.screen.text())

    def test_json(self):
        with self.fake():
            done = self.run_plain("top", "--interval", "0.1", "--json")
            figures = json.loads(done.stdout)
            self.assertEqual(figures["rates"]["queries"], 1200)
            self.assertEqual(figures["totals"]["queries"], 2400)
            self.assertEqual([d["reason"] for d in figures["drops"]], ["response_late", "xdp stray", "response_unknown"])
            self.assertEqual(figures["upstreams"][2]["latency_us"], 998)

    def test_unreachable(self):
        done = self.run_plain("top")
        self.assertEqual(done.returncode, 3)
        self.assertIn("cannot reach ephemerad at", done.stderr)

    def test_intervals(self):
        for wrong in ("0", "61", "x", "", "nan", "-1"):
            self.assertEqual(self.run_plain("top", f"--interval={wrong}").returncode, 2, wrong)


if __name__ == "__main__":
    unittest.main(verbosity=1)
