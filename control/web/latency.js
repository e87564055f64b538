// SPDX-License-Identifier: BSD-3-Clause
// The latency histogram on a logarithmic scale, with its quantiles.
import { choice, count, drawing, id, microseconds, put } from "./format.js";

const BOTTOM = 20, TOP = 16;
let report = null;
let of = "recent";

function scale(buckets, width) {
  const from = Math.log(Math.max(buckets[0][0], 1));
  const last = buckets[buckets.length - 1];
  const to = Math.max(Math.log(last[1] ?? last[0] * 2), from + Math.log(4));
  return { x: (us) => 4 + ((Math.log(Math.max(us, 1)) - from) / (to - from)) * (width - 8), from, to };
}

function axis(svg, { x, from, to }, height) {
  const decades = Math.ceil((to - from) / Math.LN10) + 1;
  let last = -Infinity;
  for (let power = 1; power <= 1e9; power *= 10) {
    for (const us of decades > 3 ? [power] : [power, 2 * power, 5 * power]) {
      const at = x(us);
      if (Math.log(us) < from || Math.log(us) > to || at - last < 52) continue;
      last = at;
      svg.append(drawing("path", { class: "grid", d: `M${at} ${height - BOTTOM}v4` }));
      const label = drawing("text", { class: "axis", x: at, y: height - 4, "text-anchor": at < 20 ? "start" : "middle" });
      label.textContent = microseconds(us);
      svg.append(label);
    }
  }
}

// The height is the share of responses per unit of width, so that buckets of different width compare.
function draw() {
  const box = id("latency-bars"), width = box.clientWidth, height = box.clientHeight;
  const buckets = report ? report[of].buckets : [];
  if (!width || !buckets.length) {
    box.replaceChildren();
    return;
  }
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  const spread = scale(buckets, width);
  const bars = buckets.map(([from, to, responses]) => {
    const left = spread.x(from), right = spread.x(to ?? from * 2);
    return { left, wide: Math.max(right - left, 1), dense: responses / Math.max(right - left, 1) };
  });
  const most = Math.max(...bars.map((bar) => bar.dense));
  for (const { left, wide, dense } of bars) {
    const tall = Math.max((dense / most) * (height - BOTTOM - TOP), 1);
    const shape = { class: "bar", x: left, y: height - BOTTOM - tall, width: Math.max(wide - 1, 1), height: tall };
    svg.append(drawing("rect", shape));
  }
  svg.append(drawing("path", { class: "grid", d: `M0 ${height - BOTTOM}H${width}` }));
  axis(svg, spread, height);
  let edge = -Infinity;
  for (const [key, name] of [["p50_us", "p50"], ["p99_us", "p99"]]) {
    const at = spread.x(report[of][key]);
    svg.append(drawing("path", { class: "quantile", d: `M${at} ${TOP - 2}V${height - BOTTOM}` }));
    if (at - edge < 28) continue;
    edge = at;
    const label = drawing("text", { class: "axis", x: at, y: 10, "text-anchor": at > width - 20 ? "end" : "middle" });
    label.textContent = name;
    svg.append(label);
  }
  box.replaceChildren(svg);
  const words = `Histogram: half within ${microseconds(report[of].p50_us)}, 99 of 100 within ${microseconds(report[of].p99_us)}`;
  box.setAttribute("aria-label", words);
}

function write() {
  const one = report[of];
  for (const key of ["p50", "p90", "p99", "p999"]) put(key, microseconds(one[`${key}_us`]));
  put("mean", microseconds(one.mean_us));
  put("latency-count", count(one.count));
  put("latency-now", microseconds(report.recent.p50_us));
  put("latency-now-p99", microseconds(report.recent.p99_us));
  draw();
}

export function latencyShow(newest) {
  report = newest;
  write();
}

export function latencyStart() {
  choice(id("latency-span"), (data) => {
    of = data.of;
    if (report) write();
  });
  new ResizeObserver(draw).observe(id("latency-bars"));
}
