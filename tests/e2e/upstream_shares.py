# SPDX-License-Identifier: BSD-3-Clause
"""Which upstream each query of a client was sent to: captured on the link to the farm, and as ephemeractl counts it.

    with UpstreamShares(lab) as shares:
        ask_all(client, names)
        shares.of(names)            # {"nsd": 3, "knot": 5}
        shares.order                # ["knot", "nsd", ...], as they were sent
        shares.servers              # {"n00001.example": "knot", ...}"""
import collections

import wire
from deadline import wait
from topology import FARM

WINDOW = 32  # queries of a client in flight at a time


def ask_all(client, names, rtype=wire.A):
    """Queries each name and checks each response."""
    waiting = {}
    for number, name in enumerate(names):
        data = wire.query(name, rtype, number)
        waiting[data[:2]] = data
        client.send(data)
        if len(waiting) == WINDOW:
            take_one(client, waiting)
    while waiting:
        take_one(client, waiting)


def take_one(client, waiting):
    response = client.receive()
    data = waiting.pop(response[:2], wire.NOTHING)
    assert wire.is_right(data, response), f"wrong response to {data!r}: {response!r}"


def asked_name(data):
    """The QNAME of a message, as text in lower case."""
    labels, at = [], 12
    while data[at]:
        labels.append(data[at + 1 : at + 1 + data[at]].decode().lower())
        at += data[at] + 1
    return ".".join(labels)


class UpstreamShares:
    def __init__(self, lab):
        self.lab = lab
        self.names = {server["address"]: server["name"] for server in lab.config["upstreams"]["servers"]}
        self.sniffer = lab.sniff(FARM, "eph-f1", self._is_query)

    def _is_query(self, packet):
        """Neither a probe nor the query of check_invariants()."""
        return packet.target_port == 53 and not packet.payload[12:].lower().startswith((wire.PROBE, wire.CLEAN))

    def __enter__(self):
        self.before = {name: u["queries"] for name, u in self.lab.upstreams().items()}
        self.sniffer.__enter__()
        return self

    def __exit__(self, *how):
        self.sniffer.__exit__(*how)

    @property
    def order(self):
        return [self.names[packet.target] for packet in self.sniffer.packets]

    @property
    def servers(self):
        return {asked_name(packet.payload): self.names[packet.target] for packet in self.sniffer.packets}

    def wait_for(self, count):
        wait(f"{count} queries captured on the link to the farm", lambda: len(self.sniffer.packets) >= count)

    def of(self, count):
        """How many of `count` queries each server got, as captured, once ephemeractl shows the same."""
        self.wait_for(count)
        seen = dict(collections.Counter(self.order))

        def counted():
            grown = {name: u["queries"] - self.before[name] for name, u in self.lab.upstreams().items()}
            return {name: queries for name, queries in grown.items() if queries}

        assert sum(seen.values()) == count, f"{count} queries became {seen}"
        wait(f"ephemeractl counts {seen}", lambda: counted() == seen)
        return seen
