# SPDX-License-Identifier: BSD-3-Clause
"""Responses of upstreams; each test has its own farm (in test_upstream_responses.py all share one)."""
import contextlib

import pytest

import netns
import wire
from deadline import wait
from scripted_upstream import ScriptedUpstream
from tcp_relay import TcpRelay
from topology import FARM, SCRIPTED, FWD, SERVERS, SERVICE

VERSIONS = pytest.mark.parametrize("version", (4, 6), ids=("IPv4", "IPv6"))
SECOND = {4: "198.51.100.112", 6: "2001:db8:2::112"}


@VERSIONS
def test_wrong_letter_case_is_accepted_with_random_case_off(lab, version):
    server = {"address": SCRIPTED[version], "random_case": False}
    with ScriptedUpstream(SCRIPTED[version]) as scripted, lab.configured({"scripted": server}), lab.client(
        version
    ) as client:
        assert lab.upstreams()["scripted"]["case"] == "off"
        data = wire.query("n00009.eXaMPle")
        client.send(data)
        asked = scripted.next()
        assert asked.question == wire.question_of(data), "the letter case was drawn"
        growth = lab.growth()
        scripted.keeps_case = False
        asked.response()
        assert wire.is_right(data, client.receive()), "the client did not get its own letter case"
        growth.expect({}, {"responses": 1})


@VERSIONS
def test_client_retries_a_truncated_response_over_tcp(lab, version):
    """The largest response of the farm exceeds the EDNS size sent to upstreams: kdig gets TC=1, and retries over TCP.
    The kernel handles TCP; a relay on the service address connects it to a server."""
    with lab.configured({"nsd": SERVERS["nsd"]}), TcpRelay(FWD, SERVICE[version], SERVERS["nsd"]) as relay:
        growth = lab.growth()
        out = lab.run("eph-client", "kdig", f"@{SERVICE[version]}", "t1472.example", "TXT", "+bufsize=4096", "+retry=0")
        assert "status: NOERROR" in out and " xxxx" not in out.split("ANSWER SECTION")[0] and "(TCP)" in out, out
        assert relay.connections == 1
        growth.expect({}, {"queries": 1, "responses": 1, "edns_clamped": 1})


@VERSIONS
def test_genuine_icmp_changes_nothing(lab, version):
    """The farm's kernel reports a closed port; the query stays in flight, and a later response is relayed."""
    with contextlib.ExitStack() as stack:
        scripted = ScriptedUpstream(SCRIPTED[version])
        with scripted, lab.configured({"scripted": SCRIPTED[version]}, timeout_ms=3000):
            client = stack.enter_context(lab.client(version))
            first, second = (wire.query(f"n0001{i}.example", query_id=i) for i in range(2))
            client.send(first)
            held = scripted.next()
            lab.run(FARM, "sysctl", "-qw", "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")
            growth = lab.growth()
            sock = scripted.sockets.pop(SCRIPTED[version])
            heard = stack.enter_context(lab.sniff(FWD, "eph-f0", lambda p: p.protocol in (1, 58)))
            scripted.stop_write.send(b"x")
            scripted.thread.join()
            sock.close()
            client.send(second)
            unreachable = 3 if version == 4 else 1
            heard.wait_for(lambda p: p.payload[0] == unreachable and b"n00011"[1:] in p.payload)
            assert client.has_nothing() and growth.counters().get("timeouts", 0) == 0
            with netns.udp_socket(FARM, SCRIPTED[version], 53) as sock:
                sock.sendto(wire.right_response(held.data), (held.source, held.port))
                assert wire.is_right(first, client.receive())
            wait("the second query times out", lambda: growth.counters().get("timeouts", 0) == 1, 15)


@VERSIONS
def test_response_from_another_upstream_is_dropped(lab, version):
    pair = {"one": SCRIPTED[version], "two": SECOND[version]}
    with ScriptedUpstream(*pair.values()) as scripted, lab.configured(pair), lab.client(version) as client:
        data = wire.query("n00016.example")
        client.send(data)
        asked = scripted.next()
        growth = lab.growth()
        asked.send(wire.right_response(asked.data), address=next(a for a in pair.values() if a != asked.address))
        growth.expect({"response_wrong_upstream": 1}, {"responses": 0, "near_misses": 0})
        assert client.has_nothing()
        asked.response()
        assert wire.is_right(data, client.receive())
