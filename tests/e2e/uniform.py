# SPDX-License-Identifier: BSD-3-Clause
"""Statistical tests of whether a draw is uniform.

Every function returns a p value: the probability that a uniform and independent draw deviates at least this much.
Chi-square is judged at both ends (rejected()): a draw that is too even, such as a counter or a shuffled list, is as
predictable as one that is skewed.
"""
import math

# With a dozen statistics per sample, a uniform draw is rejected about once in four thousand samples. The weak draws of
# test_capture.py have p values of 1e-50 and below with the sample sizes used here.
ALPHA = 1e-5


def gamma_q(a, x):
    """The regularised upper incomplete gamma function Q(a, x) (Abramowitz and Stegun 6.5.3)."""
    if x <= 0:
        return 1.0
    scale = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:  # series for P, 6.5.29
        term = total = 1.0 / a
        n = a
        while term > total * 1e-17:
            n += 1
            term *= x / n
            total += term
        return max(0.0, 1.0 - scale * total)
    tiny = 1e-300  # continued fraction for Q, 6.5.31, by Lentz's method
    b = x + 1 - a
    c, d = 1 / tiny, 1 / b
    h = d
    for i in range(1, 1_000_000):
        an = -i * (i - a)
        b += 2
        d = 1 / ((an * d + b) or tiny)
        c = (b + an / c) or tiny
        step = d * c
        h *= step
        if abs(step - 1) < 1e-15:
            break
    return scale * h


def chi_square_p(statistic, degrees):
    """The probability that chi-square with that many degrees of freedom exceeds the statistic."""
    return gamma_q(degrees / 2, statistic / 2)


def even_p(counts):
    """Are these equally likely bins filled evenly?"""
    total, bins = sum(counts), len(counts)
    expected = total / bins
    return chi_square_p(sum((c - expected) ** 2 for c in counts) / expected, bins - 1)


def bin_count(size, total):
    """The number of bins for `total` draws: at least five draws expected in each, a power of two unless it is `size`."""
    if total >= 5 * size:
        return size
    return max(2, 1 << int(math.log2(max(2, total / 5))))


def values_p(values, size):
    """Are values from 0 to size - 1 uniform over the whole range? In as many slices as the sample allows."""
    bins = bin_count(size, len(values))
    counts = [0] * bins
    for v in values:
        counts[v * bins // size] += 1
    if size % bins == 0:
        return even_p(counts)
    widths = [0] * bins
    for v in range(size):
        widths[v * bins // size] += 1
    expected = [len(values) * w / size for w in widths]
    return chi_square_p(sum((c - e) ** 2 / e for c, e in zip(counts, expected)), bins - 1)


def low_bits_p(values, bins=256):
    """Are the low bits of values uniform? The size of the range is a multiple of `bins`."""
    counts = [0] * bins
    for v in values:
        counts[v % bins] += 1
    return even_p(counts)


def joint_p(a, a_size, b, b_size, side=16):
    """Are two values of one draw independent?"""
    counts = [0] * (side * side)
    for x, y in zip(a, b):
        counts[x * side // a_size * side + y * side // b_size] += 1
    return even_p(counts)


def serial_p(values):
    """Is a value independent of the one before it? By their correlation, which is normal for large samples."""
    n = len(values) - 1
    mean = sum(values) / len(values)
    variance = sum((v - mean) ** 2 for v in values) / len(values)
    if variance == 0:
        return 0.0
    covariance = sum((values[i] - mean) * (values[i + 1] - mean) for i in range(n)) / n
    return math.erfc(abs(covariance / variance) * math.sqrt(n / 2))


def repeats_p(keys, space):
    """Repeated draws, of `space` possible ones: the probability of that many or more (Poisson)."""
    repeats = len(keys) - len(set(keys))
    expected = len(keys) ** 2 / 2 / space
    return 1.0 if repeats == 0 else 1.0 - gamma_q(repeats, expected)


def rejected(p, two_sided=False):
    return p < ALPHA or (two_sided and p > 1 - ALPHA)
