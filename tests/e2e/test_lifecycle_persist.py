# SPDX-License-Identifier: BSD-3-Clause
"""Overrides, drains and counters are kept across restarts of the daemons."""
from deadline import wait
from topology import DIR

STATE = DIR / "ephemera/ephemerad.state"


def ephemerad_is_killed(lab):
    lab.kill(lab.ephemerad)
    lab.start_ephemerad()
    wait("the new ephemerad responds", lambda: lab.status(check=False), 10)


def drain_state(lab):
    drain = lab.status()["drain"]
    return drain and drain["state"]


def test_drain_is_kept_across_a_restart_of_ephemerad(lab):
    with lab.load("--rate", 500) as load:
        lab.ctl("drain", "--timeout", 60)
        ephemerad_is_killed(lab)
        wait("it knows the dataplane", lambda: lab.status()["dataplane"]["connected"], 10)
        done = lab.ctl_run("ready")
        assert done.returncode == 1 and done.stdout == "not ready: draining\n", done
        assert drain_state(lab) == "waiting"
        for version in (4, 6):
            lab.ask(version=version)
        result = load.finish()
        assert (result["lost"], result["refused"]) == (0, 0), result
    assert lab.dataplane.wait(20) == 0, "the dataplane did not end with status 0 after the last query"
    wait("it is drained", lambda: drain_state(lab) == "stopped", 5)
    ephemerad_is_killed(lab)
    assert drain_state(lab) == "stopped"
    lab.start_dataplane()
    lab.ready()
    assert drain_state(lab) is None and lab.ctl_run("ready").returncode == 0


def test_overrides_are_kept_across_restarts_of_both_daemons(lab):
    lab.ctl("upstream", "nsd", "down")
    for daemon in (lab.ephemerad, lab.dataplane):
        lab.kill(daemon)
    lab.start_dataplane()
    lab.start_ephemerad()
    wait("all others are up", lambda: (s := lab.status(check=False)) and s["upstreams_up"] == 5 and lab.settled(s), 20)
    assert lab.is_in_state("nsd", "forced-down"), lab.upstreams()["nsd"]
    for _ in range(60):
        lab.ask()
    counted = lab.upstreams()
    assert counted["nsd"]["queries"] == 0 and sum(u["queries"] for u in counted.values()) == 60, counted
    lab.ctl("upstream", "nsd", "auto")
    lab.ready()


def test_upstream_counters_are_kept_across_a_restart_of_ephemerad(lab):
    for _ in range(30):
        lab.ask()
    before = {name: u["queries"] for name, u in lab.upstreams().items()}
    ephemerad_is_killed(lab)
    lab.ready()
    assert {name: u["queries"] for name, u in lab.upstreams().items()} == before


def test_damaged_state_file_gives_one_log_line(lab):
    lab.kill(lab.ephemerad)
    text = STATE.read_bytes()
    assert STATE.stat().st_mode & 0o777 == 0o600
    STATE.write_bytes(text[: len(text) // 2])
    logged = len(lab.logs_of("ephemerad.log"))
    lab.start_ephemerad()
    lab.ready()
    lines = [line for line in lab.logs_of("ephemerad.log")[logged:].splitlines() if str(STATE) in line]
    assert len(lines) == 1 and "ignoring the state file" in lines[0], lines
    # The new ephemerad is ready as soon as it knows the dataplane's state; it publishes and writes the file later.
    wait("it is written again", lambda: STATE.read_bytes() != text[: len(text) // 2], 5)
