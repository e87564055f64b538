#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Completion in bash: what is offered behind which words. The scripts for zsh and fish are read by those, where they
are installed.

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

COMPLETE = """
source <("$0" completion bash)
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ephemeractl_words "$1" "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""

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
    (["no-such-command", ""], set()),
]


class CompletionTest(unittest.TestCase):
    def offered(self, *words, cwd=None):
        done = subprocess.run(
            ["bash", "-c", COMPLETE, PROGRAM, PROGRAM, *words], capture_output=True, text=True, cwd=cwd, timeout=30
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""), words)
        return {line for line in done.stdout.splitlines() if line}

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

    def test_other_shells(self):
        for shell in ("zsh", "fish"):
            script = subprocess.run([PROGRAM, "completion", shell], check=True, capture_output=True, text=True).stdout
            self.assertIn("upstreams --names", script)
            if shutil.which(shell):
                done = subprocess.run([shell, "-n"], input=script, capture_output=True, text=True)
                self.assertEqual((done.returncode, done.stderr), (0, ""), shell)

    def test_unknown_shell(self):
        self.assertEqual(subprocess.run([PROGRAM, "completion", "csh"], capture_output=True).returncode, 2)


if __name__ == "__main__":
    unittest.main()
