# SPDX-License-Identifier: BSD-3-Clause
"""A pcap of make-pcap, read by DPDK's pcap driver into the dataplane: every query is forwarded to the farm."""
import contextlib
import json
import mmap
import os
import pathlib
import re
import signal
import socket
import struct
import subprocess
import threading

import pytest
from scapy.all import IP, UDP, Ether, IPv6

from deadline import wait
from test_pktgen import BOTH, ROOT, check_frame, frames_of, make_pcap
from topology import SHARED_CORE, WORKER_CORE

COUNT = 3000
BUILD = pathlib.Path(os.environ.get("EPHEMERA_BUILD", ROOT / "build")).resolve()
FARM_MAC = "02:00:00:00:00:fa"
SOURCES = {4: "198.51.100.16", 6: "2001:db8:2::16"}
UPSTREAMS = {4: "198.51.100.101", 6: "2001:db8:2::101"}
EMPTY_PCAP = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
FILLER = struct.pack("<IIII", 0, 0, 60, 60) + bytes(12) + b"\x88\xb5" + bytes(46)  # to no station


def counter_names():
    """The names of the counters and the drop reasons, in the order of the statistics segment."""
    text = (ROOT / "dataplane/shared/counters.h").read_text()
    lists = re.split(r"#define (?:WORKER_COUNTERS|DROP_REASONS)\(X\)", text.split("enum worker_counter")[0])
    return [re.findall(r"^\tX\((\w+),", part, re.MULTILINE) for part in lists[1:]]


class Feed:
    """The dataplane with two interfaces of the pcap driver. Interface 0 reads a pipe, so that the queries come after
    the dataplane has its snapshot. Until then filler is written, because a driver that waits for its file keeps the
    worker from adopting the snapshot."""

    def __init__(self, tmp_path):
        self.tmp_path = tmp_path
        self.pipe, self.clients, self.farm = (tmp_path / n for n in ("queries", "clients.pcap", "farm.pcap"))
        self.filled, self.ready, self.queries = 0, threading.Event(), b""

    @contextlib.contextmanager
    def running(self):
        os.mkfifo(self.pipe)
        (self.tmp_path / "none.pcap").write_bytes(EMPTY_PCAP)
        feeder = threading.Thread(target=self._feed)
        with open(self.tmp_path / "log", "wb") as log:
            self.process = subprocess.Popen(
                [BUILD / "dataplane/ephemera-dataplane", "--lcores", f"0@{SHARED_CORE},1@{WORKER_CORE}",
                 "--main-lcore", "0", "--no-shconf", "--no-pci", "--no-huge", "-m", "512", "--vdev", f"net_pcap0,rx_pcap={self.pipe},tx_pcap={self.clients}",
                 "--vdev", f"net_pcap1,rx_pcap={self.tmp_path}/none.pcap,tx_pcap={self.farm}",
                 "--", "--runtime-dir", self.tmp_path, "--flows", "65536"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
            )  # fmt: skip
        feeder.start()
        try:
            wait("the dataplane has its socket", self._is_up, 30)
            yield self
        finally:
            self.ready.set()
            if self.process.poll() is None:
                self.process.kill()
            self.process.wait()
            # Ends a feeder that still waits for a reader of the pipe, or for room in it.
            os.close(os.open(self.pipe, os.O_RDONLY | os.O_NONBLOCK))
            feeder.join()

    def _is_up(self):
        assert self.process.poll() is None, (self.tmp_path / "log").read_text()
        return (self.tmp_path / "dataplane.sock").exists()

    def _feed(self):
        with contextlib.suppress(BrokenPipeError), open(self.pipe, "wb", buffering=0) as pipe:
            pipe.write(EMPTY_PCAP)
            while not self.ready.is_set():
                pipe.write(FILLER * 64)
                self.filled += 64
            # Frames that the worker has already read are processed with the previous snapshot.
            pipe.write(FILLER * 2048)
            self.filled += 2048
            pipe.write(self.queries)

    def push(self, *words):
        """Runs push: sends a snapshot, if the arguments say so, and returns the interfaces' MAC addresses."""
        command = [BUILD / "tests/bench/push/push", "--runtime-dir", self.tmp_path, *words]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        return [interface["mac"] for interface in json.loads(done.stdout)["interfaces"]]

    def offer(self, path):
        """Sends the dataplane its snapshot, then the queries of a pcap."""
        upstreams = [f"--upstream=u{v}={UPSTREAMS[v]}#53@{FARM_MAC},1" for v in (4, 6)]
        services = ["--service", "192.0.2.53#53", "--service", "2001:db8:1::53#53"]
        sources = ["--source", SOURCES[4], "--source", SOURCES[6], "--ports", "49152-65535"]
        self.push(*services, *sources, "--random-case", *upstreams)
        self.queries = path.read_bytes()[len(EMPTY_PCAP) :]
        self.ready.set()

    def counters(self):
        """The counters and drops of the only worker, from the statistics segment."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as asker:
            asker.connect(str(self.tmp_path / "dataplane.sock"))
            asker.send(struct.pack("=HHiQQ", 2, 1, 0, 0, 0))  # HELLO
            _, fds, _, _ = socket.recv_fds(asker, 65536, 256)
        try:
            with mmap.mmap(fds[0], 0, mmap.MAP_SHARED, mmap.PROT_READ) as segment:
                (offset,) = struct.unpack_from("=32xQ", segment)
                names = counter_names()
                values = struct.unpack_from(f"={sum(map(len, names))}Q", segment, offset)
        finally:
            for fd in fds:
                os.close(fd)
        split = len(names[0])
        return dict(zip(names[0], values[:split])), {n: v for n, v in zip(names[1], values[split:]) if v}

    def end(self):
        """Stops the dataplane with a signal; then its output is in the pcap files."""
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(20) == 0, (self.tmp_path / "log").read_text()
        return frames_of(self.clients), frames_of(self.farm)


def question_of(data):
    """Everything after the query ID, in lower case, of a frame; its checksums must be right."""
    frame = Ether(data)
    check_frame(data, frame)
    return frame, bytes(frame[UDP].payload)[2:].lower()


@pytest.mark.parametrize("edns", [0.0, 0.7])
def test_every_query_of_a_pcap_is_forwarded(tmp_path, edns):
    path = tmp_path / "q.pcap"
    feed = Feed(tmp_path)
    with feed.running():
        client_side, farm_side = feed.push()
        make_pcap(path, "--count", COUNT, "--edns", edns, *BOTH, target=client_side)
        feed.offer(path)
        wait("all queries are forwarded", lambda: feed.counters()[0]["queries"] >= COUNT, 20)
        counters, drops = feed.counters()
        to_clients, to_farm = feed.end()
    assert (counters["queries"], counters["tx"], counters["coalesced"], counters["edns_clamped"]) == (
        COUNT,
        COUNT,
        0,
        0,
    )
    assert set(drops) <= {"other_mac", "no_snapshot"} and sum(drops.values()) == feed.filled, drops
    assert to_clients == [] and len(to_farm) == COUNT
    asked = frames_of(path)
    ports, changed = set(), 0
    for sent, data in zip(asked, to_farm):
        frame, question = question_of(data)
        version = 4 if IP in frame else 6
        ip = frame[IP] if version == 4 else frame[IPv6]
        assert question == question_of(sent)[1]
        assert (ip.src, ip.dst, frame[UDP].dport) == (SOURCES[version], UPSTREAMS[version], 53)
        assert (frame.src, frame.dst) == (farm_side, FARM_MAC) and 49152 <= frame[UDP].sport
        ports.add(frame[UDP].sport)
        changed += data[-len(question) :] != sent[-len(question) :]
    assert len(ports) > COUNT / 2  # of 16384, drawn at random: about 2700 are expected
    assert changed > COUNT * 0.99  # the letter case is drawn at random: one in 2^12 does not change
