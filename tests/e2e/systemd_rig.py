# SPDX-License-Identifier: BSD-3-Clause
"""Ephemera installed and run as on a Debian system: under a real systemd, in a container (systemd_rig.sh) that uses
the network namespace eph-fwd.

    with standing(lab, folder) as rig:
        rig.install(config)
        rig.systemctl("stop", "ephemerad")"""
import contextlib
import json
import os
import pathlib
import subprocess

from deadline import wait
from topology import FWD, HERE, ROOT

UNITS = DATAPLANE, EPHEMERAD = "ephemera-dataplane", "ephemerad"
CONFIG = "etc/ephemera/ephemera.yaml"
ENVIRONMENT = {
    "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin",
    "XDG_DATA_DIRS": "/usr/local/share:/usr/share",
    "HOME": "/root",
    "LC_ALL": "C.UTF-8",
}


def meson_install(build, destdir):
    """Installs everything below destdir; returns the prefix that it was built for."""
    subprocess.run(
        ["meson", "install", "-C", build, "--no-rebuild", "--quiet"], check=True, capture_output=True,
        env={**os.environ, "DESTDIR": str(destdir)},
    )  # fmt: skip
    shown = subprocess.run(["meson", "introspect", "--buildoptions", build], check=True, capture_output=True)
    return pathlib.Path(next(o["value"] for o in json.loads(shown.stdout) if o["name"] == "prefix"))


def manual_blocks(page, *sections):
    """The lines of the literal blocks in some sections of a manual page of ours."""
    lines, section, literal = [], "", False
    for line in (ROOT / "control/man" / page).read_text().splitlines():
        if line.startswith((".Sh ", ".Ss ")):
            section = line[4:]
        elif line.startswith((".Bd ", ".Ed")):
            literal = line.startswith(".Bd ")
        elif literal and section in sections:
            lines.append(line)
    assert lines, f"{page}: no block in {sections}"
    return lines


def manual_commands(prefix):
    """The commands that ephemera-operation(7) gives for after `meson install`."""
    commands = manual_blocks("ephemera-operation.7", "8. Configuration", "9. Start")
    return [command.replace("/usr/share/", f"{prefix}/share/") for command in commands]


class SystemdRig:
    def __init__(self, lab, pid, prefix):
        self.lab, self.pid, self.prefix = lab, pid, prefix
        self.root = pathlib.Path(f"/proc/{pid}/root")

    def ask_run(self, *command):
        return subprocess.run(
            ["nsenter", f"--target={self.pid}", "--mount", "--pid", "--net", "--ipc", "--uts", "--cgroup", "--",
             *map(str, command)],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, env=ENVIRONMENT,
        )  # fmt: skip

    def run(self, *command):
        done = self.ask_run(*command)
        assert done.returncode == 0, f"{command}: status {done.returncode}: {done.stderr}\n{self.logs()}"
        return done.stdout

    def logs(self):
        return self.ask_run("journalctl", "--no-pager", "--quiet", "--lines=60", "--output=short-monotonic").stdout

    def install(self, config):
        """Installs as ephemera-operation(7) says; `config` is the edited configuration."""
        for command in manual_commands(self.prefix):
            if command.startswith("systemctl"):
                self.write_config(config)
            self.run("bash", "-c", command)

    def write_config(self, config):
        (self.root / CONFIG).write_text(json.dumps(config, indent=2) + "\n")

    # --- units ---

    def systemctl(self, *words):
        return self.run("systemctl", *words)

    def show(self, unit):
        lines = self.systemctl("show", unit).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line)

    def runs(self, unit):
        return self.ask_run("systemctl", "is-active", unit).stdout == "active\n"

    def restarts(self, unit):
        return int(self.show(unit)["NRestarts"])

    def children(self):
        """The children of process 1: the main processes of all services."""
        return [int(p) for p in pathlib.Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()]

    def main_pid(self, unit):
        """The main process of a unit, in this machine's PID namespace; systemd reports it in its own."""
        inner = self.show(unit)["MainPID"]
        for pid in self.children():
            status = pathlib.Path(f"/proc/{pid}/status").read_text()
            if next(line for line in status.splitlines() if line.startswith("NSpid:")).split()[-1] == inner:
                return pid
        raise AssertionError(f"{unit} has no main process {inner}\n{self.logs()}")

    # --- the daemons ---

    def status(self):
        done = self.ask_run("ephemeractl", "status", "--json")
        return json.loads(done.stdout) if done.returncode == 0 else None

    def stats(self):
        return json.loads(self.run("ephemeractl", "stats", "--json"))

    def ready(self, seconds=10):
        """Waits until both units run, the dataplane is on the newest snapshot and all upstreams are up."""

        def is_ready():
            if not all(self.runs(unit) for unit in UNITS):
                return False
            status = self.status()
            return status and self.lab.settled(status) and status["upstreams_up"] == status["upstreams_total"] > 0

        wait("both units run and all upstreams are up", is_ready, seconds)


@contextlib.contextmanager
def standing(lab, folder):
    """A booted container with Ephemera installed in it; the lab's own daemons are stopped meanwhile."""
    prefix = meson_install(lab.build, folder)
    lab.stop()
    keeper = subprocess.Popen(
        [HERE / "systemd_rig.sh", FWD, folder], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    )
    try:
        line = keeper.stdout.readline()
        assert line.strip(), f"systemd_rig.sh ended with status {keeper.wait(10)}"
        rig = SystemdRig(lab, int(line), prefix)
        wait("systemd has booted", lambda: rig.ask_run("systemctl", "is-system-running").stdout == "running\n", 20)
        yield rig
    finally:
        keeper.stdin.close()
        status = keeper.wait(30)
        keeper.stdout.close()
        lab.start()
    assert status == 0, f"systemd_rig.sh ended with status {status}"
