# SPDX-License-Identifier: BSD-3-Clause
"""One connection to ephemerad's socket that stays open, for tests that ask hundreds of times; ephemeractl opens one
for each command."""
import json
import socket

from topology import DIR

SOCKET = DIR / "ephemera" / "control.sock"


class Control:
    """`with Control() as control: control.ask("stats")`"""

    def __enter__(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(30)
        self.sock.connect(str(SOCKET))
        self.lines = self.sock.makefile("rb")
        return self

    def __exit__(self, *_):
        self.lines.close()
        self.sock.close()

    def ask(self, command, **arguments):
        """The result; a refusal fails."""
        self.sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")
        answer = json.loads(self.lines.readline())
        assert answer["ok"], f"{command} {arguments}: {answer['error']}"
        return answer["result"]
