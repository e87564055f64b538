// SPDX-License-Identifier: BSD-3-Clause
// Formats figures and makes elements. Text is always inserted as text, never parsed as HTML.

export function count(value) {
  return Math.round(value).toLocaleString("en-US");
}

// Short enough for a tile and an axis: 49.6k, 1.25M.
export function brief(value) {
  for (const [limit, unit] of [[1e9, "G"], [1e6, "M"], [1e4, "k"]]) {
    if (value >= limit) return (value / (unit === "k" ? 1e3 : limit)).toPrecision(3) + unit;
  }
  return value >= 100 || Number.isInteger(value) ? count(value) : value.toFixed(1);
}

export function microseconds(us) {
  if (us === null || us === undefined) return "–";
  if (us < 1000) return `${Math.round(us)} µs`;
  return us < 1e6 ? `${(us / 1e3).toPrecision(3)} ms` : `${(us / 1e6).toPrecision(3)} s`;
}

export function duration(seconds) {
  const units = [["d", 86400], ["h", 3600], ["min", 60], ["s", 1]];
  const at = units.findIndex(([, size]) => seconds >= size);
  if (at < 0) return "0 s";
  const [unit, size] = units[at];
  const rest = at + 1 < units.length ? Math.floor((seconds % size) / units[at + 1][1]) : 0;
  return `${Math.floor(seconds / size)} ${unit}` + (rest ? ` ${rest} ${units[at + 1][0]}` : "");
}

export function clock(time) {
  const parts = [time.getHours(), time.getMinutes(), time.getSeconds()];
  return parts.map((part) => String(part).padStart(2, "0")).join(":");
}

// The p of a chi-square test, which may be tiny.
export function chance(p) {
  return p < 0.0001 ? p.toExponential(1) : p.toFixed(4);
}

export function id(name) {
  return document.getElementById(name);
}

// Writes only text that changed, so that a selection and the position of a screen reader stay.
export function put(element, text) {
  if (typeof element === "string") element = id(element);
  if (element.textContent !== text) element.textContent = text;
}

export function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  for (const [key, value] of Object.entries(properties)) {
    if (key === "class") element.className = value;
    else if (key === "data") Object.assign(element.dataset, value);
    else element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

export function drawing(tag, attributes = {}) {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  return element;
}

// A group of buttons of which one is pressed: calls chosen(button.dataset) on a click.
export function choice(group, chosen) {
  group.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    for (const other of group.querySelectorAll("button")) other.setAttribute("aria-pressed", String(other === button));
    chosen(button.dataset);
  });
}

// The ticks of an axis: about `wanted` round numbers from 0 to at least `top`.
export function ticks(top, wanted) {
  const rough = Math.max(top, 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((m) => m * power >= rough) * power);
  return Array.from({ length: Math.ceil(Math.max(top, 1) / step) + 1 }, (_, i) => i * step);
}
