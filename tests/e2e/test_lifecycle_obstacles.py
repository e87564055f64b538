# SPDX-License-Identifier: BSD-3-Clause
"""Obstacles to a start. Either daemon waits for the other. Without its interfaces, hugepages or capabilities the
dataplane prints one line that says what to do, ends with status 1, and leaves nothing behind."""
import contextlib
import copy
import pathlib
import re

import pytest

from deadline import wait
from test_lifecycle_start import command, left_behind, run_to_its_end, within_fwd
from topology import DEFAULT, DIR, FWD
from observers import thread_seconds

GRANT = "run as root, or grant CAP_NET_ADMIN, CAP_NET_RAW, CAP_BPF and CAP_PERFMON"


@contextlib.contextmanager
def stopped(lab):
    lab.stop()
    try:
        yield
    finally:
        lab.stop()
        lab.config = copy.deepcopy(DEFAULT)
        lab.start()


def refusal(lab, *before):
    """Its one error line, without DPDK's messages."""
    done = run_to_its_end(within_fwd(*before, *command(lab, "dataplane", lab.config_path)))
    said = [line for line in done.stderr.splitlines() if line.startswith("ephemera")]
    assert done.returncode == 1 and done.stdout == "" and len(said) == 1, done
    assert left_behind(lab) == []
    return said[0].removeprefix("ephemera-dataplane: ")


def without(*capabilities):
    return ["setpriv", "--bounding-set", ",".join(f"-{name}" for name in capabilities)]


# --- the other daemon ---


def test_dataplane_waits_for_ephemerad(lab):
    """It waits without a limit, and forwards once it has a snapshot."""
    with stopped(lab):
        lab.start_dataplane()
        wait("it listens", (DIR / "ephemera/dataplane.sock").is_socket, 10)
        done = lab.ctl_run("status")
        assert done.returncode == 3 and "ephemerad" in done.stderr, done
        assert lab.dataplane.poll() is None
        lab.start_ephemerad()
        lab.ready()
        for version in (4, 6):
            lab.ask(version=version)


def test_ephemerad_waits_for_the_dataplane(lab):
    """It logs that once, answers requests, and does not spin."""
    with stopped(lab):
        read = len(lab.logs_of("ephemerad.log"))
        lab.start_ephemerad()
        wait("it answers", lambda: lab.status(check=False), 10)
        assert lab.status()["dataplane"] == {"connected": False}
        done = lab.ctl_run("ready")
        assert (done.returncode, done.stdout) == (1, "not ready: not connected to the dataplane\n"), done
        seconds = sum(thread_seconds(lab.ephemerad.pid).values())
        for _ in range(20):  # for requests, and attempts to connect
            assert lab.ctl_run("stats").returncode == 1
        assert sum(thread_seconds(lab.ephemerad.pid).values()) < seconds + 0.1
        away = [line for line in lab.logs_of("ephemerad.log")[read:].splitlines() if "not connected to the dataplane" in line]
        assert len(away) == 1 and "trying again" in away[0], away
        lab.start_dataplane()
        lab.ready(20)
        for version in (4, 6):
            lab.ask(version=version)


# --- interfaces ---


def test_interface_is_missing_or_down(lab):
    with stopped(lab):
        lab.config["dataplane"]["interfaces"][1]["xdp"] = "eph-f9"
        lab.write_config()
        assert refusal(lab) == "no interface eph-f9 in this network namespace: `ip link` lists them"
        lab.config = copy.deepcopy(DEFAULT)
        lab.write_config()
        for device in ("eph-c0", "eph-f0"):
            key = f"net.ipv6.conf.{device}.keep_addr_on_down"
            lab.run(FWD, "sysctl", "-qw", f"{key}=1")
            lab.run(FWD, "ip", "link", "set", device, "down")
            said = refusal(lab)
            lab.run(FWD, "ip", "link", "set", device, "up")
            lab.run(FWD, "sysctl", "-qw", f"{key}=0")
            assert said == f"interface {device} is down: `ip link set {device} up` first"


# --- memory ---


def meminfo(name):
    return int(re.search(rf"{name}: *(\d+)", pathlib.Path("/proc/meminfo").read_text())[1])


def test_too_few_hugepages(lab):
    """The number that it suggests is enough: it includes the hugepages that other processes use."""
    with stopped(lab):
        lab.config["dataplane"]["memory_mb"] = wanted_mb = 65536
        lab.write_config()
        said = refusal(lab)
        told = re.fullmatch(
            r"(\d+) MiB of hugepages needed, (\d+) MiB free: run `sysctl vm.nr_hugepages=(\d+)`, "
            r"or lower dataplane.memory_mb",
            said,
        )
        assert told and int(told[1]) == wanted_mb, said
        free_mb, page_kb = int(told[2]), meminfo("Hugepagesize")
        assert 0 < free_mb < wanted_mb
        total = int(pathlib.Path("/proc/sys/vm/nr_hugepages").read_text())
        assert int(told[3]) == total + -(-(wanted_mb - free_mb) * 1024 // page_kb), said


# Hides the kernel's hugepages of every size from the program.
NO_HUGEPAGES = 'mount -t tmpfs none /sys/kernel/mm/hugepages || exit 99; exec "$@"'
NO_HUGETLBFS = 'umount -l /dev/hugepages || exit 99; exec "$@"'


def test_no_hugepages(lab):
    with stopped(lab):
        said = refusal(lab, "unshare", "-m", "sh", "-c", NO_HUGEPAGES, "sh")
        assert said.startswith("256 MiB of hugepages needed, 0 MiB free: run `sysctl vm.nr_hugepages="), said


def test_hugepages_need_no_hugetlbfs(lab):
    """No hugetlbfs is mounted: it allocates them from the kernel anyway."""
    with stopped(lab):
        lab.start_dataplane(["unshare", "-m", "sh", "-c", NO_HUGETLBFS, "sh"])
        lab.start_ephemerad()
        lab.ready(20)
        lab.ask()


# --- capabilities ---


@pytest.mark.parametrize("name", ["net_admin", "net_raw", "bpf", "perfmon"])
def test_a_capability_is_missing(lab, name):
    with stopped(lab):
        said = refusal(lab, *without(name, "sys_admin"))  # which contains two of them
        assert said == f"CAP_{name.upper()} is missing, which AF_XDP needs: {GRANT}"


def test_no_capability_at_all(lab):
    with stopped(lab):
        nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        for before in (without("all"), nobody):
            assert refusal(lab, *before) == f"CAP_NET_ADMIN is missing, which AF_XDP needs: {GRANT}"


def test_packet_buffers_can_not_be_locked(lab):
    """Without the capability, and over the limit of locked memory."""
    with stopped(lab):
        said = refusal(lab, *without("ipc_lock"), "prlimit", "--memlock=65536:65536")
        assert said.startswith("interface eph-c0 did not start") and "check `ulimit -l` or CAP_IPC_LOCK" in said, said


def test_xdp_program_can_not_be_identified(lab):
    """A killed dataplane left its program, and the next one lacks the privilege to identify it: the operator must
    remove it."""
    with stopped(lab):
        lab.start_dataplane()
        wait("it listens", (DIR / "ephemera/dataplane.sock").is_socket, 10)
        lab.kill(lab.dataplane)
        number = lab.link(FWD, "eph-c0")["xdp"]["prog"]["id"]
        done = run_to_its_end(within_fwd(*without("sys_admin"), *command(lab, "dataplane", lab.config_path)))
        assert done.returncode == 1 and done.stderr == (
            f"ephemera-dataplane: interface eph-c0 carries XDP program {number}, and CAP_SYS_ADMIN is missing to "
            "identify it: if it is not needed, run `ip link set eph-c0 xdp off`\n"
        ), done
        for device in ("eph-c0", "eph-f0"):
            assert (
                lab.link(FWD, device)["xdp"]["prog"]["name"] == "ephemera_steer"
            ), "it removed a program that it cannot identify"
            lab.run(FWD, "ip", "link", "set", device, "xdp", "off")
        lab.start_dataplane(without("sys_admin"))
        lab.start_ephemerad()
        lab.ready(20)
