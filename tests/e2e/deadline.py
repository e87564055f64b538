# SPDX-License-Identifier: BSD-3-Clause
"""Waiting for events."""
import time


def wait(what, condition, seconds=5.0):
    """Waits until condition() is true and returns what it gave; the last value is in the failure."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {value!r}")
        time.sleep(0.01)  # between two looks at something that has no event of its own
