# SPDX-License-Identifier: BSD-3-Clause
"""Links go down and up, interfaces are deleted, and the XDP program is replaced. The daemons report what happened. If
the dataplane cannot continue, it ends with the reason and a status on which a service manager restarts it, and a
restart succeeds once the cause is removed. No thread spins meanwhile."""
import contextlib
import subprocess
import time

import pytest

from control import Control
from deadline import wait
from topology import CLIENT, DIR, FARM, FWD, HERE, SERVERS
from observers import thread_seconds

TURNS = 100
# The limit for all threads but the workers, as a share of a core; the requests of these tests take 5 %.
BUSY_SHARE = 0.25

# The interface that is set down, and our interface that loses its link: at the peer or at this end.
LINKS = {
    "clients' side": (CLIENT, "eph-c1", "eph-c0"),
    "farm's side": (FARM, "eph-f1", "eph-f0"),
    "our interface to clients": (FWD, "eph-c0", "eph-c0"),
    "our interface to the farm": (FWD, "eph-f0", "eph-f0"),
}


class Logs:
    """The lines that a daemon logs from now on."""

    def __init__(self, lab, name="ephemerad.log"):
        self.lab, self.name, self.read = lab, name, len(lab.logs_of(name))

    def lines(self, *words):
        text = self.lab.logs_of(self.name)[self.read :]
        return [line for line in text.splitlines() if all(word in line for word in words)]


def set_link(lab, namespace, device, state):
    lab.run(namespace, "ip", "link", "set", device, state)


def link_is_up(control, device):
    interfaces = control.ask("status")["dataplane"]["interfaces"]
    return {interface["name"]: interface["link_up"] for interface in interfaces}[device]


@contextlib.contextmanager
def addresses_kept(lab, namespace, device):
    """Keeps the IPv6 addresses, which the kernel would remove when an interface is set down."""
    key = f"net.ipv6.conf.{device}.keep_addr_on_down"
    lab.run(namespace, "sysctl", "-qw", f"{key}=1")
    try:
        yield
    finally:
        lab.run(namespace, "ip", "link", "set", device, "up")
        lab.run(namespace, "sysctl", "-qw", f"{key}=0")


@contextlib.contextmanager
def no_thread_spins(lab):
    """Neither ephemerad nor the dataplane's threads other than its polling workers use much CPU time."""
    before, began = (thread_seconds(lab.dataplane.pid), thread_seconds(lab.ephemerad.pid)), time.monotonic()
    yield
    after, took = (thread_seconds(lab.dataplane.pid), thread_seconds(lab.ephemerad.pid)), time.monotonic() - began
    used = {t: s - before[i].get(t, 0.0) for i in (0, 1) for t, s in after[i].items()}
    others = {t: s for t, s in used.items() if not t[1].startswith("rte-worker")}
    assert sum(others.values()) < BUSY_SHARE * took + 0.1, f"in {took:.1f} s: {used}"


@pytest.mark.parametrize("where", LINKS)
def test_link_is_down_for_a_while(lab, where):
    """The change is logged once and shown; after it the instance serves again."""
    namespace, device, ours = LINKS[where]
    pid, log = lab.dataplane.pid, Logs(lab)
    down, up = f"interface {ours}: link is down", f"interface {ours}: link is up again"
    with addresses_kept(lab, namespace, device), Control() as control, no_thread_spins(lab):
        set_link(lab, namespace, device, "down")
        wait("link down is logged", lambda: log.lines("warning", down))
        assert not link_is_up(control, ours)
        assert [line.split()[3] for line in lab.ctl("status").splitlines() if line.startswith(ours)] == ["down"]
        if "farm" in where:
            wait("no upstream is left", lambda: control.ask("status")["upstreams_up"] == 0, 10)
            assert lab.ctl_run("ready").stdout == "not ready: no upstream of pool default is usable\n"
            wait("all upstreams are logged as down", lambda: len(log.lines("upstream", "is down")) == len(SERVERS))
        set_link(lab, namespace, device, "up")
        wait("link up is logged", lambda: log.lines("notice", up))
        assert link_is_up(control, ours)
        lab.ready()
    for version in (4, 6):
        lab.ask(version=version)
    assert (len(log.lines(down)), len(log.lines(up))) == (1, 1), log.lines("interface")
    assert lab.dataplane.pid == pid and lab.dataplane.poll() is None
    assert lab.ctl_run("ready").returncode == 0


@pytest.mark.parametrize("where", ["clients' side", "farm's side"])
def test_link_flaps_100_times(lab, where):
    """Each time a client of each family is answered again. The farm's link is seen down and up each time. The kernel
    reports changes of the clients' link once a second, so most of them are not seen."""
    namespace, device, ours = LINKS[where]
    boot_id, slowest, log, sees = lab.stats()["boot_id"], 0.0, Logs(lab), "farm" in where
    with addresses_kept(lab, namespace, device), Control() as control, no_thread_spins(lab):
        for _ in range(TURNS):
            set_link(lab, namespace, device, "down")
            wait("the link is down", lambda: not (sees and link_is_up(control, ours)))
            set_link(lab, namespace, device, "up")
            began = time.monotonic()
            for version in (4, 6):
                lab.ask_until_answered(version)
            slowest = max(slowest, time.monotonic() - began)
            wait("the link is up", lambda: not sees or link_is_up(control, ours))
        wait("the link stays up", lambda: link_is_up(control, ours))
        lab.ready()
    assert lab.stats()["boot_id"] == boot_id

    def changes_logged():
        changes = [len(log.lines(f"interface {ours}: link is {state}")) for state in ("down", "up again")]
        return changes[0] == changes[1] and changes

    # ephemerad polls the links four times a second, and logs each change that it sees.
    assert 0 < wait("the last change is logged", changes_logged)[0] <= TURNS or not sees
    lab.measured.append(f"link flapped {TURNS} times, {where}: clients answered again after {slowest:.3f} s at most")
    assert slowest < 3


# --- deleted interfaces, replaced programs ---


@contextlib.contextmanager
def started_again(lab):
    """Repairs the network and starts the dataplane after the test, because check_invariants() needs it."""
    try:
        yield
    finally:
        if lab.dataplane.poll() is None:
            lab.kill(lab.dataplane)
        lab.network_up()
        for device in ("eph-c0", "eph-f0"):
            lab.run(FWD, "ip", "link", "set", "dev", device, "xdp", "off")
    lab.start_dataplane()
    lab.ready(20)
    for version in (4, 6):
        lab.ask(version=version)


def end_of(lab, log):
    """Waits until the dataplane has ended by itself with status 1; returns its own log lines."""
    assert lab.dataplane.wait(5) == 1
    wait("ephemerad has noticed it", lambda: not lab.status()["dataplane"]["connected"])
    done = lab.ctl_run("ready")
    assert (done.returncode, done.stdout) == (1, "not ready: not connected to the dataplane\n"), done
    return log.lines("ephemera-dataplane: ")


def refusal(lab):
    """The error message of a dataplane that does not start."""
    done = lab.spawn_and_wait("control/ephemeractl", "exec-dataplane")
    assert done.returncode == 1 and done.stderr.count("\n") == 1, done
    return done.stderr


@pytest.mark.parametrize("device", ["eph-c0", "eph-f0"])
def test_interface_is_deleted(lab, device):
    other = {"eph-c0": "eph-f0", "eph-f0": "eph-c0"}[device]
    with started_again(lab):
        log = Logs(lab, "dataplane.log")
        lab.run(FWD, "ip", "link", "del", device)
        said = end_of(lab, log)
        assert said == [f"ephemera-dataplane: interface {device} is gone: restart the dataplane when it is back"], said
        assert f"no interface {device} in this network namespace" in refusal(lab)
        assert "xdp" not in lab.link(FWD, other), "its program was left on the other interface"


def test_interface_is_deleted_under_load(lab):
    """No query is lost before the interface is deleted, and no response is wrong."""
    with started_again(lab), lab.load("--rate", 1000, "--timeout", 0.5) as load:
        queries = lab.stats()["queries"]
        wait("the load flows", lambda: lab.stats()["queries"] > queries + 500)
        log, gone = Logs(lab, "dataplane.log"), time.monotonic()
        lab.run(FWD, "ip", "link", "del", "eph-f0")
        assert len(end_of(lab, log)) == 1
        result = load.finish()
        assert result["first_failed"] > gone - 0.1 and result["answered"] > 500, result


@pytest.fixture(scope="module")
def foreign_xdp():
    """An object file with an XDP program that is not ours."""
    path = DIR / "foreign_xdp.o"
    subprocess.run(["clang", "-O2", "-target", "bpf", "-c", "-o", path, HERE / "foreign_xdp.bpf.c"], check=True)
    return path


def test_xdp_program_is_replaced(lab, foreign_xdp):
    """By a foreign program, which stays attached."""
    with started_again(lab):
        log = Logs(lab, "dataplane.log")
        # In its own mount namespace: ip mounts a BPF file system and does not unmount it.
        attach = ["ip", "-force", "link", "set", "dev", "eph-f0", "xdpdrv", "obj", foreign_xdp, "sec", "xdp"]
        lab.run(FWD, "unshare", "-m", *attach)
        said = end_of(lab, log)
        assert len(said) == 2, said
        assert "interface eph-f0: our XDP program was detached or replaced" in said[0] and "restart it" in said[0]
        assert "interface eph-f0 now carries an XDP program that is not ours: not detached" in said[1], said
        name = lab.link(FWD, "eph-f0")["xdp"]["prog"]["name"]
        assert name == "foreign_xdp" and "xdp" not in lab.link(FWD, "eph-c0")
        said = refusal(lab)
        assert 'interface eph-f0 carries the XDP program "foreign_xdp"' in said and "xdp off" in said, said
        assert lab.link(FWD, "eph-f0")["xdp"]["prog"]["name"] == "foreign_xdp"


def test_xdp_program_is_detached(lab):
    with started_again(lab):
        log = Logs(lab, "dataplane.log")
        lab.run(FWD, "ip", "link", "set", "dev", "eph-c0", "xdp", "off")
        said = end_of(lab, log)
        assert len(said) == 1 and "interface eph-c0: our XDP program was detached or replaced" in said[0], said
        assert "xdp" not in lab.link(FWD, "eph-f0"), "its program was left on the other interface"
