#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Captures with tcpdump the queries that reach the farm; fails if a packet was lost.

    dump.py FILE COMMAND...

runs the command while it captures, and exits with the command's status; capture.py reads the file. As a class:
`with Dump(path) as dump: ...`, then dump.queries()."""
import os
import signal
import struct
import subprocess
import sys
import time

import capture
import netns
from topology import SHARED_CORE

SECONDS = 10  # how long tcpdump may take to write what it has captured


class Dump:
    def __init__(self, path, core=SHARED_CORE):
        self.path = path
        self.command = [
            "nsenter", "--net=/run/netns/eph-farm", "taskset", "-c", str(core),
            "tcpdump", "-i", "eph-f1", "-n", "-s", "128", "-B", "131072", "-Q", "in", "-Z", "root", "-w", str(path),
            "udp dst port 53",
        ]  # fmt: skip

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stderr=subprocess.PIPE, text=True)
        for line in self.process.stderr:
            if "listening on" in line:
                return self
        raise RuntimeError("tcpdump did not start")

    def __exit__(self, *_):
        self._flush()
        self.process.send_signal(signal.SIGINT)
        summary = self.process.stderr.read()
        self.process.wait()
        if "\n0 packets dropped by kernel" not in "\n" + summary:
            raise RuntimeError(f"the capture lost packets: {summary}")

    def _flush(self):
        """tcpdump receives packets in blocks, up to a second late, and loses the last block when it is stopped. So this
        sends a marker, a response that servers ignore and capture.queries() skips, and waits until it is in the file.
        """
        marker = os.urandom(16)
        with netns.udp_socket("eph-fwd", "198.51.100.1") as sock:
            sock.sendto(struct.pack("!HHHHHH", 0, 0x8000, 0, 0, 0, 0) + marker, ("198.51.100.101", 53))
        deadline = time.monotonic() + SECONDS
        looked = max(0, os.path.getsize(self.path) - 65536)
        while True:
            self.process.send_signal(signal.SIGUSR2)
            with open(self.path, "rb") as file:
                file.seek(looked)
                block = file.read()
                if marker in block:
                    return
                looked += max(0, len(block) - len(marker))
            if time.monotonic() > deadline:
                raise RuntimeError(f"tcpdump did not write the marker to {self.path} within {SECONDS} s")
            time.sleep(0.02)  # the polling interval: a file that grows has no event

    def queries(self):
        return list(capture.queries(self.path))


def main():
    if len(sys.argv) < 3:
        sys.exit("usage: dump.py FILE COMMAND...")
    with Dump(sys.argv[1]):
        status = subprocess.run(sys.argv[2:]).returncode
    return status


if __name__ == "__main__":
    sys.exit(main())
