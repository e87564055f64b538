# SPDX-License-Identifier: BSD-3-Clause
"""A stateless TRex profile of the queries of a pcap that make-pcap wrote:

    trex> start -f trex_profile.py -p 0 -d 30 -t --pcap /root/queries.pcap --rate 1000000 --queries 10000

The first --queries frames become one continuous stream each, all at the same rate, begun one after the other so that
together they are even. `-m` of start multiplies the rate. The MAC addresses are those of the pcap. README.md beside this
file says how to choose --queries."""
import argparse
import itertools
import os
import struct

from trex.stl.api import STLPktBuilder, STLStream, STLStreamDstMAC_PKT, STLTXCont

MAGIC = {b"\xd4\xc3\xb2\xa1": "<", b"\xa1\xb2\xc3\xd4": ">"}  # microseconds; of either byte order


def frames(path):
    """The frames of a pcap, one after the other."""
    with open(path, "rb") as file:
        head = file.read(24)
        order = MAGIC.get(head[:4])
        if order is None or len(head) < 24:
            raise ValueError(f"{path} is no pcap")
        while True:
            record = file.read(16)
            if len(record) < 16:
                return
            kept, length = struct.unpack(order + "8xII", record)
            data = file.read(kept)
            if len(data) < kept or kept != length:
                raise ValueError(f"{path} is cut off")
            yield data


class Queries:
    def get_streams(self, tunables=(), **_):
        parser = argparse.ArgumentParser(
            prog=os.path.basename(__file__), formatter_class=argparse.ArgumentDefaultsHelpFormatter
        )
        parser.add_argument("--pcap", default=os.path.join(os.path.dirname(os.path.abspath(__file__)), "queries.pcap"))
        parser.add_argument("--rate", type=float, default=1_000_000, help="queries a second, of all streams together")
        parser.add_argument("--queries", type=int, default=10_000, help="frames of the pcap to send; TRex takes some 20000")
        options = parser.parse_args(list(tunables))
        data = list(itertools.islice(frames(options.pcap), options.queries))
        if not data or options.rate <= 0:
            raise ValueError("give a pcap with frames, and a rate above 0")
        gap_us = 1_000_000 / options.rate
        return [
            STLStream(
                packet=STLPktBuilder(pkt_buffer=frame),
                mode=STLTXCont(pps=options.rate / len(data)),
                isg=number * gap_us,
                mac_src_override_by_pkt=True,
                mac_dst_override_mode=STLStreamDstMAC_PKT,
            )
            for number, frame in enumerate(data)
        ]


def register():
    return Queries()
