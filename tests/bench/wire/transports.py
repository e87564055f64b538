# SPDX-License-Identifier: BSD-3-Clause
"""Transports of packets between two processes through shared memory: EAL's devices for both ends of two links, the
clients' and the farm's."""
import dataclasses

MACS = ("02:00:00:00:00:01", "02:00:00:00:00:02")  # of the forwarder's ports
VIRTIO = "packed_vq=1,mrg_rxbuf=0,in_order=1,vectorized=1,queue_size=1024"
WIDE = ["--force-max-simd-bitwidth=512"]  # required by virtio-user's vectorised packed rings


@dataclasses.dataclass
class Transport:
    name: str
    text: str
    forwarder: list  # EAL arguments
    load: list
    load_is_first: bool  # it makes the sockets that its peer connects to
    sockets: list  # the files that exist when the first one is ready
    macs: tuple = MACS
    thresholds: tuple = ()  # arguments of testpmd for the same driver settings as Ephemera's: dataplane/port/driver.h


def vhost(directory):
    """The load program is the vhost side, which copies; the forwarder is virtio-user."""
    sockets = [directory / "clients.sock", directory / "farm.sock"]
    forwarder, load = [*WIDE], []
    for i, socket in enumerate(sockets):
        forwarder += ["--vdev", f"virtio_user{i},path={socket},mac={MACS[i]},{VIRTIO}"]
        load += ["--vdev", f"net_vhost{i},iface={socket}"]
    return Transport("vhost", "vhost-user, the forwarder on virtio-user", forwarder, load, True, sockets,
                     thresholds=("--rxfreet=64", "--txfreet=128"))


def vhost_back(directory):
    """The reverse: the forwarder is the vhost side."""
    sockets = [directory / "clients.sock", directory / "farm.sock"]
    forwarder, load = [], [*WIDE]
    for i, socket in enumerate(sockets):
        forwarder += ["--vdev", f"net_vhost{i},iface={socket}"]
        load += ["--vdev", f"virtio_user{i},path={socket},{VIRTIO}"]
    macs = ("56:48:4f:53:54:00", "56:48:4f:53:54:01")  # the driver's
    return Transport("vhost-back", "vhost-user, the forwarder on vhost", forwarder, load, False, sockets, macs)


def memif(directory):
    """The load program shares its packet buffers, which are few and stay in the caches. Otherwise each ring would have
    buffers for every slot, four megabytes per link, and both sides would copy through memory."""
    socket = directory / "memif.sock"
    common = f"socket={socket},socket-abstract=no,rsize=10"
    forwarder, load = [], []
    for i in range(2):
        forwarder += ["--vdev", f"net_memif{i},role=server,id={i},{common},mac={MACS[i]}"]
        load += ["--vdev", f"net_memif{i},role=client,id={i},zero-copy=yes,{common}"]
    return Transport("memif", "memif, the forwarder its server", forwarder, load, False, [socket])


TRANSPORTS = {"vhost": vhost, "vhost-back": vhost_back, "memif": memif}
