# SPDX-License-Identifier: BSD-3-Clause
"""DNS clients: a single one, and a steady load of many."""
import contextlib
import json
import signal
import socket
import subprocess

import netns
from topology import CLIENT, CLIENT_ADDRESS, HERE, SERVICE, SHARED_CORE


class Client:
    """A UDP socket connected to a service address."""

    def __init__(self, version=4, namespace=CLIENT, address=None, port=0, service=None):
        self.sock = netns.udp_socket(namespace, address or CLIENT_ADDRESS[version], port)
        self.sock.connect((service or SERVICE[version], 53))
        self.port = self.sock.getsockname()[1]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.send(data)

    def receive(self, seconds=5.0):
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(65535)
        except socket.timeout:
            raise AssertionError(f"no response within {seconds} s") from None

    def try_to_send(self, data):
        """Sends; ignores the ICMP error that the kernel may report for an earlier query."""
        with contextlib.suppress(OSError):
            self.sock.send(data)

    def receive_or_none(self, seconds):
        self.sock.settimeout(seconds)
        try:
            return self.sock.recv(65535)
        except OSError:
            return None

    def ask(self, data, seconds=5.0):
        self.send(data)
        return self.receive(seconds)

    def has_nothing(self):
        """Is the receive queue empty? Call it after an event that shows that everything sent so far was handled."""
        self.sock.setblocking(False)
        try:
            self.sock.recv(65535)
        except BlockingIOError:
            return True
        finally:
            self.sock.setblocking(True)
        return False


class Load:
    """load.py in eph-client; `with lab.load() as load: ...; load.finish()`."""

    def __init__(self, *options, namespace=CLIENT, services=(SERVICE[4], SERVICE[6]), core=SHARED_CORE):
        self.process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{namespace}", "taskset", "-c", str(core),
             "/usr/bin/python3", str(HERE / "load.py"), *map(str, options), *services],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip

    def __enter__(self):
        assert self.process.stdout.readline() == "flowing\n", "load.py received no 100 right responses"
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()

    def finish(self, wait_for_count=False, check=True):
        """Stops the load, waits for queries in flight, and returns load.py's result. check: a wrong response fails."""
        if not wait_for_count:
            self.process.send_signal(signal.SIGTERM)
        out, _ = self.process.communicate(timeout=60)
        result = json.loads(out.strip().split("\n")[-1])
        assert not check or result["wrong"] == 0, f"wrong responses: {result}"
        return result
