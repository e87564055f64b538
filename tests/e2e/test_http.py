# SPDX-License-Identifier: BSD-3-Clause
"""ephemerad's HTTP server: health, readiness, listening addresses, and misbehaving clients."""
import contextlib
import copy
import json
import socket

import netns
import pytest
import web
from deadline import wait
from topology import DEFAULT, FWD


def test_only_get_is_served_with_security_headers(lab):
    for path in ("/", "/metrics", "/health", "/ready", "/api/status", "/api/history"):
        status, headers, body = web.get(path)
        assert status == 200 and body, path
        assert headers["Content-Security-Policy"].startswith("default-src 'none'"), path
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store", path
        status, headers, body = web.get(path, method="HEAD")
        assert (status, body) == (200, b"") and int(headers["Content-Length"]) > 0, path
        for method in ("POST", "PUT", "DELETE", "PATCH"):
            status, headers, _ = web.get(path, method=method)
            assert (status, headers["Allow"]) == (405, "GET, HEAD"), (method, path)
    assert web.get("/nothing")[0] == web.get("/../etc/passwd")[0] == web.get("/api/reload")[0] == 404
    assert web.get("/", Host="rebind.example")[0] == 421
    assert web.get("/", Host="localhost:8953")[0] == 200


def test_listens_on_loopback_by_default(lab):
    with pytest.raises(ConnectionRefusedError):
        netns.within(FWD, lambda: socket.create_connection(("192.0.2.1", web.PORT), 5))


def test_reports_are_those_of_the_command_line(lab):
    lab.ask()
    names = ("status", "upstreams", "latency", "drops", "strays", "ports", "entropy", "stats")

    def shape(value):
        if isinstance(value, dict):
            return {key: shape(one) for key, one in value.items()}
        return type(value).__name__ if not isinstance(value, (int, float)) or isinstance(value, bool) else "number"

    # The two are asked at different moments: what has become null or a number in between is equal in the next try.
    for name in names:
        wait(
            f"{name} is the same report over HTTP and in ephemeractl",
            lambda: shape(web.report(f"/api/{name}")) == shape(json.loads(lab.ctl(name, "--json"))),
            5,
        )


def test_health_and_readiness_follow_the_dataplane(lab):
    assert web.report("/health") == {"healthy": True, "reason": ""}
    assert web.report("/ready") == {"ready": True, "reason": ""}
    lab.kill(lab.dataplane)
    wait("/health shows it", lambda: web.get("/health")[0] == 503, 5)
    for path, word in (("/health", "healthy"), ("/ready", "ready")):
        status, _, body = web.get(path)
        assert status == 503 and json.loads(body) == {word: False, "reason": "not connected to the dataplane"}
    assert b"\nephemera_dataplane_up 0\n" in web.get("/metrics")[2]
    assert b"ephemera_queries_total" not in web.get("/metrics")[2]
    assert web.get("/api/stats")[0] == 503 and web.report("/api/status")["dataplane"] == {"connected": False}
    lab.start_dataplane()
    lab.ready()
    wait("healthy again", lambda: web.get("/health")[0] == web.get("/ready")[0] == 200, 5)


def test_a_drain_withdraws_readiness_and_not_health(lab):
    with lab.load("--rate", 500) as load:  # without queries the drain would end at once and stop the dataplane
        lab.ctl("drain", "--timeout", 60)
        status, _, body = web.get("/ready")
        assert status == 503 and json.loads(body) == {"ready": False, "reason": "draining"}
        assert web.get("/health")[0] == 200
        assert {b"ephemera_ready 0", b"ephemera_drain_active 1"} <= set(web.get("/metrics")[2].split(b"\n"))
        lab.ctl("undrain")
        assert {b"ephemera_ready 1", b"ephemera_drain_active 0"} <= set(web.get("/metrics")[2].split(b"\n"))
        assert web.get("/ready")[0] == 200
        result = load.finish()
    assert (result["lost"], result["refused"]) == (0, 0), result


def configured(lab, **http):
    lab.config = copy.deepcopy(DEFAULT)
    lab.config["http"] = http
    lab.write_config()
    return lab.ctl_run("reload")


def test_reload_moves_the_listener_unless_the_address_is_in_use(lab):
    taken = netns.within(FWD, lambda: socket.create_server(("127.0.0.1", 8955)))
    try:
        done = configured(lab, port=8955)
        assert done.returncode == 1 and "8955" in done.stderr and "in use" in done.stderr, done
        assert web.get("/ready")[0] == 200, "it closed its old listener although the new address is in use"
        assert b"\nephemera_config_last_reload_successful 0\n" in web.get("/metrics")[2]
        taken.close()
        assert configured(lab, port=8955).returncode == 0
        assert web.get("/ready", 8955)[0] == 200
        assert b"\nephemera_config_last_reload_successful 1\n" in web.get("/metrics", 8955)[2]
        with pytest.raises(ConnectionRefusedError):
            web.connect()
        # All addresses, on the port that it already uses; then a Host header with a name of the machine.
        assert configured(lab, address="0.0.0.0", port=8955).returncode == 0
        assert web.get("/ready", 8955, Host="fwd1.example")[0] == 200
        assert configured(lab, port=0).returncode == 0
        with pytest.raises(ConnectionRefusedError):
            web.connect(8955)
    finally:
        taken.close()
        lab.config = copy.deepcopy(DEFAULT)
        lab.reload()
    assert web.get("/ready")[0] == 200


def crowd(count):
    """Connections that send nothing."""
    return [web.connect() for _ in range(count)]


STRANGE = [
    (b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + b"x" * 200 + b"\r\n\r\n", ()),  # TLS
    (b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", (414,)),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\n" + b"X-Y: z\r\n" * 10000 + b"\r\n", (431,)),
    (b"GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9999999\r\n\r\n" + b"b" * 100000, (413,)),
    (b"GET / HTTP/1.1\r\nContent-Length: -1\r\nHost: localhost\r\n\r\n", (400,)),
    (b"GET /%00%2e%2e%2f HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", (404,)),
    (b"GET /\r\n\r\n", (400,)),
]


def test_misbehaving_clients_do_not_disturb_others(lab):
    with lab.load("--rate", 1000) as load:
        for data, responses in STRANGE * 5:
            with web.connect() as sock:
                with contextlib.suppress(OSError):  # it may close the connection before it has read everything
                    sock.sendall(data)
                # There is no response if the connection was closed while we were still sending.
                assert web.ended(sock)[:12] in (b"", *(b"HTTP/1.1 %d" % status for status in responses)), data[:60]
        silent = crowd(40)
        try:
            # Connections over the limit of one address are closed at once...
            def closed():
                return sum(gone(sock) for sock in silent)

            wait("connections over the limit are closed", lambda: closed() >= 24)
            # ...and the silent ones after ten seconds, and then others are served again.
            wait("the silent connections are closed", lambda: closed() == 40, 20)
            assert web.get("/health")[0] == 200
        finally:
            for sock in silent:
                sock.close()
        result = load.finish()
    assert (result["lost"], result["refused"]) == (0, 0), result


def gone(sock):
    sock.setblocking(False)
    try:
        return sock.recv(1) == b""
    except BlockingIOError:
        return False
    except ConnectionResetError:
        return True


def test_slow_client_is_disconnected(lab):
    """A client that sends a byte now and then is active, but the time for a whole request is limited."""
    with web.connect() as sock:
        sock.settimeout(0.5)
        sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\nX: ")

        def dribble():
            try:
                sock.sendall(b"y")
                return sock.recv(1) == b""
            except socket.timeout:
                return False
            except OSError:
                return True

        wait("the connection is closed", dribble, 15)
    assert web.get("/health")[0] == 200
