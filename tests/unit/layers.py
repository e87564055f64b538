#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Checks that each folder includes only what stands below it.

Reads every #include "..." of dataplane/, control/ and bpf/ and holds it against the tables below.

usage: layers.py [TOP]    TOP: the top of the source tree
"""

import pathlib
import re
import sys

# From the top down: a folder includes itself and what stands below it in its list. A folder or file that is not listed is a
# finding, so that a new one gets its place here.
LISTS = {
    "dataplane": ["main.c", "process", "port", "pipeline", "tables", "packet", "lib", "shared"],
    "control": ["main.c", "report", "metrics", "daemon", "publish", "farm", "kernel", "stats", "link", "serve", "man", "cli",
                "state", "config", "lib", "web"],
    "bpf": ["steer.bpf.c", "steer.h"],
}

# What a tree may include of the other trees: a folder or a file.
SHARED = {
    "dataplane": ["bpf/steer.h"],
    "control": ["dataplane/shared", "bpf/steer.h"],
    "bpf": [],
}

# Programs of their own, although folders of the daemon stand above them in the list: who else may include them.
PROGRAMS = {"control/cli": ["control/man"], "control/man": []}


def place(path):
    """The folder that a file is in, or the file itself where it lies at the top of its tree or in bpf/: as in LISTS."""
    tree, name = path.split("/")[:2]
    return tree, name


def rule_broken(path, included):
    """Why `path` may not include `included`, in words; None: it may."""
    tree, folder = place(path)
    other_tree, other_folder = place(included) if "/" in included else (None, None)
    here, there = f"{tree}/{folder}", f"{other_tree}/{other_folder}"
    if other_tree not in LISTS:
        return "an include names its file from the top of the source tree"
    if included.endswith("_pvt.h") and here != there:
        return f"a header that ends in _pvt.h is only for its own folder, {there}/"
    if tree != other_tree:
        if there in SHARED[tree] or included in SHARED[tree]:
            return None
        return f"{tree}/ includes of other trees only {', '.join(SHARED[tree]) or 'nothing'}"
    if folder not in LISTS[tree] or other_folder not in LISTS[tree]:
        return None  # found by unlisted()
    if here != there and here not in PROGRAMS.get(there, [here]):
        return f"{there}/ is a program of its own"
    if LISTS[tree].index(other_folder) < LISTS[tree].index(folder):
        return f"{other_folder} stands above {folder} in {tree}/: a folder includes only itself and those below it"
    return None


def includes(top):
    """Returns {path: [(line, included)]} of every source file."""
    found = {}
    for path in sorted(path for tree in LISTS for path in (top / tree).rglob("*") if path.suffix in (".c", ".h")):
        text = path.read_text(encoding="utf-8")
        found[path.relative_to(top).as_posix()] = [
            (number, match.group(1)) for number, line in enumerate(text.splitlines(), 1)
            if (match := re.match(r'\s*#\s*include\s*"([^"]*)"', line))]
    return found


def unlisted(found):
    """Yields a message for each folder that has no place in LISTS."""
    for tree, name in sorted({place(path) for path in found}):
        if name not in LISTS[tree]:
            yield f"{tree}/{name}: has no place in the list of {tree}/ in {pathlib.Path(__file__).name}"


def rings(found):
    """Yields rings of headers, as [header, the one that it includes, ..., header]; no header is in two of them."""
    done, ringed, chain = set(), set(), []

    def walk(path):
        if path in chain:
            ring = chain[chain.index(path):]
            if ringed.isdisjoint(ring):
                ringed.update(ring)
                yield ring + [path]
        elif path not in done:
            chain.append(path)
            for _, included in found.get(path, []):
                yield from walk(included)
            done.add(chain.pop())

    for path in found:
        yield from walk(path)


def main():
    top = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parents[2]
    found = includes(top)
    bad = list(unlisted(found))
    for path, lines in found.items():
        for number, included in lines:
            rule = rule_broken(path, included)
            if rule:
                bad.append(f'{path}:{number}: #include "{included}": {rule}')
    for ring in rings(found):
        number = next(number for number, included in found[ring[0]] if included == ring[1])
        bad.append(f'{ring[0]}:{number}: #include "{ring[1]}": headers include each other: {" -> ".join(ring)}')
    for message in bad:
        print(message)
    count = sum(len(lines) for lines in found.values())
    print(f"{count} includes in {len(found)} files, {len(bad)} that may not be there")
    sys.exit(1 if bad or count < 100 else 0)


if __name__ == "__main__":
    main()
