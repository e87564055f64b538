#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The manual: mandoc finds no fault in it, and all commands, options, keys and counters are in it.

    test_man.py FOLDER EPHEMERACTL EPHEMERAD EPHEMERA-DATAPLANE

FOLDER holds the built pages. Exit status 77, a skip, if there is no mandoc."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import unittest

FOLDER, CTL, DAEMON, DATAPLANE = map(pathlib.Path, sys.argv[1:5])
ROOT = pathlib.Path(__file__).resolve().parents[3]
PAGES = ("ephemeractl.8", "ephemerad.8", "ephemera-dataplane.8", "ephemera.yaml.5", "ephemera-counters.7")


def output(*words):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout


def rendered(page):
    """The page as plain text, without overstrikes."""
    text = output("mandoc", "-Tascii", FOLDER / page)
    return re.sub(r".\x08", "", text)


def tags(page):
    """The lines that begin an entry."""
    return {line.strip() for line in rendered(page).splitlines() if re.match(r" {4,6}\S", line)}


class ManTest(unittest.TestCase):
    def test_lint(self):
        for page in PAGES:
            done = subprocess.run(["mandoc", "-Tlint", FOLDER / page], capture_output=True, text=True)
            faults = [line for line in done.stdout.splitlines() if "referenced manual not found: Xr ephemera" not in line]
            self.assertEqual(faults, [], page)

    def test_references(self):
        """Every page that is referenced exists."""
        for page in PAGES:
            for name, section in re.findall(r"^\.Xr (ephemera\S*) (\d)", (FOLDER / page).read_text(), re.M):
                self.assertIn(f"{name}.{section}", PAGES, page)

    def test_commands(self):
        help_text, text = output(CTL, "--help"), rendered("ephemeractl.8")
        commands = re.findall(r"^  ([a-z].*?)(?:  +\S|$)", help_text.split("Options:")[0], re.M)
        self.assertGreater(len(commands), 15)
        self.assertIn("upstream NAME drain|up|down|auto", commands)
        for command in commands:
            self.assertRegex(text, rf"(?m)^     {re.escape(command.strip())}( |$)")
        options = re.findall(r"^  -(.), --(\S+)", help_text, re.M)
        self.assertGreater(len(options), 8)
        for letter, name in options:
            self.assertRegex(text, rf"(?m)^     -{letter}, --{name}( [A-Z]+)?$")

    def test_options_of_daemons(self):
        for program, page in ((DAEMON, "ephemerad.8"), (DATAPLANE, "ephemera-dataplane.8")):
            names = set(re.findall(r"--[a-z][a-z-]+", output(program, "--help")))
            self.assertGreater(len(names), 2)
            for name in names - {"--print"}:
                self.assertIn(name, rendered(page), page)

    def test_keys(self):
        keys = json.loads(output(CTL, "config", "keys", "--json"))
        source, text = (FOLDER / "ephemera.yaml.5").read_text(), " ".join(rendered("ephemera.yaml.5").split())
        self.assertGreater(len(keys), 30)
        for key in keys:
            [entry] = re.findall(rf'^\.It Ic "\\&{re.escape(key["key"])}"\n((?:[^.].*\n)*)', source, re.M)
            self.assertTrue(entry.strip(), key["key"])
            self.assertIn(key["key"], text)
            if key["default"] is not None and key["default"] != "":
                self.assertIn(f"default {key['default']}", " ".join(entry.split()).replace(r"\(dq", '"'), key["key"])

    def test_counters(self):
        found = tags("ephemera-counters.7")
        text = (ROOT / "dataplane/shared/counters.h").read_text() + (ROOT / "bpf/steer.h").read_text()
        names = re.findall(r'^\tX\((\w+), "', text, re.M)
        self.assertGreater(len(names), 60)
        for name in names:
            self.assertTrue(any(tag == name or tag.startswith(f"{name} ") for tag in found), name)

    def test_example(self):
        """The page shows the whole example but its licence line; test example_config checks the example itself."""
        text = rendered("ephemera.yaml.5")
        example = (ROOT / "control/man/example.yaml").read_text().splitlines()[1:]
        shown = [line.strip() for line in text.splitlines() if line.strip()]
        first = shown.index(example[0])
        self.assertEqual(shown[first : first + len(example)], [line.strip() for line in example])


if __name__ == "__main__":
    if shutil.which("mandoc") is None:
        print("no mandoc: install it")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
