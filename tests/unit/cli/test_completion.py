#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""Completion in bash, fish and zsh: the candidates after some words.

    test_completion.py EPHEMERACTL FOLDER

FOLDER holds the scripts of the shells."""
import os
import re
import subprocess
import sys
import tempfile
import unittest

from fake_ephemerad import FakeEphemerad

PROGRAM, FOLDER = os.path.abspath(sys.argv.pop(1)), os.path.abspath(sys.argv.pop(1))

# How each shell loads its script and prints the candidates. The words are those of the command line, the last one at the cursor.
BASH = """
source "$0/ephemeractl.bash"
[[ $(complete -p ephemeractl) == "complete -F _ephemeractl ephemeractl" ]] || exit
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_ephemeractl "$1" "${COMP_WORDS[COMP_CWORD]}"
printf '%s\\n' "${COMPREPLY[@]}"
"""
ZSH = """
fpath=($0 $fpath) words=("$@") CURRENT=$#
_describe() { print -rl -- ${${(P)2}%%:*} }
_files() { print -rl -- ${words[CURRENT]}*(N) }
autoload -U _ephemeractl
_ephemeractl
"""
FISH = "source $argv[1]/ephemeractl.fish; complete --do-complete $argv[2]"

ASKS = {"--config", "--socket", "--json", "--help", "--version"}

# The words typed so far, the last one at the cursor, and the candidates.
OFFERS = [
    (["sta"], {"status", "stats"}),
    (["config", ""], {"check", "diff", "keys"}),
    (["config", "k"], {"keys"}),
    (["config", "--"], set()),
    (["con"], {"config"}),
    (["config", "diff", ""], set()),
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


def complete(*words):
    """The output of the program itself: (exit status, [(candidate, description)])."""
    done = subprocess.run([PROGRAM, "__complete", *words], capture_output=True, text=True, timeout=30)
    return done.returncode, [tuple(line.split("\t")) for line in done.stdout.splitlines()]


class Offers:
    """The tests of every shell; `command` returns the words that run a shell that prints its candidates."""

    def offered(self, *words, cwd=None):
        with tempfile.TemporaryDirectory() as home:
            path = f"{os.path.dirname(PROGRAM)}:{os.environ['PATH']}"
            done = subprocess.run(
                self.command(words), capture_output=True, text=True, cwd=cwd, timeout=30,
                env={**os.environ, "PATH": path, "HOME": home, "LC_ALL": "C.UTF-8"},
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
            for name in ("one.yaml", "other.yaml", "other one.yaml"):
                open(os.path.join(folder, name), "w").close()
            for words in (["config", "check", "o"], ["status", "-c", "o"], ["--config", "o"]):
                self.assertEqual(self.offered(*words, cwd=folder), {"one.yaml", "other.yaml", "other one.yaml"}, words)

    def test_upstreams(self):
        """The names come from the ephemerad that the options select."""
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "control.sock")
            names = {"nsd", "nsd-v6", "knot"}
            with FakeEphemerad(path, {"upstreams": {"upstreams": [{"name": name} for name in names]}}):
                self.assertEqual(self.offered("-s", path, "upstream", ""), names)
                self.assertEqual(self.offered("-s", path, "upstream", "ns"), {"nsd", "nsd-v6"})
                self.assertEqual(self.offered("-s", path, "upstream", "nsd", ""), {"drain", "up", "down", "auto"})
            self.assertEqual(self.offered("-s", path, "upstream", ""), set())


class BashTest(Offers, unittest.TestCase):
    def command(self, words):
        return ["bash", "-c", BASH, FOLDER, PROGRAM, *words]


class FishTest(Offers, unittest.TestCase):
    def command(self, words):
        return ["fish", "--no-config", "-c", FISH, FOLDER, " ".join(["ephemeractl", *words])]

    def offered(self, *words, cwd=None):
        """fish filters by the word at the cursor: fish 4 also prints words that have its letters further on."""
        return {word for word in super().offered(*words, cwd=cwd) if word.startswith(words[-1])}


class ZshTest(Offers, unittest.TestCase):
    def command(self, words):
        return ["zsh", "-f", "-c", ZSH, FOLDER, PROGRAM, *words]


class ProgramTest(unittest.TestCase):
    def test_descriptions(self):
        self.assertEqual(complete("sta")[0], 0)
        self.assertEqual(dict(complete("sta")[1])["stats"], "queries, responses, drops by reason, latency, workers")
        self.assertEqual(complete("config", "ke"), (0, [("keys", "all keys of the configuration file")]))
        self.assertEqual(complete("con"), (0, [("config",)]))
        self.assertEqual(complete("drops", "--al"), (0, [("--all", "print zeros too, and all entries that are kept")]))

    def test_files(self):
        for words in (["config", "check", ""], ["-c", ""], ["status", "--socket", "x"]):
            self.assertEqual(complete(*words), (1, []), words)

    def test_nothing_typed(self):
        self.assertEqual(complete(), complete(""))


if __name__ == "__main__":
    unittest.main()
