# SPDX-License-Identifier: BSD-3-Clause
"""The instance is drained under load: it reports not ready, keeps answering, and stops when the drain ends."""
import json
import time

import pytest
import web
from deadline import wait


def unready(lab, reason):
    """ephemeractl and HTTP agree that the instance is not ready, and why."""
    done = lab.ctl_run("ready")
    assert (done.returncode, done.stdout) == (1, f"not ready: {reason}\n"), done
    status, _, body = web.get("/ready")
    assert (status, json.loads(body)) == (503, {"ready": False, "reason": reason})


def is_ready(lab):
    return lab.ctl_run("ready").returncode == 0 and web.get("/ready")[0] == 200


def drain_state(lab):
    drain = lab.status()["drain"]
    return drain and drain["state"]


def refused(lab, command, reason):
    done = lab.ctl_run(command)
    assert (done.returncode, done.stdout) == (1, ""), done
    assert done.stderr.endswith(reason + "\n") and done.stderr.count("\n") == 1, done


@pytest.fixture
def served(lab):
    """The lab; restarts the dataplane after the test."""
    yield lab
    if lab.ctl_run("undrain").returncode == 0 or lab.dataplane.poll() is not None:
        lab.restart()


def served_again(lab):
    lab.start_dataplane()
    lab.ready()
    wait("it is ready", lambda: is_ready(lab))
    assert drain_state(lab) is None


def test_drained_instance_still_answers_and_undrain_ends_the_drain(served):
    lab = served
    refused(lab, "undrain", "the instance is not being drained")
    with lab.load("--rate", 1500, "--timeout", 3) as load:
        began = time.monotonic()
        assert lab.ctl("drain", "--timeout", 120).startswith("draining: not ready from now on; ")
        unready(lab, "draining")
        asked = lab.stats()["queries"]
        wait("4500 queries more", lambda: lab.stats()["queries"] >= asked + 4500)
        assert time.monotonic() - began > 2.5, "a drain that is longer than it waits without queries"
        unready(lab, "draining")
        assert drain_state(lab) == "waiting"
        lab.ctl("undrain")
        assert is_ready(lab) and drain_state(lab) is None
        refused(lab, "undrain", "the instance is not being drained")
        asked = lab.stats()["queries"]
        wait("4500 queries more", lambda: lab.stats()["queries"] >= asked + 4500)
        result = load.finish()
    assert lab.dataplane.poll() is None
    assert result["answered"] == result["sent"] and (result["lost"], result["refused"]) == (0, 0), result


def test_stops_after_the_timeout_while_queries_continue(served):
    lab = served
    with lab.load("--rate", 1500, "--timeout", 1) as load:
        began = time.monotonic()
        lab.ctl("drain", "--timeout", 4)
        wait("it is stopped", lambda: drain_state(lab) != "waiting", 10)
        assert 4 <= time.monotonic() - began < 5.5
        assert lab.dataplane.wait(20) == 0
        wait("ephemerad knows", lambda: drain_state(lab) == "stopped")
        unready(lab, "drained: the dataplane was stopped")
        result = load.finish()
    assert result["first_failed"] >= began + 4, f"drained from {began} on: {result}"
    lab.ctl("undrain")
    unready(lab, "not connected to the dataplane")
    refused(lab, "drain", "not connected to the dataplane: nothing to drain")
    served_again(lab)


def test_stops_two_seconds_after_the_last_query(served):
    lab = served
    with lab.load("--rate", 1500, "--timeout", 3) as load:
        lab.ctl("drain", "--timeout", 120)
        asked = lab.stats()["queries"]
        wait("4500 queries more", lambda: lab.stats()["queries"] >= asked + 4500)
        assert drain_state(lab) == "waiting"
        ended = time.monotonic()
        result = load.finish()
    assert result["answered"] == result["sent"] and (result["lost"], result["refused"]) == (0, 0), result
    wait("it is stopped", lambda: drain_state(lab) != "waiting", 10)
    assert 1.9 <= time.monotonic() - ended < 3.5
    assert lab.dataplane.wait(20) == 0
    wait("ephemerad knows", lambda: drain_state(lab) == "stopped")
    unready(lab, "drained: the dataplane was stopped")
    served_again(lab)
