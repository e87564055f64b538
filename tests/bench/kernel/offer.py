# SPDX-License-Identifier: BSD-3-Clause
"""ephemera-load as clients and farm, over AF_XDP on the far ends of both links."""
import json

from bed import CLIENT, CLIENTS, LOAD_CORE, SERVICE_ADDRESS, UPSTREAM

PORTS = 64  # of each client
NAMES = 500_000  # more than are ever in flight, so that no query is shared with another (coalescing)


class Offer:
    def __init__(self, bed):
        self.bed = bed
        self.program = bed.lab.build / "tests/bench/load/ephemera-load"

    def _run(self, forwarder, *words, seconds):
        """Runs the program to its end and returns its result. Losses are results, not failures."""
        devices = ["--vdev", "net_af_xdp0,iface=eph-c1,start_queue=0,queue_count=1"]
        roles = ["--reflect"]
        if not forwarder.reflects:
            devices += ["--vdev", "net_af_xdp1,iface=eph-f1,start_queue=0,queue_count=1"]
            roles = ["--farm-device", "1", "--farm", UPSTREAM]
        status, output, complaints = self.bed.run(
            CLIENT, LOAD_CORE, self.program, "--lcores", f"0@{LOAD_CORE}", "--in-memory", "--no-telemetry", "--no-pci",
            "-m", "256", "--log-level=error", *devices,
            "--", "--service", SERVICE_ADDRESS, "--service-mac", self.bed.service_mac, "--clients", CLIENTS,
            "--client-ports", f"10000-{10000 + PORTS - 1}", "--generate", NAMES, *roles,
            "--warm-up", "0.3", "--timeout", "300", "--quiet", "--json", "-", *words, seconds=seconds,
        )  # fmt: skip
        self.bed.detach(CLIENT, "eph-c1", "eph-f1")
        if status not in (0, 1):
            raise RuntimeError(f"ephemera-load ended with status {status}: {complaints[-2000:]}")
        return json.loads(output)

    def steady(self, forwarder, rate, seconds):
        """Offers queries at a rate and returns the measurement."""
        return self._run(forwarder, "--rate", int(rate), "--duration", seconds, seconds=seconds + 30)["result"]

    def sent(self):
        """Packets sent by the clients' interface since it was made."""
        link = json.loads(self.bed.lab.run(CLIENT, "ip", "-j", "-s", "link", "show", "eph-c1"))[0]
        return link["stats64"]["tx"]["packets"]
