// SPDX-License-Identifier: BSD-3-Clause
// The tables of upstreams, strays, draws, interfaces and workers.
import { brief, chance, clock, count, duration, id, microseconds, put } from "./format.js";
import { factsWrite, tableWrite } from "./table.js";

const STATES = { up: "good", "forced-up": "warn", draining: "warn", down: "bad", "forced-down": "bad" };
const STRAYS_SHOWN = 50;

function by(list, key) {
  return new Map((list || []).map((one) => [one[key], one]));
}

export function upstreamsShow(upstreams, stats, before) {
  const now = by(stats && stats.upstreams, "name"), earlier = by(before && before.upstreams, "name");
  const comparable = stats && before && before.boot_id === stats.boot_id && stats.monotonic_us > before.monotonic_us;
  const seconds = comparable ? (stats.monotonic_us - before.monotonic_us) / 1e6 : 0;
  const rate = (name) => {
    const grown = comparable && earlier.has(name) && now.has(name) ? now.get(name).queries - earlier.get(name).queries : -1;
    return grown < 0 ? "–" : brief(Math.round((grown / seconds) * 10) / 10);
  };
  tableWrite("upstreams-table", upstreams.map((upstream) => {
    const own = now.get(upstream.name);
    const mean = own && own.responses ? own.latency_sum_us / own.responses : null;
    const since = new Date(upstream.since);
    return {
      key: upstream.name,
      cells: [
        { text: upstream.name, small: `${upstream.address}#${upstream.port}`, class: "name full" },
        { text: upstream.state, state: STATES[upstream.state] || "warn" },
        rate(upstream.name),
        count(upstream.queries),
        count(upstream.responses),
        { text: count(upstream.timeouts), class: upstream.timeouts ? "" : "zero" },
        count(upstream.in_flight),
        microseconds(mean),
        microseconds(upstream.probe_latency_us),
        { text: `${duration((Date.now() - since) / 1e3)} ago`, small: upstream.reason, title: since.toLocaleString(), class: "full" },
      ],
    };
  }));
  const pools = (stats && stats.pools) || [];
  put("pools", pools.map((pool) => `${pool.name}: ${pool.policy}, ${pool.usable} of ${pool.members} usable`).join(" · "));
}

export function straysShow({ strays, attacks, attack }) {
  tableWrite("strays-table", strays.slice(0, STRAYS_SHOWN).map((stray, i) => ({
    key: String(i),
    cells: [
      { text: clock(new Date(stray.time)) + stray.time.slice(19, 23), title: stray.time },
      { text: stray.reason, small: stray.near_miss ? "near miss" : "", class: stray.near_miss ? "near" : "" },
      { text: stray.from, class: "mono" },
      { text: stray.to, class: "mono" },
      { text: String(stray.id) },
      { text: stray.question, class: "mono" },
    ],
  })));
  const marked = attacks.reduce((total, one) => total + one.count, 0);
  const words = `${count(attack.queries)} queries saw ${count(attack.near_misses)} near misses`;
  if (attack.active) put("attack", `Attack since ${clock(new Date(attack.since))}: ${words}, the latest to ${attack.upstream}: ${attack.question}`);
  else if (attack.queries || marked) put("attack", `The last attack is over: ${words}.`);
  else put("attack", "No sign of forged responses.");
  id("attack").classList.toggle("near", attack.active);
}

export function entropyShow(entropy) {
  const bits = entropy ? entropy.bits : { families: [] };
  const totals = bits.families.map((family) => family.total_bits);
  put("entropy-bits", totals.length ? Math.min(...totals).toFixed(1) : "–");
  put("entropy-verdict", entropy ? `draws: ${entropy.verdict}` : "–");
  id("entropy-verdict").title = entropy ? entropy.verdict : "";
  tableWrite("bits-table", bits.families.map((family) => ({
    key: family.family,
    cells: [
      { text: family.family, class: "name" },
      ...[bits.port_bits, bits.id_bits, family.address_bits, bits.case_bits, family.total_bits].map((n) => n.toFixed(1)),
    ],
  })));
  const all = entropy ? entropy.all : { ports: {}, addresses: [] };
  const tests = [["ports", all.ports.test], ["ID, high byte", all.id_high], ["ID, low byte", all.id_low],
    ...all.addresses.map((one) => [`${one.family} addresses`, one.test])];
  tableWrite("draws-table", tests.filter(([, test]) => test).map(([of, test]) => ({
    key: of,
    cells: [{ text: of }, count(test.chi_square), count(test.degrees), { text: chance(test.p), class: test.p < 0.001 ? "near" : "" }],
  })));
}

export function machineShow(status, stats) {
  const { dataplane } = status;
  const there = dataplane.connected && dataplane.pid;
  factsWrite("machine-facts", [
    ["ephemerad", `pid ${status.pid}, up ${duration(status.uptime_s)}`],
    ["Configuration", `${status.config_file}, loaded ${new Date(status.config_loaded_at).toLocaleString("sv")}`],
    ["Generation", count(status.generation), "generation"],
    ["Dataplane", there ? `pid ${dataplane.pid}, up ${duration(dataplane.uptime_s)}` : "not connected"],
    ["Workers", there ? `${dataplane.workers}, ${count(dataplane.flows_per_worker)} flows each` : "–"],
    ["Packet buffers", there ? `${count(dataplane.mbufs_in_use)} of ${count(dataplane.mbufs_total)} in use` : "–"],
    ["Coalesced", stats ? `${count(stats.counters.coalesced)} queries` : "–"],
  ]);
  tableWrite("interfaces-table", ((stats && stats.interfaces) || []).map((link) => ({
    key: link.name,
    cells: [
      { text: link.name, class: "name" },
      { text: link.link_up ? "up" : "down", state: link.link_up ? "good" : "bad" },
      count(link.received),
      count(link.sent),
      { text: count(link.missed), class: link.missed ? "near" : "zero" },
      { text: count(link.no_buffers), class: link.no_buffers ? "near" : "zero" },
    ],
  })));
  tableWrite("workers-table", ((stats && stats.workers) || []).map((worker, i) => ({
    key: String(i),
    cells: [
      { text: String(i), class: "name" },
      count(worker.counters.queries),
      count(worker.counters.responses),
      count(Object.values(worker.drops).reduce((total, value) => total + value, 0)),
      count(worker.flows_in_flight),
      count(worker.generation),
    ],
  })));
}
