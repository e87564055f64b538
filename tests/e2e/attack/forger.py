# SPDX-License-Identifier: BSD-3-Clause
"""Builds hundreds of thousands of forged frames in one block of memory and sends them with sendmmsg(2).

    forger = Forger("eph-farm", "eph-f1")
    volley = Volley.of_responses([response_template(...), ...], [(0, port, query_id), ...])
    forger.fire(volley, rate=50000)

A volley of responses is made from templates: complete frames in which only the target port, the ID and the checksum
are written for each copy."""
import array
import ctypes
import os
import socket
import struct
import time

import netns

BURST = 32  # frames per call

libc = ctypes.CDLL(None, use_errno=True)


class Template:
    """A frame with a UDP datagram whose target port and DNS ID are filled in later."""

    def __init__(self, frame):
        self.frame = bytearray(frame)
        self.udp = 14 + (20 if frame[12:14] == b"\x08\x00" else 40)
        self.source_port, port, self.length, checksum, query_id = struct.unpack_from("!HHHHH", frame, self.udp)
        # The sum of the constant part (RFC 1624).
        self.sum = (~checksum & 0xFFFF) + (~port & 0xFFFF) + (~query_id & 0xFFFF)


class Volley:
    """Frames ready to be sent."""

    def __init__(self, block, stride, count):
        self.block, self.count = block, count
        self._memory = (ctypes.c_char * len(block)).from_buffer(block)
        first = ctypes.addressof(self._memory)
        # struct iovec: base, length
        self._iovecs = array.array("Q", bytes(16 * count))
        self._iovecs[0::2] = array.array("Q", range(first, first + stride * count, stride))
        self._iovecs[1::2] = array.array("Q", [stride]) * count
        # struct mmsghdr: name, its length, iovecs, their number, control, its length, flags, bytes sent
        at = self._iovecs.buffer_info()[0]
        self._messages = array.array("Q", bytes(64 * count))
        self._messages[2::8] = array.array("Q", range(at, at + 16 * count, 16))
        self._messages[3::8] = array.array("Q", [1]) * count
        self.address = self._messages.buffer_info()[0]

    @classmethod
    def of_responses(cls, templates, picks):
        """A frame for each (template's index, target port, ID). All templates have the same length."""
        stride = len(templates[0].frame)
        rows = [(bytes(t.frame), t.sum, t.source_port, t.length) for t in templates]
        block, at, udp = bytearray(stride * len(picks)), 0, templates[0].udp
        write = struct.Struct("!HHHHH").pack_into
        for index, port, query_id in picks:
            frame, total, source_port, length = rows[index]
            block[at : at + stride] = frame
            total += port + query_id
            total = (total & 0xFFFF) + (total >> 16)
            total = (total & 0xFFFF) + (total >> 16)
            write(block, at + udp, source_port, port, length, ~total & 0xFFFF or 0xFFFF, query_id)
            at += stride
        return cls(block, stride, len(picks))

    @classmethod
    def of_frames(cls, frames):
        """Frames of equal length, unchanged."""
        assert len({len(frame) for frame in frames}) == 1
        return cls(bytearray(b"".join(frames)), len(frames[0]), len(frames))


def random_picks(count, templates, ports):
    """`count` guesses: any template, any port, any ID."""
    words = struct.unpack(f"!{count}Q", os.urandom(8 * count))
    first, size = ports[0], len(ports)
    return [(w % templates, first + (w >> 16 & 0xFFFFFF) * size // (1 << 24), w >> 48) for w in words]


class Forger:
    """A socket that sends complete frames into one end of a veth, and counts them."""

    def __init__(self, namespace, device):
        def make():
            sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)  # protocol 0: it receives nothing
            sock.setsockopt(socket.SOL_SOCKET, 32, 4 << 20)  # SO_SNDBUFFORCE
            sock.bind((device, 0))
            return sock

        self.sock = netns.within(namespace, make)
        self.sent = 0
        self.seconds = 0.0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def fire(self, volley, rate, until=None):
        """Sends the volley at `rate` frames a second, until the time `until` if given; returns how many were sent."""
        began, done, fd = time.monotonic(), 0, self.sock.fileno()
        while done < volley.count:
            now = time.monotonic()
            if until is not None and now >= until:
                break
            due = min(volley.count, int((now - began) * rate) + BURST)
            if due <= done:
                time.sleep((done - due + BURST) / rate)  # keeps the rate
                continue
            count = min(BURST, due - done)
            sent = libc.sendmmsg(fd, ctypes.c_void_p(volley.address + 64 * done), count, 0)
            if sent < 0:
                raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
            done += sent
        self.sent += done
        self.seconds += time.monotonic() - began
        return done
