# SPDX-License-Identifier: BSD-3-Clause
"""The next hop's MAC changes, its entry disappears from the kernel's neighbour table, and the table is flooded."""
import contextlib
import json
import os
import pathlib
import random
import struct
import time

import pytest

import wire
from control import Control
from deadline import wait
from topology import CLIENT, DIR, FARM, FWD, SERVERS, SERVICE, SOURCES
from observers import resident_kb

BROADCAST = b"\xff" * 6
# The parts of the limit: first a probe must fail (half a second here), then the kernel sends unicast solicitations to the
# old MAC for three seconds before it multicasts, then two probes must succeed.
SILENT_MOVE_S = 6.0
ANNOUNCED_MOVE_S = 0.5
FLOOD = 5000


# Keeps the farm from sending ARP requests and solicitations. The tables may exist already.
LOUD = """
table arp quiet
delete table arp quiet
table ip6 quiet
delete table ip6 quiet
"""
QUIET = """
table arp quiet {
	chain out { type filter hook output priority 0
		arp operation request drop
	}
}
table ip6 quiet {
	chain out { type filter hook output priority 0
		icmpv6 type nd-neighbor-solicit drop
	}
}
"""


def set_mac(lab, mac):
    """Changes the MAC; this also empties the farm's neighbour table, as on a machine that takes over its addresses."""
    lab.run(FARM, "ip", "link", "set", "eph-f1", "address", mac.hex(":"))


def move_announced(lab, mac):
    """Announces the new MAC as routers do at a failover: by gratuitous ARP and an unsolicited advertisement."""
    values = ("net.ipv4.conf.eph-f1.arp_notify", "net.ipv6.conf.eph-f1.ndisc_notify")
    lab.run(FARM, "sysctl", "-q", "-w", *(f"{value}=1" for value in values))
    set_mac(lab, mac)
    lab.run(FARM, "sysctl", "-q", "-w", *(f"{value}=0" for value in values))


def add_permanent_neighbours(lab, namespace, device, peer, addresses):
    """Adds permanent neighbour entries, so that the namespace sends no solicitations for these addresses."""
    entry = f"lladdr {lab.mac(FWD, peer).hex(':')} dev {device} nud permanent"
    (DIR / "known.ip").write_text("".join(f"neigh replace {address} {entry}\n" for address in addresses))
    lab.run(namespace, "ip", "-batch", DIR / "known.ip")


def forget(lab, namespace, device):
    lab.run(namespace, "ip", "neigh", "flush", "dev", device, "nud", "all")


def move_silently(lab, mac):
    """Changes the MAC without any packet from the farm that would announce it."""
    (DIR / "quiet.nft").write_text(QUIET)
    lab.run(FARM, "nft", "-f", DIR / "quiet.nft")
    set_mac(lab, mac)
    add_permanent_neighbours(lab, FARM, "eph-f1", "eph-f0", SOURCES[4] + SOURCES[6])


def times_learned(lab, mac):
    """How often ephemerad logged that MAC as the next hop of an upstream."""
    return lab.logs_of("ephemerad.log").count(f"next hop {mac.hex(':')}")


@contextlib.contextmanager
def mac_restored(lab):
    old = lab.mac(FARM, "eph-f1")
    try:
        yield
    finally:
        (DIR / "quiet.nft").write_text(LOUD)
        lab.run(FARM, "nft", "-f", DIR / "quiet.nft")
        heard = times_learned(lab, old)
        move_announced(lab, old)
        wait("ephemerad has learned the old MAC again", lambda: times_learned(lab, old) >= heard + len(SERVERS))
        lab.ready()


@pytest.mark.parametrize("move, limit_s", [(move_announced, ANNOUNCED_MOVE_S), (move_silently, SILENT_MOVE_S)])
def test_next_hop_gets_another_mac(lab, move, limit_s):
    """The traffic of both families moves to the new MAC."""
    new = b"\x02\xe9\x0a" + os.urandom(3)
    with mac_restored(lab), lab.load("--rate", 500, "--timeout", 0.25) as load:
        before, moved_at = lab.stats(), time.monotonic()
        move(lab, new)
        wait("queries are answered", lambda: lab.stats()["responses"] > before["responses"] + 500, 15)
        lab.ready()
        responses = lab.stats()["responses"]
        wait("queries are still answered", lambda: lab.stats()["responses"] > responses + 500, 15)
        result = load.finish()
        outage = max((result["last_failed"] or moved_at) - moved_at, 0)
        name = move.__name__.replace("move_", "")
        lab.measured.append(f"the next hop's MAC changed, {name}: clients went without responses for {outage:.2f} s")
        assert outage < limit_s, result
        assert result["answered"] > result["sent"] - 500 * limit_s and result["errors"] == 0, result


def neighbours(lab, version=4):
    return json.loads(lab.run(FWD, "ip", f"-{version}", "-j", "neigh", "show", "dev", "eph-f0") or "[]")


def flush(lab):
    lab.run(FWD, "ip", "neigh", "flush", "dev", "eph-f0")


def expire(lab):
    """Makes the entries stale: the kernel must verify them before it uses them again."""
    for address in SERVERS.values():
        lab.run(FWD, "ip", "neigh", "replace", address, "lladdr", lab.mac(FARM, "eph-f1").hex(":"), "dev", "eph-f0",
                "nud", "stale")  # fmt: skip


def fail(lab):
    for address in SERVERS.values():
        lab.run(FWD, "ip", "neigh", "replace", address, "dev", "eph-f0", "nud", "failed")


@pytest.mark.parametrize("lose", [flush, expire, fail])
def test_neighbour_entry_is_lost(lab, lose):
    """No query is lost: the MAC stays in use while the kernel resolves it again, at once."""
    with lab.load("--rate", 1000, "--timeout", 2) as load:
        for _ in range(10):
            queries = lab.stats()["queries"]
            lose(lab)
            wait("queries go on", lambda: lab.stats()["queries"] > queries + 100)

        def resolved():
            entries = neighbours(lab, 4) + neighbours(lab, 6)
            return {n["dst"] for n in entries if "lladdr" in n and "FAILED" not in n["state"]} >= set(SERVERS.values())

        wait("the kernel has resolved the next hops again", resolved)
        result = load.finish()
    assert result["answered"] == result["sent"] and result["errors"] == 0, result
    assert all(u["state"] == "up" for u in lab.upstreams().values())


def arp_request(mac, sender, target):
    body = struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac + sender + bytes(6) + target
    return BROADCAST + mac + b"\x08\x06" + body.ljust(46, b"\0")


def solicitation(mac, sender, target):
    """A neighbour solicitation (RFC 4861 section 4.3) to the target's solicited-node group, with the sender's MAC."""
    group = bytes.fromhex("ff0200000000000000000001ff") + target[13:]
    body = struct.pack("!BBHI", 135, 0, 0, 0) + target + b"\x01\x01" + mac
    summed = wire.internet_sum(wire.pseudo_header(sender, group, 58, len(body)) + body)
    body = body[:2] + struct.pack("!H", ~summed & 0xFFFF) + body[4:]
    return wire.ethernet(b"\x33\x33" + group[12:], mac, wire.ip(sender, group, 58, body, ttl=255))


def flood(lab, count):
    """`count` hosts of each family solicit the forwarder's addresses, and so announce their own."""
    ours = {4: wire.address_bytes("198.51.100.1"), 6: wire.address_bytes("2001:db8:2::1")}
    draw = random.Random(9)
    with lab.sender(FARM, "eph-f1") as shot:
        for _ in range(count):
            mac = b"\x02" + draw.randbytes(5)
            shot.send(arp_request(mac, bytes([10]) + draw.randbytes(3), ours[4]))
            shot.send(solicitation(mac, wire.address_bytes("2001:db8:2::")[:8] + draw.randbytes(8), ours[6]))


def table_limit():
    """The kernel's limit on a family's neighbour table, which all network namespaces share."""
    return int(pathlib.Path("/proc/sys/net/ipv4/neigh/default/gc_thresh3").read_text())


def test_neighbour_table_is_flooded(lab):
    """The kernel's tables fill up to their limit, ephemerad's memory does not grow, and queries are answered. All
    namespaces share the tables, so clients and farm get permanent entries, which are not evicted."""
    before = resident_kb(lab.ephemerad)
    most = {4: 0, 6: 0}
    add_permanent_neighbours(lab, FARM, "eph-f1", "eph-f0", SOURCES[4] + SOURCES[6])
    add_permanent_neighbours(lab, CLIENT, "eph-c1", "eph-c0", SERVICE.values())
    try:
        with lab.load("--rate", 500, "--timeout", 2) as load, Control() as control:
            for _ in range(4):
                flood(lab, FLOOD // 4)
                queries = control.ask("stats")["queries"]
                wait("queries go on", lambda: control.ask("stats")["queries"] > queries + 250)
                most = {version: max(most[version], len(neighbours(lab, version))) for version in most}
            states = {u["state"] for u in control.ask("upstreams")["upstreams"]}
            result = load.finish()
        assert result["answered"] == result["sent"] and result["errors"] == 0, result
        assert states == {"up"}
        assert all(200 < count <= table_limit() for count in most.values()), most
        assert resident_kb(lab.ephemerad) < before + 1024
    finally:
        flush(lab)
        forget(lab, FARM, "eph-f1")
        forget(lab, CLIENT, "eph-c1")
