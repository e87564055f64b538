# SPDX-License-Identifier: BSD-3-Clause
"""capture.py and uniform.py accept a uniform draw and reject weakened ones."""
import math
import os
import random
import struct

import pytest

import capture
import uniform

# Chi-square quantiles from tables (NIST/SEMATECH e-Handbook of Statistical Methods, section 1.3.6.7.4).
QUANTILES = [
    (3.841, 1, 0.05),
    (6.635, 1, 0.01),
    (18.307, 10, 0.05),
    (29.588, 10, 0.001),
    (3.940, 10, 0.95),
    (124.342, 100, 0.05),
    (149.449, 100, 0.001),
    (77.929, 100, 0.95),
]

DRAWS = 60_000
SOURCES = [bytes([198, 51, 100, 16 + i]) for i in range(8)]


@pytest.mark.parametrize("statistic,degrees,p", QUANTILES)
def test_chi_square_has_the_tabled_values(statistic, degrees, p):
    assert uniform.chi_square_p(statistic, degrees) == pytest.approx(p, rel=0.002)


def test_chi_square_has_its_normal_limit_at_many_degrees():
    for z in (-3, -1, 0, 1, 3):
        degrees = 16383
        h = 2 / (9 * degrees)  # Wilson and Hilferty, 1931
        statistic = degrees * (1 - h + z * h**0.5) ** 3
        assert uniform.chi_square_p(statistic, degrees) == pytest.approx(0.5 * math.erfc(z / 2**0.5), rel=0.01)


def cased(pattern):
    """A question whose eight letters have the case that the bits of the pattern give."""
    letters = [chr(c).upper() if pattern & 128 >> i else chr(c) for i, c in enumerate(b"nexample")]
    return f"\6{letters[0]}00042\7{''.join(letters[1:])}\0\0\1\0\1".encode()


QUESTIONS = [cased(pattern) for pattern in range(256)]


def sample(draw, count=DRAWS):
    """Queries whose (port, ID, source index[, case pattern]) number i is draw(i); without a pattern, a random one."""
    made = []
    for i in range(count):
        port, query_id, source, *case = draw(i)
        question = QUESTIONS[case[0] if case else BITS(8)]
        made.append(capture.Query(i, SOURCES[source], port, b"\xc6\x33\x64\x65", query_id, 1, question))
    return made


SEED = random.Random(7)
BITS = SEED.getrandbits
POOL = SEED.sample(range(49152, 65536), 2500)
DECK = SEED.sample(range(49152, 65536), 16384)


def port():
    return 49152 + BITS(14)


class Lcg:
    """X' = aX + c modulo 2^32, as in many rand() implementations: its low bits have short periods."""

    def __init__(self, seed):
        self.x = seed

    def step(self):
        self.x = (self.x * 1103515245 + 12345) & 0xFFFFFFFF
        return self.x


LCG = Lcg(20231)


WEAK = {
    "a pool of 2,500 sockets": lambda i: (SEED.choice(POOL), BITS(16), BITS(3)),
    "a counter": lambda i: (49152 + i % 16384, BITS(16), BITS(3)),
    "a shuffled deck, dealt again and again": lambda i: (DECK[i % 16384], BITS(16), BITS(3)),
    "a quarter of the range": lambda i: (49152 + BITS(12), BITS(16), BITS(3)),
    "one bit stuck": lambda i: (port() & ~64, BITS(16), BITS(3)),
    "modulo of a range that does not divide": lambda i: (49152 + BITS(14) % 16000, BITS(16), BITS(3)),
    "the range less its last 256 ports": lambda i: (49152 + SEED.randrange(16128), BITS(16), BITS(3)),
    "a port and then the one above it": lambda i: (min(65535, DECK[i // 2 % 16384] + i % 2), BITS(16), BITS(3)),
    "counting IDs": lambda i: (port(), i & 0xFFFF, BITS(3)),
    "IDs of 15 bits": lambda i: (port(), BITS(15), BITS(3)),
    "odd IDs only": lambda i: (port(), BITS(16) | 1, BITS(3)),
    "IDs that follow from the port": lambda i: (lambda p: (p, (p << 2 | BITS(2)) & 0xFFFF, BITS(3)))(port()),
    "one address taken twice as often": lambda i: (port(), BITS(16), SEED.choice((0, 0, 1, 2, 3, 4, 5, 6, 7))),
    "addresses in turn": lambda i: (port(), BITS(16), i % 8),
    "low bits of a linear congruential generator": lambda i: (
        49152 + (LCG.step() & 0x3FFF),
        LCG.step() & 0xFFFF,
        LCG.step() & 7,
    ),
    "one linear congruential step for port and ID": lambda i: (
        lambda x: (49152 + (x & 0x3FFF), x >> 8 & 0xFFFF, BITS(3))
    )(LCG.step()),
    "letter case as the client wrote it": lambda i: (port(), BITS(16), BITS(3), 0),
    "all letters in upper case or none": lambda i: (port(), BITS(16), BITS(3), 255 * BITS(1)),
    "one letter never in upper case": lambda i: (port(), BITS(16), BITS(3), BITS(8) & 0xF7),
    "letter case from the ID's neighbour": lambda i: (port(), BITS(16), BITS(3), i >> 4 & 255),
    "letter case a little lower": lambda i: (port(), BITS(16), BITS(3), BITS(8) & (BITS(8) | BITS(8) | BITS(8))),
    "a port outside the range": lambda i: (49151 if i == 5000 else port(), BITS(16), BITS(3)),
}


@pytest.mark.parametrize("name", WEAK)
def test_weak_draw_is_rejected(name):
    assert capture.Report(sample(WEAK[name])).failures()


def test_slices_by_worker_are_rejected_though_all_together_are_uniform():
    """Each of two workers draws from its own half of the range. Together they look uniform, but an attacker who knows
    the worker of a client has gained one bit: hence each worker, and each client, is tested by itself."""
    drawn = sample(lambda i: (49152 + (i % 2 << 13) + BITS(13), BITS(16), (i % 2) << 2 | BITS(2)))
    mixed = SEED.sample(drawn, len(drawn))
    assert capture.Report(mixed).failures() == []
    for worker in (0, 1):
        assert capture.Report([q for q in mixed if SOURCES.index(q.source) >> 2 == worker]).failures()


def test_doubtful_comes_before_rejected():
    odd = sample(lambda i: (port(), BITS(16), BITS(3)))
    assert capture.Report(odd).doubtful(alpha=1.1) == set(capture.Report(odd).p_values()), "a statistic is missing"
    weak = capture.Report(sample(WEAK["a pool of 2,500 sockets"]))
    assert "ports" in weak.doubtful()


def test_replayed_draw_is_rejected():
    first = [(port(), BITS(16), BITS(3)) for _ in range(DRAWS // 2)]
    assert any("repeated" in line for line in capture.Report(sample(lambda i: (first * 2)[i])).failures())


def test_good_draw_is_accepted():
    for _ in range(3):
        report = capture.Report(sample(lambda i: (port(), BITS(16), BITS(3))))
        assert report.failures() == []
        assert report.distinct_ports > 15800  # of 16384, after 60,000 draws: 15,964 expected
        assert all(p > uniform.ALPHA for p in report.p_values().values())


def test_range_of_odd_size_is_accepted():
    odd = sample(lambda i: (50001 + SEED.randrange(15000), BITS(16), BITS(3)))
    assert capture.Report(odd, 50001, 65000).failures() == []
    assert capture.Report(odd, 50001, 65300).failures() != []


def test_small_sample_is_rejected():
    assert capture.Report(sample(lambda i: (port(), BITS(16), BITS(3)), 500)).failures()


def ethernet(query_id, source_port, port_, version=4, flags=1, name=b"\6n00001\7example\0"):
    dns = struct.pack("!HBBHHHH", query_id, flags, 0, 1, 0, 0, 0) + name + b"\0\1\0\1"
    udp = struct.pack("!HHHH", source_port, port_, 8 + len(dns), 0xBEEF) + dns
    if version == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + SOURCES[1] + b"\xc6\x33\x64\x65"
        return bytes(12) + b"\x08\x00" + ip + udp
    ip = struct.pack("!IHBB", 6 << 28, len(udp), 17, 64) + bytes(15) + b"\1" + bytes(15) + b"\2"
    return bytes(12) + b"\x86\xdd" + ip + udp


def test_pcap_is_read(tmp_path):
    rows = [
        ethernet(1, 50000, 53),
        ethernet(2, 50001, 53, version=6),
        ethernet(3, 50002, 53, flags=0x81),  # a response
        ethernet(4, 50003, 5353),
        ethernet(5, 50004, 53, name=b"\5probe\7example\0"),
        os.urandom(10),
    ]
    file = tmp_path / "x.pcap"
    block = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 128, 1)
    for i, frame in enumerate(rows):
        block += struct.pack("<IIII", 7, i, len(frame), len(frame)) + frame
    file.write_bytes(block + b"torn")
    got = list(capture.queries(file))
    assert [(q.time_us, q.port, q.id, len(q.source)) for q in got] == [
        (7000000, 50000, 1, 4),
        (7000001, 50001, 2, 16),
        (7000004, 50004, 5, 4),
    ]
    report = capture.Report(got, probe="probe.example")
    assert (report.queries, report.probes, report.zero_checksums) == (2, 1, 0)
    assert report.sources == {"198.51.100.17": 2, "::1": 1}
