# SPDX-License-Identifier: BSD-3-Clause
"""The live views of ephemeractl (top, ports, latency, drops) agree with the counters."""
import contextlib
import json
import re
import subprocess

import pytest

import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from pty_screen import Terminal
from topology import DIR, SCRIPTED, PORTS, SERVICE, SHARED_CORE

NAMES = 20000
ENOUGH = 16 * NAMES  # 20 for each port: 1 port in 500 million is missed by chance


@contextlib.contextmanager
def top(lab, *options, columns=160, rows=50):
    command = [lab.build / "control/ephemeractl", "top", "-s", DIR / "ephemera/control.sock", "-i", "0.5", *options]
    with Terminal(command, columns, rows) as terminal:
        yield terminal


def figures(screen, line):
    """The numbers of a line of the screen, "per second" or "total": queries, responses, timeouts, drops, coalesced."""
    found = [text for text in screen.text().splitlines() if text.startswith(line)]
    return [float(n.replace(",", "")) for n in re.findall(r"[\d,.]+", found[0][len(line) :])] if found else []


def test_top_shows_what_stats_shows(lab):
    with top(lab) as terminal:
        with lab.load("--rate", 1500) as load:
            # The clients' rate, measured over half a second on a busy machine.
            terminal.wait(lambda screen: (f := figures(screen, "per second")) and 1000 < f[0] < 2000, 20)
            terminal.wait(lambda screen: (f := figures(screen, "per second")) and 1000 < f[1] < 2000, 20)
            result = load.finish()
        assert result["lost"] == 0, result
        stats = lab.stats()
        wanted = [stats["queries"], stats["responses"], stats["timeouts"], sum(stats["drops"].values())]
        terminal.wait(lambda screen: figures(screen, "total")[:4] == wanted, 10)
        terminal.wait(lambda screen: figures(screen, "per second")[:2] == [0, 0], 10)
        for name, upstream in lab.upstreams().items():
            assert re.search(rf"(?m)^{name} +{upstream['state']} ", terminal.screen.text()), terminal.screen.text()
        assert re.search(r"entropy +[a-z][^;]*; [\d.]+ bits IPv4, [\d.]+ IPv6; ", terminal.screen.text())
        terminal.type("q")
        assert terminal.end() == 0
        assert terminal.screen.faults == []


def test_top_keeps_running_without_the_daemons(lab):
    with top(lab) as terminal:
        terminal.wait(lambda screen: figures(screen, "total") and "NOT CONNECTED" not in screen.text(), 20)
        lab.kill(lab.ephemerad)
        terminal.wait(lambda screen: "NOT CONNECTED to ephemerad" in screen.text(), 10)
        lab.start_ephemerad()
        terminal.wait(lambda screen: "NOT CONNECTED" not in screen.text() and figures(screen, "per second"), 20)
        lab.kill(lab.dataplane)
        terminal.wait(lambda screen: "dataplane NOT CONNECTED" in screen.text(), 10)
        lab.start_dataplane()
        terminal.wait(lambda screen: "NOT CONNECTED" not in screen.text() and figures(screen, "per second"), 20)
        lab.ready(20)
        assert terminal.process.poll() is None
        terminal.signal(2)
        assert terminal.end() == -2


def test_top_as_json_agrees(lab):
    with lab.load("--rate", 1000) as load:
        shown = json.loads(lab.ctl("top", "--json"))
        load.finish()
    assert 600 < shown["rates"]["queries"] < 1500, shown["rates"]
    assert sum(u["queries_per_s"] for u in shown["upstreams"]) == pytest.approx(
        shown["rates"]["queries"], rel=0.05, abs=5
    )
    assert {u["name"] for u in shown["upstreams"]} == set(lab.upstreams())


def ask_many(count):
    names = DIR / "ports.txt"
    names.write_text("".join(f"n{n:05}.example A\n" for n in range(NAMES)))
    subprocess.run(
        ["nsenter", "--net=/run/netns/eph-client", "taskset", "-c", str(SHARED_CORE), "dnsperf", "-s", SERVICE[4],
         "-d", names, "-n", str(count // NAMES), "-c", "8", "-q", "100", "-t", "5"],
        check=True, capture_output=True, text=True, timeout=120,
    )  # fmt: skip


def ports(lab, *options):
    return json.loads(lab.ctl("ports", "--json", *options))


def test_ports_shows_every_port_in_use(lab):
    before = lab.stats()["queries"]
    ask_many(ENOUGH)
    assert lab.stats()["queries"] - before >= ENOUGH * 0.9
    shown = ports(lab)
    assert (shown["first"], shown["last"], shown["cell_ports"]) == (49152, 65535, 1)
    assert len(shown["drawn"]) == len(shown["live"]) == 16384
    assert shown["used"] == shown["ports"] == sum(count > 0 for count in shown["drawn"]) == 16384
    assert shown["draws"] == sum(shown["drawn"]) >= ENOUGH * 0.9
    assert shown["min"] == min(shown["drawn"]) and shown["max"] == max(shown["drawn"])
    assert shown["test"]["p"] > 1e-6 and shown["verdict"] == "uniform", shown["test"]
    # Probes of upstreams use drawn ports, too.
    assert lab.entropy()["draws"] >= shown["draws"]

    text = lab.ctl("ports")
    assert "from 16,384 of 16,384 ports (100.0%)" in text, text
    command = [lab.build / "control/ephemeractl", "ports", "-s", DIR / "ephemera/control.sock"]
    with Terminal(command, 140, 80) as terminal:
        assert terminal.end() == 0
        rows = [line for line in terminal.screen.text().splitlines() if line[:7].strip().isdigit()]
        assert [int(row[:7]) for row in rows] == list(range(49152, 65536, 256))
        assert all(row[8:] == "▀" * 128 for row in rows), "each character is two ports, in two colours"
        assert any(code.startswith("38;5;") for code in terminal.screen.colours)
        assert terminal.screen.faults == []


def test_ports_shows_queries_in_flight(lab):
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(
        servers={"scripted": SCRIPTED[4]}
    ), lab.client() as client:
        for n in range(20):
            client.send(wire.query(f"n{n:05}.example", query_id=n))
        held = [scripted.next() for _ in range(20)]
        live = {port: 0 for port in PORTS}
        for asked in held:
            live[asked.port] += 1

        def agrees():
            shown = ports(lab)
            counts = {49152 + i: count for i, count in enumerate(shown["live"])}
            # A probe may be in flight, too.
            return all(counts[port] >= count for port, count in live.items()) and shown["in_flight"] >= 20

        wait("the ports with queries in flight", agrees)
        assert lab.port(held[0].port)["total"] >= 1
        assert re.search(r"now +2\d in flight, on", lab.ctl("ports", "--live"))
        for asked in held:
            asked.response()
        for _ in held:
            client.receive()


def test_ports_does_not_use_excluded_ports(lab):
    source = lab.config["source"]
    try:
        source["exclude"] = [49152, "50000-50099"]
        lab.reload()
        shown = ports(lab)
        assert shown["excluded"] == [[49152, 49152], [50000, 50099]]
        assert shown["ports"] == 16384 - 101
    finally:
        del source["exclude"]
        lab.reload()


def test_latency_agrees_with_stats(lab):
    for _ in range(20):
        lab.ask()
    shown, stats = json.loads(lab.ctl("latency", "--json")), lab.stats()
    total = shown["total"]
    assert sum(count for _, _, count in total["buckets"]) == total["count"] > 0
    assert total["count"] == sum(worker["count"] for worker in shown["workers"])
    for key, name in (("p50_us", "p50"), ("p99_us", "p99"), ("p999_us", "p999")):
        assert total[key] == stats["latency_us"][name]
    assert total["p50_us"] <= total["p90_us"] <= total["p99_us"] <= total["p999_us"] <= total["max_us"]
    assert 20 <= shown["recent"]["count"] <= total["count"]
    answered = {u["name"]: u for u in stats["upstreams"]}
    for upstream in shown["upstreams"]:
        counted = answered[upstream["name"]]
        assert (upstream["responses"], upstream["latency_sum_us"]) == (counted["responses"], counted["latency_sum_us"])
        if counted["responses"]:
            assert 0 < upstream["mean_us"] == counted["latency_sum_us"] / counted["responses"]
    text = lab.ctl("latency")
    assert "since the start" in text and all(f"{name} " in text for name in answered)


def test_drops_agree_with_stats(lab):
    growth = lab.growth()
    sender = lab.sender()
    payload = wire.query("n00001.example")
    for port in range(40000, 40025):
        sender.send(lab.frame("192.0.2.2", SERVICE[4], port, 53, payload, checksum=0x1234))
    growth.expect(drops={"udp_checksum": 25})
    sender.close()
    shown, stats = json.loads(lab.ctl("drops", "--json")), lab.stats()
    assert {row["reason"]: row["count"] for row in shown["drops"]} == stats["drops"]
    assert shown["total"] == sum(stats["drops"].values())
    [row] = [row for row in shown["drops"] if row["reason"] == "udp_checksum"]
    assert row["rate_per_s"] > 0 and row["help"] == "wrong UDP checksum, or none over IPv6"
    assert {row["verdict"] for row in shown["steer"]} == set(stats["steer"])
    text = lab.ctl("drops")
    assert re.search(r"udp_checksum +\d+ +[\d.]+  wrong UDP checksum", text), text
    assert "\n  runt " not in text and re.search(r"\n  runt +0 ", lab.ctl("drops", "--all"))


def test_stats_shows_pools_and_interfaces(lab):
    stats = lab.stats()
    assert [pool["name"] for pool in stats["pools"]][:1] == ["default"], stats["pools"]
    assert stats["pools"][0]["members"] == stats["pools"][0]["usable"] == len(lab.upstreams())
    lab.ask()

    def counted():
        interfaces = {interface["name"]: interface for interface in lab.stats()["interfaces"]}
        return set(interfaces) == {"eph-c0", "eph-f0"} and interfaces["eph-c0"]["received"] > 0 and interfaces

    for interface in wait("packets are counted", counted).values():
        assert (interface["missed"], interface["no_buffers"]) == (0, 0)


def test_upstream_names_in_the_output(lab):
    assert lab.ctl("upstreams", "--names").split() == list(lab.upstreams())
