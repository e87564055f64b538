# SPDX-License-Identifier: BSD-3-Clause
"""/metrics: its format is valid for promtool and Prometheus, and its figures agree with ephemeractl."""
import collections
import contextlib
import http.client
import json
import shutil
import subprocess
import tempfile
import urllib.parse

import web
from deadline import wait
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics_families
from prometheus_client.parser import text_string_to_metric_families as prometheus_families
from topology import FWD, SHARED_CORE, SOURCES

PROMETHEUS_PORT = 9090


def loaded(lab):
    """Some seconds of load, then none, so that the counters no longer change."""
    with lab.load("--rate", 2000, "--count", 6000) as load:
        result = load.finish(wait_for_count=True)
    assert result["lost"] == 0, result
    wait("nothing is in flight", lambda: lab.stats()["in_flight"] == 0)


def sums(samples, *labels):
    """Maps metric name and the values of these labels to the sum over all other labels."""
    total = collections.Counter()
    for sample in samples:
        total[(sample.name, *(sample.labels.get(label, "") for label in labels))] += sample.value
    return total


def samples_of(families):
    return [sample for family in families for sample in family.samples]


def expected(stats):
    """The expected values, by (metric, label's value), of figures that do not change without queries."""
    wanted = {("ephemera_latency_seconds_count", ""): stats["responses"]}
    still = ("queries", "responses", "coalesced", "timeouts", "redraws", "near_misses", "own_servfail", "own_formerr")
    wanted |= {(f"ephemera_{name}_total", ""): stats["counters"][name] for name in still}
    wanted |= {("ephemera_drops_total", reason): count for reason, count in stats["drops"].items()}
    for upstream in stats["upstreams"]:
        for name in ("queries", "responses", "timeouts"):
            wanted[(f"ephemera_upstream_{name}_total", upstream["name"])] = upstream[name]
        wanted[("ephemera_upstream_servfail_responses_total", upstream["name"])] = upstream["servfails"]
    for pool in stats["pools"]:
        wanted[("ephemera_pool_members", pool["name"])] = pool["members"]
        wanted[("ephemera_pool_usable_members", pool["name"])] = pool["usable"]
    return wanted


def key_of(sample):
    """The one label that these metrics have beside the worker's."""
    return sample.labels.get("reason") or sample.labels.get("upstream") or sample.labels.get("pool") or ""


def figures(samples):
    total = collections.Counter()
    for sample in samples:
        total[(sample.name, key_of(sample))] += sample.value
    return total


def differences(wanted, seen):
    return {key: (value, seen.get(key)) for key, value in wanted.items() if seen.get(key) != value}


def test_promtool_reports_no_problem(lab):
    lab.ask()
    status, headers, page = web.get("/metrics")
    assert (status, headers["Content-Type"]) == (200, "text/plain; version=0.0.4; charset=utf-8")
    done = subprocess.run(["promtool", "check", "metrics"], input=page, capture_output=True, timeout=30)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_both_formats_agree_with_the_command_line(lab):
    loaded(lab)
    plain = samples_of(prometheus_families(web.get("/metrics")[2].decode()))
    status, headers, page = web.get("/metrics", Accept=web.OPENMETRICS)
    assert (status, headers["Content-Type"].split(";")[0]) == (200, "application/openmetrics-text")
    assert page.endswith(b"\n# EOF\n")
    strict = samples_of(openmetrics_families(page.decode()))
    wanted = expected(lab.stats())
    assert wanted[("ephemera_queries_total", "")] >= 6000
    for samples in (plain, strict):
        assert differences(wanted, figures(samples)) == {}


def test_every_worker_counter_and_drop_reason_is_exported_with_help(lab):
    stats = lab.stats()
    families = {
        family.name: family for family in openmetrics_families(web.get("/metrics", Accept=web.OPENMETRICS)[2].decode())
    }
    for name in stats["counters"]:
        assert families[f"ephemera_{name}"].documentation, name
    reasons = {sample.labels["reason"] for sample in families["ephemera_drops"].samples}
    assert reasons == set(stats["drops"])
    verdicts = {sample.labels["verdict"] for sample in families["ephemera_steer_packets"].samples}
    assert verdicts == set(stats["steer"])
    states = {sample.labels["ephemera_upstream_state"] for sample in families["ephemera_upstream_state"].samples}
    assert states == {"up", "down", "draining", "forced-up", "forced-down"}
    up = {sample.labels["upstream"]: sample.value for sample in families["ephemera_upstream_up"].samples}
    assert up == {name: 1 for name in lab.upstreams()}


def test_no_label_comes_from_a_query(lab):
    """Queries for many names add no series."""

    def series():
        page = web.get("/metrics")[2].decode()
        return {(s.name, tuple(sorted(s.labels.items()))) for s in samples_of(prometheus_families(page))}

    lab.ask()
    before = series()
    loaded(lab)
    grown = series() - before
    assert {name for name, _ in grown} <= {"ephemera_draws_chi_square_p", "ephemera_draws_uniform"}, grown


@contextlib.contextmanager
def prometheus():
    """Debian's Prometheus inside eph-fwd, which scrapes ephemerad each second."""
    home = tempfile.mkdtemp(prefix="eph-prometheus-")
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s"},
        "scrape_configs": [
            {"job_name": "ephemera", "static_configs": [{"targets": [f"127.0.0.1:{web.PORT}"]}]},
        ],
    }
    with open(f"{home}/config.yaml", "w") as file:
        json.dump(config, file)
    with open(f"{home}/log", "wb") as log:
        process = subprocess.Popen(
            ["nsenter", f"--net=/run/netns/{FWD}", "taskset", "-c", str(SHARED_CORE), "prometheus",
             f"--config.file={home}/config.yaml", f"--storage.tsdb.path={home}/data",
             f"--web.listen-address=127.0.0.1:{PROMETHEUS_PORT}"],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
        )  # fmt: skip
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        shutil.rmtree(home, ignore_errors=True)


def asked(path, **parameters):
    """The response of Prometheus' API, or None while it is not ready."""
    connection = http.client.HTTPConnection("127.0.0.1", PROMETHEUS_PORT)
    try:
        connection.sock = web.connect(PROMETHEUS_PORT)
        connection.request("GET", f"/api/v1/{path}?{urllib.parse.urlencode(parameters)}")
        response = connection.getresponse()
        return json.loads(response.read())["data"] if response.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        connection.close()


def vector(query):
    response = asked("query", query=query)
    return (
        {tuple(sorted(one["metric"].items())): float(one["value"][1]) for one in response["result"]} if response else {}
    )


def test_prometheus_scrapes_it(lab):
    with prometheus() as process:
        wait("it has scraped once", lambda: vector('up{job="ephemera"}') and list(vector("up").values()) == [1.0], 30)
        loaded(lab)
        wanted = expected(lab.stats())

        def scraped():
            assert process.poll() is None, "Prometheus ended"
            total = collections.Counter()
            for labels, value in vector('{job="ephemera"}').items():
                labels = dict(labels)
                key = labels.get("reason") or labels.get("upstream") or labels.get("pool") or ""
                total[(labels["__name__"], key)] += value
            return differences(wanted, total)

        wait("Prometheus agrees with ephemeractl", lambda: scraped() == {}, 10)
        targets = asked("targets")["activeTargets"]
        assert [(t["health"], t["lastError"]) for t in targets] == [("up", "")]
        # It negotiated OpenMetrics: only then does it know types by the family's name.
        types = asked("metadata", metric="ephemera_upstream_state")
        assert [one["type"] for one in types["ephemera_upstream_state"]] == ["stateset"]
        p99 = vector("histogram_quantile(0.99, ephemera_latency_seconds_bucket)")
        assert 0 < list(p99.values())[0] < 3
        assert sum(vector("ephemera_entropy{family='IPv4'}").values()) >= 14 + 16 + len(SOURCES[4]).bit_length() - 1
