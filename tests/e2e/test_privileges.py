# SPDX-License-Identifier: BSD-3-Clause
"""Privileges: the daemons' capabilities, the permissions of their sockets, and both daemons started as an unprivileged
user, as the units do."""
import configparser
import contextlib
import json
import os
import pathlib
import shutil
import socket
import stat
import subprocess

import pytest

from deadline import wait
from systemd_rig import meson_install
from test_lifecycle import leftovers
from topology import DIR, FWD, ROOT

NOBODY = 65534
USER = 64053  # a UID without a name, for the units' user
NET_ADMIN = 1 << 12
CAPABILITIES = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def threads(pid):
    """The capability sets of each thread, by their names in /proc."""
    found = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        lines = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines() if ":\t" in line)
        found[int(task.name)] = {name: int(lines[name], 16) for name in CAPABILITIES}
        found[int(task.name)]["NoNewPrivs"] = int(lines["NoNewPrivs"])
    return found


def check_capabilities(dataplane_pid, ephemerad_pid):
    """The dataplane's main thread may detach its XDP programs at the end; no thread has other capabilities."""
    of_dataplane, of_ephemerad = threads(dataplane_pid), threads(ephemerad_pid)
    assert len(of_dataplane) >= 3, "main thread, worker and DPDK's interrupt thread"
    assert of_dataplane[dataplane_pid].pop("CapPrm") == NET_ADMIN
    for sets in [*of_dataplane.values(), *of_ephemerad.values()]:
        # The main thread is the one that the service manager sees; other threads inherit nothing from it.
        no_new = sets.pop("NoNewPrivs")
        assert not any(sets.values()), (of_dataplane, of_ephemerad)
        assert no_new == 1 or sets not in (of_dataplane.get(dataplane_pid), of_ephemerad[ephemerad_pid])


def test_capabilities_of_the_daemons(lab):
    check_capabilities(lab.dataplane.pid, lab.ephemerad.pid)
    lab.ask()


def test_sockets_and_their_directory(lab):
    modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in (DIR / "ephemera").iterdir() if p.is_socket()}
    assert modes == {"dataplane.sock": 0o660, "control.sock": 0o660}
    assert stat.S_IMODE((DIR / "ephemera").stat().st_mode) == 0o750


@pytest.mark.parametrize("words", [("status",), ("stats",), ("reload",)])
def test_user_nobody_is_refused(lab, words):
    generation = lab.status()["generation"]
    done = subprocess.run(
        ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", shutil.copy(
            lab.build / "control/ephemeractl", DIR), "--socket", DIR / "ephemera/control.sock", *words],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    assert done.returncode == 3 and done.stdout == "", done
    assert "Permission denied" in done.stderr and done.stderr.count("\n") == 1, done.stderr
    assert lab.status()["generation"] == generation


HOLD = """import socket, sys
lock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
lock.bind("\\0ephemera-dataplane/eph-c0")
lock.listen()
print("held", flush=True)
sys.stdin.read()"""


def test_process_that_holds_an_interface_lock_is_named(lab):
    """A foreign process can keep a dataplane from starting; the message names its PID and user, so that it can be
    ended."""
    lab.stop()
    holder = subprocess.Popen(
        ["nsenter", f"--net=/run/netns/{FWD}", "setpriv", f"--reuid={NOBODY}", "--clear-groups",
         "/usr/bin/python3", "-c", HOLD],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert holder.stdout.readline() == "held\n"
        done = lab.spawn_and_wait("control/ephemeractl", "exec-dataplane")
        assert done.returncode == 1, done
        assert f"interface eph-c0: its lock is held by process {holder.pid} of user {NOBODY}" in done.stderr, done
    finally:
        holder.communicate("")
        lab.start()


def unit(name):
    """A unit's section [Service]; of a key that appears twice, such as SystemCallFilter, only the last."""
    parser = configparser.ConfigParser(interpolation=None, comment_prefixes="#", strict=False)
    parser.optionxform = str
    parser.read(ROOT / "scripts/systemd" / f"{name}.service.in")
    return parser["Service"]


def as_the_unit(name):
    """setpriv's arguments for the user and the capabilities of a unit."""
    service = unit(name)
    bounding = ",".join(f"+{c[4:].lower()}" for c in service["CapabilityBoundingSet"].split())
    ambient = ",".join(f"+{c[4:].lower()}" for c in service.get("AmbientCapabilities", "").split())
    words = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--no-new-privs"]
    words += [
        f"--inh-caps=-all{',' + ambient if ambient else ''}",
        f"--ambient-caps=-all{',' + ambient if ambient else ''}",
    ]
    return [*words, f"--bounding-set=-all{',' + bounding if bounding else ''}"]


class Manager:
    """The service manager's notification socket."""

    def __init__(self, name, watchdog_ms):
        self.path = DIR / f"{name}.notify"
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(str(self.path))
        self.path.chmod(0o777)
        self.environment = {"NOTIFY_SOCKET": str(self.path), "WATCHDOG_USEC": str(watchdog_ms * 1000)}

    def expect(self, word, seconds=15):
        self.socket.settimeout(seconds)
        heard = [self.socket.recv(256).decode()]
        while heard[-1] != word:
            heard.append(self.socket.recv(256).decode())
        return heard

    def close(self):
        self.socket.close()
        self.path.unlink()


@contextlib.contextmanager
def started_as_units(lab):
    """Both daemons started as the units do, from copies in the lab's directory, which their user can read."""
    folder = DIR / "as-units"
    managers = {name: Manager(name, 400) for name in ("ephemera-dataplane", "ephemerad")}
    lab.stop()
    shutil.rmtree(DIR / "ephemera", ignore_errors=True)
    (DIR / "ephemera").mkdir(mode=0o750)
    for part in ("control/ephemeractl", "control/ephemerad", "dataplane/ephemera-dataplane", "bpf/steer.bpf.o"):
        (folder / part).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(lab.build / part, folder / part)
    for path in (DIR / "ephemera", lab.config_path):
        os.chown(path, USER, USER)

    def spawn(name, *command):
        with open(DIR / {"ephemera-dataplane": "dataplane.log", "ephemerad": "ephemerad.log"}[name], "ab") as log:
            return subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{FWD}", *as_the_unit(name), *command, "-c", lab.config_path],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **managers[name].environment},
            )  # fmt: skip

    try:
        lab.idle_mbufs = None
        lab.dataplane = spawn("ephemera-dataplane", folder / "control/ephemeractl", "exec-dataplane")
        lab.ephemerad = spawn("ephemerad", folder / "control/ephemerad")
        for manager in managers.values():
            manager.expect("READY=1")
        lab.ready()
        yield managers
    finally:
        lab.stop()
        for manager in managers.values():
            manager.close()
        shutil.rmtree(folder)
        shutil.rmtree(DIR / "ephemera", ignore_errors=True)
        os.chown(lab.config_path, 0, 0)
        lab.start()


def test_daemons_as_their_units_start_them(lab):
    # The unit's capabilities also suffice to remove an XDP program that an earlier run left behind.
    lab.kill(lab.dataplane)
    with started_as_units(lab) as managers:
        assert os.stat(f"/proc/{lab.dataplane.pid}").st_uid in (USER, 0)  # 0: not dumpable, as required
        check_capabilities(lab.dataplane.pid, lab.ephemerad.pid)
        for version in (4, 6):
            lab.ask(version=version)
        json.loads(lab.ctl("reload", "--json"))
        for manager in managers.values():
            for _ in range(2):
                manager.expect("WATCHDOG=1", 2)
        lab.dataplane.terminate()
        assert lab.dataplane.wait(10) == 0
        managers["ephemera-dataplane"].expect("STOPPING=1", 2)
        wait("nothing is left", lambda: leftovers(lab) == [])


def test_units_are_valid(lab, tmp_path):
    """systemd-analyze verifies the units as installed, with the programs at the paths that they name."""
    root = tmp_path / "root"
    meson_install(lab.build, root)
    units = sorted(root.rglob("*.service"))
    assert [u.name for u in units] == ["ephemera-dataplane.service", "ephemerad.service"]
    for path in units:
        service = path.read_text()
        for program in [
            line.split("=", 1)[1].split()[0] for line in service.splitlines() if line.startswith("ExecStart=")
        ]:
            assert (root / program.lstrip("/")).exists(), program
            service = service.replace(program, str(root / program.lstrip("/")))
        path.write_text(service)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", "--recursive-errors=no", *map(str, units)],
        capture_output=True, text=True, timeout=60,
    )  # fmt: skip
    complaints = [line for line in done.stderr.splitlines() if "ephemera" in line]
    assert done.returncode == 0 and complaints == [], done.stderr
