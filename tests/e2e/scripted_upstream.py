# SPDX-License-Identifier: BSD-3-Clause
"""An upstream server in eph-farm whose responses the test sends itself, correct or not.

    with ScriptedUpstream("198.51.100.111") as scripted:    # the configuration has an upstream with that address
        client.send(wire.query("n00001.example"))
        asked = scripted.next()                             # the query, as the forwarder sent it
        asked.send(wire.right_response(asked.data, query_id=asked.id ^ 1))
        asked.response()

It answers probes and the query of check_invariants() (wire.CLEAN) by itself. With ScriptedUpstream(..., behave=f) it
calls f(asked) for each query, in its own thread, instead of queueing it for next(). With ScriptedUpstream(..., delay=s)
it answers each query correctly after s seconds. `scripted.probes`, a function, decides whether a probe is answered.
`scripted.keeps_case = False` makes it return names in lower case, as some servers do."""
import collections
import queue
import select
import socket
import struct
import threading
import time

import netns
import wire

NAMESPACE = "eph-farm"


class UpstreamQuery:
    """A query that the scripted upstream received."""

    def __init__(self, scripted, sock, data, peer):
        self.scripted, self.data = scripted, data
        self.source, self.port = peer[0], peer[1]
        self.address = sock.getsockname()[0]
        self.id = struct.unpack("!H", data[:2])[0]
        self.question = wire.question_of(data)

    def send(self, payload, address=None, port=53):
        """Sends a payload back, from another address or port of the farm if one is given."""
        self.scripted.socket_at(address or self.address, port).sendto(payload, (self.source, self.port))

    def response(self, **how):
        self.send(self.scripted.cased(wire.right_response(self.data, **how)))


class ScriptedUpstream:
    def __init__(self, *addresses, behave=None, delay=None):
        self.addresses, self.behave, self.delay = addresses, behave, delay
        self.due = collections.deque()  # (time, query), to be answered late
        self.probes, self.keeps_case = lambda: True, True
        self.queue = queue.Queue()
        self.extra = {}

    def __enter__(self):
        self.sockets = {address: netns.udp_socket(NAMESPACE, address, 53) for address in self.addresses}
        self.stop_read, self.stop_write = socket.socketpair()
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.stop_write.send(b"x")
        self.thread.join()
        for sock in [*self.sockets.values(), *self.extra.values(), self.stop_read, self.stop_write]:
            sock.close()

    def _serve(self):
        poll = select.epoll()
        by_fd = {sock.fileno(): sock for sock in self.sockets.values()}
        for fd in (*by_fd, self.stop_read.fileno()):
            poll.register(fd, select.EPOLLIN)
        while True:
            for fd, _ in poll.poll(self._answer_due()):
                if fd == self.stop_read.fileno():
                    poll.close()
                    return
                self._on_readable(by_fd[fd])

    def _answer_due(self):
        """Sends the responses that are due; returns the seconds until the next one is, or None."""
        while self.due:
            left = self.due[0][0] - time.monotonic()
            if left > 0:
                return left
            self.due.popleft()[1].response()
        return None

    def _on_readable(self, sock):
        while True:
            try:
                data, peer = sock.recvfrom(65535, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if data[12:].lower().startswith((wire.PROBE, wire.CLEAN)):
                if not data[12:].lower().startswith(wire.PROBE) or self.probes():
                    sock.sendto(self.cased(wire.right_response(data)), peer)
                continue
            asked = UpstreamQuery(self, sock, data, peer)
            if self.delay is not None:
                self.due.append((time.monotonic() + self.delay, asked))
            elif self.behave:
                self.behave(asked)
            else:
                self.queue.put(asked)

    def cased(self, response):
        end = 12 + len(wire.question_of(response)) - 4
        return response if self.keeps_case else response[:12] + response[12:end].lower() + response[end:]

    def socket_at(self, address, port):
        if port == 53 and address in self.sockets:
            return self.sockets[address]
        if (address, port) not in self.extra:
            self.extra[address, port] = netns.udp_socket(NAMESPACE, address, port)
        return self.extra[address, port]

    def next(self, seconds=5):
        """The next query, in order of arrival."""
        try:
            return self.queue.get(timeout=seconds)
        except queue.Empty:
            raise AssertionError(f"no query reached the scripted upstream within {seconds} s") from None

    def idle(self):
        return self.queue.empty()
