# SPDX-License-Identifier: BSD-3-Clause
"""Several workers: responses that arrive at the wrong worker are handed off, and nothing is lost."""
import collections
import copy
import subprocess

import capture
from dump import Dump
from counter_checks import check_invariants
from topology import DEFAULT, DIR, FARM, SERVICE, SHARED_CORE, WORKER_CORE


def shares_of_two(sample):
    """The source addresses of the busier worker, and of the other: half of each family."""
    counts = collections.Counter(q.source for q in sample)
    busy, idle = set(), set()
    for length in (4, 16):
        ordered = sorted((a for a in counts if len(a) == length), key=counts.get)
        assert len(ordered) == 8
        idle.update(ordered[:4])
        busy.update(ordered[4:])
    return busy, idle


def test_two_workers_hand_off_without_loss(lab, tmp_path):
    """An interface of the lab has one queue, so each of two workers polls one interface, and many packets belong to
    the other worker. Clients are on both sides."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["dataplane"].update(worker_cores=[SHARED_CORE, WORKER_CORE], flows_per_worker=262144)
    # All other processes share the two cores with the workers: long timeouts, so that late is not lost.
    lab.config["upstreams"].update(timeout_ms=10000)
    lab.config["upstreams"]["probe"].update(interval_ms=5000, timeout_ms=5000)
    lab.run(FARM, "ip", "addr", "add", "198.51.100.201/24", "dev", "eph-f1")
    lab.run(FARM, "ip", "route", "add", f"{SERVICE[4]}/32", "via", "198.51.100.1", "src", "198.51.100.201")
    names = DIR / "workers.txt"
    names.write_text("".join(f"n{n:05}.example A\n" for n in range(20000)))
    try:
        lab.restart()
        assert lab.status()["dataplane"]["workers"] == 2
        growth = lab.growth()
        with Dump(tmp_path / "workers.pcap") as dump:
            with lab.load("--rate", 500, "--count", 3000, services=(SERVICE[4], SERVICE[6])) as one:
                with lab.load("--rate", 500, "--count", 3000, namespace=FARM, services=(SERVICE[4],)) as two:
                    results = [one.finish(wait_for_count=True), two.finish(wait_for_count=True)]
            done = subprocess.run(
                ["nsenter", "--net=/run/netns/eph-client", "dnsperf", "-s", SERVICE[4], "-d", names,
                 "-n", "2", "-c", "20", "-q", "50"],
                check=True, capture_output=True, text=True, timeout=120,
            )  # fmt: skip
            assert "Queries lost:         0 " in done.stdout, done.stdout
        for result in results:
            assert (result["answered"], result["lost"], result["refused"]) == (3000, 0, 0), results
        growth.expect({}, {"queries": 46000, "responses": 46000, "timeouts": 0})
        assert growth.counters()["handoff_out"] > 1000, "no responses arrived at the wrong worker"
        for worker in lab.stats()["workers"]:
            assert worker["counters"]["queries"] > 1000, "a worker received no queries"
        sample = dump.queries()
        assert capture.Report(sample, probe="probe.example").queries == 46000
        # Each worker draws from its own addresses: their frequency follows the worker's share of the clients.
        for addresses in shares_of_two(sample):
            report = capture.Report([q for q in sample if q.source in addresses])
            assert report.failures() == [], report.as_dict()
        check_invariants(lab)
    finally:
        lab.run(FARM, "ip", "addr", "del", "198.51.100.201/24", "dev", "eph-f1")  # this removes the route, too
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()
