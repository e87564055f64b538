# SPDX-License-Identifier: BSD-3-Clause
"""Attacks that guess: the attacker does not see the queries, or only parts of them."""
import time

import wire
from deadline import wait
from topology import PORTS

from .rig import VICTIM, AttackRig
from .forger import Volley, random_picks

RATE = 60000  # forged responses a second; README.md has measurements of higher rates


def control(lab):
    """A check of the other attacks: a forged response by an attacker who sees the whole query must be accepted. The
    other attacks send the same responses with guessed values."""
    with AttackRig(lab, "control: has seen the query", {"victim": VICTIM[4]}, hold=True) as rig:
        for client, data, held in rig.live(8, versions=(4,)):
            template = rig.response_template(held.address, held.source, None, question=held.question)
            rig.forger.fire(Volley.of_responses([template], [(0, held.port, held.id)]), RATE)
            rig.hear(client, {data[:2]: data})
            held.response()
    return rig.result


def kaminsky(lab, rounds=12, names=24, window_s=0.3, rate=RATE):
    """Clients query random names. Before the slow upstream responds, forged responses arrive from its address, to random
    source addresses, ports and IDs."""
    with AttackRig(lab, "Kaminsky flood", {"victim": VICTIM[4]}, delay=window_s) as rig:
        clients = rig.clients(names)
        for _ in range(rounds):
            asked = [wire.random_name() for _ in clients]
            templates = [t for name in asked for t in rig.response_templates(VICTIM[4], name)]
            count = int(rate * window_s * 0.9)
            volley = Volley.of_responses(templates, random_picks(count, len(templates), PORTS))
            data = [rig.ask(client, name) for client, name in zip(clients, asked)]
            rig.forger.fire(volley, rate, until=time.monotonic() + window_s)
            for client, one in zip(clients, data):
                rig.hear(client, {one[:2]: one})
    rig.result.notes.append(f"{names} names at a time, each open for {window_s} s")
    return rig.result


def id_sweep(lab, rate=RATE):
    """Address, port and name are known; all 65,536 IDs are tried, including the right one: only the random letter case
    protects the query."""
    with AttackRig(lab, "ID sweep, port known", {"victim": VICTIM[4], "victim-v6": VICTIM[6]}, hold=True) as rig:
        for _ in range(4):
            rows = rig.live(1, versions=(4,))
            held = rows[0][2]
            template = rig.response_template(held.address, held.source, None, question=held.question.lower())
            picks = [(0, held.port, query_id) for query_id in range(65536)]
            rig.forger.fire(Volley.of_responses([template], picks), rate)
            rig.close(rows)
    return rig.result


def birthday(lab, clients=200, copies=10, count=200000, rate=RATE):
    """One question many times from many clients: each copy sent upstream would be another target for a guess."""
    with AttackRig(lab, "birthday", {"victim": VICTIM[4]}, hold=True) as rig:
        askers, name = rig.clients(clients), wire.random_name()
        asked = {i.to_bytes(2, "big"): wire.query(name, query_id=i) for i in range(copies)}
        for i in range(copies):
            for client in askers:
                rig.ask(client, name, query_id=i)
        templates = rig.response_templates(VICTIM[4], name)
        for _ in range(4):
            picks = random_picks(count // 4, len(templates), PORTS)
            rig.forger.fire(Volley.of_responses(templates, picks), rate)
        upstream = rig.held.qsize()
        for _ in range(upstream):
            # One by one: the clients share one kernel, which would lose some of 2,000 responses at once.
            responses = lab.growth()
            rig.held.get().response()
            wait("its clients are answered", lambda: responses.counters().get("responses", 0) > 1)
        for client in askers:
            rig.hear(client, asked, count=copies)
    rig.result.counted["upstream queries"] = upstream
    rig.result.notes.append(f"{clients * copies} copies of one question became {upstream} upstream queries")
    return rig.result
