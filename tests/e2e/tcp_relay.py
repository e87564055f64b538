# SPDX-License-Identifier: BSD-3-Clause
"""Listens on TCP/53 of a service address with a kernel socket and relays each connection to a real server."""
import socket
import threading

import netns
from observers import Background


class TcpRelay(Background):
    def __init__(self, namespace, address, server):
        def make(bound=None):
            family = socket.AF_INET6 if ":" in (bound or server) else socket.AF_INET
            sock = socket.socket(family, socket.SOCK_STREAM)
            if bound:
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                sock.bind((bound, 53))
                sock.listen(16)
            return sock

        self.make_client = lambda: netns.within(namespace, make)
        self.sock = netns.within(namespace, lambda: make(address))
        self.server = server
        self.connections = 0

    def on_readable(self):
        client, _ = self.sock.accept()
        self.connections += 1
        with client, self.make_client() as server:
            server.connect((self.server, 53))
            back = threading.Thread(target=self.copy, args=(server, client))
            back.start()
            self.copy(client, server)
            back.join()

    @staticmethod
    def copy(source, target):
        while block := source.recv(65536):
            target.sendall(block)
        target.shutdown(socket.SHUT_WR)
