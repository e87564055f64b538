# SPDX-License-Identifier: BSD-3-Clause
"""The dashboard in a headless Chromium: its figures agree with the command line; it works by keyboard, on a narrow
screen, with dark colours, and shows when a daemon is not connected.

Screenshots are written to the directory that EPHEMERA_PICTURES names, if it is set."""
import json
import os
import pathlib

import pytest
import web
import wire
from browser import Browser
from deadline import wait
from topology import FARM, FWD, PORTS, SOURCES

URL = f"http://{web.ADDRESS}:{web.PORT}/"
PICTURES = os.environ.get("EPHEMERA_PICTURES")


def number(text):
    return int(text.replace(",", ""))


def picture(browser, name):
    if PICTURES:
        pathlib.Path(PICTURES).mkdir(parents=True, exist_ok=True)
        browser.shoot(pathlib.Path(PICTURES) / f"{name}.png")


@pytest.fixture
def browser(lab):
    with Browser(FWD) as one:
        one.size(1280, 900)
        yield one


def shown(browser):
    browser.open(URL)
    browser.wait("the page has data of ephemerad", "document.getElementById('updated').textContent.includes(':')", 20)


def cells(browser, table):
    """The rows of a table by their first column, each a list of the texts of its cells."""
    script = f"[...document.getElementById('{table}').tBodies[0].rows].map(r => [...r.cells].map(c => c.innerText))"
    return {row[0].split("\n")[0]: row for row in browser.run(script)}


def stray(lab, port):
    """Sends an unsolicited response from a server's address."""
    question = wire.query("bank.example", query_id=4660)
    frame = lab.frame("198.51.100.101", SOURCES[4][0], 53, port, question[:2] + b"\x81\x80" + question[4:], FARM)
    with lab.sender(FARM, "eph-f1") as sock:
        sock.send(frame)


def test_shows_the_figures_of_the_command_line(lab, browser):
    with lab.load("--rate", 2000) as load:
        shown(browser)
        browser.wait(
            "a rate near the load's",
            "Math.abs(parseInt(document.getElementById('rate-queries').textContent.replace(',', '')) - 2000) < 500",
            20,
        )
        stray(lab, PORTS[7])
        browser.wait(
            "the chart is drawn",
            "(document.querySelector('#traffic-chart path.line.queries')?.getAttribute('d') || '').length > 60",
            20,
        )
        picture(browser, "light")
        load.finish()
    wait("nothing is in flight", lambda: lab.stats()["in_flight"] == 0)
    stats = lab.stats()
    drops = {reason: count for reason, count in stats["drops"].items() if count}
    assert stats["queries"] > 2000 and drops, "no figures to compare"

    def differences():
        upstreams, reasons = cells(browser, "upstreams-table"), cells(browser, "drops-table")
        seen = {
            "queries": number(browser.text("total-queries")),
            "responses": number(browser.text("total-responses")),
            "drops": number(browser.text("total-drops")),
            "timeouts": number(browser.text("total-timeouts")),
            "by reason": {reason: number(row[2]) for reason, row in reasons.items()},
            "upstreams": {
                name: (row[1], number(row[3]), number(row[4]), number(row[5])) for name, row in upstreams.items()
            },
            "up": browser.text("upstreams-up"),
            "generation": number(browser.text("generation")),
            "latencies": number(browser.text("latency-count")),
        }
        wanted = {
            "queries": stats["queries"],
            "responses": stats["responses"],
            "drops": sum(drops.values()),
            "timeouts": stats["timeouts"],
            "by reason": drops,
            "upstreams": {
                u["name"]: ("up", u["queries"], u["responses"], u["timeouts"]) for u in lab.upstreams().values()
            },
            "up": f"{len(lab.upstreams())} of {len(lab.upstreams())}",
            "generation": stats["generation"],
            "latencies": json.loads(lab.ctl("latency", "--json"))["total"]["count"],
        }
        return {key: (value, seen[key]) for key, value in wanted.items() if seen[key] != value}

    browser.run("document.querySelector('#latency-span [data-of=total]').click()")
    seen = []
    try:
        wait("the page agrees with ephemeractl", lambda: seen.append(differences()) or seen[-1] == {}, 5)
    except AssertionError:
        raise AssertionError(f"wanted and shown: {seen[-1]}") from None
    newest = lab.strays()["strays"][0]
    row = list(cells(browser, "strays-table").values())[0]
    assert row[1:] == [newest["reason"], newest["from"], newest["to"], str(newest["id"]), newest["question"]]
    assert browser.text("entropy-bits") == f"{min(f['total_bits'] for f in lab.entropy()['bits']['families']):.1f}"
    assert browser.errors == []
    assert [
        url for url in browser.requests if not url.startswith((URL, "data:"))
    ] == [], "the page sent requests to other hosts"


def test_the_map_shows_where_queries_were_drawn(lab, browser):
    lab.ask()
    shown(browser)
    ports = web.report("/api/ports")
    assert len(ports["drawn"]) == len(ports["live"]) == len(PORTS)
    wait(
        "the page agrees with the command line",
        lambda: browser.text("ports-used").split()[0].replace(",", "") == str(web.report("/api/ports")["used"]),
    )
    # The most and the least used cell differ in colour; the text for a cell names its port.
    drawn = web.report("/api/ports")["drawn"]
    lit, dark = drawn.index(max(drawn)), drawn.index(min(drawn))

    def pixel(index):
        # On a copy: the browser would warn about reading the page's own canvas.
        return browser.run(
            f"""(() => {{
            const copy = document.createElement('canvas').getContext('2d', {{willReadFrequently: true}});
            copy.drawImage(document.getElementById('ports-map'), {index % 128}, {index // 128}, 1, 1, 0, 0, 1, 1);
            return [...copy.getImageData(0, 0, 1, 1).data];
        }})()"""
        )

    assert pixel(lit) != pixel(dark) and pixel(lit)[3] == pixel(dark)[3] == 255
    browser.run("document.getElementById('ports-map').scrollIntoView({behavior: 'instant', block: 'center'})")
    box = browser.run(
        "(() => { const b = document.getElementById('ports-map').getBoundingClientRect(); return [b.left, b.top, b.width, b.height] })()"
    )
    x, y = box[0] + (lit % 128 + 0.5) * box[2] / 128, box[1] + (lit // 128 + 0.5) * box[3] / 128
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)
    browser.wait(
        "the port of the cell under the pointer is shown",
        f"document.getElementById('ports-at').textContent.startsWith('Port {PORTS[lit]}: ')",
    )
    assert browser.errors == []


def test_keyboard_navigation(lab, browser):
    shown(browser)
    focus = (
        "(() => { const e = document.activeElement; return e.id || e.getAttribute('href') || e.textContent.trim() })()"
    )
    path = []
    for _ in range(40):
        browser.press("Tab")
        at = browser.run(focus)
        if at in path or browser.run("document.activeElement === document.body"):
            break
        outline = browser.run("getComputedStyle(document.activeElement).outlineStyle")
        assert outline != "none", f"the focus on {at} is not visible"
        path.append(at)
    sections = ["#traffic", "#upstreams", "#latency", "#drops", "#ports", "#strays", "#machine"]
    assert path[0] == "#main" and path[1:8] == sections, path
    wanted = ["traffic-chart", "Last 10 s", "drops-all", "Drawn", "ports-map", "/metrics"]
    assert [one for one in path if one in wanted] == wanted, path
    # The skip link leads past the sections; the map and the chart react to arrow keys, the checkbox to the space bar.
    browser.open(URL)
    browser.wait("the page is loaded again", "document.getElementById('updated').textContent.includes(':')")
    browser.press("Tab")
    browser.press("Enter")
    browser.wait("the figures have the focus", "document.activeElement.id === 'main'")
    browser.run("document.getElementById('ports-map').focus()")
    for key in ("ArrowRight", "ArrowRight", "ArrowDown"):
        browser.press(key)
    browser.wait(
        "the port of the cell is shown",
        f"document.getElementById('ports-at').textContent.startsWith('Port {PORTS[129]}: ')",
    )
    browser.run("document.getElementById('traffic-chart').focus()")
    browser.wait(
        "the chart has two seconds of data",
        "document.querySelector('#traffic-chart path.line.queries').getAttribute('d').includes('L')",
        10,
    )
    browser.press("ArrowLeft")
    browser.wait("the time is shown", "document.getElementById('at-when').textContent.startsWith('at ')")
    browser.run("document.getElementById('drops-all').focus()")
    browser.press(" ")
    browser.wait(
        "all reasons are listed",
        f"document.getElementById('drops-table').tBodies[0].rows.length === {len(lab.stats()['drops'])}",
    )
    assert browser.errors == []


def contrasts(browser):
    """The texts whose contrast with their background, by WCAG's formula, is below 4.5: (ratio, text)."""
    return browser.run(
        """(() => {
      const rgb = (c) => c.match(/[\\d.]+/g).map(Number);
      const light = (c) => { const [r, g, b] = rgb(c).map((v) => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
      const behind = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
        if (rgb(c).length < 4 || rgb(c)[3] === 1) return c; } return 'rgb(255, 255, 255)'; };
      const bad = [];
      for (const e of document.querySelectorAll('body *')) {
        if (!e.checkVisibility() || ![...e.childNodes].some((n) => n.nodeType === 3 && n.textContent.trim())) continue;
        const style = getComputedStyle(e);
        const [a, b] = [light(e.namespaceURI.endsWith('svg') ? style.fill : style.color), light(behind(e))].sort((x, y) => y - x);
        if ((a + 0.05) / (b + 0.05) < 4.5) bad.push([((a + 0.05) / (b + 0.05)).toFixed(2), e.textContent.trim().slice(0, 40)]);
      }
      return bad;
    })()"""
    )


def test_light_dark_and_narrow_layouts(lab, browser):
    shown(browser)
    page = "getComputedStyle(document.body).backgroundColor"
    browser.prefer(color_scheme="light")
    light = browser.run(page)
    assert contrasts(browser) == []
    browser.prefer(color_scheme="dark")
    dark = browser.run(page)
    assert contrasts(browser) == []
    assert sum(map(int, light[4:-1].split(","))) > 600 and sum(map(int, dark[4:-1].split(","))) < 150, (light, dark)
    picture(browser, "dark")
    for width in (360, 768, 1024):
        browser.size(width, 740, mobile=width == 360)
        browser.wait("the chart fits", f"document.querySelector('#traffic-chart svg').viewBox.baseVal.width <= {width}")
        wide = browser.run(
            """[document.documentElement.scrollWidth,
            ...[...document.querySelectorAll('main *')].filter(e => e.checkVisibility() && e.getBoundingClientRect().right > innerWidth + 1).map(e => e.outerHTML.slice(0, 80))]"""
        )
        assert wide == [width], f"wider than the screen: {wide}"
    browser.size(360, 740, mobile=True)
    picture(browser, "narrow")
    browser.prefer(reduced_motion="reduce")
    assert browser.run("getComputedStyle(document.documentElement).scrollBehavior") == "auto"
    assert browser.run("getComputedStyle(document.querySelector('main')).transitionDuration") == "0s"


def test_shows_that_the_dataplane_or_ephemerad_is_not_connected(lab, browser):
    lab.ask()
    shown(browser)
    browser.wait(
        "the page shows a serving instance",
        "document.getElementById('verdict').textContent === 'Serving' && document.getElementById('alert').hidden",
    )
    lab.kill(lab.dataplane)
    browser.wait(
        "the page shows that the dataplane is missing",
        "document.getElementById('alert').textContent.startsWith('The dataplane is not connected')",
    )
    assert browser.run("document.documentElement.classList.contains('stale')")
    picture(browser, "dataplane-away")
    lab.start_dataplane()
    lab.ready()
    browser.wait(
        "the page shows a serving instance again",
        "document.getElementById('verdict').textContent === 'Serving' && !document.documentElement.classList.contains('stale')",
    )
    lab.kill(lab.ephemerad)
    browser.wait(
        "the page shows that ephemerad is missing",
        "document.getElementById('alert').textContent.startsWith('Cannot reach ephemerad')",
    )
    assert browser.run("document.documentElement.classList.contains('stale')")
    picture(browser, "ephemerad-away")
    lab.start_ephemerad()
    lab.ready()
    browser.wait(
        "the page shows a serving instance after ephemerad's restart",
        "document.getElementById('verdict').textContent === 'Serving' && !document.documentElement.classList.contains('stale')",
        20,
    )
    # The browser reports failed requests as errors; there must be no others.
    assert [e for e in browser.errors if "net::ERR" not in str(e) and "503" not in str(e)] == []


def test_upstream_taken_out_is_described_in_words(lab, browser):
    shown(browser)
    try:
        lab.ctl("upstream", "nsd", "down")
        browser.wait(
            "the page shows one upstream down", "document.getElementById('verdict').textContent === 'Serving, 1 down'"
        )
        row = cells(browser, "upstreams-table")["nsd"]
        assert row[1] == "forced-down" == lab.upstreams()["nsd"]["state"]
        assert row[9].split("\n")[-1] == lab.upstreams()["nsd"]["reason"]
        assert browser.text("upstreams-up") == "5 of 6"
        picture(browser, "down")
    finally:
        lab.ctl("upstream", "nsd", "auto")
    browser.wait(
        "the page shows a serving instance again", "document.getElementById('verdict').textContent === 'Serving'"
    )
    assert browser.errors == []
