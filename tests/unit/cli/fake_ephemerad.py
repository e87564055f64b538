# SPDX-License-Identifier: BSD-3-Clause
"""A fake ephemerad on a control socket: responds to each command with what the test set.

    with FakeEphemerad(path, {"status": {...}}) as fake: ...

`responses` maps a command to its result, to a function of the request, or to a string, which is the error."""
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
        """As if killed: closes all connections and removes the socket."""
        if self.listener is None:
            return
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.listener = None
        for connection in list(self.connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass  # already closed
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
                connection.sendall((json.dumps(self._respond(request)) + "\n").encode())
        except OSError:
            pass  # closed by the client or by stop()
        finally:
            self.connections.discard(connection)
            connection.close()

    def _respond(self, request):
        result = self.responses.get(request["command"], "unknown command")
        if callable(result):
            result = result(request)
        if isinstance(result, str):
            return {"ok": False, "error": result}
        return {"ok": True, "result": result}
