# SPDX-License-Identifier: BSD-3-Clause
"""The wall clock jumps, and all processes of Ephemera are suspended for a while."""
import contextlib
import copy
import datetime
import mmap
import signal
import struct
import subprocess
import time

import wire
from control import Control
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import DEFAULT, DIR, SCRIPTED, HERE, SERVERS

HOUR, TEN_YEARS = 3600, 3652 * 24 * 3600
JUMPS = (HOUR, -HOUR, 0, TEN_YEARS, -TEN_YEARS, 0)  # how far the clock is ahead of the true time then
TIMEOUT_MS = 500
OTHER_S = 4  # for the two reloads of check_jump() on a busy machine; the smallest jump is an hour
PROBE_MS = DEFAULT["upstreams"]["probe"]["interval_ms"]


class Wall:
    """The wall clock of one process (wall_clock.c)."""

    def __init__(self, name):
        self.path = DIR / f"{name}.wall"
        self.path.write_bytes(bytes(24))
        with open(self.path, "r+b") as file:
            self.memory = mmap.mmap(file.fileno(), 24)

    def words(self, library):
        return ["env", f"WALL_CLOCK_FILE={self.path}", f"LD_PRELOAD={library}"]

    def set(self, ahead_s):
        struct.pack_into("q", self.memory, 0, ahead_s)

    @property
    def asked(self):
        return struct.unpack_from("Q", self.memory, 8)[0]

    @property
    def timers(self):
        return struct.unpack_from("Q", self.memory, 16)[0]


@contextlib.contextmanager
def daemons_on_test_clocks(lab):
    """Runs both daemons with wall clocks that the test sets: (the dataplane's, ephemerad's)."""
    library = DIR / "wall_clock.so"
    subprocess.run(["cc", "-shared", "-fPIC", "-O2", "-D_GNU_SOURCE", "-o", library, HERE / "wall_clock.c"], check=True)
    walls = Wall("dataplane"), Wall("ephemerad")
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["upstreams"]["timeout_ms"] = TIMEOUT_MS
    lab.config["upstreams"]["servers"].append({"name": "scripted", "address": SCRIPTED[4]})
    lab.config["pools"] = [
        {"name": "default", "servers": list(SERVERS)},
        {"name": "slow", "servers": ["scripted"]},
    ]
    lab.config["routes"] = [{"pool": "slow", "domains": ["rand.example"]}]
    lab.stop()
    try:
        lab.write_config()
        lab.start_dataplane(walls[0].words(library))
        lab.start_ephemerad(walls[1].words(library))
        lab.ready(20)
        yield walls
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()


def loaded_at(lab):
    return datetime.datetime.fromisoformat(lab.status()["config_loaded_at"].replace("Z", "+00:00")).timestamp()


def check_jump(lab, walls, ahead_s, client, scripted):
    """One query is in flight during the jump, one is never answered, and the configuration changes twice."""
    in_flight, unanswered = (wire.query(f"{word}.rand.example") for word in ("flight", "unanswered"))
    client.send(in_flight)
    asked = scripted.next()
    for wall in walls:
        wall.set(ahead_s)
    growth, began = lab.growth(), time.monotonic()
    asked.response()
    assert wire.is_right(in_flight, client.receive())
    client.send(unanswered)
    scripted.next()
    assert abs(loaded_at(lab) - time.time() - ahead_s) < 600, "ephemerad's wall clock did not jump"
    config = copy.deepcopy(lab.config)
    lab.config["upstreams"]["servers"][0]["weight"] = 7
    assert len(lab.reload()["changes"]) == 1
    lab.config = config
    assert len(lab.reload()["changes"]) == 1
    wait("the unanswered query times out", lambda: growth.counters().get("timeouts"))
    took = time.monotonic() - began
    assert TIMEOUT_MS / 1000 * 0.95 < took < TIMEOUT_MS / 1000 + OTHER_S, f"a timeout of {TIMEOUT_MS} ms: {took:.3f} s"
    rounds = (time.monotonic() - began) * 1000 / PROBE_MS
    probes = growth.counters()["probes"]
    assert probes <= (rounds + 1) * (len(SERVERS) + 1), f"{probes} probes in {rounds:.1f} intervals"
    wait("probes continue", lambda: growth.counters()["probes"] >= probes + len(SERVERS) + 1, 2 * PROBE_MS / 1000 + 1)


def test_wall_clock_jumps(lab):
    """An hour and ten years, forward and back: queries, timeouts, probes, health and reloads use the monotonic clock.
    The dataplane never reads the wall clock; ephemerad reads it only to print it."""
    with daemons_on_test_clocks(lab) as walls, ScriptedUpstream(SCRIPTED[4]) as scripted, lab.client() as client:
        with lab.load("--rate", 500, "--timeout", 3) as load:
            growth, asked = lab.growth(), walls[0].asked
            since = {u["name"]: u["state"] for u in lab.upstreams().values()}
            for ahead_s in JUMPS:
                check_jump(lab, walls, ahead_s, client, scripted)
            assert {u["name"]: u["state"] for u in lab.upstreams().values()} == since
            result = load.finish()
        assert result["answered"] == result["sent"] and result["errors"] == 0, result
        growth.expect({}, {"timeouts": len(JUMPS), "own_servfail": 0, "probe_timeouts": 0})
        assert "is down" not in lab.logs()
        assert walls[0].asked == asked, "the dataplane read the wall clock"
        assert [wall.timers for wall in walls] == [0, 0], "a timer uses the wall clock"
        walls[1].set(0)
        asked = walls[1].asked
        lab.upstreams()
        assert walls[1].asked > asked > 0, "ephemerad does not use the wall clock of the test"
        lab.ready()


# Longer than every timeout in a daemon: queries and probes (2 s, and three probes of 250 ms until an upstream is down),
# ephemerad's wait for the dataplane (5 s) and for a command (5 s), and its interval for verifying next hops (10 s). A
# longer pause would make no difference.
STILL_S = 12


def test_all_processes_are_suspended_for_a_while(lab):
    """Queries sent meanwhile are lost. Afterwards forwarding continues within a second, no upstream goes down, and the
    request sent to ephemerad meanwhile is answered."""
    daemons = (lab.dataplane, lab.ephemerad)
    with lab.load("--rate", 500, "--timeout", 1) as load, Control() as control:
        before, status = control.ask("stats"), control.ask("status")
        for daemon in daemons:
            daemon.send_signal(signal.SIGSTOP)
        try:
            control.send("status")
            stopped = time.monotonic()
            wait("the pause is over", lambda: time.monotonic() > stopped + STILL_S, STILL_S + 5)
        finally:
            for daemon in daemons:
                daemon.send_signal(signal.SIGCONT)
        woken = time.monotonic()
        assert control.receive()["pid"] == status["pid"]
        states = set()

        def flows():
            states.update((u["name"], u["state"]) for u in control.ask("upstreams")["upstreams"])
            return control.ask("stats")["queries"] > before["queries"] + 4000

        wait("500 queries a second continue, for longer than an upstream needs to go down", flows, 20)
        result = load.finish()
    assert result["lost"] > STILL_S * 500 / 2 and result["refused"] == 0, result
    assert (
        result["last_failed"] < woken + 1
    ), f"a query was lost {result['last_failed'] - woken:.2f} s after the processes resumed"
    assert states == {(name, "up") for name in SERVERS}
