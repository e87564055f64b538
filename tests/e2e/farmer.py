# SPDX-License-Identifier: BSD-3-Clause
"""A farm server that does what a test tells it to, right or wrong.

    with Farmer("198.51.100.111") as farmer:            # and an upstream with that address in the configuration
        client.send(wire.query("n00001.example"))
        asked = farmer.next()                           # the query, as the forwarder sent it
        asked.send(wire.right_answer(asked.data, query_id=asked.id ^ 1))
        asked.answer()

It answers probes and the oracle's clean question (wire.CLEAN) by itself. With Farmer(..., behave=f) it calls f(asked)
for each query, in its own thread, instead of keeping it for next()."""
import queue
import select
import socket
import struct
import threading

import netns
import wire

NAMESPACE = "eph-farm"


class Asked:
    """A query that came to the farmer."""

    def __init__(self, farmer, sock, data, peer):
        self.farmer, self.data = farmer, data
        self.source, self.port = peer[0], peer[1]
        self.address = sock.getsockname()[0]
        self.id = struct.unpack("!H", data[:2])[0]
        self.question = wire.question_of(data)

    def send(self, payload, address=None, port=53):
        """Sends a payload back; from another address or port of the farm if told so."""
        self.farmer.socket_at(address or self.address, port).sendto(payload, (self.source, self.port))

    def answer(self, **how):
        self.send(wire.right_answer(self.data, **how))


class Farmer:
    def __init__(self, *addresses, behave=None):
        self.addresses, self.behave = addresses, behave
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
            for fd, _ in poll.poll():
                if fd == self.stop_read.fileno():
                    poll.close()
                    return
                self._take(by_fd[fd])

    def _take(self, sock):
        while True:
            try:
                data, peer = sock.recvfrom(65535, socket.MSG_DONTWAIT)
            except BlockingIOError:
                return
            if data[12:].startswith((wire.PROBE, wire.CLEAN)):
                sock.sendto(wire.right_answer(data), peer)
                continue
            asked = Asked(self, sock, data, peer)
            if self.behave:
                self.behave(asked)
            else:
                self.queue.put(asked)

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
            raise AssertionError(f"no query reached the farmer within {seconds} s") from None

    def idle(self):
        return self.queue.empty()
