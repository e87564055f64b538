# SPDX-License-Identifier: BSD-3-Clause
"""Ephemera installed as ephemera-operation(7) says and run by a real systemd: installed files, privileges, restarts, watchdog."""
import contextlib
import copy
import ctypes
import os
import pathlib
import signal
import stat

import pytest

from deadline import wait
from netns import libc
from systemd_rig import DATAPLANE, EPHEMERAD, UNITS, manual_blocks, meson_install, standing
from test_privileges import check_capabilities, unit
from topology import DEFAULT, FWD, SERVERS

CONFIG = {**DEFAULT, "runtime_dir": "/run/ephemera"}
CAPABILITIES = {"NET_ADMIN": 12, "NET_RAW": 13, "IPC_LOCK": 14, "SYS_ADMIN": 21, "PERFMON": 38, "BPF": 39}
SECCOMP_FILTER = 2
# The highest exposure level of `systemd-analyze security`, in tenths.
EXPOSURE = {DATAPLANE: 24, EPHEMERAD: 16}

# Files below the prefix, with their modes.
INSTALLED = {
    "bin/ephemera-load": 0o755,
    "sbin/ephemera-dataplane": 0o755,
    "sbin/ephemeractl": 0o755,
    "sbin/ephemerad": 0o755,
    "lib/x86_64-linux-gnu/ephemera/steer.bpf.o": 0o644,
    "lib/systemd/system/ephemera-dataplane.service": 0o644,
    "lib/systemd/system/ephemerad.service": 0o644,
    "lib/sysusers.d/ephemera.conf": 0o644,
    "share/bash-completion/completions/ephemeractl.bash": 0o644,
    "share/fish/vendor_completions.d/ephemeractl.fish": 0o644,
    "share/zsh/vendor-completions/_ephemeractl": 0o644,
    "share/doc/ephemera/copyright": 0o644,
    "share/doc/ephemera/examples/all-keys.yaml": 0o644,
    "share/doc/ephemera/examples/bulk.txt": 0o644,
    "share/doc/ephemera/examples/ephemera.nft": 0o644,
    "share/doc/ephemera/examples/ephemera.yaml": 0o644,
    "share/man/man5/ephemera.yaml.5": 0o644,
    "share/man/man7/ephemera-counters.7": 0o644,
    "share/man/man7/ephemera-operation.7": 0o644,
    "share/man/man7/ephemera-security.7": 0o644,
    "share/man/man7/ephemera.7": 0o644,
    "share/man/man8/ephemera-dataplane.8": 0o644,
    "share/man/man8/ephemeractl.8": 0o644,
    "share/man/man8/ephemerad.8": 0o644,
}


@pytest.fixture(scope="module")
def system(standing_lab, tmp_path_factory):
    with standing(standing_lab, tmp_path_factory.mktemp("destdir")) as rig:
        rig.install(CONFIG)
        yield rig


@pytest.fixture
def rig(system):
    """Both units run and queries are answered, before and after the test."""
    system.ready()
    yield system
    system.ready()
    responses(system)


def responses(rig):
    for version in (4, 6):
        rig.lab.ask(version=version)


def test_installed_paths(standing_lab, tmp_path):
    prefix = meson_install(standing_lab.build, tmp_path)
    found = {p: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.rglob("*") if not p.is_dir()}
    assert found == {tmp_path / prefix.relative_to("/") / name: mode for name, mode in INSTALLED.items()}


def test_installed_examples_are_valid(rig):
    """ephemera-operation(7) shows the nft table that is installed, and nft accepts it. install() checked the
    configuration."""
    path = f"{rig.prefix}/share/doc/ephemera/examples/ephemera.nft"
    rig.run("nft", "--check", "--file", path)
    table = [line for line in rig.run("cat", path).splitlines() if not line.startswith("#")]
    assert table == manual_blocks("ephemera-operation.7", "5. Guard of the source range")


def test_units_start_at_the_first_attempt(rig):
    for name in UNITS:
        shown = rig.show(name)
        wanted = {"Type": "notify", "ActiveState": "active", "SubState": "running", "NRestarts": "0",
                  "UnitFileState": "enabled", "WatchdogUSec": "10s", "Result": "success"}  # fmt: skip
        assert {key: shown[key] for key in wanted} == wanted, name
    before = rig.stats()["queries"]
    responses(rig)
    wait("both queries are counted", lambda: rig.stats()["queries"] == before + 2)


def test_privileges(rig):
    pids = {name: rig.main_pid(name) for name in UNITS}
    check_capabilities(pids[DATAPLANE], pids[EPHEMERAD])
    user = int(rig.run("id", "-u", "ephemera"))
    for name, pid in pids.items():
        bounding = sum(1 << CAPABILITIES[c[4:]] for c in unit(name)["CapabilityBoundingSet"].split())
        for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
            status = dict(line.split(":\t", 1) for line in (task / "status").read_text().splitlines())
            assert status["Uid"].split() == [str(user)] * 4
            assert int(status["CapBnd"], 16) == bounding
            assert (int(status["NoNewPrivs"]), int(status["Seccomp"])) == (1, SECCOMP_FILTER)


@pytest.mark.parametrize("name", UNITS)
def test_systemd_exposure(rig, name):
    rig.run("systemd-analyze", "security", "--no-pager", f"--threshold={EXPOSURE[name]}", f"{name}.service")


def test_directory_and_sockets(rig):
    user = int(rig.run("id", "-u", "ephemera"))
    directory = rig.root / "run/ephemera"
    seen = {p.name: p.stat() for p in (directory, *directory.iterdir()) if p == directory or p.is_socket()}
    assert {name: (s.st_uid, stat.S_IMODE(s.st_mode)) for name, s in seen.items()} == {
        "ephemera": (user, 0o750), "dataplane.sock": (user, 0o660), "control.sock": (user, 0o660)
    }  # fmt: skip


@pytest.mark.parametrize("group, status", [("ephemera", 0), ("nogroup", 3)])
def test_who_may_use_the_command(rig, group, status):
    done = rig.ask_run("setpriv", "--reuid=nobody", f"--regid={group}", "--clear-groups", "ephemeractl", "status")
    assert done.returncode == status, done


def test_completion(rig):
    """fish finds its installed script, which gets the names from ephemerad."""
    offered = rig.run("fish", "-c", "complete --do-complete 'ephemeractl upstream '").split()
    assert sorted(offered) == sorted(SERVERS)


def test_reload(rig):
    pids = [rig.main_pid(name) for name in UNITS]
    changed = copy.deepcopy(CONFIG)
    changed["upstreams"]["servers"] = [{"name": "nsd", "address": SERVERS["nsd"]}]
    for config in (changed, CONFIG):
        rig.write_config(config)
        rig.systemctl("reload", EPHEMERAD)
        wanted = len(config["upstreams"]["servers"])
        wait(
            "the new file is in force", lambda: (s := rig.status())["upstreams_total"] == wanted and rig.lab.settled(s)
        )
        rig.ready()
        responses(rig)
    assert [rig.main_pid(name) for name in UNITS] == pids


# ephemerad, which restarts quickly: more often than systemd's default limit allows in ten seconds.
@pytest.mark.parametrize("name, times", [(DATAPLANE, 2), (EPHEMERAD, 6)])
def test_killed_unit_is_restarted(rig, name, times):
    restarts = rig.restarts(name)
    for turn in range(1, times + 1):
        rig.systemctl("kill", "--kill-whom=main", "--signal=KILL", name)
        wait(f"{name} was restarted", lambda: rig.restarts(name) == restarts + turn and rig.runs(name), 10)
    rig.ready()
    responses(rig)


PTRACE_DETACH, PTRACE_SEIZE, PTRACE_INTERRUPT = 0x11, 0x4206, 0x4207
WALL = 0x40000000  # __WALL: wait for threads, too


@contextlib.contextmanager
def frozen_thread(tid):
    """Stops one thread of a process. The process must be aborted for it."""

    def ptrace(request):
        if libc.ptrace(request, tid, None, None) != 0:
            raise OSError(ctypes.get_errno(), f"ptrace {request:#x} of {tid}")

    ptrace(PTRACE_SEIZE)
    try:
        ptrace(PTRACE_INTERRUPT)
        assert os.WIFSTOPPED(os.waitpid(tid, WALL)[1])
        yield
        # The process ends only when its tracer has waited for the thread.
        _, status = wait("the process is aborted", lambda: (seen := os.waitpid(tid, WALL | os.WNOHANG))[0] and seen, 15)
    except BaseException:
        ptrace(PTRACE_DETACH)
        raise
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGABRT, status


def test_watchdog(rig):
    """The watchdog restarts a dataplane with one hanging worker, and a stopped ephemerad."""
    restarts = {name: rig.restarts(name) for name in UNITS}
    dataplane = pathlib.Path(f"/proc/{rig.main_pid(DATAPLANE)}")
    worker = next(int(t.name) for t in (dataplane / "task").iterdir() if "worker" in (t / "comm").read_text())
    with frozen_thread(worker):
        os.kill(rig.main_pid(EPHEMERAD), signal.SIGSTOP)
    for name in UNITS:
        wait(f"{name} was restarted", lambda: rig.restarts(name) == restarts[name] + 1 and rig.runs(name), 15)
        journal = rig.run("journalctl", "--no-pager", "--quiet", f"--unit={name}", "--output=cat")
        assert "Watchdog timeout" in journal, journal


def leftovers(rig):
    """What stopped units have left behind."""
    lab, directory = rig.lab, rig.root / "run/ephemera"
    found = [f"XDP on {device}" for device in ("eph-c0", "eph-f0") if "xdp" in lab.link(FWD, device)]
    found += [str(p) for p in directory.rglob("*") if not p.is_dir()]
    found += [p for p in rig.children() if "ephemera" in pathlib.Path(f"/proc/{p}/cmdline").read_text()]
    return found + sorted(lab.system_files() - lab.files_before)


def test_stopped_units(rig):
    assert leftovers(rig)
    rig.systemctl("stop", *UNITS)
    for name in UNITS:
        shown = rig.show(name)
        assert (shown["ActiveState"], shown["Result"], shown["ExecMainStatus"]) == ("inactive", "success", "0"), shown
    # The overrides are kept for the next start.
    assert [path.rsplit("/", 1)[1] for path in leftovers(rig)] == ["ephemerad.state"], leftovers(rig)
    rig.systemctl("start", *UNITS)


def test_drain_before_stop(rig):
    """The dataplane stays stopped: the end of a drain is not a failure."""
    restarts = rig.restarts(DATAPLANE)
    rig.run("ephemeractl", "drain")
    wait("the dataplane unit is inactive", lambda: rig.show(DATAPLANE)["ActiveState"] == "inactive", 10)
    assert rig.restarts(DATAPLANE) == restarts
    rig.systemctl("restart", *UNITS)
