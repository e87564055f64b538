# SPDX-License-Identifier: BSD-3-Clause
"""The highest rate without loss.

A rate holds if at most ALLOWED_LOSS of the offered queries get no right response. The answered rate counts, not the
requested one: the load program skips queries that it cannot send in time, and then offers less."""
import dataclasses

ALLOWED_LOSS = 0.001
TRIES = 2  # a rate has failed when it failed so often: one hiccup of a machine is no limit
GROWTH = 1.25
SHORT_OF_TARGET = 0.97  # of the target offered: the load program is the limit
STEPS_MAX = 16


@dataclasses.dataclass
class Found:
    rate: float = 0  # queries answered a second
    limited_by_load: bool = False
    steps: list = dataclasses.field(default_factory=list)


def holds(result):
    return result["offered"] > 0 and result["loss"] <= ALLOWED_LOSS and result["wrong"] == 0


def search(measure, first, precision):
    """measure(rate) offers a rate and returns the measurement. Changes the rate from `first` until one that holds and
    one that fails are found, then bisects between them down to `precision`, a share."""
    found, low, high, target = Found(), 0, None, first
    while len(found.steps) < STEPS_MAX:
        for _ in range(TRIES):
            result = measure(target)
            is_held = holds(result)
            found.steps.append({
                "target": round(target), "offered": round(result["offered"]), "answered": round(result["answered"]),
                "loss": result["loss"], "held": is_held,
            })  # fmt: skip
            if is_held:
                break
        is_short = is_held and result["offered"] < SHORT_OF_TARGET * target
        if is_held and result["answered"] > found.rate:
            found.rate, found.limited_by_load = result["answered"], is_short
        if is_held and not is_short:
            low = max(low, target)
        else:
            high = min(high or target, target)
        if high is None:
            target = low * GROWTH
        elif low == 0:
            target = high / GROWTH
        elif high <= low * (1 + precision):
            break
        else:
            target = (low + high) / 2
    return found
