#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The sample configuration of the README is good, and has every key. Usage: readme_config.py EPHEMERACTL README"""
import json
import pathlib
import re
import subprocess
import sys
import tempfile


def keys_written(sample: str) -> set[str]:
    """All words that stand before a colon, at whatever depth."""
    return set(re.findall(r"(?:^|[ {])([a-z0-9_]+):(?= |$)", re.sub(r"#.*", "", sample), re.MULTILINE))


def main(ephemeractl: str, readme: str) -> int:
    sample = re.search(r"```yaml\n(runtime_dir:.*?)```", pathlib.Path(readme).read_text(), re.DOTALL).group(1)
    with tempfile.TemporaryDirectory() as directory:
        path = pathlib.Path(directory, "ephemera.yaml")
        path.write_text(sample)
        pathlib.Path(directory, "bulk.txt").write_text("example.org  # comment\n")
        check = subprocess.run([ephemeractl, "config", "check", path], capture_output=True, text=True)
    print(check.stdout, check.stderr)
    keys = json.loads(subprocess.check_output([ephemeractl, "config", "keys", "--json"]))
    missing = {key["key"].rstrip("[]").split(".")[-1] for key in keys} - keys_written(sample)
    if missing:
        print("not in the sample:", ", ".join(sorted(missing)))
    return 1 if check.returncode != 0 or check.stderr or missing else 0


sys.exit(main(*sys.argv[1:]))
