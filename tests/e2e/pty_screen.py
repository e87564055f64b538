# SPDX-License-Identifier: BSD-3-Clause
"""A terminal for a program under test: a pty, and the terminal sequences that ephemeractl uses.

    with Terminal(["ephemeractl", "top"]) as terminal:
        terminal.wait(lambda screen: "queries" in screen.text())
        terminal.type("q")"""
import codecs
import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import termios
import time

SEQUENCE = re.compile(r"\x1b\[(\??)([\d;]*)([A-Za-z])")


class Screen:
    """The contents of the screen; `faults` lists output that does not fit a terminal of that size."""

    def __init__(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = [""] * rows
        self.row = self.column = 0
        self.alternate = False
        self.cursor = True
        self.settled = True  # no frame is half drawn: ephemeractl begins one with H and ends it with J
        self.colours = set()  # SGR parameters seen
        self.faults = []

    def resize(self, columns, rows):
        self.columns, self.rows = columns, rows
        self.lines = (self.lines + [""] * rows)[:rows]

    def feed(self, text):
        at = 0
        while at < len(text):
            found = SEQUENCE.match(text, at)
            if found:
                self._sequence(*found.groups())
                at = found.end()
                continue
            self._character(text[at])
            at += 1

    def _character(self, character):
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self.row += 1
            if self.row >= self.rows:
                self.faults.append("scrolled")
                self.lines = self.lines[1:] + [""]
                self.row = self.rows - 1
        elif character >= " ":
            if self.column >= self.columns:
                self.faults.append(f"wider than {self.columns}: {self.lines[self.row]}")
                return
            line = self.lines[self.row].ljust(self.column)
            self.lines[self.row] = line[: self.column] + character + line[self.column + 1 :]
            self.column += 1

    def _sequence(self, private, parameters, letter):
        if private and parameters == "1049":
            self.alternate = letter == "h"
        elif private and parameters == "25":
            self.cursor = letter == "h"
        elif letter == "m":
            self.colours.add(parameters)
        elif letter == "H":
            self.row = self.column = 0
            self.settled = False
        elif letter == "K":
            self.lines[self.row] = self.lines[self.row][: self.column]
        elif letter == "J":
            below = 0 if parameters == "2" else self.row + 1
            self.lines[below:] = [""] * (self.rows - below)
            self.settled = True

    def text(self):
        return "\n".join(line.rstrip() for line in self.lines)


class Terminal:
    def __init__(self, command, columns=80, rows=24, **environment):
        self.screen = Screen(columns, rows)
        self.master, self.slave = pty.openpty()
        self._size(columns, rows)
        self.modes = termios.tcgetattr(self.slave)
        environment = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **environment}
        self.process = subprocess.Popen(
            list(map(str, command)), stdin=self.slave, stdout=self.slave, stderr=self.slave, env=environment,
            start_new_session=True, preexec_fn=self._settle,
        )  # fmt: skip
        self.decoder = codecs.getincrementaldecoder("utf-8")()
        self.rest = ""  # an incomplete escape sequence

    @staticmethod
    def _settle():
        """In the child: makes the pty its controlling terminal, and resets signals that a shell with & had ignored."""
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
        for number in QUIT_SIGNALS:
            signal.signal(number, signal.SIG_DFL)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        os.close(self.master)
        os.close(self.slave)

    def _size(self, columns, rows):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def resize(self, columns, rows):
        """The kernel sends SIGWINCH to the foreground process."""
        self.screen.resize(columns, rows)
        self._size(columns, rows)

    def type(self, keys):
        os.write(self.master, keys.encode())

    def signal(self, number):
        self.process.send_signal(number)

    def read(self, seconds):
        """Reads the program's output; False: there was none within that time."""
        if not select.select([self.master], [], [], seconds)[0]:
            return False
        text = self.rest + self.decoder.decode(os.read(self.master, 65536))
        escape = text.rfind("\x1b")
        whole = escape < 0 or SEQUENCE.match(text, escape)
        self.rest = "" if whole else text[escape:]
        self.screen.feed(text if whole else text[:escape])
        return True

    def wait(self, condition, seconds=10.0):
        """Waits until condition(screen) is true of a complete frame."""
        deadline = time.monotonic() + seconds
        while not (self.screen.settled and condition(self.screen)):
            left = deadline - time.monotonic()
            if left <= 0 or not self.read(left):
                raise AssertionError(f"not within {seconds} s; the screen:\n{self.screen.text()}")

    def never(self, condition, seconds):
        """For that long condition(screen) must stay false."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            self.read(left)
            assert not (self.screen.settled and condition(self.screen)), self.screen.text()

    def end(self, seconds=10.0):
        """Waits for the program's end and returns its status. The normal screen, the cursor and the terminal's modes
        must be restored."""
        deadline = time.monotonic() + seconds
        while self.process.poll() is None:
            assert time.monotonic() < deadline, f"it did not end; the screen:\n{self.screen.text()}"
            self.read(0.01)  # a program whose output is not read does not end
        while self.read(0):
            pass
        assert not self.screen.alternate and self.screen.cursor, "the screen was not restored"
        assert termios.tcgetattr(self.slave) == self.modes, "the terminal's modes were not restored"
        return self.process.returncode


QUIT_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT)
FAULT_SIGNALS = (signal.SIGSEGV, signal.SIGABRT, signal.SIGBUS)
