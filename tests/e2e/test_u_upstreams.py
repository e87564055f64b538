# SPDX-License-Identifier: BSD-3-Clause
"""U: upstreams that die, and replies that outlive their flow."""
import copy
import os
import signal

import wire
from deadline import wait
from farmer import Farmer
from topology import DEFAULT, FARMER, SERVERS


def test_u8_reply_to_a_flow_whose_slot_was_used_again(lab):
    """With a table of 1,024 entries the slot of a flow is the low ten bits of its ID, so that it is soon used again."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["dataplane"]["flows_per_worker"] = 1024
    lab.config["upstreams"].update(timeout_ms=10000, servers=[{"name": "farmer", "address": FARMER[4]}])
    try:
        with Farmer(FARMER[4]) as farmer, lab.client() as client:
            lab.restart()
            client.send(wire.query("n00001.example"))
            old = farmer.next()
            old.answer()
            client.receive()
            for _ in range(20000):  # one in 1,024 hits the slot: all miss once in 300 million runs
                data = wire.query("n00002.example")
                client.send(data)
                asked = farmer.next()
                if asked.id & 1023 == old.id & 1023:
                    break
                asked.answer()
                assert wire.is_right(data, client.receive())
            growth = lab.growth()
            old.answer()
            growth.expect({"reply_wrong_id" if asked.port == old.port else "reply_unknown": 1}, {"answers": 0})
            assert client.has_nothing()
            asked.answer()
            assert wire.is_right(data, client.receive())
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.restart()


def test_u1_one_of_three_upstreams_is_killed_under_load(lab):
    three = {name: SERVERS[name] for name in ("nsd", "knot", "unbound")}
    with lab.configured(three, timeout_ms=1000):
        with lab.load("--rate", 1500, "--timeout", 3) as load:
            os.kill(lab.server_pid("knot"), signal.SIGKILL)
            down = wait("knot is taken out", lambda: lab.upstreams()["knot"]["state"] == "down" and lab.stats(), 10)
            wait("2000 queries more", lambda: lab.stats()["queries"] > down["queries"] + 2000, 10)
            result = load.finish()
        after = lab.stats()
        shares = {
            u["name"]: u["queries"] - next(d["queries"] for d in down["upstreams"] if d["name"] == u["name"])
            for u in after["upstreams"]
        }
        assert shares["knot"] == 0, f"knot was given queries after it was taken out: {shares}"
        assert abs(shares["nsd"] - shares["unbound"]) <= 10, f"the rest is not balanced: {shares}"
        # Only its own share, a third of 1,500 a second, and only until it was out: three probes, a second or so.
        assert 0 < result["lost"] <= 1500 / 3 * 2.5, result
        assert result["last_failed"] - result["first_failed"] < 2.5, result
        assert result["refused"] == 0
        lab.script("up")  # starts knot again
        wait("knot is back", lambda: lab.upstreams()["knot"]["state"] == "up", 10)
