# SPDX-License-Identifier: BSD-3-Clause
"""Observers: a sniffer on one end of a veth, a continuous ping, and the CPU time and memory of a process."""
import os
import pathlib
import select
import socket
import struct
import threading
import time

import netns
import wire


class Background:
    """A thread that serves one socket until the `with` ends."""

    def __enter__(self):
        self.stop_read, self.stop_write = socket.socketpair()
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop_write.send(b"x")
        self.thread.join()
        for sock in (self.sock, self.stop_read, self.stop_write):
            sock.close()

    def _run(self):
        while True:
            readable, _, _ = select.select([self.sock, self.stop_read], [], [], self.tick())
            if self.stop_read in readable:
                return
            if self.sock in readable:
                self.on_readable()

    def tick(self):
        return None


class Sniffer(Background):
    """All packets that arrive at one device (not those that leave it), as wire.Packet; keep(packet) filters."""

    def __init__(self, namespace, device, keep=None):
        self.sock = netns.packet_socket(namespace, device)
        self.sock.setsockopt(263, 23, 1)  # SOL_PACKET, PACKET_IGNORE_OUTGOING
        self.keep = keep
        self.packets = []
        self.changed = threading.Condition()

    def on_readable(self):
        packet = wire.parse(self.sock.recv(65535))
        if packet and (self.keep is None or self.keep(packet)):
            with self.changed:
                self.packets.append(packet)
                self.changed.notify_all()

    def wait_for(self, fits, seconds=5.0):
        """The first packet that fits(packet)."""
        deadline = time.monotonic() + seconds
        with self.changed:
            at = 0
            while True:
                for packet in self.packets[at:]:
                    if fits(packet):
                        return packet
                at = len(self.packets)
                left = deadline - time.monotonic()
                assert left > 0, f"no such packet arrived within {seconds} s"
                self.changed.wait(left)


class Pinger(Background):
    """Sends an echo request to the kernel of eph-fwd every 10 ms and counts the replies."""

    INTERVAL = 0.01

    def __init__(self, namespace, address):
        self.is_ipv6 = ":" in address
        ipv4, ipv6 = (socket.AF_INET, socket.IPPROTO_ICMP), (socket.AF_INET6, socket.IPPROTO_ICMPV6)
        family, protocol = ipv6 if self.is_ipv6 else ipv4
        self.sock = netns.within(namespace, lambda: socket.socket(family, socket.SOCK_RAW, protocol))
        self.sock.connect((address, 0))
        self.sent = self.answered = 0
        self.waiting = {}
        self.due = time.monotonic()

    def tick(self):
        now = time.monotonic()
        if now >= self.due:
            self.due = now + self.INTERVAL
            self.sent += 1
            body = struct.pack("!BBHHH", 128 if self.is_ipv6 else 8, 0, 0, 0xE9E, self.sent & 0xFFFF)
            if not self.is_ipv6:
                body = body[:2] + struct.pack("!H", ~wire.internet_sum(body) & 0xFFFF) + body[4:]
            self.waiting[self.sent & 0xFFFF] = now
            self.sock.send(body)
        return max(0.0, self.due - time.monotonic())

    def on_readable(self):
        body = self.sock.recv(2048)
        if not self.is_ipv6:
            body = body[(body[0] & 15) * 4 :]
        kind, _, _, ident, sequence = struct.unpack("!BBHHH", body[:8])
        if kind == (129 if self.is_ipv6 else 0) and ident == 0xE9E and self.waiting.pop(sequence, None):
            self.answered += 1

    def unanswered(self, after_seconds=1.0):
        """Requests older than that without a reply."""
        limit = time.monotonic() - after_seconds
        return [sequence for sequence, moment in list(self.waiting.items()) if moment < limit]


def thread_seconds(pid):
    """The CPU time of each thread, by (TID, name)."""
    seconds = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        fields = (task / "stat").read_text().rsplit(")", 1)[1].split()
        name = (task / "comm").read_text().strip()
        seconds[task.name, name] = (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    return seconds


def resident_kb(process):
    """The resident memory of a process."""
    with open(f"/proc/{process.pid}/status") as file:
        return next(int(line.split()[1]) for line in file if line.startswith("VmRSS"))
