# SPDX-License-Identifier: BSD-3-Clause
"""The lab, rewired for a load program that is both clients and farm in one process:

    eph-client                                     eph-fwd
    eph-c1  clients 192.0.2.64-127  ------ eph-c0  service address 192.0.2.53
    eph-f1  farm 198.51.100.201     ------ eph-f0  source addresses 198.51.100.16-23

Only the load program has the clients' and the farm's addresses; the kernel of eph-fwd knows their MAC addresses from
permanent neighbour entries. Forwarders run in eph-fwd on the second core, everything else on the first."""
import contextlib
import fcntl
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "tests" / "e2e"))

import lab as e2e_lab  # noqa: E402
from topology import CLIENT, DIR, FARM, FWD, SERVICE, SHARED_CORE, WORKER_CORE  # noqa: E402

LOAD_CORE, FORWARDER_CORE = SHARED_CORE, WORKER_CORE
CLIENTS = "192.0.2.64-192.0.2.127"
CLIENT_ADDRESSES = [f"192.0.2.{n}" for n in range(64, 128)]
UPSTREAM = "198.51.100.201"
SERVICE_ADDRESS = SERVICE[4]


class Bed:
    """The rewired lab. `lab` is the lab of tests/e2e, for its configuration and daemons."""

    def __init__(self, lab):
        self.lab = lab
        lab.run(FARM, "ip", "link", "set", "eph-f1", "netns", CLIENT)
        lab.run(CLIENT, "ip", "link", "set", "eph-f1", "up")
        lab.run(CLIENT, "ip", "addr", "flush", "dev", "eph-c1")
        # The load program verifies what kernel sockets send: without offloads, checksums are complete on the veths.
        for namespace, device in ((CLIENT, "eph-f1"), (FWD, "eph-c0"), (FWD, "eph-f0")):
            lab.run(namespace, "ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        for outer, inner, addresses in (("eph-c0", "eph-c1", CLIENT_ADDRESSES), ("eph-f0", "eph-f1", [UPSTREAM])):
            station = lab.link(CLIENT, inner)["address"]
            for address in addresses:
                lab.run(FWD, "ip", "neigh", "replace", address, "lladdr", station, "dev", outer, "nud", "permanent")
        self.service_mac = lab.link(FWD, "eph-c0")["address"]

    def command(self, namespace, core, *words):
        """A command line that runs a program in a namespace on one core."""
        return ["nsenter", f"--net=/run/netns/{namespace}", "taskset", "-c", str(core), *map(str, words)]

    def spawn(self, namespace, core, log, *words):
        with open(DIR / log, "ab") as file:
            process = subprocess.Popen(
                self.command(namespace, core, *words), stdin=subprocess.PIPE, stdout=file, stderr=file,
                start_new_session=True,
            )  # fmt: skip
        prefer(process)
        return process

    def run(self, namespace, core, *words, seconds):
        """Runs a program to its end: (status, stdout, stderr)."""
        with subprocess.Popen(
            self.command(namespace, core, *words), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, start_new_session=True, text=True,
        ) as process:  # fmt: skip
            prefer(process)
            try:
                output, complaints = process.communicate(timeout=seconds)
            except BaseException:
                process.kill()
                raise
        return process.returncode, output, complaints

    def detach(self, namespace, *devices):
        """Removes the XDP program that a killed program left."""
        for device in devices:
            self.lab.run(namespace, "ip", "link", "set", device, "xdp", "off")


@contextlib.contextmanager
def standing(build):
    """The rewired lab, for this process alone; a lab that is up is taken down first."""
    lab = e2e_lab.Lab(build, subprocess.DEVNULL)
    lock = os.open("/run", os.O_RDONLY)  # as lab_lock in scripts/common.sh
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.environ["EPHEMERA_LAB_HELD"] = "1"
    try:
        lab.script("down")
        lab.script("up", "--farm", "1")
        yield Bed(lab)
    finally:
        lab.down()
        os.close(lock)


def prefer(process):
    """Gives a process, the leader of its session, priority on its core: a machine with two cores is never quite idle.
    If the scheduler groups sessions (autogroup), the priority of the group matters."""
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, process.pid, -20)
        pathlib.Path(f"/proc/{process.pid}/autogroup").write_text("-20")


def stop(process, seconds=10):
    """Stops a process that spawn() started."""
    if process is None or process.poll() is not None:
        return
    process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
