# SPDX-License-Identifier: BSD-3-Clause
"""Names and addresses of the lab (scripts/lab.sh), and the configuration that tests start from."""
import os
import pathlib

ROOT = pathlib.Path(__file__).resolve().parents[2]
HERE = pathlib.Path(__file__).resolve().parent
DIR = pathlib.Path("/run/eph-lab")
CLIENT, FWD, FARM = "eph-client", "eph-fwd", "eph-farm"
SERVICE = {4: "192.0.2.53", 6: "2001:db8:1::53"}
CLIENT_ADDRESS = {4: "192.0.2.2", 6: "2001:db8:1::2"}
SOURCES = {4: [f"198.51.100.{16 + i}" for i in range(8)], 6: [f"2001:db8:2::{0x16 + i:x}" for i in range(8)]}
SCRIPTED = {4: "198.51.100.111", 6: "2001:db8:2::111"}  # of scripted_upstream.py; more follow: .112, .113, .114
PORTS = range(49152, 65536)
# All but the dataplane's worker share the first core that the tests may use; scripts/lab.sh chooses the same.
SHARED_CORE, WORKER_CORE = (sorted(os.sched_getaffinity(0)) * 2)[:2]

SERVERS = {
    "nsd": "198.51.100.101",
    "knot": "198.51.100.102",
    "unbound": "198.51.100.103",
    "nsd-v6": "2001:db8:2::101",
    "knot-v6": "2001:db8:2::102",
    "unbound-v6": "2001:db8:2::103",
}

DEFAULT = {
    "runtime_dir": str(DIR / "ephemera"),
    "dataplane": {
        "main_core": SHARED_CORE,
        "worker_cores": [WORKER_CORE],
        "memory_mb": 256,
        "flows_per_worker": 1048576,
        "interfaces": [{"xdp": "eph-c0"}, {"xdp": "eph-f0"}],
    },
    "source": {
        "ports": "49152-65535",
        "addresses": ["198.51.100.16-198.51.100.23", "2001:db8:2::16-2001:db8:2::1d"],
    },
    "service": {
        "addresses": [{"address": SERVICE[4]}, {"address": SERVICE[6]}],
        "allow": ["192.0.2.0/24", "2001:db8:1::/64", "198.51.100.0/24"],
        "no_upstream": "servfail",
    },
    "protection": {"random_case": True, "coalesce": True, "near_miss": "count", "near_misses": 1},
    "upstreams": {
        "policy": "round-robin",
        "timeout_ms": 2000,
        "probe": {"name": "probe.example", "type": "A", "interval_ms": 250, "timeout_ms": 250, "rise": 2, "fall": 3},
        "servers": [{"name": name, "address": address} for name, address in SERVERS.items()],
    },
}
