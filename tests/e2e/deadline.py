# SPDX-License-Identifier: BSD-3-Clause
"""Waiting for a condition with a deadline."""
import time


def wait(what, condition, seconds=5.0):
    """Waits until condition() is true and returns its value; a failure shows the last value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {seconds} s: {what}; last seen: {value!r}")
        time.sleep(0.01)  # the polling interval: the condition has no event to wait for
