# SPDX-License-Identifier: BSD-3-Clause
"""Allow lists of service addresses, and rate limits.

Clients use addresses that a test adds to eph-client; responses reach them because they take the path of the query back.
The number of queries that pass a limit is checked in tokens: at least the burst, and at most the burst plus what the
rate adds in the time that the test took."""
import contextlib
import copy
import itertools
import select
import struct
import time

import pytest

import wire
from deadline import wait
from topology import CLIENT, CLIENT_ADDRESS, DEFAULT, FWD, SERVICE

VERSIONS = pytest.mark.parametrize("version", (4, 6), ids=("IPv4", "IPv6"))
OTHER_SERVICE = {4: "192.0.2.54", 6: "2001:db8:1::54"}
ALLOWED, NOT_ALLOWED = True, False
BURST = 10


@contextlib.contextmanager
def addressed(lab, namespace, device, addresses):
    """Adds addresses to a device."""
    given = []
    try:
        for address in addresses:
            how = ("nodad", "preferred_lft", "0") if ":" in address else ()
            bits = 128 if ":" in address else 32
            lab.run(namespace, "ip", "addr", "add", f"{address}/{bits}", "dev", device, *how)
            given.append(address)
        yield
    finally:
        for address in given:
            lab.run(namespace, "ip", "addr", "del", f"{address}/{128 if ':' in address else 32}", "dev", device)


@contextlib.contextmanager
def serving(lab, limit=None, **service):
    """Reloads with other keys of `service` (None removes a key) and a rate limit."""
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["service"].update(service)
    lab.config["service"] = {key: value for key, value in lab.config["service"].items() if value is not None}
    if limit:
        lab.config["rate_limit"] = limit
    try:
        lab.reload()
        yield
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        if lab.lives():
            lab.reload()


def own_response(asked, flags1, flags2, ede=None):
    """The forwarder's own response: the question, and OPT if the query had it, with an extended error."""
    question = wire.question_of(asked)
    has_opt = asked[10:12] != b"\0\0"
    options = b"" if ede is None else struct.pack("!HHH", 15, 2, ede)
    header = asked[:2] + bytes((flags1, flags2)) + struct.pack("!HHHH", 1, 0, 0, int(has_opt))
    return header + question + (wire.opt(1232, 0, options) if has_opt else b"")


# --- allow lists ---

CLIENTS = ("10.1.2.3", "11.1.2.3", "fd00::9", "2001:db8:9::9")
SERVICES = [
    {"address": SERVICE[4]},
    {"address": SERVICE[6]},
    {"address": OTHER_SERVICE[4], "allow": ["10.0.0.0/8"]},
    {"address": OTHER_SERVICE[6], "allow": ["fd00::9", "fd00::ff00-fd00::ffff"]},
]
LISTS = (
    (SERVICE[4], CLIENT_ADDRESS[4], ALLOWED),
    (SERVICE[4], "10.1.2.3", NOT_ALLOWED),
    (SERVICE[4], "11.1.2.3", NOT_ALLOWED),
    (OTHER_SERVICE[4], CLIENT_ADDRESS[4], NOT_ALLOWED),
    (OTHER_SERVICE[4], "10.1.2.3", ALLOWED),
    (OTHER_SERVICE[4], "11.1.2.3", NOT_ALLOWED),
    (SERVICE[6], CLIENT_ADDRESS[6], ALLOWED),
    (SERVICE[6], "fd00::9", NOT_ALLOWED),
    (SERVICE[6], "2001:db8:9::9", NOT_ALLOWED),
    (OTHER_SERVICE[6], CLIENT_ADDRESS[6], NOT_ALLOWED),
    (OTHER_SERVICE[6], "fd00::9", ALLOWED),
    (OTHER_SERVICE[6], "2001:db8:9::9", NOT_ALLOWED),
)


@pytest.fixture
def listed(lab):
    with addressed(lab, FWD, "eph-c0", OTHER_SERVICE.values()), addressed(lab, CLIENT, "eph-c1", CLIENTS):
        yield lab


def ask_by_lists(lab, stack):
    """Sends the query of each row of LISTS, and again with EDNS; yields socket, query and whether it is allowed."""
    for number, (service, address, allowed) in enumerate(LISTS):
        client = stack.enter_context(lab.client(6 if ":" in service else 4, address=address, service=service))
        for data in (
            wire.query(f"n{number:05}.example"),
            wire.edns_query(f"n{number + 100:05}.example", wire.opt(1232)),
        ):
            client.send(data)
            yield client, data, allowed


def test_client_not_in_the_allow_list_gets_no_response(listed):
    with serving(listed, addresses=SERVICES), contextlib.ExitStack() as stack:
        growth = listed.growth()
        asked = list(ask_by_lists(listed, stack))
        growth.expect({"query_not_allowed": 16}, {"queries": 8, "responses": 8, "own_refused": 0})
        for client, data, allowed in asked:
            if allowed:
                assert wire.rcode_of(client.receive()) == wire.NOERROR
        assert all(client.has_nothing() for client, _, _ in asked)


def test_client_not_in_the_allow_list_is_refused(listed):
    with serving(listed, addresses=SERVICES, not_allowed="refuse"), contextlib.ExitStack() as stack:
        growth = listed.growth()
        for client, data, allowed in ask_by_lists(listed, stack):
            response = client.receive()
            if allowed:
                assert response[:2] == data[:2] and wire.rcode_of(response) == wire.NOERROR
            else:
                with_edns = data[10:12] != b"\0\0"
                assert response == own_response(data, 0x81, 0x85, 18 if with_edns else None), response
            assert client.has_nothing()
        growth.expect({}, {"own_refused": 16, "queries": 8, "responses": 8})


# First and last addresses of the ranges, and their neighbours outside.
BY_DEFAULT = {
    "10.0.0.1": ALLOWED,
    "10.255.255.254": ALLOWED,
    "9.255.255.254": NOT_ALLOWED,
    "11.0.0.1": NOT_ALLOWED,
    "172.16.0.1": ALLOWED,
    "172.31.255.254": ALLOWED,
    "172.15.255.254": NOT_ALLOWED,
    "172.32.0.1": NOT_ALLOWED,
    "192.168.0.1": ALLOWED,
    "192.168.255.254": ALLOWED,
    "192.167.255.254": NOT_ALLOWED,
    "192.169.0.1": NOT_ALLOWED,
    "100.64.0.1": ALLOWED,
    "100.127.255.254": ALLOWED,
    "100.63.255.254": NOT_ALLOWED,
    "100.128.0.1": NOT_ALLOWED,
    "169.254.0.1": ALLOWED,
    "169.254.255.254": ALLOWED,
    "169.253.255.254": NOT_ALLOWED,
    "169.255.0.1": NOT_ALLOWED,
    "fc00::1": ALLOWED,
    "fdff:ffff::1": ALLOWED,
    "fbff:ffff::1": NOT_ALLOWED,
    "fe00::1": NOT_ALLOWED,
    "fe80::e9e": ALLOWED,
    "febf:ffff::1": ALLOWED,
    "fe7f:ffff::1": NOT_ALLOWED,
    "fec0::1": NOT_ALLOWED,
}


def test_default_allow_list(lab):
    """Private, shared and link-local addresses. Loopback ones are on the list too, but on a link they are forged."""
    with addressed(lab, CLIENT, "eph-c1", BY_DEFAULT), serving(lab, allow=None), contextlib.ExitStack() as stack:
        table = {**BY_DEFAULT, CLIENT_ADDRESS[4]: NOT_ALLOWED, CLIENT_ADDRESS[6]: NOT_ALLOWED}
        growth = lab.growth()
        silent = []
        for number, (address, allowed) in enumerate(table.items()):
            link_local = address.startswith(("fe80", "febf"))
            address += "%eph-c1" if link_local else ""
            client = stack.enter_context(lab.client(6 if ":" in address else 4, address=address))
            data = wire.query(f"n{number:05}.example")
            client.send(data)
            if allowed:
                assert wire.is_right(data, client.receive()), address
            else:
                silent.append(client)
        with lab.sender() as sender:
            sender.send(lab.frame("127.0.0.1", SERVICE[4], 4000, 53, wire.query("n00001.example")))
            sender.send(lab.frame("::1", SERVICE[6], 4000, 53, wire.query("n00001.example")))
        allowed = sum(table.values())
        growth.expect({"query_not_allowed": len(silent), "query_bad_source": 2}, {"queries": allowed})
        assert all(client.has_nothing() for client in silent)


# --- rate limits ---

prefixes = itertools.count(1)  # each is used once: a reload keeps the buckets


def fresh(version, count=1, same_prefix=True):
    """Addresses of new clients: of one /24 or /56, its ends first, or each of another."""
    nets = [next(prefixes)] if same_prefix else [next(prefixes) for _ in range(count)]
    if version == 4:
        hosts = [f"10.88.{net}.{host}" for net in nets for host in (1, 254, 100)]
    else:
        hosts = [f"fd00:88:0:{net:x}{host}::1" for net in nets for host in ("00", "ff", "77")]
    return hosts[:count] if same_prefix else hosts[::3]


class Flood:
    """Queries of some clients in turn, and the outcome of each, in order: "answered", "refused", "truncated" or None."""

    def __init__(self, lab, clients, count, first=0):
        self.began = time.monotonic()
        growth = lab.growth()
        self.asked = [self._query(first + n) for n in range(count)]
        for n, data in enumerate(self.asked):
            clients[n % len(clients)].send(data)
        counters, drops = self._settled(growth, count)
        self.elapsed = time.monotonic() - self.began
        given = [counters.get(name, 0) for name in ("queries", "own_refused", "own_truncated")]
        responses = self._receive({client.sock: client for client in clients}, sum(given))
        self.outcomes = [self._outcome(data, responses.get(data[:2])) for data in self.asked]
        assert given == [self.outcomes.count(outcome) for outcome in ("answered", "refused", "truncated")], counters
        assert drops == ({"query_over_limit": n} if (n := self.outcomes.count(None)) else {}), drops

    @staticmethod
    def _query(number):
        name = f"n{number:05}.example"
        if number % 2:
            return wire.edns_query(name, wire.opt(1232), query_id=number)
        return wire.query(name, query_id=number)

    @staticmethod
    def _settled(growth, count):
        def settled():
            counters, drops = growth.counters(), growth.drops()
            decided = [counters.get(name, 0) for name in ("queries", "own_refused", "own_truncated")]
            done = sum(decided) + sum(drops.values()) == count and counters.get("responses", 0) == decided[0]
            return (counters, drops) if done else None

        return wait(f"{count} queries are decided", settled)

    @staticmethod
    def _receive(clients, count):
        """The responses by their IDs: as many as were counted, and no more."""
        responses = {}
        while len(responses) < count:
            readable, _, _ = select.select(clients, [], [], 5)
            assert readable, f"{len(responses)} of {count} responses received"
            for sock in readable:
                response = clients[sock].receive()
                assert response[:2] not in responses, f"a second response: {response!r}"
                responses[response[:2]] = response
        return responses

    @staticmethod
    def _outcome(data, response):
        if response is None:
            return None
        if response == own_response(data, 0x81, 0x85):
            return "refused"
        if response == own_response(data, 0x83, 0x80):
            return "truncated"
        assert (
            response[:2] == data[:2] and wire.rcode_of(response) == wire.NOERROR and response[6:8] == b"\0\1"
        ), response
        return "answered"

    @property
    def passed(self):
        return self.outcomes.count("answered")

    @property
    def over(self):
        return [outcome for outcome in self.outcomes if outcome != "answered"]


@contextlib.contextmanager
def asking(lab, addresses):
    """A client at each address."""
    with addressed(lab, CLIENT, "eph-c1", addresses), contextlib.ExitStack() as stack:
        yield [stack.enter_context(lab.client(6 if ":" in a else 4, address=a)) for a in addresses]


def limited(lab, rate=1, **keys):
    return serving(lab, {"queries_per_second": rate, "burst": BURST, **keys}, allow=["0.0.0.0/0", "::/0"])


def check_tokens(passed, elapsed, rate=1):
    """Allows one percent for the error of the measured clock rate."""
    assert BURST <= passed <= BURST + elapsed * rate * 1.01, f"{passed} passed in {elapsed} s"


@VERSIONS
@pytest.mark.parametrize("mode", ("drop", "refuse"))
@pytest.mark.parametrize("every", (0, 1, 3))
def test_over_the_limit(lab, version, mode, every):
    """The burst passes. Queries after it are dropped or refused, and every Nth gets TC=1. There is no extended error,
    because being over the limit is temporary."""
    addresses = fresh(version)
    with limited(lab, over_limit=mode, truncate_every=every), asking(lab, addresses) as clients:
        began = time.monotonic()
        first = Flood(lab, clients, BURST)
        assert first.over == []
        flood = Flood(lab, clients, 50, first=BURST)
        check_tokens(first.passed + flood.passed, time.monotonic() - began)
        other = None if mode == "drop" else "refused"
        truncated = [n for n, outcome in enumerate(flood.over) if outcome == "truncated"]
        assert set(flood.over) == ({"truncated"} if every == 1 else {"truncated", other} if every else {other})
        if every:
            assert truncated[0] < every and {b - a for a, b in zip(truncated, truncated[1:])} == {every}, flood.over
            assert len(flood.over) - truncated[-1] <= every, flood.over


@VERSIONS
def test_a_prefix_shares_one_limit(lab, version):
    """The two ends of a /24 or a /56 share a limit; the address next to it does not."""
    same, beside = fresh(version, 2), fresh(version)
    with limited(lab), asking(lab, same + beside) as clients:
        flood = Flood(lab, clients[:2], 40)
        check_tokens(flood.passed, flood.elapsed)
        assert {n % 2 for n, outcome in enumerate(flood.outcomes) if outcome == "answered"} == {0, 1}
        assert Flood(lab, clients[2:], BURST).over == []


@VERSIONS
def test_prefix_length_is_configurable(lab, version):
    """With /32 and /128 each client has its own limit; with /16 and /48 two networks share one."""
    alone, nets = fresh(version, 2), fresh(version, 2, same_prefix=False)
    with limited(lab, ipv4_prefix=32, ipv6_prefix=128), asking(lab, alone) as clients:
        assert Flood(lab, clients, 2 * BURST).over == []
    with limited(lab, ipv4_prefix=16, ipv6_prefix=48), asking(lab, nets) as clients:  # no other test uses them
        flood = Flood(lab, clients, 2 * BURST)
        check_tokens(flood.passed, flood.elapsed)


@VERSIONS
def test_exempt_clients_have_no_limit_and_use_none_of_their_prefix(lab, version):
    exempt, other = fresh(version, 2)
    with limited(lab, exempt=[exempt]), asking(lab, [exempt, other]) as clients:
        assert Flood(lab, clients[:1], 8 * BURST).over == []
        flood = Flood(lab, clients[1:], 3 * BURST)
        check_tokens(flood.passed, flood.elapsed)
        assert flood.outcomes[:BURST] == ["answered"] * BURST


def test_a_limit_is_kept_over_time(lab):
    """Under constant overload exactly the configured rate passes."""
    rate, asked = 100, itertools.count(0, 3 * BURST)
    with limited(lab, rate), asking(lab, fresh(4)) as clients:
        began, passed = time.monotonic(), 0
        while time.monotonic() < began + 0.6:
            passed += Flood(lab, clients, 3 * BURST, next(asked)).passed
        check_tokens(passed, time.monotonic() - began, rate)


def test_limit_recovers_up_to_the_burst(lab):
    rate = 50
    with limited(lab, rate), asking(lab, fresh(4)) as clients:
        for turn, bursts in enumerate((1.1, 3, 3)):
            Flood(lab, clients, 3 * BURST, 100 * turn)
            # By then the whole burst is available again; in the later turns three bursts would be, without the cap.
            back = time.monotonic() + bursts * BURST / rate
            wait("the tokens' time", lambda: time.monotonic() >= back)
            flood = Flood(lab, clients, 3 * BURST, 100 * turn + 50)
            check_tokens(flood.passed, flood.elapsed, rate)
            assert flood.outcomes[:BURST] == ["answered"] * BURST


def test_reload_keeps_the_state_of_the_limits(lab):
    with limited(lab), asking(lab, fresh(4)) as clients:
        began = time.monotonic()
        passed = Flood(lab, clients, 2 * BURST).passed
        lab.config["rate_limit"]["over_limit"] = "refuse"
        assert lab.reload()["changes"]
        after = Flood(lab, clients, 2 * BURST, first=100)
        check_tokens(passed + after.passed, time.monotonic() - began)
        assert set(after.over) == {"refused"}
        del lab.config["rate_limit"]
        lab.reload()
        assert Flood(lab, clients, 3 * BURST, first=200).over == []
