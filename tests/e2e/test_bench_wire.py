# SPDX-License-Identifier: BSD-3-Clause
"""The wire benchmark and its load program: every transport carries queries and responses, and faults are reported."""
import contextlib
import json
import os
import pathlib
import subprocess
import threading

import pytest

import netns
from topology import ROOT

BUILD = pathlib.Path(os.environ.get("EPHEMERA_BUILD", ROOT / "build"))
LOAD = BUILD / "tests/bench/load/ephemera-load"
CORE = min(os.sched_getaffinity(0))
EAL = ["--lcores", f"0@{CORE}", "--no-shconf", "--no-huge", "--no-pci", "-m", "256", "--log-level=error"]
RING = ["--vdev", "net_ring0"]  # a loopback: transmitted packets are received
CLIENTS = ["--service-mac", "02:00:00:00:00:01", "--quiet"]
IPV4 = ["--service", "192.0.2.53", "--clients", "192.0.2.64/26"]
IPV6 = ["--service", "2001:db8:1::53#5353", "--clients", "2001:db8:1::1:0/120"]


def load(eal, own, seconds=60):
    words = [str(LOAD), *eal, "--", *own]
    return subprocess.run(words, capture_output=True, text=True, timeout=seconds, stdin=subprocess.DEVNULL)


def test_smoke():
    """Both forwarders, over every transport."""
    done = subprocess.run(
        ["/usr/bin/python3", ROOT / "tests/bench/wire/run.py", "--build", BUILD, "--smoke", "--transports",
         "vhost,vhost-back,memif"], capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr.count(" answered") == 6, done.stderr


@pytest.mark.parametrize("family", [IPV4, IPV6], ids=["ipv4", "ipv6"])
@pytest.mark.parametrize("delay", ["0", "2000"])
def test_own_farm(family, delay):
    done = load([*EAL, *RING], [*family, *CLIENTS, "--farm-device", "0", "--farm-delay", delay, "--rate", "20k",
                                "--duration", "0.5", "--warm-up", "0.1", "--edns", "1232", "--json", "-"])  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)["result"]
    assert found["counters"]["answered"] == found["counters"]["sent"] > 1000
    assert found["wrong"] == 0 and found["lost"] == 0
    assert found["latency_us"]["p50"] >= 0.98 * float(delay)  # a bucket is 1.6 % wide
    assert found["rcodes"] == {"0": found["counters"]["sent"]}


def test_names_from_a_file(tmp_path):
    names = tmp_path / "names"
    names.write_text("# what is asked\nwww.Example.com AAAA\nexample.com\n. NS\n")
    done = load([*EAL, *RING], [*IPV4, *CLIENTS, "--farm-device", "0", "--names", names, "--duration", "0.2",
                                "--rate", "10k", "--json", "-"])  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found["setting"]["names"] == 3
    assert found["result"]["wrong"] == 0


def test_search_and_table():
    done = load([*EAL, *RING], [*IPV4, *CLIENTS, "--farm-device", "0", "--search-max", "20k", "--duration", "0.1",
                                "--warm-up", "0", "--timeout", "500"])  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    assert "highest rate" in done.stdout and "at  50 %" in done.stdout and "at  90 %" in done.stdout


def test_no_responses(tmp_path):
    written = tmp_path / "queries.pcap"
    eal = [*EAL, "--vdev", f"net_pcap0,rx_pcap={written},tx_pcap={tmp_path / 'out.pcap'}"]
    written.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))  # no packets
    done = load(eal, [*IPV4, *CLIENTS, "--wait", "0.2"])
    assert done.returncode == 3, done.stderr
    assert "no response to the first queries" in done.stderr
    assert (tmp_path / "out.pcap").stat().st_size > 24 + 100  # it did send


@pytest.mark.parametrize(
    "eal, own, status, text",
    [
        ([], ["--service", "192.0.2.53"], 2, "--clients"),
        ([], [*IPV4, "--rate", "fast"], 2, "--rate fast: give"),
        ([*EAL, *RING], [*IPV4, *CLIENTS, "--client-device", "7"], 3, "no DPDK device 7"),
        ([*EAL, *RING], [*IPV4, *CLIENTS, "--names", "/nowhere/names"], 3, "/nowhere/names: No such file"),
        ([*EAL, "--vdev", "net_null0,no-rx=1"], [*IPV4, "--wait", "0.2"], 3, "give --service-mac"),
        ([*EAL, "--vdev", "net_none0"], [*IPV4, *CLIENTS], 3, "EAL did not start"),
    ],
)
def test_faults_are_reported(eal, own, status, text):
    done = load(eal, own)
    assert done.returncode == status and text in done.stderr, done.stderr


@contextlib.contextmanager
def link():
    """Two namespaces with a veth pair between: one end for the load program, without an address, one for the kernel."""
    ours, theirs = "eph-load-a", "eph-load-b"
    try:
        for words in (
            f"netns add {ours}", f"netns add {theirs}", f"link add eph-l0 netns {ours} type veth peer eph-l1 netns {theirs}",
            f"-n {ours} link set eph-l0 up", f"-n {theirs} link set lo up", f"-n {theirs} link set eph-l1 up",
            f"-n {theirs} addr add 192.0.2.53/24 dev eph-l1", f"-n {theirs} addr add 2001:db8:1::53/64 dev eph-l1 nodad",
        ):  # fmt: skip
            subprocess.run(["ip", *words.split()], check=True)
        # Without this the kernel would leave checksums to a NIC, which a veth is not.
        subprocess.run(
            ["ip", "netns", "exec", theirs, "ethtool", "-K", "eph-l1", "tx", "off"], check=True, capture_output=True
        )
        yield ours, theirs
    finally:
        for name in (ours, theirs):
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


@contextlib.contextmanager
def answering(namespace, address):
    """A server that responds to every query with only its question."""
    with netns.udp_socket(namespace, address, 53) as server:
        server.settimeout(0.1)
        is_over = threading.Event()

        def serve():
            while not is_over.is_set():
                with contextlib.suppress(TimeoutError):
                    query, client = server.recvfrom(512)
                    server.sendto(query[:2] + bytes([query[2] | 0x80]) + query[3:], client)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield
        finally:
            is_over.set()
            thread.join()


@pytest.mark.parametrize(
    "service, clients", [("192.0.2.53", "192.0.2.64/30"), ("2001:db8:1::53", "2001:db8:1::40/126")]
)
def test_neighbours(service, clients):
    """With a kernel as the peer: the load program resolves its MAC address, and the kernel resolves each client's."""
    with link() as (ours, theirs), answering(theirs, service):
        words = ["nsenter", f"--net=/run/netns/{ours}", str(LOAD), *EAL, "--vdev", "net_af_packet0,iface=eph-l0", "--",
                 "--service", service, "--clients", clients, "--rate", "200", "--duration", "0.5", "--warm-up", "0",
                 "--quiet", "--json", "-"]  # fmt: skip
        done = subprocess.run(words, capture_output=True, text=True, timeout=60, stdin=subprocess.DEVNULL)
        assert done.returncode == 0, done.stdout + done.stderr
        assert json.loads(done.stdout)["result"]["counters"]["answered"] > 10
        for i in range(4):
            address = clients.replace("40/126", f"{0x40 + i:x}").replace("64/30", f"{64 + i}")
            entry = subprocess.run(
                ["ip", "-n", theirs, "neigh", "show", address], capture_output=True, text=True
            ).stdout
            assert "lladdr" in entry and "FAILED" not in entry, (address, entry)


def test_help():
    done = subprocess.run([str(LOAD), "--help"], capture_output=True, text=True, timeout=10)
    assert done.returncode == 0
    assert "--service ADDRESS" in done.stdout and "Exit status" in done.stdout
