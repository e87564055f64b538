# SPDX-License-Identifier: BSD-3-Clause
"""Stands in for ephemerad on a control socket: answers each command with what a test put there.

    with FakeEphemerad(path, {"status": {...}}) as fake: ...

`answers` maps a command to its result, to a function of the request, or to a text, with which it is refused."""
import json
import os
import socket
import threading


class FakeEphemerad:
    def __init__(self, path, responses):
        self.path, self.responses = path, responses
        self.requests = []
        self.listener = None
        self.connections = set()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        self.listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.listener.bind(self.path)
        self.listener.listen(8)
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def stop(self):
        """As if killed: all connections end, and the socket stays if it did."""
        if self.listener is None:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.listener = None
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # it is gone
        os.unlink(self.path)

    def _accept(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            self.connections.add(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        try:
            for line in connection.makefile("r", encoding="utf-8"):
                request = json.loads(line)
                self.requests.append(request)
                connection.sendall((json.dumps(self._answer(request)) + "\n").encode())
        except OSError:
            pass  # the client went away, or stop()
        finally:
            self.connections.discard(connection)
            connection.close()

    def _answer(self, request):
        result = self.responses.get(request["command"], "unknown command")
        if callable(result):
            result = result(request)
        if isinstance(result, str):
            return {"ok": False, "error": result}
        return {"ok": True, "result": result}
