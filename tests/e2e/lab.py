# SPDX-License-Identifier: BSD-3-Clause
"""The lab for tests: the daemons, the command line, clients and sniffers.

scripts/lab.sh makes the network and the farm. The daemons are children of the test run, so that tests can kill them.
Everything here waits for conditions with a deadline (deadline.wait) and never for a fixed time."""
import contextlib
import copy
import fcntl
import json
import os
import pathlib
import subprocess

import netns
import wire
from clients import Client, Load
from deadline import wait
from counter_checks import Growth
from topology import CLIENT, DEFAULT, DIR, FARM, FWD, ROOT, SHARED_CORE
from observers import Pinger, Sniffer


@contextlib.contextmanager
def standing(build, output=None):
    """The lab, set up and started, for this process alone. Waits for a demo or another test run that holds the lab; a
    lab that is up is taken down first. The output of lab.sh goes to `output`, a file."""
    lab = Lab(build, output)
    lock = os.open("/run", os.O_RDONLY)  # as lab_lock in scripts/common.sh
    fcntl.flock(lock, fcntl.LOCK_EX)
    os.environ["EPHEMERA_LAB_HELD"] = "1"
    try:
        lab.up()
        lab.start()
        yield lab
    finally:
        lab.down()
        os.close(lock)


class Lab:
    def __init__(self, build, output=None):
        self.build, self.output = pathlib.Path(build).resolve(), output
        self.config_path = DIR / "e2e.yaml"
        self.config = copy.deepcopy(DEFAULT)
        self.dataplane = self.ephemerad = None
        self.idle_mbufs = None  # buffers in use by a dataplane that has just started
        self.files_before = set()
        self.measured = []  # lines of measurements, printed at the end of the run

    # --- the network ---

    def script(self, *words):
        subprocess.run([ROOT / "scripts" / "lab.sh", *words, "--build", self.build], check=True, stdout=self.output)

    @staticmethod
    def system_files():
        """All hugepage files and BPF pins on the machine."""
        roots = pathlib.Path("/dev/hugepages"), pathlib.Path("/sys/fs/bpf")
        return {str(p) for root in roots for p in root.rglob("*") if not p.is_dir() and not p.is_symlink()}

    def up(self):
        self.script("down")
        self.files_before = self.system_files()
        self.network_up()

    def network_up(self):
        """Makes the parts of the network and the farm that are missing."""
        self.script("up")
        for i in range(1, 5):
            self.run(FARM, "ip", "addr", "replace", f"198.51.100.11{i}/24", "dev", "eph-f1")
            self.run(FARM, "ip", "addr", "replace", f"2001:db8:2::11{i}/64", "dev", "eph-f1", "nodad")

    def down(self):
        self.stop()
        self.script("down")

    @staticmethod
    def run(namespace, *command):
        command = ["nsenter", f"--net=/run/netns/{namespace}", *command]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def link(self, namespace, device):
        return json.loads(self.run(namespace, "ip", "-j", "link", "show", device))[0]

    def mac(self, namespace, device):
        return bytes.fromhex(self.link(namespace, device)["address"].replace(":", ""))

    def server_pid(self, name):
        return int((DIR / f"{name}.pid").read_text().split()[0])

    # --- the daemons ---

    def _spawn(self, log, *command):
        with open(DIR / log, "ab") as file:
            return subprocess.Popen(
                ["nsenter", f"--net=/run/netns/{FWD}", *map(str, command)],
                stdin=subprocess.DEVNULL, stdout=file, stderr=file, start_new_session=True,
            )  # fmt: skip

    def spawn_and_wait(self, program, *words):
        """Runs a program of the build in eph-fwd with the lab's configuration, until it ends."""
        return subprocess.run(
            ["nsenter", f"--net=/run/netns/{FWD}", self.build / program, *words, "-c", self.config_path],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=30,
        )  # fmt: skip

    def start_dataplane(self, before=()):
        """before: a command, as a list, that runs it."""
        program = self.build / "control/ephemeractl"
        self.idle_mbufs = None
        self.dataplane = self._spawn("dataplane.log", *before, program, "exec-dataplane", "-c", self.config_path)

    def start_ephemerad(self, before=()):
        program = self.build / "control/ephemerad"
        words = ["taskset", "-c", str(SHARED_CORE), *before, program, "-c", self.config_path]
        self.ephemerad = self._spawn("ephemerad.log", *words)

    def start(self):
        """Starts both daemons, without the overrides of earlier ones."""
        (DIR / "ephemera/ephemerad.state").unlink(missing_ok=True)
        self.write_config()
        self.start_dataplane()
        self.start_ephemerad()
        self.ready(20)

    def ready(self, seconds=10):
        """Waits until the dataplane runs on the newest snapshot and all upstreams are up."""

        def is_ready():
            for daemon in (self.dataplane, self.ephemerad):
                assert daemon.poll() is None, f"{daemon.args} ended with status {daemon.returncode}\n{self.logs()}"
            status = self.status(check=False)
            return status and self.settled(status) and status["upstreams_up"] == status["upstreams_total"] > 0

        wait("both daemons run and all upstreams are up", is_ready, seconds)
        if self.idle_mbufs is None:
            self.idle_mbufs = self.stats()["mbufs_in_use"]

    @staticmethod
    def settled(status):
        dataplane = status["dataplane"]
        return dataplane["connected"] and status["generation"] > 0 and dataplane["generation"] == status["generation"]

    def stop(self):
        for daemon in (self.ephemerad, self.dataplane):
            if daemon is None or daemon.poll() is not None:
                continue
            daemon.terminate()
            try:
                daemon.wait(15)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()
        self.ephemerad = self.dataplane = None

    def restart(self):
        """Starts both daemons again, on the current self.config."""
        self.stop()
        self.start()

    @staticmethod
    def kill(daemon):
        daemon.kill()
        daemon.wait()

    def lives(self):
        return all(daemon and daemon.poll() is None for daemon in (self.dataplane, self.ephemerad))

    def logs(self):
        text = ""
        for name in ("dataplane.log", "ephemerad.log"):
            lines = (DIR / name).read_text(errors="replace").splitlines() if (DIR / name).exists() else []
            text += f"--- {name}\n" + "\n".join(lines[-15:]) + "\n"
        return text

    @staticmethod
    def logs_of(name):
        return (DIR / name).read_text(errors="replace")

    # --- configuration ---

    def write_config(self):
        self.config_path.write_text(json.dumps(self.config, indent=2) + "\n")

    def reload(self):
        self.write_config()
        result = json.loads(self.ctl("reload", "--json"))
        wait("the dataplane runs on the new snapshot", lambda: self.settled(self.status()), 5)
        return result

    def back_to_default(self):
        """Loads the default configuration, if the daemons run."""
        self.config = copy.deepcopy(DEFAULT)
        if self.lives():
            self.reload()
            self.ready()

    @contextlib.contextmanager
    def configured(self, servers=None, protection=None, **upstreams):
        """Reloads with other servers (name to address, or to several keys of a server), keys of `protection` and other
        keys of `upstreams`; restores the default configuration at the end."""
        self.config = copy.deepcopy(DEFAULT)
        self.config["protection"].update(protection or {})
        if servers:
            more = {n: s if isinstance(s, dict) else {"address": s} for n, s in servers.items()}
            upstreams["servers"] = [{"name": name, **keys} for name, keys in more.items()]
        self.config["upstreams"].update(upstreams)
        try:
            self.reload()
            self.ready()
            yield self
        finally:
            self.back_to_default()

    # --- the command line ---

    def ctl_run(self, *words):
        return subprocess.run(
            [self.build / "control/ephemeractl", "--socket", DIR / "ephemera/control.sock", *map(str, words)],
            capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    def ctl_run_local(self, *words):
        """A command that needs no daemon."""
        return subprocess.run(
            [self.build / "control/ephemeractl", *map(str, words)],
            capture_output=True, text=True, errors="replace", timeout=60,
        )  # fmt: skip

    def ctl(self, *words):
        done = self.ctl_run(*words)
        assert done.returncode == 0, f"ephemeractl {words}: status {done.returncode}: {done.stderr}"
        return done.stdout

    def status(self, check=True):
        done = self.ctl_run("status", "--json")
        assert not check or done.returncode == 0, done.stderr
        return json.loads(done.stdout) if done.returncode == 0 else None

    def stats(self):
        return json.loads(self.ctl("stats", "--json"))

    def upstreams(self):
        return {u["name"]: u for u in json.loads(self.ctl("upstreams", "--json"))["upstreams"]}

    def is_in_state(self, name, state):
        """Does the upstream have this state, and does the dataplane use it?"""
        upstream = self.upstreams()[name]
        return upstream["state"] == state and upstream["in_force"]

    def queries(self):
        """How many queries each upstream was sent."""
        return {name: upstream["queries"] for name, upstream in self.upstreams().items()}

    def queries_go_on(self, count):
        """Waits for `count` more queries, and returns how many of them each upstream was sent."""
        before = self.queries()
        wait(f"{count} more queries", lambda: sum(self.queries().values()) >= sum(before.values()) + count, 15)
        return {name: queries - before[name] for name, queries in self.queries().items()}

    def port(self, number):
        return json.loads(self.ctl("port", number, "--json"))

    def entropy(self):
        return json.loads(self.ctl("entropy", "--json"))

    def strays(self):
        return json.loads(self.ctl("strays", "--json"))

    def growth(self):
        return Growth(self)

    # --- packets ---

    def client(self, version=4, **how):
        return Client(version, **how)

    def load(self, *options, **how):
        return Load(*options, **how)

    def ask(self, name=wire.CLEAN, rtype=wire.A, version=4, seconds=5.0):
        """Sends one query and checks the response."""
        with Client(version) as client:
            asked = wire.query(name, rtype)
            response = client.ask(asked, seconds)
            assert wire.is_right(asked, response), f"wrong response to {asked!r}: {response!r}"

    def ask_until_answered(self, version=4, seconds=10):
        """Repeats a query until the response is right."""
        with Client(version) as client:
            asked = wire.query(wire.CLEAN)

            def is_answered():
                client.try_to_send(asked)
                return wire.is_right(asked, client.receive_or_none(0.05) or b"")  # not SERVFAIL

            wait(f"a response over IPv{version}", is_answered, seconds)

    def sniff(self, namespace=CLIENT, device="eph-c1", keep=None):
        return Sniffer(namespace, device, keep)

    def ping(self, version=4):
        return Pinger(CLIENT, {4: "192.0.2.1", 6: "2001:db8:1::1"}[version])

    def sender(self, namespace=CLIENT, device="eph-c1"):
        """A socket that sends whole frames: from eph-client to eph-c0, or from eph-farm to eph-f0."""
        return netns.packet_socket(namespace, device)

    def frame(self, source, target, source_port, target_port, payload, namespace=CLIENT, checksum=None):
        """A frame with a UDP datagram, as it arrives at eph-fwd from eph-client or eph-farm."""
        inner, outer = {CLIENT: ("eph-c1", "eph-c0"), FARM: ("eph-f1", "eph-f0")}[namespace]
        a, b = wire.address_bytes(source), wire.address_bytes(target)
        datagram = wire.udp(a, b, source_port, target_port, payload, checksum)
        return wire.ethernet(self.mac(FWD, outer), self.mac(namespace, inner), wire.ip(a, b, 17, datagram))
