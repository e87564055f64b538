// SPDX-License-Identifier: BSD-3-Clause
// The range of source ports as a map: a cell is a port (or a few), lighter with more queries.
import { choice, count, duration, id, put } from "./format.js";
import { factsWrite } from "./table.js";

const RAMP = [[68, 1, 84], [70, 50, 126], [54, 92, 141], [39, 127, 142], [31, 161, 135], [74, 193, 109], [160, 218, 57], [253, 231, 37]];
let report = null;
let of = "drawn";
let cell = null; // the one selected by pointer or keyboard

function colour(share) {
  const at = Math.min(share, 1) * (RAMP.length - 1), low = Math.min(Math.floor(at), RAMP.length - 2);
  return RAMP[low].map((part, i) => part + (RAMP[low + 1][i] - part) * (at - low));
}

function portsOf(index) {
  const first = report.first + index * report.cell_ports;
  return [first, Math.min(first + report.cell_ports - 1, report.last)];
}

function excluded(index) {
  const [first, last] = portsOf(index);
  return report.excluded.some(([from, to]) => from <= first && last <= to);
}

function marked(image, index) {
  const at = 4 * index;
  for (let i = 0; i < 3; i++) image.data[at + i] = 255 - image.data[at + i];
}

function draw() {
  const canvas = id("ports-map"), cells = report[of];
  const rows = Math.ceil(cells.length / report.columns);
  if (canvas.height !== rows || canvas.width !== report.columns) {
    canvas.width = report.columns;
    canvas.height = rows;
  }
  const most = cells.reduce((max, value) => Math.max(max, value), 0);
  const context = canvas.getContext("2d");
  const image = context.createImageData(report.columns, rows);
  cells.forEach((value, i) => {
    if (excluded(i)) return; // transparent: the grey of the page
    const [red, green, blue] = colour(most ? value / most : 0);
    image.data.set([red, green, blue, 255], 4 * i);
  });
  if (cell !== null) marked(image, cell);
  context.putImageData(image, 0, 0);
  put("ramp-high", count(most));
}

function describe() {
  if (cell === null || !report) return;
  const [first, last] = portsOf(cell);
  const name = first === last ? `Port ${first}` : `Ports ${first}–${last}`;
  const words = excluded(cell) ? "excluded by the configuration"
    : `${count(report.drawn[cell])} queries in the last ${duration(report.window_s)}, ${count(report.live[cell])} in flight now`;
  put("ports-at", `${name}: ${words}.`);
}

function facts() {
  factsWrite("ports-facts", [
    ["Range", `${report.first}–${report.last}`],
    ["Drawn", `${count(report.used)} of ${count(report.ports)} ports`, "ports-used"],
    ["Queries", `${count(report.draws)} in the last ${duration(report.window_s)}`],
    ["Per port", report.draws ? `${count(report.min)} to ${count(report.max)}, ${report.mean.toFixed(1)} on average` : "–"],
    ["In flight", count(report.in_flight)],
    ["Verdict", report.verdict],
  ]);
}

export function portsShow(newest) {
  report = newest;
  if (cell !== null && cell >= report.drawn.length) cell = null;
  id("ports-map").setAttribute("aria-label",
    `Map of the source ports ${report.first} to ${report.last}: ${count(report.used)} of ${count(report.ports)} drawn`);
  draw();
  facts();
  describe();
}

function move(to) {
  cell = to;
  if (!report) return;
  draw();
  if (cell === null) put("ports-at", "Point at a cell, or focus the map and use the arrow keys.");
  else describe();
}

export function portsStart() {
  const canvas = id("ports-map");
  canvas.addEventListener("pointermove", (event) => {
    if (!report) return;
    const box = canvas.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    const row = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    const index = row * canvas.width + column;
    move(index >= 0 && index < report.drawn.length ? index : null);
  });
  canvas.addEventListener("pointerleave", () => move(null));
  canvas.addEventListener("blur", () => move(null));
  canvas.addEventListener("keydown", (event) => {
    if (!report) return;
    const row = report.columns;
    const steps = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -row, ArrowDown: row, Home: -Infinity, End: Infinity };
    if (!(event.key in steps)) return;
    event.preventDefault();
    move(Math.max(0, Math.min(report.drawn.length - 1, cell === null ? 0 : cell + steps[event.key])));
  });
  choice(id("ports-of"), (data) => {
    of = data.of;
    if (report) draw();
  });
}
