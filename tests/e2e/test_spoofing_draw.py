# SPDX-License-Identifier: BSD-3-Clause
"""The draw of port, ID, address and letter case, from a million queries captured at the farm.

A doubtful statistic (p below 0.001, or too even) is measured again with new queries, and fails only if it is doubtful
again: with two dozen statistics, one sample of a uniform draw in forty has a doubtful one."""
import copy
import subprocess

import capture
import wire
from dump import Dump
from topology import DEFAULT, DIR, SERVICE, SHARED_CORE, WORKER_CORE

NAMES = 20000
ONE_CLIENT = 16 * NAMES  # 20 for each port: 1 port in 500 million is missed by chance
MANY_CLIENTS = 34 * NAMES
PAIRS = 1 << 30  # of port and ID


def drawn(path, count, clients=1):
    """`count` queries captured at the farm, for distinct names, sent from that many sockets."""
    names = DIR / "s3.txt"
    names.write_text("".join(f"n{n:05}.example A\n" for n in range(NAMES)))
    with Dump(path) as dump:
        done = subprocess.run(
            ["nsenter", "--net=/run/netns/eph-client", "taskset", "-c", str(SHARED_CORE), "dnsperf", "-s", SERVICE[4],
             "-d", names, "-n", str(count // NAMES), "-c", str(clients), "-q", "100", "-t", "5"],
            check=True, capture_output=True, text=True, timeout=120,
        )  # fmt: skip
    assert f"Queries completed:    {count} " in done.stdout, done.stdout
    sample = [q for q in dump.queries() if not q.question.lower().startswith(wire.PROBE)]
    path.unlink()
    assert len(sample) == count, "not every query reached the farm exactly once"
    return sample


def judge(samples, again):
    """Checks samples, by their titles; `again` takes them a second time."""
    reports = {what: capture.Report(sample) for what, sample in samples.items()}
    doubts = {(what, name) for what, report in reports.items() for name in report.doubtful()}
    if doubts:
        fresh = {what: capture.Report(sample) for what, sample in again().items()}
        still = {(what, name) for what, name in doubts if name in fresh[what].doubtful()}
        values = [(what, name, *(r[what].p_values()[name] for r in (reports, fresh))) for what, name in still]
        assert not values, "doubtful twice"
    for what, report in reports.items():
        assert report.outside == 0 and report.zero_checksums == 0, what
        assert "letter case" in report.p_values() and "ports, serial" in report.p_values(), "a statistic is missing"
    return reports


def prefix(sample):
    return [(q.source, q.port, q.id) for q in sample]


def test_draw_of_a_million_queries_and_over_a_restart(lab, tmp_path):
    def take():
        one = drawn(tmp_path / "one.pcap", ONE_CLIENT)
        many = drawn(tmp_path / "many.pcap", MANY_CLIENTS, clients=50)
        return {"one client": one, "all": one + many}

    samples = take()
    assert len(samples["all"]) == 1_000_000
    reports = judge(samples, take)
    assert reports["one client"].distinct_ports == 16384, "the queries of a single client did not use every port"
    assert len(reports["one client"].sources) == 16, reports["one client"].sources
    lab.measured.append(
        "a million queries: lowest p of %d statistics %.4f, for one client %.4f"
        % (len(reports["all"].p_values()), *(min(reports[k].p_values().values()) for k in ("all", "one client")))
    )

    before = prefix(samples["one client"])[:NAMES]
    lab.restart()
    after = prefix(drawn(tmp_path / "restarted.pcap", NAMES))
    repeated = len(set(after) & set(before))
    assert repeated <= 4, f"{repeated} draws of {NAMES} were repeated after a restart; 0.05 are expected"
    assert len(set(after[:64]) & set(before)) == 0, "the first draws repeat those of the previous start"
    same_pairs = sum(a[1:] == b[1:] for a, b in zip(after, before))
    assert (
        same_pairs <= 1
    ), f"{same_pairs} pairs of port and ID at the same position of both; {NAMES / PAIRS:.5f} are expected"


def test_each_of_two_workers_draws_from_the_whole_range(lab, tmp_path):
    """A client is handled by one worker, which owns the source addresses of its queries. Each worker must use all ports
    by itself."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["dataplane"].update(worker_cores=[SHARED_CORE, WORKER_CORE], flows_per_worker=262144)
    try:
        lab.restart()
        first = {q.source for q in drawn(tmp_path / "one.pcap", NAMES)}
        assert (
            sorted(map(len, first)) == [4] * 4 + [16] * 4
        ), "a worker does not own half of the addresses of each family"

        def take():
            sample = drawn(tmp_path / "two.pcap", 16 * NAMES, clients=50)
            return {
                "first worker": [q for q in sample if q.source in first],
                "second worker": [q for q in sample if q.source not in first],
            }

        samples = take()
        for what, report in judge(samples, take).items():
            assert report.queries > 2 * NAMES, f"{what}: too few queries"
            assert len(report.sources) == 8
            expected = 16384 * (1 - (1 - 1 / 16384) ** report.queries)
            assert report.distinct_ports > expected - 200, f"{what}: {expected:.0f} ports expected"
        assert max(len(s) for s in samples.values()) < 14 * NAMES
        verdicts = [worker["verdict"] for worker in lab.entropy()["workers"]]
        assert verdicts == ["uniform", "uniform"], verdicts
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()
