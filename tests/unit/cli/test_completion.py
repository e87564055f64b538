#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Completion in bash and fish: what is offered behind which words. The script for zsh runs bash's functions; it is read
by zsh where that is installed.

    test_completion.py EPHEMERACTL"""
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

from fake_ephemerad import FakeEphemerad

PROGRAM = os.path.abspath(sys.argv.pop(1))

BASH = """
source <("$0" completion bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ephemeractl_words "$1" "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
FISH = "ephemeractl completion fish | source; complete --do-complete $argv[1]"

ASKS = {"--config", "--socket", "--json", "--help", "--version"}

# The words typed so far, the last one at the cursor, and what is offered.
OFFERS = [
    (["sta"], {"status", "stats"}),
    (["config", ""], {"check", "diff", "keys"}),
    (["config", "k"], {"keys"}),
    (["completion", ""], {"bash", "zsh", "fish"}),
    (["completion", "bash", ""], set()),
    (["status", "--"], ASKS),
    (["drops", "--"], ASKS | {"--all"}),
    (["config", "keys", "--"], {"--json", "--help", "--version"}),
    (["--json", "sta"], {"status", "stats"}),
    (["-s", "/nowhere", "entr"], {"entropy"}),
    (["top", "--interval", "2", "--on"], {"--once"}),
    (["top", "--interval", ""], set()),
    (["port", ""], set()),
    (["status", ""], set()),
    (["--timeout", "5", "drai"], {"drain"}),
    (["upstream", "nsd", ""], {"drain", "up", "down", "auto"}),
    (["upstream", "nsd", "up", ""], set()),
    (["config", "check", "a.yaml", "--"], {"--json", "--help", "--version"}),
    (["no-such-command", ""], set()),
]


def bash(words):
    return ["bash", "-c", BASH, PROGRAM, PROGRAM, *words]


def fish(words):
    return ["fish", "--no-config", "-c", FISH, " ".join(["ephemeractl", *words])]


class Offers:
    """What holds in every shell; `command` makes the words of a shell that prints what it would offer."""

    def offered(self, *words, cwd=None):
        with tempfile.TemporaryDirectory() as home:
            path = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
            done = subprocess.run(
                self.command(words), capture_output=True, text=True, cwd=cwd, timeout=30,
                env={**os.environ, "PATH": path, "HOME": home},
            )  # fmt: skip
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return {line.split("\t")[0] for line in done.stdout.splitlines() if line}

    def test_offers(self):
        for words, wanted in OFFERS:
            self.assertEqual(self.offered(*words), wanted, words)

    def test_all_commands(self):
        text = subprocess.run([PROGRAM, "--help"], check=True, capture_output=True, text=True).stdout
        commands = re.findall(r"^  ([a-z][a-z-]*)", text.split("Options:")[0], re.M)
        self.assertEqual(self.offered(""), set(commands))

    def test_files(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("one.yaml", "other.yaml"):
                open(os.path.join(folder, name), "w").close()
            for words in (["config", "check", "o"], ["status", "-c", "o"], ["--config", "o"]):
                self.assertEqual(self.offered(*words, cwd=folder), {"one.yaml", "other.yaml"}, words)

    def test_upstreams(self):
        """Their names come from the ephemerad that is meant."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "control.sock")
            names = {"nsd", "nsd-v6", "knot"}
            with FakeEphemerad(path, {"upstreams": {"upstreams": [{"name": name} for name in names]}}):
                self.assertEqual(self.offered("-s", path, "upstream", ""), names)
                self.assertEqual(self.offered("-s", path, "upstream", "ns"), {"nsd", "nsd-v6"})
                self.assertEqual(self.offered("-s", path, "upstream", "nsd", ""), {"drain", "up", "down", "auto"})
            self.assertEqual(self.offered("-s", path, "upstream", ""), set())


class BashTest(Offers, unittest.TestCase):
    command = staticmethod(bash)


class FishTest(Offers, unittest.TestCase):
    command = staticmethod(fish)


class ShellsTest(unittest.TestCase):
    def test_zsh(self):
        script = subprocess.run([PROGRAM, "completion", "zsh"], check=True, capture_output=True, text=True).stdout
        self.assertIn("upstreams --names", script)
        if shutil.which("zsh"):
            done = subprocess.run(["zsh", "-n"], input=script, capture_output=True, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_unknown_shell(self):
        self.assertEqual(subprocess.run([PROGRAM, "completion", "csh"], capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main()
