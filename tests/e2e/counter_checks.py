# SPDX-License-Identifier: BSD-3-Clause
"""Checks of the counters: how much they grew during a test, and the invariants that hold after every test."""
from deadline import wait


class Growth:
    """The growth of the counters since the object was made."""

    def __init__(self, lab):
        self.lab, self.before = lab, lab.stats()

    def of(self, stats, group):
        before = self.before[group]
        grown = {name: count - before.get(name, 0) for name, count in stats[group].items()}
        return {name: count for name, count in grown.items() if count}

    def drops(self):
        return self.of(self.lab.stats(), "drops")

    def counters(self):
        return self.of(self.lab.stats(), "counters")

    def steer(self):
        return self.of(self.lab.stats(), "steer")

    def expect(self, drops=None, counters=None, steer=None, seconds=5.0):
        """Waits until exactly these drops grew and no others, and the named counters and XDP verdicts grew by exactly
        these numbers."""
        wanted = {"drops": drops or {}, "counters": counters or {}, "steer": steer or {}}
        seen = {}

        def fits():
            stats = self.lab.stats()
            seen.update({group: self.of(stats, group) for group in wanted})
            return (
                seen["drops"] == {k: v for k, v in wanted["drops"].items() if v}
                and all(seen["counters"].get(k, 0) == v for k, v in wanted["counters"].items())
                and all(seen["steer"].get(k, 0) == v for k, v in wanted["steer"].items())
            )

        try:
            wait("counters", fits, seconds)
        except AssertionError:
            raise AssertionError(f"counters: expected growth {wanted}, seen {seen}") from None


# How far the number of buffers that idle drivers hold may vary: they free sent buffers only at the next transmit.
MBUFS_HELD = 512


def balance(counters, drops):
    """rx + generated + handoff_in - (tx + consumed + handoff_out + all drops), which is 0 at rest (counters.h)."""
    c = counters
    return c["rx"] + c["generated"] + c["handoff_in"] - c["tx"] - c["consumed"] - c["handoff_out"] - sum(drops.values())


def check_invariants(lab):
    """What must hold within five seconds after every test: both daemons run; the packet buffers are back in their
    pools; the flow table is empty; each worker's packets are all accounted for; each service address answers. That
    nothing else was sent and no wrong response was delivered is checked by each test itself."""
    assert lab.dataplane.poll() is None, f"the dataplane ended with status {lab.dataplane.returncode}\n{lab.logs()}"
    assert lab.ephemerad.poll() is None, f"ephemerad ended with status {lab.ephemerad.returncode}\n{lab.logs()}"
    for version in (4, 6):
        lab.ask(version=version)

    def fault():
        stats = lab.stats()
        if stats["in_flight"] != 0:
            return f"{stats['in_flight']} flows in flight"
        for worker in stats["workers"]:
            if balance(worker["counters"], worker["drops"]) != 0:
                return f"packets out of balance: {worker['counters']} {worker['drops']}"
        if stats["counters"]["handoff_in"] != stats["counters"]["handoff_out"]:
            return f"packets handed off to a worker that did not receive them: {stats['counters']}"
        if stats["mbufs_in_use"] > lab.idle_mbufs + MBUFS_HELD:
            return f"{stats['mbufs_in_use']} buffers in use, {lab.idle_mbufs} when idle"
        return None

    seen = []
    try:
        wait("the invariants hold", lambda: seen.append(fault()) or seen[-1] is None, 5)
    except AssertionError:
        raise AssertionError(f"five seconds after the test: {seen[-1]}") from None
