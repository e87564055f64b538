# SPDX-License-Identifier: BSD-3-Clause
"""scripts/pktgen: the frames of make-pcap, checked by other programs' parsers; the script for Pktgen-DPDK and the
profile for TRex, run against stubs of those programs (test_pktgen_feed.py feeds a pcap to the dataplane)."""
import collections
import importlib.util
import ipaddress
import json
import os
import subprocess
import sys
import types

import dns.flags
import dns.message
import dns.rdatatype
import pytest
from scapy.all import IP, UDP, Ether, IPv6, RawPcapReader, raw

from topology import ROOT

PKTGEN = ROOT / "scripts" / "pktgen"
TARGET, SOURCE = "02:00:00:00:00:01", "02:00:00:00:00:02"
BOTH = ("--service", "192.0.2.53", "--clients", "10.1.0.0/16",
        "--service", "2001:db8:1::53", "--clients", "2001:db8:9::-2001:db8:9::ff")  # fmt: skip

# A stub of the Pktgen-DPDK functions that rate.lua uses: a port that, while it is started, sends 1000 packets a
# millisecond at 100 %, and receives all but three.
PKTGEN_STUB = """
local ports = {["0"] = {sent = 0, on = false, rate = 0}}
local calls = {}
local function note(...) calls[#calls + 1] = table.concat({...}, " ") end
local function counters()
	local sent = ports["0"].sent
	return {opackets = sent, obytes = sent * 80, ipackets = sent > 0 and sent - 3 or 0, ibytes = 0, ierrors = 0,
		oerrors = 0, imissed = 2, rx_nombuf = 0}
end
pktgen = {
	screen = function(state) note("screen", state) end,
	pcap = function(port, state) assert(port == "0"); note("pcap", state) end,
	set = function(port, what, value) note("set", what, value); ports[port][what] = value end,
	clr = function() note("clr"); ports["0"].sent = 0 end,
	start = function(port) note("start"); ports[port].on = true end,
	stop = function(port) note("stop"); ports[port].on = false end,
	delay = function(ms)
		assert(math.type(ms) == "integer")
		local port = ports["0"]
		if port.on then port.sent = port.sent + math.floor(ms * 1000 * port.rate / 100) end
	end,
	quit = function() note("quit"); print("calls: " .. table.concat(calls, ", ")) end,
	portStats = function(...)
		if OLD then
			local port, what = ...
			assert(port == "0" and what == "port")
			return {[0] = counters(), n = 1}
		end
		assert(select("#", ...) == 1, "portStats, wrong number of arguments")
		return {[0] = {curr = counters(), sizes = {}, qstats = {}}, n = 1}
	end,
}
"""


def make_pcap(path, *options, target=TARGET, check=True):
    return subprocess.run(
        [PKTGEN / "make-pcap", "--target-mac", target, *map(str, options), path],
        check=check, capture_output=True, text=True,
    )  # fmt: skip


def frames_of(path):
    return [data for data, _ in RawPcapReader(str(path))]


def check_frame(data, frame):
    """Every length and checksum equals what another program computes."""
    again = frame.copy()
    if IP in again:
        del again[IP].chksum, again[IP].len
    else:
        del again[IPv6].plen
    del again[UDP].chksum, again[UDP].len
    assert raw(again) == data, "a length or a checksum is wrong"


def opened(data):
    """(IP layer, UDP layer, DNS message) of a frame, whose every length and checksum is verified."""
    frame = Ether(data)
    assert (frame.dst, frame.src) == (TARGET, SOURCE)
    ip = frame[IP] if IP in frame else frame[IPv6]
    assert len(data) == 14 + (ip.len if IP in frame else 40 + ip.plen)
    check_frame(data, frame)
    assert ip[UDP].chksum != 0
    return ip, ip[UDP], dns.message.from_wire(bytes(ip[UDP].payload))


def test_other_parsers_accept_the_frames(tmp_path):
    path = tmp_path / "q.pcap"
    make_pcap(path, "--count", 3000, "--ports", "2000-2999", "--ipv6", 0.25, "--types", "A=60,AAAA=30,TYPE65280=10",
              "--edns", 0.6, "--edns-size", 1400, "--dnssec", 0.5, "--generate", 100000, *BOTH)  # fmt: skip
    seen = collections.Counter()
    for data in frames_of(path):
        ip, udp, message = opened(data)
        seen[f"IPv{ip.version}"] += 1
        source = ipaddress.ip_address(ip.src)
        if ip.version == 4:
            assert source in ipaddress.ip_network("10.1.0.0/16") and ip.dst == "192.0.2.53"
        else:
            assert int(source) - int(ipaddress.ip_address("2001:db8:9::")) in range(256) and ip.dst == "2001:db8:1::53"
        assert udp.dport == 53 and 2000 <= udp.sport <= 2999
        assert message.flags == dns.flags.RD and message.opcode() == 0
        (question,) = message.question
        assert question.name.to_text()[0] == "n" and question.name.to_text().endswith(".example.")
        seen[dns.rdatatype.to_text(question.rdtype)] += 1
        assert message.edns in (-1, 0) and message.payload == (1400 if message.edns == 0 else 0)
        seen["EDNS"] += message.edns == 0
        seen["DO"] += bool(message.ednsflags & dns.flags.DO)
    share = {key: count / 3000 for key, count in seen.items()}
    wanted = {"IPv4": 0.75, "IPv6": 0.25, "A": 0.6, "AAAA": 0.3, "TYPE65280": 0.1, "EDNS": 0.6, "DO": 0.3}
    # Five standard deviations at most of 3000 draws.
    assert all(abs(share[key] - value) < 0.046 for key, value in wanted.items()), share


def test_names_from_a_file(tmp_path):
    names = tmp_path / "names"
    names.write_text("# a comment\nwww.example.com MX\n\n_dns.Example.net.  # no type: drawn\n.  NS\n")
    make_pcap(tmp_path / "q.pcap", "--count", 300, "--names", names, "--types", "TXT", *BOTH[:4])
    asked = collections.Counter()
    for data in frames_of(tmp_path / "q.pcap"):
        (question,) = opened(data)[2].question
        asked[question.name.to_text(), dns.rdatatype.to_text(question.rdtype)] += 1
    assert set(asked) == {("www.example.com.", "MX"), ("_dns.Example.net.", "TXT"), (".", "NS")}


def test_same_seed_gives_the_same_pcap(tmp_path):
    for name, seed in (("a", 7), ("b", 7), ("c", 8)):
        make_pcap(tmp_path / name, "--count", 200, "--seed", seed, *BOTH)
    a, b, c = ((tmp_path / name).read_bytes() for name in "abc")
    assert a == b and a != c


@pytest.mark.parametrize(
    "options, complaint",
    [
        (("--service", "192.0.2.53", "--clients", "2001:db8::/64"), "no range of the family"),
        ((*BOTH[:4], "--types", "NOSUCH"), "--types"),
        ((*BOTH[:4], "--ports", "70000"), "--ports"),
        ((*BOTH[:4], "--edns", "1.5"), "--edns"),
        ((*BOTH[:4], "--suffix", "a..b"), "labels have 1 to 63 bytes"),
        ((*BOTH[:4], "--names", "/nonexistent"), "/nonexistent"),
    ],
)
def test_wrong_options_are_refused(tmp_path, options, complaint):
    done = make_pcap(tmp_path / "q.pcap", *options, check=False)
    assert done.returncode != 0 and complaint in done.stderr, done.stderr


def run_lua(tmp_path, old=False, **settings):
    (tmp_path / "stub.lua").write_text(f"OLD = {str(old).lower()}\n" + PKTGEN_STUB)
    return subprocess.run(
        ["lua5.4", "-e", f"dofile('{tmp_path}/stub.lua')", PKTGEN / "rate.lua"],
        capture_output=True, text=True, env=os.environ | settings,
    )  # fmt: skip


def test_lua_compiles():
    subprocess.run(["luac5.4", "-p", PKTGEN / "rate.lua"], check=True)


@pytest.mark.parametrize("old", [False, True], ids=["portStats of today", "portStats before release 26"])
def test_lua_sets_rates_and_reads_results(tmp_path, old):
    out = tmp_path / "out.json"
    done = run_lua(tmp_path, old, RATE="50,100", SECONDS="2", WARM_UP="0.5", OUT=str(out), QUIT="1")
    assert done.returncode == 0, done.stderr
    half, full = map(json.loads, out.read_text().splitlines())
    assert half == {
        "rate_percent": 50, "seconds": 2, "offered_per_s": 500000, "sent": 1250000, "received": 1249997, "lost": 3,
        "lost_percent": pytest.approx(0.00024), "missed_by_us": 2, "errors": 0,
    }  # fmt: skip
    assert (full["rate_percent"], full["offered_per_s"], full["sent"]) == (100, 1000000, 2500000)
    run = ["stop", "set rate {}", "clr", "start", "stop"]
    calls = ["screen off", "pcap on", "set count 0", *run, *run, "quit"]
    assert done.stdout.splitlines()[-1] == "calls: " + ", ".join(calls).replace("{}", "50", 1).replace("{}", "100")


@pytest.mark.parametrize("settings", [{"RATE": "x"}, {"RATE": "101"}, {"SECONDS": "-1"}, {"OUT": "/nonexistent/x"}])
def test_lua_refuses_wrong_settings(tmp_path, settings):
    done = run_lua(tmp_path, **{"RATE": "1", "SECONDS": "1", **settings})
    assert done.returncode != 0 and next(iter(settings)).replace("OUT", "/nonexistent/x") in done.stderr


def trex_profile():
    """The profile, imported with stubs of TRex's modules that record their arguments."""

    def keeper(name):
        return type(name, (), {"__init__": lambda self, **given: self.__dict__.update(given)})

    api = types.ModuleType("trex.stl.api")
    for name in ("STLPktBuilder", "STLStream", "STLTXCont"):
        setattr(api, name, keeper(name))
    api.STLStreamDstMAC_PKT = 1
    modules = {"trex": types.ModuleType("trex"), "trex.stl": types.ModuleType("trex.stl"), "trex.stl.api": api}
    before = {name: sys.modules.get(name) for name in modules}
    sys.modules.update(modules)
    try:
        spec = importlib.util.spec_from_file_location("trex_profile", PKTGEN / "trex_profile.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
    finally:
        for name, module_before in before.items():
            sys.modules.pop(name)
            if module_before is not None:
                sys.modules[name] = module_before
    return module


def test_trex_profile_builds_streams(tmp_path):
    path = tmp_path / "q.pcap"
    make_pcap(path, "--count", 50, *BOTH)
    words = ["--pcap", str(path), "--rate", "1000", "--queries", "40"]
    streams = trex_profile().register().get_streams(tunables=words, direction=0, port_id=0)
    assert [s.packet.pkt_buffer for s in streams] == frames_of(path)[:40]
    assert sum(s.mode.pps for s in streams) == pytest.approx(1000)
    assert [s.isg for s in streams] == pytest.approx([1000 * i for i in range(40)])
    assert all(s.mac_src_override_by_pkt is True and s.mac_dst_override_mode == 1 for s in streams)


def test_trex_profile_refuses_a_file_that_is_not_a_pcap(tmp_path):
    path = tmp_path / "q.pcap"
    make_pcap(path, "--count", 5, *BOTH)
    path.write_bytes(path.read_bytes()[:-1])
    with pytest.raises(ValueError, match="cut off"):
        trex_profile().register().get_streams(tunables=["--pcap", str(path)])
    path.write_bytes(b"nothing of the kind at all")
    with pytest.raises(ValueError, match="no pcap"):
        trex_profile().register().get_streams(tunables=["--pcap", str(path)])
