# SPDX-License-Identifier: BSD-3-Clause
"""A connection to ephemerad's socket that stays open, for tests that send hundreds of requests; ephemeractl opens one
per command."""
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

    def send(self, command, **arguments):
        self.sock.sendall(json.dumps({"command": command, **arguments}).encode() + b"\n")

    def receive(self):
        """The result; an error response fails the test."""
        response = json.loads(self.lines.readline())
        assert response["ok"], response["error"]
        return response["result"]

    def ask(self, command, **arguments):
        self.send(command, **arguments)
        return self.receive()
