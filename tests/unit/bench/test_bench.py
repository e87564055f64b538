#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""What benchmarks make of what they measured: which rounds compare, targets, results that are added to, perf's samples."""
import argparse
import contextlib
import io
import json
import pathlib
import sys
import tempfile
import unittest

BENCH = pathlib.Path(__file__).resolve().parents[2] / "bench"
sys.path[:0] = [str(BENCH), str(BENCH / "wire"), str(BENCH / "kernel")]

import benchlib  # noqa: E402
import report  # noqa: E402
import stacks  # noqa: E402


def round_of(transport, cores, testpmd, ephemera):
    def figures(rate):
        return {"queries_per_second": rate, "packets_per_second": rate * 4}

    return {"transport": transport, "cores": cores, "testpmd": figures(testpmd), "ephemera": figures(ephemera)}


DISTANCES = [([60, 80, 90], "near"), ([300, 250, 410], "far"), ([60, 300, 60], "changing"), ([199.9], "near"), ([200], "far")]

SCRIPT = """
\tffffffff81e31704 __pi_memcpy ([kernel.kallsyms])
\tffffffff81e31704 skb_store_bits ([kernel.kallsyms])
\tffffffff81e31704 __xsk_generic_xmit ([kernel.kallsyms])
\t           10aa3a __send (/usr/lib/x86_64-linux-gnu/libc.so.6)


\tffffffffc00 bpf_prog_dc1_xsk_def_prog (bpf_prog_dc1_xsk_def_prog)
\tffffffff81e31704 handle_softirqs ([kernel.kallsyms])
\tffffffff81e31704 __xsk_generic_xmit ([kernel.kallsyms])


\t           20901 sweep (/somewhere/build/dataplane/ephemera-dataplane)
\tec7c8bf500008306 [unknown] ([unknown])


\t            707b [unknown] (/usr/lib/dpdk/pmds-23.0/librte_net_af_xdp.so.23.0)


\t           10aa3a __send (/usr/lib/x86_64-linux-gnu/libc.so.6)


\tffffffff81e31704 schedule ([kernel.kallsyms])
"""
SAMPLES = [
    "kernel: transmit, the copy",
    "kernel: the other end's receive, in the softirq of our sending",
    stacks.OURS,
    stacks.DRIVER,
    stacks.LIBRARY,
    stacks.REST,
]


class BenchTest(unittest.TestCase):
    def test_distance(self):
        for trips, wanted in DISTANCES:
            self.assertEqual(benchlib.distance(trips), wanted, trips)

    def test_only_alike_rounds_compare(self):
        rounds = [
            round_of("vhost", "near", 8e6, 4e6), round_of("vhost", "far", 3e6, 9e5), round_of("vhost", "changing", 1, 9e9),
            round_of("vhost", "near", 6e6, 4.2e6), round_of("vhost", "near", 4e6, 1e6), round_of("memif", "far", 8e6, 6e6),
            round_of("odd", "changing", 5e6, 1e6),
        ]  # fmt: skip
        shown = [(g[0]["transport"], g[0]["cores"], len(g)) for g in report.groups(rounds)]
        self.assertEqual(shown, [("vhost", "near", 3), ("vhost", "far", 1), ("memif", "far", 1), ("odd", "changing", 1)])
        found = {row["what"]: row for row in report.targets(rounds)}
        ratio = found["wire, vhost, cores near: packets/s against testpmd 5tswap"]
        self.assertEqual((ratio["value"], ratio["lowest"], ratio["highest"], ratio["met"]), (0.5, 0.25, 0.7, True))
        self.assertAlmostEqual(found["wire, vhost, cores far: packets/s against testpmd 5tswap"]["value"], 0.3)
        rate = found["wire, vhost, cores near: forwarded queries/s"]  # memif was faster, but far
        self.assertEqual((rate["value"], rate["met"]), (4e6, True))

    def test_no_rate_is_judged_with_far_cores(self):
        rows = report.targets([round_of("vhost", "far", 8e6, 5e6)])
        self.assertEqual([row["what"] for row in rows], ["wire, vhost, cores far: packets/s against testpmd 5tswap"])

    def test_results_are_added_to(self):
        with tempfile.TemporaryDirectory() as directory:
            file = pathlib.Path(directory) / "result.json"
            options = argparse.Namespace(json=file, append=True, smoke=False)
            for number in range(1, 4):
                result = benchlib.Result("wire", options)
                result.add({"rate": number})
                result.write(targets=[])
                self.assertEqual([r["rate"] for r in json.loads(file.read_text())["rounds"]], list(range(1, number + 1)))
            with self.assertRaises(benchlib.Failed):
                benchlib.Result("kernel", options)
            options.append = False
            benchlib.Result("wire", options).add({"rate": 9})
            self.assertEqual([r["rate"] for r in json.loads(file.read_text())["rounds"]], [9])

    def test_a_sample_is_taken_again(self):
        with contextlib.redirect_stderr(io.StringIO()):
            for good in range(3):
                self.assertEqual(benchlib.sample(lambda i, good=good: i if i >= good else None, "invalid sample"), good)
            with self.assertRaisesRegex(benchlib.NotMeasured, "invalid sample, 3 times"):
                benchlib.sample(lambda i: None, "invalid sample")

    def test_a_round_is_left_out(self):
        def measure(label):
            if label in discarded:
                raise benchlib.NotMeasured("invalid sample")
            return {"label": label}

        options = argparse.Namespace(json=None, append=False, smoke=False)
        with contextlib.redirect_stderr(io.StringIO()) as said:
            result, discarded = benchlib.Result("kernel", options), ["round 2 of 3"]
            benchlib.rounds_add(measure, 3, result)
            self.assertEqual([r["label"] for r in result.rounds], ["round 1 of 3", "round 3 of 3"])
            self.assertEqual(said.getvalue(), "round 2 of 3 is left out: invalid sample\n")
            result, discarded = benchlib.Result("kernel", options), ["round 1 of 1"]
            with self.assertRaises(benchlib.Failed):
                benchlib.rounds_add(measure, 1, result)

    def test_samples(self):
        self.assertEqual([stacks.rule_of(frames) for frames in stacks.stacks(SCRIPT)], SAMPLES)


if __name__ == "__main__":
    unittest.main()
