# SPDX-License-Identifier: BSD-3-Clause
"""Builds and parses DNS messages and frames, valid and invalid ones.

In the farm's zone (scripts/lab/zone.awk) every response is a function of the name; answer_of() is that function."""
import collections
import hashlib
import ipaddress
import random
import struct

A, NS, TXT, AAAA, OPT = 1, 2, 16, 28, 41
NOERROR, FORMERR, SERVFAIL, NXDOMAIN, NOTIMP, REFUSED = range(6)
PROBE = b"\5probe\7example\0"
CLEAN = b"\6n19999\7example\0"  # the name that Lab.ask() and check_invariants() query
RANDOM = b"\4rand\7example\0"  # every name one label below it exists, but only at a ScriptedUpstream


# --- DNS ---


def name_wire(name):
    labels = [label.encode() for label in name.strip(".").split(".") if label]
    return b"".join(bytes([len(label)]) + label for label in labels) + b"\0"


def question(name, rtype=A, rclass=1):
    return (name if isinstance(name, bytes) else name_wire(name)) + struct.pack("!HH", rtype, rclass)


def message(query_id, asked, flags=0x0100, qdcount=1, rest=b"", ancount=0, arcount=0):
    return struct.pack("!HHHHHH", query_id, flags, qdcount, ancount, 0, arcount) + asked + rest


def query(name, rtype=A, query_id=None, rclass=1, flags=0x0100):
    return message(random.getrandbits(16) if query_id is None else query_id, question(name, rtype, rclass), flags)


def opt(size=1232, flags=0, options=b"", version=0, extended_rcode=0):
    """An OPT record; `options` as they are."""
    return b"\0" + struct.pack("!HHBBHH", OPT, size, extended_rcode, version, flags, len(options)) + options


def edns_query(name, record, rtype=A, query_id=None, arcount=1):
    """A query with records behind the question."""
    query_id = random.getrandbits(16) if query_id is None else query_id
    return message(query_id, question(name, rtype), arcount=arcount, rest=record)


def random_name():
    """A name that was not queried before: 20 random letters below RANDOM."""
    label = "".join(random.choices("abcdefghijklmnopqrstuvwxyz", k=20))
    return f"{label}.rand.example"


def padded_query(length, query_id=None):
    """A valid query of exactly `length` bytes, 17 or at least 19: for a name of one label up to 79 bytes, else for the
    root with EDNS padding (RFC 7830). Its EDNS size is small enough that the forwarder does not lower it."""
    query_id = random.getrandbits(16) if query_id is None else query_id
    if length <= 79:
        label = b"x" * (length - 18)
        return query((bytes([len(label)]) + label if label else b"") + b"\0", A, query_id)
    padding = struct.pack("!HH", 12, length - 32) + bytes(length - 32)
    opt = b"\0" + struct.pack("!HHIH", OPT, 1232, 0, len(padding)) + padding
    return message(query_id, question(b"\0"), arcount=1, rest=opt)


NOTHING = query("nothing")  # a query for which no response is right


def same_but_case(a, b):
    """Are two messages equal except for the ID and the letter case of the QNAME?"""
    end = 12 + len(question_of(a)) - 4
    return len(a) == len(b) and a[2:12] == b[2:12] and a[12:end].lower() == b[12:end].lower() and a[end:] == b[end:]


def question_of(data):
    """The bytes of the question of a message with one question."""
    at = 12
    while data[at]:
        at += data[at] + 1
    return data[12 : at + 5]


def rcode_of(data):
    return data[3] & 15


def answer_of(asked):
    """The rdata that the farm gives for a question (bytes), or None."""
    label, rtype = asked[1 : 1 + asked[0]].lower(), struct.unpack("!H", asked[-4:-2])[0]
    if asked[1 + asked[0] : -4].lower() == RANDOM and rtype == A:
        return b"\x0b" + hashlib.blake2b(label, digest_size=3).digest()
    if label == b"probe" and rtype == A:
        return bytes([192, 0, 2, 254])
    if len(label) != 6 or label[:1] != b"n" or not label[1:].isdigit() or int(label[1:]) >= 20000:
        return None
    number = int(label[1:])
    if rtype == A:
        return bytes([10, number >> 16, number >> 8 & 255, number & 255])
    if rtype == AAAA:
        return ipaddress.ip_address(f"2001:db8:a::{number:x}").packed
    return None


def right_response(data, rdata=None, query_id=None, rest=b"", flags=0x8180):
    """The response that the farm gives to the query in `data`."""
    asked = question_of(data)
    rdata = answer_of(asked) if rdata is None else rdata
    record = b"\xc0\x0c" + asked[-4:] + struct.pack("!IH", 300, len(rdata)) + rdata
    own_id = struct.unpack("!H", data[:2])[0]
    return message(own_id if query_id is None else query_id, asked, flags, rest=record + rest, ancount=1)


def is_right(asked, response):
    """Is `response` the response of the farm to the query `asked`? All clients check their responses with it."""
    question_bytes = question_of(asked)
    rdata = answer_of(question_bytes)
    end = 12 + len(question_bytes)
    return (
        rdata is not None
        and response[:2] == asked[:2]
        and response[2] & 0x80 != 0
        and rcode_of(response) == NOERROR
        and response[4:8] == b"\0\1\0\1"
        and response[12:end] == question_bytes
        and response[end + 12 : end + 12 + len(rdata)] == rdata
    )


# --- packets ---

Packet = collections.namedtuple(
    "Packet",
    "source_mac target_mac vlan source target protocol source_port target_port checksum checksum_ok payload frame",
)


def internet_sum(data):
    """The ones' complement sum of RFC 1071, before the final complement."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def address_bytes(address):
    return ipaddress.ip_address(address).packed


def pseudo_header(source, target, protocol, length):
    if len(source) == 4:
        return source + target + struct.pack("!BBH", 0, protocol, length)
    return source + target + struct.pack("!IHBB", length, 0, 0, protocol)


def udp(source, target, source_port, target_port, payload, checksum=None, length=None):
    """A UDP datagram between two addresses in bytes. checksum None: the right one."""
    length = 8 + len(payload) if length is None else length
    datagram = struct.pack("!HHHH", source_port, target_port, length, 0) + payload
    if checksum is None:
        checksum = ~internet_sum(pseudo_header(source, target, 17, len(datagram)) + datagram) & 0xFFFF or 0xFFFF
    return datagram[:6] + struct.pack("!H", checksum) + datagram[8:]


def ip(source, target, protocol, payload, options=b"", fragment=0, ttl=64):
    if len(source) == 4:
        words = 5 + len(options) // 4
        header = struct.pack("!BBHHHBBH", 0x40 | words, 0, words * 4 + len(payload), 1, fragment, ttl, protocol, 0)
        header += source + target + options
        checksum = ~internet_sum(header) & 0xFFFF
        return header[:10] + struct.pack("!H", checksum) + header[12:] + payload
    return struct.pack("!IHBB", 6 << 28, len(payload), protocol, ttl) + source + target + payload


def ethernet(target_mac, source_mac, payload, vlan=None):
    tag = b"" if vlan is None else struct.pack("!HH", 0x8100, vlan)
    kind = b"\x08\x00" if payload[0] >> 4 == 4 else b"\x86\xdd"
    return target_mac + source_mac + tag + kind + payload


def is_neighbour_discovery(packet):
    """Neighbour discovery: the kernel may send it at any time."""
    return packet.protocol == 58 and 133 <= packet.payload[0] <= 137


def parse(frame):
    """The packet in a frame, or None if it is neither IPv4 nor IPv6. Only UDP has ports, payload and checksum."""
    at, vlan = 12, None
    if frame[at : at + 2] == b"\x81\x00":
        vlan = struct.unpack("!H", frame[14:16])[0]
        at += 4
    kind, at = frame[at : at + 2], at + 2
    if kind == b"\x08\x00" and len(frame) >= at + 20:
        source, target, protocol = frame[at + 12 : at + 16], frame[at + 16 : at + 20], frame[at + 9]
        end = at + struct.unpack("!H", frame[at + 2 : at + 4])[0]
        at += (frame[at] & 15) * 4
    elif kind == b"\x86\xdd" and len(frame) >= at + 40:
        source, target, protocol = frame[at + 8 : at + 24], frame[at + 24 : at + 40], frame[at + 6]
        end = at + 40 + struct.unpack("!H", frame[at + 4 : at + 6])[0]
        at += 40
    else:
        return None
    body = frame[at:end]
    ports = checksum = ok = None
    if protocol == 17 and len(body) >= 8:
        source_port, target_port, _, checksum = struct.unpack("!HHHH", body[:8])
        ports = source_port, target_port
        ok = internet_sum(pseudo_header(source, target, 17, len(body)) + body) == 0xFFFF
        body = body[8:]
    return Packet(
        frame[6:12],
        frame[:6],
        vlan,
        str(ipaddress.ip_address(source)),
        str(ipaddress.ip_address(target)),
        protocol,
        ports and ports[0],
        ports and ports[1],
        checksum,
        ok,
        body,
        frame,
    )
