#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Tests the draw of source ports, IDs, source addresses and letter case in a capture at the farm.

    capture.py FILE.pcap [--ports FIRST-LAST] [--probe NAME] [--json]

reads the DNS queries from a capture of Ethernet frames (dump.py makes one), and prints counts and one p value for each
statistic (uniform.py). Exit status 1 if a statistic rejects the draw, or if a query came from a port outside the range.
Probes (--probe) are counted separately but tested with the rest, because they are drawn in the same way. The letter
case is tested only if the queries were for names of the lab's zone, nNNNNN.example, in lower case: not with --no-case.
"""
import argparse
import collections
import ipaddress
import json
import re
import struct
import sys

import uniform

Query = collections.namedtuple("Query", "time_us source port upstream id checksum question")

# Byte order, and how many units of the timestamp's fraction make a microsecond.
PCAP_MAGIC = {
    b"\xd4\xc3\xb2\xa1": ("<", 1),
    b"\xa1\xb2\xc3\xd4": (">", 1),
    b"\x4d\x3c\xb2\xa1": ("<", 1000),
    b"\xa1\xb2\x3c\x4d": (">", 1000),
}


def frames(path):
    """(microseconds, frame) for each packet of a pcap file; stops at a truncated last record."""
    with open(path, "rb") as file:
        block = file.read()
    magic = block[:4]
    if magic not in PCAP_MAGIC:
        raise ValueError(f"{path}: not a pcap file")
    order, fraction = PCAP_MAGIC[magic]
    record = struct.Struct(order + "IIII").unpack_from
    at = 24
    while at + 16 <= len(block):
        seconds, part, stored, _ = record(block, at)
        at += 16
        if at + stored > len(block):
            return
        yield seconds * 1000000 + part // fraction, block[at : at + stored]
        at += stored


def queries(path):
    """The DNS queries of a capture, in order."""
    ports = struct.Struct("!HHHH").unpack_from
    header = struct.Struct("!HBBH").unpack_from
    for time_us, frame in frames(path):
        kind = frame[12:14]
        if kind == b"\x08\x00" and len(frame) >= 14 + 20 + 8 + 12 and frame[23] == 17:
            udp = 14 + (frame[14] & 15) * 4
            source, upstream = frame[26:30], frame[30:34]
        elif kind == b"\x86\xdd" and len(frame) >= 14 + 40 + 8 + 12 and frame[20] == 17:
            udp = 54
            source, upstream = frame[22:38], frame[38:54]
        else:
            continue
        source_port, port, _, checksum = ports(frame, udp)
        if port != 53:
            continue
        query_id, flags, _, count = header(frame, udp + 8)
        if flags & 0x80 or count != 1:
            continue
        yield Query(time_us, source, source_port, upstream, query_id, checksum, frame[udp + 20 :])


ZONE_NAME = re.compile(rb"\x06[nN]\d{5}\x07[eE][xX][aA][mM][pP][lL][eE]\0")


def case_patterns(sample):
    """For each query for a name nNNNNN.example, the case of its eight letters: a set bit is an upper-case letter."""
    bits = [{ord(lower): 0, ord(lower.upper()): 128 >> i} for i, lower in enumerate("nexample")]
    known = {}
    for q in sample:
        letters = q.question[1:2] + q.question[8:15]
        pattern = known.get(letters)
        if pattern is None and ZONE_NAME.match(q.question):
            pattern = known[letters] = sum(of[letter] for of, letter in zip(bits, letters))
        if pattern is not None:
            yield pattern


def wire_name(name):
    labels = [label.encode() for label in name.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


class Report:
    """Counts and p values of one sample of queries, drawn from ports first..last."""

    def __init__(self, sample, first=49152, last=65535, probe=None, case=True):
        self.first, self.size = first, last - first + 1
        name = wire_name(probe) if probe else None
        self.probes = sum(1 for q in sample if name and q.question.lower().startswith(name))
        self.queries = len(sample) - self.probes
        inside = [q for q in sample if first <= q.port <= last]
        self.outside = len(sample) - len(inside)
        self.zero_checksums = sum(1 for q in sample if q.checksum == 0)
        ports = [q.port - first for q in inside]
        ids = [q.id for q in inside]
        self.distinct_ports = len(set(ports))
        self.upstreams = self._shares(q.upstream for q in inside)
        self.sources = self._shares(q.source for q in inside)
        self.one_sided, self.two_sided = {}, {}
        if len(inside) >= 1000:
            self._judge(inside, ports, ids)
        patterns = list(case_patterns(sample)) if case else []
        if len(patterns) >= 2000:
            self._judge_case(patterns)

    @staticmethod
    def _shares(addresses):
        counts = collections.Counter(addresses)
        return {str(ipaddress.ip_address(a)): n for a, n in sorted(counts.items())}

    def _judge(self, sample, ports, ids):
        even = self.two_sided
        even["ports"] = uniform.values_p(ports, self.size)
        if self.size % 256 == 0:
            even["ports, low bits"] = uniform.low_bits_p(ports)
        even["IDs"] = uniform.values_p(ids, 65536)
        even["IDs, high byte"] = uniform.values_p([i >> 8 for i in ids], 256)
        even["IDs, low byte"] = uniform.low_bits_p(ids)
        even["ports with IDs"] = uniform.joint_p(ports, self.size, ids, 65536)
        space = 0
        for family, length in (("IPv4", 4), ("IPv6", 16)):
            counts = collections.Counter(q.source for q in sample if len(q.source) == length)
            space = max(space, len(counts) * self.size * 65536)
            if len(counts) > 1 and sum(counts.values()) >= 1000:
                even[f"{family} source addresses"] = uniform.even_p(list(counts.values()))
        self.one_sided["ports, serial"] = uniform.serial_p(ports)
        self.one_sided["IDs, serial"] = uniform.serial_p(ids)
        self.one_sided["draws repeated"] = uniform.repeats_p([(q.source, q.port, q.id) for q in sample], space)

    def _judge_case(self, patterns):
        counts = collections.Counter(patterns)
        self.two_sided["letter case"] = uniform.even_p([counts[pattern] for pattern in range(256)])
        self.one_sided["letter case, serial"] = uniform.serial_p(patterns)
        for i, letter in enumerate("nexample"):
            upper = sum(count for pattern, count in counts.items() if pattern & 128 >> i)
            self.one_sided[f"letter case, {i + 1}. letter, {letter}"] = uniform.even_p([upper, len(patterns) - upper])

    def p_values(self):
        return {**self.two_sided, **self.one_sided}

    def doubtful(self, alpha=0.001):
        """The statistics with p < alpha, and those that are too even. A sample has a dozen or two statistics, so a
        doubtful one is a reason to take another sample; doubtful again, it is a failure."""
        names = {name for name, p in self.p_values().items() if p < alpha}
        return names | {name for name, p in self.two_sided.items() if uniform.rejected(p, two_sided=True)}

    def failures(self):
        """One line for each reason to reject the draw; empty if there is none."""
        lines = [f"{k}: p = {p:.3g}" for k, p in self.two_sided.items() if uniform.rejected(p, two_sided=True)]
        lines += [f"{k}: p = {p:.3g}" for k, p in self.one_sided.items() if uniform.rejected(p)]
        if self.outside:
            lines.append(f"{self.outside} queries came from ports outside the range")
        if not self.two_sided:
            lines.append("fewer than 1000 queries: too few for the statistics")
        return lines

    def as_dict(self):
        return {
            "queries": self.queries,
            "probes": self.probes,
            "distinct_ports": self.distinct_ports,
            "share_of_range": self.distinct_ports / self.size,
            "outside": self.outside,
            "zero_checksums": self.zero_checksums,
            "upstreams": self.upstreams,
            "sources": self.sources,
            "p": self.p_values(),
            "failures": self.failures(),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("file")
    parser.add_argument("--ports", default="49152-65535", metavar="FIRST-LAST")
    parser.add_argument("--probe", metavar="NAME", help="count queries for this name as probes")
    parser.add_argument("--no-case", action="store_true", help="do not test the letter case")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    first, last = map(int, options.ports.split("-"))
    report = Report(list(queries(options.file)), first, last, options.probe, not options.no_case)
    if options.json:
        print(json.dumps(report.as_dict(), indent=2))
    else:
        print(f"{report.queries} queries and {report.probes} probes")
        print(f"  from {report.distinct_ports} of {report.size} ports")
        for title, shares in (("to", report.upstreams), ("from", report.sources)):
            for address, count in shares.items():
                print(f"  {title} {address:24} {count}")
        for name, p in report.p_values().items():
            print(f"  p of {name:26} {p:.4f}")
        for line in report.failures():
            print(f"NOT UNIFORM: {line}")
    return 1 if report.failures() else 0


if __name__ == "__main__":
    sys.exit(main())
