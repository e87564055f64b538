# SPDX-License-Identifier: BSD-3-Clause
"""Either daemon is killed or stopped; removed upstreams; configurations that are refused."""
import copy
import signal
import time

import pytest

import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import DEFAULT, DIR, FARM, SCRIPTED, FWD, PORTS, SOURCES


def test_ephemerad_is_killed_under_load(lab):
    with lab.load("--rate", 1500) as load:
        before = lab.stats()
        lab.kill(lab.ephemerad)
        done = lab.ctl_run("status")
        assert done.returncode == 3 and "ephemerad" in done.stderr and done.stderr.count("\n") == 1, done
        # Forwarding continues without ephemerad: the clients' responses show it, as the counters cannot be read.
        for version in (4, 6):
            lab.ask(version=version)
        lab.start_ephemerad()
        wait("it adopts the dataplane", lambda: (s := lab.status(check=False)) and s["dataplane"]["connected"], 10)
        flaps = []

        def up_and_flowing():
            flaps.extend(u["name"] for u in lab.upstreams().values() if u["state"] != "up")
            return lab.stats()["queries"] > before["queries"] + 3000

        wait("the load of 1,500 a second continues", up_and_flowing, 10)
        lab.ready()
        result = load.finish()
    assert flaps == [], "upstreams went down when ephemerad was restarted"
    assert (result["lost"], result["refused"]) == (0, 0), result
    assert lab.stats()["boot_id"] == before["boot_id"]


def xdp_program(lab, device):
    return lab.link(FWD, device).get("xdp", {}).get("prog", {}).get("name")


@pytest.mark.parametrize("turn", range(5))
def test_dataplane_is_killed(lab, turn):
    """The kernel's traffic never stops, the port range gives no response, and the restart removes the stale program."""
    boot_id = lab.stats()["boot_id"]

    def heard(packet):
        return (
            packet.protocol in (1, 58)
            and packet.target in (SCRIPTED[4], SCRIPTED[6])
            and not wire.is_neighbour_discovery(packet)
        )

    sniff, send = lab.sniff(FARM, "eph-f1", heard), lab.sender(FARM, "eph-f1")
    with lab.ping(4) as ping4, lab.ping(6) as ping6, sniff as sniffer, send as shot:
        with lab.load("--rate", 1000, "--timeout", 0.5) as load:
            lab.kill(lab.dataplane)
            assert xdp_program(lab, "eph-f0"), "the killed dataplane left no program attached"
            for version in (4, 6):
                for port in PORTS[:: len(PORTS) // 50]:
                    shot.send(lab.frame(SCRIPTED[version], SOURCES[version][0], 53, port, b"x" * 20, FARM))
            answered = ping4.answered
            wait("the kernel answers echo requests", lambda: ping4.answered > answered + 10)
            lab.start_dataplane()
            lab.ready()
            result = load.finish()
        assert sniffer.packets == [], "the kernel responded to packets to the range"
        sent = [ping.sent for ping in (ping4, ping6)]
        wait("all echo requests are answered", lambda: all(p.answered >= n for p, n in zip((ping4, ping6), sent)), 2)
        assert ping4.unanswered() == [] and ping6.unanswered() == []
    assert lab.stats()["boot_id"] != boot_id
    outage = result["last_failed"] - result["first_failed"]
    lab.measured.append(f"dataplane killed and started again: clients went without responses for {outage:.2f} s")
    assert outage < 5, result


def test_dataplane_is_killed_45_more_times(lab):
    """In quick succession: each start replaces what the previous one left, and the kernel's traffic never stops."""
    outages = []
    with lab.ping(4) as ping:
        for _ in range(45):
            began = time.monotonic()
            lab.kill(lab.dataplane)
            assert xdp_program(lab, "eph-f0"), "the killed dataplane left no program attached"
            lab.start_dataplane()
            lab.ready()
            lab.ask()
            outages.append(time.monotonic() - began)
        sent = ping.sent
        wait("all echo requests are answered", lambda: ping.answered >= sent, 2)
        assert ping.unanswered() == []
    median = sorted(outages)[len(outages) // 2]
    lab.measured.append(
        f"dataplane killed 45 times: a response again after {median:.2f} s, {max(outages):.2f} s at most"
    )
    assert sorted(lab.system_files() - lab.files_before) == []
    assert max(outages) < 10, outages


def leftovers(lab):
    """What a stopped dataplane left behind: XDP programs, sockets, hugepage files, BPF pins."""
    found = [f"XDP on {device}" for device in ("eph-c0", "eph-f0") if "xdp" in lab.link(FWD, device)]
    found += [str(p) for p in (DIR / "ephemera").iterdir() if p.name.startswith("dataplane")]
    return found + sorted(lab.system_files() - lab.files_before)


def test_dataplane_stops_on_sigterm(lab):
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(
        {"scripted": SCRIPTED[4]}, timeout_ms=5000
    ), lab.client() as client:
        data = [wire.query(f"n{n:05}.example", query_id=n) for n in range(50)]
        for one in data:
            client.send(one)
        asked = [scripted.next() for _ in data]
        lab.dataplane.send_signal(signal.SIGTERM)
        wait("it drops new queries", lambda: lab.status()["dataplane"]["draining"])
        growth = lab.growth()
        client.send(wire.query("n00099.example", query_id=99))
        growth.expect({"draining": 1}, {"queries": 0})
        assert lab.dataplane.poll() is None, "it ended while queries were in flight"
        for one in asked:
            one.response()
        for _ in data:
            response = client.receive()
            assert wire.is_right(data[int.from_bytes(response[:2], "big")], response)
        assert lab.dataplane.wait(10) == 0
        assert client.has_nothing() and scripted.idle()
        assert leftovers(lab) == []
        done = lab.ctl_run("status", "--json")
        assert done.returncode == 0 and '"connected": false' in done.stdout, done
        lab.start_dataplane()
        lab.ready()


def test_dataplane_stops_after_the_timeout_without_a_response(lab):
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(
        {"scripted": SCRIPTED[4]}, timeout_ms=1000
    ), lab.client() as client:
        client.send(wire.query("n00001.example"))
        scripted.next()
        began = time.monotonic()
        lab.dataplane.send_signal(signal.SIGTERM)
        assert lab.dataplane.wait(10) == 0
        assert time.monotonic() - began < 4
        assert leftovers(lab) == []
        lab.start_dataplane()
        lab.ready()


def test_response_of_a_removed_upstream_to_a_removed_source_is_accepted(lab):
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(
        {"scripted": SCRIPTED[4]}, timeout_ms=5000
    ), lab.client() as client:
        data = wire.query("n00001.example")
        client.send(data)
        asked = scripted.next()
        lab.config["upstreams"]["servers"] = DEFAULT["upstreams"]["servers"]
        lab.config["source"]["addresses"] = [a for a in SOURCES[4] + SOURCES[6] if a != asked.source]
        lab.config["source"]["exclude"] = [str(asked.port)]
        lab.reload()
        assert lab.port(asked.port)["state"] in ("in use", "excluded")
        growth = lab.growth()
        asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect({}, {"responses": 1, "timeouts": 0})


# --- configurations that must be refused as a whole ---

VALID = f"""\
runtime_dir: {DIR}/ephemera
dataplane:
  worker_cores: [1]
  interfaces:
    - xdp: eph-c0
    - xdp: eph-f0
source:
  ports: 49152-65535
  addresses: [198.51.100.16]
service:
  addresses:
    - address: 192.0.2.53
upstreams:
  servers:
    - name: one
      address: 198.51.100.101
    - name: two
      address: 198.51.100.102
"""


def edited(old, new):
    assert VALID.count(old) == 1
    return VALID.replace(old, new).encode()


# Name: (bytes of the file, line of the mistake or None, a word that the message must contain).
BAD_CONFIGS = {
    "unknown key": (edited("  ports: 49152-65535", "  prots: 49152-65535"), 8, "prots"),
    "unknown key at the top": (b"colour: red\n" + VALID.encode(), 1, "colour"),
    "key twice": (edited("  ports: 49152-65535", "  ports: 49152-65535\n  ports: 50000-65535"), 9, "ports"),
    "duplicate name": (edited("name: two", "name: one"), 17, "one"),
    "duplicate address": (edited("198.51.100.102", "198.51.100.101"), 18, "198.51.100.101"),
    "port 0": (edited("address: 198.51.100.102", "address: 198.51.100.102\n      port: 0"), 19, "port"),
    "port 65536": (edited("address: 192.0.2.53", "address: 192.0.2.53\n      port: 65536"), 13, "port"),
    "number far too large": (edited("  worker_cores", f"  memory_mb: 1{'0' * 30}\n  worker_cores"), 3, "memory_mb"),
    "not a power of two": (edited("  worker_cores", "  flows_per_worker: 1000\n  worker_cores"), 3, "flows_per_worker"),
    "range backwards": (edited("49152-65535", "65535-49152"), 8, "ports"),
    "range below 1024": (edited("49152-65535", "53-65535"), 8, "1024"),
    "not an address": (edited("198.51.100.102", "198.51.100.300"), 18, "198.51.100.300"),
    "a section is missing": (VALID[VALID.index("source:") :].encode(), None, "dataplane"),
    "tabs": (edited("  ports: 49152-65535", "\tports: 49152-65535"), 8, ""),
    "alias bomb": (
        b"a: &a [x, x, x, x, x, x, x, x, x]\n"
        + b"".join(b"%c: &%c [%s]\n" % (98 + i, 98 + i, b", ".join([b"*%c" % (97 + i)] * 9)) for i in range(12))
        + VALID.encode(),
        None,
        "",
    ),
    "not UTF-8": (edited("name: two", "name: t@o").replace(b"@", b"\xff"), 17, ""),
    "empty": (b"", None, ""),
    "weight": (edited("198.51.100.102", "198.51.100.102\n      weight: 1000000000"), 19, "weight"),
    "pool of an unknown server": (VALID.encode() + b"pools:\n  - name: p\n    servers: [one, tow]\n", 21, "one, two"),
    "route to an unknown pool": (VALID.encode() + b"routes:\n  - pool: p\n    types: [A]\n", 20, "default"),
    "limit of nothing": (VALID.encode() + b"rate_limit:\n  queries_per_second: 0\n", 20, "queries_per_second"),
    "a scalar": (b"hello\n", None, ""),
    "cut short": (edited("addresses: [198.51.100.16]", "addresses: [198.51.100.16"), None, ""),
}


def check_refusal(done, path, line, word):
    first = done.stderr.split("\n")[0].removeprefix("ephemeractl: ")
    assert done.returncode == 1, done
    assert first.startswith(f"{path}:"), f"file name missing: {first!r}"
    if line is not None:
        assert first.startswith(f"{path}:{line}: "), f"line {line} expected: {first!r}"
    assert word in first, f"{word!r} is not in {first!r}"
    assert len(first) > len(str(path)) + 20, f"the message is too short to help: {first!r}"


@pytest.mark.parametrize("name", BAD_CONFIGS)
def test_invalid_configuration_is_refused_whole(lab, name):
    block, line, word = BAD_CONFIGS[name]
    path = DIR / "bad.yaml"
    path.write_bytes(block)
    began = time.monotonic()
    check_refusal(lab.ctl_run_local("config", "check", path), path, line, word)
    assert time.monotonic() - began < 5

    before = lab.status()
    lab.config_path.write_bytes(block)
    try:
        done = lab.ctl_run("reload")
        check_refusal(done, lab.config_path, line, word)
        assert done.stderr.endswith("\nreload failed: the old configuration stays in force\n"), done
        after = lab.status()
        assert after["generation"] == before["generation"] and after["upstreams_total"] == before["upstreams_total"]
        for version in (4, 6):
            lab.ask(version=version)
    finally:
        lab.write_config()


def test_valid_configuration_is_accepted(lab):
    path = DIR / "good.yaml"
    path.write_text(VALID)
    done = lab.ctl_run_local("config", "check", path)
    assert done.returncode == 0, done
    path.write_text(VALID.replace("49152-65535", "65000-65100"))
    done = lab.ctl_run_local("config", "check", path)
    assert done.returncode == 0 and "warning" in done.stderr, done


def test_unreadable_file_is_refused(lab):
    for path in (DIR, DIR / "is-not-there.yaml", "/dev/null"):
        done = lab.ctl_run_local("config", "check", path)
        assert done.returncode == 1 and str(path) in done.stderr, done


def test_static_change_is_refused_by_a_reload(lab):
    before = lab.status()["generation"]
    lab.config["dataplane"]["memory_mb"] = 300
    lab.write_config()
    try:
        done = lab.ctl_run("reload")
        assert done.returncode == 1 and "dataplane.memory_mb" in done.stderr, done
        assert lab.status()["generation"] == before
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.write_config()
        assert lab.ctl_run("reload").returncode == 0
