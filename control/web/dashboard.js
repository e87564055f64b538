// SPDX-License-Identifier: BSD-3-Clause
// Polls ephemerad every second and shows its reports, which are those of ephemeractl --json.
import { brief, clock, count, id, put } from "./format.js";
import { chartAdd, chartFill, chartStart } from "./chart.js";
import { latencyShow, latencyStart } from "./latency.js";
import { portsShow, portsStart } from "./ports.js";
import { entropyShow, machineShow, straysShow, upstreamsShow } from "./lists.js";
import { tableWrite } from "./table.js";

const EVERY_MS = 1000, TIMEOUT_MS = 4000;
let before = null; // the previous stats: rates are computed from the difference
let contact = null; // when ephemerad last responded
let drops = null;

// A report, or null if ephemerad has none at the moment.
async function ask(name) {
  const response = await fetch(`/api/${name}`, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (response.status === 503) return null;
  if (!response.ok) throw new Error(`${name}: ${response.status}`);
  return response.json();
}

function sum(values) {
  return Object.values(values).reduce((total, value) => total + value, 0);
}

// The counters of the chart and the tiles.
function totals(stats) {
  return { queries: stats.queries, responses: stats.responses, timeouts: stats.timeouts, drops: sum(stats.drops) };
}

function ratesShow(stats) {
  const now = totals(stats);
  for (const [key, value] of Object.entries(now)) put(`total-${key}`, count(value));
  put("in-flight", count(stats.in_flight));
  const comparable = before && before.boot_id === stats.boot_id && stats.monotonic_us > before.monotonic_us;
  const seconds = comparable ? (stats.monotonic_us - before.monotonic_us) / 1e6 : 0;
  const earlier = comparable ? totals(before) : null;
  const rate = (key) => (comparable ? (now[key] - earlier[key]) / seconds : null);
  for (const key of Object.keys(now)) put(`rate-${key}`, comparable ? brief(Math.round(rate(key) * 10) / 10) : "–");
  if (comparable && seconds < 10) chartAdd({ at: Date.now(), queries: rate("queries"), responses: rate("responses"), drops: rate("drops") });
}

function historyShow(history) {
  const now = Date.now();
  chartFill(history.samples.map(([agoMs, lastedMs, queries, responses, dropped]) => {
    const a = (value) => (value === null ? null : (value * 1e3) / lastedMs);
    return { at: now - agoMs, queries: a(queries), responses: a(responses), drops: a(dropped) };
  }));
}

function dropsShow() {
  if (!drops) return;
  const all = id("drops-all").checked;
  const rows = drops.drops.filter((row) => all || row.count > 0).sort((a, b) => b.rate_per_s - a.rate_per_s || b.count - a.count);
  tableWrite("drops-table", rows.map((row) => ({
    key: row.reason,
    cells: [
      { text: row.reason, small: row.help, class: `full${row.count ? "" : " zero"}` },
      { text: brief(Math.round(row.rate_per_s * 10) / 10), class: row.rate_per_s ? "" : "zero" },
      { text: count(row.count), class: row.count ? "" : "zero" },
    ],
  })));
}

// The sentence at the top: the worst condition that holds.
function verdictOf(status) {
  const { dataplane, upstreams_up: up, upstreams_total: total } = status;
  if (!dataplane.connected) return ["bad", "No dataplane", "The dataplane is not connected: clients get no responses. Start ephemera-dataplane."];
  if (dataplane.draining) return ["warn", "Stopping", "The dataplane is stopping: it accepts no new queries."];
  if (total > 0 && up === 0) return ["bad", "No upstream up", "No upstream is up. The reasons are listed below."];
  if (!status.ready) return ["warn", status.drain ? "Draining" : "Not ready", `The instance is not ready for clients: ${status.not_ready}.`];
  if (status.attack.active) return ["warn", "Under attack", `Forged responses: ${count(status.attack.near_misses)} near misses, ${brief(Math.round(status.attack.rate_per_s))} per second. See Strays.`];
  if (up < total) return ["warn", `Serving, ${total - up} down`, ""];
  return ["good", "Serving", ""];
}

function verdictShow(state, words, sentence) {
  const verdict = id("verdict"), alert = id("alert");
  put(verdict, words);
  verdict.dataset.state = state;
  put(alert, sentence);
  alert.dataset.state = state;
  alert.hidden = sentence === "";
  document.title = `${words} · Ephemera`;
}

function statusShow(status) {
  verdictShow(...verdictOf(status));
  put("upstreams-up", `${status.upstreams_up} of ${status.upstreams_total}`);
  put("upstreams-note", `generation ${count(status.generation)}`);
  const { workers, flows_per_worker: flows } = status.dataplane;
  put("in-flight-limit", flows ? count(flows * workers) : "–");
  put("version", `Ephemera ${status.version}`);
}

async function turn() {
  const names = ["status", "stats", "upstreams", "latency", "drops", "strays", "entropy", "ports"];
  const [status, stats, upstreams, latency, dropped, strays, entropy, ports] = await Promise.all(names.map(ask));
  if (contact === null) historyShow(await ask("history"));
  contact = new Date();
  statusShow(status);
  if (stats) ratesShow(stats);
  upstreamsShow(upstreams.upstreams, stats, before);
  machineShow(status, stats);
  if (latency) latencyShow(latency);
  if (dropped) {
    drops = dropped;
    dropsShow();
  }
  if (strays) straysShow(strays);
  entropyShow(entropy);
  if (ports) portsShow(ports);
  before = stats;
  put("updated", clock(contact));
  id("updated").dateTime = contact.toISOString();
  document.documentElement.classList.toggle("stale", !status.dataplane.connected);
}

async function loop() {
  const began = performance.now();
  if (!document.hidden) {
    try {
      await turn();
    } catch (error) {
      const since = id("updated").textContent;
      verdictShow("bad", "Not connected", `Cannot reach ephemerad (${error.message}). The figures below are from ${since}; forwarding may continue without it.`);
      document.documentElement.classList.add("stale");
      contact = before = null; // the history from ephemerad fills the gap once it is back
    }
  }
  setTimeout(loop, Math.max(100, EVERY_MS - (performance.now() - began)));
}

document.addEventListener("visibilitychange", () => {
  contact = before = null;
});
id("drops-all").addEventListener("change", dropsShow);
chartStart();
latencyStart();
portsStart();
loop();
