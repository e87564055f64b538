# SPDX-License-Identifier: BSD-3-Clause
"""What every attack is run on, and what it is judged by.

    with AttackRig(lab, "name", {"victim": "198.51.100.111"}) as rig:
        ...
    rig.result                                        # a Result

A rig makes a scripted upstream the only upstream, begins a clean load of queries beside the attack, keeps the clients that the
attack asks for, and at the end asks everybody what came. Every answer to every client is checked against what the
farm says of the name, so a forged one can't go by unseen."""
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

FORGED = b"\6\6\6\6"  # the address that the forger wants clients to go to; no name of the farm has it
CLEAN_RATE = 500
STILL = 20  # readings of the counters in a row that do not differ
VICTIM = {4: "198.51.100.111", 6: "2001:db8:2::111"}
OTHER = {4: "198.51.100.112", 6: "2001:db8:2::112"}
STRANGER = {4: "198.51.100.114", 6: "2001:db8:2::114"}  # an address of the farm's network that is no upstream


@dataclasses.dataclass
class Result:
    name: str
    packets: int = 0  # sent by the attacker
    seconds: float = 0.0  # it took
    asked: int = 0  # queries that the attacker aimed at, or had asked
    accepted: int = 0  # forged responses that reached a client
    unanswered: int = 0  # of `asked`: no right response came
    clean: int = 0  # queries of the load beside it
    clean_lost: int = 0
    uncounted: int = 0  # forged packets that were neither believed nor counted: lost on the way to the dataplane
    counted: dict = dataclasses.field(default_factory=dict)  # how the counters grew
    notes: list = dataclasses.field(default_factory=list)

    @property
    def rate(self):
        return self.packets / self.seconds if self.seconds else 0.0

    def as_dict(self):
        return {**dataclasses.asdict(self), "rate": round(self.rate)}


class AttackRig:
    def __init__(self, lab, name, servers, hold=False, delay=0.0, timeout_ms=8000, protection=None, ask_clean=True):
        """hold: queries for random names wait in rig.held until the attack answers them; delay: everything is
        answered so many seconds late."""
        self.lab, self.servers, self.hold = lab, servers, hold
        self.delay, self.timeout_ms, self.protection, self.ask_clean = delay, timeout_ms, protection, ask_clean
        self.result = Result(name)
        self.counts = True  # what the forger sends is for the dataplane, or its XDP program, to count
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
        """Waits until all that the forger sent was counted, or until nothing more is; returns how much was."""
        seen = []

        def is_quiet():
            stats = self.lab.stats()
            drops, steer = self.growth.of(stats, "drops"), self.growth.of(stats, "steer")
            seen.append(sum(drops.values()) + steer.get("stray", 0) + steer.get("fragment", 0))
            return seen[-1] >= self.forger.sent + self.inside.sent or seen[-STILL:] == [seen[-1]] * STILL

        wait("the counters stand still", is_quiet, 10)
        return seen[-1]

    # --- those who ask ---

    def clients(self, count, version=4):
        return [self.stack.enter_context(Client(version)) for _ in range(count)]

    def ask(self, client, name=None, query_id=None):
        """Asks for a random name; returns the query."""
        data = wire.query(name or wire.random_name(), query_id=query_id)
        client.send(data)
        self.result.asked += 1
        return data

    def live(self, count, versions=(4, 6)):
        """`count` queries in flight: (client, its query, the query as the scripted upstream holds it)."""
        rows = []
        for i in range(count):
            client = self.clients(1, versions[i % len(versions)])[0]
            data = self.ask(client)
            rows.append((client, data, self.held.get(timeout=5)))
        return rows

    def hear(self, client, asked, count=1, seconds=5.0):
        """Takes `count` answers for the queries in `asked` (by ID), and judges them."""
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
        """Lets the scripted upstream answer what is in flight, and hears what the clients were told."""
        for _, _, held in rows:
            held.response()
        for client, data, _ in rows:
            self.hear(client, {data[:2]: data})
            if not client.has_nothing():
                self.result.accepted += 1

    # --- the forger's means ---

    def response_template(self, upstream, source, name, source_port=53, namespace=FARM, question=None):
        """A forged response as if from an upstream, to a source address of ours; the letter case is the forger's guess."""
        asked = question or wire.question(name)
        payload = wire.right_response(wire.message(0, asked), rdata=FORGED)
        a, b = wire.address_bytes(upstream), wire.address_bytes(source)
        return Template(self.frame(wire.ip(a, b, 17, wire.udp(a, b, source_port, 1, payload)), namespace))

    def _head(self, outer, namespace, inner):
        return self.lab.mac("eph-fwd", outer) + self.lab.mac(namespace, inner)

    def frame(self, packet, namespace=FARM):
        """An IP packet as it comes to eph-fwd."""
        return self.heads[namespace] + (b"\x08\x00" if packet[0] >> 4 == 4 else b"\x86\xdd") + packet

    def response_templates(self, upstream, name):
        version = 6 if ":" in upstream else 4
        return [self.response_template(upstream, source, name) for source in SOURCES[version]]


def kernel_counters(lab):
    """Figures of eph-fwd's kernel: ICMP messages that it sent, fragments that it began to put together."""
    rows = {}
    lines = lab.run("eph-fwd", "cat", "/proc/net/snmp").splitlines()
    for names, values in zip(lines[::2], lines[1::2]):
        kind = names.split(":")[0]
        rows.update({kind + n: int(v) for n, v in zip(names.split()[1:], values.split()[1:])})
    for line in lab.run("eph-fwd", "cat", "/proc/net/snmp6").splitlines():
        rows[line.split()[0]] = int(line.split()[1])
    sent = rows["IcmpOutMsgs"] + rows["Icmp6OutDestUnreachs"] + rows["Icmp6OutPktTooBigs"] + rows["Icmp6OutTimeExcds"]
    return {"ICMP sent": sent, "fragments taken": rows["IpReasmReqds"] + rows["Ip6ReasmReqds"]}
