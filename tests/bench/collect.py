#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Puts the results of benchmarks together: scripts/bench.sh calls it.

    collect.py --build DIR RESULT.json...

adds to each result where it was measured (machine, kernel, versions, commit), and prints all targets in one table. The
target that needs two results is computed here: the wire benchmark's rate against dnsdist's in the kernel benchmark."""
import argparse
import datetime
import json
import pathlib
import platform
import re
import subprocess

ROOT = pathlib.Path(__file__).resolve().parents[2]
WIRE_AGAINST_DNSDIST = 40
PACKAGES = ("libdpdk-dev", "dnsdist", "libbpf-dev", "libxdp1", "libxxhash-dev", "libsodium23")


def output_of(*words):
    try:
        return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return ""


def first_value(path, key):
    try:
        found = re.search(rf"^{key}\s*:\s*(.*)$", pathlib.Path(path).read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found.group(1) if found else ""


def commit():
    """The commit that was measured; + means that the tree has changes on top."""
    name = output_of("git", "-C", ROOT, "rev-parse", "--short=12", "HEAD")
    return name + "+" if name and output_of("git", "-C", ROOT, "status", "--porcelain", "--untracked-files=no") else name


def about(build):
    versions = {name: output_of("dpkg-query", "-W", "-f", "${Version}", name) for name in PACKAGES}
    dataplane = output_of(build / "dataplane/ephemera-dataplane", "--version").split()
    return {
        "when": datetime.datetime.now(datetime.timezone.utc).isoformat(timespec="seconds"),
        "machine": {
            "processor": first_value("/proc/cpuinfo", "model name"),
            "cores": len(re.findall(r"^processor\s*:", pathlib.Path("/proc/cpuinfo").read_text(), re.MULTILINE)),
            "mhz": float(first_value("/proc/cpuinfo", "cpu MHz") or 0),
            "memory": first_value("/proc/meminfo", "MemTotal"),
            "virtual": "hypervisor" in first_value("/proc/cpuinfo", "flags").split(),
        },
        "kernel": platform.release(),
        "system": os_name(),
        "compiler": output_of("gcc", "--version").split("\n")[0],
        "versions": {"ephemera": dataplane[-1] if dataplane else "", **{k: v for k, v in versions.items() if v}},
        "commit": commit(),
    }


def os_name():
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.system()


def across(results):
    """Targets that take more than one result."""
    dnsdist = results.get("kernel", {}).get("dnsdist_queries_per_second")
    wire = results.get("wire", {}).get("queries_per_second")
    if not dnsdist or not wire:
        return []
    ratio = wire / dnsdist
    return [{
        "what": "wire, queries/s against dnsdist's over the kernel", "value": ratio, "bound": "at least",
        "target": WIRE_AGAINST_DNSDIST, "met": ratio >= WIRE_AGAINST_DNSDIST,
    }]  # fmt: skip


def line(name, target):
    verdict = "met" if target["met"] else "MISSED"
    return f"  {name:<9} {target['what']:<64} {target['value']:>10.3f}  {target['bound']:<8} {target['target']:<8g} {verdict}"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build", type=pathlib.Path, default=ROOT / "build")
    parser.add_argument("results", nargs="+", type=pathlib.Path)
    options = parser.parse_args()
    where, results = about(options.build), {}
    for path in options.results:
        result = json.loads(path.read_text())
        result["about"] = where
        path.write_text(json.dumps(result, indent=2) + "\n")
        results[result["benchmark"]] = result
    smoke = any(result.get("smoke") for result in results.values())
    machine = where["machine"]
    print(f"{machine['processor']}, {machine['cores']} cores, Linux {where['kernel']}, "
          f"DPDK {where['versions'].get('libdpdk-dev', '?')}, commit {where['commit']}")  # fmt: skip
    if smoke:
        print("smoke run: a check that everything works; the figures mean nothing")
        return
    for name, result in results.items():
        for target in result.get("targets", []):
            print(line(name, target))
    for target in across(results):
        print(line("all", target))


if __name__ == "__main__":
    main()
