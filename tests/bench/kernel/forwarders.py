# SPDX-License-Identifier: BSD-3-Clause
"""The three forwarders that take turns, on their own core in eph-fwd. Each has start(), stop(), and the PID of the
process whose time is measured."""
import copy
import json
import subprocess

from bed import FORWARDER_CORE, LOAD_CORE, SERVICE_ADDRESS, UPSTREAM, prefer, stop
from deadline import wait
from topology import DEFAULT, DIR, FWD

PORTS = ("eph-c0", "eph-f0")


class Testpmd:
    """The upper bound: receives on AF_XDP, swaps addresses and ports, and sends the packet back."""

    name, kind = "testpmd", "testpmd 5tswap"
    reflects = True

    def __init__(self, bed):
        self.bed, self.process = bed, None

    def start(self):
        self.process = self.bed.spawn(
            FWD, FORWARDER_CORE, "testpmd.log", "dpdk-testpmd", "--lcores", f"0@{FORWARDER_CORE},1@{FORWARDER_CORE}",
            "--in-memory", "--no-telemetry", "--no-pci", "-m", "256",
            "--vdev", "net_af_xdp0,iface=eph-c0,start_queue=0,queue_count=1",
            "--", "--forward-mode=5tswap", "--port-topology=loop", "--total-num-mbufs=16384", "--rxd=2048",
            "--txd=2048", "--burst=64", "--auto-start", "--no-mlockall", "--stats-period=0", "--interactive",
        )  # fmt: skip
        log = DIR / "testpmd.log"
        wait("testpmd runs", lambda: self._runs(log), 20)
        self.pid = self.process.pid

    def _runs(self, log):
        assert self.process.poll() is None, log.read_text(errors="replace")[-1000:]
        return "testpmd>" in log.read_text(errors="replace")

    def stop(self):
        if self.process is not None:
            self.process.stdin.write(b"quit\n")
            self.process.stdin.close()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                stop(self.process)
        self.process = None
        (DIR / "testpmd.log").unlink(missing_ok=True)
        self.bed.detach(FWD, "eph-c0")


DNSDIST = """
-- One listener, no packet cache. Random IDs and outgoing sockets if this release has them: 1.8 and later.
setSecurityPollSuffix("")
setLocal("{service}:53")
setACL("0.0.0.0/0")
if setRandomizedIdsOverUDP then setRandomizedIdsOverUDP(true) end
if setRandomizedOutgoingSockets then setRandomizedOutgoingSockets(true) end
setMaxUDPOutstanding(65535)
setUDPSocketBufferSizes(4194304, 4194304) -- of the clients' side: the default holds less than five milliseconds
newServer({{address="{upstream}:53", name="farm"}})
getServer(0):setUp() -- no probes: between two runs the load program is not running
"""


class Dnsdist:
    """Debian's dnsdist, over the kernel's sockets."""

    name, kind = "dnsdist", "dnsdist"
    reflects = False

    def __init__(self, bed):
        self.bed, self.process = bed, None

    def start(self):
        config = DIR / "dnsdist.conf"
        config.write_text(DNSDIST.format(service=SERVICE_ADDRESS, upstream=UPSTREAM))
        self.process = self.bed.spawn(
            FWD, FORWARDER_CORE, "dnsdist.log", "dnsdist", "--supervised", "--disable-syslog", "-C", config
        )
        wait("dnsdist listens", self._listens, 20)
        self.pid = self.process.pid

    def _listens(self):
        log = DIR / "dnsdist.log"
        assert self.process.poll() is None, log.read_text(errors="replace")[-1000:]
        return f"{SERVICE_ADDRESS}:53" in self.bed.lab.run(FWD, "ss", "-Hlun")

    def stop(self):
        stop(self.process)
        self.process = None


class Ephemera:
    """Both daemons, with the default configuration."""

    name, kind = "ephemera", "Ephemera"
    reflects = False

    def __init__(self, bed):
        self.bed, self.lab = bed, bed.lab
        config = copy.deepcopy(DEFAULT)
        del config["protection"]
        config["dataplane"].update(main_core=LOAD_CORE, worker_cores=[FORWARDER_CORE])
        config["source"]["addresses"] = [a for a in config["source"]["addresses"] if ":" not in a]
        config["service"].update(addresses=[{"address": SERVICE_ADDRESS}], no_upstream="keep-trying")
        config["upstreams"].update(servers=[{"name": "farm", "address": UPSTREAM}])
        # Between two runs the load program is not running, and a search includes overload.
        config["upstreams"]["probe"].update(interval_ms=60000, timeout_ms=10000)
        self.lab.config = config

    def start(self):
        self.lab.write_config()
        self.lab.start_dataplane()
        self.lab.start_ephemerad()
        prefer(self.lab.dataplane)
        wait("both daemons run", self._runs, 20)
        self.pid = self.lab.dataplane.pid

    def _runs(self):
        for daemon in (self.lab.dataplane, self.lab.ephemerad):
            assert daemon.poll() is None, self.lab.logs()
        status = self.lab.status(check=False)
        if not status or not status["dataplane"]["connected"] or status["generation"] == 0:
            return False
        return status["dataplane"]["generation"] == status["generation"] and self.lab.upstreams()["farm"]["resolved"]

    def stop(self):
        self.lab.stop()

    def counters(self):
        """The dataplane's counters, to explain a result."""
        stats = json.loads(self.lab.ctl("stats", "--json"))
        return {"counters": stats["counters"], "drops": {k: v for k, v in stats["drops"].items() if v}}


def all_of(bed):
    return [Testpmd(bed), Dnsdist(bed), Ephemera(bed)]
