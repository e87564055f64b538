// SPDX-License-Identifier: BSD-3-Clause
// The chart of rates over time: three lines of different hue and dashes, with a cursor for mouse and keyboard.
import { brief, choice, clock, drawing, id, put, ticks } from "./format.js";

const KEPT_MS = 600e3;
const LINES = ["queries", "responses", "drops"]; // drawn in this order
const SIDE = { left: 46, right: 8, top: 8, bottom: 22 };

const points = []; // {at: ms, queries, responses, drops}: rates per second, null if unknown; in order of time
let spanMs = 300e3;
let cursorAt = null; // ms; null: the latest point

// Replaces all points with the history from ephemerad.
export function chartFill(older) {
  points.splice(0, points.length, ...older);
  chartDraw();
}

export function chartAdd(point) {
  points.push(point);
  while (points.length && points[0].at < point.at - KEPT_MS) points.shift();
  chartDraw();
}

function shown(now) {
  return points.filter((point) => point.at >= now - spanMs);
}

function path(list, key, x, y) {
  let text = "", pen = false;
  for (const point of list) {
    const known = point[key] !== null;
    if (known) text += `${pen ? "L" : "M"}${x(point.at).toFixed(1)} ${y(point[key]).toFixed(1)}`;
    pen = known;
  }
  return text;
}

function axes(svg, top, now, x, y, width, height) {
  for (const value of top) {
    svg.append(drawing("path", { class: "grid", d: `M${SIDE.left} ${y(value)}H${width - SIDE.right}` }));
    const label = drawing("text", { class: "axis", x: SIDE.left - 6, y: y(value) + 4, "text-anchor": "end" });
    label.textContent = brief(value);
    svg.append(label);
  }
  const step = spanMs / (width < 480 ? 2.5 : 5);
  for (let back = 0; back <= spanMs; back += step) {
    const anchor = back === 0 ? "end" : back >= spanMs - 1 ? "start" : "middle";
    const label = drawing("text", { class: "axis", x: x(now - back), y: height - 5, "text-anchor": anchor });
    label.textContent = back === 0 ? "now" : back < 60e3 || back % 60e3 ? `−${Math.round(back / 1e3)} s` : `−${back / 60e3} min`;
    svg.append(label);
  }
}

// Shows the figures under the cursor, or the latest ones, beside the names.
function legend(list) {
  const newest = list.length ? list[list.length - 1] : null;
  const point = cursorAt === null ? newest
    : list.reduce((best, one) => (Math.abs(one.at - cursorAt) < Math.abs(best.at - cursorAt) ? one : best), newest);
  for (const key of LINES) put(`at-${key}`, point && point[key] !== null ? `${brief(point[key])}/s` : "–");
  put("at-when", point ? (cursorAt === null ? "" : `at ${clock(new Date(point.at))}`) : "no data yet");
  return cursorAt === null ? null : point;
}

export function chartDraw() {
  const box = id("traffic-chart");
  const width = box.clientWidth, height = box.clientHeight;
  if (!width) return;
  const now = points.length ? points[points.length - 1].at : Date.now();
  const list = shown(now);
  const most = list.reduce((max, p) => Math.max(max, p.queries || 0, p.responses || 0, p.drops || 0), 0);
  const steps = ticks(most, 4), top = steps[steps.length - 1];
  const x = (at) => width - SIDE.right - ((now - at) / spanMs) * (width - SIDE.left - SIDE.right);
  const y = (value) => height - SIDE.bottom - (value / top) * (height - SIDE.top - SIDE.bottom);
  const svg = drawing("svg", { viewBox: `0 0 ${width} ${height}`, "aria-hidden": "true" });
  axes(svg, steps, now, x, y, width, height);
  for (const key of LINES) svg.append(drawing("path", { class: `line ${key}`, d: path(list, key, x, y) }));
  const point = legend(list);
  if (point) svg.append(drawing("path", { class: "cursor", d: `M${x(point.at)} ${SIDE.top}V${height - SIDE.bottom}` }));
  box.replaceChildren(svg);
}

export function chartStart() {
  const box = id("traffic-chart");
  const move = (at) => {
    cursorAt = at;
    chartDraw();
  };
  box.addEventListener("pointermove", (event) => {
    const inside = event.clientX - box.getBoundingClientRect().left - SIDE.left;
    const newest = points.length ? points[points.length - 1].at : Date.now();
    move(newest - spanMs + (inside / (box.clientWidth - SIDE.left - SIDE.right)) * spanMs);
  });
  box.addEventListener("pointerleave", () => move(null));
  box.addEventListener("blur", () => move(null));
  box.addEventListener("keydown", (event) => {
    const steps = { ArrowLeft: -1, ArrowRight: 1, PageUp: -30, PageDown: 30, Home: -Infinity, End: Infinity };
    if (!(event.key in steps) || !points.length) return;
    event.preventDefault();
    const list = shown(points[points.length - 1].at);
    let at = list.findIndex((point) => point.at >= (cursorAt ?? Infinity));
    if (at < 0) at = list.length - 1;
    at = Math.max(0, Math.min(list.length - 1, at + steps[event.key]));
    move(list[at].at);
    put("at-when", `at ${clock(new Date(list[at].at))}`);
  });
  choice(id("traffic-span"), (data) => {
    spanMs = Number(data.seconds) * 1e3;
    chartDraw();
  });
  new ResizeObserver(chartDraw).observe(box);
}
