# SPDX-License-Identifier: BSD-3-Clause
"""The forwarder of a turn, Ephemera's dataplane or dpdk-testpmd, and ephemera-load as its clients and farm."""
import contextlib
import dataclasses
import json
import os
import subprocess

from benchlib import Failed, Process, wait

LOAD_CORE, FORWARDER_CORE = (sorted(os.sched_getaffinity(0)) * 2)[:2]  # bench.sh sees to it that there are two
SERVICE, UPSTREAM = "192.0.2.53", "198.51.100.101"
SOURCES = [f"198.51.100.{i}" for i in range(16, 24)]
CLIENTS = "192.0.2.64-192.0.2.127"
FARM_MAC = "02:00:00:00:01:01"  # no address has it: the farm answers all queries that it receives
WAITERS = 64  # as ephemerad has it by default
# A lost query stays in the table for the timeout (two seconds by default), and a query for the same name in the first
# quarter of it is coalesced with it and lost, too. With this many names no name repeats so soon, and a step of a search
# does not depend on losses of the previous one.
TIMEOUT_MS = 250
NAMES = 500_000
READY_S = 20
HELD = "holding the interfaces"  # what the load program says at its end


@dataclasses.dataclass(frozen=True)
class Size:
    """Sizes: flows of a worker (by default 1 Mi), and hugepages of a process."""

    flows: int = 1 << 20
    forwarder_mb: int = 640
    load_mb: int = 256

    @property
    def hugepages_mb(self):
        return self.forwarder_mb + self.load_mb


FULL, SMALL = Size(), Size(flows=1 << 16, forwarder_mb=256)


def eal(core, prefix, memory_mb):
    """EAL arguments for a process with all its threads on one core, and memory that its peer can map."""
    return [
        "--lcores", f"0@{core},1@{core}" if prefix == "forwarder" else f"0@{core}", "--main-lcore", "0",
        "--in-memory", "--single-file-segments", "--no-pci", "--no-telemetry", "--file-prefix", f"bench-{prefix}",
        "-m", memory_mb, "--log-level=error",
    ]  # fmt: skip


class Ephemera:
    """ephemera-dataplane with the default configuration: 0x20, coalescing, all ports from 49152."""

    name = "ephemera"

    def __init__(self, build, directory, transport, size):
        self.build, self.directory, self.transport, self.size = build, directory, transport, size
        self.process = None

    def start(self):
        self.process = Process(
            FORWARDER_CORE, self.directory / "forwarder.log", self.build / "dataplane/ephemera-dataplane",
            *eal(FORWARDER_CORE, "forwarder", self.size.forwarder_mb), *self.transport.forwarder,
            "--", "--runtime-dir", self.directory, "--flows", self.size.flows,
        )  # fmt: skip
        wait("the dataplane's socket", lambda: self.process.check_lives() and self._push() is not None, READY_S)
        sources = [word for source in SOURCES for word in ("--source", source)]
        self._push(
            "--service", f"{SERVICE}#53", *sources, "--ports", "49152-65535", "--waiters", WAITERS, "--random-case",
            "--timeout-ms", TIMEOUT_MS, "--upstream", f"farm={UPSTREAM}#53@{FARM_MAC},1", is_needed=True,
        )  # fmt: skip

    def _push(self, *words, is_needed=False):
        words = [self.build / "tests/bench/push/push", "--runtime-dir", self.directory, *words]
        done = subprocess.run([str(word) for word in words], capture_output=True, text=True, timeout=READY_S)
        if done.returncode != 0 and is_needed:
            raise Failed(done.stderr)
        return json.loads(done.stdout) if done.returncode == 0 else None

    def counters(self):
        state = self._push(is_needed=True)
        return state["counters"], state["drops"]

    def stop(self):
        self.process.stop()


class Testpmd:
    """The upper bound: swaps MAC addresses, addresses and ports of each packet, and sends it on the other interface.
    The farm receives the query with ends swapped, and the client gets its response as if from the service."""

    name = "testpmd"

    def __init__(self, build, directory, transport, size):
        self.directory, self.transport, self.size = directory, transport, size
        self.process = None

    def start(self):
        self.process = Process(
            FORWARDER_CORE, self.directory / "forwarder.log", "dpdk-testpmd",
            *eal(FORWARDER_CORE, "forwarder", self.size.forwarder_mb), *self.transport.forwarder, "--", "--forward-mode=5tswap", "--burst=64", "--rxd=1024", "--txd=1024",
            *self.transport.thresholds, "--total-num-mbufs=16384", "--no-mlockall", "--auto-start", "--interactive",
        )  # fmt: skip
        wait("testpmd", lambda: self.process.check_lives() and "testpmd>" in self.process.output(), READY_S)

    def stop(self):
        with contextlib.suppress(OSError):
            self.process.popen.stdin.write(b"quit\n")
            self.process.popen.stdin.flush()
        with contextlib.suppress(Failed):
            self.process.finish(READY_S)
        self.process.stop()


def turn(build, directory, transport, kind, words, seconds, size=FULL):
    """One forwarder's turn: the load program's result, and the forwarder's counters at the end."""
    forwarder = kind(build, directory, transport, size)
    result = directory / "load.json"
    for path in (result, *transport.sockets):
        path.unlink(missing_ok=True)  # of the turn before
    # The load program keeps its ports until the forwarder has ended: memif's driver unmaps what the peer still polls.
    with contextlib.ExitStack() as loads, contextlib.ExitStack() as forwarders:

        def load_start():
            process = Process(
                LOAD_CORE, directory / "load.log", build / "tests/bench/load/ephemera-load",
                *eal(LOAD_CORE, "load", size.load_mb), *transport.load, "--",
                "--service", SERVICE, "--service-mac", transport.macs[0], "--clients", CLIENTS, "--generate", NAMES,
                "--farm-device", "1", "--wait", READY_S, "--hold", "--json", result, *words,
            )  # fmt: skip
            loads.callback(process.stop)
            return process

        def forwarder_start():
            forwarders.callback(lambda: forwarder.process and forwarder.stop())
            forwarder.start()

        if transport.load_is_first:
            load = load_start()
            wait("the load program's sockets", lambda: load.check_lives() and all(s.exists() for s in transport.sockets))
            forwarder_start()
        else:
            forwarder_start()
            load = load_start()
        wait("the load program's end", lambda: load.popen.poll() is not None or HELD in load.output(), seconds)
        if load.popen.poll() is not None:
            raise Failed(f"ephemera-load ended with status {load.popen.returncode} over {transport.name}, {kind.name} in "
                         f"the middle:\n{load.output()}\n{forwarder.process.output()}")  # fmt: skip
        forwarder.process.check_lives()
        found = json.loads(result.read_text())
        if kind is Ephemera:
            found["forwarder"] = dict(zip(("counters", "drops"), forwarder.counters()))
    return found
