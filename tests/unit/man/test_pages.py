#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The hand-written pages of the manual: mandoc finds no fault in them, and what they name exists.

    test_pages.py FOLDER EPHEMERACTL

FOLDER holds the generated pages. Commands and references are checked in those and in the README too. Exit status 77, a
skip, if there is no mandoc."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

FOLDER, CTL = map(pathlib.Path, sys.argv[1:3])
ROOT = pathlib.Path(__file__).resolve().parents[3]
SOURCE = ROOT / "control" / "man"
WRITTEN = sorted(SOURCE.glob("*.[0-9]"))
PAGES = WRITTEN + [FOLDER / template.name.removesuffix(".in") for template in sorted(SOURCE.glob("*.[0-9].in"))]


def output(*words):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout


def written():
    """The text of all hand-written pages."""
    return "".join(page.read_text() for page in WRITTEN)


def counters():
    return set(re.findall(r"^\tX\((\w+),", (ROOT / "dataplane/shared/counters.h").read_text(), re.M))


def literals():
    """The string literals of the programs, adjacent ones joined."""
    found = []
    for folder in ("dataplane", "control"):
        for file in (ROOT / folder).rglob("*.[ch]"):
            text = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", file.read_text())
            found += re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
    return found


class PagesTest(unittest.TestCase):
    def test_installed(self):
        build = (SOURCE / "meson.build").read_text()
        self.assertGreater(len(WRITTEN), 2)
        for page in PAGES:
            self.assertTrue(page.exists(), page)
            self.assertIn(f"'{page.name}'", build)

    def test_references(self):
        names = {page.name for page in PAGES}
        for page in PAGES:
            for name, section in re.findall(r"^\.(?:It )?Xr (ephemera\S*) (\d)", page.read_text(), re.M):
                self.assertIn(f"{name}.{section}", names, page.name)

    def test_commands(self):
        help_text = output(CTL, "--help").split("Options:")[0]
        commands = {" ".join(re.findall(r"[a-z][a-z-]+", line)[: 2 if line.startswith("  config") else 1])
                    for line in help_text.splitlines() if re.match(r"  [a-z]", line)}
        named = set()
        for file in PAGES + [ROOT / "README.md"]:
            for line in file.read_text().splitlines():
                if line.startswith((".Ss", ".Xr", ".Nm")):
                    continue
                for word, second in re.findall(r"ephemeractl (?:-c \S+ )?([a-z][a-z-]*)(?: ([a-z]+))?", line):
                    command = f"{word} {second}" if word == "config" else word
                    self.assertIn(command, commands, f"{file.name}: {line}")
                    named.add(command)
        self.assertGreater(len(named), 12)

    def test_keys(self):
        keys = {key["key"].replace("[]", "") for key in json.loads(output(CTL, "config", "keys", "--json"))}
        keys |= {key.rpartition(".")[0] for key in keys}
        words = {word for key in keys for word in key.split(".")}
        for name in re.findall(r"\bIc ([a-z][a-z0-9_.]*)(?= [.,]|$)", written(), re.M):
            self.assertIn(name, keys if "." in name else words)

    def test_metrics(self):
        text = "".join(file.read_text() for file in sorted((ROOT / "control/metrics").glob("*.c")))
        found = set(re.findall(r"\bephemera_[a-z_]+", written()))
        self.assertGreater(len(found), 8)
        for name in found:
            base = name.removesuffix("_total")
            self.assertTrue(f'"{base}"' in text or base.removeprefix("ephemera_") in counters(), name)

    def test_files(self):
        for name in re.findall(r"(?:tests|scripts)/[A-Za-z0-9_./-]*\w", written()):
            self.assertTrue((ROOT / name).exists(), name)

    def test_messages(self):
        """The programs print what the troubleshooting quotes. An argument (Ar) stands for any text."""
        page = (SOURCE / "ephemera-operation.7").read_text()
        section = page.split(".Sh TROUBLESHOOTING")[1].split("\n.Sh ")[0]
        entries = re.findall(r"^\.It Sy (.*?)(?: No in .*)?$", section, re.M)
        names, texts = counters(), literals()
        self.assertGreater(len(entries), 30)
        for entry in entries:
            parts = re.split(r" ?Ar \S+(?: \.\.\.)?(?: Sy)?", entry.replace(r"\&", ""))
            pattern = ".*".join(re.escape(part.strip()) for part in parts if part.strip())
            self.assertTrue(entry in names or any(re.search(pattern, text) for text in texts), entry)


if __name__ == "__main__":
    if shutil.which("mandoc") is None:
        print("no mandoc: install it")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
