# SPDX-License-Identifier: BSD-3-Clause
"""Protection against spoofing: near misses, the alarm, 0x20, changes of the range, and the entropy report."""
import copy
import math
import re
import time

import pytest

import wire
from deadline import wait
from dump import Dump
from scripted_upstream import ScriptedUpstream
from tcp_relay import TcpRelay
from topology import DEFAULT, SCRIPTED, FWD, PORTS, SERVERS, SERVICE

VERSIONS = pytest.mark.parametrize("version", (4, 6), ids=("IPv4", "IPv6"))


def forged(asked, **how):
    return wire.right_response(asked.data, rdata=b"\6\6\6\6", **how)


def other_question(asked):
    return wire.right_response(wire.message(asked.id, wire.question("n00001.example")), rdata=b"\6\6\6\6")


def other_case(asked):
    return wire.message(asked.id, asked.question[:-4].swapcase() + asked.question[-4:], 0x8180)


MISSES = {"wrong ID": lambda q: forged(q, query_id=q.id ^ 0x5555), "wrong question": other_question}


def reason_of(kind):
    return "response_" + kind.lower().replace(" ", "_")


@VERSIONS
@pytest.mark.parametrize("kind", MISSES)
def test_near_miss_is_counted_and_the_response_delivered(lab, version, kind):
    with ScriptedUpstream(SCRIPTED[version]) as scripted, lab.configured({"scripted": SCRIPTED[version]}), lab.client(
        version
    ) as client:
        data = wire.query("n00020.example")
        client.send(data)
        asked = scripted.next()
        growth = lab.growth()
        asked.send(MISSES[kind](asked))
        growth.expect({reason_of(kind): 1}, {"near_misses": 1, "attacked": 0, "responses": 0})
        asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect({reason_of(kind): 1}, {"attacked": 1, "responses_attacked": 0, "responses": 1})


NO_MISSES = {
    "wrong case": ("response_wrong_case", other_case),
    "QR=0": ("response_bad_header", lambda q: forged(q, flags=0x0100)),
}


@pytest.mark.parametrize("kind", NO_MISSES)
def test_other_bad_responses_are_no_near_misses(lab, kind):
    reason, make = NO_MISSES[kind]
    configured = lab.configured({"scripted": SCRIPTED[4]}, protection={"near_miss": "truncate"})
    with ScriptedUpstream(SCRIPTED[4]) as scripted, configured, lab.client() as client:
        data = wire.query("n00020.example")
        client.send(data)
        asked = scripted.next()
        growth = lab.growth()
        asked.send(make(asked))
        growth.expect({reason: 1}, {"near_misses": 0})
        asked.response()
        assert wire.is_right(data, client.receive())
        growth.expect({reason: 1}, {"attacked": 0, "responses_attacked": 0})


@VERSIONS
@pytest.mark.parametrize("kind", MISSES)
def test_near_miss_truncates_the_response(lab, version, kind):
    """After a near miss the right response is not relayed: the client gets TC=1 and must retry over TCP."""
    truncate = {"near_miss": "truncate"}
    with ScriptedUpstream(SCRIPTED[version]) as scripted, lab.client(version) as client, lab.client(version) as sharer:
        with lab.configured({"scripted": SCRIPTED[version]}, protection=truncate):
            data, shared = wire.query("n00021.ExAmPlE"), wire.query("N00021.example")
            growth = lab.growth()
            client.send(data)
            asked = scripted.next()
            sharer.send(shared)
            growth.expect({}, {"coalesced": 1})
            asked.send(MISSES[kind](asked))
            asked.response()
            for one, query in ((client, data), (sharer, shared)):
                response = one.receive()
                assert response[:2] == query[:2] and response[2] & 0x82 == 0x82, "TC is set"
                assert response[4:12] == b"\0\1\0\0\0\0\0\0" and response[12:] == wire.question_of(query)
            growth.expect({reason_of(kind): 1}, {"attacked": 1, "responses_attacked": 2, "responses": 2})
            data = wire.query("n00022.example")  # the next query is not affected
            client.send(data)
            scripted.next().response()
            assert wire.is_right(data, client.receive())


def test_near_misses_are_tolerated_up_to_the_number_configured(lab):
    three = {"near_miss": "truncate", "near_misses": 3}
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured(
        {"scripted": SCRIPTED[4]}, protection=three
    ), lab.client() as client:
        for misses in (2, 3, 4):
            data = wire.query(f"n0003{misses}.example")
            client.send(data)
            asked = scripted.next()
            growth = lab.growth()
            for i in range(misses):
                asked.send(forged(asked, query_id=asked.id ^ (i + 1)))
            asked.response()
            response = client.receive()
            assert (response[2] & 2 == 2) == (misses >= 3)
            assert wire.is_right(data, response) == (misses < 3)
            growth.expect({"response_wrong_id": misses}, {"attacked": int(misses >= 3)})


@VERSIONS
def test_client_of_an_attacked_query_retries_over_tcp(lab, version):
    """kdig queries, a forged response misses, kdig retries over TCP and gets the response of a real server."""

    def attacked(asked):
        asked.send(forged(asked, query_id=asked.id ^ 1))
        asked.response()

    with ScriptedUpstream(SCRIPTED[4], behave=attacked), TcpRelay(FWD, SERVICE[version], SERVERS["nsd"]) as relay:
        with lab.configured({"scripted": SCRIPTED[4]}, protection={"near_miss": "truncate"}):
            growth = lab.growth()
            out = lab.run("eph-client", "kdig", f"@{SERVICE[version]}", "n00023.example", "A", "+retry=0", "+time=5")
            assert "10.0.0.23" in out and "6.6.6.6" not in out and "(TCP)" in out, out
            assert relay.connections == 1
            growth.expect({"response_wrong_id": 1}, {"near_misses": 1, "responses_attacked": 1})


def test_alarm_and_strays(lab):
    """What the command line shows of an attack: status at once, and the last strays with their reasons."""
    lab.restart()  # the alarm of an earlier test may still be active
    with ScriptedUpstream(SCRIPTED[4]) as scripted, lab.configured({"victim": SCRIPTED[4]}), lab.client() as client:
        assert not lab.status()["attack"]["active"]
        for number in range(5):
            data = wire.query(f"n0004{number}.example")
            client.send(data)
            asked = scripted.next()
            for i in range(20):
                asked.send(forged(asked, query_id=asked.id ^ (i + 1)))
            asked.send(other_question(asked))
            asked.send(other_case(asked))
            asked.response()
            assert wire.is_right(data, client.receive())
            asked.response()  # a duplicate: late
        growth = lab.growth()

        def alarm():
            attack = lab.status()["attack"]
            return attack["queries"] == 5 and attack

        attack = wait("the alarm", alarm, 5)
        assert attack["active"] and attack["upstream"] == "victim" and attack["rate_per_s"] > 0, attack
        assert re.fullmatch(r"n0004\d\.example\. A IN", attack["question"]), attack
        assert attack["near_misses"] == 5 * 21, attack
        strays = lab.strays()
        reasons = {}
        for stray in strays["strays"][:115]:
            reasons[stray["reason"]] = reasons.get(stray["reason"], 0) + 1
            assert stray["near_miss"] == (stray["reason"] in ("response_wrong_id", "response_wrong_question"))
            assert stray["from"].startswith(SCRIPTED[4]) and "0004" in stray["question"] or "00001" in stray["question"]
        assert reasons == {
            "response_wrong_id": 100,
            "response_wrong_question": 5,
            "response_wrong_case": 5,
            "response_late": 5,
        }
        rows = [a for a in strays["attacks"] if "n0004" in a["question"]]
        assert len(rows) == 5 and all(a["count"] == 1 and a["near_misses"] == 21 for a in rows), rows
        assert "victim" in lab.ctl("status") and "response_wrong_id" in lab.ctl("strays")
        assert growth.drops() == {}
        log = lab.logs_of("ephemerad.log")
        alarm = log[log.rindex("ALARM: ") :]
        assert "near misses" in alarm and f"upstream victim ({SCRIPTED[4]}#53), question n0004" in alarm, alarm


def test_upstream_that_lower_cases_names_is_detected(lab):
    """Its responses are dropped until it is detected. Then 0x20 is off for it, and its responses are accepted, with the
    client's letter case restored. Another upstream keeps 0x20."""
    pair = {"lowers": SCRIPTED[4], "keeps": SCRIPTED[6]}
    with ScriptedUpstream(SCRIPTED[4]) as lowers, ScriptedUpstream(SCRIPTED[6]) as keeps, lab.configured(
        pair
    ), lab.client() as client:
        assert {n: u["case"] for n, u in lab.upstreams().items()} == {"lowers": "random", "keeps": "random"}
        growth = lab.growth()
        lowers.keeps_case = False
        lowers.behave = keeps.behave = lambda asked: asked.response()
        number = [0]

        def ask_on():
            for _ in range(8):
                client.send(wire.query(f"n{number[0]:05}.Example", query_id=number[0]))
                number[0] += 1
            return lab.upstreams()["lowers"]["case"] == "not kept"

        wait("random_case is switched off for it", ask_on, 10)
        assert growth.drops()["response_wrong_case"] >= 4 and set(growth.drops()) == {"response_wrong_case"}
        wait("both are up", lambda: all(u["state"] == "up" for u in lab.upstreams().values()))
        upstreams = lab.upstreams()
        assert upstreams["lowers"]["wrong_case"] >= 4 and upstreams["keeps"]["case"] == "random"
        assert "not kept" in lab.ctl("upstreams")
        assert lab.entropy()["bits"]["upstreams_random_case"] == 1
        wait(
            "0x20 is off for it in the dataplane",
            lambda: (s := lab.status())["generation"] == s["dataplane"]["generation"],
        )
        with lab.client() as fresh:
            growth = lab.growth()
            for i in range(10000, 10040):  # not those queried before, which may still be in flight
                data = wire.query(f"n{i:05}.eXAMPLe")
                assert wire.is_right(data, fresh.ask(data))
            assert growth.drops() == {}
        wait("the dropped queries have timed out", lambda: lab.stats()["in_flight"] == 0)


RANGES = {
    "all from 1024": {"ports": "1024-65535"},
    "few": {"ports": "30000-33000"},
    "with holes": {"ports": "49152-65535", "exclude": ["50000-60000", 61000, "62000-62100"]},
    "two addresses": {"addresses": ["198.51.100.18", "2001:db8:2::1d"]},
    "a prefix": {"addresses": ["198.51.100.16/30", "2001:db8:2::18/126"]},
}


def allowed(source):
    first, last = map(int, source.get("ports", DEFAULT["source"]["ports"]).split("-"))
    ports = set(range(first, last + 1))
    for hole in source.get("exclude", []):
        a, _, b = str(hole).partition("-")
        ports -= set(range(int(a), int(b or a) + 1))
    return ports


def test_range_exclusions_and_addresses_are_live(lab, tmp_path):
    """Each change is made under load, loses no query, and applies to every later query."""
    try:
        with lab.load("--rate", 1500, "--timeout", 3) as load:
            for name, change in RANGES.items():
                lab.config = copy.deepcopy(DEFAULT)
                lab.config["source"].update(change)
                lab.reload()
                with Dump(tmp_path / "live.pcap") as dump:
                    queries = lab.stats()["queries"]
                    wait("queries go on", lambda: lab.stats()["queries"] > queries + 600)
                sample, ports = dump.queries(), allowed(change)
                assert len(sample) > 600
                assert {q.port for q in sample} <= ports, name
                expected = len(ports) * (1 - math.exp(-len(sample) / len(ports)))
                assert len({q.port for q in sample}) > 0.9 * expected, name
                expected = {"two addresses": 2, "a prefix": 8}.get(name, 16)
                assert len({q.source for q in sample}) == expected, name
                assert lab.entropy()["bits"]["ports"] == len(ports)
            lab.config = copy.deepcopy(DEFAULT)
            lab.reload()
            result = load.finish()
        assert (result["lost"], result["refused"], result["wrong"]) == (0, 0, 0), result
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.reload()
        lab.ready()


def test_entropy_states_the_bits_and_measures_the_draw(lab):
    """Names of eight letters only: 14 bits of port, 16 of ID, 3 of address and about 8 of case."""
    config = copy.deepcopy(DEFAULT)
    config["source"]["exclude"] = ["49152-49153"]
    try:
        # A new measurement window begins soon after a change of the range: wait for the window after the last change.
        for lab.config in (config, copy.deepcopy(DEFAULT)):
            before = time.monotonic()
            lab.reload()
            wait("a new window", lambda: lab.entropy()["window_s"] < time.monotonic() - before)
        with lab.load("--rate", 4000, "--count", 20000) as load:
            result = load.finish(wait_for_count=True)
        assert result["answered"] == 20000, result
        entropy = lab.entropy()
        assert entropy["verdict"] == "uniform", entropy
        bits = entropy["bits"]
        assert (bits["ports"], bits["port_bits"], bits["id_bits"]) == (len(PORTS), 14, 16)
        assert 8 <= bits["case_bits"] < 8.2, "names of eight letters, and twelve in the probes'"
        for family in bits["families"]:
            assert (family["addresses"], family["address_bits"]) == (8, 3)
            total = bits["port_bits"] + bits["id_bits"] + family["address_bits"] + bits["case_bits"]
            assert math.isclose(family["total_bits"], total)
        assert [f["family"] for f in bits["families"]] == ["IPv4", "IPv6"]
        every = entropy["all"]
        assert every["draws"] >= 20000 and every["ports"]["of"] == 16384
        expected = 16384 * (1 - math.exp(-every["draws"] / 16384))
        assert abs(every["ports"]["distinct"] - expected) < 300
        tests = [every["ports"]["test"], every["id_high"], every["id_low"], *(a["test"] for a in every["addresses"])]
        for chi in tests:
            assert 1e-6 < chi["p"] <= 1
        assert abs(every["port_serial"]["r"]) < 0.05 and abs(every["id_serial"]["r"]) < 0.05
        assert len(entropy["workers"]) == 1 and entropy["workers"][0]["verdict"] == "uniform"
        assert "uniform" in lab.ctl("entropy")
    finally:
        lab.config = copy.deepcopy(DEFAULT)
        lab.reload()


def test_reserved_ports_are_warned_of(lab):
    """If the kernel may assign ports of the range to its own sockets, ephemerad warns and says what to set."""

    def warnings():
        return lab.logs_of("ephemerad.log").count("ip_local_reserved_ports")

    reserved = lab.run(FWD, "sysctl", "-n", "net.ipv4.ip_local_reserved_ports").strip()
    assert reserved == "49152-65535", "the lab sets it"
    before = warnings()
    lab.reload()
    assert warnings() == before, "an unnecessary warning"
    try:
        lab.run(FWD, "sysctl", "-qw", "net.ipv4.ip_local_reserved_ports=")
        lab.reload()
        wait("the warning", lambda: warnings() > before)
    finally:
        lab.run(FWD, "sysctl", "-qw", f"net.ipv4.ip_local_reserved_ports={reserved}")
