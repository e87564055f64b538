#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The annotated example configuration passes `config check` and has every key. Usage: example_config.py EPHEMERACTL EXAMPLE"""
import json
import pathlib
import re
import subprocess
import sys


def keys_written(text: str) -> set[str]:
    """The paths of all keys, such as service.addresses.port; sections must be written in block style."""
    above, keys = [], set()
    for line in text.splitlines():
        found = re.match(r"( *(?:- )?)([a-z0-9_]+):(?= |$)", line)
        if not found:
            continue
        indent, name = len(found[1]), found[2]
        while above and above[-1][0] >= indent:
            above.pop()
        path = f"{above[-1][1]}.{name}" if above else name
        above.append((indent, path))
        keys.add(path)
    return keys


def main(ephemeractl: str, example: str) -> int:
    check = subprocess.run([ephemeractl, "config", "check", example], capture_output=True, text=True)
    print(check.stdout, check.stderr)
    keys = {key["key"].replace("[]", "") for key in json.loads(subprocess.check_output([ephemeractl, "config", "keys", "--json"]))}
    written = keys_written(pathlib.Path(example).read_text())
    missing = keys - written
    if missing or not written:
        print("not in the example:", ", ".join(sorted(missing)))
    return 1 if check.returncode != 0 or check.stderr or missing else 0


sys.exit(main(*sys.argv[1:]))
