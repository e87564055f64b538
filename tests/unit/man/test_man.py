#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""The manual: mandoc finds no fault in it, and all that the programs know of themselves is in it.

    test_man.py FOLDER EPHEMERACTL EPHEMERAD EPHEMERA-DATAPLANE

FOLDER has the pages that were generated. Exit status 77, a skip, where there is no mandoc."""
import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

FOLDER, CTL, DAEMON, DATAPLANE = map(pathlib.Path, sys.argv[1:5])
SHARED = pathlib.Path(__file__).resolve().parents[3]
GENERATED = ("ephemeractl.8", "ephemerad.8", "ephemera-dataplane.8", "ephemera.yaml.5", "ephemera-counters.7")
WRITTEN = ("ephemera.7", "ephemera-operation.7", "ephemera-security.7")
PAGES = GENERATED + WRITTEN


def path(page):
    return (SHARED / "control/man" if page in WRITTEN else FOLDER) / page


def output(*words):
    return subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout


def rendered(page):
    """As plain text: an overstruck character is one."""
    text = output("mandoc", "-Tascii", path(page))
    return re.sub(r".\x08", "", text)


def tags(page):
    """The indented words that begin an entry."""
    return {line.strip() for line in rendered(page).splitlines() if re.match(r" {4,6}\S", line)}


class ManTest(unittest.TestCase):
    def test_lint(self):
        for page in PAGES:
            done = subprocess.run(["mandoc", "-Tlint", path(page)], capture_output=True, text=True)
            faults = [line for line in done.stdout.splitlines() if "referenced manual not found: Xr ephemera" not in line]
            self.assertEqual(faults, [], page)

    def test_references(self):
        """A page is named only if it is there."""
        for page in PAGES:
            for name, section in re.findall(r"^\.Xr (ephemera\S*) (\d)", path(page).read_text(), re.M):
                self.assertIn(f"{name}.{section}", PAGES, page)

    def test_installed(self):
        """Each page of this folder is built or installed, and so is checked here."""
        source = SHARED / "control/man"
        found = {file.name.removesuffix(".in") for file in source.iterdir() if re.search(r"\.\d(\.in)?$", file.name)}
        self.assertEqual(found, set(PAGES))
        build = (source / "meson.build").read_text()
        for page in PAGES:
            self.assertIn(f"'{page}'", build)

    def test_commands_named(self):
        """A command of ephemeractl is named only if there is one, in the manual and in the README."""
        help_text = output(CTL, "--help").split("Options:")[0]
        commands = {" ".join(re.findall(r"[a-z][a-z-]+", line)[:2 if line.startswith("  config") else 1])
                    for line in help_text.splitlines() if re.match(r"  [a-z]", line)}
        named = set()
        for file in [path(page) for page in PAGES] + [SHARED / "README.md"]:
            for line in file.read_text().splitlines():
                if line.startswith((".Ss", ".Xr", ".Nm")):
                    continue
                for word, second in re.findall(r"ephemeractl (?:-c \S+ )?([a-z][a-z-]*)(?: ([a-z]+))?", line):
                    command = f"{word} {second}" if word == "config" else word
                    self.assertIn(command, commands, f"{file.name}: {line}")
                    named.add(command)
        self.assertGreater(len(named), 12)

    def test_keys_named(self):
        """A key of the configuration is named only if there is one."""
        keys = {key["key"].replace("[]", "") for key in json.loads(output(CTL, "config", "keys", "--json"))}
        keys |= {key.rpartition(".")[0] for key in keys}
        words = {word for key in keys for word in key.split(".")}
        for page in WRITTEN:
            for name in re.findall(r"\bIc ([a-z][a-z0-9_.]*)(?= |$)", path(page).read_text(), re.M):
                if name != "ephemeractl" and name != "systemctl":
                    self.assertTrue(name in keys or "." not in name and name in words, f"{page}: {name}")

    def test_metrics_named(self):
        """A metric is named only if there is one."""
        text = "".join(file.read_text() for file in sorted((SHARED / "control/metrics").glob("*.c")))
        counters = set(re.findall(r"^\tX\((\w+),", (SHARED / "dataplane/shared/counters.h").read_text(), re.M))
        found = {name for page in WRITTEN for name in re.findall(r"\bephemera_[a-z_]+", path(page).read_text())}
        self.assertGreater(len(found), 8)
        for name in found:
            base = name.removesuffix("_total")
            self.assertTrue(f'"{base}"' in text or base.removeprefix("ephemera_") in counters, name)

    def test_files_named(self):
        """A file of the source tree is named only if it is there."""
        for page in WRITTEN:
            for name in re.findall(r"(?:tests|scripts)/[A-Za-z0-9_./-]*\w", path(page).read_text()):
                self.assertTrue((SHARED / name).exists(), f"{page}: {name}")

    def test_messages_named(self):
        """What the troubleshooting quotes is what the programs print: words in capitals stand for what they fill in."""
        literals = []
        for folder in ("dataplane", "control"):
            for file in (SHARED / folder).rglob("*.[ch]"):
                text = re.sub(r'"\s*(?:PRI\w+\s*)?"', "", file.read_text())
                literals += re.findall(r'"((?:[^"\\\n]|\\.)*)"', text)
        counters = set(re.findall(r"^\tX\((\w+),", (SHARED / "dataplane/shared/counters.h").read_text(), re.M))
        section = path("ephemera-operation.7").read_text().split(".Sh TROUBLESHOOTING")[1].split("\n.Sh ")[0]
        entries = re.findall(r"^\.It Sy (.*?)(?: No in .*)?$", section, re.M)
        self.assertGreater(len(entries), 30)
        for entry in entries:
            parts = [part.strip() for part in re.split(r" ?Ar \S+(?: \.\.\.)?(?: Sy)?", entry.replace(r"\&", ""))]
            pattern = ".*".join(re.escape(part) for part in parts if part)
            self.assertTrue(entry in counters or any(re.search(pattern, literal) for literal in literals), entry)

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
        text = (SHARED / "dataplane/shared/counters.h").read_text() + (SHARED / "bpf/steer.h").read_text()
        names = re.findall(r'^\tX\((\w+), "', text, re.M)
        self.assertGreater(len(names), 60)
        for name in names:
            self.assertTrue(any(tag == name or tag.startswith(f"{name} ") for tag in found), name)

    def test_example_is_a_configuration(self):
        source = (FOLDER / "ephemera.yaml.5").read_text()
        [example] = re.findall(r"^\.Bd -literal\n(.*?)^\.Ed", source, re.M | re.S)
        with tempfile.NamedTemporaryFile("w", suffix=".yaml") as file:
            file.write(example)
            file.flush()
            done = subprocess.run([CTL, "config", "check", file.name], capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    if shutil.which("mandoc") is None:
        print("no mandoc: install it")
        sys.exit(77)
    unittest.main(argv=sys.argv[:1])
