# SPDX-License-Identifier: BSD-3-Clause
"""CPU time of a forwarder: its own, in user and system mode, and the softirq time of its core."""
import os
import pathlib
import time

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
IDLE, IOWAIT, SOFTIRQ, TIMES = 3, 4, 6, 7  # places in a line of /proc/stat; TIMES are all but those of guests


def process_s(pid):
    """Seconds of user and system time, all threads."""
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) * TICK_S


def core_s(core):
    """Seconds that a core was busy, and those of them in softirq."""
    for line in pathlib.Path("/proc/stat").read_text().splitlines():
        name, *words = line.split()
        if name == f"cpu{core}":
            times = [int(word) * TICK_S for word in words[:TIMES]]
            return sum(times) - times[IDLE] - times[IOWAIT], times[SOFTIRQ]
    raise ValueError(f"no core {core}")


class Meter:
    """The CPU time of a process and its core's softirq while the block runs. A kernel without IRQ time accounting also
    charges a softirq to the interrupted process; so the sum is capped at the time that the core was busy."""

    def __init__(self, pid, core):
        self.pid, self.core = pid, core

    def _read(self):
        return (time.monotonic(), process_s(self.pid), *core_s(self.core))

    def __enter__(self):
        self.began = self._read()
        return self

    def __exit__(self, *_):
        wall, process, busy, softirq = (after - before for before, after in zip(self.began, self._read()))
        self.result = {
            "process_s": round(process, 2), "softirq_s": round(softirq, 2), "core_busy_s": round(busy, 2),
            "wall_s": round(wall, 3),
        }  # fmt: skip
        self.seconds = min(process + softirq, busy)
