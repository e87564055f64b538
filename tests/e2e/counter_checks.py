# SPDX-License-Identifier: BSD-3-Clause
"""What the counters must say: how they grew in a case, and what holds after every case."""
from deadline import wait


class Growth:
    """The counters since a moment."""

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
        """Waits until the drops grew by exactly these and by no others, and the counters and verdicts that are named by
        exactly so many."""
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
            raise AssertionError(f"counters: wanted {wanted}, grew {seen}") from None


# Buffers of which the drivers hold more or less at rest: sent ones that they take back with the next sending.
MBUFS_HELD = 512


def balance(counters, drops):
    """rx + generated + handoff_in - (tx + consumed + handoff_out + all drops), which is 0 at rest (counters.h)."""
    c = counters
    return c["rx"] + c["generated"] + c["handoff_in"] - c["tx"] - c["consumed"] - c["handoff_out"] - sum(drops.values())


def check_invariants(lab):
    """What holds after every case within five seconds of quiet: (a) the processes live; (b) the packet buffers are
    back; (c) the flow table is empty; (d) each worker's packets are all accounted for; (e) each service address
    answers. (f) and (g), that nothing was sent and no response was given that the case does not allow, are each test's
    own business."""
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
            return f"handed over and not taken: {stats['counters']}"
        if stats["mbufs_in_use"] > lab.idle_mbufs + MBUFS_HELD:
            return f"{stats['mbufs_in_use']} buffers in use, {lab.idle_mbufs} when idle"
        return None

    seen = []
    try:
        wait("quiet", lambda: seen.append(fault()) or seen[-1] is None, 5)
    except AssertionError:
        raise AssertionError(f"the oracle after five seconds of quiet: {seen[-1]}") from None
