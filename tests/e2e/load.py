#!/usr/bin/python3
# SPDX-License-Identifier: BSD-3-Clause
"""A steady load of clients that check every response against the name they asked (wire.is_right).

    load.py --rate N [--count N] ADDRESS...

sends N queries a second, in turn to the service addresses given, until SIGTERM or --count. Then it waits for queries in
flight and prints one line of JSON: sent, answered, wrong, refused (another RCODE), lost (no response within --timeout
seconds), late (those of the lost that were answered later), errors (ICMP), and first_failed and last_failed: when
(CLOCK_MONOTONIC) the first and the last query without a right response were sent. It prints "flowing" after the first
100 right responses."""
import argparse
import collections
import json
import select
import signal
import socket
import time

import wire


class Load:
    def __init__(self, addresses, rate, count, timeout):
        self.rate, self.count, self.timeout = rate, count, timeout
        self.sockets = [self._connect(address) for address in addresses for _ in range(4)]
        self.waiting = collections.OrderedDict()  # (socket, ID) -> (query, moment)
        self.sent = self.answered = self.wrong = self.refused = self.lost = self.late = self.errors = 0
        self.expired = {}
        self.failed_at = []
        self.stopping = False
        self.next_id = [i * 4096 for i in range(len(self.sockets))]

    @staticmethod
    def _connect(address):
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        sock.connect((address, 53))
        sock.setblocking(False)
        return sock

    def run(self):
        poll = select.epoll()
        by_fd = {sock.fileno(): i for i, sock in enumerate(self.sockets)}
        for fd in by_fd:
            poll.register(fd, select.EPOLLIN)
        began = time.monotonic()
        flowing = False
        while True:
            now = time.monotonic()
            due = int((now - began) * self.rate) + 1
            while not self.stopping and self.sent < due:
                self.send(now)
            if self.stopping and not self.waiting:
                return
            for fd, _ in poll.poll(0.002):
                self.receive(by_fd[fd])
            self.expire(time.monotonic())
            if not flowing and self.answered >= 100:
                flowing = True
                print("flowing", flush=True)

    def send(self, now):
        index = self.sent % len(self.sockets)
        self.next_id[index] = query_id = (self.next_id[index] + 1) & 0xFFFF
        number = self.sent * 7919 % 20000
        data = wire.query(f"n{number:05}.example", wire.A if self.sent % 3 else wire.AAAA, query_id)
        self.sent += 1
        self.waiting[index, query_id] = (data, now)
        try:
            self.sockets[index].send(data)
        except OSError:  # an ICMP error to an earlier query; this one was not sent
            self.errors += 1
            self.drop((index, query_id))
        if self.count and self.sent >= self.count:
            self.stopping = True

    def receive(self, index):
        while True:
            try:
                response = self.sockets[index].recv(4096)
            except BlockingIOError:
                return
            except OSError:
                self.errors += 1  # ICMP; the query that it concerns times out
                continue
            key = index, int.from_bytes(response[:2], "big")
            data, _ = self.waiting.get(key, (None, None))
            if data is None and wire.is_right(self.expired.pop(key, wire.NOTHING), response):
                self.late += 1
            elif data is None:
                self.wrong += 1  # a duplicate, or a response to no query
            elif wire.is_right(data, response):
                self.answered += 1
                del self.waiting[key]
            elif wire.rcode_of(response) != wire.NOERROR and response[12:].startswith(wire.question_of(data)):
                self.refused += 1
                self.drop(key)
            else:
                self.wrong += 1

    def drop(self, key):
        self.failed_at.append(self.waiting.pop(key)[1])

    def expire(self, now):
        while self.waiting:
            key, (_, moment) = next(iter(self.waiting.items()))
            if now - moment < self.timeout:
                return
            self.lost += 1
            self.expired[key] = self.waiting[key][0]
            self.drop(key)

    def result(self):
        return {
            "sent": self.sent,
            "answered": self.answered,
            "wrong": self.wrong,
            "refused": self.refused,
            "lost": self.lost,
            "late": self.late,
            "errors": self.errors,
            "first_failed": min(self.failed_at, default=None),
            "last_failed": max(self.failed_at, default=None),
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rate", type=int, default=2000)
    parser.add_argument("--count", type=int, default=0)
    parser.add_argument("--timeout", type=float, default=5)
    parser.add_argument("addresses", nargs="+")
    options = parser.parse_args()
    load = Load(options.addresses, options.rate, options.count, options.timeout)

    def stop(*_):
        load.stopping = True

    signal.signal(signal.SIGTERM, stop)
    load.run()
    print(json.dumps(load.result()), flush=True)


if __name__ == "__main__":
    main()
