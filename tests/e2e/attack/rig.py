# SPDX-License-Identifier: BSD-3-Clause
"""The set-up that every attack runs in, and how its result is determined.

    with AttackRig(lab, "name", {"victim": "198.51.100.111"}) as rig:
        ...
    rig.result                                        # a Result

A rig makes a scripted upstream the only upstream, runs a clean load of queries beside the attack, owns the clients of
the attack, and at the end collects their responses. Every response to every client is checked, so that a forged one
is noticed."""
import contextlib
import dataclasses
import os
import queue

import wire
from clients import Client
from deadline import wait
from scripted_upstream import ScriptedUpstream
from topology import CLIENT, FARM, SHARED_CORE, SOURCES

from .forger import Forger, Template

FORGED = b"\6\6\6\6"  # the address in forged responses; no name of the farm has it
CLEAN_RATE = 500
STILL = 20  # equal readings of the counters in a row that count as quiet
VICTIM = {4: "198.51.100.111", 6: "2001:db8:2::111"}
OTHER = {4: "198.51.100.112", 6: "2001:db8:2::112"}
STRANGER = {4: "198.51.100.114", 6: "2001:db8:2::114"}  # an address of the farm's network that is not an upstream


@dataclasses.dataclass
class Result:
    name: str
    packets: int = 0  # sent by the attacker
    seconds: float = 0.0  # duration of the sending
    asked: int = 0  # queries under attack
    accepted: int = 0  # forged responses that reached a client
    unanswered: int = 0  # of `asked`, those without a right response
    clean: int = 0  # queries of the clean load
    clean_lost: int = 0
    uncounted: int = 0  # forged packets neither accepted nor counted: lost before the dataplane
    counted: dict = dataclasses.field(default_factory=dict)  # how the counters grew
    notes: list = dataclasses.field(default_factory=list)

    @property
    def rate(self):
        return self.packets / self.seconds if self.seconds else 0.0

    def as_dict(self):
        return {**dataclasses.asdict(self), "rate": round(self.rate)}


class AttackRig:
    def __init__(self, lab, name, servers, hold=False, delay=0.0, timeout_ms=8000, protection=None, ask_clean=True):
        """hold: queries for random names wait in rig.held until the attack answers them; delay: all responses are
        delayed by that many seconds."""
        self.lab, self.servers, self.hold = lab, servers, hold
        self.delay, self.timeout_ms, self.protection, self.ask_clean = delay, timeout_ms, protection, ask_clean
        self.result = Result(name)
        self.counts = True  # does the dataplane or its XDP program count the forged packets?
        self.held = queue.Queue()
        self.stack = contextlib.ExitStack()

    def __enter__(self):
        with contextlib.ExitStack() as stack:
            self.cores = os.sched_getaffinity(0)
            os.sched_setaffinity(0, {SHARED_CORE})  # the other core is the worker's
            stack.callback(os.sched_setaffinity, 0, self.cores)
            behave = self._behave if self.hold else None
            self.scripted = stack.enter_context(
                ScriptedUpstream(*{*self.servers.values()}, behave=behave, delay=None if self.hold else self.delay)
            )
            stack.enter_context(
                self.lab.configured(self.servers, protection=self.protection, timeout_ms=self.timeout_ms)
            )
            self.load = None
            if self.ask_clean:
                self.load = stack.enter_context(self.lab.load("--rate", CLEAN_RATE))
            self.forger, self.inside = (
                stack.enter_context(Forger(*end)) for end in ((FARM, "eph-f1"), (CLIENT, "eph-c1"))
            )
            self.heads = {FARM: self._head("eph-f0", FARM, "eph-f1"), CLIENT: self._head("eph-c0", CLIENT, "eph-c1")}
            self.growth = self.lab.growth()
            self.stack = stack.pop_all()
        return self

    def __exit__(self, kind, *_):
        try:
            if kind is None:
                self._finish()
        finally:
            self.stack.close()

    def _behave(self, asked):
        label_end = 1 + asked.question[0]
        if asked.question[label_end:-4].lower() == wire.RANDOM or wire.answer_of(asked.question) is None:
            self.held.put(asked)
        else:
            asked.response()

    def _finish(self):
        result = self.result
        if self.load:
            clean = self.load.finish(check=False)
            result.clean = clean["sent"]
            result.clean_lost = clean["lost"] + clean["refused"]
            result.accepted += clean["wrong"]
        result.packets = self.forger.sent + self.inside.sent
        result.seconds = self.forger.seconds + self.inside.seconds
        result.uncounted = result.packets - self.settle() if self.counts else 0
        counters, drops, steer = self.growth.counters(), self.growth.drops(), self.growth.steer()
        for name in ("near_misses", "attacked", "responses_attacked", "coalesced"):
            if counters.get(name):
                result.counted[name] = counters[name]
        result.counted.update(drops)
        result.counted.update({f"steer {n}": steer[n] for n in ("stray", "fragment", "tagged", "deep") if n in steer})

    def settle(self):
        """Waits until all forged packets are counted, or until the counters stop; returns how many were counted."""
        seen = []

        def is_quiet():
            stats = self.lab.stats()
            drops, steer = self.growth.of(stats, "drops"), self.growth.of(stats, "steer")
            seen.append(sum(drops.values()) + steer.get("stray", 0) + steer.get("fragment", 0))
            return seen[-1] >= self.forger.sent + self.inside.sent or seen[-STILL:] == [seen[-1]] * STILL

        wait("the counters stop", is_quiet, 10)
        return seen[-1]

    # --- clients ---

    def clients(self, count, version=4):
        return [self.stack.enter_context(Client(version)) for _ in range(count)]

    def ask(self, client, name=None, query_id=None):
        """Sends a query for a random name; returns it."""
        data = wire.query(name or wire.random_name(), query_id=query_id)
        client.send(data)
        self.result.asked += 1
        return data

    def live(self, count, versions=(4, 6)):
        """`count` queries in flight: (client, its query, the query as the upstream received it)."""
        rows = []
        for i in range(count):
            client = self.clients(1, versions[i % len(versions)])[0]
            data = self.ask(client)
            rows.append((client, data, self.held.get(timeout=5)))
        return rows

    def hear(self, client, asked, count=1, seconds=5.0):
        """Receives `count` responses to the queries in `asked` (by ID), and checks them."""
        for _ in range(count):
            try:
                response = client.receive(seconds)
            except AssertionError:
                self.result.unanswered += 1
                continue
            data = asked.get(response[:2], wire.NOTHING)
            if not wire.is_right(data, response):
                self.result.accepted += 1

    def close(self, rows):
        """Answers the queries in flight, and checks what the clients receive."""
        for _, _, held in rows:
            held.response()
        for client, data, _ in rows:
            self.hear(client, {data[:2]: data})
            if not client.has_nothing():
                self.result.accepted += 1

    # --- forged packets ---

    def response_template(self, upstream, source, name, source_port=53, namespace=FARM, question=None):
        """A forged response from an upstream's address to a source address; the letter case is a guess, too."""
        asked = question or wire.question(name)
        payload = wire.right_response(wire.message(0, asked), rdata=FORGED)
        a, b = wire.address_bytes(upstream), wire.address_bytes(source)
        return Template(self.frame(wire.ip(a, b, 17, wire.udp(a, b, source_port, 1, payload)), namespace))

    def _head(self, outer, namespace, inner):
        return self.lab.mac("eph-fwd", outer) + self.lab.mac(namespace, inner)

    def frame(self, packet, namespace=FARM):
        """An IP packet in a frame as it arrives at eph-fwd."""
        return self.heads[namespace] + (b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet

    def response_templates(self, upstream, name):
        version = 6 if ":" in upstream else 4
        return [self.response_template(upstream, source, name) for source in SOURCES[version]]


def kernel_counters(lab):
    """Counters of eph-fwd's kernel: ICMP messages sent, fragments passed to reassembly."""
    rows = {}
    lines = lab.run("eph-fwd", "cat", "/proc/net/snmp").splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        kind = names.split(":")[0]
        rows.update({kind + n: int(v) for n, v in zip(names.split()[1:], values.split()[1:])})
    for line in lab.run("eph-fwd", "cat", "/proc/net/snmp6").splitlines():
        rows[line.split()[0]] = int(line.split()[1])
    sent = rows["IcmpOutMsgs"] + rows["Icmp6OutDestUnreachs"] + rows["Icmp6OutPktTooBigs"] + rows["Icmp6OutTimeExcds"]
    return {"ICMP sent": sent, "fragments taken": rows["IpReasmReqds"] + rows["Ip6ReasmReqds"]}
