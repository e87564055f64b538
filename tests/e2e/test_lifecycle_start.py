# SPDX-License-Identifier: BSD-3-Clause
"""Starts that meet a full disk, sockets of killed daemons, running daemons, or files that are not sockets."""
import contextlib
import json
import subprocess

import pytest

from topology import DIR, FWD

PROGRAMS = {
    "dataplane": (["control/ephemeractl", "exec-dataplane"], "dataplane.sock"),
    "ephemerad": (["control/ephemerad"], "control.sock"),
}
FULL = DIR / "full"
RUNTIME_DIR = FULL / "ephemera"
# Runs a program with a small file system, in a mount namespace that ends with the shell, and lists the files left when
# the program has ended. $1: the number of inodes; $2: a directory to make before, or empty; then the program.
ON_A_FULL_DISK = f"""
mount -t tmpfs -o "size=64k,nr_inodes=$1" none {FULL} || exit 99
[ -z "$2" ] || mkdir "$2" || exit 99
shift 2
"$@"
status=$?
find {FULL} -mindepth 1
exit $status
"""


@contextlib.contextmanager
def stopped(lab):
    """Stops the lab's daemons; starts them again at the end."""
    lab.stop()
    FULL.mkdir()
    try:
        yield
    finally:
        lab.stop()
        FULL.rmdir()
        lab.start()


def command(lab, daemon, config):
    program, *words = PROGRAMS[daemon][0]
    return [lab.build / program, *words, "-c", config]


def within_fwd(*words):
    return ["nsenter", f"--net=/run/netns/{FWD}", *map(str, words)]


def run_to_its_end(words):
    return subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30)


def lines_of(done):
    """The lines that the program printed, without DPDK's."""
    return [line for line in done.stderr.splitlines() if not line.startswith(("EAL:", "TELEMETRY:"))]


def left_behind(lab):
    devices = [device for device in ("eph-c0", "eph-f0") if "xdp" in lab.link(FWD, device)]
    return devices + sorted(lab.system_files() - lab.files_before)


# How many files fit on the disk beside its root; whether the runtime_dir exists before; which file cannot be made.
FULL_DISKS = (
    (0, False, "{dir}"),
    (1, False, "{dir}/{socket}"),
    (1, True, "{dir}/{socket}"),
)


def check_full_disk(lab, daemon, room, is_there, file):
    config = DIR / "full.yaml"
    config.write_text(json.dumps({**lab.config, "runtime_dir": str(RUNTIME_DIR)}))
    disk = ["unshare", "-m", "sh", "-c", ON_A_FULL_DISK, "sh", room + 1, RUNTIME_DIR if is_there else ""]
    done = run_to_its_end(within_fwd(*disk, *command(lab, daemon, config)))
    assert done.returncode == 1, done
    said = lines_of(done)
    assert len(said) == 1, said
    for words in (file.format(dir=RUNTIME_DIR, socket=PROGRAMS[daemon][1]), "No space left on device", "make room"):
        assert words in said[0], said
    assert done.stdout.split() == ([str(RUNTIME_DIR)] if is_there else [])
    assert left_behind(lab) == []


def check_no_socket(lab, daemon):
    file = DIR / "ephemera" / PROGRAMS[daemon][1]
    file.write_text("somebody's\n")
    try:
        done = run_to_its_end(within_fwd(*command(lab, daemon, lab.config_path)))
        said = lines_of(done)
        assert done.returncode == 1 and len(said) == 1, done
        assert f"{file} exists and is not a socket: remove it" in said[0], said
        assert file.read_text() == "somebody's\n"
        assert left_behind(lab) == []
    finally:
        file.unlink()


def test_full_disk_or_a_file_in_the_way(lab):
    """One line with the file, the reason and what to do; nothing is left behind."""
    with stopped(lab):
        (DIR / "ephemera").mkdir(mode=0o750, exist_ok=True)
        for daemon in PROGRAMS:
            for room, is_there, file in FULL_DISKS:
                check_full_disk(lab, daemon, room, is_there, file)
            check_no_socket(lab, daemon)


def test_log_on_a_full_disk_stops_no_daemon(lab):
    """Log lines are lost, and both daemons keep serving."""
    with stopped(lab):
        with open("/dev/full", "wb") as full:
            for daemon in PROGRAMS:
                process = subprocess.Popen(
                    within_fwd(*command(lab, daemon, lab.config_path)),
                    stdin=subprocess.DEVNULL, stdout=full, stderr=full, start_new_session=True,
                )  # fmt: skip
                setattr(lab, daemon, process)
        lab.idle_mbufs = None
        lab.ready(20)
        assert json.loads(lab.ctl("reload", "--json"))["changes"] == []
        for version in (4, 6):
            lab.ask(version=version)


def socket_files():
    """For each socket file, what distinguishes it from a later one of the same name."""
    files = {name: (DIR / "ephemera" / name).stat() for _, name in PROGRAMS.values()}
    return {name: (file.st_ino, file.st_ctime_ns) for name, file in files.items()}


@pytest.mark.parametrize("first", PROGRAMS)
def test_sockets_of_killed_daemons_are_reclaimed(lab, first):
    """Both daemons were killed at once; either one starts first."""
    boot_id = lab.stats()["boot_id"]
    for daemon in (lab.dataplane, lab.ephemerad):
        lab.kill(daemon)
    stale = socket_files()
    for daemon in sorted(PROGRAMS, key=lambda name: name != first):
        getattr(lab, f"start_{daemon}")()
    lab.ready()
    assert all(stale[name] != made for name, made in socket_files().items()), "an old socket file is still in use"
    assert lab.stats()["boot_id"] != boot_id


@pytest.mark.parametrize("daemon", PROGRAMS)
def test_second_instance_refuses(lab, daemon):
    """It names the running process in one line, and does not disturb it."""
    files, status = socket_files(), lab.status()
    done = run_to_its_end(within_fwd(*command(lab, daemon, lab.config_path)))
    said = lines_of(done)
    assert done.returncode == 1 and len(said) == 1, done
    who = f"process {lab.dataplane.pid}" if daemon == "dataplane" else str(DIR / "ephemera")
    assert "another ephemera" in said[0] and who in said[0] and "stop" in said[0], said
    assert socket_files() == files
    now = lab.status()
    assert (now["generation"], now["dataplane"]["connected"]) == (status["generation"], True)
