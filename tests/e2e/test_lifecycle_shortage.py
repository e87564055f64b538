# SPDX-License-Identifier: BSD-3-Clause
"""Reloads that the dataplane does not adopt: the reason is reported, and the old configuration stays in force."""
import contextlib
import copy
import json
import os
import resource
import signal
import subprocess

import pytest

import web
from deadline import wait
from topology import DEFAULT, DIR, FWD, SERVERS


@pytest.fixture(autouse=True)
def fresh(lab):
    """When what an earlier test removed is over, a snapshot is sent; that must not happen while a test has no descriptors."""
    lab.restart()


@contextlib.contextmanager
def another_file(lab):
    """Writes a configuration with only nsd to the file; restores the old file at the end."""
    lab.config["upstreams"]["servers"] = [{"name": "nsd", "address": SERVERS["nsd"]}]
    lab.write_config()
    try:
        yield
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.write_config()


def check_refused(lab, done, reason):
    """The reload reports the reason and that the old configuration stays in force, which is true."""
    assert done.returncode == 1 and done.stdout == "", done
    assert reason in done.stderr.splitlines()[0], done
    assert done.stderr.endswith("reload failed: the old configuration stays in force\n"), done
    said = f"error: reload failed, the old configuration stays in force:\nerror: {done.stderr.splitlines()[0]}\n"
    assert said in lab.logs_of("ephemerad.log")
    assert b"\nephemera_config_last_reload_successful 0\n" in web.get("/metrics")[2]
    assert list(lab.upstreams()) == list(SERVERS)
    assert "upstream knot (198.51.100.102#53) removed" in lab.ctl_run("config", "diff").stdout


def reload_works(lab):
    assert json.loads(lab.ctl("reload", "--json"))["changes"] == []
    assert b"\nephemera_config_last_reload_successful 1\n" in web.get("/metrics")[2]


@contextlib.contextmanager
def few_descriptors(process, spare):
    """Lets the process open only `spare` more files."""
    limits = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
    used = {int(name) for name in os.listdir(f"/proc/{process.pid}/fd")}
    free = [number for number in range(max(used) + spare + 2) if number not in used]
    resource.prlimit(process.pid, resource.RLIMIT_NOFILE, (free[spare], limits[1]))
    try:
        yield
    finally:
        resource.prlimit(process.pid, resource.RLIMIT_NOFILE, limits)


@pytest.mark.parametrize("spare, reason", [(0, "the request carries no descriptor"), (1, "out of memory or descriptors")])
def test_reload_that_the_dataplane_refuses(lab, spare, reason):
    """It has no free descriptor to receive the new configuration, or to keep it."""
    with lab.load("--rate", 1000, "--timeout", 3) as load:
        generation = lab.status()["dataplane"]["generation"]
        with another_file(lab):
            with few_descriptors(lab.dataplane, spare):
                done = lab.ctl_run("reload")
            check_refused(lab, done, f"the dataplane refuses it: {reason}")
            assert lab.status()["dataplane"]["generation"] == generation
            grown = lab.queries_go_on(600)
            assert min(grown.values()) > 50, grown
        reload_works(lab)
        result = load.finish()
    assert result["answered"] == result["sent"] and result["errors"] == 0, result


def test_reload_without_a_free_descriptor(lab):
    """The dataplane cannot query the kernel for its links and XDP programs: it continues as if links were up and programs
    attached, and reports nothing else."""
    logs = [lab.logs_of(name) for name in ("dataplane.log", "ephemerad.log")]
    with lab.load("--rate", 1000) as load:
        with few_descriptors(lab.dataplane, 0):
            lab.queries_go_on(2500)  # the dataplane checks its programs every second
            assert all(interface["link_up"] for interface in lab.status()["dataplane"]["interfaces"])
        result = load.finish()
    assert result["answered"] == result["sent"], result
    assert [lab.logs_of(name) for name in ("dataplane.log", "ephemerad.log")] == logs


def reload_begun(lab):
    """Starts a reload; it is not finished yet."""
    return subprocess.Popen(
        [lab.build / "control/ephemeractl", "--socket", DIR / "ephemera/control.sock", "reload"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


def ended(process):
    out, err = process.communicate(timeout=30)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


def stop_dataplane(lab):
    lab.dataplane.send_signal(signal.SIGSTOP)
    stat = f"/proc/{lab.dataplane.pid}/stat"
    wait("the dataplane is suspended", lambda: open(stat).read().rsplit(")", 1)[1].split()[0] == "T")


def is_pushed(lab):
    """Is a message waiting for the dataplane to read it?"""
    out = lab.run(FWD, "ss", "-xnH", "src", str(DIR / "ephemera/dataplane.sock"))
    return any(int(line.split()[2]) > 0 for line in out.splitlines())


def test_dataplane_dies_during_a_reload(lab):
    """The next dataplane gets the old configuration."""
    stop_dataplane(lab)
    with another_file(lab):
        begun = reload_begun(lab)
        wait("the snapshot was sent to the dataplane", lambda: is_pushed(lab))
        lab.kill(lab.dataplane)
        check_refused(lab, ended(begun), "the connection to the dataplane was lost before it answered")
        lab.start_dataplane()
        lab.ready()
        assert list(lab.upstreams()) == list(SERVERS)
    reload_works(lab)


def test_reload_that_the_dataplane_adopts_too_late(lab):
    """It resumes after ephemerad's timeout, and may then adopt the new configuration; it must return to the old one."""
    stop_dataplane(lab)
    try:
        with another_file(lab):
            begun = reload_begun(lab)
            check_refused(lab, ended(begun), "")
            lab.dataplane.send_signal(signal.SIGCONT)
            lab.ready()
            grown = lab.queries()
            for _ in range(24):
                lab.ask()
            grown = {name: queries - grown[name] for name, queries in lab.queries().items()}
            assert list(grown.values()) == [4] * len(SERVERS), "the queries do not go to the old upstreams in turn"
    finally:
        lab.dataplane.send_signal(signal.SIGCONT)
    reload_works(lab)
