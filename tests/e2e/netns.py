# SPDX-License-Identifier: BSD-3-Clause
"""Sockets of this process inside the lab's network namespaces."""
import ctypes
import os
import socket
import threading

CLONE_NEWNET = 0x40000000
libc = ctypes.CDLL(None, use_errno=True)


def within(namespace, make):
    """Runs make() in a thread that has entered the namespace, and returns its result. A socket stays in the namespace
    it was made in, whichever thread uses it; no other thread changes its namespace."""
    result = {}

    def run():
        try:
            fd = os.open(f"/run/netns/{namespace}", os.O_RDONLY)
            try:
                if libc.setns(fd, CLONE_NEWNET) != 0:
                    raise OSError(ctypes.get_errno(), f"setns {namespace}")
            finally:
                os.close(fd)
            result["value"] = make()
        except BaseException as error:  # raised in the caller's thread below
            result["error"] = error

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if "error" in result:
        raise result["error"]
    return result["value"]


def udp_socket(namespace, address, port=0):
    def make():
        sock = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_DGRAM)
        if port:  # with port 0, SO_REUSEADDR could give two sockets the same port
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.setsockopt(socket.SOL_SOCKET, 33, 8 << 20)  # SO_RCVBUFFORCE: room for a burst
        numeric = socket.getaddrinfo(address, port, type=socket.SOCK_DGRAM, flags=socket.AI_NUMERICHOST)
        sock.bind(numeric[0][4])  # includes the scope ID of a link-local address
        return sock

    return within(namespace, make)


def packet_socket(namespace, device):
    def make():
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))  # ETH_P_ALL
        sock.setsockopt(socket.SOL_SOCKET, 33, 16 << 20)
        sock.bind((device, 3))
        return sock

    return within(namespace, make)
